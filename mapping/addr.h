/* SIP URIs and JIDs, each written in the other world's form (RFC 7247 §6, RFC
 * 7702, XEP-0106, RFC 7622). Pure. */
#pragma once

#include "base/buf.h"

/* The names below USERS and ROOMS are the same in both worlds; below FOREIGN,
 * our component of all other SIP users, they are user\40host; NATIVE are XMPP's
 * domains for which SIP requests come to us. */
enum map_domain_kind {
	MAP_DOMAIN_USERS,
	MAP_DOMAIN_ROOMS,
	MAP_DOMAIN_FOREIGN,
	MAP_DOMAIN_NATIVE,
};

struct map_domain {
	struct str name; /* prepared: map_prep_domain() */
	enum map_domain_kind kind;
};

/* Borrowed. Without a gateway host (GH) every XMPP domain is taken as native;
 * without a foreign domain other SIP users have no JID (404). */
struct map_domains {
	const struct map_domain *domains;
	size_t n;
	struct str gateway_host;
};

/* A sip:, tel:, im:, pres: or xmpp: URI as JID, prepared, with the resource
 * that gr= names (RFC 7247 §6.4, ADDR-1 to -6, -12 to -24, -26). Appends to
 * out. On refusal the result is negative, *status the SIP status owed (400,
 * 404, or 480 with Warning 380 for sips:), and what was appended to out is
 * unspecified. */
int map_sip_to_jid(const struct map_domains *d, struct str uri, struct buf *out,
		   int *status);

/* A JID as SIP URI, with gr= for a resource (RFC 7247 §6.2, ADDR-7, -8, -10,
 * -14 to -16, -21). The JID need not be prepared. On refusal negative, with
 * *condition "jid-malformed" or "item-not-found". */
int map_jid_to_sip(const struct map_domains *d, struct str jid, struct buf *out,
		   const char **condition);

/* The URI of a room or of one of its occupants (RFC 7702 §5.4, ADDR-19), sips:
 * too (ADDR-22): "name@domain", prepared, into room; the nickname that gr=
 * names, as it is written there, into nick (nothing is added without gr=; nick
 * may be NULL). As above. */
int map_sip_to_room(struct str uri, struct buf *room, struct buf *nick,
		    int *status);

/* The other way: room "name@domain" as "sip:name@domain", and with ";gr=nick"
 * for a nick that is not empty. ERR_SYNTAX for a room without a name. */
int map_room_to_sip(struct buf *out, struct str room, struct str nick);

/* A room elsewhere as people write it at one of our domains (ADDR-29):
 * room%domain@ours and room\40domain@ours, prepared, are room@domain, which is
 * appended. 1, or 0 for a room of its own domain; ERR_PREPARE. */
int map_room_elsewhere(struct str room, struct buf *out);

/* XEP-0106: the ten characters, and a backslash that would read as one of their
 * sequences (ADDR-2, -3). ERR_PREPARE: a space at either end (ADDR-4). */
int map_escape(struct buf *out, struct str in);
void map_unescape(struct buf *out, struct str in);

/* The parts of a JID in the form in which they are compared (RFC 7622 §3). A
 * domain gets lower-case U-labels and loses one trailing dot. ERR_PREPARE,
 * ERR_UTF8, ERR_SYNTAX. */
int map_prep_local(struct buf *out, struct str in);
int map_prep_domain(struct buf *out, struct str in);
int map_prep_resource(struct buf *out, struct str in);
/* A whole JID. */
int map_prep_jid(struct buf *out, struct str in);
/* A prepared domain as SIP writes it: A-labels (ADDR-23). ERR_PREPARE. */
int map_domain_to_ascii(struct buf *out, struct str domain);
