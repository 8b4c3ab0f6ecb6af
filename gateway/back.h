/* The door to rooms, wherever they live: here, in a remote SIP conference
 * (RFC 7702 §5) or in a remote MUC (§6). Front ends take their seats through
 * it. */
#pragma once

#include "gateway/back_local.h"
#include "gateway/bridged.h"
#include "gateway/discover.h"

enum back_kind {
	BACK_NONE, /* not ours to reach */
	BACK_LOCAL,
	BACK_SIP,
	BACK_MUC,
	BACK_ASK, /* one of the two, as DNS will tell (DNS-2, DNS-3) */
};

struct back;

struct back_cfg {
	struct loop *loop;
	const struct config *config;
	struct back_local *local;
	struct discover *discover; /* NULL: nobody is asked */
	struct bridged *bridged;   /* the legs; NULL: no limit counts */
	/* A room of BACK_SIP or BACK_MUC; join->room: its own address.
	 * The seat is taken at once, and SEAT_JOINED comes later, or SEAT_ENDED
	 * says why it does not. */
	enum reason_code (*join)(void *user, enum back_kind kind,
				 struct seat_join *join, struct seat *seat);
	void *user;
};

struct back *back_new(const struct back_cfg *cfg); /* borrows all */
/* Seats that wait for a domain to be found are freed without a word. NULL is
 * fine. */
void back_free(struct back *b);

/* Where a user of this world gets to by an address that he writes as
 * "name@domain": room%domain@ours and room\40domain@ours are rooms elsewhere
 * (ADDR-29). native, if given: the room's own address is appended; a room of
 * ours is served here however it is written (ADDR-28). */
enum back_kind back_find(const struct back *b, struct str room,
			 enum world world, struct buf *native);
/* What BACK_ASK has come to; *why: the reason for BACK_NONE. */
enum back_kind back_kind_found(enum speaks speaks, enum world world,
			       enum reason_code *why);
/* The section of the configuration that such a room belongs to, "*" if none
 * names its domain; or NULL. */
const struct domain_config *back_domain(const struct back *b, struct str room);
/* Is there no place for one more leg: of all, of this user, to this domain?
 * join->room: the room's own address. */
bool back_is_full(const struct config *c, const struct bridged *all,
		  const struct seat_join *join);
/* Joins join->room, as his user writes it. Of rooms elsewhere: REASON_FORBIDDEN
 * (the lists of its domain), REASON_OVERLOAD (there are too many). */
enum reason_code back_join(struct back *b, struct seat_join *join,
			   struct seat *seat);
