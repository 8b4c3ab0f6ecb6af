/* Rooms as a whole: /rooms and /rooms/ROOM. */
#include "gateway/admin_priv.h"

#include <stdlib.h>

#include "base/err.h"
#include "base/mem.h"
#include "gateway/archive.h"
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

/* A question about a room, while its archive is being counted. */
struct room_call {
	struct admin *a;
	struct evhttp_request *req;
	char *room;
};

/* archived: messages, or JSON's null: not known, or not kept. */
static void tell_room(struct admin_call *c, const struct room *r,
		      json_t *take_archived)
{
	struct room_info info;
	json_t *room = show_room(r);

	room_info(r, &info);
	json_object_update_new(
	    room,
	    json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "subject-by",
		      admin_str(info.subject.nick), "subject-time",
		      admin_time(info.subject.time_ms), "archived",
		      take_archived, "settings", admin_settings(room_policy(r)),
		      "affiliations", admin_affiliations(r), "roster",
		      admin_roster(r, loop_wall_ms(c->a->cfg.loop))));
	admin_answer(c, 200, room);
}

/* page NULL: stoxd is ending. */
static void on_counted(void *user, const struct archive_page *page)
{
	struct room_call *rc = user;
	struct admin_call c = {.a = rc->a, .req = rc->req};
	const struct room *r =
	    rooms_find(rc->a->cfg.core->rooms, str_z(rc->room));

	if (!page)
		admin_refuse(&c, 503, "stoxd is ending");
	else if (!r)
		admin_reason(&c, REASON_NO_ROOM);
	else
		tell_room(&c, r,
			  page->err ? json_null()
				    : json_integer((json_int_t)page->count));
	free(rc->room);
	free(rc);
}

void admin_rooms_stop(struct admin *a)
{
	archive_forget(a->cfg.core->archive, on_counted);
}

static void get_room(struct admin_call *c)
{
	struct archive *archive = c->a->cfg.core->archive;
	const struct room *r = admin_room(c);
	struct archive_query query = {0}; /* all, none of them shown */
	struct room_call *rc;
	struct room_info info;

	if (!r)
		return;
	if (!archive_keeps(archive, r)) {
		tell_room(c, r, json_null());
		return;
	}
	room_info(r, &info);
	query.room = info.address;
	rc = mem_new(sizeof(*rc));
	*rc = (struct room_call){c->a, c->req, str_dup(info.address)};
	if (archive_ask(archive, &query, on_counted, rc) == 0) {
		http_answer_later(c->req);
		return;
	}
	free(rc->room);
	free(rc);
	tell_room(c, r, json_null());
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
