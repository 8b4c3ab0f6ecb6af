/* What a room service says to one of its occupants, or of a stanza from anybody
 * else to him: the client's side of XEP-0045. Pure. */
#pragma once

#include "xmpp/stanza.h"

enum said_kind {
	SAID_NOTHING,  /* nothing is owed */
	SAID_PRESENCE, /* an occupant is there */
	SAID_GONE,     /* ... or not any more */
	SAID_REFUSED,  /* presence of type error */
	SAID_SUBSCRIBE,
	SAID_TO_ALL,   /* groupchat from room/nick, or the room itself */
	SAID_SUBJECT,  /* groupchat with <subject/> and neither body nor thread
			*/
	SAID_ARCHIVED, /* such a one, as an answer of its archive (XEP-0313):
			* read as if it were history */
	SAID_STATUS,   /* groupchat from the room with status codes alone */
	SAID_PRIVATE,  /* to him alone, from room/nick or from anybody */
	SAID_NOTICE,   /* normal or headline from a bare address, with a body */
	SAID_INVITE,   /* mediated (XEP-0045 §7.8.2) or direct (XEP-0249) */
	SAID_DECLINE,
	SAID_BOUNCE, /* message of type error */
	SAID_IQ,     /* get or set: payload is its child */
	SAID_RESULT,
	SAID_IQ_ERROR,
	SAID_BAD_IQ, /* owes modify/bad-request */
};

/* Status codes that mean something to us (XEP-0045 §15.6). */
#define SAID_NON_ANONYMOUS  (1u << 0)  /* 100, 172 */
#define SAID_SELF	    (1u << 1)  /* 110 */
#define SAID_LOGGED	    (1u << 2)  /* 170 */
#define SAID_CREATED	    (1u << 3)  /* 201 */
#define SAID_RENAMED	    (1u << 4)  /* 210 */
#define SAID_BANNED	    (1u << 5)  /* 301 */
#define SAID_NEW_NICK	    (1u << 6)  /* 303 */
#define SAID_KICKED	    (1u << 7)  /* 307 */
#define SAID_NOT_MEMBER	    (1u << 8)  /* 321 */
#define SAID_MEMBERS_ONLY   (1u << 9)  /* 322 */
#define SAID_SHUTDOWN	    (1u << 10) /* 332 */
#define SAID_FAILED	    (1u << 11) /* 333 */
#define SAID_CONFIGURED	    (1u << 12) /* 104 */
#define SAID_NOT_LOGGED	    (1u << 13) /* 171 */
#define SAID_SEMI_ANONYMOUS (1u << 14) /* 173, 174 */

struct muc_said {
	enum said_kind kind;
	struct jid from, to;
	struct str id, type;
	const struct xnode *stanza;
	const struct xnode *payload; /* iq: the child */
	struct stanza_error error;
	unsigned codes; /* SAID_* */
	/* an occupant; names as they are written */
	struct str affiliation, role, item_jid, new_nick;
	struct str actor;  /* nickname */
	struct str reason; /* or what the refusal of a presence says */
	struct str show, status, stable_id;
	bool destroyed;
	struct str venue, password; /* of a destroyed room, of an invitation */
	/* a message */
	struct str origin_id, subject;
	struct str stanza_id; /* by the room itself */
	struct str query;     /* SAID_ARCHIVED: that it answers */
	bool delayed;	      /* history: the room has kept it */
	uint64_t time_ms;     /* when it was said; 0: it does not tell */
	/* an invitation or a decline: of SAID_INVITE who invites, of
	 * SAID_DECLINE who declines; may be empty */
	struct str room, by;
	bool direct;
	bool continues;
	struct str thread;
};

/* Strings live in the tree or the arena. 0, or ERR_SYNTAX for a stanza without
 * usable from or to (drop it). */
int muc_said_read(const struct xnode *stanza, struct arena *a,
		  struct muc_said *out);
