/* Rooms as a whole: /rooms and /rooms/ROOM. */
#include "gateway/admin_priv.h"

#include "base/err.h"
#include "mapping/addr.h"

/* "Name@Domain" of a domain of ours, prepared; false: it is not. */
static bool room_address(struct admin_call *c, struct str text,
			 struct str *address)
{
	struct buf b = BUF_INIT(4096);
	struct str domain = text, name = str_split(&domain, '@');
	bool good = map_prep_local(&b, name) == 0;

	buf_addc(&b, '@');
	good = good && map_prep_domain(&b, domain) == 0 && b.err == 0;
	*address = good ? arena_dup(c->arena, buf_str(&b)) : STR_NONE;
	buf_done(&b);
	domain = *address;
	str_split(&domain, '@');
	return good && back_local_domain(c->a->cfg.core->back, domain);
}

struct room *admin_room(struct admin_call *c)
{
	struct str address;
	struct room *r = NULL;

	if (room_address(c, c->seg[1], &address))
		r = rooms_find(c->a->cfg.core->rooms, address);
	if (!r)
		admin_reason(c, REASON_NO_ROOM);
	return r;
}

static json_t *show_room(const struct room *r)
{
	size_t n[WORLDS] = {0};
	const struct occupant *o;
	struct room_info info;

	for (size_t it = 0; (o = room_roster(r, &it));)
		n[o->world]++;
	room_info(r, &info);
	return json_pack("{s:o, s:o, s:{s:I, s:I}, s:b, s:b, s:b, s:o}", "room",
			 admin_str(info.address), "title", admin_str(info.name),
			 "occupants", "sip", (json_int_t)n[WORLD_SIP], "xmpp",
			 (json_int_t)n[WORLD_XMPP], "locked", info.locked,
			 "persistent", info.persistent, "public", info.public,
			 "subject", admin_str(info.subject.text));
}

static void get_rooms(struct admin_call *c)
{
	json_t *rooms = json_array();
	const struct room *r;

	for (size_t it = 0; (r = rooms_next(c->a->cfg.core->rooms, &it));)
		json_array_append_new(rooms, show_room(r));
	admin_answer(c, 200, json_pack("{s:o}", "rooms", rooms));
}

static void get_room(struct admin_call *c)
{
	const struct room *r = admin_room(c);
	struct room_info info;
	json_t *room;

	if (!r)
		return;
	room_info(r, &info);
	room = show_room(r);
	json_object_update_new(
	    room, json_pack("{s:o, s:o, s:o, s:o, s:o}", "subject-by",
			    admin_str(info.subject.nick), "subject-time",
			    admin_time(info.subject.time_ms), "settings",
			    admin_settings(room_policy(r)), "affiliations",
			    admin_affiliations(r), "roster",
			    admin_roster(r, loop_wall_ms(c->a->cfg.loop))));
	admin_answer(c, 200, room);
}

/* {"room": "name@domain", "settings": {...}} */
static void post_rooms(struct admin_call *c)
{
	struct core *core = c->a->cfg.core;
	const struct room_policy *usual;
	struct room_policy policy;
	enum reason_code code;
	struct str address;

	if (!room_address(c, admin_param(c, "room"), &address) ||
	    !back_local_is_name(core->back, address)) {
		admin_refuse(c, 400, "not the name of a room here");
		return;
	}
	if (rooms_find(core->rooms, address)) {
		admin_refuse(c, 409, "the room is there already");
		return;
	}
	usual = back_local_settings(core->back, address);
	policy = *usual;
	if (!admin_settings_read(c, json_object_get(c->body, "settings"),
				 &policy))
		return;
	code = rooms_create(core->rooms, address, &policy);
	if (code != REASON_OK)
		admin_reason(c, code);
	else
		admin_answer(c, 201,
			     json_pack("{s:o}", "room", admin_str(address)));
}

/* {"subject": "text", "settings": {...}}, either or both */
static void patch_room(struct admin_call *c)
{
	const json_t *subject = json_object_get(c->body, "subject");
	json_t *wanted = json_object_get(c->body, "settings");
	struct room *r = admin_room(c);
	enum reason_code code = REASON_OK;
	struct room_policy policy;

	if (!r)
		return;
	policy = *room_policy(r);
	if (!admin_settings_read(c, wanted, &policy))
		return;
	if (wanted)
		code = room_configure(r, &policy);
	if (code == REASON_OK && subject)
		code = room_set_subject(r, admin_param(c, "subject"));
	admin_reason(c, code);
}

static void delete_room(struct admin_call *c)
{
	struct room *r = admin_room(c);

	if (r)
		admin_reason(
		    c, room_destroy(r, (struct reason){
					   .text = admin_param(c, "reason")}));
}

const struct admin_route admin_room_routes[] = {
    {"rooms", EVHTTP_REQ_GET, get_rooms},
    {"rooms", EVHTTP_REQ_POST, post_rooms},
    {"rooms/*", EVHTTP_REQ_GET, get_room},
    {"rooms/*", EVHTTP_REQ_PATCH, patch_room},
    {"rooms/*", EVHTTP_REQ_DELETE, delete_room},
    {NULL, 0, NULL},
};
