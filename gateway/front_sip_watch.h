/* Rooms whose rosters are watched: what all subscriptions to a room share. One
 * observer's seat hears what changes. Users stand in the order of their last
 * changes, so that a subscription only has to know up to which it was told. */
#pragma once

#include "base/table.h"
#include "gateway/front_sip_subscription.h"

struct sheet;

/* How a user's element reads: with the nickname as his name (EVENT-34), with
 * his devices' addresses (EVENT-25). */
#define VIEW_NAMES    1u
#define VIEW_CONTACTS 2u
#define VIEWS	      4u

#define SHEETS 4 /* kept of a room */

/* Somebody as rosters know him: by his entity, which nobody else has. */
struct watched_user {
	TAILQ_ENTRY(watched_user) link;
	char *entity;
	char *user;    /* the occupant's key; NULL: a guest */
	uint64_t id;   /* the occupant; 0: a guest, or gone */
	uint64_t turn; /* of his last change; nobody else's is the same */
	bool gone;
	/* gone: what is told of him once, before he is deleted (RFC 4575
	 * §5.7.2), as written, without and with addresses; or NULL */
	char *farewell[2];
	struct blob *text[VIEWS]; /* as written; NULL: not yet */
};

/* While it has anybody in one of the first two lists. */
struct watched_room {
	struct front_sip *f;
	/* name, NUL, and, of a room elsewhere, whose view of it this is: the
	 * key in the table */
	char *name, *user;
	TAILQ_HEAD(watchers, subscription) watchers;
	TAILQ_HEAD(, guest) guests;
	struct seat seat; /* in the room while there are watchers */
	TAILQ_HEAD(watched_users, watched_user) users; /* latest change last */
	struct table *by_entity;
	struct table *by_id;	/* those with one */
	size_t n_users, n_gone; /* who are there, who are not */
	size_t n_gone_kept;	/* when the gone ones were last looked through
				 */
	uint64_t turn;		/* the last change's */
	uint64_t shown;		/* the last one that is not a guest's alone */
	uint64_t described;	/* the last one of the description */
	uint64_t forgotten;	/* gone users up to here are no more known */
	struct sheet *sheets[SHEETS]; /* documents for several; NULL: none */
	size_t next_sheet;
	struct timer tick; /* the next round of NOTIFYs */
	uint64_t tick_ms;  /* the last one */
	bool entering;	   /* the room, right now */
	bool armed; /* the tick accounts for every watcher who can be told */
};

/* user: who watches, which makes a difference for rooms elsewhere: there each
 * user sees what his own leg is told. */
struct watched_room *watch_room(struct front_sip *f, struct str name,
				struct str user);
/* Frees it when nobody needs it any more. */
void watch_release(struct watched_room *w);

/* The subscription, which has its seat, hears of its room from now on. */
void watch_add(struct subscription *s);
void watch_remove(struct subscription *s);
/* A guest's state is new, or (why) he does not come. */
void watch_guest(struct watched_room *w, const struct guest_view *g,
		 const struct roster_failure *why);
/* The user who is this occupant, or NULL. */
struct watched_user *watch_find(struct watched_room *w,
				const struct occupant *o);

/* front_sip_sheet.c */
/* Somebody of this turn changes: what is written of him is no longer so. */
void roster_forget(struct watched_room *w, uint64_t turn);
void roster_forget_all(struct watched_room *w);

/* front_sip_roster.c */
/* Is he owed more of a list that he gets in parts? */
bool roster_in_parts(const struct subscription *s);

/* front_sip_notify.c */
/* Something has changed, for all who watch. */
void watch_changed(struct watched_room *w);
