/* Shared by all files of the SIP front end: its dialogs and requests. */
#pragma once

#include "base/table.h"
#include "gateway/front_sip.h"

struct auth;
struct call;
struct dialog_names;
struct guests;
struct hops;
struct saved;
struct subscription;

/* A SIP dialog with its usages (RFC 5057): a call, subscriptions, or both. The
 * SIP process is told to forget it when nothing uses it any more. */
struct dialog {
	struct front_sip *f;
	uint64_t id;
	struct call *call; /* NULL: none, or over */
	TAILQ_HEAD(, subscription) subscriptions;
	TAILQ_HEAD(, referral) referrals;
	unsigned requests;   /* ours that await a response */
	uint64_t dial;	     /* one of them: the INVITE that is to make it */
	struct asked *asked; /* a REFER of ours has made it, or will; or NULL */
	bool answered;	     /* the SIP process knows it as a dialog */
	bool reported;	     /* and has told its identifiers */
	struct dialog_name *names;
	bool silent; /* after a restart: it ends without a BYE */
	char *owner; /* who has begun it, a header value; NULL: not known */
	struct addr peer; /* and from where */
	bool has_peer;
};

/* Our requests that await their response, by id. */
struct request {
	uint64_t id;
	struct dialog *dialog;
	struct subscription
	    *subscription; /* of a NOTIFY; NULL: it ended meanwhile */
	TAILQ_ENTRY(request) link;
};

struct front_sip {
	struct front_sip_cfg cfg;
	struct loop *loop;
	struct log *log;
	struct table *dialogs;
	TAILQ_HEAD(, request) requests;
	struct table *requests_by_id;
	TAILQ_HEAD(, call) calls;
	struct table *unconfirmed; /* calls by the INVITE that they answered */
	struct table *senders;	   /* by user and device */
	TAILQ_HEAD(, sender) idle_senders;
	size_t n_idle_senders;
	struct dialog_names *names;
	struct guests *guests;
	struct hops *hops;
	struct table *watched; /* rooms, by name */
	struct auth *auth;
	struct table *talkers;	 /* by user */
	struct table *referrals; /* by id */
	uint64_t last_referral;
	uint64_t last_upload;
	size_t n_calls, n_subscriptions;
	bool stopping;
	struct front_sip_stats stats;
	/* after a restart */
	struct saved *saved;
	size_t n_saved;
	uint64_t *returning; /* dialogs whose peers are still to be asked */
	size_t n_returning, next_returning;
	struct timer return_timer;
	uint64_t last_order;   /* of a call */
	uint64_t refused[400]; /* by status, from 300 */
};

/* front_sip.c */
struct answer {
	int status;
	const char *phrase; /* NULL: the status's own */
	struct str contact, headers, type, body;
	int64_t expires; /* -1: none */
};
#define ANSWER(code) ((struct answer){.status = (code), .expires = -1})
#define BUSY_RETRY   "Retry-After: 30\r\n" /* goes with a 503 */
void front_sip_answer(struct front_sip *f, const struct port_msg *req,
		      const struct answer *a);
/* Refuses and says so in the log. */
void front_sip_refuse(struct front_sip *f, const struct port_msg *req,
		      int status, const char *why);
/* The same with this answer. */
void front_sip_refuse_with(struct front_sip *f, const struct port_msg *req,
			   const struct answer *a, const char *why);
/* Sends a request in a dialog; returns its id. */
uint64_t dialog_send(struct dialog *d, struct subscription *s,
		     const struct port_msg *m);
struct dialog *dialog_new(struct front_sip *f, uint64_t id);
/* Forgets and frees the dialog if nothing uses it. */
void dialog_release(struct dialog *d);
/* "name@domain" of a Request-URI at one of our local-room domains: 200, or the
 * status owed. */
int front_sip_room(struct front_sip *f, struct str uri, struct arena *a,
		   struct str *room);
/* The key of a user's address without its parameters; empty for no such URI. */
struct str user_key(struct arena *a, struct str uri);

/* front_sip_auth.c */
struct auth *auth_new(void);
void auth_free(struct auth *a); /* NULL is fine */
/* The dialog that this request begins, and whose it is. */
struct dialog *dialog_begin(struct front_sip *f, const struct port_msg *m);
/* May the request go on? PORT_F_IDENTITY then holds whom it comes from, unless
 * From does or nobody cares; else it has been answered. Strings live in a. */
bool auth_admit(struct front_sip *f, struct port_msg *m, struct arena *a);

/* front_sip_body.c */
/* The value of a header among PORT_F_HEADERS; empty if it is absent. */
struct str further_header(struct str lines, const char *name);
/* The session description in the body of an INVITE or ACK, alone or in a
 * multipart/mixed (SIP-4), empty if there is none: 200, or the status owed. */
int invite_sdp(const struct port_msg *m, struct str *sdp);
struct sip_body {
	struct str sdp;
	bool has_list;
	struct str list; /* resource-lists: whom the request means (RFC 5366) */
	struct str list_id; /* its Content-ID, or empty */
};
/* Likewise all that an INVITE's or REFER's body holds for us. */
int sip_body(const struct port_msg *m, struct sip_body *out);

/* front_sip_options.c */
void options_request(struct front_sip *f, const struct port_msg *m);
