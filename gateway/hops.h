/* Requests of ours outside dialogs whose target is a name: they wait until its
 * addresses are known, and go to the next one where one fails (RFC 3263 §4.3).
 * In front of the SIP process, which then need not resolve them. */
#pragma once

#include "base/dns.h"
#include "gateway/config.h"
#include "gateway/locate.h"
#include "sip/port.h"

struct hops;

struct hops_cfg {
	struct loop *loop;
	struct dns *dns;
	const struct config *config;
	/* To the SIP process. */
	void (*send)(void *user, const struct port_msg *m);
	/* A PORT_RESPONSE of our own: the name leads nowhere. */
	void (*answer)(void *user, const struct port_msg *m);
	void *user;
};

/* What requests can be sent by: we have listeners for it. */
struct locate_by hops_by(const struct config *c);

struct hops *hops_new(const struct hops_cfg *cfg);
void hops_free(struct hops *h); /* drops what waits; NULL is fine */
/* PORT_DIAL, PORT_HANG_UP. */
void hops_send(struct hops *h, const struct port_msg *m);
/* A PORT_RESPONSE: true if the request is on its way to the next address, and
 * nobody is to hear of it. */
bool hops_response(struct hops *h, const struct port_msg *m);
