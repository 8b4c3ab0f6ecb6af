/* sofia drops a request whose Request-URI it can't read, and hears nothing more
 * from a connection that brought one: a proxy with many users behind it, say.
 * Such a request gets a URI that can be read and names nobody, so that it is
 * answered 400 as others are (RFC 3261 §8.2, §18.3). */
#include <stdlib.h>
#include <string.h>

#include "sip/sip_priv.h"

#include <sofia-sip/msg_mclass.h>
#include <sofia-sip/sip_parser.h>
#include <sofia-sip/su_alloc.h>

/* The line again with another URI; NULL if it is no request line at all. */
static char *without_uri(su_home_t *home, const char *line)
{
	size_t n = strcspn(line, " "), all = strlen(line);
	const char *version = all > 8 ? line + all - 8 : "";

	if (n == 0 || strcmp(version, " SIP/2.0") != 0)
		return NULL;
	return su_sprintf(home, "%.*s sip:%%00@invalid SIP/2.0", (int)n, line);
}

static issize_t read_line(su_home_t *home, msg_header_t *h, char *s,
			  isize_t size)
{
	char *other = without_uri(home, s);
	issize_t r = sip_request_d(home, h, s, size);

	if (r >= 0 || !other)
		return r;
	return sip_request_d(home, h, other, (isize_t)strlen(other));
}

bool firstline_open(struct firstline *f)
{
	f->messages = msg_mclass_clone(sip_default_mclass(), 0, 0);
	if (!f->messages)
		return false;
	f->request = *sip_request_class;
	f->request.hc_parse = read_line;
	f->messages->mc_request->hr_class = &f->request;
	return true;
}

void firstline_close(struct firstline *f)
{
	free(f->messages);
	f->messages = NULL;
}
