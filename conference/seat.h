/* The seat: one device of one user in one room. Front ends (how a person
 * reaches us) hold seats, back ends (where the room lives) provide them;
 * neither knows the other's kind. Commands go in, events come out, both flat
 * values; a command's result comes as an event with its operation id, now
 * (inside seat_command) or later. */
#pragma once

#include "conference/model.h"

/* What a seat is told. */
#define SEAT_WANTS_ROSTER 1u /* occupants coming, changing, leaving */
#define SEAT_WANTS_MESSAGES                                                    \
	2u /* and typing notices, and history on joining                       \
	    */
#define SEAT_WANTS_SUBJECT 4u

/* How much history a joiner wants; zeroed = all that the room has to give. */
struct history_wish {
	bool none;
	bool has_max_messages, has_max_chars, has_since;
	size_t max_messages;
	size_t max_chars;  /* of what the front end writes; it cuts by itself */
	uint64_t since_ms; /* wall clock */
};

struct seat_join {
	struct str room; /* "name@domain", prepared */
	enum world world;
	unsigned wants; /* SEAT_WANTS_* */
	bool observer;	/* watches without being an occupant (a subscription) */
	bool own;	/* an observer of the server itself: no rule holds it */
	bool may_create; /* this user may bring the room into being */
	bool wants_lock; /* a room made by this join stays locked until
			    SEAT_UNLOCK */
	struct str user; /* as occupant.user */
	struct str sip_uri, jid, stable_id, display; /* as in occupant */
	struct str device;			     /* as device.label */
	/* Whom affiliations know behind a name that hides him: as user and as
	 * jid. Empty: user and jid themselves. */
	struct str account, account_jid;
	bool private_messages; /* this device takes them */
	uint64_t replaces;     /* his seat that goes when this one has come */
	/* Wanted. Empty: WORLD_SIP derived from display or the SIP user part,
	 * made unique; WORLD_XMPP REASON_BAD_NICK. */
	struct str nick;
	/* He was in the room before a restart: nick is the one that he had,
	 * allowed whatever the rules for choosing one are now, and no password
	 * is asked. nick_derived: it was the room's choice, not his. */
	bool returning, nick_derived;
	uint64_t since_ms; /* returning: when he came, wall clock */
	struct str password;
	struct presence presence;
	struct history_wish history;
};

enum seat_cmd_type {
	/* msg, to the room or (msg->private) to one occupant. A message is
	 * said once. */
	SEAT_SAY,
	/* text: the new nickname. Empty: back to a derived one (WORLD_XMPP:
	 * REASON_BAD_NICK). A SIP user changes it for all his devices:
	 * SEAT_OCCUPANT_CHANGED with CHANGED_NICK. So does an XMPP user with
	 * one device; of several only the seat that asks moves (RFC 7701 §7.1),
	 * and all, itself included, see
	 *   1. of the old occupant SEAT_OCCUPANT_CHANGED with CHANGED_DEVICES,
	 *      or SEAT_OCCUPANT_LEFT if that was the last device;
	 *   2. SEAT_OCCUPANT_JOINED of a new occupant, or SEAT_OCCUPANT_CHANGED
	 *      with CHANGED_DEVICES of one that this user already has under
	 *      that name;
	 * both with device = the seat that asks, and own_op for it. The second
	 * has old_nick: that seat has gone from old_nick to who->nick and no
	 * one else has, which is its cue for 303 and 110 (XEP-0045 §7.6).
	 * Taking a derived nickname as it is raises CHANGED_NICK with an equal
	 * old_nick; asking again for a chosen one raises nothing. */
	SEAT_NICK,
	/* text; msg, if given: the message that says so, which is not said but
	 * may go into an archive; its client_id becomes the subject's id */
	SEAT_SUBJECT,
	SEAT_PRESENCE, /* presence; REASON_TOO_BIG: over PRESENCE_MAX */
	/* private_messages, muted, held: what this device does has changed */
	SEAT_DEVICE,
	SEAT_UNLOCK, /* the owner accepts the default configuration */
	/* the owner closes the room; text: why; venue, venue_password: as in
	 * struct reason */
	SEAT_DESTROY,
	/* target, text: why, by: as in struct reason. The occupant's seats, all
	 * of them, get SEAT_ENDED, the others SEAT_OCCUPANT_LEFT, with
	 * REASON_KICKED, or REASON_LEFT for one who removes himself.
	 * REASON_NO_OCCUPANT, REASON_FORBIDDEN (no moderator, or of a lower
	 * affiliation than the target). */
	SEAT_KICK,
	/* affiliation, nick (a nickname reserved for that user; empty leaves
	 * what he has), reason; text: an affiliation's user (see
	 * room_set_affiliation), or empty: target's. Who loses his place gets
	 * SEAT_ENDED with REASON_BANNED or REASON_NOT_MEMBER; the others whom
	 * it concerns change by SEAT_OCCUPANT_CHANGED with CHANGED_ROLE.
	 * REASON_FORBIDDEN (no admin), REASON_NOT_ALLOWED (of that person, or
	 * the configuration says otherwise), REASON_CONFLICT,
	 * REASON_BAD_NICK, REASON_NICK_TAKEN, REASON_BAD_REQUEST,
	 * REASON_NO_OCCUPANT, REASON_OVERLOAD (the list is full). */
	SEAT_AFFILIATION,
	/* target, role, reason; ROLE_NONE is SEAT_KICK. REASON_FORBIDDEN (no
	 * moderator; for ROLE_MODERATOR no admin), REASON_NOT_ALLOWED (of that
	 * person), REASON_NO_OCCUPANT. */
	SEAT_ROLE,
	/* changes: all of them or, if one is refused, none. Those who lose
	 * their place hear it first, then the one who asks gets his result,
	 * then all others hear of it. The reasons are those of SEAT_AFFILIATION
	 * and SEAT_ROLE; REASON_CONFLICT also for one who removes himself,
	 * REASON_BAD_REQUEST for two changes of one person or more than
	 * SEAT_CHANGES_MAX. */
	SEAT_MODERATE,
	/* policy: an owner's settings, but for `fixed`, which stays; and
	 * changes, all in the order of SEAT_MODERATE. All get SEAT_ROOM_CHANGED
	 * with members_only those who are none get SEAT_ENDED
	 * (REASON_MEMBERS_ONLY). A locked room is opened. REASON_FORBIDDEN. */
	SEAT_CONFIGURE,
	/* One without a voice asks for it: all moderators get SEAT_VOICE_ASKED.
	 * REASON_BAD_REQUEST (he has it), REASON_OVERLOAD (he asked just now).
	 */
	SEAT_ASK_VOICE,
	/* Somebody is asked to come, by a room that lives elsewhere: text:
	 * whom, a bare JID or a SIP URI; reason: why; target: the invitation's
	 * id, under which a SIP conference's outcome is told to the front end
	 * (back_sip_cfg.invited); a MUC's that is no success a message from the
	 * room tells. REASON_OK: the room has been asked, REASON_BAD_REQUEST
	 * (no address that it could understand), REASON_UNSUPPORTED (a local
	 * room: its front ends invite, see gateway/invitation.h). */
	SEAT_INVITE,
	/* code (REASON_OK stands for REASON_LEFT), text: why. The seat is free
	 * when seat_command returns: neither a result nor SEAT_ENDED follows,
	 * and its other results are lost; what it said before is still said. */
	SEAT_LEAVE,
};

struct room_policy;

/* One thing of several that a moderator wants at once. Its strings are not the
 * room's, for they change. */
struct seat_change {
	bool of_role; /* else of affiliation */
	/* whom; of affiliation, user (as in struct room_affiliation) counts if
	 * there is one: somebody's in the room, as he is shown, means him */
	uint64_t target;
	struct str user;
	enum role role; /* ROLE_NONE: he goes */
	enum affiliation affiliation;
	struct str nick; /* to reserve with the affiliation; may be empty */
	struct str reason;
};
#define SEAT_CHANGES_MAX 100

struct seat_cmd {
	enum seat_cmd_type type;
	uint64_t op;	     /* echoed in results; 0 = none wanted */
	struct message *msg; /* borrowed; whoever keeps it takes a reference */
	struct str text;
	struct presence presence;
	bool private_messages, muted, held;
	uint64_t target; /* an occupant's id */
	enum reason_code code;
	enum affiliation affiliation;
	enum role role;
	struct str nick, reason;
	const struct room_policy *policy;
	const struct seat_change *changes;
	size_t n_changes;
	struct str venue, venue_password;
	struct str by;
};

enum seat_ev_type {
	/* The join succeeded: who = self. created, renamed. The roster may be
	 * read now. History (SEAT_MESSAGE, delayed) and the subject follow at
	 * once. */
	SEAT_JOINED,
	/* who; old_nick if a device came over from another occupant */
	SEAT_OCCUPANT_JOINED,
	/* who (as it is now); changed; old_nick if CHANGED_NICK, or as above;
	 * reason.text and actor if CHANGED_ROLE */
	SEAT_OCCUPANT_CHANGED,
	SEAT_OCCUPANT_LEFT, /* who (as it was); reason */
	SEAT_MESSAGE,	    /* msg; delayed; own_op for the seat that sent it */
	/* subject; own_op; who set it, NULL: the administrator; delayed, who
	 * NULL: on joining, even if there is none */
	SEAT_SUBJECT_SET,
	SEAT_ROOM_CHANGED, /* unlocked, settings; look at seat_info() */
	SEAT_VOICE_ASKED,  /* who; only moderators hear it */
	SEAT_RESULT, /* own_op, reason, msg of the command; after the command's
			other events, but see SEAT_MODERATE */
	/* client_id, to_nick, reason: a message of this seat that SEAT_RESULT
	 * has called accepted was refused after all (S2X-29, X2S-40) */
	SEAT_UNDELIVERED,
	/* reason; the seat is free after this event; results that were still to
	 * come are lost */
	SEAT_ENDED,
};

#define CHANGED_NICK	 1u
#define CHANGED_PRESENCE 2u
#define CHANGED_ROLE	 4u /* role or affiliation */
#define CHANGED_DEVICES	 8u /* one device came, went or changed */
/* of SEAT_ROOM_CHANGED: more than the lock */
#define CHANGED_SETTINGS  16u
#define CHANGED_LOGGED	  32u /* whether the room is */
#define CHANGED_ANONYMITY 64u

struct subject {
	struct str text;
	struct str nick; /* who set it; empty = nobody */
	struct str stable_id;
	uint64_t time_ms;      /* 0 = never set */
	struct str id;	       /* the client's id of the message that set it */
	struct str archive_id; /* its id in the archive; or empty */
};

struct seat_ev {
	enum seat_ev_type type;
	/* the same for all seats that hear of one thing, never used again; or 0
	 */
	uint64_t number;
	/* the operation of this very seat that caused it, or 0 */
	uint64_t own_op;
	const struct occupant *who;
	unsigned changed;
	struct str old_nick;
	/* SEAT_OCCUPANT_*: the seat that came, went or asked; SEAT_JOINED: the
	 * joiner's own; or 0 */
	uint64_t device;
	bool created, renamed, delayed;
	struct message *msg;
	const struct subject *subject;
	struct reason reason;
	/* SEAT_UNDELIVERED: the message's, and whom it was for, or empty */
	struct str client_id, to_nick;
	/* SEAT_RESULT, REASON_OK: for want of an answer; SEAT_UNDELIVERED may
	 * follow */
	bool unsure;
};

/* What a seat's holder may know of the room at any time. */
struct room_info {
	struct str address; /* "name@domain" */
	struct str name;    /* human-readable title; may be empty */
	bool locked, persistent, public;
	bool moderated, members_only;
	bool has_password;	    /* needs one of those who join */
	bool subject_by_moderators; /* others may not set it */
	bool non_anonymous, logged, invites;
	struct str description, language;
	size_t max_history; /* messages; SIZE_MAX: none */
	size_t n_occupants, max_occupants;
	struct subject subject;
};

struct seat;

struct seat_front_ops {
	void (*event)(void *front, const struct seat_ev *ev);
	/* Can the device show this private message (CHAT-35)? NULL: any. */
	bool (*takes)(void *front, const struct message *m);
};

struct seat_back_ops {
	void (*command)(struct seat *seat, const struct seat_cmd *cmd);
	/* Occupants one by one, *it from 0; NULL at the end. */
	const struct occupant *(*roster)(struct seat *seat, size_t *it);
	const struct occupant *(*by_id)(struct seat *seat, uint64_t id);
	const struct occupant *(*by_nick)(struct seat *seat, struct str nick);
	/* By identity (occupant.user). */
	const struct occupant *(*by_user)(struct seat *seat, struct str user);
	void (*info)(struct seat *seat, struct room_info *out);
};

/* Owned by its front end, which embeds or allocates it and frees it after
 * SEAT_ENDED or SEAT_LEAVE. The back end fills back, back_data and id on
 * joining. */
struct seat {
	uint64_t id;
	const struct seat_front_ops *front_ops;
	void *front;
	const struct seat_back_ops *back_ops; /* NULL: not in a room */
	void *back;			      /* the back end's room */
	void *back_data; /* the back end's record of this seat */
};

static inline bool seat_in_room(const struct seat *s)
{
	return s->back_ops != NULL;
}
/* No effect but a SEAT_RESULT of REASON_NOT_JOINED for a seat in no room. */
void seat_command(struct seat *s, const struct seat_cmd *cmd);
static inline const struct occupant *seat_roster(struct seat *s, size_t *it)
{
	return s->back_ops ? s->back_ops->roster(s, it) : NULL;
}
static inline const struct occupant *seat_by_id(struct seat *s, uint64_t id)
{
	return s->back_ops ? s->back_ops->by_id(s, id) : NULL;
}
static inline const struct occupant *seat_by_nick(struct seat *s, struct str n)
{
	return s->back_ops ? s->back_ops->by_nick(s, n) : NULL;
}
static inline const struct occupant *seat_by_user(struct seat *s, struct str u)
{
	return s->back_ops ? s->back_ops->by_user(s, u) : NULL;
}
void seat_info(struct seat *s,
	       struct room_info *out); /* zeroed if in no room */
