/* Messages: CPIM entities and stanza payloads <-> the neutral message (RFC
 * 7572, RFC 7702 §5.5, §6.3; the rules BODY-*). Pure.
 *
 * Neutral parts are text/plain (one or several, told apart by language),
 * text/html (sanitized XHTML, beside its text/plain), MAP_TYPE_COMPOSING with
 * the body "active" or "idle", MAP_TYPE_LINK with the URL as its body, and any
 * other type with its octets. */
#pragma once

#include "conference/model.h"
#include "msrp/cpim.h"
#include "xmpp/stanza.h"

#define MAP_TYPE_COMPOSING "application/im-iscomposing+xml"
#define MAP_TYPE_LINK	   "message/external-body"
/* What a stanza can hold of what SIP users send; all else is refused with 415
 * (BODY-12). */
#define MAP_WRAPPED_TYPES                                                      \
	"text/plain text/html " MAP_TYPE_LINK " " MAP_TYPE_COMPOSING
#define MAP_STANZA_OVERHEAD 4096 /* of a stanza, for what is not its body */
#define MAP_NS_RECEIPTS	    "urn:xmpp:receipts"
#define MAP_STANZA_MAX	    65536

/* How one session wants its messages; zeroed: a room of ours, no language. */
struct map_message_cfg {
	struct str language; /* the receiver's; empty = none said (BODY-2) */
	bool room_elsewhere; /* the other side is a remote room (BODY-12,
				BODY-27) */
	size_t stanza_max;   /* octets of a stanza there; 0 = MAP_STANZA_MAX */
	bool composing_in_rooms; /* typing notices outside private messages
				    (BODY-14) */
};

/* Fills subject, language, parts and transient of m. c must have been parsed
 * with m->arena from bytes that live as long as m (m->form[WORLD_SIP]): m then
 * holds slices of them. Returns the MSRP status for the sender: 200, 400 (bad
 * UTF-8), 413, 415. */
int map_cpim_to_message(const struct cpim *c, const struct map_message_cfg *cfg,
			struct message *m);

/* Makes the message, whatever its parts are, one whose content is to be
 * fetched: a file of this name (without quotes and controls) and size. False:
 * its arena is full, and nothing changed. */
bool map_put_link(struct message *m, struct str url, struct str name,
		  uint64_t size);
/* "photo.png (204800 octets)", for people; nothing of a link that says neither.
 */
void map_add_file(struct buf *out, const struct part *link);

/* Is it a subject change: a subject and nothing else (S2X-37, X2S-46)? */
bool map_is_subject(const struct message *m);

/* Was it written so long before it came that people should know (BODY-30)? */
bool map_is_late(const struct message *m);

/* The whole message/cpim entity for a SIP user: DateTime when it was written,
 * but never in the future, CR LF, the body in the receiver's language. False
 * (nothing added): it holds nothing for SIP users. */
bool map_message_to_cpim(struct buf *out, const struct message *m,
			 struct cpim_addr from, struct cpim_addr to,
			 const struct map_message_cfg *cfg);
/* The wrapped type of what it would write, for accept-wrapped-types:
 * "text/plain" or MAP_TYPE_COMPOSING; empty = nothing. */
struct str map_message_sip_type(const struct message *m,
				const struct map_message_cfg *cfg);

/* Fills client_id, subject, language, parts, no_store and transient of m from a
 * <message/>; private must be set before. What SIP users can't be told leaves
 * no parts. 0, ERR_TOO_BIG (m's arena is full). */
int map_stanza_to_message(const struct xnode *stanza,
			  const struct map_message_cfg *cfg, struct message *m);

/* The children of a <message/> of a user, to be passed to XMPP users as they
 * are, less what only a service may say: muc#user, occupant-id, stanza-id by
 * this room ("name@domain"), delay from it (X2S-37, X2S-38, PRIV-7). */
void map_stanza_payload(struct buf *out, const struct xnode *stanza,
			struct str room);

/* The children of a <message/> for XMPP users: body, subject, xhtml-im, oob,
 * chat state, or a notice in place of a type that XMPP users can't take or of
 * what no stanza of cfg->stanza_max can hold (CHAT-20). False (nothing added):
 * it holds nothing for them. */
bool map_message_to_payload(struct buf *out, const struct message *m,
			    const struct map_message_cfg *cfg);
/* Is the payload, escaped, within what a stanza may take there (BODY-27)? */
bool map_fits_stanza(const struct message *m,
		     const struct map_message_cfg *cfg);
