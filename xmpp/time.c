#include <stdio.h>
#include <time.h>

#include "base/err.h"
#include "base/scan.h"
#include "xmpp/muc.h"

#define LAST_SECOND UINT64_C(253402300799) /* 9999-12-31T23:59:59Z */

const char *xmpp_time(uint64_t wall_ms, char z[XMPP_TIME_MAX])
{
	uint64_t seconds = wall_ms / 1000;
	time_t t = (time_t)(seconds < LAST_SECOND ? seconds : LAST_SECOND);
	struct tm tm;

	gmtime_r(&t, &tm);
	strftime(z, XMPP_TIME_MAX, "%Y-%m-%dT%H:%M:%SZ", &tm);
	return z;
}

/* n digits, from low to high. */
static int digits(struct scan *s, size_t n, int low, int high)
{
	int v = 0;

	for (size_t i = 0; i < n && !s->err; i++) {
		if (s->p == s->end || *s->p < '0' || *s->p > '9')
			scan_fail(s, ERR_SYNTAX);
		else
			v = v * 10 + (*s->p++ - '0');
	}
	if (v < low || v > high)
		scan_fail(s, ERR_SYNTAX);
	return v;
}

static bool is_digit(unsigned char c)
{
	return c >= '0' && c <= '9';
}

/* The first three digits of a fraction, as milliseconds. */
static int fraction_ms(struct scan *s)
{
	struct str f;
	int ms = 0;

	if (!scan_skip(s, '.'))
		return 0;
	f = scan_while(s, is_digit);
	if (!f.n)
		scan_fail(s, ERR_SYNTAX);
	for (size_t i = 0; i < 3; i++)
		ms = ms * 10 + (i < f.n ? f.p[i] - '0' : 0);
	return ms;
}

/* The zone's distance from UTC in seconds. */
static int zone(struct scan *s)
{
	int sign = 1, hours, minutes;

	if (scan_skip(s, 'Z'))
		return 0;
	if (scan_skip(s, '-'))
		sign = -1;
	else
		scan_expect(s, '+');
	hours = digits(s, 2, 0, 23);
	scan_expect(s, ':');
	minutes = digits(s, 2, 0, 59);
	return sign * (hours * 3600 + minutes * 60);
}

int xmpp_time_parse(struct str s, uint64_t *wall_ms)
{
	struct scan in = scan_of(s);
	struct tm tm = {0};
	int64_t t;
	int ms;

	tm.tm_year = digits(&in, 4, 1970, 9999) - 1900;
	scan_expect(&in, '-');
	tm.tm_mon = digits(&in, 2, 1, 12) - 1;
	scan_expect(&in, '-');
	tm.tm_mday = digits(&in, 2, 1, 31);
	scan_expect(&in, 'T');
	tm.tm_hour = digits(&in, 2, 0, 23);
	scan_expect(&in, ':');
	tm.tm_min = digits(&in, 2, 0, 59);
	scan_expect(&in, ':');
	tm.tm_sec = digits(&in, 2, 0, 60);
	ms = fraction_ms(&in);
	t = -(int64_t)zone(&in);
	if (in.err || !scan_done(&in))
		return ERR_SYNTAX;
	t += (int64_t)timegm(&tm);
	if (t < 0)
		return ERR_SYNTAX;
	*wall_ms = (uint64_t)t * 1000 + (uint64_t)ms;
	return 0;
}
