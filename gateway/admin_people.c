/* Who is in a room and what they are there: /rooms/ROOM/occupants/NICK and
 * /rooms/ROOM/affiliations/USER. */
#include "gateway/admin_priv.h"

#include "mapping/account.h"

static const char *const world_name[WORLDS] = {
    [WORLD_SIP] = "sip",
    [WORLD_XMPP] = "xmpp",
};
static const char *const role_name[] = {
    [ROLE_NONE] = "none",
    [ROLE_VISITOR] = "visitor",
    [ROLE_PARTICIPANT] = "participant",
    [ROLE_MODERATOR] = "moderator",
};
static const char *const affiliation_name[] = {
    [AFF_OUTCAST] = "outcast", [AFF_NONE] = "none",   [AFF_MEMBER] = "member",
    [AFF_ADMIN] = "admin",     [AFF_OWNER] = "owner",
};
#define COUNT(a) (sizeof(a) / sizeof(*(a)))

/* Its place in the list, or -1. */
static int find_word(const char *const *words, size_t n, struct str word)
{
	for (size_t i = 0; i < n; i++)
		if (str_eq(word, str_z(words[i])))
			return (int)i;
	return -1;
}

/* --- showing --- */

static json_t *show_device(const struct device *d)
{
	return json_pack("{s:o, s:b, s:b, s:b}", "address", admin_str(d->label),
			 "private-messages", d->private_messages, "muted",
			 d->muted, "held", d->held);
}

static json_t *show_occupant(const struct occupant *o, uint64_t now)
{
	json_t *devices = json_array();
	struct str address = o->world == WORLD_SIP ? o->sip_uri : o->jid;
	uint64_t active = o->active_ms ? o->active_ms : o->since_ms;

	for (const struct device *d = o->devices; d; d = d->next)
		json_array_append_new(devices, show_device(d));
	return json_pack("{s:o, s:o, s:s, s:s, s:s, s:o, s:I, s:o}", "nick",
			 admin_str(o->nick), "address", admin_str(address),
			 "world", world_name[o->world], "role",
			 role_name[o->role], "affiliation",
			 affiliation_name[o->affiliation], "since",
			 admin_time(o->since_ms), "idle-seconds",
			 (json_int_t)(now > active ? (now - active) / 1000 : 0),
			 "devices", devices);
}

json_t *admin_roster(const struct room *r, uint64_t now)
{
	json_t *all = json_array();
	const struct occupant *o;

	for (size_t it = 0; (o = room_roster(r, &it));)
		json_array_append_new(all, show_occupant(o, now));
	return all;
}

json_t *admin_affiliations(const struct room *r)
{
	json_t *all = json_array();
	const struct room_affiliation *a;

	for (size_t it = 0; (a = room_affiliations(r, &it));)
		json_array_append_new(
		    all, json_pack("{s:o, s:s, s:o, s:o, s:b}", "user",
				   admin_str(a->user), "affiliation",
				   affiliation_name[a->affiliation], "nick",
				   admin_str(a->nick), "reason",
				   admin_str(a->why), "configured", a->fixed));
	return all;
}

/* --- occupants --- */

static const struct occupant *find_occupant(struct admin_call *c,
					    const struct room *r)
{
	const struct occupant *o = room_by_nick(r, c->seg[3]);

	if (!o)
		admin_reason(c, REASON_NO_OCCUPANT);
	return o;
}

static void get_occupants(struct admin_call *c)
{
	const struct room *r = admin_room(c);

	if (r)
		admin_answer(
		    c, 200,
		    json_pack("{s:o}", "roster",
			      admin_roster(r, loop_wall_ms(c->a->cfg.loop))));
}

static void delete_occupant(struct admin_call *c)
{
	struct room *r = admin_room(c);
	const struct occupant *o = r ? find_occupant(c, r) : NULL;

	if (o)
		admin_reason(c,
			     room_remove(r, o->id, admin_param(c, "reason")));
}

/* {"role": "visitor", "reason": "text"} */
static void patch_occupant(struct admin_call *c)
{
	int role =
	    find_word(role_name, COUNT(role_name), admin_param(c, "role"));
	struct room *r = admin_room(c);
	const struct occupant *o = r ? find_occupant(c, r) : NULL;

	if (!o)
		return;
	if (role <= ROLE_NONE)
		admin_refuse(c, 400,
			     "the role is moderator, participant or visitor");
	else
		admin_reason(c, room_set_role(r, o->id, (enum role)role,
					      admin_param(c, "reason")));
}

/* --- affiliations --- */

static void get_affiliations(struct admin_call *c)
{
	const struct room *r = admin_room(c);

	if (r)
		admin_answer(
		    c, 200,
		    json_pack("{s:o}", "affiliations", admin_affiliations(r)));
}

/* The key of the path's user; empty, and the call is answered: malformed. */
static struct str find_user(struct admin_call *c)
{
	struct buf b = BUF_INIT(8192);
	struct str user = STR_NONE;

	if (map_account(&b, c->seg[3]) == 0)
		user = arena_dup(c->arena, buf_str(&b));
	buf_done(&b);
	if (!user.n)
		admin_refuse(c, 400, "not the address of a user");
	return user;
}

/* {"affiliation": "owner", "nick": "reserved", "reason": "text"} */
static void put_affiliation(struct admin_call *c)
{
	int affiliation = find_word(affiliation_name, COUNT(affiliation_name),
				    admin_param(c, "affiliation"));
	struct room *r = admin_room(c);
	struct str user = r ? find_user(c) : STR_NONE;

	if (!user.n)
		return;
	if (affiliation < 0)
		admin_refuse(c, 400,
			     "the affiliation is owner, admin, member, none or "
			     "outcast");
	else
		admin_reason(c, room_set_affiliation(
				    r, user, (enum affiliation)affiliation,
				    admin_param(c, "nick"),
				    admin_param(c, "reason")));
}

static bool is_listed(const struct room *r, struct str user, struct str word)
{
	const struct room_affiliation *a;

	for (size_t it = 0; (a = room_affiliations(r, &it));)
		if (str_eq(a->user, user))
			return !word.n ||
			       str_eq(word,
				      str_z(affiliation_name[a->affiliation]));
	return false;
}

/* Off the list; with ?affiliation=outcast only one who is banned. */
static void delete_affiliation(struct admin_call *c)
{
	struct room *r = admin_room(c);
	struct str user = r ? find_user(c) : STR_NONE;

	if (!user.n)
		return;
	if (!is_listed(r, user, admin_param(c, "affiliation")))
		admin_refuse(c, 404, "this user is not on the list");
	else
		admin_reason(c, room_set_affiliation(r, user, AFF_NONE,
						     STR_NONE, STR_NONE));
}

const struct admin_route admin_people_routes[] = {
    {"rooms/*/occupants", EVHTTP_REQ_GET, get_occupants},
    {"rooms/*/occupants/*", EVHTTP_REQ_DELETE, delete_occupant},
    {"rooms/*/occupants/*", EVHTTP_REQ_PATCH, patch_occupant},
    {"rooms/*/affiliations", EVHTTP_REQ_GET, get_affiliations},
    {"rooms/*/affiliations/*", EVHTTP_REQ_PUT, put_affiliation},
    {"rooms/*/affiliations/*", EVHTTP_REQ_DELETE, delete_affiliation},
    {NULL, 0, NULL},
};
