/* What strangers' messages may lack. sofia answers a request with a header that
 * it can't read, or without one that it must have, 400, and closes the
 * connection that brought it, though where the next message begins is known: a
 * proxy loses the connection for all its users because of one. So such a
 * request gets headers that can be read, and notes of what is wrong, by which
 * guard.c refuses it. Only one whose Content-Length is bad takes its connection
 * along. This definition stands before the library's own. */
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

#include "base/net.h"
#include "base/scan.h"
#include "sip/sip_priv.h"

#include <sofia-sip/msg_buffer.h>
#include <sofia-sip/sip_parser.h>

#define NOBODY "<sip:unreadable@invalid>"

/* As if it were a header that could not be read. */
static void note(msg_t *msg, const char *name)
{
	sip_error_t **end = &sip_object(msg)->sip_error;
	sip_header_t *h =
	    (sip_header_t *)msg_header_alloc(msg_home(msg), sip_error_class, 0);

	if (!h)
		return;
	h->sh_error->er_name = name;
	while (*end)
		end = &(*end)->er_next;
	*end = h->sh_error;
}

const char *readfix_name(const sip_error_t *e)
{
	msg_hclass_t *c = e->er_common->h_class;

	return c == sip_error_class ? e->er_name : c->hc_name;
}

static bool noted(const sip_t *sip, const char *name)
{
	for (const sip_error_t *e = sip->sip_error; e; e = e->er_next) {
		const char *other = readfix_name(e);
		if (other && strcmp(other, name) == 0)
			return true;
	}
	return false;
}

/* Of blank lines, which may stand before a message. */
static size_t blanks(const char *b, size_t n)
{
	size_t i = 0;

	while (i < n && strchr(" \t\r\n", b[i]) && b[i])
		i++;
	return i;
}

/* sofia ends a header at a NUL and at a CR alone, where others see no end; a
 * proxy may pass on what its client put behind. And after a NUL it never comes
 * to the next header. b: from the beginning of the message or of a header. */
static bool tidy(char *b, size_t n)
{
	bool tidied = false;

	for (size_t i = 0; i < n; i++) {
		if (b[i] == '\n' ||
		    (b[i] == '\r' && i + 1 < n && b[i + 1] == '\n'))
			break; /* the end of the head */
		for (; i < n && b[i] != '\n'; i++) {
			if (b[i] &&
			    (b[i] != '\r' || i + 1 == n || b[i + 1] == '\n'))
				continue;
			b[i] = '?';
			tidied = true;
		}
	}
	return tidied;
}

/* The value of a line that is a Content-Length; empty: it is another, or goes
 * on with the value of one. */
static struct str length_of(struct str line)
{
	bool goes_on = line.n && (line.p[0] == ' ' || line.p[0] == '\t');
	struct str name = str_trim_space(str_split(&line, ':'));

	if (goes_on)
		return STR_NONE;
	if (!str_ieq(name, STR("Content-Length")) && !str_ieq(name, STR("l")))
		return STR_NONE;
	return str_trim_space(line);
}

/* A Content-Length again is no reason to lose the frame while it says the same:
 * it becomes a header that nobody knows. known: what an earlier part of the
 * message said, or empty. */
static bool drop_repeated_length(char *b, size_t n, struct str known)
{
	struct str rest = str_of(b, n);
	bool dropped = false;

	while (rest.n) {
		struct str line = str_split(&rest, '\n');
		struct str value = length_of(line);

		if (rest.n == 0 || line.n == 0 || str_eq(line, STR("\r")))
			break; /* not all of it is there; the head's end */
		if (rest.p[0] == ' ' || rest.p[0] == '\t')
			continue; /* it goes on */
		if (value.n && str_eq(value, known)) {
			b[line.p - b] = '%';
			dropped = true;
		} else if (value.n) {
			known = value;
		}
	}
	return dropped;
}

/* Is the topmost Via the one that can be read? */
static bool has_way_back(msg_t *msg, const sip_t *sip)
{
	sip_header_t *h = (sip_header_t *)*msg_chain_head(msg);

	for (; h && sip->sip_via; h = (sip_header_t *)h->sh_succ) {
		if (h->sh_class == sip_via_class)
			return true;
		if (h->sh_class == sip_error_class && h->sh_error->er_name &&
		    strcmp(h->sh_error->er_name, "Via") == 0)
			return false;
	}
	return false;
}

/* nta drops what claims another transport. */
static void make_dropped(msg_t *msg, sip_t *sip)
{
	sip_via_t *v = sip_via_make(msg_home(msg), "SIP/2.0/NONE invalid");

	if (!v)
		return;
	v->v_next = sip->sip_via;
	sip->sip_via = v;
}

static bool same_method(const sip_t *sip)
{
	const sip_request_t *rq = sip->sip_request;

	return rq->rq_method == sip->sip_cseq->cs_method &&
	       (rq->rq_method != sip_method_unknown ||
		strcmp(rq->rq_method_name, sip->sip_cseq->cs_method_name) == 0);
}

static void mend_cseq(msg_t *msg, sip_t *sip)
{
	const sip_request_t *rq = sip->sip_request;

	if (sip->sip_cseq && same_method(sip))
		return;
	if (sip->sip_cseq)
		note(msg, "CSeq");
	else if (!noted(sip, "CSeq"))
		note(msg, "Missing CSeq");
	sip->sip_cseq = sip_cseq_create(
	    msg_home(msg), sip->sip_cseq ? sip->sip_cseq->cs_seq : 0,
	    rq->rq_method, rq->rq_method_name);
}

static void mend_addresses(msg_t *msg, sip_t *sip)
{
	su_home_t *home = msg_home(msg);

	if (!sip->sip_from) {
		if (!noted(sip, "From"))
			note(msg, "Missing From");
		sip->sip_from = sip_from_make(home, NOBODY);
	}
	if (!sip->sip_to) {
		if (!noted(sip, "To"))
			note(msg, "Missing To");
		sip->sip_to = sip_to_make(home, NOBODY);
	}
	if (!sip->sip_call_id || !*sip->sip_call_id->i_id) {
		if (!noted(sip, "Call-ID"))
			note(msg,
			     sip->sip_call_id ? "Call-ID" : "Missing Call-ID");
		/* one of its own, lest two such requests seem to be one */
		sip->sip_call_id = sip_call_id_create(home, NULL);
	}
}

static void mend_version(msg_t *msg, sip_t *sip)
{
	sip_request_t *rq = sip->sip_request;

	if (strcasecmp(rq->rq_version, SIP_VERSION_CURRENT) == 0)
		return;
	note(msg, "SIP-Version");
	rq->rq_version = SIP_VERSION_CURRENT;
}

static void count(struct firstline *f, msg_t *msg, const char *what)
{
	const su_sockaddr_t *su = msg_addr(msg);
	struct addr a = {.len = sizeof a.in6};

	memcpy(&a.in6, su, sizeof su->su_sin6);
	if (su->su_family == AF_INET)
		a.len = sizeof a.in;
	f->dropped++;
	f->what = what;
	addr_text(&a, f->peer);
}

static void mend_request(struct firstline *f, msg_t *msg, sip_t *sip)
{
	mend_version(msg, sip);
	mend_addresses(msg, sip);
	mend_cseq(msg, sip);
	if (!has_way_back(msg, sip)) {
		make_dropped(msg, sip);
		count(f, msg, "request without a Via that can be read");
	}
}

/* nta drops these, and lets their transactions time out. */
static void look_at_response(struct firstline *f, msg_t *msg, const sip_t *sip)
{
	if ((msg_extract_errors(msg) & FIRSTLINE_RESPONSE_MASK) ||
	    !sip->sip_via || !sip->sip_from || !sip->sip_to ||
	    !sip->sip_call_id || !sip->sip_cseq ||
	    strcasecmp(sip->sip_status->st_version, SIP_VERSION_CURRENT) != 0)
		count(f, msg, "response that can't be read");
}

/* On a stream nobody knows where it ends (RFC 3261 §20.14). */
static bool is_endless(const sip_t *sip)
{
	return (sip->sip_flags & MSG_FLG_BODY) && !sip->sip_content_length;
}

static int extract(struct firstline *f, msg_t *msg)
{
	sip_t *sip = sip_object(msg);
	bool in_head = !(sip->sip_flags & (MSG_FLG_BODY | MSG_FLG_COMPLETE));
	bool tidied = false, repeated = false;
	int r;

	if (in_head) {
		char *b = msg_buf_committed_data(msg);
		size_t n = msg_buf_committed(msg);
		size_t skip =
		    sip->sip_flags & MSG_FLG_HEADERS ? 0 : blanks(b, n);
		char length[16] = "";
		if (sip->sip_content_length)
			snprintf(
			    length, sizeof length, "%lu",
			    (unsigned long)sip->sip_content_length->l_length);
		tidied = tidy(b + skip, n - skip);
		repeated =
		    drop_repeated_length(b + skip, n - skip, str_z(length));
	}
	r = f->extract(msg);
	if (tidied)
		note(msg, "octet");
	if (repeated)
		note(msg, "Content-Length");
	if (r == 0 && is_endless(sip)) {
		note(msg, "Content-Length");
		msg_mark_as_complete(msg, MSG_FLG_ERROR);
		return -1;
	}
	if (r > 0 && sip->sip_request)
		mend_request(f, msg, sip);
	else if (r > 0 && sip->sip_status)
		look_at_response(f, msg, sip);
	return r;
}

int msg_extract(msg_t *msg)
{
	struct firstline *f = msg ? firstline_of(msg) : NULL;
	int (*real)(msg_t *);

	if (f)
		return extract(f, msg);
	real = dlsym(RTLD_NEXT, __func__);
	return real(msg);
}
