#include "base/precis.h"

#include <stdlib.h>

#include <unicase.h>
#include <unictype.h>
#include <uninorm.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/precis_priv.h"
#include "base/utf8.h"

/* Longer input is refused unread: no profile's result is longer than 1023
 * octets, and mapping seldom makes text shorter. */
#define IN_MAX	8192
#define OUT_MAX 1023

/* RFC 8266 §2.1: the first application and three more. */
#define ROUNDS 4

static int points_read(struct points *s, struct str in)
{
	size_t i = 0;

	*s = (struct points){NULL, 0};
	if (in.n == 0 || in.n > IN_MAX)
		return ERR_PREPARE;
	s->p = mem_new_array(in.n, sizeof(*s->p));
	while (i < in.n) {
		int32_t cp = utf8_next(in, &i);

		if (cp < 0)
			return ERR_UTF8;
		s->p[s->n++] = (uint32_t)cp;
	}
	return 0;
}

static void points_done(struct points *s)
{
	free(s->p);
}

static bool points_eq(const struct points *a, const struct points *b)
{
	return a->n == b->n &&
	       (a->n == 0 || memcmp(a->p, b->p, a->n * sizeof(*a->p)) == 0);
}

static struct points points_dup(const struct points *s)
{
	struct points copy = {mem_new_array(s->n + 1, sizeof(*s->p)), s->n};

	memcpy(copy.p, s->p, s->n * sizeof(*s->p));
	return copy;
}

/* To UTF-8; ERR_PREPARE for an empty result or one over max octets. */
static int points_write(struct buf *out, const struct points *s, size_t max)
{
	size_t before = out->n;

	for (size_t i = 0; i < s->n; i++) {
		char z[4];

		buf_add(out, str_of(z, utf8_put(z, s->p[i])));
	}
	if (out->err || out->n == before || out->n - before > max)
		return ERR_PREPARE;
	return 0;
}

static void normalize(struct points *s, uninorm_t form)
{
	size_t n;
	uint32_t *p;

	if (s->n == 0)
		return;
	p = u32_normalize(form, s->p, s->n, NULL, &n);
	if (!p)
		abort(); /* memory alone can fail here */
	free(s->p);
	*s = (struct points){p, n};
}

/* Unicode toLowerCase without context, as RFC 8266 §2.1 item 3 is meant: U+03A3
 * is always U+03C3. U+0130 is the one letter that becomes two. */
static void lower(struct points *s)
{
	uint32_t *p = mem_new_array(s->n * 2 + 1, sizeof(*p));
	size_t n = 0;

	for (size_t i = 0; i < s->n; i++) {
		if (s->p[i] == 0x130) {
			p[n++] = 'i';
			p[n++] = 0x307;
		} else {
			p[n++] = uc_tolower(s->p[i]);
		}
	}
	free(s->p);
	*s = (struct points){p, n};
}

static void map_spaces(struct points *s)
{
	for (size_t i = 0; i < s->n; i++)
		if (uc_is_general_category_withtable(s->p[i],
						     UC_CATEGORY_MASK_Zs))
			s->p[i] = ' ';
}

/* No space at either end, one at a time within. */
static void squeeze_spaces(struct points *s)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n; i++)
		if (s->p[i] != ' ' || (n > 0 && s->p[n - 1] != ' '))
			s->p[n++] = s->p[i];
	if (n > 0 && s->p[n - 1] == ' ')
		n--;
	s->n = n;
}

static void map_width(struct points *s)
{
	for (size_t i = 0; i < s->n; i++) {
		ucs4_t to[UC_DECOMPOSITION_MAX_LENGTH];
		int tag, n = uc_decomposition(s->p[i], &tag, to);

		if (n == 1 &&
		    (tag == UC_DECOMP_WIDE || tag == UC_DECOMP_NARROW))
			s->p[i] = to[0];
	}
}

/* The rules of RFC 8266 §2.1 until nothing changes. */
static int nickname_rules(struct points *s, bool fold_case)
{
	for (int round = 0; round < ROUNDS; round++) {
		struct points before = points_dup(s);
		bool stable;

		map_spaces(s);
		squeeze_spaces(s);
		if (fold_case)
			lower(s);
		normalize(s, UNINORM_NFKC);
		stable = points_eq(s, &before);
		points_done(&before);
		if (stable)
			return 0;
	}
	return ERR_PREPARE;
}

/* The result is checked like the input: normalizing may bring up a code point
 * that the class bans, and what we hand on must pass everybody's own check. */
static int nickname_enforce(struct points *s, struct str in)
{
	int err = points_read(s, in);

	if (err)
		return err;
	if (!precis_class_has(PRECIS_FREEFORM, s))
		return ERR_PREPARE;
	err = nickname_rules(s, false);
	if (err)
		return err;
	return precis_class_has(PRECIS_FREEFORM, s) ? 0 : ERR_PREPARE;
}

int precis_nickname(struct buf *out, struct str in)
{
	struct points s;
	int err = nickname_enforce(&s, in);

	if (!err)
		err = points_write(out, &s, OUT_MAX);
	points_done(&s);
	return err;
}

/* From the enforced form, so that a nickname and what is shown of it have one
 * key, and only what may be shown has any. */
int precis_nickname_key(struct buf *out, struct str in)
{
	struct buf shown = BUF_INIT(OUT_MAX);
	struct points s = {NULL, 0};
	int err = precis_nickname(&shown, in);

	if (!err)
		err = points_read(&s, buf_str(&shown));
	if (!err)
		err = nickname_rules(&s, true);
	if (!err) /* lower case may take more octets than the nickname */
		err = points_write(out, &s, SIZE_MAX);
	points_done(&s);
	buf_done(&shown);
	return err;
}

static int username_enforce(struct points *s, struct str in)
{
	int err = points_read(s, in);

	if (err)
		return err;
	map_width(s);
	if (!precis_class_has(PRECIS_IDENTIFIER, s))
		return ERR_PREPARE;
	lower(s);
	normalize(s, UNINORM_NFC);
	if (!precis_class_has(PRECIS_IDENTIFIER, s) || !precis_bidi_ok(s))
		return ERR_PREPARE;
	return 0;
}

int precis_username(struct buf *out, struct str in)
{
	struct points s;
	int err = username_enforce(&s, in);

	if (!err)
		err = points_write(out, &s, OUT_MAX);
	points_done(&s);
	return err;
}

static int opaque_enforce(struct points *s, struct str in)
{
	int err = points_read(s, in);

	if (err)
		return err;
	if (!precis_class_has(PRECIS_FREEFORM, s))
		return ERR_PREPARE;
	map_spaces(s);
	normalize(s, UNINORM_NFC);
	return precis_class_has(PRECIS_FREEFORM, s) ? 0 : ERR_PREPARE;
}

int precis_opaque(struct buf *out, struct str in)
{
	struct points s;
	int err = opaque_enforce(&s, in);

	if (!err)
		err = points_write(out, &s, OUT_MAX);
	points_done(&s);
	return err;
}
