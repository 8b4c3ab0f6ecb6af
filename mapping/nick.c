#include "mapping/nick.h"

#include "base/precis.h"
#include "base/uri.h"
#include "base/utf8.h"
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

#define PLAIN_MAX 60 /* characters */

/* Letters that are as old as stringprep's Unicode 3.2, and the like. */
static bool is_plain(uint32_t cp)
{
	static const struct {
		uint32_t first, last;
	} ranges[] = {
	    {'0', '9'},	      {'A', 'Z'},
	    {'a', 'z'},	      {0xc0, 0xd6},
	    {0xd8, 0xf6},     {0xf8, 0x21f},
	    {0x388, 0x38a},   {0x38e, 0x3a1},
	    {0x3a3, 0x3ce},		      /* Greek */
	    {0x400, 0x481},		      /* Cyrillic */
	    {0x531, 0x556},   {0x561, 0x587}, /* Armenian */
	    {0x5d0, 0x5ea},   {0x621, 0x63a},
	    {0x641, 0x64a},		      /* Hebrew, Arabic */
	    {0x905, 0x939},   {0xe01, 0xe2e}, /* Devanagari, Thai */
	    {0x10d0, 0x10f0},		      /* Georgian */
	    {0x1e00, 0x1e99}, {0x3041, 0x3094},
	    {0x30a1, 0x30fa},			/* Kana */
	    {0x4e00, 0x9fa5}, {0xac00, 0xd7a3}, /* Han, Hangul */
	};

	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++)
		if (cp >= ranges[i].first && cp <= ranges[i].last)
			return true;
	return cp == ' ' || cp == '-' || cp == '_' || cp == '.';
}

/* What is plain of a name, if that is another one and can be a nickname. */
static bool add_plain(struct buf *out, struct str name, struct str refused)
{
	struct buf b = BUF_INIT(4096);
	char octets[4];
	size_t n = 0;
	bool done;

	for (size_t i = 0; i < name.n && n < PLAIN_MAX;) {
		int32_t cp = utf8_next(name, &i);
		if (cp < 0 || !is_plain((uint32_t)cp))
			continue;
		buf_add(&b, str_of(octets, utf8_put(octets, (uint32_t)cp)));
		n++;
	}
	done = !str_eq(buf_str(&b), refused) && add_enforced(out, buf_str(&b));
	buf_done(&b);
	return done;
}

void map_plain_nick(struct buf *out, struct str refused, struct str user,
		    unsigned number)
{
	if (!add_plain(out, refused, refused) && !add_plain(out, user, refused))
		buf_addf(out, "sip-%04u", number % 10000);
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
