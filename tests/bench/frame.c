#include "tests/bench/frame.h"

#include <stdio.h>

/* The header's value if line starts with name (which ends in a colon). */
static bool header(struct str line, struct str name, struct str *value)
{
	if (!str_istarts(line, name))
		return false;
	*value = str_trim(str_from(line, name.n));
	return true;
}

/* One line without its CRLF off *s; false when its end has not come yet. */
static bool take_line(struct str *s, struct str *line)
{
	const char *nl = s->n ? memchr(s->p, '\n', s->n) : NULL;
	size_t n;

	if (!nl || nl == s->p || nl[-1] != '\r')
		return false;
	n = (size_t)(nl - s->p);
	*line = str_of(s->p, n - 1);
	*s = str_from(*s, n + 1);
	return true;
}

/* "-------" tid flag, without the CRLF. */
static bool is_end_line(struct str line, struct str tid, char *flag)
{
	if (line.n != 7 + tid.n + 1 || memcmp(line.p, "-------", 7) != 0 ||
	    memcmp(line.p + 7, tid.p, tid.n) != 0)
		return false;
	*flag = line.p[line.n - 1];
	return *flag == '$' || *flag == '+' || *flag == '#';
}

static bool start_line(struct str line, struct frame *out)
{
	struct str rest = line;

	if (!str_eq(str_split(&rest, ' '), STR("MSRP")))
		return false;
	out->tid = str_split(&rest, ' ');
	out->method = str_split(&rest, ' ');
	return out->tid.n >= 4 && out->tid.n <= 64 && out->method.n > 0;
}

static ssize_t used(struct str all, struct str rest, struct frame *out)
{
	out->all = str_of(all.p, all.n - rest.n);
	return (ssize_t)out->all.n;
}

/* From the blank line on: the body runs to the end-line, which stands after a
 * CRLF that is not part of the body. */
static ssize_t read_body(struct str all, struct str rest, struct frame *out)
{
	char mark[2 + 7 + 64];
	size_t n = 9 + out->tid.n;
	const char *p = rest.p;
	struct str after, line;

	memcpy(mark, "\r\n-------", 9);
	memcpy(mark + 9, out->tid.p, out->tid.n);
	for (;;) {
		p = memmem(p, (size_t)(rest.p + rest.n - p), mark, n);
		if (!p)
			return 0;
		after = str_from(rest, (size_t)(p + 2 - rest.p));
		if (!take_line(&after, &line))
			return 0;
		if (is_end_line(line, out->tid, &out->flag))
			break;
		p++;
	}
	out->body = str_of(rest.p, (size_t)(p - rest.p));
	return used(all, after, out);
}

ssize_t frame_read(struct str s, struct frame *out)
{
	struct str rest = s, line;

	memset(out, 0, sizeof(*out));
	if (!take_line(&rest, &line))
		return s.n > 200 ? -1 : 0;
	if (!start_line(line, out))
		return -1;
	while (take_line(&rest, &line)) {
		if (line.n == 0)
			return rest.n ? read_body(s, rest, out) : 0;
		if (is_end_line(line, out->tid, &out->flag))
			return used(s, rest, out);
		if (!header(line, STR("From-Path:"), &out->from_path) &&
		    !header(line, STR("Message-ID:"), &out->message_id))
			header(line, STR("Failure-Report:"), &out->failure);
	}
	return 0;
}

bool frame_wants_answer(const struct frame *f)
{
	return str_eq(f->method, STR("SEND")) &&
	       (f->failure.n == 0 || str_ieq(f->failure, STR("yes")));
}

size_t frame_answer(char *buf, size_t size, const struct frame *f,
		    const char *own)
{
	struct str rest = f->from_path;
	struct str to = str_split(&rest, ' ');
	int n = snprintf(buf, size,
			 "MSRP %.*s 200 OK\r\n"
			 "To-Path: %.*s\r\n"
			 "From-Path: %s\r\n"
			 "-------%.*s$\r\n",
			 STR_ARG(f->tid), STR_ARG(to), own, STR_ARG(f->tid));

	return n > 0 && (size_t)n < size ? (size_t)n : 0;
}
