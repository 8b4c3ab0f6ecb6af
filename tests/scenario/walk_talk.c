/* Nicknames, messages and subjects in a walk. */
#include "walk.h"

#include <stdio.h>

static void rename_xmpp(struct walk_seat *t)
{
	const char *nick = walk_pick_nick(t->w);
	bool done = model_may_rename(t, nick);
	bool rejoins = strcmp(nick, t->occ->nick) && walk_pick(t->w, 4) == 0;

	walk_note(t, "wants to be %s%s%s", nick, rejoins ? " anew" : "",
		  WALK_IN_VAIN(done));
	if (done)
		model_rename(t, nick);
	if (done && rejoins)
		model_listen(t, WALK_HISTORY);
	if (rejoins)
		walk_put_join(t, nick, "", WALK_HISTORY);
	else
		walk_put_presence(t, nick, "", "");
	walk_expect(t, done);
}

static void rename_sip(struct walk_seat *t)
{
	bool back = walk_pick(t->w, 4) == 0;
	const char *nick = back ? "" : walk_pick_nick(t->w);
	bool done = back || model_may_rename(t, nick);
	int status = msrp_nickname(
	    &t->call, arena_printf(t->w->s->arena, "\"%s\"", nick).p);

	walk_note(t, "wants to be \"%s\"%s", nick, WALK_IN_VAIN(done));
	assert_int_equal(status, done ? 200 : 425);
	if (back && t->occ->nick_chosen)
		model_derive(t);
	else if (!back && done)
		model_rename(t, nick);
}

void walk_rename(struct walk_seat *t)
{
	if (walk_is_sip(t->user))
		rename_sip(t);
	else
		rename_xmpp(t);
}

void walk_say(struct walk_seat *t)
{
	bool done = t->occ->role >= ROLE_PARTICIPANT;
	char text[16];

	snprintf(text, sizeof(text), "m%u", ++t->w->texts);
	walk_note(t, "says %s%s", text, WALK_IN_VAIN(done));
	if (done)
		model_say(t, text);
	if (walk_is_sip(t->user))
		t->refused = msrp_say(&t->call, walk_room(t)->uri, text) != 200;
	else
		walk_put(t,
			 "<message from='%s' to='%.*s' type='groupchat' "
			 "id='%s'><body>%s</body></message>",
			 text, text);
	walk_expect(t, done);
}

/* All devices hear it. False: one of them is away just now. */
static bool expect_private(struct walk_seat *t, const struct walk_occ *to,
			   const char *text)
{
	WALK_EACH_SEAT(o, t->w)
	if (o->occ == to && o->lost_until_ms)
		return false;
	WALK_EACH_SEAT(o, t->w)
	if (o->occ == to)
		model_said(&o->private, t, text);
	return true;
}

/* To somebody who is there, or to a nickname that maybe nobody has. */
void walk_whisper(struct walk_seat *t)
{
	struct walk_room *r = walk_room(t);
	struct walk_occ *o = &r->occ[walk_pick(t->w, WALK_PEOPLE)];
	const char *nick = walk_pick_nick(t->w);
	char text[16], address[256];

	if (!o->used)
		o = model_by_nick(r, nick);
	else
		nick = arena_dup(t->w->s->arena, str_z(o->nick)).p;
	if (o && o->user == t->user)
		return;
	snprintf(text, sizeof(text), "p%u", ++t->w->texts);
	if (o && !expect_private(t, o, text))
		return;
	walk_address(t, o ? o->user : WALK_SIP_USERS, nick, address);
	walk_note(t, "whispers %s to %s%s", text, address,
		  o ? "" : ", who is not there");
	if (walk_is_sip(t->user))
		t->refused = msrp_say(&t->call, address, text) != 200;
	else
		xmpp_put(t->w->s,
			 "<message from='%s' to='%s' type='chat' id='%s'>"
			 "<body>%s</body></message>",
			 walk_jid(t), walk_escaped(t->w, address), text, text);
	walk_expect(t, o != NULL);
}

static void set_subject_sip(struct walk_seat *t, const char *text)
{
	struct str more = arena_printf(
	    t->w->s->arena,
	    "Message-ID: s%u\r\nContent-Type: message/cpim\r\n\r\n"
	    "From: <sip:%s@sip.test>\r\nTo: <%s>\r\nSubject: %s\r\n\r\n"
	    "Content-Type: text/plain\r\n\r\n\r\n",
	    ++t->w->texts, walk_name(t->user), walk_room(t)->uri, text);

	msrp_request(&t->call, "SEND", more.p);
	t->refused = msrp_status(&t->call) != 200;
}

void walk_set_subject(struct walk_seat *t)
{
	struct walk_room *r = walk_room(t);
	bool done =
	    t->occ->role >= (r->rules.subject_by_moderators ? ROLE_MODERATOR
							    : ROLE_PARTICIPANT);
	char text[16] = "";

	if (walk_pick(t->w, 4))
		snprintf(text, sizeof(text), "s%u", ++t->w->texts);
	walk_note(t, "sets the subject %s%s", text, WALK_IN_VAIN(done));
	if (done)
		snprintf(r->subject, sizeof(r->subject), "%s", text);
	if (walk_is_sip(t->user))
		set_subject_sip(t, text);
	else
		walk_put(t,
			 "<message from='%s' to='%.*s' type='groupchat' "
			 "id='s'><subject>%s</subject></message>",
			 text);
	walk_expect(t, done);
}
