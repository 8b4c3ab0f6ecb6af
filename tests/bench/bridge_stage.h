/* A stoxd between two worlds: users of one are taken by it to rooms of the
 * other, which are elsewhere: a MUC service (scripted, or a real server's) or a
 * SIP conference (a second stoxd's). It and both ends run; what any end gets is
 * told. */
#pragma once

#include "tests/bench/daemon.h"
#include "tests/bench/muc.h"
#include "tests/bench/sip.h"
#include "tests/bench/wire.h"

enum far_kind {
	FAR_MUC,    /* scripted */
	FAR_SERVER, /* a MUC of a real XMPP server */
	FAR_SIP,    /* a SIP conference */
};

struct setup {
	enum far_kind kind;
	const char *stoxd;
	unsigned sip_users, xmpp_users; /* at most */
	unsigned roster; /* FAR_MUC: occupants who are there anyway */
	uint16_t port;	 /* FAR_SERVER: for components */
	bool keeps;	 /* the daemon that is measured has a state-dir */
};

/* One end of what is measured. */
struct end {
	bool in;
	struct wire wire; /* a SIP user's MSRP */
	char *have;	  /* of it, not whole yet */
	size_t n_have;
	uint64_t last; /* number of the last message that came */
};

struct stage {
	struct setup setup;
	struct daemon daemon; /* which is measured */
	struct daemon focus;
	struct muc muc;
	struct component users; /* but with FAR_MUC */
	int listener;
	struct sip sip;
	struct call *calls;
	struct end *sip_end, *xmpp_end;
	/* A numbered message has come: to a SIP user, to an XMPP user (FAR_MUC:
	 * to the MUC service, `at` being its sender), or (answer) the 200 to a
	 * SIP user's. */
	void (*came)(void *user, bool sip, unsigned at, bool answer,
		     uint64_t number);
	void *user;
	char pad[200]; /* what XMPP users' messages hold behind the number */
};

void stage_open(struct stage *s);
int stage_close(struct stage *s); /* 0: all ended as it should */

/* Users first to first + n - 1 come into a room. */
void stage_join_sip(struct stage *s, unsigned first, unsigned n, unsigned room);
void stage_join_xmpp(struct stage *s, unsigned first, unsigned n,
		     unsigned room);
/* Those SIP users watch the roster from now on. */
void stage_watch(struct stage *s, unsigned first, unsigned n);

/* A SIP user's message to his room, an XMPP user's (FAR_MUC: an occupant's). */
void stage_send_sip(struct stage *s, unsigned from, uint64_t number);
void stage_send_xmpp(struct stage *s, unsigned from, unsigned room,
		     uint64_t number);

/* Waits for something to come, so long, and takes it; false: nothing did. */
bool stage_turn(struct stage *s, int ms);
/* Takes what comes within this time. */
void stage_idle(struct stage *s, uint64_t ns);
