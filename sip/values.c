#include <stdlib.h>
#include <string.h>

#include <sofia-sip/sip_extra.h>

#include "base/buf.h"
#include "base/net.h"
#include "base/scan.h"
#include "sip/sip_priv.h"

/* sofia keeps the line ends of a folded value, even inside a quoted string; for
 * whoever reads values one a line they would be separators (RFC 3261 §7.3.1: a
 * fold is the same as a space). */
static char *unfold(char *z, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (z[i] == '\r' || z[i] == '\n')
			z[i] = ' ';
	return z;
}

static char *unfolded(su_home_t *home, const char *value)
{
	char *z = su_strdup(home, value);

	if (!z)
		abort();
	return unfold(z, strlen(z));
}

/* What sofia's encoders leave free at the end: the last word of a value that
 * just fits is not written. */
#define ENCODER_SPARE 2

/* In place of sip_header_as_string, which loses the end of some long values. */
struct str value_of(su_home_t *home, const void *header)
{
	char few[256], *z;
	issize_t n;

	if (!header)
		return STR_NONE;
	n = sip_header_field_e(few, sizeof few, header, 0);
	if (n < 0)
		return STR_NONE;
	z = su_zalloc(home, n + ENCODER_SPARE);
	if (!z)
		abort();
	if ((size_t)n + ENCODER_SPARE <= sizeof few)
		memcpy(z, few, (size_t)n);
	else
		sip_header_field_e(z, n + ENCODER_SPARE, header, 0);
	return str_of(unfold(z, (size_t)n), (size_t)n);
}

struct str value_uri(su_home_t *home, const url_t *url)
{
	return str_z(url_as_string(home, url));
}

char *value_z(su_home_t *home, struct str s)
{
	return s.n ? su_strndup(home, s.p, (isize_t)s.n) : NULL;
}

bool value_has_header(struct str headers, struct str name)
{
	struct scan s = scan_of(headers);

	while (!scan_done(&s)) {
		struct str line = scan_line(&s);
		if (str_ieq(str_trim(str_split(&line, ':')), name))
			return true;
	}
	return false;
}

/* All headers of one name as one value, joined by sep. */
static struct str list_of(su_home_t *home, const void *header, const char *sep)
{
	const sip_header_t *h = header;
	char *z = NULL;

	for (; h; h = h->sh_next) {
		const char *one = value_of(home, h).p;
		if (!one)
			break;
		z = su_sprintf(home, "%s%s%s", z ? z : "", z ? sep : "", one);
	}
	return str_z(z);
}

/* Headers that have no field: as lines. */
static struct str further(su_home_t *home, const sip_t *sip)
{
	/* the library's macro for this one takes no const message */
	sip_t *open = (sip_t *)(uintptr_t)sip;
	const struct {
		const char *name;
		const void *header;
	} known[] = {
	    {"Max-Forwards", sip->sip_max_forwards},
	    {"Retry-After", sip->sip_retry_after},
	    {"Min-Expires", sip->sip_min_expires},
	    {"Allow", sip->sip_allow},
	    {"Allow-Events", sip->sip_allow_events},
	    {"Unsupported", sip->sip_unsupported},
	    {"Warning", sip->sip_warning},
	    {"WWW-Authenticate", sip->sip_www_authenticate},
	    {"Proxy-Authenticate", sip->sip_proxy_authenticate},
	    {"Content-Disposition", sip->sip_content_disposition},
	    {"Refer-Sub", sip_refer_sub(open)},
	};
	struct buf b = BUF_INIT(65536);
	char *z;

	for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
		const sip_header_t *h = known[i].header;
		for (; h; h = h->sh_next)
			buf_addf(&b, "%s: %.*s\r\n", known[i].name,
				 STR_ARG(value_of(home, h)));
	}
	for (const sip_unknown_t *u = sip->sip_unknown; u; u = u->un_next)
		if (u->un_name && u->un_value)
			buf_addf(&b, "%s: %s\r\n", u->un_name,
				 unfolded(home, u->un_value));
	z = b.err ? NULL : value_z(home, buf_str(&b));
	buf_done(&b);
	return str_z(z);
}

/* Puts each value of a comma-separated list on a line of its own; commas in
 * quotes and angle brackets separate nothing. */
static char *split_list(char *z)
{
	bool quoted = false, bracketed = false;

	for (char *p = z; *p; p++) {
		if (quoted) {
			if (*p == '\\' && p[1])
				p++;
			else if (*p == '"')
				quoted = false;
		} else if (*p == '"') {
			quoted = true;
		} else if (*p == '<' || *p == '>') {
			bracketed = *p == '<';
		} else if (*p == ',' && !bracketed) {
			*p = '\n';
		}
	}
	return z;
}

/* All values of headers that the parser does not know, one a line. */
static struct str unknown(su_home_t *home, const sip_t *sip, const char *name)
{
	char *z = NULL;

	for (const sip_unknown_t *u = sip->sip_unknown; u; u = u->un_next) {
		if (!u->un_name || !u->un_value || strcasecmp(u->un_name, name))
			continue;
		char *one = split_list(unfolded(home, u->un_value));
		z = z ? su_sprintf(home, "%s\n%s", z, one) : one;
	}
	return str_z(z);
}

void values_fill(su_home_t *home, const sip_t *sip, struct port_msg *m)
{
	if (sip->sip_request) {
		m->f[PORT_F_METHOD] = str_z(sip->sip_request->rq_method_name);
		m->f[PORT_F_RURI] = value_uri(home, sip->sip_request->rq_url);
	}
	if (sip->sip_status) {
		m->status = sip->sip_status->st_status;
		m->f[PORT_F_REASON] = str_z(sip->sip_status->st_phrase);
	}
	m->cseq = sip->sip_cseq->cs_seq;
	m->expires =
	    sip->sip_expires ? (int64_t)sip->sip_expires->ex_delta : -1;
	m->f[PORT_F_FROM] = value_of(home, sip->sip_from);
	m->f[PORT_F_TO] = value_of(home, sip->sip_to);
	m->f[PORT_F_FROM_TAG] = str_z(sip->sip_from->a_tag);
	m->f[PORT_F_TO_TAG] = str_z(sip->sip_to->a_tag);
	m->f[PORT_F_CALL_ID] = str_z(sip->sip_call_id->i_id);
	if (sip->sip_contact)
		m->f[PORT_F_CONTACT] = value_uri(home, sip->sip_contact->m_url);
	m->f[PORT_F_IDENTITY] = unknown(home, sip, "P-Asserted-Identity");
	m->f[PORT_F_PRIVACY] = value_of(home, sip->sip_privacy);
	m->f[PORT_F_USER_AGENT] = sip->sip_user_agent
				      ? value_of(home, sip->sip_user_agent)
				      : value_of(home, sip->sip_server);
	m->f[PORT_F_SUPPORTED] = list_of(home, sip->sip_supported, ", ");
	m->f[PORT_F_REQUIRE] = list_of(home, sip->sip_require, ", ");
	m->f[PORT_F_ACCEPT] = list_of(home, sip->sip_accept, ", ");
	m->f[PORT_F_EVENT] = value_of(home, sip->sip_event);
	m->f[PORT_F_SUB_STATE] = value_of(home, sip->sip_subscription_state);
	m->f[PORT_F_SUBJECT] = value_of(home, sip->sip_subject);
	m->f[PORT_F_SESSION_EXPIRES] = value_of(home, sip->sip_session_expires);
	m->f[PORT_F_MIN_SE] = value_of(home, sip->sip_min_se);
	m->f[PORT_F_REFER_TO] = list_of(home, sip->sip_refer_to, "\n");
	m->f[PORT_F_REFERRED_BY] = value_of(home, sip->sip_referred_by);
	m->f[PORT_F_REPLACES] = value_of(home, sip->sip_replaces);
	m->f[PORT_F_AUTHORIZATION] =
	    list_of(home, sip->sip_authorization, "\n");
	m->f[PORT_F_SIP_REASON] = list_of(home, sip->sip_reason, ", ");
	m->f[PORT_F_TYPE] = value_of(home, sip->sip_content_type);
	if (sip->sip_payload)
		m->f[PORT_F_BODY] =
		    str_of(sip->sip_payload->pl_data, sip->sip_payload->pl_len);
	m->f[PORT_F_HEADERS] = further(home, sip);
}
