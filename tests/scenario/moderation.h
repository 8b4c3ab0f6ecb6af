/* Words for the tests of moderators' and owners' queries. */
#pragma once

#include "heard.h"
#include "watcher.h"

#define CYD "cyd@x.test/3"

#define ROOMS(keys)                                                            \
	"domain \"chat.test\" { secret = \"x\" rooms = local lock = no "       \
	"notify-interval = 0 " keys " }\n"                                     \
	"domain \"sip.test\" { secret = \"x\" users = sip }\n"                 \
	"domain \"gw.test\" { secret = \"x\" users = foreign }\n"

/* Sends an iq to the room and says in a line what its sender is told. */
static inline const char *iq(struct scene *s, const char *from,
			     const char *type, const char *ns,
			     const char *inner)
{
	xmpp_put(s,
		 "<iq from='%s' to='r@chat.test' type='%s' id='q'>"
		 "<query xmlns='%s'>%s</query></iq>",
		 from, type, ns, inner);
	return heard(s, from);
}

#define set_admin(s, from, items) iq(s, from, "set", NS_MUC_ADMIN, items)
#define set_owner(s, from, inner) iq(s, from, "set", NS_MUC_OWNER, inner)

/* The same, and the answer's <query/>; the test fails if it is an error. */
static inline const struct xnode *asked(struct scene *s, const char *from,
					const char *ns, const char *inner)
{
	const struct xnode *n;

	xmpp_put(s,
		 "<iq from='%s' to='r@chat.test' type='get' id='q'>"
		 "<query xmlns='%s'>%s</query></iq>",
		 from, ns, inner);
	n = xmpp_take(s, from);
	assert_true(str_eq(x_attr(n, "type"), STR("result")));
	return x_child(n, "query", ns);
}

/* A list as text: "affiliation/role jid nick reason" a line. */
static inline const char *items(struct scene *s, const char *from,
				const char *which)
{
	const struct xnode *n =
	    x_child(asked(s, from, NS_MUC_ADMIN, which), "item", NS_MUC_ADMIN);
	struct buf b = BUF_INIT(65536);
	struct str text;

	for (; n; n = x_next(n, "item", NULL))
		buf_addf(&b, "%.*s/%.*s %.*s %.*s %s\n",
			 STR_ARG(x_attr(n, "affiliation")),
			 STR_ARG(x_attr(n, "role")), STR_ARG(x_attr(n, "jid")),
			 STR_ARG(x_attr(n, "nick")), xmpp_text(s, n, "reason"));
	text = arena_dup(s->arena, buf_str(&b));
	buf_done(&b);
	return text.n ? text.p : "";
}

/* What is said of a deed beside its codes. */
static inline void assert_deed(struct scene *s, const struct xnode *presence,
			       const char *actor, const char *reason)
{
	const struct xnode *item =
	    x_child(x_child(presence, "x", NS_MUC_USER), "item", NULL);

	assert_true(
	    str_eq(x_attr(x_child(item, "actor", NULL), "nick"), str_z(actor)));
	assert_string_equal(xmpp_text(s, item, "reason"), reason);
}

/* A SIP user watches the room, and has been told of it as it is. */
static inline void roster_watched(struct scene *s)
{
	watch(s, 0, "");
	scene_run(s, 0);
	scene_answer_notifies(s);
}

/* The next document that he is shown. */
static inline struct str roster_shown(struct scene *s)
{
	struct str text;

	shown(s, &text);
	return text;
}
