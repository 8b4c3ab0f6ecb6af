/* The front end of SIP/MSRP users: focus (RFC 4353), MSRP switch (RFC 7701) and
 * conference notifier (RFC 4575). A dialog and its MSRP session hold a seat;
 * so does each subscription, and each room that is watched, as observers. */
#pragma once

#include "base/dns.h"
#include "conference/seat.h"
#include "gateway/back.h"
#include "gateway/config.h"
#include "gateway/invitation.h"
#include "gateway/kept.h"
#include "msrp/msrp.h"
#include "sip/port.h"

struct files;
struct front_sip;
struct users;

struct front_sip_cfg {
	struct loop *loop;
	const struct config *config;
	struct back *door; /* to all rooms */
	struct back_local *back;
	struct msrp *msrp;
	struct dns *dns;
	const struct users *users; /* who may log in; NULL: nobody */
	struct files *files; /* where XMPP users get files from, or NULL */
	/* Commands to the SIP process, and a fresh id for PORT_SEND. */
	void (*send)(void *user, const struct port_msg *m);
	uint64_t (*request_id)(void *user);
	/* The invitation of a SIP user to an XMPP user, to: his JID; and the
	 * final status of what front_sip_invite has begun. */
	enum reason_code (*invite)(void *user, const struct invitation *i);
	void (*invited)(void *user, uint64_t id, int status, struct str phrase);
	void *user;
	/* What is to outlive this process: KEPT_CALL, KEPT_SUBSCRIPTION. */
	struct keep keep;
};

struct front_sip *front_sip_new(const struct front_sip_cfg *cfg);
/* Seats leave without a word to their peers: use front_sip_shutdown before, or
 * they are kept for the next run. */
void front_sip_free(struct front_sip *f);
/* A value kept by an earlier run (KEPT_DIALOG as the SIP process' keeper has
 * it): dialogs first, before anything else happens. What can't be read is
 * dropped, with a line in the log. */
void front_sip_restore(struct front_sip *f, enum kept_kind kind, struct str key,
		       struct str value);
/* That was all, and the rooms are there: everybody takes his place again, and
 * each dialog gets its re-INVITE or full NOTIFY, or BYE (SEED0-4), some at a
 * time. To be called when the SIP process is up. */
void front_sip_restored(struct front_sip *f);
/* PORT_REQUEST, PORT_CANCEL, PORT_ACK, PORT_DIALOG, PORT_PROGRESS,
 * PORT_RESPONSE from the SIP process. */
void front_sip_event(struct front_sip *f, const struct port_msg *m);
/* Calls the SIP user, to: his URI, whom somebody of the other world invites
 * and may invite. */
void front_sip_invite(struct front_sip *f, const struct invitation *i);
/* Tells the SIP user who has invited that his invitation was of no use. */
void front_sip_answered(struct front_sip *f, const struct invitation_answer *a);
/* BYE to every participant, final NOTIFY to every subscriber; refuses what
 * comes in (503). */
void front_sip_shutdown(struct front_sip *f);
/* Answers to BYEs and NOTIFYs are still awaited. */
bool front_sip_busy(const struct front_sip *f);

struct front_sip_stats {
	uint64_t calls, subscriptions, refused, messages_in, messages_out,
	    messages_skipped, notifies;
};
struct front_sip_stats front_sip_stats(const struct front_sip *f);
/* Requests that were refused with this status. */
uint64_t front_sip_refused(const struct front_sip *f, int status);
