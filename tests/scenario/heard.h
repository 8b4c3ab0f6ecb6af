/* What XMPP users of a scene are told, in the lines of tests/lib/xmpp_line.h.
 */
#pragma once

#include "scene.h"

#include "tests/lib/xmpp_line.h"

#define ANN "ann@x.test/1"
#define BEN "ben@x.test/2"

/* All that this user was sent since the last look. */
static inline const char *heard(struct scene *s, const char *jid)
{
	struct buf b = BUF_INIT(1 << 20);
	struct str text;

	while (!xmpp_none(s, jid))
		xmpp_line(&b, xmpp_take(s, jid), s->arena);
	text = arena_dup(s->arena, buf_str(&b));
	buf_done(&b);
	return text.n ? text.p : "";
}

#define assert_heard(s, jid, text) assert_string_equal(heard(s, jid), text)

/* Room r@chat.test; the id of the stanza is "j". */
static inline void join_as(struct scene *s, const char *jid, const char *nick,
			   const char *inside_x)
{
	xmpp_put(s,
		 "<presence from='%s' to='r@chat.test/%s' id='j'><x "
		 "xmlns='" NS_MUC "'>%s</x></presence>",
		 jid, nick, inside_x);
}

static inline void join(struct scene *s, const char *jid, const char *nick)
{
	join_as(s, jid, nick, "");
}

static inline void say(struct scene *s, const char *jid, const char *id,
		       const char *text)
{
	xmpp_put(s,
		 "<message from='%s' to='r@chat.test' type='groupchat' "
		 "id='%s'><body>%s</body></message>",
		 jid, id, text);
}
