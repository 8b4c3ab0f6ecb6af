/* A focus elsewhere and its switch (RFC 4579, RFC 7701): the one in the SIP
 * process' place, the other an MSRP peer. */
#pragma once

#include "bed.h"

#include <string.h>

#define ROOM	"sip:r@conf.test"
#define CONTACT "sip:r@10.0.0.9:5060"
#define PEOPLE	8
#define LEGS	16

struct person {
	char nick[64], uri[64], show[16], status[64];
};

/* What one of our users has here. */
struct call {
	bool in;
	uint64_t dlg, watch;
	uint32_t cseq;
	unsigned version;
	char nick[256], from[256];
	struct sip_user msrp;
	bool connected;
};

struct focus {
	struct bed *b;
	struct person people[PEOPLE];
	struct call calls[LEGS];
	struct buf subject, history;
	struct buf heard; /* "to\ttext\n" */
	int refusal;	  /* of the next INVITE */
	bool refuses_name, mutes;
};

static inline struct focus *focus_of(struct bed *b)
{
	return b->room;
}

/* One who is no user of ours; NULL: nobody. */
struct person *focus_person(struct focus *f, const char *nick);
/* The call of a user of ours; NULL: none. */
struct call *focus_by_nick(struct focus *f, const char *nick);
/* A partial document to all of ours. */
void focus_notify_all(struct focus *f, const char *content);
/* As it is in a document. */
const char *focus_description(struct focus *f);
/* How he is, to all of ours. */
void focus_present(struct focus *f, const struct person *p);
/* How and why he went. */
void focus_absent(struct focus *f, struct person *p, const char *how,
		  const char *why);
/* BYE with this Reason. */
void focus_hang_up(struct focus *f, struct call *c, int cause,
		   const char *text);
/* Its end of the connection. */
void focus_call_done(struct call *c);
/* SEND of a text; date: a header or "". */
void focus_send_cpim(struct call *c, const char *from, const char *to,
		     const char *date, const char *text);
/* What we sent by now; false: nothing. */
bool focus_take_sip(struct focus *f);
bool focus_take_msrp(struct focus *f);
