/* application/conference-info+xml (RFC 4575), written by hand and read with
 * libxml2. Pure. */
#pragma once

#include "base/arena.h"
#include "base/buf.h"

enum confinfo_state { CONFINFO_FULL, CONFINFO_PARTIAL, CONFINFO_DELETED };

/* When, why and by whom something was done to an endpoint; each may be empty.
 */
struct confinfo_execution {
	struct str when; /* UTC (xs:dateTime) */
	struct str reason;
	struct str by; /* a URI */
};

struct confinfo_endpoint {
	struct str entity; /* opaque key or Contact */
	struct str display_text;
	struct str status; /* "connected", "on-hold", "disconnected", ... */
	struct str joining_method; /* "dialed-in", "dialed-out" */
	struct str
	    disconnection_method; /* "departed", "booted", "failed", "busy" */
	struct confinfo_execution referred, joined, left;
	struct str media_status; /* "sendrecv", ... of the message media; empty:
				    no media */
	enum confinfo_state state;
};

struct confinfo_user {
	struct str entity;
	enum confinfo_state state;
	struct str display_text;
	struct str
	    nickname; /* xcon:nickname; empty = attribute absent (EVENT-20) */
	struct str associated_aor; /* one, or empty */
	struct str roles[4];
	size_t n_roles;
	struct str show,
	    status; /* jabber:client children (X2S-28), may be empty */
	size_t n_endpoints;
	struct confinfo_endpoint *endpoints;
};

#define CONFINFO_ENDPOINTS_MAX 32 /* of a user, that are read */

struct confinfo_room {
	struct str entity; /* the room's SIP URI */
	struct str display_text, subject;
	struct str xmpp_uri; /* second conf-uri; empty = none */
	size_t max_users;    /* 0 = not said */
	size_t user_count;
	bool locked;
};

/* Code points that XML 1.0 forbids are left out of every text (EVENT-27).
 *
 * A document is written in this order; the caller wants buf errors checked once
 * at the end. Root elements carry both namespaces (conference-info,
 * xcon-conference-info). confinfo_begin writes up to and including the root's
 * start tag and is all that holds the version: what follows it may be rendered
 * once and serve many subscriptions. */
void confinfo_begin(struct buf *b, struct str entity, uint32_t version,
		    enum confinfo_state room_state);
void confinfo_description(struct buf *b, const struct confinfo_room *r);
void confinfo_conference_state(struct buf *b, const struct confinfo_room *r);
void confinfo_users_begin(struct buf *b, enum confinfo_state state);
void confinfo_user(struct buf *b, const struct confinfo_user *u);
void confinfo_users_end(struct buf *b);
void confinfo_end(struct buf *b);

/* Reading: no DTD, no entities, bounded depth and size. Users are a list in the
 * arena, whose limit bounds how many there can be. Users
 * and endpoints without an entity are left out, since nothing could name them
 * later; so are roles past the fourth and addresses of record past the first.
 */
struct confinfo_user_node {
	struct confinfo_user user;
	struct confinfo_user_node *next;
};
struct confinfo_doc {
	struct str entity;
	uint32_t version;
	bool has_version;
	enum confinfo_state state;
	bool has_description, has_users;
	struct str display_text, subject;
	enum confinfo_state users_state;
	size_t user_count; /* 0: not told */
	struct confinfo_user_node *users;
};
#define CONFINFO_BYTES_MAX (7u << 20)
/* In parts, so that nobody waits for the end of a long document. in and a are
 * borrowed. */
struct confinfo_reader *confinfo_reader_new(struct str in, struct arena *a);
void confinfo_reader_free(struct confinfo_reader *r);
/* Goes on for so many octets: 1, it is to be called again; else, once: 0,
 * ERR_SYNTAX (also: no UTF-8), ERR_TOO_BIG (also: the arena is full, or a user
 * has more endpoints than CONFINFO_ENDPOINTS_MAX), ERR_UNSUPPORTED (a DTD).
 * *out is untouched on failure. */
int confinfo_reader_go(struct confinfo_reader *r, size_t octets,
		       struct confinfo_doc *out);
