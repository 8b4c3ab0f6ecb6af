/* Messages to and from a conference of which more may be heard when they have
 * their answers: that they have arrived, or have failed after all. Of each sort
 * the last limits.reports are known, for ten minutes. */
#pragma once

#include "conference/model.h"
#include "msrp/msrp.h"

struct bs_leg;

struct bs_note {
	TAILQ_ENTRY(bs_note) link;
	uint64_t key; /* how MSRP names the message: a cookie, a msrp_tx */
	uint64_t who; /* the seat that has said it; of receipts, the other one:
			 an occupant */
	uint64_t at_ms;
	char *id;	   /* how XMPP names it */
	char *nick;	   /* whom a private one was for, empty: all; or NULL */
	struct blob *head; /* of one that asks for a notification, or NULL */
};

struct bs_notes {
	TAILQ_HEAD(bs_note_list, bs_note) eldest_first;
	size_t n;
};

void bs_notes_init(struct bs_notes *all);
void bs_notes_clear(struct bs_notes *all);
/* All but nick and head, which the caller may give it. */
struct bs_note *bs_note_add(struct bs_leg *l, struct bs_notes *all,
			    uint64_t key, uint64_t who, struct str id);
/* Taken out of the list, to be freed by the caller: the one of this key; the
 * first of this id. NULL: there is none, or it is too old. */
struct bs_note *bs_note_take(struct bs_leg *l, struct bs_notes *all,
			     uint64_t key);
struct bs_note *bs_note_take_id(struct bs_leg *l, struct bs_notes *all,
				uint64_t who, struct str id);
void bs_note_free(struct bs_note *note);

/* --- back_sip_receipt.c --- */

/* Does its author want to hear that it has arrived? */
bool bs_receipt_wanted(const struct message *m);
/* It goes out with this cookie, whose REPORT is the receipt. */
void bs_receipt_await(struct bs_leg *l, uint64_t cookie,
		      const struct message *m);
void bs_on_reported(void *leg, uint64_t cookie);
/* m, which came by the request tx (0: wants no receipt), has been told. Its
 * report is held; notified: it wants to be told by CPIM, too. */
void bs_receipt_owed(struct bs_leg *l, msrp_tx tx, const struct message *m,
		     bool notified);
/* m says that a message of him whom it is for has arrived. */
void bs_receipt_came(struct bs_leg *l, const struct message *m);

/* --- back_sip_sent.c --- */

/* The switch has taken this one of a seat's, which went out with this cookie to
 * the occupant of this nickname, or to the room (empty). */
void bs_sent_note(struct bs_leg *l, uint64_t cookie, uint64_t seat,
		  const struct message *m, const char *nick);
/* A REPORT says that it has failed after all (X2S-40). */
void bs_on_undelivered(void *leg, uint64_t cookie, int status);
