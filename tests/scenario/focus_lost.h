/* A focus or switch that XMPP users have lost, and how it takes them back. */
#pragma once

#include "focus.h"

/* She is told that she is out, by 333 and no 307. */
static inline void focus_is_out(struct scene *s)
{
	const struct xnode *n = focus_shown(s, "presence", "JuliC");

	assert_true(focus_is_gone(n) && x_has_status(n, "333"));
	assert_false(x_has_status(n, "307"));
}

/* A message to the room whose text is its id. */
static inline void focus_user_chats(struct scene *s, const char *id)
{
	xmpp_put(s,
		 "<message from='" JULIET "' to='r@conf.test' type='groupchat' "
		 "id='%s'><body>%s</body></message>",
		 id, id);
}

/* The next that she gets is this message of this occupant. */
static inline void focus_user_hears(struct scene *s, const char *nick,
				    const char *text)
{
	assert_string_equal(
	    xmpp_text(s, focus_shown(s, "message", nick), "body"), text);
}

/* Our next re-INVITE; its session is the one that the switch is to use. */
static inline struct port_msg focus_asked_again(struct focus *f)
{
	struct port_msg m = scene_sip(f->s, PORT_SEND, "INVITE");
	struct str old = f->u.path;

	assert_true(m.dlg == f->invite.dlg);
	f->u.path = scene_path(m.f[PORT_F_BODY]);
	assert_false(str_eq(f->u.path, old));
	return m;
}

/* Until something of this sort is sent; after how many milliseconds, or -1. */
static inline int focus_waits(struct scene *s, enum port_type type,
			      const char *method, int most_ms)
{
	const int step_ms = 10;

	for (int ms = 0; ms <= most_ms; ms += step_ms) {
		if (!scene_sip_none(s, type, method))
			return ms;
		scene_run(s, step_ms);
	}
	return -1;
}

/* The connection breaks, and what is done about it begins. */
static inline void focus_lost(struct focus *f)
{
	focus_drops(f);
	assert_in_range(focus_waits(f->s, PORT_SEND, "INVITE", 400), 130, 300);
}

/* The re-INVITE is taken, by another session. */
static inline void focus_takes_back(struct focus *f,
				    const struct port_msg *invite)
{
	snprintf(f->u.own_path, sizeof(f->u.own_path),
		 "msrp://10.0.0.5:9/again%u;tcp", ++f->u.ids);
	focus_answers(f, invite, 200, STR("application/sdp"),
		      focus_sdp(f, FOCUS_SDP), "");
}

/* Our new INVITE, whose dialog is another. */
static inline void focus_called(struct focus *f)
{
	f->invite = scene_sip(f->s, PORT_DIAL, NULL);
	f->u.dlg = f->invite.dlg;
	f->u.path = scene_path(f->invite.f[PORT_F_BODY]);
	f->version = 0;
}

/* And the old one is forgotten. */
static inline void focus_called_anew(struct focus *f)
{
	while (scene_sip(f->s, PORT_FORGET, NULL).dlg != f->invite.dlg)
		; /* of subscriptions */
	focus_called(f);
}

/* It is taken, as far as the subscription, whose first NOTIFY is to come. */
static inline void focus_comes_in(struct focus *f)
{
	focus_accepts(f, FOCUS_SDP);
	focus_binds(f);
	focus_replies(f, focus_hears(f, "\"JuliC\""), "200 OK");
	focus_subscribed(f);
}
