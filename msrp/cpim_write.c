#include <time.h>

#include "base/err.h"
#include "base/scan.h"
#include "msrp/cpim.h"

/* RFC 3862 §2.3.1, with conference CPIM-7. */
static void put_escaped(struct buf *b, struct str s, bool quoted)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		switch (c) {
		case '\\':
			buf_add(b, STR("\\\\"));
			break;
		case '\b':
			buf_add(b, STR("\\b"));
			break;
		case '\t':
			buf_add(b, STR("\\t"));
			break;
		case '\n':
			buf_add(b, STR("\\n"));
			break;
		case '\r':
			buf_add(b, STR("\\r"));
			break;
		default:
			if (c == '"' && quoted)
				buf_add(b, STR("\\\""));
			else if ((unsigned char)c < 0x20 || c == 0x7f)
				buf_addf(b, "\\u%04x", (unsigned)c);
			else
				buf_addc(b, c);
		}
	}
}

static void put_address(struct buf *b, struct str name,
			const struct cpim_addr *a)
{
	buf_add(b, name);
	if (a->name.n) {
		buf_addc(b, '"');
		put_escaped(b, a->name, true);
		buf_add(b, STR("\" "));
	}
	buf_addc(b, '<');
	put_escaped(b, a->uri, false);
	buf_add(b, STR(">\r\n"));
}

/* Values that know no escape: a control in them would end the line, so it goes.
 */
static void put_plain(struct buf *b, struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] >= 0x20 && s.p[i] != 0x7f)
			buf_addc(b, s.p[i]);
}

static void put_line(struct buf *b, struct str name, struct str value)
{
	if (value.n == 0)
		return;
	buf_add(b, name);
	put_plain(b, value);
	buf_add(b, STR("\r\n"));
}

static void put_subject(struct buf *b, struct str lang, struct str subject)
{
	if (subject.n == 0)
		return;
	buf_add(b, STR("Subject:"));
	if (lang.n) {
		buf_add(b, STR(";lang="));
		put_plain(b, lang);
	}
	buf_addc(b, ' ');
	put_escaped(b, subject, false);
	buf_add(b, STR("\r\n"));
}

void cpim_write(struct buf *b, const struct cpim_out *m)
{
	put_address(b, STR("From: "), &m->from);
	put_address(b, STR("To: "), &m->to);
	put_line(b, STR("DateTime: "), m->datetime);
	put_subject(b, m->subject_lang, m->subject);
	buf_add(b, STR("\r\n"));
	put_line(b, STR("Content-Type: "), m->content_type);
	put_line(b, STR("Content-Language: "), m->content_language);
	buf_add(b, STR("\r\n"));
	buf_add(b, m->body);
}

const char *cpim_time(uint64_t wall_ms, char z[CPIM_TIME_MAX])
{
	/* the last second of year 9999, beyond which RFC 3339 has no form */
	const uint64_t last = UINT64_C(253402300799);
	time_t t = (time_t)(wall_ms / 1000 < last ? wall_ms / 1000 : last);
	struct buf b = BUF_INIT(CPIM_TIME_MAX);
	struct tm tm;

	gmtime_r(&t, &tm);
	buf_addf(&b, "%04d-%02d-%02dT%02d:%02d:%02d.%03uZ", tm.tm_year + 1900,
		 tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec,
		 (unsigned)(wall_ms % 1000));
	memcpy(z, buf_z(&b), b.n + 1);
	buf_done(&b);
	return z;
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

int cpim_time_parse(struct str in, uint64_t *wall_ms)
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
