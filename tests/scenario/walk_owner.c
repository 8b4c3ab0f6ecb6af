/* What owners do in a walk: settings, the room's end; and invitations. */
#include "walk.h"

#include <stdio.h>

#define OWNER_IQ                                                               \
	"<iq type='set' from='%s' to='%.*s' id='o'>"                           \
	"<query xmlns='" NS_MUC_OWNER "'>%s</query></iq>"

static const char *const passwords[] = {"", "", "", "sesame"};

/* --- settings (XEP-0045 §10.2) --- */

static void put_field(struct buf *b, const char *var, const char *value)
{
	buf_addf(b, "<field var='muc#roomconfig_%s'><value>%s</value></field>",
		 var, value);
}

static void put_switch(struct buf *b, const char *var, bool on)
{
	put_field(b, var, on ? "1" : "0");
}

/* One setting of many, as a form's field. */
static void change_rule(struct walk *w, unsigned which,
			struct walk_rules *rules, struct buf *b)
{
	static const unsigned most[] = {4, 8, WALK_MAX_USERS, WALK_MAX_USERS};
	char number[16];

	switch (which % 7) {
	case 0:
		rules->members_only = walk_pick(w, 4) == 0;
		put_switch(b, "membersonly", rules->members_only);
		break;
	case 1:
		rules->moderated = walk_pick(w, 2);
		put_switch(b, "moderatedroom", rules->moderated);
		break;
	case 2:
		rules->persistent = walk_pick(w, 2);
		put_switch(b, "persistentroom", rules->persistent);
		break;
	case 3:
		rules->subject_by_moderators = walk_pick(w, 2);
		put_switch(b, "changesubject", !rules->subject_by_moderators);
		break;
	case 4:
		rules->no_invites = walk_pick(w, 2);
		put_switch(b, "allowinvites", !rules->no_invites);
		break;
	case 5:
		snprintf(rules->password, sizeof(rules->password), "%s",
			 passwords[walk_pick(w, 4)]);
		put_switch(b, "passwordprotectedroom", rules->password[0]);
		put_field(b, "roomsecret", rules->password);
		break;
	case 6:
		rules->max_users = most[walk_pick(w, 4)];
		snprintf(number, sizeof(number), "%u", rules->max_users);
		put_field(b, "maxusers", number);
		break;
	}
}

static void administer(struct walk_seat *t, const struct walk_rules *rules)
{
	struct room_policy p = *room_policy(walk_real_room(t));

	p.members_only = rules->members_only;
	p.moderated = rules->moderated;
	p.persistent = rules->persistent;
	p.subject_by_moderators = rules->subject_by_moderators;
	p.invites = !rules->no_invites;
	p.password = str_z(rules->password);
	p.max_occupants = rules->max_users;
	assert_int_equal(room_configure(walk_real_room(t), &p), REASON_OK);
}

static void tell_rules(struct walk_seat *t, const struct walk_rules *r,
		       bool done)
{
	walk_note(t, "%s%s%s%s%s%s%s, %u users%s",
		  walk_is_sip(t->user) ? "the administrator wants a room"
				       : "wants a room",
		  r->members_only ? " for members" : "",
		  r->moderated ? " moderated" : "",
		  r->persistent ? " to stay" : "",
		  r->subject_by_moderators ? " subject by moderators" : "",
		  r->no_invites ? " no invites" : "",
		  r->password[0] ? " with a password" : "", r->max_users,
		  WALK_IN_VAIN(done));
}

void walk_configure(struct walk_seat *t)
{
	bool done = walk_is_sip(t->user) || model_affiliation(t) == AFF_OWNER;
	struct walk_rules rules = walk_room(t)->rules;
	unsigned first = walk_pick(t->w, 7);
	struct buf b = BUF_INIT(4096);

	buf_addz(&b, "<x xmlns='" NS_XDATA "' type='submit'>"
		     "<field var='FORM_TYPE'><value>" NS_MUC
		     "#roomconfig</value></field>");
	for (unsigned n = 1 + walk_pick(t->w, 2); n > 0; n--)
		change_rule(t->w, first + n, &rules, &b);
	buf_addz(&b, "</x>");
	tell_rules(t, &rules, done);
	if (done)
		model_configure(t->w, t->room, &rules);
	if (walk_is_sip(t->user))
		administer(t, &rules);
	else
		walk_put(t, OWNER_IQ, buf_z(&b));
	buf_done(&b);
	walk_expect(t, done);
}

/* --- the end (XEP-0045 §10.9, RFC 4353 §5.3) --- */

void walk_destroy(struct walk_seat *t)
{
	bool done = model_affiliation(t) == AFF_OWNER;
	bool sip = walk_is_sip(t->user);

	/* rarely, or nothing ever comes of a room */
	if ((sip && !t->occ) || (done && walk_pick(t->w, 4)))
		return;
	walk_note(t, "closes the room%s", WALK_IN_VAIN(done));
	if (done)
		model_destroy(t->w, t->room);
	if (sip)
		walk_refer(t,
			   arena_printf(t->w->s->arena, "<%s;method=BYE>",
					walk_room(t)->uri)
			       .p,
			   done);
	else
		walk_put(t, OWNER_IQ, "<destroy/>");
	walk_expect(t, done);
}

/* --- invitations (XEP-0045 §7.8.2, §9.5) --- */

static bool may_invite(const struct walk_seat *t, int user)
{
	const struct walk_room *r = walk_room(t);

	if (r->affiliation[user] == AFF_OUTCAST ||
	    (walk_is_sip(t->user) && t->occ->role < ROLE_PARTICIPANT))
		return false;
	return !r->rules.members_only || !r->rules.no_invites ||
	       model_affiliation(t) >= AFF_ADMIN;
}

void walk_invite(struct walk_seat *t)
{
	int user = (int)walk_pick(t->w, WALK_USERS);
	struct walk_room *r = walk_room(t);
	bool done = may_invite(t, user);

	if (walk_is_sip(t->user) && walk_is_sip(user))
		return;
	walk_note(t, "invites %s%s", walk_name(user), WALK_IN_VAIN(done));
	if (done && r->rules.members_only && r->affiliation[user] == AFF_NONE)
		r->affiliation[user] = AFF_MEMBER;
	if (done && !walk_is_sip(user))
		r->invited[user]++;
	if (walk_is_sip(t->user))
		walk_refer(t,
			   arena_printf(t->w->s->arena, "<xmpp:%s>",
					walk_bare(t->w, user))
			       .p,
			   done);
	else
		walk_put(t,
			 "<message from='%s' to='%.*s' id='i'>"
			 "<x xmlns='" NS_MUC_USER "'><invite to='%s'/></x>"
			 "</message>",
			 walk_bare(t->w, user));
	walk_expect(t, done);
}
