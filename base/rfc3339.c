#include "base/rfc3339.h"

#include <stdio.h>
#include <time.h>

#include "base/err.h"
#include "base/scan.h"

#define LAST_SECOND UINT64_C(253402300799) /* 9999-12-31T23:59:59Z */

static const char *put(uint64_t wall_ms, const char *fraction,
		       char z[RFC3339_MAX])
{
	uint64_t seconds = wall_ms / 1000;
	time_t t = (time_t)(seconds < LAST_SECOND ? seconds : LAST_SECOND);
	struct tm tm;
	size_t n;

	gmtime_r(&t, &tm);
	n = strftime(z, RFC3339_MAX, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(z + n, RFC3339_MAX - n, "%sZ", fraction);
	return z;
}

const char *rfc3339_seconds(uint64_t wall_ms, char z[RFC3339_MAX])
{
	return put(wall_ms, "", z);
}

const char *rfc3339_millis(uint64_t wall_ms, char z[RFC3339_MAX])
{
	char fraction[8];

	snprintf(fraction, sizeof(fraction), ".%03u",
		 (unsigned)(wall_ms % 1000));
	return put(wall_ms, fraction, z);
}

/* Exactly n digits, lo..hi. */
static int number(struct scan *s, int n, int lo, int hi)
{
	int v = 0;

	for (int i = 0; i < n; i++, s->p++) {
		if (scan_done(s) || *s->p < '0' || *s->p > '9') {
			scan_fail(s, ERR_SYNTAX);
			return 0;
		}
		v = v * 10 + (*s->p - '0');
	}
	if (v < lo || v > hi)
		scan_fail(s, ERR_SYNTAX);
	return v;
}

static bool digit(unsigned char c)
{
	return c >= '0' && c <= '9';
}

static unsigned milliseconds(struct scan *s)
{
	struct str f;
	unsigned ms = 0;

	if (!scan_skip(s, '.'))
		return 0;
	f = scan_while(s, digit);
	if (f.n == 0)
		scan_fail(s, ERR_SYNTAX);
	for (size_t i = 0; i < 3; i++)
		ms = ms * 10 + (i < f.n ? (unsigned)(f.p[i] - '0') : 0);
	return ms;
}

/* Seconds that the local time is ahead of UTC. */
static int offset(struct scan *s)
{
	int sign = 1, h, m;

	if (scan_skip_istr(s, STR("Z")))
		return 0;
	if (scan_skip(s, '-'))
		sign = -1;
	else
		scan_expect(s, '+');
	h = number(s, 2, 0, 23);
	scan_expect(s, ':');
	m = number(s, 2, 0, 59);
	return sign * (h * 3600 + m * 60);
}

int rfc3339_parse(struct str in, uint64_t *wall_ms)
{
	struct scan s = scan_of(str_trim(in));
	struct tm tm = {0};
	unsigned ms;
	time_t t;
	int day;

	tm.tm_year = number(&s, 4, 1970, 9999) - 1900;
	scan_expect(&s, '-');
	tm.tm_mon = number(&s, 2, 1, 12) - 1;
	scan_expect(&s, '-');
	day = tm.tm_mday = number(&s, 2, 1, 31);
	if (!scan_skip_istr(&s, STR("T")))
		scan_expect(&s, ' ');
	tm.tm_hour = number(&s, 2, 0, 23);
	scan_expect(&s, ':');
	tm.tm_min = number(&s, 2, 0, 59);
	scan_expect(&s, ':');
	tm.tm_sec = number(&s, 2, 0, 60);
	ms = milliseconds(&s);
	t = -offset(&s);
	if (s.err || !scan_done(&s))
		return ERR_SYNTAX;
	if (tm.tm_sec == 60)
		tm.tm_sec = 59; /* a leap second has no Unix time of its own */
	t += timegm(&tm);
	if (tm.tm_mday != day || t < 0)
		return ERR_SYNTAX; /* 30 February */
	*wall_ms = (uint64_t)t * 1000 + ms;
	return 0;
}
