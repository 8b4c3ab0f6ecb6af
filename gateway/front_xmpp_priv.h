/* What the files of the XMPP front end share. */
#pragma once

#include <sys/queue.h>

#include "base/table.h"
#include "gateway/front_xmpp.h"
#include "mapping/message.h"
#include "xmpp/muc.h"

struct floods;
struct forwards;
struct invites;

/* The stream of one domain, and who came by it. */
struct fx_domain {
	char *name;
	struct front_xmpp *f;
	bool down;
	struct timer lost; /* the occupants' time is over */
	struct timer mend; /* those who missed something */
	TAILQ_HEAD(fx_sessions, fx_session) sessions;
	/* who was in a room before a restart and does not know better yet */
	TAILQ_HEAD(, fx_exile) exiles;
	struct timer exile_timer;
};

struct fx_exile {
	TAILQ_ENTRY(fx_exile) link;
	struct fx_domain *domain;
	char *key;
	struct blob *value;
};

enum pending_kind {
	PENDING_MESSAGE,
	PENDING_SUBJECT,  /* text: the subject */
	PENDING_PRESENCE, /* an update; text: the nickname it went to, if not
			     the one he has */
	PENDING_NICK,	  /* text: the nickname asked for */
	PENDING_IQ,
	PENDING_DESTROY, /* answered when its sender is out of the room */
};

/* A command under way, and what its sender has to be told by. */
struct pending {
	TAILQ_ENTRY(pending) link;
	uint64_t op;
	enum pending_kind kind;
	bool accepted;
	bool told;		 /* a presence has answered it */
	struct str id, to, text; /* the stanza's; its own memory */
	/* PENDING_NICK: what to do after that */
	struct presence presence;
	bool resync;
	struct history_wish history;
};

/* History held back to be cut from its old end (maxchars). */
struct fx_history {
	size_t max_chars;
	struct buf text;
	size_t *ends, n, room; /* of its stanzas */
};

#define FX_SESSION_TAG 0x66785353u

/* One full JID in one room. */
struct fx_session {
	unsigned tag;
	struct front_xmpp *f;
	struct fx_domain *domain;
	TAILQ_ENTRY(fx_session) in_domain, in_silence;
	struct seat seat;
	char *text;	/* room, NUL, full JID; then the attribute `to` */
	struct str key; /* room, NUL, full JID; the next three are parts */
	struct str room, jid, bare;
	struct str to; /* " to='..'" */
	/* its occupant's; until it has joined, nick is the one asked for */
	uint64_t occupant; /* id */
	char *self_text;
	struct str nick, stable_id; /* in self_text */
	enum affiliation affiliation;
	enum role role;
	bool silent; /* its user is told nothing more */
	bool ended;
	bool kept;	 /* a restart knows of him */
	bool incomplete; /* the stream did not take all that was for him */

	bool joined;		    /* the room has let him in */
	char *join_id;		    /* of the join that is under way */
	struct fx_history *history; /* NULL: it goes out as it comes */

	TAILQ_HEAD(, pending) pending;
	unsigned n_pending;

	uint64_t heard_ms;
	char ping_id[17]; /* of the ping that is out; or empty */
	bool answers_pings;
	bool suspect;	     /* a message came back in a doubtful manner */
	unsigned n_forwards; /* queries of his that others are to answer */
};

#define FX_SHOWN 4

/* Presence that one event brings to many, written once: what follows its
 * address. */
struct fx_shown {
	uint64_t event; /* number */
	/* the first or only stanza without real address and with, the second
	 */
	struct buf text[FX_SHOWN];
};

struct front_xmpp {
	struct front_xmpp_cfg cfg;
	struct loop *loop;
	struct log *log;
	struct table *domains;		   /* by name */
	struct table *sessions;		   /* by key */
	struct table *exiles;		   /* fx_exile by key */
	struct fx_sessions silent_longest; /* the first has been silent most */
	struct timer ping_timer;
	TAILQ_HEAD(, asked) asked; /* questions to the archive */
	struct arena *arena;	   /* of the stanza being read */
	struct buf out;		   /* a stanza being written */
	struct fx_shown shown;
	struct buf key;
	struct floods *floods;
	struct forwards *forwards;
	struct invites *invites;
	uint64_t last_op;
	bool stopped;
	struct front_xmpp_stats stats;
};

/* --- front_xmpp_mend.c --- */

/* Sends f->out, which is for this user; if that fails, he is made to come back
 * to the room as soon as there is room for it. */
void fx_send_to(struct fx_session *s);
/* Begins with those to whom that has happened. */
void fx_mend_later(struct fx_domain *d);

/* --- front_xmpp.c --- */

struct fx_domain *fx_domain_of(struct front_xmpp *f, struct str name);
/* Sends f->out. False: the stream takes nothing more. */
bool fx_send(struct front_xmpp *f, struct str domain);
/* How this front end's domains and those of SIP users are called in the other
 * world. */
const struct map_domains *fx_domains(struct front_xmpp *f);
/* Empties f->out and writes "<name to=.. from=room[/nick] type=.. id=..". */
struct buf *fx_begin(struct front_xmpp *f, const char *name, struct str to,
		     struct str room, struct str nick, const char *type,
		     struct str id);
/* The error that a stanza owes, from where it was sent to. A join's names the
 * room as its origin (XEP-0045 §7.2). Errors and results get none. */
void fx_error(struct front_xmpp *f, struct str domain, const struct muc_in *in,
	      struct stanza_error e, struct str text);
void fx_refuse(struct front_xmpp *f, struct str domain, const struct muc_in *in,
	       enum reason_code code);
/* Why somebody without a seat can't talk to a room: there is none for him, or
 * he is not in it (X2S-41). */
enum reason_code fx_outside(struct front_xmpp *f, struct str room);

/* --- front_xmpp_session.c --- */

/* The session in this room of this full JID, or NULL. */
struct fx_session *fx_find(struct front_xmpp *f, struct str room,
			   struct str jid);
/* Likewise, or one that the room has not let in yet. */
struct fx_session *fx_find_any(struct front_xmpp *f, struct str room,
			       struct str jid);
/* In the table in place of one with the same key, which stays otherwise. */
struct fx_session *fx_session_new(struct fx_domain *d, struct str room,
				  const struct jid *from);
void fx_session_register(struct fx_session *s);
/* Copies what he is called from now on. */
void fx_session_name(struct fx_session *s, struct str nick,
		     struct str stable_id);
/* Its seat must be free. Answers what is pending. */
void fx_session_end(struct fx_session *s);
const struct occupant *fx_self(struct fx_session *s);
/* Makes a command with an operation of its own and remembers what it was.
 * False: too many are under way. */
bool fx_command(struct fx_session *s, struct seat_cmd *cmd,
		const struct pending *like);
struct pending *fx_pending(struct fx_session *s, uint64_t op);
void fx_result(struct fx_session *s, uint64_t op, enum reason_code code);

/* --- front_xmpp_presence.c --- */

struct fx_wish {
	struct fx_domain *domain;
	struct str room, nick, id, password;
	struct jid from;
	struct presence presence;
	struct history_wish history;
};

void fx_on_join(struct fx_domain *d, const struct muc_in *in);
void fx_on_presence(struct fx_domain *d, const struct muc_in *in);
void fx_on_leave(struct fx_domain *d, const struct muc_in *in);
void fx_on_probe(struct fx_domain *d, const struct muc_in *in);
/* Takes the seat away; the user is told first unless the session is silent. */
void fx_leave(struct fx_session *s, enum reason_code code, struct str text);
/* A seat as wished, in place of old (which may be NULL). */
enum reason_code fx_take_seat(const struct fx_wish *w, struct fx_session *old);
/* To one whom the room has not let in. */
void fx_join_failed(struct fx_session *s, struct reason why);
void fx_nick_done(struct fx_session *s, const struct pending *p,
		  enum reason_code code);

/* --- front_xmpp_roster.c --- */

void fx_roster_event(struct fx_session *s, const struct seat_ev *ev);
/* What of the settings has changed (CHANGED_*; XEP-0045 §10.2.1). */
void fx_tell_settings(struct fx_session *s, unsigned changed);
/* An occupant as he is now, to one who asks. */
void fx_send_occupant(struct fx_session *s, const struct occupant *who);
/* The presence that tells a user of an earlier run so (status 332). */
void fx_tell_restarted(struct fx_domain *d, const struct kept_occupant *o);
/* Tells the user that he is out of the room, and why. */
void fx_tell_gone(struct fx_session *s, struct reason why);

/* --- front_xmpp_message.c --- */

void fx_on_message(struct fx_domain *d, const struct muc_in *in);
void fx_message_event(struct fx_session *s, const struct seat_ev *ev);
void fx_subject_event(struct fx_session *s, const struct seat_ev *ev);
/* Of the history that comes its user wants the end, so long at most. */
void fx_hold_history(struct fx_session *s, size_t max_chars);
void fx_history_free(struct fx_session *s);
void fx_message_failed(struct fx_session *s, const struct pending *p,
		       enum reason_code code);

/* --- front_xmpp_iq.c --- */

void fx_on_iq(struct fx_domain *d, const struct muc_in *in);
void fx_iq_done(struct fx_session *s, const struct pending *p,
		enum reason_code code);

/* The result of an iq: begin, what it says, end; or an empty one. */
struct buf *fx_iq_begin(struct fx_domain *d, const struct muc_in *in);
void fx_iq_end(struct fx_domain *d);
void fx_iq_empty(struct fx_domain *d, const struct muc_in *in);
void fx_iq_error(struct fx_domain *d, const struct muc_in *in,
		 struct stanza_error e);

/* --- front_xmpp_admin.c, _owner.c, _register.c, _voice.c --- */

/* Who asks something of a room that he need not be in. */
struct fx_asker {
	enum affiliation affiliation;
	enum role role;
};
struct fx_asker fx_asker(struct fx_session *s, const struct muc_in *in,
			 const struct room *r);
/* Runs the command in his seat or, without one, in his name, and answers. */
void fx_moderate(struct fx_domain *d, const struct muc_in *in,
		 struct fx_session *s, struct room *r, struct seat_cmd *cmd);
void fx_on_admin_iq(struct fx_domain *d, const struct muc_in *in,
		    struct fx_session *s, struct room *r);
void fx_on_owner_iq(struct fx_domain *d, const struct muc_in *in,
		    struct fx_session *s, struct room *r);
void fx_on_register_iq(struct fx_domain *d, const struct muc_in *in,
		       struct room *r);
void fx_on_voice_form(struct fx_session *s, const struct muc_in *in);
void fx_voice_asked(struct fx_session *s, const struct occupant *who);

/* --- front_xmpp_mam.c --- */

/* A question to the archive (XEP-0313), by somebody who may have no seat. */
void fx_on_archive_iq(struct fx_domain *d, const struct muc_in *in,
		      struct fx_session *s);
/* An iq that is answered later. */
struct fx_later {
	struct front_xmpp *f;
	struct str domain, room, jid, id;
	struct arena *arena; /* of itself */
};
/* Zeroed but for that; size: of the struct that begins with it. */
void *fx_later_new(struct fx_domain *d, const struct muc_in *in, size_t size);
void fx_later_error(const struct fx_later *l, struct stanza_error e);

/* --- front_xmpp_moderate.c --- */

/* Messages that a moderator removes (XEP-0425). */
void fx_on_moderate_iq(struct fx_domain *d, const struct muc_in *in,
		       struct fx_session *s);
void fx_moderate_forget(struct front_xmpp *f);
void fx_archive_forget(struct front_xmpp *f);

/* --- front_xmpp_keep.c --- */

/* The session's occupant has come, or has another name now. */
void fx_keep(struct fx_session *s);
void fx_unkeep(struct fx_session *s);
/* The stream is up: all who are still there are told, some at a time. */
void fx_tell_exiles(struct fx_domain *d);
/* This user joins: he needs to be told nothing. */
void fx_exile_returns(struct front_xmpp *f, struct str session_key);
void fx_exiles_free(struct fx_domain *d);

/* --- front_xmpp_flood.c --- */

struct floods *floods_new(void);
void floods_free(struct floods *fl);
/* Counts a stanza. True: it is one too many, and refused; s (or NULL: he has no
 * seat) may have been removed. */
bool fx_floods(struct fx_domain *d, const struct muc_in *in,
	       struct fx_session *s);

/* --- front_xmpp_ghost.c --- */

void fx_heard(struct fx_session *s);
void fx_ping(struct fx_session *s);
void fx_on_ping_timer(void *user);
void fx_on_bounce(struct fx_session *s, const struct muc_in *in);
void fx_on_iq_reply(struct fx_session *s, const struct muc_in *in);
