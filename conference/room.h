/* Local rooms: order, roster, fan-out.
 *
 * A room's events reach all its seats in one order, that of the calls which
 * caused them, before the outermost of those calls returns. Handlers may call
 * anything but rooms_free: seat_command on any seat runs after the event at
 * hand has reached everybody; rooms_join lets that event, and the commands that
 * wait behind it, go out first, so that inside an event the handlers of other
 * seats (and of the same one) are called before it returns. A joiner hears of
 * exactly what comes after his join. Occupants, subjects and strings that an
 * event shows stay in memory until the end of the loop's turn, though they may
 * no longer be current.
 *
 * A room whose last occupant has left ends with the loop's turn, unless it is
 * persistent: who joins in the same turn finds it as it was. Its observers get
 * SEAT_ENDED (REASON_ROOM_GONE). */
#pragma once

#include "base/loop.h"
#include "conference/seat.h"

struct rooms;
struct room;

/* What a user is in a room, and the nickname that is his there. */
struct room_affiliation {
	/* "scheme:name@domain", an identity of users of one kind; or
	 * "name@domain", of every kind. "scheme:@domain" and "@domain": all
	 * users of the domain. The more exact one counts. */
	struct str user;
	enum affiliation affiliation;
	struct str nick; /* reserved for him; empty: none */
	struct str why;
	bool hidden;	 /* of one who hides his name: for no user's eyes */
	bool registered; /* a member because he took this nickname */
	bool fixed;	 /* the configuration says so: nobody changes it */
};

/* What the administrator or the room's owner decides; copied. 0 = the default
 * in brackets. */
struct room_policy {
	bool persistent;	    /* stays when empty */
	bool public;		    /* listed */
	bool private_messages;	    /* allowed */
	bool nicknames;		    /* users may choose them */
	bool moderated;		    /* who comes without affiliation is mute */
	bool members_only;	    /* others may not come */
	bool one_device;	    /* of a user at a time */
	bool end_with_owner;	    /* ends when its creator leaves */
	bool subject_by_moderators; /* others may not set it */
	bool non_anonymous; /* all see real addresses, else moderators */
	bool logged;	    /* what is said goes into an archive */
	bool invites;	    /* all who are in may invite, else admins */
	/* enum role: the least that may send private messages; 0: any */
	unsigned private_role;
	/* A nickname belongs to one user in all rooms of the domain for which
	 * this is set. */
	bool nicks_of_domain;
	size_t max_occupants; /* [10000] */
	size_t history;	      /* messages kept; SIZE_MAX: none [50] */
	size_t history_bytes; /* octets kept [1048576] */
	/* of an archive: how long a message stays in it; UINT_MAX: there is
	 * none [30]; and how many [100000] */
	unsigned archive_days;
	size_t archive_messages;
	unsigned lock_ms;	/* a locked room is destroyed after [900000] */
	unsigned quarantine_ms; /* of a nickname; UINT_MAX: none [60000] */
	struct str title, description;
	struct str language; /* as in xml:lang; empty: none in particular */
	struct str password; /* empty: none is needed */
	const struct str *reserved_nicks; /* nobody may have them */
	size_t n_reserved_nicks;
	const struct room_affiliation *fixed; /* of the configuration */
	size_t n_fixed;
};

struct rooms *rooms_new(struct loop *loop, size_t max_rooms);
/* All seats get SEAT_ENDED (REASON_SHUTDOWN) and further joins the same reason.
 */
void rooms_shutdown(struct rooms *rs);
/* The same, then frees it. Not inside an event; before its loop. NULL is fine.
 */
void rooms_free(struct rooms *rs);

/* By address "name@domain" (prepared). NULL: none. A locked room is found. */
struct room *rooms_find(struct rooms *rs, struct str address);
struct room *rooms_next(struct rooms *rs, size_t *it); /* *it from 0 */
size_t rooms_count(const struct rooms *rs);
/* So many there may be; those that are there stay. */
void rooms_limit(struct rooms *rs, size_t max_rooms);

/* Joins, or creates and joins, the room join->room: fills seat (which is in no
 * room) and raises SEAT_JOINED, history (SEAT_WANTS_MESSAGES) and the subject
 * (SEAT_WANTS_SUBJECT, even if empty) before it returns REASON_OK; others hear
 * of it first. On return the seat may be out again already, if a handler made
 * it leave or closed the room. Any other reason: nothing has changed. policy is
 * that of a room to be made; who makes one is its owner whenever he is in it.
 *
 * A SIP user's further device joins his occupant (found by user), an XMPP
 * user's one if user and nickname are the same; others then hear
 * SEAT_OCCUPANT_CHANGED with CHANGED_DEVICES. An observer can't create a room,
 * is in no roster and gets SEAT_JOINED with who NULL and nothing else on
 * joining.
 *
 * REASON_BAD_REQUEST (an identity is missing or over 4096 octets, presence over
 * 16384), REASON_NO_ROOM (observer), REASON_MAY_NOT_CREATE, REASON_OVERLOAD
 * (too many rooms), REASON_LOCKED, REASON_BAD_NICK, REASON_NICK_TAKEN (in use,
 * or of one who left within the last minute), REASON_NICK_OFF (SIP),
 * REASON_FULL (not for admins), REASON_SHUTDOWN, REASON_BANNED,
 * REASON_MEMBERS_ONLY, REASON_PASSWORD (none of owners, nor of one who is in
 * the room already), REASON_ONE_DEVICE. */
enum reason_code rooms_join(struct rooms *rs, const struct room_policy *policy,
			    const struct seat_join *join, struct seat *seat);
/* May he come, as far as the room can tell without his nickname? The same
 * reasons. */
enum reason_code room_admits(const struct room *r,
			     const struct seat_join *join);

/* The administrator's way, without a seat. Everybody has heard of it on return;
 * inside an event that means: of the event and of the commands that wait behind
 * it, too. REASON_NO_ROOM: the room ended meanwhile. */

/* SEAT_MODERATE, or with a policy SEAT_CONFIGURE, of one who need not be in the
 * room: user is his identity. He has no role. */
enum reason_code room_moderate_as(struct room *r, struct str user,
				  const struct room_policy *policy,
				  const struct seat_change *changes,
				  size_t n_changes);

/* Reserves the nickname for an XMPP user, in place of one that he has; who is
 * no member becomes one. An empty one: his is free again, and he is no member
 * if that made him one. The reasons of SEAT_AFFILIATION. */
enum reason_code room_register(struct room *r, struct str user,
			       struct str nick);

/* Makes a room that nobody has joined; of a room that is there the policy is
 * set, as by room_configure. It is kept until somebody came if it is not
 * persistent. REASON_OVERLOAD, REASON_SHUTDOWN, REASON_BAD_REQUEST. */
enum reason_code rooms_create(struct rooms *rs, struct str address,
			      const struct room_policy *policy);
enum reason_code room_configure(struct room *r,
				const struct room_policy *policy);
/* What the configuration says now. Rooms follow it until an owner or the
 * administrator has set a policy of their own: of that only `fixed` changes,
 * unless the file's word counts always. */
enum reason_code room_follow(struct room *r, const struct room_policy *policy,
			     bool always);
/* Nobody's name is on it. REASON_TOO_BIG. */
enum reason_code room_set_subject(struct room *r, struct str text);
/* user: as in struct room_affiliation. AFF_NONE with no nick takes the entry
 * off the list; an empty nick leaves the one that he has, unless he becomes
 * AFF_NONE or AFF_OUTCAST. The reasons are those of SEAT_AFFILIATION, but that
 * an administrator may take off the last owner. */
enum reason_code room_set_affiliation(struct room *r, struct str user,
				      enum affiliation affiliation,
				      struct str nick, struct str why);
/* REASON_NO_OCCUPANT, REASON_NOT_ALLOWED (an admin is a moderator). */
enum reason_code room_set_role(struct room *r, uint64_t occupant,
			       enum role role, struct str why);
enum reason_code room_remove(struct room *r, uint64_t occupant, struct str why);
/* Removes everybody whom `out` names, occupants and observers, as if banned. Of
 * `join` there are the names that he came with: room, user, jid, account,
 * account_jid. */
typedef bool room_out_fn(void *user, const struct seat_join *join);
enum reason_code room_sift(struct room *r, room_out_fn *out, void *user,
			   struct str why);
/* why: text, actor, venue. */
enum reason_code room_destroy(struct room *r, struct reason why);

void room_info(const struct room *r, struct room_info *out);
/* As it is now, defaults filled in; good until the next command. */
const struct room_policy *room_policy(const struct room *r);
/* Does this key of a list (struct room_affiliation) mean who joins: him, behind
 * whatever name, or all users of his domain? */
bool seat_join_is(const struct seat_join *join, struct str key);
/* Would these lists keep him out of a room that is to be made? */
bool room_policy_bans(const struct room_policy *policy,
		      const struct seat_join *join);
/* What a user is there, as XMPP users are known. nick (may be NULL): reserved
 * for him, or empty. */
enum affiliation room_affiliation_of(const struct room *r, struct str user,
				     struct str *nick);
/* The affiliations, the configuration's too: *it from 0, in no particular
 * order; NULL at the end. The value is good until the next call. */
const struct room_affiliation *room_affiliations(const struct room *r,
						 size_t *it);
/* Occupants in the order they came, *it from 0; NULL at the end. Nothing may
 * join or leave on the way. */
const struct occupant *room_roster(const struct room *r, size_t *it);
/* By any form of the nickname; NULL: nobody. */
const struct occupant *room_by_nick(const struct room *r, struct str nick);

/* --- what outlives the process --- */

#define ROOM_SETTINGS 1u /* policy, owner, lock */
#define ROOM_SUBJECT  2u

struct room_kept_nick {
	struct str key, user;
	uint64_t until_ms; /* wall clock */
};

/* What may be long comes piece by piece, so that its cost does not grow. */
struct rooms_watch {
	/* Something of it (what: ROOM_*) has changed since the last call, or
	 * the room is new (all bits); once per turn of the loop, at its end. */
	void (*changed)(void *user, struct room *r, unsigned what);
	/* An entry is new or has changed; AFF_NONE without a nickname: it is
	 * off the list. */
	void (*affiliation)(void *user, struct room *r,
			    const struct room_affiliation *entry);
	/* A nickname went into quarantine. */
	void (*nick)(void *user, struct room *r,
		     const struct room_kept_nick *nick);
	/* A message went into the history; serial and all. */
	void (*message)(void *user, struct room *r, struct message *m);
	/* A message was said to all that may be kept, after the call above if
	 * that is made. */
	void (*said)(void *user, struct room *r, struct message *m);
	/* by takes a message back (by->retracts), which had this serial in the
	 * history; 0: it was not there, and whose it was is not checked. */
	void (*retracted)(void *user, struct room *r, struct message *by,
			  uint64_t serial);
	/* It is gone for good. Not called of rooms that rooms_shutdown ends. */
	void (*ended)(void *user, struct room *r);
};
/* One watcher; NULL: none. ops is borrowed. Its functions only look. */
void rooms_watch(struct rooms *rs, const struct rooms_watch *ops, void *user);

struct room_state {
	struct str address;
	struct room_policy policy; /* less `fixed` */
	/* An owner or the administrator has set the policy: it is no longer
	 * the configuration's (room_follow). */
	bool configured;
	struct str owner; /* who made it; may be empty */
	bool locked;
	struct subject subject;
	uint64_t serial;			     /* of the last message */
	const struct room_affiliation *affiliations; /* less the fixed ones */
	size_t n_affiliations;
	const struct room_kept_nick *nicks;
	size_t n_nicks;
};
/* The state as it is now: lists in the arena (NULL: no lists), strings of the
 * room, good until the next command. ERR_TOO_BIG: the arena is full. */
int room_state(const struct room *r, struct arena *a, struct room_state *out);
/* Makes the room again, nobody in it; one that is not persistent stays for
 * linger_ms. The watcher does not hear of it. A room that is there keeps its
 * policy and takes the rest. REASON_OVERLOAD, REASON_SHUTDOWN,
 * REASON_BAD_REQUEST. */
enum reason_code rooms_restore(struct rooms *rs, const struct room_state *state,
			       unsigned linger_ms);
/* The serial of the oldest message in its history; 0: there is none. */
uint64_t room_history_first(const struct room *r);
/* By the archive's id; NULL: the history does not have it. Good until the next
 * command. */
const struct message *room_past(const struct room *r, struct str id);
/* A message of its history, oldest first, stamped as it was; borrowed. */
void room_restore_message(struct room *r, struct message *m);
