/* The parts of a JID, prepared and escaped. */
#include <arpa/inet.h>
#include <stdlib.h>

#include <idn2.h>

#include "base/err.h"
#include "base/precis.h"
#include "base/utf8.h"
#include "mapping/addr.h"

#define PART_MAX 1023 /* octets, RFC 7622 §3.1 */

/* ---- XEP-0106 ---- */

/* XEP-0106 §3.2, as characters and as the hex digits that stand for them. */
static const char escaped[] = " \"&'/:<>@\\";
static const char codes[][3] = {"20", "22", "26", "27", "2f",
				"3a", "3c", "3e", "40", "5c"};

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

/* Which of the ten sequences starts at s.p[i], or -1. */
static int sequence_at(struct str s, size_t i)
{
	if (s.n - i < 3 || s.p[i] != '\\')
		return -1;
	for (int k = 0; k < 10; k++)
		if (lower(s.p[i + 1]) == codes[k][0] &&
		    lower(s.p[i + 2]) == codes[k][1])
			return k;
	return -1;
}

int map_escape(struct buf *out, struct str in)
{
	if (in.n && (in.p[0] == ' ' || in.p[in.n - 1] == ' '))
		return ERR_PREPARE;
	for (size_t i = 0; i < in.n; i++) {
		const char *k = in.p[i] ? strchr(escaped, in.p[i]) : NULL;

		if (!k || (*k == '\\' && sequence_at(in, i) < 0)) {
			buf_addc(out, in.p[i]);
			continue;
		}
		buf_addc(out, '\\');
		buf_addz(out, codes[k - escaped]);
	}
	return out->err;
}

void map_unescape(struct buf *out, struct str in)
{
	for (size_t i = 0; i < in.n; i++) {
		int k = sequence_at(in, i);

		if (k < 0) {
			buf_addc(out, in.p[i]);
			continue;
		}
		buf_addc(out, escaped[k]);
		i += 2;
	}
}

/* ---- domains ---- */

static bool is_ascii(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] >= 0x80)
			return false;
	return true;
}

static bool host_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || c == '-' || c == '_';
}

/* Labels of letters, digits, hyphens (and underscores, which hosts have), 1 to
 * 63 octets each; *encoded: one of them is an A-label. */
static bool labels_fit(struct str s, bool *encoded)
{
	*encoded = false;
	if (s.n == 0 || s.n > PART_MAX || s.p[s.n - 1] == '.')
		return false;
	while (s.n) {
		struct str label = str_split(&s, '.');

		if (label.n == 0 || label.n > 63)
			return false;
		for (size_t i = 0; i < label.n; i++)
			if (!host_char(label.p[i]))
				return false;
		if (str_istarts(label, STR("xn--")))
			*encoded = true;
	}
	return true;
}

static void add_lower(struct buf *out, struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		buf_addc(out, lower(s.p[i]));
}

static int add_ip6(struct buf *out, struct str s)
{
	struct in6_addr addr;
	char z[INET6_ADDRSTRLEN];

	if (s.n < 2 || s.p[s.n - 1] != ']' || s.n - 2 >= sizeof(z))
		return ERR_PREPARE;
	memcpy(z, s.p + 1, s.n - 2);
	z[s.n - 2] = '\0';
	if (strlen(z) != s.n - 2 || inet_pton(AF_INET6, z, &addr) != 1)
		return ERR_PREPARE;
	add_lower(out, s);
	return out->err;
}

/* IDNA2008 (RFC 5891 §5) with the mappings of UTS 46 that users' input wants:
 * A-labels, free() them; NULL where a label fails. */
static char *to_ascii(const char *z)
{
	uint8_t *ascii = NULL;

	if (idn2_lookup_u8((const uint8_t *)z, &ascii,
			   IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL) != IDN2_OK)
		return NULL;
	return (char *)ascii;
}

/* A domain with a U-label or an A-label in it, as U-labels. The way back must
 * lead to the same A-labels, else the name would be two names. */
static int add_idn(struct buf *out, struct str s)
{
	char *z = str_dup(s), *ascii = to_ascii(z), *again = NULL;
	char *unicode = NULL;
	int err = ERR_PREPARE;
	bool encoded;

	if (!ascii || !labels_fit(str_z(ascii), &encoded) ||
	    idn2_to_unicode_8z8z(ascii, &unicode, 0) != IDN2_OK)
		goto out;
	again = to_ascii(unicode);
	if (!again || !str_ieq(str_z(again), str_z(ascii)) ||
	    strlen(unicode) > PART_MAX)
		goto out;
	buf_addz(out, unicode);
	err = out->err;
out:
	free(z);
	free(ascii);
	free(unicode);
	free(again);
	return err;
}

int map_prep_domain(struct buf *out, struct str in)
{
	bool encoded;

	if (in.n && in.p[0] == '[')
		return add_ip6(out, in);
	if (in.n && in.p[in.n - 1] == '.')
		in.n--;
	if (in.n == 0 || in.n > PART_MAX || str_find(in, '\0') >= 0)
		return ERR_PREPARE;
	if (!utf8_valid(in))
		return ERR_UTF8;
	if (!is_ascii(in))
		return add_idn(out, in);
	if (!labels_fit(in, &encoded))
		return ERR_PREPARE;
	if (encoded)
		return add_idn(out, in);
	add_lower(out, in);
	return out->err;
}

int map_domain_to_ascii(struct buf *out, struct str domain)
{
	char *z, *ascii;

	if (is_ascii(domain)) {
		buf_add(out, domain);
		return out->err;
	}
	z = str_dup(domain);
	ascii = to_ascii(z);
	free(z);
	if (!ascii)
		return ERR_PREPARE;
	buf_addz(out, ascii);
	free(ascii);
	return out->err;
}

/* ---- the other parts ---- */

int map_prep_local(struct buf *out, struct str in)
{
	size_t start = out->n;
	int err = precis_username(out, in);

	if (err < 0)
		return err;
	/* RFC 7622 §3.3.1; PRECIS can make one of them, U+FF20 is @ */
	for (size_t i = start; i < out->n; i++)
		if (out->p[i] && strchr("\"&'/:<>@", out->p[i]))
			return ERR_PREPARE;
	return 0;
}

int map_prep_resource(struct buf *out, struct str in)
{
	return precis_opaque(out, in);
}

int map_prep_jid(struct buf *out, struct str in)
{
	struct str resource = in, local, domain;
	/* RFC 7622 §3.1: the first slash ends the domain, whatever follows it
	 */
	struct str bare = str_split(&resource, '/');
	ptrdiff_t at = str_find(bare, '@');
	int err;

	local = at < 0 ? STR_NONE : str_of(bare.p, (size_t)at);
	domain = at < 0 ? bare : str_from(bare, (size_t)at + 1);
	if (at >= 0) {
		err = map_prep_local(out, local);
		if (err < 0)
			return err;
		buf_addc(out, '@');
	}
	err = map_prep_domain(out, domain);
	if (err < 0)
		return err;
	if (bare.n == in.n)
		return 0;
	buf_addc(out, '/');
	return map_prep_resource(out, resource);
}
