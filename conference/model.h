/* The neutral vocabulary of rooms: what both kinds of users can say of a room,
 * its occupants, its messages, and of why something failed or ended. */
#pragma once

#include "base/arena.h"
#include "base/blob.h"

struct stream;

/* The world a user's client comes from. The room only compares it (creation
 * policy, rosters); what differs on the wire is the front ends' business. */
enum world { WORLD_SIP, WORLD_XMPP, WORLDS };

/* Why a command failed, or why an occupant is gone. mapping/reason.c puts each
 * into SIP's, MSRP's and XMPP's words. */
#define REASON_TABLE(X)                                                        \
	X(REASON_OK, "ok")                                                     \
	/* a command or a join was refused */                                  \
	X(REASON_BAD_REQUEST, "bad request")                                   \
	X(REASON_BAD_NICK, "nickname not allowed")                             \
	X(REASON_NICK_TAKEN, "nickname in use")                                \
	X(REASON_NICK_OFF, "nicknames are switched off here")                  \
	X(REASON_NO_ROOM, "no such room")                                      \
	X(REASON_MAY_NOT_CREATE, "you may not create this room")               \
	X(REASON_LOCKED, "the room is not open yet")                           \
	X(REASON_NO_OCCUPANT, "no such occupant")                              \
	X(REASON_NOT_JOINED, "not in the room")                                \
	X(REASON_FORBIDDEN, "not allowed")                                     \
	X(REASON_NOT_ALLOWED, "not allowed for this person")                   \
	X(REASON_CONFLICT, "not of oneself, nor of the last owner")            \
	X(REASON_ONE_DEVICE, "in the room with another device already")        \
	X(REASON_NO_VOICE, "you may not speak here")                           \
	X(REASON_BANNED, "banned from this room")                              \
	X(REASON_MEMBERS_ONLY, "members only")                                 \
	X(REASON_PASSWORD, "password required or wrong")                       \
	X(REASON_FULL, "the room is full")                                     \
	X(REASON_NO_PRIVATE, "the recipient takes no private messages")        \
	X(REASON_ON_HOLD, "the recipient is on hold")                          \
	X(REASON_PRIVATE_OFF, "private messages are switched off here")        \
	X(REASON_BAD_TYPE, "content type not accepted")                        \
	X(REASON_TOO_BIG, "message too big")                                   \
	X(REASON_OVERLOAD, "too busy, try again")                              \
	X(REASON_UNSUPPORTED, "not supported here")                            \
	X(REASON_TIMEOUT, "no answer in time")                                 \
	/* of rooms elsewhere */                                               \
	X(REASON_NO_ANSWER, "the room's server does not answer")               \
	X(REASON_UNAVAILABLE, "not available at present")                      \
	X(REASON_NOT_ACCEPTED, "not acceptable to the room")                   \
	X(REASON_FAULT, "the room's server failed")                            \
	X(REASON_MOVED, "to be found elsewhere")                               \
	X(REASON_NO_SERVER, "no such server")                                  \
	X(REASON_BAD_ADDRESS, "address not understood")                        \
	X(REASON_LOOP, "the way to the room comes back here")                  \
	X(REASON_DECLINED, "declined")                                         \
	X(REASON_PENDING, "another request is under way")                      \
	/* an occupant or a seat ended */                                      \
	X(REASON_LEFT, "left")                                                 \
	X(REASON_KICKED, "removed by a moderator")                             \
	X(REASON_NOT_MEMBER, "no longer a member")                             \
	X(REASON_LOST, "connection lost")                                      \
	X(REASON_SHUTDOWN, "the service is shutting down")                     \
	X(REASON_ROOM_GONE, "the room was closed")                             \
	X(REASON_UNTRUSTED, "wrong certificate of the chat session")           \
	X(REASON_SLOW, "too slow to follow")                                   \
	X(REASON_FLOOD, "sent too much at a time")

enum reason_code {
#define X(name, text) name,
	REASON_TABLE(X)
#undef X
	    REASONS
};

const char *reason_text(enum reason_code code); /* the table's English text */

struct reason {
	enum reason_code code;
	struct str text;  /* what a person added; may be empty */
	struct str actor; /* the nickname of who did it; may be empty */
	/* a URI under which he did it, to be shown; empty: as rosters have him
	 */
	struct str by;
	/* REASON_ROOM_GONE: the room to go to instead, and its password */
	struct str venue, venue_password;
	unsigned retry_s; /* it may be tried again after that; 0: nobody knows
			   */
};

/* Ordered by power. */
enum affiliation { AFF_OUTCAST, AFF_NONE, AFF_MEMBER, AFF_ADMIN, AFF_OWNER };
enum role { ROLE_NONE, ROLE_VISITOR, ROLE_PARTICIPANT, ROLE_MODERATOR };

struct presence {
	struct str show; /* "", "away", "chat", "dnd", "xa" */
	struct str status;
	/* further elements, as text that is fit for a stanza */
	struct str payload;
};
#define PRESENCE_MAX 16384 /* octets of all three; a room takes no more */
size_t presence_size(const struct presence *p);
bool presence_eq(const struct presence *a, const struct presence *b);

/* One device of an occupant: a seat, as others may know it. */
struct device {
	uint64_t seat;
	struct str label; /* full JID or SIP Contact; for owners' eyes only */
	bool private_messages; /* takes them */
	bool muted;	       /* sends nothing */
	bool held;	       /* receives nothing */
	const struct device *next;
};

/* A person in a room, with one device or several. A value that lives in the
 * room: a pointer is good during the event that carries it or until the next
 * command. */
struct occupant {
	uint64_t id;
	enum world world;
	struct str nick;    /* unique in the room, as shown, never empty */
	bool nick_chosen;   /* claimed by the user, not derived by us */
	struct str display; /* the name he came with; may be empty */
	/* identity: uri_key() of a SIP user, bare JID of an XMPP user */
	struct str user;
	/* WORLD_SIP: his address, as others may write to it; WORLD_XMPP: the
	 * mapped one (may be empty), for rooms that show it */
	struct str sip_uri;
	/* bare JID; of a SIP user the mapped one (may be empty) */
	struct str jid;
	/* opaque, the same whenever he is in this room (XEP-0421) */
	struct str stable_id;
	enum affiliation affiliation;
	enum role role;
	struct presence presence;
	const struct device *devices;
	size_t n_devices;
	/* wall clock: when he came, and last said something (0: never) */
	uint64_t since_ms, active_ms;
};

struct part {
	/* "text/plain", with parameters but charset (always UTF-8) */
	struct str type;
	struct str language;
	struct str body; /* text: UTF-8, lines end in LF */
};

#define MESSAGE_PARTS_MAX 4

/* One message. Made and filled by a front end, stamped by the room, then
 * immutable but for `form`. Strings live in its arena. */
struct message {
	unsigned refs;
	size_t max; /* octets the sender's strings may take */
	struct arena *arena;
	/* filled by the sender's front end */
	bool private;
	uint64_t to;	      /* private: the addressee's occupant id */
	struct str client_id; /* the id under which the sender wants it back */
	struct str language, subject;
	bool has_subject;
	size_t n_parts;
	struct part parts[MESSAGE_PARTS_MAX];
	/* private: its author wants to know that it has arrived; and the
	 * client_id of another's message that has (then there is no content) */
	bool wants_receipt;
	struct str receipt_of;
	/* private: the client_id of another's message that has not arrived
	 * after all, the device that said it, and why; nothing else */
	struct str failed_id;
	uint64_t failed_seat;
	enum reason_code failed;
	/* wall clock: when its author says he wrote it; 0: he does not */
	uint64_t written_ms;
	bool no_store; /* not for the history */
	/* though no_store, for an archive: a reaction */
	bool archive_only;
	/* typing notices and the like: no store, may be dropped */
	bool transient;
	/* notifications of delivery: for devices on hold and such that take no
	 * private messages, too */
	bool control;
	/* Native encodings, one per world, made by the front end that first
	 * needs one and shared by all receivers of that world. The sender's own
	 * is what he sent: a SIP message goes to SIP users octet by octet
	 * (RFC 7701 §6.1), an XMPP payload to XMPP users likewise. The room
	 * never looks inside. */
	struct blob *form[WORLDS];
	/* what sort of native encoding; the front end's word */
	struct str form_type[WORLDS];
	/* A long message, said before all of it has come: its native encoding
	 * in its author's world follows by the stream. NULL: it is whole. Its
	 * parts have their types and no content; size: what that will be, or
	 * was, of one whose content is lost. */
	struct stream *stream;
	bool has_size, has_total;
	uint64_t size;
	uint64_t total; /* octets of the stream */
	/* Of such a one: those of the other world get its content's link in a
	 * message of its own, when it is whole. */
	bool link_follows;
	/* That message: those of the author's world have the content itself,
	 * unless they come later. */
	bool is_link;
	/* The archive's id of an earlier message that this one takes back: one
	 * of the author's own, or, as a moderator's deed, anybody's. Then the
	 * message comes from the room itself, and why says why. */
	struct str retracts;
	bool moderates;
	struct str why;
	/* stamped by the room */
	enum world world;
	uint64_t serial;      /* order in the room, from 1; private: 0 */
	struct str id;	      /* the archive's id (stanza-id) */
	uint64_t time_ms;     /* wall clock */
	uint64_t author;      /* occupant id */
	uint64_t author_seat; /* of a private one in a local room; else 0 */
	/* the author's, at that moment; an XMPP user's sip_uri only where all
	 * may see it */
	struct str nick, user, sip_uri, stable_id, jid;
};

/* An empty message with one reference; max: octets its strings may take. */
struct message *message_new(size_t max);
struct message *message_ref(struct message *m);
void message_unref(struct message *m); /* NULL is fine */
/* A part copied into the message: 0, ERR_FULL (MESSAGE_PARTS_MAX), ERR_TOO_BIG.
 */
int message_add_part(struct message *m, struct str type, struct str language,
		     struct str body);
/* The first part of this type ("text/plain", "text/html"; parameters and case
 * do not count), or NULL. */
const struct part *message_part(const struct message *m, struct str type);
