#include "base/log.h"

#include <stdarg.h>
#include <stdlib.h>
#include <time.h>

#include "base/mem.h"
#include "base/utf8.h"

static const char *const level_names[] = {"error", "warn", "info", "debug",
					  "trace"};

void log_init(struct log *log, enum log_level level, const char *process)
{
	*log = (struct log){level, stderr, process, NULL, NULL};
}

/* "2026-11-21T09:00:00.123Z stoxd info msrp.accept" into z, cut at size. */
static size_t head(char *z, size_t size, const struct log *log,
		   enum log_level level, const char *event)
{
	struct timespec now;
	struct tm tm;
	size_t n;
	int more;

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &tm);
	n = strftime(z, size, "%Y-%m-%dT%H:%M:%S", &tm);
	more = snprintf(z + n, size - n, ".%03dZ %s %s %s",
			(int)(now.tv_nsec / 1000000), log->process,
			level_names[level], event);
	if (more < 0)
		more = 0;
	return n + (size_t)more < size ? n + (size_t)more : size - 1;
}

static void put_line(const struct log *log, enum log_level level, char *line,
		     size_t n)
{
	/* one event stays one line, whatever a caller forgot to quote */
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)line[i] < 0x20 || line[i] == 0x7f)
			line[i] = '?';
	if (log->sink) {
		log->sink(log->user, level, line);
		return;
	}
	line[n] = '\n';
	fwrite(line, 1, n + 1, log->out);
	fflush(log->out);
}

void log_write(struct log *log, enum log_level level, const char *event,
	       const char *fmt, ...)
{
	char small[1024], *line = small;
	va_list ap;
	size_t n;
	int more;

	if (!log_on(log, level))
		return;
	n = head(small, 256, log, level, event);
	va_start(ap, fmt);
	more = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (more > 0) {
		if (n + (size_t)more + 2 > sizeof(small)) {
			line = mem_new(n + (size_t)more + 2);
			memcpy(line, small, n);
		}
		line[n++] = ' ';
		va_start(ap, fmt);
		vsnprintf(line + n, (size_t)more + 1, fmt, ap);
		va_end(ap);
		n += (size_t)more;
	}
	put_line(log, level, line, n);
	if (line != small)
		free(line);
}

/* Octets of the peer's text that are shown, and the most that one becomes. */
#define QUOTE_OCTETS 200
#define QUOTE_WORST  4

_Static_assert(sizeof(struct logq) >= QUOTE_OCTETS * QUOTE_WORST + 6,
	       "two quotes, three dots, NUL");

static char *quote_octet(char *to, unsigned char c)
{
	static const char hex[] = "0123456789abcdef";

	*to++ = '\\';
	switch (c) {
	case '"':
	case '\\':
		*to++ = (char)c;
		return to;
	case '\n':
		*to++ = 'n';
		return to;
	case '\r':
		*to++ = 'r';
		return to;
	case '\t':
		*to++ = 't';
		return to;
	default:
		*to++ = 'x';
		*to++ = hex[c >> 4];
		*to++ = hex[c & 15];
		return to;
	}
}

/* Control characters, C1's too, would steer a terminal. */
static bool shown_as_is(int32_t cp)
{
	return cp >= 0x20 && cp != '"' && cp != '\\' && cp != 0x7f &&
	       (cp < 0x80 || cp > 0x9f);
}

const char *log_quote(struct logq *q, struct str s)
{
	char *to = q->z;
	size_t i = 0;

	*to++ = '"';
	while (i < s.n) {
		size_t from = i;
		int32_t cp = utf8_next(s, &i);

		if (i > QUOTE_OCTETS) {
			memcpy(to, "...", 3);
			to += 3;
			break;
		}
		if (shown_as_is(cp)) {
			memcpy(to, s.p + from, i - from);
			to += i - from;
		} else {
			for (; from < i; from++)
				to = quote_octet(to, (unsigned char)s.p[from]);
		}
	}
	*to++ = '"';
	*to = '\0';
	return q->z;
}
