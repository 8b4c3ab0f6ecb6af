#include "mapping/multipart.h"

#include "base/err.h"
#include "base/scan.h"
#include "msrp/cpim.h"

/* Is this line a delimiter; the last one? */
static bool is_delimiter(const struct multipart *m, struct str line, bool *last)
{
	if (!str_starts(line, STR("--")) ||
	    !str_starts(str_from(line, 2), m->boundary))
		return false;
	line = str_from(line, 2 + m->boundary.n);
	*last = str_starts(line, STR("--"));
	return *last || str_trim_space(line).n == 0;
}

/* What stands before the next delimiter, without the line end that belongs to
 * it; the rest begins after it. */
static int cut(struct multipart *m, struct str *out)
{
	struct scan s = scan_of(m->rest);
	const char *start = m->rest.p;

	while (!scan_done(&s)) {
		const char *at = s.p;

		if (!is_delimiter(m, scan_line(&s), &m->ended))
			continue;
		if (at > start && at[-1] == '\n')
			at--;
		if (at > start && at[-1] == '\r')
			at--;
		*out = str_of(start, (size_t)(at - start));
		m->rest = scan_rest(&s);
		return 0;
	}
	return ERR_SYNTAX;
}

int multipart_begin(struct multipart *m, struct str content_type,
		    struct str body)
{
	struct str preamble;

	*m = (struct multipart){.rest = body,
				.boundary =
				    mime_param(content_type, STR("boundary"))};
	if (!str_istarts(str_trim(content_type), STR("multipart/")) ||
	    m->boundary.n == 0)
		return ERR_SYNTAX;
	return cut(m, &preamble);
}

static void read_header(struct str line, struct body_part *out)
{
	struct str name = str_trim_space(str_split(&line, ':'));
	struct str value = str_trim_space(line);

	if (str_ieq(name, STR("Content-Type")))
		out->type = value;
	else if (str_ieq(name, STR("Content-Disposition")))
		out->disposition = value;
	else if (str_ieq(name, STR("Content-Transfer-Encoding")))
		out->encoding = value;
	else if (str_ieq(name, STR("Content-ID")))
		out->id = value;
}

int multipart_next(struct multipart *m, struct body_part *out)
{
	struct str part, line;
	struct scan s;
	int err;

	if (m->ended)
		return 0;
	if (m->parts++ == MULTIPART_PARTS_MAX)
		return ERR_TOO_BIG;
	err = cut(m, &part);
	if (err < 0)
		return err;
	*out = (struct body_part){.type = STR("text/plain")};
	s = scan_of(part);
	while ((line = scan_line(&s)).n)
		read_header(line, out);
	out->body = scan_rest(&s);
	return 1;
}

bool body_is_optional(struct str disposition)
{
	return str_ieq(mime_param(disposition, STR("handling")),
		       STR("optional"));
}
