/* What the files of the local room share. See order.c for how commands, joins
 * and events follow each other, roster.c for who owns what. */
#pragma once

#include <sys/queue.h>

#include "base/buf.h"
#include "base/table.h"
#include "conference/room.h"

#define IDENTITY_MAX	 4096 /* octets of user, sip_uri, jid, ... each */
#define SUBJECT_MAX	 8192
#define DEVICES_MAX	 32 /* of one occupant */
#define QUARANTINE_MS	 60000
#define QUARANTINE_MAX	 1024 /* nicknames; the oldest goes first */
#define MAX_OCCUPANTS	 10000
#define HISTORY_MESSAGES 50
#define HISTORY_BYTES	 1048576
#define ARCHIVE_DAYS	 30
#define ARCHIVE_MESSAGES 100000
#define LOCK_MS		 900000
#define AFFILIATIONS_MAX 10000 /* of one room, but for the configuration's */
#define TIDY_SHARE	 4 /* holes are closed when every fourth place is one */
#define OBSERVERS_PER_PLACE                                                    \
	2 /* a subscription for each device of most people */

struct occ;
struct room;

/* Who hears what: seats side by side, so that a fan-out walks one array. A seat
 * that goes leaves a hole, closed at the end of some turn. */
enum audience_kind {
	AUDIENCE_ALL,
	AUDIENCE_ROSTER,
	AUDIENCE_MESSAGES,
	AUDIENCE_SUBJECT,
	AUDIENCES
};

struct audience {
	struct seat **seats;
	size_t n, room, holes;
};

/* Who somebody is, for lists and reserved names. */
struct person {
	struct str user;	 /* occupant.user */
	struct str account, jid; /* as affiliations know him */
};

/* A seat as the room knows it; the front end's struct seat may go before. */
struct seat_rec {
	struct device device;
	TAILQ_ENTRY(seat_rec) link; /* room.recs */
	struct seat_rec *next;	    /* of the same occupant */
	struct room *room;
	struct seat *seat;    /* NULL: left or ended */
	bool ended;	      /* removed: SEAT_ENDED is on its way */
	bool own;	      /* see seat_join.own */
	struct occ *occ;      /* NULL: an observer */
	struct person person; /* an observer's, in person_text */
	char *person_text;
	char *label;
	struct presence presence; /* in presence_text */
	char *presence_text;
	uint64_t presence_turn;	 /* the occupant shows his latest */
	size_t place[AUDIENCES]; /* from 1; 0: not in it */
};

/* A nickname as shown and the key under which it is unique, in one block. */
struct nick {
	struct str text, key;
	char *block;
};

struct occ {
	struct occupant pub;
	struct nick nick;
	/* the block of user, sip_uri, jid, stable_id, display, person */
	char *identity;
	struct person person;
	bool role_set;	   /* by a moderator: the settings don't change it */
	uint64_t asked_ms; /* when he last wanted a voice; 0: never */
	bool scoped;	   /* rooms.nicks counts his nickname */
	struct seat_rec *devices;
	struct occ *same_user; /* the next one of this user */
	size_t place;	       /* in room.occs */
};

struct delivery;
struct queued;
TAILQ_HEAD(delivery_list, delivery);
STAILQ_HEAD(queued_list, queued);
TAILQ_HEAD(rec_list, seat_rec);

struct held {
	struct delivery_list ended, others;
};

struct past {
	TAILQ_ENTRY(past) link;
	struct message *msg;
	size_t bytes;
};
TAILQ_HEAD(past_list, past);

struct history {
	struct past_list list; /* oldest first */
	size_t n, bytes;
};

struct kept_nick {
	TAILQ_ENTRY(kept_nick) link;
	struct str key, user;
	char *block;
	uint64_t until_ms;
};
TAILQ_HEAD(kept_nick_list, kept_nick);

struct quarantine {
	struct kept_nick_list list; /* the next to end first */
	struct table *by_key;
	size_t n;
};

/* An entry of the list of affiliations; its strings are in block and nick. */
struct affil {
	struct room_affiliation pub;
	struct nick nick;
	/* of an entry for users of one kind: who it would be of every kind, and
	 * the next entry of which that is so */
	struct str plain;
	struct affil *alike;
	char *block;
};

/* One of seat_change, when it is clear whom it means. */
struct change {
	bool of_role;
	struct occ *occ; /* of a role; NULL: nobody of that id */
	enum role role;
	struct room_affiliation want; /* else */
	struct str reason;
};

struct affils {
	struct table *by_user, *by_nick;
	struct table *by_plain; /* the first of those alike */
};

struct scoped_nick;
TAILQ_HEAD(scoped_nick_list, scoped_nick);

/* Nicknames of domains (nicks_of_domain): scope.c */
struct scope {
	struct table *by_key;
	struct scoped_nick_list idle; /* nobody has them now */
	size_t n_idle;
};

struct rooms {
	struct loop *loop;
	struct table *by_address;
	struct scope scope;
	const struct rooms_watch *watch;
	void *watch_user;
	size_t max_rooms;
	uint64_t last_id; /* of seats and occupants */
	uint64_t last_event;
	bool closed;
};

struct room {
	struct rooms *rooms;
	struct loop *loop;
	struct str address;
	char *address_z;
	struct room_policy policy; /* defaults filled in; in policy_block */
	struct room_policy *policy_block;
	bool configured;  /* not the configuration's policy */
	struct str owner; /* the account of who made it; may be empty */
	char *owner_z;
	struct affils fixed, granted;
	struct nick *reserved;
	size_t n_reserved;
	struct table *reserved_by_key; /* NULL: no words */
	bool locked;
	bool expected; /* nobody has come yet: it is kept so long */
	bool lingers;  /* its people may come back: likewise */
	struct timer linger_timer;
	unsigned noted; /* ROOM_*, for the watcher */
	struct deferred note;
	bool gone; /* every seat is ended or about to be; freed with the turn */
	struct timer lock_timer;
	struct deferred tidy;
	/* order.c */
	bool running;
	struct delivery_list outbox;
	struct held *held; /* NULL: events go into the outbox */
	struct queued_list queue;
	struct audience audience[AUDIENCES];
	/* roster.c */
	struct rec_list recs;
	struct occ **occs; /* in the order they came, with holes */
	size_t n_places, room_places;
	size_t n_occs, n_observers;
	struct table *by_id, *by_key, *by_user;
	uint64_t presence_turn;
	struct quarantine quarantine;
	struct history history;
	uint64_t serial;
	struct subject subject;
	char *subject_block;
};

/* Frees a block of strings at the end of the turn: a handler up the stack may
 * still read them. NULL is fine. */
void room_retire(struct room *r, char *block);

/* room.c */
/* It is found from now on. */
struct room *room_new(struct rooms *rs, struct str address,
		      const struct room_policy *policy);
void room_free(void *room); /* at once: nothing of it is in use */
/* The room is found no more; its memory goes with the turn. */
void room_drop(struct room *r);
/* Drops it, and its seats will hear SEAT_ENDED. */
void room_end(struct room *r, struct reason why);
/* The same from outside a command: all have heard it on return. */
void room_end_now(struct room *r, enum reason_code code);
void room_tidy_later(struct room *r);
/* Who made the room has left it (RFC 7701 §4.1). */
void room_founder_left(struct room *r, const struct occ *o);
void room_set_owner(struct room *r, struct str account);
extern const struct seat_back_ops room_seat_ops;

/* order.c */
/* What somebody outside wants done, who needs the answer at once. */
struct task {
	enum reason_code (*run)(struct room *r, void *arg);
	void *arg;
	bool ran;
	bool done; /* ran, and reason is set: the room was still there */
	enum reason_code reason;
};
struct join_task {
	const struct seat_join *join;
	struct seat *seat;
	bool created;
};
void room_command(struct seat *s, const struct seat_cmd *cmd);
/* Runs the task after what is waiting and returns when all have heard of it.
 * task->done false: the room ended before. */
void room_run_task(struct room *r, struct task *task);
/* The same in short: REASON_NO_ROOM if it ended before. */
enum reason_code room_task(struct room *r,
			   enum reason_code (*run)(struct room *r, void *arg),
			   void *arg);
/* Runs what waits and delivers it. */
void room_run(struct room *r);

/* deliver.c */
void audience_add(struct room *r, enum audience_kind kind,
		  struct seat_rec *rec);
void audience_remove(struct room *r, struct seat_rec *rec);
void audience_tidy(struct room *r);
/* The seat hears nothing from now on and may be freed by its holder. */
void rec_detach(struct seat_rec *rec);
/* Puts an event in line. own: the seat that asked (may be NULL), which gets op
 * as own_op. Strings in ev must live as long as the command that runs. */
void room_tell(struct room *r, enum audience_kind kind,
	       const struct seat_ev *ev, const struct seat_rec *own,
	       uint64_t op);
void room_tell_one(struct room *r, struct seat_rec *rec,
		   const struct seat_ev *ev, uint64_t op);
/* The occupant's devices that take private messages. */
void room_tell_private(struct room *r, struct occ *to, const struct seat_ev *ev,
		       const struct seat_rec *own, uint64_t op);
void room_result(struct room *r, struct seat_rec *rec,
		 const struct seat_cmd *cmd, enum reason_code code);
/* SEAT_ENDED to one seat, which is detached before it hears it. */
void room_tell_one_ended(struct room *r, struct seat_rec *rec,
			 struct reason why);
/* SEAT_ENDED to all seats, each detached before it hears it. */
void room_tell_ended(struct room *r, struct reason why);
/* Until the release, events wait aside; then they are put in line as
 * SEAT_MODERATE has it, with the command's result. Nothing is delivered in
 * between. */
void room_hold(struct room *r, struct held *h);
void room_release(struct room *r, struct seat_rec *rec,
		  const struct seat_cmd *cmd, enum reason_code code);
/* Until nothing is in line, however deep in handlers we are. */
void room_deliver(struct room *r);

/* roster.c */
void roster_init(struct room *r);
void roster_done(struct room *r);
void roster_tidy(struct room *r);
struct occ *roster_by_id(const struct room *r, uint64_t id);
struct occ *roster_by_key(const struct room *r, struct str key);
struct occ *roster_by_user(const struct room *r, struct str user);
/* take_nick is consumed everywhere. */
/* A new occupant, without devices, whose world, user, sip_uri, jid, stable_id
 * and display are as in like. */
struct occ *roster_add(struct room *r, const struct occupant *like,
		       const struct person *who, struct nick take_nick,
		       bool chosen);
/* A person of one world, whatever his nickname. */
bool occ_same_user(const struct occ *a, const struct occ *b);
/* Out of the roster; its memory stays until the end of the turn. */
void roster_remove(struct room *r, struct occ *o);
void roster_rename(struct room *r, struct occ *o, struct nick take_nick);
struct seat_rec *rec_new(struct room *r, const struct seat_join *join,
			 struct seat *seat);
/* Out of the room; its memory stays until the end of the turn. */
void rec_remove(struct room *r, struct seat_rec *rec);
void occ_add_device(struct occ *o, struct seat_rec *rec);
void occ_remove_device(struct occ *o, struct seat_rec *rec);

/* presence.c */
/* True if what the occupant shows has changed. */
bool rec_set_presence(struct room *r, struct seat_rec *rec,
		      const struct presence *p);
bool occ_update_presence(struct occ *o);

/* nick.c */
void nick_free(struct nick *n);
/* False: the profile does not allow it. */
bool nick_make(struct nick *out, struct str wanted);
/* Free for this person: not in use by another occupant than self (may be
 * NULL), nor reserved, nor in quarantine for another user. */
bool nick_available(struct room *r, const struct nick *n,
		    const struct person *who, const struct occ *self);
/* From his reserved nickname, else the display name, else the SIP user part,
 * else "guest"; made unique. */
void nick_derive(struct nick *out, struct room *r, struct str display,
		 struct str sip_uri, const struct person *who,
		 const struct occ *self);

/* quarantine.c */
void quarantine_init(struct quarantine *q);
void quarantine_done(struct quarantine *q);
void quarantine_add(struct room *r, const struct nick *n, struct str user);
void quarantine_release(struct room *r, struct str key);
bool quarantine_blocks(struct room *r, struct str key, struct str user);
/* As a room that is made again had it. */
void quarantine_put(struct room *r, struct str key, struct str user,
		    uint64_t until_ms);

/* scope.c */
void scope_init(struct scope *s);
void scope_done(struct scope *s);
/* The occupant has, or gives up, his nickname; nothing in a room whose
 * nicknames are its own. */
void scope_hold(struct room *r, struct occ *o);
void scope_release(struct room *r, struct occ *o);
bool scope_blocks(struct room *r, struct str key, struct str user);
/* nicks_of_domain was switched. */
void scope_changed(struct room *r);

/* policy.c; one block, free() it */
struct room_policy *policy_copy(const struct room_policy *from);
void policy_set(struct room *r, const struct room_policy *policy);
/* Its owner's or administrator's own. */
void room_set_own_policy(struct room *r, const struct room_policy *policy);

/* reserved.c */
void reserved_set(struct room *r); /* from the policy */
void reserved_done(struct room *r);
bool reserved_blocks(const struct room *r, struct str key,
		     const struct person *who);
struct str reserved_nick_of(const struct room *r, const struct person *who);

/* affil_key.c */
#define AFFIL_KEYS    8
#define AFFIL_NAMES   4 /* of them, those that are of him alone */
#define AFFIL_KEY_MAX (IDENTITY_MAX + 16)
/* The i-th key, the most exact first; may be empty. space holds it if it is no
 * part of his identities. */
struct str affil_key(const struct person *who, unsigned i, char *space,
		     size_t room);
/* Without scheme, port and parameters. */
struct str affil_plain(struct str id);
/* The same in lower case, in space; empty: too long. */
struct str affil_plain_key(struct str id, char *space, size_t room);
bool affil_is_domain(struct str key);

/* affil.c */
void affils_init(struct affils *l);
void affils_clear(struct affils *l);
void affils_done(struct affils *l);
/* Copies all but nick, which is consumed; in the place of a former entry. */
void affils_put(struct affils *l, const struct room_affiliation *as,
		struct nick take_nick);
void affils_drop(struct affils *l, struct affil *a);
void affils_set_fixed(struct room *r); /* from the policy */
const struct affil *affil_at(const struct room *r, struct str key);
const struct affil *affil_find(const struct room *r, const struct person *who);
enum affiliation affil_of(const struct room *r, const struct person *who);
const struct affil *affil_by_nick(const struct room *r, struct str key);
/* The first entry for users of one kind whom user, if of every kind, stands
 * for; others follow as `alike`. */
struct affil *affil_particular(const struct affils *l, struct str user);
/* Does the key mean him, alone or with others? */
bool affil_means(struct str key, const struct person *who);
bool affil_covers(const struct affil *a, const struct person *who);
/* Is it he alone? */
bool affil_names(struct str user, const struct person *who);

/* affil_set.c */
/* Is user, of every kind, who entry is of one kind? */
bool affil_stands_for(struct str user, struct str entry);
/* The key under which the list has an occupant, or is going to have him: a
 * change of what he is replaces the entry that says so. Good until the end of
 * the turn. */
struct str affil_key_of(struct room *r, const struct occ *o);
void affil_founder(struct room *r, const struct seat_join *join);
/* Can the list be changed so? */
enum reason_code affil_check(const struct room *r,
			     const struct room_affiliation *want);
/* Both, and those whom it concerns are told. */
enum reason_code affil_set(struct room *r, const struct room_affiliation *want);
/* Of a change that was checked; those whom it concerns are not told. */
void affil_change(struct room *r, const struct room_affiliation *want);
enum reason_code room_affiliate(struct room *r, struct seat_rec *rec,
				const struct seat_cmd *cmd);

/* rights.c */
enum reason_code may_affiliate(const struct room *r, const struct occ *by,
			       struct str user, enum affiliation to);
/* Would there be an owner after all this, if there is one now? */
bool owners_remain(const struct room *r, const struct change *changes,
		   size_t n);
/* target NULL: nobody there. */
enum reason_code may_kick(const struct occ *by, const struct occ *target);
enum reason_code may_set_role(const struct occ *by, const struct occ *target,
			      enum role to);

/* role.c */
enum role role_given(const struct room *r, enum affiliation affiliation);
enum reason_code role_possible(const struct occ *o, enum role role);
enum reason_code room_role(struct room *r, struct seat_rec *rec,
			   const struct seat_cmd *cmd);
/* Why somebody is something else after a review. */
struct review {
	enum reason_code not_member; /* why those go who are no members */
	struct str actor;
	const struct change *changes; /* which have reasons of their own */
	size_t n;
};
/* Everybody's affiliation, role and place under the list and the settings as
 * they are now. */
void room_review(struct room *r, const struct review *v);
void role_set(struct room *r, struct occ *o, enum role role,
	      const struct reason *why);

/* admit.c */
struct person person_of(const struct seat_join *join);
enum reason_code person_admitted(const struct room *r,
				 const struct person *who);

/* state.c */
/* Something that outlives the process has changed: ROOM_*. */
void room_note(struct room *r, unsigned what);
void room_note_affiliation(struct room *r,
			   const struct room_affiliation *entry);
void room_note_nick(struct room *r, struct str key, struct str user,
		    uint64_t until_ms);
void room_note_message(struct room *r, struct message *m);
void room_note_said(struct room *r, struct message *m);
/* serial: that of the message taken back; 0: not in the history. */
void room_note_retracted(struct room *r, struct message *by, uint64_t serial);
void room_note_end(struct room *r);

/* history.c */
void history_init(struct history *h);
void history_done(struct history *h);
/* False: it is not kept. */
bool history_add(struct room *r, struct message *m);
void history_remove(struct room *r, struct past *p);
void history_tell(struct room *r, struct seat_rec *rec,
		  const struct history_wish *wish);

/* The commands change the room and put events in line; what they return is the
 * seat's result. */

/* join.c */
enum reason_code room_join(struct room *r, void *join_task);

/* leave.c */
void room_leave(struct room *r, struct seat_rec *rec,
		const struct seat_cmd *cmd);

/* kick.c */
/* Out, with all his devices; all are told. */
void room_expel(struct room *r, struct occ *o, struct reason why);
void room_kick(struct room *r, struct seat_rec *rec,
	       const struct seat_cmd *cmd);

/* say.c */
/* The author as he is now. False: the message's arena is full. */
bool message_stamp(struct room *r, const struct occupant *by,
		   struct message *m);
/* Does the device take private messages, or this one at least? */
bool device_is_private(const struct seat_rec *rec, const struct message *m);
enum reason_code room_say(struct room *r, struct seat_rec *rec,
			  const struct seat_cmd *cmd);

/* retract.c */
/* What this message takes back goes, if its author may. */
void room_retract(struct room *r, struct message *by);

/* nick_change.c */
enum reason_code room_nick(struct room *r, struct seat_rec *rec,
			   const struct seat_cmd *cmd);

/* subject.c */
enum reason_code room_subject(struct room *r, struct seat_rec *rec,
			      const struct seat_cmd *cmd);
void subject_put(struct room *r, const struct subject *s);
void subject_tell(struct room *r, struct seat_rec *rec);

/* presence.c */
enum reason_code room_presence(struct room *r, struct seat_rec *rec,
			       const struct seat_cmd *cmd);
enum reason_code room_device(struct room *r, struct seat_rec *rec,
			     const struct seat_cmd *cmd);

/* lock.c */
void room_lock(struct room *r);
void lock_open(struct room *r);
enum reason_code room_unlock(struct room *r, struct seat_rec *rec);

/* moderate.c */
void room_moderate(struct room *r, struct seat_rec *rec,
		   const struct seat_cmd *cmd);

/* voice.c */
enum reason_code room_ask_voice(struct room *r, struct seat_rec *rec);
