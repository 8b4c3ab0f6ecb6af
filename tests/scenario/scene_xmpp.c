/* XMPP users of a scene, and what the core sends them on its streams. */
#include "scene_priv.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/err.h"
#include "tests/lib/xmlin.h"

int scene_xmpp_captured(void *user, struct str domain, struct str text)
{
	struct scene *s = user;
	struct scene_out *o;

	(void)domain;
	if (s->xmpp_full)
		return ERR_CONGESTED;
	o = mem_new(sizeof(*o));
	buf_init(&o->bytes, 1u << 24);
	buf_addz(&o->bytes, "<all>"); /* a call may hold several stanzas */
	buf_add(&o->bytes, text);
	buf_addz(&o->bytes, "</all>");
	TAILQ_INSERT_TAIL(&s->xmpp, o, link);
	return 0;
}

void xmpp_put(struct scene *s, const char *fmt, ...)
{
	struct arena *a = arena_new(1u << 24);
	const struct xnode *n;
	char *text = NULL;
	struct jid to;
	va_list ap;

	va_start(ap, fmt);
	assert_true(vasprintf(&text, fmt, ap) >= 0);
	va_end(ap);
	n = xmlin_parse(a, str_z(text));
	assert_non_null(n);
	if (jid_split(x_attr(n, "to"), &to) < 0)
		to.domain = STR("chat.test");
	core_stanza(&s->core, to.domain, n);
	free(text);
	arena_free(a);
	loop_settle(s->loop);
}

/* One captured call may hold several stanzas: they are split as they are looked
 * for. */
static const struct xnode *find_xmpp(struct scene *s, const char *to, bool take)
{
	struct scene_out *o;

	loop_settle(s->loop);
	TAILQ_FOREACH (o, &s->xmpp, link) {
		const struct xnode *all =
		    xmlin_parse(s->arena, buf_str(&o->bytes));
		const struct xnode *n, *found = NULL;
		struct buf rest = BUF_INIT(1u << 24);

		assert_non_null(all);
		buf_addz(&rest, "<all>");
		for (n = x_child(all, NULL, NULL); n;
		     n = x_next(n, NULL, NULL)) {
			if (!found && str_eq(x_attr(n, "to"), str_z(to)))
				found = n;
			else
				x_write(&rest, n, STR(NS_CLIENT));
		}
		buf_addz(&rest, "</all>");
		if (found && take) {
			buf_done(&o->bytes);
			o->bytes = rest;
			return found;
		}
		buf_done(&rest);
		if (found)
			return found;
	}
	return NULL;
}

const struct xnode *xmpp_take(struct scene *s, const char *to)
{
	const struct xnode *n = find_xmpp(s, to, true);

	if (!n)
		fail_msg("no stanza to %s", to);
	return n;
}

bool xmpp_none(struct scene *s, const char *to)
{
	return find_xmpp(s, to, false) == NULL;
}

void xmpp_drop(struct scene *s)
{
	scene_outs_drop(&s->xmpp);
}

bool xmpp_each(struct scene *s,
	       void (*see)(void *user, const struct xnode *stanza), void *user)
{
	struct scene_out *o;
	bool any = false;

	loop_settle(s->loop);
	while ((o = TAILQ_FIRST(&s->xmpp))) {
		const struct xnode *n =
		    xmlin_parse(s->arena, buf_str(&o->bytes));

		assert_non_null(n);
		scene_out_free(&s->xmpp, o);
		for (n = x_child(n, NULL, NULL); n; n = x_next(n, NULL, NULL)) {
			see(user, n);
			any = true;
		}
	}
	return any;
}

void xmpp_join(struct scene *s, const char *jid, const char *nick)
{
	xmpp_put(s,
		 "<presence from='%s' to='r@chat.test/%s' id='j1'>"
		 "<x xmlns='" NS_MUC "'/></presence>",
		 jid, nick);
	while (!x_child(xmpp_take(s, jid), "subject", NS_CLIENT))
		;
}

const char *xmpp_text(struct scene *s, const struct xnode *stanza,
		      const char *child)
{
	const struct xnode *n = x_child(stanza, child, NULL);
	struct str text = n ? x_text(n, s->arena) : STR_NONE;

	return text.n ? arena_dup(s->arena, text).p : "";
}

bool x_has_status(const struct xnode *presence, const char *code)
{
	const struct xnode *x = x_child(presence, "x", NS_MUC_USER);
	const struct xnode *st = x ? x_child(x, "status", NULL) : NULL;

	for (; st; st = x_next(st, "status", NULL))
		if (str_eq(x_attr(st, "code"), str_z(code)))
			return true;
	return false;
}
