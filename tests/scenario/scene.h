/* A whole core without a network: the clock is ours, the SIP process and the
 * component streams are lists of what they would have sent, MSRP peers are ends
 * of pairs. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "gateway/core.h"
#include "gateway/users.h"
#include "tests/lib/dns_server.h"

#define SCENE_START_WALL 1792000000000ull

struct scene_out; /* one captured message */
TAILQ_HEAD(scene_outs, scene_out);

struct scene_kept {
	TAILQ_ENTRY(scene_kept) link;
	enum kept_kind kind;
	char *key;
	struct blob *value;
};

struct scene {
	struct log log;
	struct clock clock;
	uint64_t mono, wall;
	struct loop *loop;
	struct dns_server *dns; /* knows every name, until a test changes it */
	struct config *config;
	struct users *users; /* nobody, until a test adds somebody */
	struct core core;
	struct scene_outs sip, xmpp;
	bool xmpp_full;				  /* its streams take nothing */
	TAILQ_HEAD(scene_kepts, scene_kept) kept; /* what outlives the core */
	size_t n_kept_writes;
	char state_dir[64]; /* of the rooms; "": they are not kept */
	struct store *store;
	struct files *files; /* NULL, unless the configuration has them */
	uint64_t ids;
	struct arena *arena; /* of what the last take returned */
};

/* A core with this configuration (domains; listeners for MSRP are added). */
struct scene *scene_new(const char *config);
/* One with the domain chat.test of local rooms, where nothing is locked or told
 * late; more: its further keys. */
struct scene *scene_new_local(const char *more);
/* One whose rooms (and files) outlive it, in a private folder. */
struct scene *scene_new_stored(const char *config);
void scene_free(struct scene *s);
/* A test's teardown whose state is the scene. */
int scene_teardown(void **state);
/* The administrator has changed the configuration and has it read again. */
void scene_reload(struct scene *s, const char *config);
/* Until the disk has all that comes in. */
void scene_settle_files(struct scene *s);
/* Lets the loop settle; then, `ms` later, everything that is due by then. */
void scene_run(struct scene *s, uint64_t ms);

/* --- a restart of the whole daemon --- */

/* The core ends as by SIGKILL, and what it had to send is lost. */
void scene_kill(struct scene *s);
/* The next one starts with what was kept; its SIP process has these dialogs. */
void scene_start(struct scene *s, const uint64_t *dlg, size_t n);
/* What is kept of this kind. */
size_t scene_kept_count(struct scene *s, enum kept_kind kind);

/* --- the SIP process' place --- */

/* The next captured message of this type (and method), earlier ones of other
 * sorts stay. Fails the test if there is none. Lives until the scene ends. */
struct port_msg scene_sip(struct scene *s, enum port_type type,
			  const char *method);
/* Is there none of this sort? */
bool scene_sip_none(struct scene *s, enum port_type type, const char *method);
void scene_sip_event(struct scene *s, struct port_msg *m);
/* A request from outside, under a new id; the answer to it, which must come at
 * once. */
struct port_msg scene_sip_request(struct scene *s, struct port_msg *m);
/* The next captured message, of whatever type. False: there is none. */
bool scene_sip_next(struct scene *s, struct port_msg *m);
/* A final response to a captured PORT_SEND. */
void scene_sip_response(struct scene *s, const struct port_msg *sent,
			int status);
/* All NOTIFYs sent so far are answered 200. */
void scene_answer_notifies(struct scene *s);

/* --- a SIP/MSRP user --- */

struct sip_user {
	struct scene *s;
	const char *name; /* "alice": sip:alice@sip.test */
	struct str room;  /* "sip:r@chat.test" */
	uint64_t dlg;
	uint32_t cseq;
	uint64_t invite; /* the last one's request id */
	struct str sdp;	 /* the last answer */
	struct str path; /* our MSRP URI's peer: stoxd's path */
	char own_path[128];
	struct bufferevent *msrp;
	struct buf in; /* octets received and not taken */
	unsigned ids;
};

/* Where the session of an offer or answer is; empty: it has none. */
struct str scene_path(struct str sdp);
/* A user who has done nothing yet; room = "sip:r@chat.test". */
void sip_user_init(struct sip_user *u, struct scene *s, const char *name,
		   const char *room);
/* Makes m his next request of this method, in his dialog or to make it. */
void sip_user_request(struct sip_user *u, struct port_msg *m,
		      const char *method);
/* An offer as V-SDP-1 has it, with `extra` lines. */
struct str sip_user_offer(struct sip_user *u, const char *extra);
/* His INVITE with this body; then, when it has come, the status of the answer.
 */
void sip_user_call(struct sip_user *u, struct str sdp);
int sip_user_answer(struct sip_user *u);
/* Both. */
int sip_user_invite(struct sip_user *u, struct str sdp);
void sip_user_ack(struct sip_user *u);
/* With his answer to the offer that the 200 brought. */
void sip_user_ack_with(struct sip_user *u, struct str sdp);
/* A user whom stoxd calls, and the 200 with which he accepts; neither is sent
 * yet. */
struct port_msg sip_user_called(struct sip_user *u, struct scene *s,
				const char *name, const char *room,
				const struct port_msg *dial);
/* A connection of his to stoxd's MSRP listener. */
void sip_user_connect(struct sip_user *u);
/* And his bodiless SEND there, with its 200. */
void sip_user_bind(struct sip_user *u);
/* INVITE, 200, ACK, connection and bodiless SEND with its 200: he is in. */
void sip_user_join(struct sip_user *u, struct scene *s, const char *name,
		   const char *room, const char *extra);
void sip_user_bye(struct sip_user *u);
void sip_user_done(struct sip_user *u);

/* Octets to stoxd, and the loop settles. */
void msrp_put(struct sip_user *u, struct str bytes);
/* The next frame that came, whole; empty if there is none. */
struct str msrp_take(struct sip_user *u);
/* Sends a request of this method with further lines, returns its transaction
 * id. */
const char *msrp_request(struct sip_user *u, const char *method,
			 const char *more);
/* SEND of a message/cpim entity in one piece. id: its Message-ID, NULL: some
 * other one; more: further headers. */
void msrp_send_cpim(struct sip_user *u, const char *id, const char *more,
		    struct str entity);
/* His response to this request, "200 OK". */
void msrp_reply(struct sip_user *u, struct str frame, const char *status);
/* SEND of a CPIM message to this URI; returns the status of its response. */
int msrp_say(struct sip_user *u, const char *to, const char *text);
/* Its status; the next frame must be the response to it. */
int msrp_status(struct sip_user *u);
/* The next frame must be a SEND: its CPIM entity. */
struct str msrp_cpim(struct sip_user *u);
/* NICKNAME: the status. */
int msrp_nickname(struct sip_user *u, const char *value);

/* --- XMPP users --- */

/* A stanza from the component stream of the domain that it is to. */
void xmpp_put(struct scene *s, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* The next stanza to this full JID, as a tree; fails the test if there is none.
 */
const struct xnode *xmpp_take(struct scene *s, const char *to);
bool xmpp_none(struct scene *s, const char *to);
void xmpp_drop(struct scene *s); /* forgets all captured stanzas */
/* Shows all captured stanzas in their order, and forgets them. False: there was
 * none. */
bool xmpp_each(struct scene *s,
	       void (*see)(void *user, const struct xnode *stanza), void *user);
/* Joins room r@chat.test under nick, takes everything up to the subject. */
void xmpp_join(struct scene *s, const char *jid, const char *nick);
/* The text of the child element, "" if absent. */
const char *xmpp_text(struct scene *s, const struct xnode *stanza,
		      const char *child);
bool x_has_status(const struct xnode *presence, const char *code);

/* Does text hold this (for readable asserts)? */
bool has(struct str text, const char *what);
