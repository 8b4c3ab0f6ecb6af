/* The SIP process: what its files share. Everything runs in the one thread of
 * su_root. */
#pragma once

struct sipproc;
#define SU_ROOT_MAGIC_T	     struct sipproc
#define SU_WAKEUP_ARG_T	     struct sipproc
#define SU_TIMER_ARG_T	     struct sipproc
#define NTA_AGENT_MAGIC_T    struct sipproc
#define NTA_LEG_MAGIC_T	     void
#define NTA_INCOMING_MAGIC_T struct request
#define NTA_OUTGOING_MAGIC_T void

#include <sys/queue.h>

#include <sofia-sip/su_wait.h>

#include <sofia-sip/msg_addr.h>
#include <sofia-sip/nta.h>
#include <sofia-sip/nta_tport.h>
#include <sofia-sip/sip.h>
#include <sofia-sip/sip_header.h>
#include <sofia-sip/sip_status.h>
#include <sofia-sip/sip_tag.h>
#include <sofia-sip/tport.h>

#include "base/log.h"
#include "base/net.h"
#include "base/table.h"
#include "sip/child.h"
#include "sip/port.h"

struct blob;
struct request;
TAILQ_HEAD(dialogs, dialog);
TAILQ_HEAD(requests, request);

/* firstline.c: how the agent reads messages. To be closed after it. */
struct firstline {
	msg_mclass_t *messages;
	struct msg_hclass_s request, status;
	int (*extract)(msg_t *msg); /* the library's */
	/* Of messages that could neither be read nor answered: how many, and of
	 * the last one what and whence; for the log. */
	unsigned dropped;
	const char *what;
	char peer[ADDR_TEXT_MAX];
};

/* What nta takes for an error in a response (its own default). */
#define FIRSTLINE_RESPONSE_MASK                                                \
	((unsigned)~(sip_mask_request | sip_mask_proxy | sip_mask_registrar |  \
		     sip_mask_pref | sip_mask_privacy))

bool firstline_open(struct firstline *f);
void firstline_close(struct firstline *f);
/* How this message is read; NULL: it is none of the agent's. */
struct firstline *firstline_of(msg_t *msg);
/* Does the URI stand where none could be read? */
bool firstline_lacks_uri(const url_t *u);

/* readfix.c: the header that could not be read, or was one too many; NULL: a
 * line without a name. */
const char *readfix_name(const sip_error_t *e);

/* longbody.c */

#define SIP_HEAD_MAX 65536u /* a long Via list costs nta time squared */
/* Lets the agent read such NOTIFYs; after firstline_open(). */
void longbody_allow(struct sipproc *p);

struct sipproc {
	su_root_t *root;
	struct firstline firstline;
	nta_agent_t *agent;
	nta_leg_t *outside; /* takes what belongs to no dialog */
	su_timer_t *sweep, *last_call, *retry;
	unsigned sweeps;
	struct log log;

	struct port_end port;
	su_wait_t wait;
	int wait_index;
	bool writing; /* waits for room in the port */

	char *agent_name; /* for User-Agent and Server */
	char *listen;
	char *host; /* stands in our Via; "": the listener's address */
	char *certificate, *key, *ca; /* files, for TLS */
	enum sip_verify verify;
	char tls_folder[64]; /* while the listeners are made; else "" */
	uint32_t generation;
	uint32_t count; /* of ids given */
	size_t max_dialogs, max_requests;
	bool stopping;

	struct blob *blobs[PORT_BLOBS]; /* what PORT_SENDs share */
	struct table *dialogs;		/* id -> dialog */
	struct table *initial;	 /* key of its first request -> seeded dialog */
	struct table *requests;	 /* req -> request, until answered */
	struct table *sends;	 /* req -> sending, until there is an outcome */
	struct table *dials;	 /* req -> dialling, likewise */
	struct table *own;	 /* the same by From tag and Call-ID */
	struct dialogs dead;	 /* tombstones, the oldest first */
	TAILQ_HEAD(, held) held; /* requests of ours, likewise */
	struct requests waiting; /* for the core, the oldest first */
	struct requests unacked; /* INVITEs with a 2xx, likewise */
};

/* agent.c */

/* The next id of this generation. */
uint64_t sipproc_id(struct sipproc *p);
/* PORT_START: binds the listeners, reports PORT_READY or PORT_FAILED. */
void sipproc_start(struct sipproc *p);
/* After PORT_STOP: ends the process once nothing is open. */
void sipproc_maybe_done(struct sipproc *p);
/* The agent without transports, for PORT_CONFIG. */
int sipproc_open(struct sipproc *p);
/* Closes everything that nta holds. */
void sipproc_close(struct sipproc *p);
/* The ident of the listeners on a host, as nta keeps it; NULL: there are none.
 * A request of ours leaves by the host that the dialog's first one came to. */
const char *sipproc_listener(struct sipproc *p, struct str host);

/* tls.c */

/* Prepares what sofia needs for a TLS listener, in p->tls_folder: 0, or
 * negative with a line for the administrator. */
int tls_open(struct sipproc *p, char why[256]);
/* Removes it, in any case. */
void tls_close(struct sipproc *p);

/* main.c */

/* Gives up root, if it was that, for nobody. */
void drop_privileges(void);
/* sofia's own log speaks at level trace only; everything else is ours. */
void library_log(const struct log *log);

/* acceptfix.c */

#define SPARE_FD 4 /* set aside for connections that can't be taken */
/* To be called before anything else is opened. */
void spare_open(void);

/* commands.c: the port's descriptor on su_root. */
int commands_open(struct sipproc *p);
void commands_close(struct sipproc *p);
/* Tells the core. */
void sipproc_report(struct sipproc *p, const struct port_msg *m);
/* Likewise: of a message's request and dialog, with its fields. */
void sipproc_report_sip(struct sipproc *p, enum port_type type, uint64_t dlg,
			uint64_t req, const sip_t *sip);
void sipproc_report_encoded(struct sipproc *p, const struct blob *m);

/* A dialog: a leg of nta plus what a seed of it needs. Shared by its usages
 * (session, subscriptions); the core alone knows when the last one ends. */
struct dialog {
	struct sipproc *p;
	uint64_t id;
	nta_leg_t *leg;
	struct blob *state; /* as last reported: an encoded PORT_DIALOG */
	tport_t *tport;	    /* the connection the peer came by, may be closed */
	tport_t *route; /* the one that our last request left by, likewise */
	char *key;	/* in p->initial; NULL: not there */
	bool routed;	/* has a route set */
	char *hop;	/* a URI: the way to the target's host; NULL: its own */
	bool forgotten; /* goes when nothing of it is open */
	bool dead;	/* a tombstone */
	bool hung_up;	/* the peer has said BYE */
	su_time_t until;	  /* of a tombstone */
	struct request *invite;	  /* the peer's, unanswered */
	unsigned inviting;	  /* ours, unanswered */
	unsigned sends;		  /* ours of any method, without an outcome */
	unsigned held;		  /* of these not sent yet */
	TAILQ_ENTRY(dialog) link; /* in p->dead */
};

/* dialog.c */

/* A dialog from its state (PORT_DIALOG, PORT_SEED, PORT_TOMBSTONE); NULL when
 * nta can't take it. */
struct dialog *dialog_new(struct sipproc *p, const struct port_msg *state);
void dialog_free(struct dialog *d);
struct dialog *dialog_get(struct sipproc *p, uint64_t id);
/* The dialog that a request without To tag made in an earlier process, or NULL.
 */
struct dialog *dialog_by_first(struct sipproc *p, const sip_t *sip);
/* Reports the state with these CSeq numbers and, unless empty, this target. */
void dialog_report(struct dialog *d, uint32_t local_cseq, struct str target);
void dialog_forget(struct dialog *d);
/* Frees a forgotten dialog when nothing of it is open any more. */
void dialog_maybe_free(struct dialog *d);
/* Remembers the connection a request came by (UDP: none). */
void dialog_came_by(struct dialog *d, nta_incoming_t *irq);
/* Likewise the one a request of ours left by. */
void dialog_goes_by(struct dialog *d, nta_outgoing_t *orq);
/* Removes tombstones whose time is over. */
void dialog_sweep(struct sipproc *p);
/* Our tag of the dialog. */
const char *dialog_tag(const struct dialog *d);
/* Do these URIs name the same host and port? */
bool dialog_same_host(struct str a, struct str b);
/* Is this the peer's? */
bool dialog_is_with(const struct dialog *d, const char *tag);

/* A request that waits for the core's answer, or an INVITE with a 2xx that
 * waits for its ACK. */
struct request {
	struct sipproc *p;
	uint64_t req, dlg;
	bool new_dialog;
	bool answered;
	nta_incoming_t *irq;
	tport_t *tport;
	sip_method_t method;
	uint32_t cseq;
	su_time_t until;
	TAILQ_ENTRY(request) link; /* in p->waiting or p->unacked */
};

/* uas.c */

/* Callbacks of nta: a request outside any dialog, and one in a dialog. */
int uas_outside(void *p, nta_leg_t *leg, nta_incoming_t *irq, sip_t const *sip);
int uas_inside(void *d, nta_leg_t *leg, nta_incoming_t *irq, sip_t const *sip);
/* PORT_ANSWER. */
void uas_answer(struct sipproc *p, const struct port_msg *m);
/* Answers by ourselves and ends the transaction. headers: whole lines, or NULL.
 */
void uas_refuse(struct sipproc *p, nta_incoming_t *irq, int status,
		const char *phrase, const char *headers);
void uas_request_free(struct request *r);
/* The core hears of a NOTIFY that did not reach it: it may miss what is in it.
 */
void uas_tell_refused(struct dialog *d, int status);
/* Gives up on requests that the core left lying, and on ACKs. */
void uas_sweep(struct sipproc *p);
void uas_close(struct sipproc *p);

/* invite.c */

/* Callback of nta for an INVITE of the peer: CANCEL, ACK, or neither in 32 s.
 */
int invite_followed(struct request *r, nta_incoming_t *irq, sip_t const *sip);
/* An ACK that found no transaction (of an earlier process). */
void invite_stray_ack(struct dialog *d, const sip_t *sip);
/* Acknowledges the 2xx to a re-INVITE of ours. */
void invite_ack(struct dialog *d, nta_outgoing_t *orq);
/* 0, or the status that a request crossing an open INVITE gets (FOCUS-8). */
int invite_crosses(const struct dialog *d, const sip_t *sip);

/* uac.c */

/* PORT_SEND. */
void uac_send(struct sipproc *p, const struct port_msg *m);
void uac_close(struct sipproc *p);
/* Tells the core an outcome that no response brought. */
void uac_outcome(struct sipproc *p, uint64_t dlg, uint64_t req, int status,
		 const char *phrase);
/* What such an outcome came of, for people. */
const char *uac_why(nta_outgoing_t *orq, int status);

/* Do requests of the dialog go over the connection that the peer made, which
 * also reaches one who can't be connected to? */
bool uac_is_direct(const struct dialog *d);
/* Sends what may go now. */
void uac_transmit(struct dialog *d, const struct port_msg *m);

/* hold.c */

/* Keeps a request of the dialog until the connection has room for it; false: it
 * has. */
bool hold(struct dialog *d, const struct port_msg *m);
void hold_close(struct sipproc *p);

/* dial.c */

/* PORT_DIAL, PORT_HANG_UP. */
void dial(struct sipproc *p, const struct port_msg *m);
/* A request without a dialog: is it one of those, come back to us? */
bool dial_is_own(const struct sipproc *p, const sip_t *sip);
void dial_hang_up(struct sipproc *p, uint64_t req);
void dial_close(struct sipproc *p);

/* guard.c: what may not reach the core, and what sofia-sip can't bear. */

struct refusal {
	int status; /* 0 = none */
	const char *phrase;
	char headers[512];
};
/* Looks a request over (RFC 3261 §8.2); inside: it came in a dialog. */
void guard_check(struct refusal *r, const sip_t *sip, bool inside);
/* Is it a kind of URI that nta can send to? */
bool guard_target(const url_t *u);
/* Exactly one Contact, of a kind that requests can be sent to. */
bool guard_contact(const sip_contact_t *m);

/* values.c: between sofia's parsed headers and the port's flat fields. Strings
 * live in home. */

struct str value_of(su_home_t *home, const void *header);
struct str value_uri(su_home_t *home, const url_t *url);
/* Fills the fields of a request or response. */
void values_fill(su_home_t *home, const sip_t *sip, struct port_msg *m);
/* Terminated copy; NULL for an empty slice (which sofia's tags take as absent).
 */
char *value_z(su_home_t *home, struct str s);
/* Has a block of header lines one of this name? */
bool value_has_header(struct str headers, struct str name);

#define SIP_SUPPORTED                                                          \
	"timer, replaces, norefersub, tdialog, multiple-refer, "               \
	"recipient-list-invite"
