/* Rooms: /rooms and below. */
#include "gateway/admin_priv.h"

#include "base/err.h"
#include "mapping/addr.h"

static const char *const world_name[WORLDS] = {
    [WORLD_SIP] = "sip",
    [WORLD_XMPP] = "xmpp",
};
static const char *const role_name[] = {"none", "visitor", "participant",
					"moderator"};
static const char *const affiliation_name[] = {"outcast", "none", "member",
					       "admin", "owner"};

/* --- reading --- */

/* "Name@Domain" of a domain of ours, prepared: true. */
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

/* The room that the path names, or NULL and the call is answered. */
static struct room *find_room(struct admin_call *c)
{
	struct str address;
	struct room *r = NULL;

	if (room_address(c, c->seg[1], &address))
		r = rooms_find(c->a->cfg.core->rooms, address);
	if (!r)
		admin_reason(c, REASON_NO_ROOM);
	return r;
}

/* --- showing --- */

static json_t *show_device(const struct device *d)
{
	return json_pack("{s:o, s:b, s:b, s:b}", "address", admin_str(d->label),
			 "private-messages", d->private_messages, "muted",
			 d->muted, "held", d->held);
}

static json_t *show_occupant(const struct occupant *o)
{
	json_t *devices = json_array();
	struct str address = o->world == WORLD_SIP ? o->sip_uri : o->jid;

	for (const struct device *d = o->devices; d; d = d->next)
		json_array_append_new(devices, show_device(d));
	return json_pack("{s:o, s:o, s:s, s:s, s:s, s:o}", "nick",
			 admin_str(o->nick), "address", admin_str(address),
			 "world", world_name[o->world], "role",
			 role_name[o->role], "affiliation",
			 affiliation_name[o->affiliation], "devices", devices);
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
	const struct room *r = find_room(c);
	json_t *roster = json_array(), *room;
	const struct occupant *o;
	struct room_info info;

	if (!r) {
		json_decref(roster);
		return;
	}
	for (size_t it = 0; (o = room_roster(r, &it));)
		json_array_append_new(roster, show_occupant(o));
	room_info(r, &info);
	room = show_room(r);
	json_object_set_new(room, "max-occupants",
			    json_integer((json_int_t)info.max_occupants));
	json_object_set_new(room, "subject-by", admin_str(info.subject.nick));
	json_object_set_new(room, "subject-time",
			    admin_time(info.subject.time_ms));
	json_object_set_new(room, "roster", roster);
	admin_answer(c, 200, room);
}

const struct admin_route admin_room_routes[] = {
    {"rooms", EVHTTP_REQ_GET, get_rooms},
    {"rooms/*", EVHTTP_REQ_GET, get_room},
    {NULL, 0, NULL},
};
