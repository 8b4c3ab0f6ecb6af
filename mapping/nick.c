#include "mapping/nick.h"

#include "base/precis.h"
#include "base/uri.h"
#include "sip/confinfo.h"

/* Decoded, if it can be. */
static void add_decoded(struct buf *out, struct str s)
{
	size_t start = out->n;

	if (uri_unescape(out, s) < 0)
		buf_cut(out, start);
}

void map_roster_name(struct buf *out, const struct confinfo_user *u)
{
	struct uri uri;
	struct str gr;

	if (u->nickname.n) {
		buf_add(out, u->nickname);
		return;
	}
	if (u->display_text.n) {
		buf_add(out, u->display_text);
		return;
	}
	if (uri_parse(u->entity, &uri) < 0)
		return;
	if (uri_param(uri.params, STR("gr"), &gr) && gr.n)
		add_decoded(out, gr);
	else
		add_decoded(out, uri.user);
}

void map_use_nickname(struct buf *out, struct str nick)
{
	buf_addc(out, '"');
	for (size_t i = 0; i < nick.n; i++) {
		if (nick.p[i] == '"' || nick.p[i] == '\\')
			buf_addc(out, '\\');
		buf_addc(out, nick.p[i]);
	}
	buf_addc(out, '"');
}

/* The enforced form of a name; false, and nothing added, if it can't be one. */
static bool add_enforced(struct buf *out, struct str name)
{
	size_t start = out->n;

	if (name.n && precis_nickname(out, name) == 0)
		return true;
	if (out->err == 0)
		buf_cut(out, start);
	return false;
}

void map_temp_nick(struct buf *out, struct str display, struct str uri,
		   unsigned number)
{
	struct buf user = BUF_INIT(4096);
	struct uri u;
	bool done = add_enforced(out, display);

	if (!done && uri_parse(uri, &u) == 0) {
		add_decoded(&user, u.user);
		done = add_enforced(out, buf_str(&user));
	}
	buf_done(&user);
	if (!done)
		buf_addf(out, "sip-%04u", number % 10000);
}
