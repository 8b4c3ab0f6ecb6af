/* Reading text left to right, with an error that sticks. */
#pragma once

#include "base/str.h"

/* After the first failure err holds it, and every later call does nothing and
 * returns an empty slice, false or 0. Check err once, at the end. */
struct scan {
	const char *p, *end;
	int err;
};

static inline struct scan scan_of(struct str s)
{
	return (struct scan){s.p, s.n ? s.p + s.n : s.p, 0};
}

static inline struct str scan_rest(const struct scan *s)
{
	return s->err ? STR_NONE : str_of(s->p, (size_t)(s->end - s->p));
}

static inline bool scan_done(const struct scan *s)
{
	return s->err || s->p == s->end;
}

void scan_fail(struct scan *s, int err);
/* Skips c and returns true if it is next; else nothing moves (no error). */
bool scan_skip(struct scan *s, char c);
/* Skips the literal if it is next (no error if not). */
bool scan_skip_str(struct scan *s, struct str lit);
/* As above, ignoring ASCII case. */
bool scan_skip_istr(struct scan *s, struct str lit);
/* The literal or octet must be next: else ERR_SYNTAX. */
void scan_expect(struct scan *s, char c);
void scan_expect_str(struct scan *s, struct str lit);
/* SP and HTAB, any number; returns how many. */
size_t scan_space(struct scan *s);
/* The octets before the next c; c itself is consumed. ERR_SYNTAX if there is
 * none. */
struct str scan_until(struct scan *s, char c);
/* The longest run (maybe empty) of octets for which ok(c) holds. */
struct str scan_while(struct scan *s, bool (*ok)(unsigned char c));
/* One line without its CRLF (or bare LF); the last may lack an ending. */
struct str scan_line(struct scan *s);
/* One or more digits, value <= max: else ERR_SYNTAX, ERR_TOO_BIG. */
uint64_t scan_u64(struct scan *s, uint64_t max);
