#include "base/dns_codec.h"

#include <ldns/rbtree.h>

#include <ldns/dname.h>
#include <ldns/host2wire.h>
#include <ldns/packet.h>
#include <ldns/wire2host.h>
#include <stdlib.h>

#include "base/err.h"

#define ALIASES_MAX  16
#define RECORDS_MAX  128
#define UDP_SIZE     1232 /* reaches everybody unfragmented */
#define LABEL_MAX    63
#define TYPE(number) ((ldns_rr_type)(number))

static bool name_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
	       c == '_';
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

bool dns_name(struct str name, char z[DNS_NAME_MAX + 1])
{
	size_t label = 0;

	if (str_ends(name, STR(".")))
		name.n--;
	if (name.n == 0 || name.n > DNS_NAME_MAX)
		return false;
	for (size_t i = 0; i < name.n; i++) {
		z[i] = lower(name.p[i]);
		if (z[i] == '.' && label > 0)
			label = 0;
		else if (!name_char(z[i]) || ++label > LABEL_MAX)
			return false;
	}
	z[name.n] = '\0';
	return label > 0;
}

void dns_put_query(struct buf *b, const char *name, enum dns_type type,
		   uint16_t id, bool edns)
{
	ldns_rdf *dname = ldns_dname_new_frm_str(name);
	uint8_t *wire = NULL;
	ldns_pkt *p;
	size_t n;

	p = dname ? ldns_pkt_query_new(dname, TYPE(type), LDNS_RR_CLASS_IN,
				       LDNS_RD)
		  : NULL;
	if (!p)
		abort(); /* the name has been checked: out of memory */
	ldns_pkt_set_id(p, id);
	if (edns)
		ldns_pkt_set_edns_udp_size(p, UDP_SIZE);
	if (ldns_pkt2wire(&wire, p, &n) != LDNS_STATUS_OK)
		abort();
	buf_add(b, str_of((const char *)wire, n));
	free(wire);
	ldns_pkt_free(p);
}

/* Empty for the root. False: no name for us. */
static bool name_text(const ldns_rdf *dname, char z[DNS_NAME_MAX + 1])
{
	const uint8_t *p = ldns_rdf_data(dname);
	size_t n = ldns_rdf_size(dname), at = 0, out = 0;
	char dotted[LDNS_MAX_DOMAINLEN + 1];

	z[0] = '\0';
	if (n == 1)
		return p[0] == 0;
	while (at < n && p[at]) {
		size_t label = p[at++];

		if (label > LABEL_MAX || at + label >= n)
			return false;
		if (memchr(p + at, '.', label))
			return false;
		memcpy(dotted + out, p + at, label);
		at += label;
		out += label;
		dotted[out++] = '.';
	}
	return dns_name(str_of(dotted, out), z);
}

static bool dname_field(const ldns_rr *rr, size_t i, struct arena *a,
			struct str *out)
{
	char z[DNS_NAME_MAX + 1];

	if (!name_text(ldns_rr_rdf(rr, i), z))
		return false;
	*out = arena_dup(a, str_z(z));
	return out->p != NULL;
}

/* Printable ASCII, for nothing else can be meant for us. */
static bool text_field(const ldns_rr *rr, size_t i, struct arena *a,
		       struct str *out)
{
	const ldns_rdf *f = ldns_rr_rdf(rr, i);
	struct str s;

	if (ldns_rdf_size(f) == 0)
		return false;
	s = str_of((const char *)ldns_rdf_data(f) + 1, ldns_rdf_size(f) - 1);
	for (size_t k = 0; k < s.n; k++)
		if (s.p[k] < ' ' || s.p[k] > '~')
			return false;
	*out = arena_dup(a, s);
	return out->p != NULL;
}

static uint16_t number_field(const ldns_rr *rr, size_t i)
{
	const ldns_rdf *f = ldns_rr_rdf(rr, i);

	return ldns_rdf_size(f) == 2 ? ldns_rdf2native_int16(f) : 0;
}

static bool read_address(const ldns_rr *rr, enum dns_type type,
			 struct addr *out)
{
	const ldns_rdf *f = ldns_rr_rdf(rr, 0);
	size_t n = type == DNS_A ? 4 : 16;

	if (ldns_rdf_size(f) != n)
		return false;
	if (type == DNS_A) {
		out->in.sin_family = AF_INET;
		memcpy(&out->in.sin_addr, ldns_rdf_data(f), n);
		out->len = sizeof(out->in);
	} else {
		out->in6.sin6_family = AF_INET6;
		memcpy(&out->in6.sin6_addr, ldns_rdf_data(f), n);
		out->len = sizeof(out->in6);
	}
	return true;
}

static size_t fields_of(enum dns_type type)
{
	return type == DNS_SRV ? 4 : type == DNS_NAPTR ? 6 : 1;
}

/* False: of no use; the other records count. */
static bool read_record(const ldns_rr *rr, enum dns_type type, struct arena *a,
			struct dns_record *out)
{
	*out = (struct dns_record){0};
	if (ldns_rr_rd_count(rr) != fields_of(type))
		return false;
	switch (type) {
	case DNS_A:
	case DNS_AAAA:
		return read_address(rr, type, &out->addr);
	case DNS_SRV:
		out->srv.priority = number_field(rr, 0);
		out->srv.weight = number_field(rr, 1);
		out->srv.port = number_field(rr, 2);
		return dname_field(rr, 3, a, &out->srv.target);
	case DNS_NAPTR:
		out->naptr.order = number_field(rr, 0);
		out->naptr.preference = number_field(rr, 1);
		return text_field(rr, 2, a, &out->naptr.flags) &&
		       text_field(rr, 3, a, &out->naptr.service) &&
		       text_field(rr, 4, a, &out->naptr.regexp) &&
		       dname_field(rr, 5, a, &out->naptr.replacement);
	}
	return false;
}

/* --- the sections of a reply --- */

static bool is_of(const ldns_rr *rr, const ldns_rdf *owner, ldns_rr_type type)
{
	return ldns_rr_get_type(rr) == type &&
	       ldns_rr_get_class(rr) == LDNS_RR_CLASS_IN &&
	       (!owner || ldns_dname_compare(ldns_rr_owner(rr), owner) == 0);
}

static void less(uint32_t *ttl, const ldns_rr *rr)
{
	if (ldns_rr_ttl(rr) < *ttl)
		*ttl = ldns_rr_ttl(rr);
}

/* What the owner's alias stands for, or NULL. */
static const ldns_rdf *alias_of(const ldns_rr_list *l, const ldns_rdf *owner,
				uint32_t *ttl)
{
	for (size_t i = 0; i < ldns_rr_list_rr_count(l); i++) {
		const ldns_rr *rr = ldns_rr_list_rr(l, i);

		if (!is_of(rr, owner, LDNS_RR_TYPE_CNAME) ||
		    ldns_rr_rd_count(rr) != 1)
			continue;
		less(ttl, rr);
		return ldns_rr_rdf(rr, 0);
	}
	return NULL;
}

static size_t take_records(const ldns_rr_list *l, const ldns_rdf *owner,
			   enum dns_type type, struct arena *a,
			   struct dns_answer *out)
{
	struct dns_record *r;
	size_t n = 0;

	for (size_t i = 0; i < ldns_rr_list_rr_count(l); i++)
		n += is_of(ldns_rr_list_rr(l, i), owner, TYPE(type));
	if (n > RECORDS_MAX)
		n = RECORDS_MAX;
	r = n ? arena_alloc(a, n * sizeof(*r)) : NULL;
	if (!r)
		return 0;
	out->record = r;
	for (size_t i = 0; i < ldns_rr_list_rr_count(l) && out->n < n; i++) {
		const ldns_rr *rr = ldns_rr_list_rr(l, i);

		if (is_of(rr, owner, TYPE(type)) &&
		    read_record(rr, type, a, &r[out->n])) {
			less(&out->ttl_s, rr);
			out->n++;
		}
	}
	return n;
}

/* How long there will be nothing (RFC 2308 §5): 0 if that is not said. */
static uint32_t negative_ttl(const ldns_rr_list *authority)
{
	for (size_t i = 0; i < ldns_rr_list_rr_count(authority); i++) {
		const ldns_rr *rr = ldns_rr_list_rr(authority, i);
		uint32_t minimum;

		if (!is_of(rr, NULL, LDNS_RR_TYPE_SOA) ||
		    ldns_rr_rd_count(rr) != 7 ||
		    ldns_rdf_size(ldns_rr_rdf(rr, 6)) != 4)
			continue;
		minimum = ldns_rdf2native_int32(ldns_rr_rdf(rr, 6));
		less(&minimum, rr);
		return minimum;
	}
	return 0;
}

/* Points to other servers in place of an answer (RFC 2308 §2.2). */
static bool is_referral(const ldns_rr_list *authority)
{
	for (size_t i = 0; i < ldns_rr_list_rr_count(authority); i++)
		if (is_of(ldns_rr_list_rr(authority, i), NULL, LDNS_RR_TYPE_NS))
			return true;
	return false;
}

static void read_nothing(const ldns_pkt *p, const ldns_rdf *owner, bool aliased,
			 struct dns_reply *out)
{
	const ldns_rr_list *authority = ldns_pkt_authority(p);

	out->alias_ttl_s = out->answer.ttl_s;
	out->answer.ttl_s = negative_ttl(authority);
	out->answer.status = DNS_NO_DATA;
	if (ldns_pkt_get_rcode(p) == LDNS_RCODE_NXDOMAIN)
		out->answer.status = DNS_NO_NAME;
	else if (out->answer.ttl_s == 0 && aliased &&
		 name_text(owner, out->alias) && out->alias[0])
		out->kind = DNS_REPLY_ALIAS;
	else if (out->answer.ttl_s == 0 && is_referral(authority))
		out->kind = DNS_REPLY_REFUSED;
}

static void read_sections(const ldns_pkt *p, enum dns_type type,
			  struct arena *a, struct dns_reply *out)
{
	const ldns_rr_list *answers = ldns_pkt_answer(p);
	const ldns_rdf *owner =
	    ldns_rr_owner(ldns_rr_list_rr(ldns_pkt_question(p), 0));
	unsigned aliases = 0;

	out->answer.ttl_s = UINT32_MAX;
	for (;;) {
		const ldns_rdf *next;

		if (take_records(answers, owner, type, a, &out->answer) ||
		    aliases == ALIASES_MAX)
			break;
		next = alias_of(answers, owner, &out->answer.ttl_s);
		if (!next)
			break;
		owner = next;
		aliases++;
	}
	if (out->answer.n)
		out->answer.status = DNS_FOUND;
	else if (aliases == ALIASES_MAX) /* a loop */
		out->kind = DNS_REPLY_REFUSED;
	else
		read_nothing(p, owner, aliases > 0, out);
}

/* Is this a reply to that question? The id alone would be too easily guessed
 * (RFC 5452 §9). */
static bool is_reply_to(const uint8_t *wire, size_t n, const char *name,
			enum dns_type type, uint16_t id)
{
	char asked[DNS_NAME_MAX + 1];
	size_t pos = LDNS_HEADER_SIZE;
	ldns_rr *rr = NULL;
	bool same;

	if (n < LDNS_HEADER_SIZE || LDNS_ID_WIRE(wire) != id ||
	    !LDNS_QR_WIRE(wire) || LDNS_OPCODE_WIRE(wire) != 0 ||
	    LDNS_QDCOUNT(wire) != 1 ||
	    ldns_wire2rr(&rr, wire, n, &pos, LDNS_SECTION_QUESTION) !=
		LDNS_STATUS_OK)
		return false;
	same = ldns_rr_get_type(rr) == TYPE(type) &&
	       ldns_rr_get_class(rr) == LDNS_RR_CLASS_IN &&
	       name_text(ldns_rr_owner(rr), asked) && strcmp(asked, name) == 0;
	ldns_rr_free(rr);
	return same;
}

int dns_read_reply(struct str bytes, const char *name, enum dns_type type,
		   uint16_t id, struct arena *a, struct dns_reply *out)
{
	const uint8_t *wire = (const uint8_t *)bytes.p;
	ldns_pkt *p = NULL;

	*out = (struct dns_reply){0};
	if (!is_reply_to(wire, bytes.n, name, type, id))
		return ERR_STATE;
	if (LDNS_TC_WIRE(wire)) {
		out->kind = DNS_REPLY_TRUNCATED;
		return 0;
	}
	if (bytes.n > DNS_REPLY_MAX ||
	    ldns_wire2pkt(&p, wire, bytes.n) != LDNS_STATUS_OK)
		return ERR_SYNTAX;
	if (ldns_pkt_get_rcode(p) == LDNS_RCODE_NOERROR ||
	    ldns_pkt_get_rcode(p) == LDNS_RCODE_NXDOMAIN)
		read_sections(p, type, a, out);
	else
		out->kind = DNS_REPLY_REFUSED;
	ldns_pkt_free(p);
	return 0;
}
