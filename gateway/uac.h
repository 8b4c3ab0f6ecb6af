/* Requests of ours to other SIP servers, as their client: to the next of the
 * addresses that a name has (gateway/hops.h), and once more with credentials
 * where a server asks for them (RFC 3261 §22). */
#pragma once

#include "gateway/hops.h"

struct uac;

struct uac_cfg {
	struct loop *loop;
	struct dns *dns;
	const struct config *config;
	/* To the SIP process, and a fresh id for a request. */
	void (*send)(void *user, const struct port_msg *m);
	uint64_t (*request_id)(void *user);
	void *user;
};

struct uac *uac_new(const struct uac_cfg *cfg);
void uac_free(struct uac *u); /* drops what is under way; NULL is fine */

/* Whose credentials: of this user (bare JID) at this domain. */
struct uac_login {
	struct str domain, user;
};
/* A PORT_RESPONSE, the last that comes; before it PORT_PROGRESS. */
typedef void uac_fn(void *user, const struct port_msg *m);
/* Sends a PORT_DIAL or PORT_SEND, whose req is chosen here and whose RURI is
 * known in either case; returns what names the request until its outcome. fn is
 * never called from within; NULL: nobody wants to know. */
uint64_t uac_send(struct uac *u, const struct port_msg *m,
		  const struct uac_login *login, uac_fn *fn, void *user);
/* Takes an INVITE back; its outcome still comes. */
void uac_hang_up(struct uac *u, uint64_t request);
/* Nobody wants to know its outcome any more. 0 and unknown ones are fine. */
void uac_forget(struct uac *u, uint64_t request);
/* PORT_RESPONSE, PORT_PROGRESS: true if it was of one of these requests. */
bool uac_event(struct uac *u, const struct port_msg *m);
/* Is there anything without an outcome? */
bool uac_busy(const struct uac *u);
