/* sofia closes the connection that brought a message whose first line it can't
 * read, however many users of a proxy share it. Such a line is read as another
 * one: a request so that it is answered 400 as others are (RFC 3261 §8.2,
 * §18.3), a response so that it is dropped. */
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

#include "sip/sip_priv.h"

#include <sofia-sip/msg_mclass.h>
#include <sofia-sip/sip_parser.h>
#include <sofia-sip/su_alloc.h>

#define NO_URI	"sip:%00@invalid" /* can be read and names nobody */
#define VERSION " SIP/2.0"

bool firstline_lacks_uri(const url_t *u)
{
	return u->url_user && u->url_host && strcmp(u->url_user, "%00") == 0 &&
	       strcmp(u->url_host, "invalid") == 0;
}

/* Does nta take a request for it? */
static bool can_be_asked(const url_t *u)
{
	switch (u->url_type) {
	case url_invalid:
		return false;
	case url_sip:
	case url_sips:
	case url_im:
	case url_pres:
		return u->url_host && *u->url_host;
	case url_tel:
		return u->url_user && *u->url_user;
	default:
		return true;
	}
}

/* NULL: the home has no room. */
static char *without_uri(su_home_t *home, const char *method, size_t n)
{
	return su_strcat(home, su_strndup(home, method, (isize_t)n),
			 " " NO_URI VERSION);
}

static issize_t read_request(su_home_t *home, msg_header_t *h, char *s,
			     isize_t size)
{
	const sip_request_t *rq = (const sip_request_t *)h;
	size_t method = strcspn(s, " \t");
	char *other;

	if (sip_request_d(home, h, s, size) >= 0 && can_be_asked(rq->rq_url))
		return 0;
	other = without_uri(home, s, method);
	if (other && sip_request_d(home, h, other, (isize_t)strlen(other)) >= 0)
		return 0;
	other = su_strdup(home, "UNREADABLE " NO_URI VERSION);
	return other ? sip_request_d(home, h, other, (isize_t)strlen(other))
		     : -1;
}

static issize_t read_status(su_home_t *home, msg_header_t *h, char *s,
			    isize_t size)
{
	char *other;

	if (sip_status_d(home, h, s, size) >= 0)
		return 0;
	other = su_strdup(home, "SIP/0.0 0 Unreadable");
	return other ? sip_status_d(home, h, other, (isize_t)strlen(other))
		     : -1;
}

bool firstline_open(struct firstline *f)
{
	*f = (struct firstline){.extract = dlsym(RTLD_NEXT, "msg_extract")};
	f->messages = msg_mclass_clone(sip_default_mclass(), 0, 0);
	if (!f->messages || !f->extract)
		return false;
	f->request = *sip_request_class;
	f->request.hc_parse = read_request;
	f->messages->mc_request->hr_class = &f->request;
	f->status = *sip_status_class;
	f->status.hc_parse = read_status;
	f->messages->mc_status->hr_class = &f->status;
	return true;
}

struct firstline *firstline_of(msg_t *msg)
{
	msg_hclass_t *c = msg_mclass(msg)->mc_request->hr_class;

	return c->hc_parse == read_request
		   ? (struct firstline *)((uintptr_t)c -
					  offsetof(struct firstline, request))
		   : NULL;
}

void firstline_close(struct firstline *f)
{
	free(f->messages);
	f->messages = NULL;
}
