/* A SIP conference elsewhere: a focus in the SIP process' place and its switch,
 * both of which say what the test says. */
#pragma once

#include "scene.h"

#include <event2/bufferevent.h>
#include <event2/event.h>
#include <stdio.h>

#define FOCUS_ROOM   "sip:r@conf.test"
#define FOCUS_DEVICE "sip:r@10.0.0.9:5060"
#define JULIET	     "juliet@x.test/balcony"
#define NS_CONFINFO  "urn:ietf:params:xml:ns:conference-info"

#define FOCUS_DOMAIN(more)                                                     \
	"domain \"conf.test\" { secret = \"x\" rooms = sip "                   \
	"route = \"sip:10.0.0.9:5060;transport=tcp\" " more " }\n"

static inline int focus_setup(void **state)
{
	*state = scene_new(FOCUS_DOMAIN(""));
	return 0;
}

#define FOCUS_TEST(f)                                                          \
	cmocka_unit_test_setup_teardown(f, focus_setup, scene_teardown)

struct focus {
	struct scene *s;
	struct sip_user u; /* the switch, as a peer of stoxd's MSRP */
	struct port_msg invite, subscribe;
	uint64_t watch; /* the subscription's dialog */
	uint32_t cseq;
	unsigned version;
};

/* A final response to a captured PORT_DIAL or PORT_SEND, as the SIP process
 * tells it. */
static inline void focus_answers(struct focus *f, const struct port_msg *to,
				 int status, struct str type, struct str body,
				 const char *headers)
{
	struct port_msg m = port_msg(PORT_RESPONSE);

	m.dlg = to->dlg;
	m.req = to->req;
	m.status = status;
	m.cseq = 1;
	m.expires = status / 100 == 2 && to->expires > 0 ? to->expires : -1;
	m.f[PORT_F_CALL_ID] = STR("call1");
	m.f[PORT_F_FROM] = STR("<sip:juliet@x.test>;tag=ours");
	m.f[PORT_F_FROM_TAG] = STR("ours");
	m.f[PORT_F_TO_TAG] = STR("theirs");
	m.f[PORT_F_CONTACT] = STR(FOCUS_DEVICE);
	m.f[PORT_F_REASON] = status == 200 ? STR("OK") : STR("Sorry");
	m.f[PORT_F_TYPE] = type;
	m.f[PORT_F_BODY] = body;
	m.f[PORT_F_HEADERS] = str_z(headers);
	scene_sip_event(f->s, &m);
}

static inline void focus_refuses(struct focus *f, const struct port_msg *to,
				 int status)
{
	focus_answers(f, to, status, STR_NONE, STR_NONE, "");
}

/* Its description, of which setup and chatroom may differ. */
static inline struct str focus_sdp(struct focus *f, const char *lines)
{
	return arena_printf(f->s->arena,
			    "v=0\r\no=- 1 1 IN IP4 10.0.0.5\r\ns=-\r\n"
			    "c=IN IP4 10.0.0.5\r\nt=0 0\r\n"
			    "m=message 9 TCP/MSRP *\r\n"
			    "a=accept-types:message/cpim\r\n"
			    "a=path:%s\r\n%s",
			    f->u.own_path, lines);
}

#define FOCUS_SDP                                                              \
	"a=accept-wrapped-types:*\r\na=setup:active\r\n"                       \
	"a=chatroom:nickname private-messages\r\n"

/* Her client asks for a place; the INVITE is taken. */
static inline void focus_asked(struct focus *f, struct scene *s,
			       const char *jid, const char *nick)
{
	*f = (struct focus){.s = s, .cseq = 10};
	xmpp_put(s,
		 "<presence from='%s' to='r@conf.test/%s' id='j1'>"
		 "<x xmlns='" NS_MUC "'/></presence>",
		 jid, nick);
	f->invite = scene_sip(s, PORT_DIAL, NULL);
	sip_user_init(&f->u, s, "switch", FOCUS_ROOM);
	f->u.dlg = f->invite.dlg;
	f->u.path = scene_path(f->invite.f[PORT_F_BODY]);
}

static inline void focus_accepts(struct focus *f, const char *lines)
{
	focus_answers(f, &f->invite, 200, STR("application/sdp"),
		      focus_sdp(f, lines), "");
}

/* The switch connects. */
static inline void focus_binds(struct focus *f)
{
	sip_user_bind(&f->u);
}

/* The next request that the switch hears must hold this. */
static inline struct str focus_hears(struct focus *f, const char *what)
{
	struct str frame = msrp_take(&f->u);

	if (!has(frame, what))
		fail_msg("no %s in:\n%.*s", what, STR_ARG(frame));
	return frame;
}

/* Its answer to it. */
static inline void focus_replies(struct focus *f, struct str frame,
				 const char *status)
{
	msrp_reply(&f->u, frame, status);
}

/* SUBSCRIBE, accepted. */
static inline void focus_subscribed(struct focus *f)
{
	f->subscribe = scene_sip(f->s, PORT_DIAL, "SUBSCRIBE");
	f->watch = f->subscribe.dlg;
	focus_answers(f, &f->subscribe, 200, STR_NONE, STR_NONE, "");
}

static inline int focus_requests(struct focus *f, uint64_t dlg,
				 struct port_msg *m, const char *method)
{
	m->type = PORT_REQUEST;
	m->dlg = dlg;
	m->req = ++f->s->ids;
	m->cseq = ++f->cseq;
	m->f[PORT_F_METHOD] = str_z(method);
	scene_sip_event(f->s, m);
	return scene_sip(f->s, PORT_ANSWER, NULL).status;
}

/* A NOTIFY of its users; state: of the document. */
static inline void focus_notifies(struct focus *f, const char *state,
				  const char *content)
{
	struct port_msg m = port_msg(PORT_REQUEST);

	m.f[PORT_F_EVENT] = STR("conference");
	m.f[PORT_F_SUB_STATE] = STR("active;expires=3600");
	m.f[PORT_F_TYPE] = STR("application/conference-info+xml");
	m.f[PORT_F_BODY] = arena_printf(
	    f->s->arena,
	    "<conference-info xmlns='" NS_CONFINFO
	    "' xmlns:xcon='urn:ietf:params:xml:ns:xcon-conference-info' "
	    "entity='" FOCUS_ROOM "' version='%u' state='%s'>%s"
	    "</conference-info>",
	    f->version++, state, content);
	assert_int_equal(focus_requests(f, f->watch, &m, "NOTIFY"), 200);
}

#define FOCUS_USER(entity, name)                                               \
	"<user entity='" entity "' state='full'><display-text>" name           \
	"</display-text><roles><entry>participant</entry></roles>"             \
	"<endpoint entity='" entity "'><status>connected</status></endpoint>"  \
	"</user>"
#define FOCUS_ROMEO  FOCUS_USER("sip:romeo@sip.test", "Romeo")
#define FOCUS_JULIET FOCUS_USER("sip:juliet@x.test;gr=balcony", "JuliC")

/* It takes the call, with these lines, and her nickname. */
static inline void focus_lets_in(struct focus *f, const char *lines)
{
	focus_accepts(f, lines);
	focus_binds(f);
	focus_replies(f, focus_hears(f, "NICKNAME"), "200 OK");
}

/* She is in the room, with Romeo. */
static inline void focus_joined(struct focus *f, struct scene *s)
{
	focus_asked(f, s, JULIET, "JuliC");
	focus_lets_in(f, FOCUS_SDP);
	focus_subscribed(f);
	focus_notifies(f, "full",
		       "<conference-description><subject>Today in Verona"
		       "</subject></conference-description><users>" FOCUS_ROMEO
			   FOCUS_JULIET "</users>");
	xmpp_drop(s);
}

/* The switch sends a message; the status of the response. */
static inline int focus_says(struct focus *f, const char *from, const char *to,
			     const char *rest)
{
	msrp_send_cpim(&f->u, NULL, "",
		       arena_printf(f->s->arena, "From: %s\r\nTo: <%s>\r\n%s",
				    from, to, rest));
	return msrp_status(&f->u);
}

/* The connection breaks. */
static inline void focus_drops(struct focus *f)
{
	bufferevent_flush(f->u.msrp, EV_WRITE, BEV_FINISHED);
	loop_settle(f->s->loop);
}

static inline void focus_done(struct focus *f)
{
	sip_user_done(&f->u);
}

static inline bool focus_is_gone(const struct xnode *n)
{
	return str_eq(x_attr(n, "type"), STR("unavailable"));
}

/* Type and condition ("cancel/item-not-found") of the error that she gets,
 * which must have this id. */
static inline const char *focus_error(struct scene *s, const char *id)
{
	const struct xnode *n = xmpp_take(s, JULIET), *e, *c;

	assert_true(str_eq(x_attr(n, "type"), STR("error")));
	assert_true(str_eq(x_attr(n, "id"), str_z(id)));
	e = x_child(n, "error", NS_CLIENT);
	assert_non_null(e);
	c = x_child(e, NULL, NULL);
	return arena_printf(s->arena, "%.*s/%.*s", STR_ARG(x_attr(e, "type")),
			    STR_ARG(c->name))
	    .p;
}

/* The next stanza to her, which must be this ("presence") of this occupant, or
 * of the room (""). */
static inline const struct xnode *focus_shown(struct scene *s, const char *name,
					      const char *who)
{
	const struct xnode *n = xmpp_take(s, JULIET);
	struct str from =
	    arena_printf(s->arena, "r@conf.test%s%s", *who ? "/" : "", who);

	if (!x_is(n, name, NS_CLIENT) || !str_eq(x_attr(n, "from"), from))
		fail_msg("no %s of %s but %.*s from %.*s", name, who,
			 STR_ARG(n->name), STR_ARG(x_attr(n, "from")));
	return n;
}

static inline const struct xnode *focus_item(const struct xnode *presence)
{
	return x_child(x_child(presence, "x", NS_MUC_USER), "item", NULL);
}

/* A message of hers; to: "" the room, "/Romeo" one in it. */
static inline void focus_user_says(struct scene *s, const char *to,
				   const char *type, const char *id,
				   const char *content)
{
	xmpp_put(s,
		 "<message from='" JULIET "' to='r@conf.test%s' type='%s' "
		 "id='%s'>%s</message>",
		 to, type, id, content);
}

#define FOCUS_PLAIN(text) "\r\nContent-Type: text/plain\r\n\r\n" text
