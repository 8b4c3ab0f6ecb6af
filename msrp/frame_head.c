#include "base/err.h"
#include "base/scan.h"
#include "msrp/frame.h"

static bool ident_char(unsigned char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
	       (c >= 'A' && c <= 'Z') || c == '.' || c == '-' || c == '+' ||
	       c == '%' || c == '=';
}

bool msrp_ident_ok(struct str s)
{
	if (s.n < 1 || s.n > MSRP_TID_MAX)
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (!ident_char((unsigned char)s.p[i]))
			return false;
	return true;
}

static bool digit(unsigned char c)
{
	return c >= '0' && c <= '9';
}

static bool upper(unsigned char c)
{
	return c >= 'A' && c <= 'Z';
}

static bool not_space(unsigned char c)
{
	return c != ' ';
}

/* Three digits, then nothing or SP and a comment. */
static bool status_line(struct scan *s, unsigned *status, struct str *comment)
{
	struct str code = scan_while(s, digit);

	if (code.n != 3 || !(scan_done(s) || scan_skip(s, ' ')))
		return false;
	*status = (unsigned)(code.p[0] - '0') * 100 +
		  (unsigned)(code.p[1] - '0') * 10 +
		  (unsigned)(code.p[2] - '0');
	*comment = scan_rest(s);
	return true;
}

static void start_line(struct str line, struct msrp_head *h)
{
	struct scan s = scan_of(line);
	struct str method;

	scan_expect_str(&s, STR("MSRP "));
	h->tid = scan_while(&s, not_space);
	h->method = MSRP_OTHER;
	scan_skip(&s, ' ');
	if (!scan_done(&s) && digit((unsigned char)*s.p)) {
		if (!status_line(&s, &h->status, &h->comment))
			h->bad = "Malformed start line";
		else
			h->method = MSRP_RESPONSE;
		return;
	}
	method = scan_while(&s, upper);
	if (method.n == 0 || !scan_done(&s))
		h->bad = "Malformed start line";
	else if (str_eq(method, STR("SEND")))
		h->method = MSRP_SEND;
	else if (str_eq(method, STR("REPORT")))
		h->method = MSRP_REPORT;
	else if (str_eq(method, STR("NICKNAME")))
		h->method = MSRP_NICKNAME;
}

/* A number of a Byte-Range, or `*`: false and *out untouched. */
static bool range_number(struct scan *s, uint64_t *out)
{
	if (scan_skip(s, '*'))
		return false;
	*out = scan_u64(s, MSRP_NUMBER_MAX);
	return true;
}

static bool byte_range(struct str v, struct msrp_range *r)
{
	struct scan s = scan_of(v);

	r->present = true;
	r->start = scan_u64(&s, MSRP_NUMBER_MAX);
	scan_expect(&s, '-');
	r->has_end = range_number(&s, &r->end);
	scan_expect(&s, '/');
	r->has_total = range_number(&s, &r->total);
	if (s.err || !scan_done(&s) || r->start == 0)
		return false;
	if (r->has_end && r->end + 1 < r->start)
		return false;
	return !r->has_total || r->start <= r->total + 1;
}

static bool yes_no(struct str v, bool *out)
{
	*out = str_ieq(v, STR("yes"));
	return *out || str_ieq(v, STR("no"));
}

static bool failure_report(struct str v, enum msrp_failure_report *out)
{
	if (str_ieq(v, STR("yes")))
		*out = MSRP_FAILURE_YES;
	else if (str_ieq(v, STR("partial")))
		*out = MSRP_FAILURE_PARTIAL;
	else if (str_ieq(v, STR("no")))
		*out = MSRP_FAILURE_NO;
	else
		return false;
	return true;
}

static bool report_status(struct str v, unsigned *out)
{
	struct scan s = scan_of(v);
	struct str space = scan_while(&s, digit), comment;
	unsigned status = 0;

	if (space.n != 3 || !scan_skip(&s, ' ') ||
	    !status_line(&s, &status, &comment))
		return false;
	if (str_eq(space, STR("000")))
		*out = status;
	return true;
}

enum header {
	H_TO_PATH,
	H_FROM_PATH,
	H_MESSAGE_ID,
	H_SUCCESS_REPORT,
	H_FAILURE_REPORT,
	H_BYTE_RANGE,
	H_STATUS,
	H_CONTENT_TYPE,
	H_USE_NICKNAME,
	H_SET_NICKNAME,
	H_UNKNOWN,
};

static enum header header_of(struct str name)
{
	static const struct str names[] = {
	    [H_TO_PATH] = {"To-Path", 7},
	    [H_FROM_PATH] = {"From-Path", 9},
	    [H_MESSAGE_ID] = {"Message-ID", 10},
	    [H_SUCCESS_REPORT] = {"Success-Report", 14},
	    [H_FAILURE_REPORT] = {"Failure-Report", 14},
	    [H_BYTE_RANGE] = {"Byte-Range", 10},
	    [H_STATUS] = {"Status", 6},
	    [H_CONTENT_TYPE] = {"Content-Type", 12},
	    [H_USE_NICKNAME] = {"Use-Nickname", 12},
	    [H_SET_NICKNAME] = {"Set-Nickname", 12},
	};

	for (unsigned i = 0; i < H_UNKNOWN; i++)
		if (str_ieq(name, names[i]))
			return (enum header)i;
	return H_UNKNOWN;
}

/* Keeps a header's value; false: it is none that the header may have. */
static bool value(struct msrp_head *h, enum header which, struct str v)
{
	switch (which) {
	case H_TO_PATH:
		h->to_path = v;
		return v.n > 0;
	case H_FROM_PATH:
		h->from_path = v;
		return v.n > 0;
	case H_MESSAGE_ID:
		h->message_id = v;
		h->has_message_id = true;
		return msrp_ident_ok(v);
	case H_SUCCESS_REPORT:
		return yes_no(v, &h->success_report);
	case H_FAILURE_REPORT:
		return failure_report(v, &h->failure_report);
	case H_BYTE_RANGE:
		return byte_range(v, &h->range);
	case H_STATUS:
		return report_status(v, &h->report_status);
	case H_CONTENT_TYPE:
		h->content_type = v;
		return v.n > 0;
	case H_USE_NICKNAME:
		h->use_nickname = v;
		h->has_use_nickname = true;
		return true;
	case H_SET_NICKNAME:
		h->set_nickname = v;
		h->has_set_nickname = true;
		return true;
	case H_UNKNOWN:
		return true;
	}
	return true;
}

static bool clean(struct str line)
{
	for (size_t i = 0; i < line.n; i++) {
		unsigned char c = (unsigned char)line.p[i];

		if ((c < 0x20 && c != '\t') || c == 0x7f)
			return false;
	}
	return true;
}

static const char *header_line(struct msrp_head *h, struct str line,
			       unsigned index, unsigned *seen)
{
	ptrdiff_t colon = str_find(line, ':');
	enum header which;

	if (!clean(line))
		return "Control character in a header";
	if (line.p[0] == ' ' || line.p[0] == '\t')
		return "Folded header";
	if (colon <= 0)
		return "Malformed header";
	which = header_of(str_of(line.p, (size_t)colon));
	if (which != H_UNKNOWN && (*seen & 1u << which))
		return "Repeated header";
	*seen |= 1u << which;
	if (!value(h, which, str_trim(str_from(line, (size_t)colon + 1))))
		h->bad_value = "Bad header value";
	if ((index == 0 && which != H_TO_PATH) ||
	    (index == 1 && which != H_FROM_PATH))
		return "To-Path and From-Path must come first";
	return NULL;
}

/* The octets before the next CRLF, which a lone CR or LF is not. */
static struct str line_of(struct str *rest)
{
	ptrdiff_t end = str_search(*rest, STR("\r\n"));
	struct str line = *rest;

	if (end >= 0)
		line.n = (size_t)end;
	*rest = str_from(*rest, line.n + 2);
	return line;
}

void msrp_head_parse(struct str block, struct msrp_head *h)
{
	struct str rest = block, line = line_of(&rest);
	unsigned seen = 0;

	*h = (struct msrp_head){.range = {.start = 1}};
	start_line(line, h);
	if (!clean(line))
		h->bad = "Control character in the start line";
	for (unsigned i = 0; (line = line_of(&rest)).n; i++) {
		const char *bad = header_line(h, line, i, &seen);

		if (bad && !h->bad)
			h->bad = bad;
	}
	if (!h->bad && (h->to_path.n == 0 || h->from_path.n == 0))
		h->bad = "To-Path or From-Path is missing";
}
