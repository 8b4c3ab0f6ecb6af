/* Subscriptions to rosters: their documents and NOTIFYs. */
#pragma once

#include "gateway/front_sip_priv.h"
#include "sip/confinfo.h"

struct guest_view;
struct kept_subscription;
struct watched_room;

/* The subscription usage (RFC 6665). Its seat is there for the rules about who
 * may watch; what happens it hears from the room's `watched`. */
struct subscription {
	struct front_sip *f;
	struct dialog *dialog;
	TAILQ_ENTRY(subscription) link;
	struct watched_room *watched;
	TAILQ_ENTRY(subscription) watch_link;
	struct seat seat;
	char *room, *event_id; /* "name@domain"; the Event's id, NULL = none */
	char *user;	       /* the subscriber's key, or "" */
	enum reason_code refused; /* by its room, at the start */
	char *contact;
	uint32_t version;
	uint32_t kept_version; /* a restart goes on from here; 0: not kept */
	bool full_only;	       /* EVENT-34 */
	bool outsiders;	       /* may watch: it outlives his stay (EVENT-26) */
	bool in_flight, need_full;
	bool unfinished; /* its peer has been told half of somebody's leaving */
	bool returning;	 /* after a restart: not told anything yet */
	const char *ended; /* reason of the last NOTIFY, still to be sent */
	bool final_sent;
	/* Up to which turn of `watched` its peer has been told, and was before
	 * his last document (of which `told_before` itself, if it was full). */
	uint64_t told, told_before;
	uint64_t began; /* the turn of his last full document */
	bool parts;	/* long documents don't get to him */
	bool was_long;	/* the last one */
	uint64_t expires_at_ms, last_ms;
	unsigned interval_ms;
	unsigned failures; /* NOTIFYs in a row that were refused */
	struct timer expiry;
};

/* front_sip_subscribe.c */
void subscription_request(struct front_sip *f, struct dialog *d,
			  const struct port_msg *m);
/* Is it one of sip { full-rosters }, by its User-Agent or Server? */
bool client_is_listed(const struct front_sip *f, const struct port_msg *m);
/* A subscription of an earlier run; NULL: it has expired. */
struct subscription *subscription_restore(struct dialog *d,
					  const struct kept_subscription *k);
/* Its first document after that. */
void subscription_renew(struct subscription *s);

/* front_sip_notify.c */
void subscription_response(struct subscription *s, const struct port_msg *m);
/* Sends the whole roster at once, or after the NOTIFY in flight. */
void subscription_tell(struct subscription *s);
/* Ends with a last NOTIFY; why is the Subscription-State's reason. */
void subscription_end(struct subscription *s, const char *why);
void subscription_leave_seat(struct subscription *s);
void subscription_free(struct subscription *s);

/* front_sip_roster.c */
/* The next document: full, partial, or of a room that is gone (EVENT-28). b: as
 * m's body goes, which m does not know yet. */
void roster_write(struct subscription *s, struct buf *b, struct port_msg *m);
/* Is there something to tell? */
bool roster_behind(const struct subscription *s);

/* front_sip_farewell.c */
/* How a call to a guest, or somebody's stay, came to its end. */
struct roster_failure {
	struct str method; /* "failed", "busy", "booted", "departed" */
	int status;
	struct str text;
	struct str by; /* a URI, or empty */
};
/* The user as one who has just gone, with his endpoints (EVENT-22): XML. */
char *farewell_of(struct watched_room *w, const struct occupant *o,
		  struct str entity, bool contacts,
		  const struct roster_failure *why);
char *farewell_of_guest(struct watched_room *w, const struct guest_view *g,
			const struct roster_failure *why);
/* A guest as a user who is being called. */
void farewell_put_guest(struct buf *b, const struct guest_view *g);
/* The room's roster says how those came in whom it has called. */
void farewell_decorate(struct front_sip *f, const struct occupant *o,
		       struct arena *a, struct confinfo_user *u);
