#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "sip/sip_priv.h"

#define HOST_MAX 255

static void refuse(struct refusal *r, int status, const char *phrase)
{
	r->status = status;
	r->phrase = phrase;
}

static bool host_ok(const char *z)
{
	size_t n = z ? strlen(z) : 0;

	if (n == 0 || n > HOST_MAX)
		return false;
	for (; *z; z++)
		if (!isalnum((unsigned char)*z) && !strchr(".-_:[]", *z))
			return false;
	return true;
}

static bool port_ok(const char *z)
{
	unsigned long v = 0;

	if (!z || !*z)
		return true;
	for (; *z; z++) {
		if (!isdigit((unsigned char)*z))
			return false;
		v = v * 10 + (unsigned long)(*z - '0');
		if (v > 65535)
			return false;
	}
	return v > 0;
}

/* sofia's url_param() reads past the end when the last parameter only begins
 * with the name it looks for, so a URI with ";lrx" may not get there. */
static bool params_ok(const char *z)
{
	static const char *const names[] = {"lr", "maddr"};

	while (z && *z) {
		size_t n = strcspn(z, ";");
		for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
			size_t len = strlen(names[i]);
			if (n > len && strncasecmp(z, names[i], len) == 0 &&
			    z[len] != '=')
				return false;
		}
		z += n;
		z += *z == ';';
	}
	return true;
}

/* Can nta send to it? (Its asserts and crashes on other URIs are the reason.)
 */
bool guard_target(const url_t *u)
{
	return (u->url_type == url_sip || u->url_type == url_sips) &&
	       host_ok(u->url_host) && port_ok(u->url_port) &&
	       params_ok(u->url_params);
}

bool guard_contact(const sip_contact_t *m)
{
	return m && !m->m_next && guard_target(m->m_url);
}

static bool party_ok(const url_t *u)
{
	switch (u->url_type) {
	case url_sip:
	case url_sips:
	case url_im:
	case url_pres:
		return host_ok(u->url_host) && params_ok(u->url_params);
	case url_tel:
		return true;
	default:
		return false;
	}
}

static bool is_word(const char *z)
{
	if (!*z)
		return false;
	for (; *z; z++)
		if (iscntrl((unsigned char)*z) || *z == ' ')
			return false;
	return true;
}

static void check_addresses(struct refusal *r, const sip_t *sip, bool inside)
{
	sip_method_t method = sip->sip_request->rq_method;

	if (!is_word(sip->sip_call_id->i_id))
		return refuse(r, 400, "Bad Call-ID");
	if (!sip->sip_from->a_tag || !*sip->sip_from->a_tag)
		return refuse(r, 400, "Missing From Tag");
	if (!party_ok(sip->sip_from->a_url))
		return refuse(r, 400, "Bad From");
	if (!party_ok(sip->sip_to->a_url))
		return refuse(r, 400, "Bad To");
	for (const sip_record_route_t *rr = sip->sip_record_route; rr;
	     rr = rr->r_next)
		if (!guard_target(rr->r_url))
			return refuse(r, 400, "Bad Record-Route");
	if (sip->sip_contact) {
		if (!guard_contact(sip->sip_contact) &&
		    (method != sip_method_options && method != sip_method_bye))
			return refuse(r, 400, "Bad Contact");
	} else if (method == sip_method_invite ||
		   method == sip_method_subscribe ||
		   method == sip_method_refer) {
		return refuse(r, 400, "Missing Contact");
	}
	if (!inside && sip->sip_to->a_tag)
		return refuse(r, 481, "Call/Transaction Does Not Exist");
}

static void check_method(struct refusal *r, const sip_t *sip, bool inside)
{
	switch (sip->sip_request->rq_method) {
	case sip_method_invite:
	case sip_method_subscribe:
	case sip_method_options:
	case sip_method_refer:
	case sip_method_message:
		return;
	case sip_method_bye:
	case sip_method_update:
	case sip_method_notify:
	case sip_method_info:
		if (!inside)
			refuse(r, 481, "Call/Transaction Does Not Exist");
		return;
	case sip_method_cancel: /* its INVITE would have been found before */
		return refuse(r, 481, "Call/Transaction Does Not Exist");
	case sip_method_unknown:
		refuse(r, 501, "Not Implemented");
		break;
	default:
		refuse(r, 405, "Method Not Allowed");
		break;
	}
	snprintf(r->headers, sizeof r->headers, "Allow: %s\r\n", SIP_ALLOW);
}

static void check_refer(struct refusal *r, const sip_t *sip)
{
	if (!sip->sip_refer_to)
		refuse(r, 400, "Missing Refer-To");
}

static bool has_unknown(const sip_t *sip, const char *name)
{
	for (const sip_unknown_t *u = sip->sip_unknown; u; u = u->un_next)
		if (u->un_name && strcasecmp(u->un_name, name) == 0)
			return true;
	return false;
}

/* One that can be read, in an INVITE, beside nothing of another meaning (RFC
 * 3891 §3). */
static void check_replaces(struct refusal *r, const sip_t *sip)
{
	if (!sip->sip_replaces)
		return;
	if (sip->sip_request->rq_method != sip_method_invite ||
	    has_unknown(sip, "Join"))
		refuse(r, 400, "Misplaced Replaces");
}

static bool known_extension(const char *option, bool inside)
{
	static const char *const known[] = {"timer", "replaces", "norefersub",
					    "tdialog", "multiple-refer"};

	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (strcasecmp(option, known[i]) == 0)
			return true;
	/* in an initial INVITE only (RFC 5366 §5.1) */
	return !inside && strcasecmp(option, "recipient-list-invite") == 0;
}

static void check_require(struct refusal *r, const sip_t *sip, bool inside)
{
	size_t n = 0;

	for (const sip_require_t *q = sip->sip_require; q; q = q->k_next) {
		msg_param_t const *item = q->k_items;
		for (; item && *item; item++) {
			if (known_extension(*item, inside))
				continue;
			int more =
			    snprintf(r->headers + n, sizeof r->headers - n,
				     "%s%s", n ? ", " : "Unsupported: ", *item);
			/* the rest is left out when there is no room */
			if (more < 0 ||
			    n + (size_t)more + 3 > sizeof r->headers)
				break;
			n += (size_t)more;
		}
	}
	if (!n)
		return;
	snprintf(r->headers + n, sizeof r->headers - n, "\r\n");
	refuse(r, 420, "Bad Extension");
}

static void check_body(struct refusal *r, const sip_t *sip)
{
	const sip_content_encoding_t *e = sip->sip_content_encoding;

	for (; e; e = e->k_next) {
		msg_param_t const *item = e->k_items;
		for (; item && *item; item++) {
			if (strcasecmp(*item, "identity") == 0)
				continue;
			snprintf(r->headers, sizeof r->headers,
				 "Accept-Encoding: identity\r\n");
			return refuse(r, 415, "Unsupported Media Type");
		}
	}
}

/* What can't be read, is there twice (Refer-To: RFC 3515 §2.4.2; Replaces: RFC
 * 3891 §3) or not at all (readfix.c). Other headers that can't be read are as
 * good as none (RFC 3261 §8.2.2). */
static const struct unreadable {
	const char *name;
	int status;
	const char *phrase;
	bool always; /* matters to a BYE, too */
} unreadable[] = {
    {"SIP-Version", SIP_505_VERSION_NOT_SUPPORTED, true},
    {"octet", 400, "Bad Octet in Header", true},
    {"Via", 400, "Bad Via", true},
    {"From", 400, "Bad From", true},
    {"Missing From", 400, "Missing From", true},
    {"To", 400, "Bad To", true},
    {"Missing To", 400, "Missing To", true},
    {"Call-ID", 400, "Bad Call-ID", true},
    {"Missing Call-ID", 400, "Missing Call-ID", true},
    {"CSeq", 400, "Bad CSeq", true},
    {"Missing CSeq", 400, "Missing CSeq", true},
    {"Max-Forwards", 400, "Bad Max-Forwards", false},
    {"Contact", 400, "Bad Contact", false},
    {"Record-Route", 400, "Bad Record-Route", false},
    {"Require", 400, "Bad Require", false},
    {"Content-Length", 400, "Bad Content-Length", false},
    {"Content-Type", 400, "Bad Content-Type", false},
    {"Content-Encoding", 400, "Bad Content-Encoding", false},
    {"Content-Disposition", 400, "Bad Content-Disposition", false},
    {"Expires", 400, "Bad Expires", false},
    {"Session-Expires", 400, "Bad Session-Expires", false},
    {"Min-SE", 400, "Bad Min-SE", false},
    {"Event", 400, "Bad Event", false},
    {"Subscription-State", 400, "Bad Subscription-State", false},
    {"Refer-To", 400, "Bad Refer-To", false},
    {"Replaces", 400, "Bad Replaces", false},
    {"Privacy", 400, "Bad Privacy", false},
};

static const struct unreadable *find_unreadable(const char *name)
{
	for (size_t i = 0; i < sizeof unreadable / sizeof *unreadable; i++)
		if (strcasecmp(unreadable[i].name, name) == 0)
			return &unreadable[i];
	return NULL;
}

static void check_readable(struct refusal *r, const sip_t *sip)
{
	bool bye = sip->sip_request->rq_method == sip_method_bye;

	for (const sip_error_t *e = sip->sip_error; e; e = e->er_next) {
		const char *name = readfix_name(e);
		const struct unreadable *u =
		    name ? find_unreadable(name) : NULL;
		if (u && (u->always || !bye))
			return refuse(r, u->status, u->phrase);
	}
	if (firstline_lacks_uri(sip->sip_request->rq_url))
		refuse(r, 400, "Bad Request-URI");
}

void guard_check(struct refusal *r, const sip_t *sip, bool inside)
{
	const url_t *uri = sip->sip_request->rq_url;

	*r = (struct refusal){0};
	check_readable(r, sip);
	if (r->status)
		return;
	check_method(r, sip, inside);
	if (r->status)
		return;
	if (uri->url_type != url_sip && uri->url_type != url_sips)
		return refuse(r, 416, "Unsupported URI Scheme");
	if (!party_ok(uri))
		return refuse(r, 400, "Bad Request-URI");
	check_addresses(r, sip, inside);
	if (!r->status && sip->sip_request->rq_method == sip_method_refer)
		check_refer(r, sip);
	if (!r->status)
		check_replaces(r, sip);
	if (!r->status)
		check_require(r, sip, inside);
	if (!r->status)
		check_body(r, sip);
}
