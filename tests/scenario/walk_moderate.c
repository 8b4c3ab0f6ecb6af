/* Kicks, bans, roles and affiliations in a walk: by moderators of both worlds
 * and by the administrator. */
#include "walk.h"

#include <stdio.h>

#include "mapping/presence.h"

static enum affiliation affiliation_of(const struct walk_seat *t)
{
	return t->w->room[t->room].affiliation[t->user];
}

static struct room *real_room(const struct walk_seat *t)
{
	return rooms_find(t->w->s->core.rooms, t->w->room[t->room].address);
}

static uint64_t real_id(const struct walk_seat *t)
{
	return room_by_nick(real_room(t), str_z(t->nick))->id;
}

/* Somebody else who is in the room; NULL: nobody was found. */
static struct walk_seat *pick_other(struct walk_seat *t)
{
	struct walk_seat *o = &t->w->seat[t->room][walk_pick(t->w, WALK_USERS)];

	return o == t || !o->in ? NULL : o;
}

#define note(t, o, done, fmt, ...)                                             \
	walk_note((t)->w, "%s in %d: " fmt " %s (%s)%s", walk_name((t)->user), \
		  (t)->room, __VA_ARGS__, walk_name((o)->user), (o)->nick,     \
		  (done) ? "" : ", in vain")

static void put_item(struct walk_seat *t, const struct walk_seat *o,
		     const char *what, const char *value)
{
	xmpp_put(t->w->s,
		 "<iq type='set' from='%s' to='%.*s' id='a'><query "
		 "xmlns='" NS_MUC_ADMIN "'><item %s='%s' nick='%s'/></query>"
		 "</iq>",
		 walk_jid(t->user), STR_ARG(t->w->room[t->room].address), what,
		 value, walk_escaped(t->w, o->nick));
}

/* V-FOCUS-2, FOCUS-33: a moderator hears of it by NOTIFY, a second later. */
static void refer_bye(struct walk_seat *t, const struct walk_seat *o)
{
	struct port_msg m = port_msg(PORT_REQUEST), a;
	char address[256];

	walk_address(t, o->user, o->nick, address);
	sip_user_request(&t->call, &m, "REFER");
	m.f[PORT_F_REFER_TO] =
	    arena_printf(t->w->s->arena, "<%s;method=BYE>", address);
	scene_sip_event(t->w->s, &m);
	a = scene_sip(t->w->s, PORT_ANSWER, NULL);
	assert_int_equal(a.status, t->role == ROLE_MODERATOR ? 200 : 403);
	t->refused = a.status != 200;
	walk_settle(t->w);
	scene_run(t->w->s, 1000);
}

/* XEP-0045 §8.2 */
void walk_kick(struct walk_seat *t)
{
	struct walk_seat *o = pick_other(t);
	bool done;

	if (!o)
		return;
	done =
	    t->role == ROLE_MODERATOR && affiliation_of(o) <= affiliation_of(t);
	note(t, o, done, "%s", "kicks");
	if (done)
		model_leave(o);
	if (walk_is_sip(t->user))
		refer_bye(t, o);
	else
		put_item(t, o, "role", "none");
	walk_expect(t, done);
}

/* XEP-0045 §5.1.2, §8.3, §8.4, §9.6, §9.7 */
void walk_give_role(struct walk_seat *t)
{
	struct walk_seat *o = pick_other(t);
	enum role to = ROLE_VISITOR + walk_pick(t->w, 3);
	bool done, moderators;

	if (!o)
		return;
	moderators = to == ROLE_MODERATOR || o->role == ROLE_MODERATOR;
	done = affiliation_of(o) < AFF_ADMIN || to == ROLE_MODERATOR;
	if (walk_is_sip(t->user)) {
		note(o, o, done, "the administrator makes %s of",
		     map_role_name(to));
		t->refused = room_set_role(real_room(o), real_id(o), to,
					   STR_NONE) != REASON_OK;
	} else {
		done =
		    done && t->role == ROLE_MODERATOR &&
		    (!moderators || affiliation_of(t) >= AFF_ADMIN) &&
		    (to >= o->role || affiliation_of(o) <= affiliation_of(t));
		note(t, o, done, "makes %s of", map_role_name(to));
		put_item(t, o, "role", map_role_name(to));
	}
	if (done)
		o->role = to;
	walk_expect(t, done);
}

static void affiliate(struct walk_seat *o, enum affiliation to)
{
	if (to == AFF_OUTCAST) {
		o->w->room[o->room].affiliation[o->user] = to;
		model_leave(o);
	} else if (to != affiliation_of(o)) {
		model_affiliate(o, to);
	}
}

static bool is_last_owner(const struct walk_seat *o)
{
	unsigned owners = 0;

	for (int u = 0; u < WALK_USERS; u++)
		owners += o->w->room[o->room].affiliation[u] == AFF_OWNER;
	return affiliation_of(o) == AFF_OWNER && owners == 1;
}

/* XEP-0045 §5.2.2, §9.1 */
static bool may_affiliate(const struct walk_seat *t, const struct walk_seat *o,
			  enum affiliation to)
{
	enum affiliation own = affiliation_of(t);

	if (own == AFF_ADMIN)
		return to < AFF_ADMIN && affiliation_of(o) < AFF_ADMIN;
	return own == AFF_OWNER && (to == AFF_OWNER || !is_last_owner(o));
}

static void affiliate_as_administrator(struct walk_seat *o, enum affiliation to)
{
	struct str user = str_z(walk_jid(o->user));
	char sip[64];

	note(o, o, true, "the administrator makes %s of",
	     map_affiliation_name(to));
	snprintf(sip, sizeof(sip), "sip:%s@sip.test", walk_name(o->user));
	user = walk_is_sip(o->user) ? str_z(sip) : str_split(&user, '/');
	assert_int_equal(
	    room_set_affiliation(real_room(o), user, to, STR_NONE, STR_NONE),
	    REASON_OK);
	affiliate(o, to);
}

void walk_affiliate(struct walk_seat *t)
{
	struct walk_seat *o = pick_other(t);
	enum affiliation to = walk_pick(t->w, AFF_OWNER + 1);
	bool done;

	if (to == AFF_OUTCAST && walk_pick(t->w, 3))
		to = AFF_NONE;
	if (!o)
		return;
	if (walk_is_sip(t->user)) {
		affiliate_as_administrator(o, to);
		return;
	}
	done = may_affiliate(t, o, to);
	note(t, o, done, "makes %s of", map_affiliation_name(to));
	put_item(t, o, "affiliation", map_affiliation_name(to));
	if (done)
		affiliate(o, to);
	walk_expect(t, done);
}
