/* Making nicknames: enforced, derived, unique across both worlds (RFC 8266). A
 * nickname never routes or authorizes (RFC 8266 §1.1): identity is
 * occupant.user. */
#include <stdlib.h>

#include "base/mem.h"
#include "base/precis.h"
#include "base/random.h"
#include "base/uri.h"
#include "base/utf8.h"
#include "conference/nick_priv.h"
#include "conference/roster_priv.h"

/* A derived nickname is cut to this, which leaves room for a number. */
#define DERIVED_MAX 200
#define SHOWN_MAX   800 /* compatibility forms may be longer */
/* Numbers tried in order; a crowd of one name gets random ones, so that a join
 * never costs more than a few dozen look-ups. */
#define NUMBERS_IN_ORDER 30

void nick_free(struct nick *n)
{
	free(n->block);
	*n = (struct nick){0};
}

static void nick_init(struct nick *out, struct str text, struct str key)
{
	char *to = mem_new(text.n + key.n);

	out->block = to;
	out->text = str_pack(&to, text);
	out->key = str_pack(&to, key);
}

bool nick_make(struct nick *out, struct str wanted)
{
	struct buf text = BUF_INIT(1023), key = BUF_INIT(8192);
	bool ok = precis_nickname(&text, wanted) == 0 &&
		  precis_nickname_key(&key, buf_str(&text)) == 0;

	if (ok)
		nick_init(out, buf_str(&text), buf_str(&key));
	buf_done(&text);
	buf_done(&key);
	return ok;
}

bool nick_available(struct room *r, const struct nick *n,
		    const struct person *who, const struct occ *self)
{
	const struct occ *holder = roster_by_key(r, n->key);

	if (holder)
		return holder == self;
	return !reserved_blocks(r, n->key, who) &&
	       !quarantine_blocks(r, n->key, who->user) &&
	       !scope_blocks(r, n->key, who->user);
}

static bool make_short(struct nick *out, struct str wanted)
{
	if (!nick_make(out, utf8_cut(wanted, DERIVED_MAX)))
		return false;
	if (out->text.n <= SHOWN_MAX)
		return true;
	nick_free(out);
	return false;
}

static bool from_sip_user(struct nick *out, struct str sip_uri)
{
	struct buf user = BUF_INIT(IDENTITY_MAX);
	struct uri uri;
	bool ok = uri_parse(sip_uri, &uri) == 0 &&
		  uri_unescape(&user, uri.user) == 0 &&
		  make_short(out, buf_str(&user));

	buf_done(&user);
	return ok;
}

static void base_name(struct nick *out, struct str display, struct str sip_uri)
{
	if (make_short(out, display) || from_sip_user(out, sip_uri))
		return;
	nick_init(out, STR("guest"), STR("guest"));
}

/* A space and digits at the end are left as they are by all rules of the
 * profile, so the key grows by the same. */
static void add_number(struct nick *out, const struct nick *base,
		       uint64_t number)
{
	struct buf text = BUF_INIT(SIZE_MAX), key = BUF_INIT(SIZE_MAX);

	buf_add(&text, base->text);
	buf_addf(&text, " %llu", (unsigned long long)number);
	buf_add(&key, base->key);
	buf_addf(&key, " %llu", (unsigned long long)number);
	nick_init(out, buf_str(&text), buf_str(&key));
	buf_done(&text);
	buf_done(&key);
}

void nick_derive(struct nick *out, struct room *r, struct str display,
		 struct str sip_uri, const struct person *who,
		 const struct occ *self)
{
	struct str own = reserved_nick_of(r, who);
	struct nick base;

	base_name(&base, own.n ? own : display, sip_uri);
	*out = base;
	for (uint64_t i = 2; !nick_available(r, out, who, self); i++) {
		if (out->block != base.block)
			nick_free(out);
		add_number(out, &base,
			   i <= NUMBERS_IN_ORDER ? i : random_u64() >> 32);
	}
	if (out->block != base.block)
		nick_free(&base);
}
