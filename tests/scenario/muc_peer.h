/* A scripted MUC service, muc.test, and one device of a SIP user who goes
 * there: a seat that writes down what it is told, without any front end. */
#pragma once

#include <stdlib.h>

#include "gateway/back_muc.h"
#include "scene.h"
#include "tests/lib/fake_seat.h"
#include "tests/lib/xmlin.h"
#include "xmpp/stanza.h"

#define MUC_DOMAINS(create)                                                    \
	"domain \"sip.test\" { users = sip secret = \"x\" }\n"                 \
	"domain \"muc.test\" { rooms = xmpp create = " create " }\n"
#define MUC_CONFIG MUC_DOMAINS("none")
#define MUC_ROOM   "r@muc.test"
#define MUC_RO	   "sip:ro@sip.test"
#define MUC_OWN	   MUC_ROOM "/Ro" /* his place there */
#define MUC_ANN	   MUC_ROOM "/Ann"

struct muc_user {
	struct scene *s;
	struct fake_seat seat;
	const char *uri;
	char jid[256];	/* of the proxy */
	char last[128]; /* the id of the stanza that was taken last */
};

static inline int muc_setup(void **state)
{
	*state = scene_new(MUC_CONFIG);
	return 0;
}

/* Where SIP users may make rooms. */
static inline int muc_setup_creating(void **state)
{
	*state = scene_new(MUC_DOMAINS("sip"));
	return 0;
}

#define MUC_TEST(f)                                                            \
	cmocka_unit_test_setup_teardown(f, muc_setup, scene_teardown)
#define MUC_CREATING(f)                                                        \
	cmocka_unit_test_setup_teardown(f, muc_setup_creating, scene_teardown)

static inline void muc_put(struct scene *s, const char *domain,
			   const char *text)
{
	struct arena *a = arena_new(1u << 24);
	const struct xnode *n = xmlin_parse(a, str_z(text));

	if (!n)
		fail_msg("no XML: %s", text);
	core_stanza(&s->core, str_z(domain), n);
	arena_free(a);
	loop_settle(s->loop);
}

/* A stanza to the proxy, from this address: "<name from=.. to=.." and the rest
 * of it, attributes first. */
__attribute__((format(printf, 4, 5))) static inline void
muc_says(struct muc_user *u, const char *name, const char *from,
	 const char *rest, ...)
{
	char *tail = NULL, *text = NULL;
	va_list ap;

	va_start(ap, rest);
	assert_true(vasprintf(&tail, rest, ap) >= 0);
	va_end(ap);
	assert_true(asprintf(&text, "<%s from='%s' to='%s' %s</%s>", name, from,
			     u->jid, tail, name) >= 0);
	muc_put(u->s, "sip.test", text);
	free(tail);
	free(text);
}

/* The next stanza to this address; its sender and id are remembered. */
static inline const struct xnode *muc_take(struct muc_user *u, const char *to)
{
	const struct xnode *n = xmpp_take(u->s, to);

	snprintf(u->jid, sizeof(u->jid), "%.*s", STR_ARG(x_attr(n, "from")));
	snprintf(u->last, sizeof(u->last), "%.*s", STR_ARG(x_attr(n, "id")));
	return n;
}

static inline bool muc_none(struct muc_user *u, const char *to)
{
	return xmpp_none(u->s, to);
}

#define muc_heard(u, text)                                                     \
	assert_string_equal(fake_seat_heard(&(u)->seat), text)

static inline void muc_user_init(struct muc_user *u, struct scene *s,
				 const char *uri)
{
	*u = (struct muc_user){.s = s, .uri = uri};
	fake_seat_init(&u->seat);
}

static inline void muc_user_done(struct muc_user *u)
{
	struct seat_cmd cmd = {.type = SEAT_LEAVE};

	if (seat_in_room(&u->seat.seat))
		seat_command(&u->seat.seat, &cmd);
	fake_seat_done(&u->seat);
}

static inline struct seat_join muc_wish(const struct muc_user *u)
{
	return (struct seat_join){
	    .room = STR(MUC_ROOM),
	    .world = WORLD_SIP,
	    .wants =
		SEAT_WANTS_ROSTER | SEAT_WANTS_MESSAGES | SEAT_WANTS_SUBJECT,
	    .user = str_z(u->uri),
	    .sip_uri = str_z(u->uri),
	    .display = STR("Ro"),
	    .device = STR("sip:ro@192.0.2.1"),
	    .private_messages = true,
	};
}

static inline enum reason_code muc_enter(struct muc_user *u,
					 const struct seat_join *join)
{
	return back_muc_join(u->s->core.back_muc, join, &u->seat.seat);
}

/* He is on his way in, as muc_join() completes it. */
static inline void muc_knock(struct muc_user *u, struct scene *s,
			     const char *uri)
{
	struct seat_join join;

	muc_user_init(u, s, uri);
	join = muc_wish(u);
	assert_int_equal(muc_enter(u, &join), REASON_OK);
}

/* An error that answers the stanza which was taken last. */
static inline void muc_refuses(struct muc_user *u, const char *name,
			       const char *from, const char *type,
			       const char *condition)
{
	muc_says(u, name, from,
		 "type='error' id='%s'><error type='%s'><%s xmlns='" NS_STANZAS
		 "'/></error>",
		 u->last, type, condition);
}

/* What sort of room it is: features, as <feature/> elements. */
static inline void muc_answer_info(struct muc_user *u, const char *more)
{
	muc_take(u, MUC_ROOM);
	muc_says(u, "iq", MUC_ROOM,
		 "type='result' id='%s'><query xmlns='" NS_DISCO_INFO "'>"
		 "<identity category='conference' type='text' name='Tea'/>"
		 "<feature var='http://jabber.org/protocol/muc#stable_id'/>"
		 "%s</query>",
		 u->last, more);
}

static inline void muc_present(struct muc_user *u, const char *nick,
			       const char *role, const char *codes)
{
	char from[256];

	snprintf(from, sizeof(from), MUC_ROOM "/%s", nick);
	muc_says(u, "presence", from,
		 "><x xmlns='" NS_MUC_USER "'><item affiliation='none' "
		 "role='%s'/>%s</x>",
		 role, codes);
}

#define MUC_SELF "<status code='110'/>"

/* One who is no longer there; inner: what stands in <x/>. */
static inline void muc_gone(struct muc_user *u, const char *nick,
			    const char *inner)
{
	char from[256];

	snprintf(from, sizeof(from), MUC_ROOM "/%s", nick);
	muc_says(u, "presence", from,
		 "type='unavailable'><x xmlns='" NS_MUC_USER "'>%s</x>", inner);
}

/* The room does not let him in under this name. */
static inline void muc_refuses_join(struct muc_user *u, const char *nick,
				    const char *type, const char *condition)
{
	char from[256];

	snprintf(from, sizeof(from), MUC_ROOM "/%s", nick);
	muc_says(u, "presence", from,
		 "type='error' id='%s'><x xmlns='" NS_MUC "'/>"
		 "<error type='%s'><%s xmlns='" NS_STANZAS "'/></error>",
		 u->last, type, condition);
}

#define MUC_NO_ROLE "<item affiliation='none' role='none'/>"

static inline void muc_subject(struct muc_user *u, const char *subject)
{
	muc_says(u, "message", MUC_ROOM "/Ann",
		 "type='groupchat'><subject>%s</subject>", subject);
}

/* Ro and Ann are there, and what is talked of is tea. */
static inline void muc_admit(struct muc_user *u)
{
	muc_present(u, "Ann", "moderator", "");
	muc_present(u, "Ro", "participant", MUC_SELF);
	muc_subject(u, "tea");
}

/* All of that for a user who does nothing special. */
static inline void muc_join(struct muc_user *u, struct scene *s,
			    const char *uri)
{
	muc_knock(u, s, uri);
	muc_answer_info(u, "");
	muc_take(u, MUC_ROOM "/Ro");
	muc_admit(u);
	fake_seat_heard(&u->seat);
}

static inline struct message *muc_message(const char *text)
{
	struct message *m = message_new(65536);

	assert_int_equal(
	    message_add_part(m, STR("text/plain"), STR_NONE, str_z(text)), 0);
	m->client_id = arena_dup(m->arena, str_z(text));
	return m;
}

static inline void muc_say(struct muc_user *u, uint64_t op, const char *text)
{
	struct message *m = muc_message(text);
	struct seat_cmd cmd = {.type = SEAT_SAY, .op = op, .msg = m};

	seat_command(&u->seat.seat, &cmd);
	message_unref(m);
}

/* What he said has gone to the room; its id is remembered. */
static inline const struct xnode *muc_take_said(struct muc_user *u)
{
	const struct xnode *n = muc_take(u, MUC_ROOM);

	assert_true(str_eq(x_attr(n, "type"), STR("groupchat")));
	return n;
}

/* One of the room's messages, of this stanza-id: as it is said; and as history.
 */
static inline void muc_live(struct muc_user *u, const char *from,
			    const char *id, const char *body)
{
	muc_says(u, "message", from,
		 "type='groupchat' id='%s'><body>%s</body>"
		 "<stanza-id xmlns='" NS_SID "' by='" MUC_ROOM "' id='s-%s'/>",
		 id, body, id);
}

static inline void muc_past(struct muc_user *u, const char *from,
			    const char *id, const char *body)
{
	muc_says(u, "message", from,
		 "type='groupchat' id='%s'><body>%s</body>"
		 "<stanza-id xmlns='" NS_SID "' by='" MUC_ROOM "' id='s-%s'/>"
		 "<delay xmlns='" NS_DELAY "' stamp='2026-10-14T17:46:40Z'/>",
		 id, body, id);
}

/* What he said comes back to him. */
static inline void muc_echo(struct muc_user *u, const char *id,
			    const char *body)
{
	muc_live(u, MUC_OWN, id, body);
}

static inline void muc_break(struct scene *s)
{
	core_link_down(&s->core, STR("sip.test"));
	core_link_up(&s->core, STR("sip.test"), true);
}

static inline void muc_whisper(struct muc_user *u, uint64_t op,
			       const char *nick, const char *text)
{
	struct message *m = muc_message(text);
	struct seat_cmd cmd = {.type = SEAT_SAY, .op = op, .msg = m};
	const struct occupant *to = seat_by_nick(&u->seat.seat, str_z(nick));

	m->private = true;
	m->to = to ? to->id : 12345;
	seat_command(&u->seat.seat, &cmd);
	message_unref(m);
}

static inline void muc_command(struct muc_user *u, enum seat_cmd_type type,
			       uint64_t op, const char *text)
{
	struct seat_cmd cmd = {.type = type, .op = op, .text = str_z(text)};

	seat_command(&u->seat.seat, &cmd);
}

/* Whether a taken stanza, written again, holds this. */
static inline void muc_has(struct muc_user *u, const struct xnode *n,
			   const char *what)
{
	struct buf b = BUF_INIT(1u << 20);

	(void)u;
	x_write(&b, n, STR(NS_CLIENT));
	if (str_search(buf_str(&b), str_z(what)) < 0)
		fail_msg("no %s in %s", what, buf_z(&b));
	buf_done(&b);
}

/* He has left the room, or has given up coming. */
static inline void muc_leaves(struct muc_user *u)
{
	assert_true(
	    str_eq(x_attr(muc_take(u, MUC_OWN), "type"), STR("unavailable")));
}

/* His ping comes and is answered: he is in. */
static inline void muc_pong(struct muc_user *u, const char *own)
{
	muc_has(u, muc_take(u, own), NS_PING);
	muc_says(u, "iq", own, "type='result' id='%s'>", u->last);
}
