/* Kicks, bans, voices, roles and affiliations in a walk: by moderators of both
 * worlds, there or not, and by the administrator. */
#include "walk.h"

#include <stdio.h>

#include "base/xmltext.h"
#include "mapping/presence.h"

#define ITEMS_MAX 3

struct room *walk_real_room(const struct walk_seat *t)
{
	return rooms_find(t->w->s->core.rooms, walk_room(t)->address);
}

/* Somebody who is in the room, maybe himself; NULL: nobody was found. */
static struct walk_occ *pick_occ(struct walk_seat *t)
{
	struct walk_occ *o = &walk_room(t)->occ[walk_pick(t->w, WALK_PEOPLE)];

	return o->used ? o : NULL;
}

static bool is_moderator(const struct walk_seat *t)
{
	return t->occ && t->occ->role == ROLE_MODERATOR;
}

static void put_item(struct buf *b, const char *what, const char *value,
		     const char *key, const char *whom)
{
	buf_addf(b, "<item %s='%s' %s='", what, value, key);
	xml_add_attr(b, str_z(whom));
	buf_addz(b, "'/>");
}

static void put_items(struct walk_seat *t, struct buf *items)
{
	walk_put(t,
		 "<iq type='set' from='%s' to='%.*s' id='a'>"
		 "<query xmlns='" NS_MUC_ADMIN "'>%s</query></iq>",
		 buf_z(items));
	buf_done(items);
}

static void put_role(struct walk_seat *t, const struct walk_occ *o,
		     const char *role)
{
	struct buf b = BUF_INIT(4096);

	put_item(&b, "role", role, "nick", o->nick);
	put_items(t, &b);
}

/* V-FOCUS-2, FOCUS-33: who asks hears of it by NOTIFY, a second later. */
void walk_refer(struct walk_seat *t, const char *to, bool allowed)
{
	struct port_msg m = port_msg(PORT_REQUEST), a;

	sip_user_request(&t->call, &m, "REFER");
	m.f[PORT_F_REFER_TO] = str_z(to);
	scene_sip_event(t->w->s, &m);
	a = scene_sip(t->w->s, PORT_ANSWER, NULL);
	assert_int_equal(a.status, allowed ? 200 : 403);
	t->refused = a.status != 200;
	walk_pass(t->w, 1000);
}

static void refer_bye(struct walk_seat *t, const struct walk_occ *o,
		      bool allowed)
{
	char address[256];

	walk_address(t, o->user, o->nick, address);
	walk_refer(t,
		   arena_printf(t->w->s->arena, "<%s;method=BYE>", address).p,
		   allowed);
}

/* XEP-0045 §8.2: nobody kicks himself; by SIP he just goes. */
void walk_kick(struct walk_seat *t)
{
	struct walk_occ was, *o = pick_occ(t);
	bool self, sip = walk_is_sip(t->user), allowed, done;

	if (!o || (sip && !t->occ))
		return;
	was = *o;
	self = o->user == t->user;
	allowed = is_moderator(t) || (sip && self);
	done = allowed && (self ? sip : o->affiliation <= model_affiliation(t));
	walk_note(t, "kicks %s (%s)%s", walk_name(o->user), o->nick,
		  WALK_IN_VAIN(done));
	if (done)
		model_expel(t, o, self ? REASON_LEFT : REASON_KICKED);
	if (sip)
		refer_bye(t, &was, allowed);
	else
		put_role(t, &was, "none");
	walk_expect(t, done);
}

static void set_role(struct walk_occ *o, enum role to)
{
	o->role = to;
	o->role_set = true;
}

static void administer_role(struct walk_seat *t, struct walk_occ *o,
			    enum role to)
{
	bool done = o->affiliation < AFF_ADMIN || to == ROLE_MODERATOR;
	uint64_t id = room_by_nick(walk_real_room(t), str_z(o->nick))->id;

	walk_note(t, "the administrator makes %s (%s) %s%s", walk_name(o->user),
		  o->nick, map_role_name(to), WALK_IN_VAIN(done));
	if (done)
		set_role(o, to);
	t->refused =
	    room_set_role(walk_real_room(t), id, to, STR_NONE) != REASON_OK;
	walk_expect(t, done);
}

/* XEP-0045 §5.1.2, §8.3, §8.4, §9.6, §9.7 */
static bool may_set_role(const struct walk_seat *t, const struct walk_occ *o,
			 enum role to)
{
	enum affiliation own = model_affiliation(t);

	if (!is_moderator(t) ||
	    (o->affiliation >= AFF_ADMIN && to != ROLE_MODERATOR))
		return false;
	if ((to == ROLE_MODERATOR || o->role == ROLE_MODERATOR) &&
	    own < AFF_ADMIN)
		return false;
	return to >= o->role || o->affiliation <= own;
}

void walk_give_role(struct walk_seat *t)
{
	struct walk_occ was, *o = pick_occ(t);
	enum role to = ROLE_VISITOR + walk_pick(t->w, 3);
	bool done;

	if (!o)
		return;
	if (walk_is_sip(t->user)) {
		administer_role(t, o, to);
		return;
	}
	was = *o;
	done = may_set_role(t, o, to);
	walk_note(t, "makes %s (%s) %s%s", walk_name(o->user), o->nick,
		  map_role_name(to), WALK_IN_VAIN(done));
	if (done)
		set_role(o, to);
	put_role(t, &was, map_role_name(to));
	walk_expect(t, done);
}

/* --- affiliations --- */

struct item {
	int user;
	enum affiliation to;
	const struct walk_occ *occ; /* he is named by his nickname */
};

static bool is_among(const struct item *items, size_t n, int user)
{
	for (size_t i = 0; i < n; i++)
		if (items[i].user == user)
			return true;
	return false;
}

/* Bans are rare: for those who are banned nothing happens. */
static size_t pick_items(struct walk_seat *t, struct item items[ITEMS_MAX])
{
	size_t many = walk_pick(t->w, 3) ? 1 : ITEMS_MAX, n = 0;

	while (n < many) {
		struct item *i = &items[n];
		struct walk_occ *o = pick_occ(t);

		i->user = o ? o->user : (int)walk_pick(t->w, WALK_USERS);
		i->occ = walk_pick(t->w, 2) ? o : NULL;
		i->to = walk_pick(t->w, AFF_OWNER + 1);
		if (i->to == AFF_OUTCAST && walk_pick(t->w, 3))
			i->to = AFF_NONE;
		if (is_among(items, n, i->user))
			break;
		n++;
	}
	return n;
}

/* XEP-0045 §5.2.2, §9.1: an owner remains. */
static bool owners_remain(const struct walk_room *r, const struct item *items,
			  size_t n)
{
	bool had = false;

	for (size_t i = 0; i < n; i++)
		if (items[i].to == AFF_OWNER)
			return true;
	for (int u = 0; u < WALK_USERS; u++) {
		if (r->affiliation[u] == AFF_OWNER && !is_among(items, n, u))
			return true;
		had |= r->affiliation[u] == AFF_OWNER;
	}
	return !had;
}

static bool may_affiliate(const struct walk_seat *t, const struct item *i)
{
	enum affiliation own = model_affiliation(t);

	if (i->to == AFF_OUTCAST && i->user == t->user)
		return false;
	if (own == AFF_ADMIN)
		return i->to < AFF_ADMIN &&
		       walk_room(t)->affiliation[i->user] < AFF_ADMIN;
	return own == AFF_OWNER;
}

static void administer(struct walk_seat *t, const struct item *i)
{
	struct str user = str_z(walk_bare(t->w, i->user));

	walk_note(t, "the administrator makes %s %s", walk_name(i->user),
		  map_affiliation_name(i->to));
	assert_int_equal(room_set_affiliation(walk_real_room(t), user, i->to,
					      STR_NONE, STR_NONE),
			 REASON_OK);
	walk_room(t)->affiliation[i->user] = i->to;
	model_review(t->w, t->room, REASON_NOT_MEMBER);
}

/* Who becomes a member of a room for members is asked to come (XEP-0045 §9.3).
 */
static void expect_invitation(struct walk_room *r, const struct item *i)
{
	if (r->rules.members_only && !i->occ && !walk_is_sip(i->user) &&
	    i->to >= AFF_MEMBER && r->affiliation[i->user] < AFF_MEMBER &&
	    !model_of_user(r, i->user))
		r->invited[i->user]++;
}

static void affiliate(struct walk_seat *t, const struct item *items, size_t n,
		      bool done)
{
	struct walk_room *r = walk_room(t);
	struct buf b = BUF_INIT(4096), told = BUF_INIT(100);

	for (size_t i = 0; i < n; i++) {
		const char *to = map_affiliation_name(items[i].to);

		buf_addf(&told, " %s%s %s", walk_name(items[i].user),
			 items[i].occ ? " by nick" : "", to);
		put_item(&b, "affiliation", to, items[i].occ ? "nick" : "jid",
			 items[i].occ ? items[i].occ->nick
				      : walk_bare(t->w, items[i].user));
	}
	walk_note(t, "makes%s%s", buf_z(&told), WALK_IN_VAIN(done));
	buf_done(&told);
	for (size_t i = 0; i < n && done; i++) {
		expect_invitation(r, &items[i]);
		r->affiliation[items[i].user] = items[i].to;
	}
	if (done)
		model_review(t->w, t->room, REASON_NOT_MEMBER);
	put_items(t, &b);
	walk_expect(t, done);
}

/* All of it is done, or nothing. */
void walk_affiliate(struct walk_seat *t)
{
	struct item items[ITEMS_MAX];
	size_t n = pick_items(t, items);
	bool done = true;

	if (walk_is_sip(t->user)) {
		administer(t, &items[0]);
		return;
	}
	for (size_t i = 0; i < n; i++)
		done = done && may_affiliate(t, &items[i]);
	affiliate(t, items, n, done && owners_remain(walk_room(t), items, n));
}

/* --- voices (XEP-0045 §7.13, §8.6) --- */

#define REQUEST_FORM                                                           \
	"<message from='%s' to='%.*s' id='v'><x xmlns='" NS_XDATA              \
	"' type='submit'><field var='FORM_TYPE'><value>" NS_MUC                \
	"#request</value></field><field var='muc#role'><value>participant"     \
	"</value></field>%s</x></message>"
#define ASK_AGAIN_MS 10000

static void expect_request(struct walk_seat *t)
{
	WALK_EACH_SEAT(m, t->w)
	if (m->room == t->room && !walk_is_sip(m->user) && is_moderator(m))
		m->asked++;
}

void walk_ask_voice(struct walk_seat *t)
{
	uint64_t now_ms = t->w->s->mono;
	bool done;

	if (walk_is_sip(t->user))
		return;
	done = t->occ->role == ROLE_VISITOR &&
	       (!t->occ->asked_ms || now_ms >= t->occ->asked_ms + ASK_AGAIN_MS);
	walk_note(t, "asks for a voice%s", WALK_IN_VAIN(done));
	if (done) {
		t->occ->asked_ms = now_ms;
		expect_request(t);
	}
	walk_put(t, REQUEST_FORM, "");
	walk_expect(t, done);
}

void walk_answer_voice(struct walk_seat *t)
{
	struct walk_occ *o = pick_occ(t);
	bool done = is_moderator(t);

	if (!o || walk_is_sip(t->user))
		return;
	walk_note(t, "lets %s (%s) speak%s", walk_name(o->user), o->nick,
		  WALK_IN_VAIN(done));
	if (done && o->role == ROLE_VISITOR)
		set_role(o, ROLE_PARTICIPANT);
	walk_put(t, REQUEST_FORM,
		 arena_printf(t->w->s->arena,
			      "<field var='muc#roomnick'><value>%s</value>"
			      "</field><field var='muc#request_allow'><value>1"
			      "</value></field>",
			      walk_escaped(t->w, o->nick))
		     .p);
	walk_expect(t, done);
}
