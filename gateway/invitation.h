/* Somebody in a room invites a user of the other world: what one front end
 * tells the other. Strings and pointers are borrowed for the call. */
#pragma once

#include "conference/model.h"

struct invitation {
	struct str room; /* "name@domain" */
	struct str to;	 /* whom: a JID or a SIP URI */
	const struct occupant *by;
	struct str reason; /* may be empty */
	/* A conversation of two that goes on in the room (XEP-0045 §7.8.2). */
	bool continues;
	struct str thread;
	/* Names it to the front end of the inviter when the outcome is told. */
	uint64_t id;
};

/* What an XMPP user whom a SIP user has invited says to it. */
struct invitation_answer {
	uint64_t id;
	struct str room, by, to; /* by: the inviter's occupant.user */
	struct str reason;	 /* may be empty */
	bool unknown;		 /* there is no such user; else he declined */
};
