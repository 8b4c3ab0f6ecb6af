/* What stoxd does with a domain, and what has to be published and configured
 * for it, in words for the administrator. */
#pragma once

#include "gateway/back.h"
#include "gateway/config.h"
#include "gateway/locate.h"
#include "mapping/addr.h"

struct explain {
	const struct config *config;
	const struct map_domains *names;
	const struct back *door;
	struct str domain; /* prepared */
	enum speaks speaks;
	bool waits; /* it is not known yet */
};

/* What becomes of a user of this world who enters a room of the domain; why:
 * whence that is known, and how he writes the room. */
enum back_kind explain_rooms(const struct explain *e, enum world world,
			     struct buf *why);
/* How a user of the domain is called in the other world: his JID if he is a SIP
 * user, his URI if he is an XMPP user; or why he has no name there. False: he
 * has none. */
bool explain_user(const struct explain *e, enum world his, struct buf *out);

/* Where calls of XMPP users to the domain's conferences go: the URI whose host
 * is looked up for them is appended. False: there are no such calls, or it
 * needs no look-up. */
bool explain_way(const struct explain *e, struct buf *uri);
/* What locate() has said of it: fills in s, but for what and name. */
void explain_way_found(const struct explain *e, enum dns_status status,
		       const struct location *location, size_t n,
		       struct discovered *s);

/* Lines for a file, and for whom; empty: there is nothing to be done. */
struct advice {
	const char *key, *title;
	void (*write)(const struct explain *e, struct buf *lines);
};
extern const struct advice explain_advice[]; /* up to one without a key */
