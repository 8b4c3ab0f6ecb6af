#include "msrp/frame.h"

#include "base/err.h"

static const char hyphens[] = "-------";
#define HYPHENS 7

void msrp_parser_init(struct msrp_parser *p)
{
	*p = (struct msrp_parser){.state = MSRP_IN_HEAD};
	buf_init(&p->block, MSRP_BLOCK_MAX);
}

void msrp_parser_done(struct msrp_parser *p)
{
	buf_done(&p->block);
}

void msrp_parser_trim(struct msrp_parser *p)
{
	if (p->state == MSRP_IN_HEAD && p->block.room > 1024)
		buf_done(&p->block);
}

enum match { MATCH_NO, MATCH_MAYBE, MATCH_YES };

/* Is an end-line of this transaction at the start of s, or may it become one?
 */
static enum match end_line(struct str s, struct str tid, char *flag)
{
	size_t n = s.n < HYPHENS ? s.n : HYPHENS;

	if (n && memcmp(s.p, hyphens, n) != 0)
		return MATCH_NO;
	s = str_from(s, n);
	n = s.n < tid.n ? s.n : tid.n;
	if (n && memcmp(s.p, tid.p, n) != 0)
		return MATCH_NO;
	s = str_from(s, n);
	if (s.n && s.p[0] != '$' && s.p[0] != '+' && s.p[0] != '#')
		return MATCH_NO;
	if (s.n > 1 && s.p[1] != '\r')
		return MATCH_NO;
	if (s.n > 2 && s.p[2] != '\n')
		return MATCH_NO;
	if (s.n < 3)
		return MATCH_MAYBE;
	*flag = s.p[0];
	return MATCH_YES;
}

/* "MSRP tid ..." alone, for the framing; the rest of the line can be judged
 * later. */
static int start_line(struct msrp_parser *p, struct str line)
{
	struct str tid = str_from(line, 5);
	ptrdiff_t sp = str_find(tid, ' ');

	if (sp >= 0)
		tid.n = (size_t)sp;
	if (!msrp_ident_ok(tid))
		return ERR_SYNTAX;
	p->tid_n = tid.n;
	return 0;
}

/* The head is complete with n octets of the input: keeps and reads them. */
static void take_head(struct msrp_parser *p, struct str in, size_t n)
{
	buf_clear(&p->block);
	buf_add(&p->block, str_of(in.p, n));
	msrp_head_parse(buf_str(&p->block), &p->head);
}

/* A line of the head, the start line being the first, may not end past the
 * limits. */
static int limits(unsigned lines, size_t end, size_t length)
{
	if (lines == 1)
		return length > MSRP_START_MAX ? ERR_TOO_BIG : 0;
	if (length > MSRP_HEADER_MAX || end > MSRP_BLOCK_MAX)
		return ERR_TOO_BIG;
	return 0;
}

/* Judges the line that ends before the CRLF at `end`; 1: the head is complete.
 */
static int head_line(struct msrp_parser *p, struct str in, size_t end)
{
	struct str line = str_of(in.p + p->line, end - p->line);
	struct str tid = str_of(in.p + 5, p->tid_n);
	char flag;
	int err = limits(p->lines + 1, end + 2, line.n);

	if (err)
		return err;
	if (p->lines == 0)
		return start_line(p, line);
	if (line.n == 0)
		return 1;
	if (end_line(str_of(line.p, line.n + 2), tid, &flag) == MATCH_YES)
		return 1;
	return p->lines > MSRP_HEADERS_MAX ? ERR_TOO_BIG : 0;
}

static ptrdiff_t too_big(struct msrp_parser *p, struct str in)
{
	p->head = (struct msrp_head){0};
	if (p->lines)
		take_head(p, in, p->line);
	return ERR_TOO_BIG;
}

static ptrdiff_t next_head(struct msrp_parser *p, struct str in,
			   struct msrp_event *ev)
{
	size_t n = in.n < 5 ? in.n : 5;

	if (n && memcmp(in.p, "MSRP ", n) != 0)
		return ERR_SYNTAX;
	while (p->scanned < in.n) {
		const char *lf =
		    memchr(in.p + p->scanned, '\n', in.n - p->scanned);
		size_t at = lf ? (size_t)(lf - in.p) : in.n;
		int r;

		p->scanned = lf ? at + 1 : in.n;
		if (!lf)
			break;
		if (at == p->line || in.p[at - 1] != '\r')
			continue; /* a lone LF ends no line */
		r = head_line(p, in, at - 1);
		if (r == ERR_TOO_BIG)
			return too_big(p, in);
		if (r < 0)
			return r;
		if (r == 1) {
			bool blank = at - 1 == p->line;
			size_t used = blank ? at + 1 : p->line;

			take_head(p, in, used);
			p->state = MSRP_AT_BODY;
			ev->type = MSRP_HEAD;
			return (ptrdiff_t)used;
		}
		p->lines++;
		p->line = at + 1;
	}
	/* a line without end must not grow for ever: its CRLF would come later
	 * than the input's last octet, which may be its CR */
	if (in.n > p->line &&
	    limits(p->lines + 1, in.n + 1, in.n - p->line - 1) == ERR_TOO_BIG)
		return too_big(p, in);
	return 0;
}

static ptrdiff_t frame_end(struct msrp_parser *p, struct msrp_event *ev,
			   char flag, size_t used)
{
	p->state = MSRP_IN_HEAD;
	p->line = p->scanned = 0;
	p->lines = 0;
	ev->type = MSRP_END;
	ev->flag = flag;
	return (ptrdiff_t)used;
}

/* How many octets at the end of s could begin "\r\n-------". */
static size_t tail(struct str s)
{
	static const char mark[] = "\r\n-------";
	size_t most = sizeof(mark) - 2;

	for (size_t n = s.n < most ? s.n : most; n > 0; n--)
		if (memcmp(s.p + s.n - n, mark, n) == 0)
			return n;
	return 0;
}

static ptrdiff_t body(struct msrp_parser *p, struct str in, size_t n,
		      struct msrp_event *ev)
{
	if (n == 0)
		return 0;
	p->state = MSRP_IN_BODY;
	ev->type = MSRP_BODY;
	ev->data = str_of(in.p, n);
	return (ptrdiff_t)n;
}

static ptrdiff_t next_body(struct msrp_parser *p, struct str in,
			   struct msrp_event *ev)
{
	struct str tid = p->head.tid;
	size_t line = HYPHENS + tid.n + 3;
	size_t from = 0;
	char flag = 0;

	if (p->state == MSRP_AT_BODY) {
		/* right after the headers the end-line needs no further CRLF */
		enum match m = end_line(in, tid, &flag);

		if (m == MATCH_YES)
			return frame_end(p, ev, flag, line);
		if (m == MATCH_MAYBE)
			return 0;
	}
	for (;;) {
		const char *at = from < in.n ? memmem(in.p + from, in.n - from,
						      "\r\n-------", 9)
					     : NULL;
		size_t i;
		enum match m;

		if (!at)
			return body(p, in, in.n - tail(in), ev);
		i = (size_t)(at - in.p);
		m = end_line(str_from(in, i + 2), tid, &flag);
		if (m == MATCH_YES && i == 0)
			return frame_end(p, ev, flag, 2 + line);
		if (m != MATCH_NO)
			return body(p, in, i, ev);
		from = i + 2;
	}
}

ptrdiff_t msrp_parser_next(struct msrp_parser *p, struct str in,
			   struct msrp_event *ev)
{
	*ev = (struct msrp_event){.type = MSRP_MORE};
	return p->state == MSRP_IN_HEAD ? next_head(p, in, ev)
					: next_body(p, in, ev);
}
