/* Statuses and conditions of SIP, MSRP and XMPP in each other's words (RFC 7247
 * §7). Pure. */
#pragma once

#include "conference/model.h"
#include "xmpp/stanza.h"

/* A final SIP status as stanza error (table A, ERR-1); 0 = no answer came.
 * retry_after: the response had one, so its type is wait (ERR-7). */
struct stanza_error map_sip_to_error(int status, bool retry_after);

/* What decides where a condition alone does not. */
struct map_error_context {
	bool address;	/* gone, redirect: a new address is known (goes into
			   Contact) */
	bool no_dialog; /* the request was sent outside a dialog */
	bool room_lost; /* item-not-found is about the room of this session */
	bool size;	/* policy-violation is about the message's size */
	bool private;	/* the message was a private one */
};
/* A stanza error as the status to send to an INVITE, SUBSCRIBE or REFER, to a
 * SEND, to a NICKNAME (table B; ERR-8 for conditions that we don't know). */
int map_error_to_sip(struct stanza_error e, struct map_error_context c);
int map_error_to_send(struct stanza_error e, struct map_error_context c);
int map_error_to_nickname(struct stanza_error e);
/* The same as a neutral reason: why a room elsewhere refused a join, a message
 * (c: of what sort), a nickname. Its status is that of the function above, but
 * what is no status of its kind (302, 491) is the nearest that is. */
enum reason_code map_error_to_refusal(struct stanza_error e);
enum reason_code map_error_to_unsaid(struct stanza_error e,
				     struct map_error_context c);
enum reason_code map_error_to_bad_nick(struct stanza_error e);
/* Seconds of Retry-After that go with such a SIP status, 0 = none (ERR-7). */
unsigned map_retry_after(struct stanza_error e, int sip_status);

/* An MSRP status of a response or a REPORT as stanza error (table C); 0 and
 * 408: silence. nickname: it answered a NICKNAME. 200 is no error: {NULL,
 * NULL}. */
struct stanza_error map_msrp_to_error(int status, bool nickname);

/* The neutral reasons. Of one that ended an occupant the SIP status is the
 * cause of the BYE's Reason header. REASON_OK: 200, no error. */
int map_reason_to_sip(enum reason_code r);
int map_reason_to_send(enum reason_code r);
int map_reason_to_nickname(enum reason_code r);
struct stanza_error map_reason_to_error(enum reason_code r);
/* And back: what a final status of an INVITE, SUBSCRIBE or REFER (0: none
 * came), of a SEND or of a NICKNAME means; its error is that of table A or
 * C. */
enum reason_code map_sip_to_reason(int status);
enum reason_code map_msrp_to_reason(int status, bool nickname);
/* Why somebody is out of the room, as the cause of a BYE says it (0: none);
 * the other way as above (X2S-31). */
enum reason_code map_bye_to_reason(int cause);
/* The muc#user status code with which an occupant leaves for this reason, 0 =
 * none. */
int map_reason_to_muc_status(enum reason_code r);
/* RFC 4575 §5.7.6: "departed", "booted", "failed" (EVENT-22). */
struct str map_reason_to_disconnection(enum reason_code r);

/* A text as reason phrase, cleaned of controls, 200 characters (ERR-5). */
void map_phrase(struct buf *out, struct str text);
