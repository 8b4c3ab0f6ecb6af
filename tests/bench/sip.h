/* Just enough of a SIP client to fill a room: calls over few TCP connections,
 * answered at once or not at all. Whatever else happens ends the bench. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct call {
	unsigned user;	   /* user number: sip:uNUMBER@bench.example */
	unsigned room;	   /* room number */
	char own_path[80]; /* Our MSRP URI. */
	char path[160];	   /* The focus' MSRP URI for this call. */
	char target[160];  /* The focus' Contact. */
	char tag[80];	   /* and its tag */
	unsigned cseq;	   /* of the last request */
	bool subscribed;
	bool tls; /* of MSRP; set beforehand */
};

struct sip {
	int fd;
	uint16_t port;			  /* our end, for Via and Contact */
	uint64_t notifies, notify_octets; /* received, and answered 200 */
	/* What else is served while an answer is waited for: `also`, whenever
	 * also_fd has something to read; NULL: nothing. */
	int also_fd;
	void (*also)(void *user);
	void *user;
	size_t have;
	char in[1 << 20];
};

/* Connects to the focus at 127.0.0.1:port. */
void sip_open(struct sip *s, uint16_t port);
void sip_close(struct sip *s);

/* INVITE, 200, ACK for the n calls (their user and room set), all on their way
 * at once. Fills in the rest of each. */
void sip_join(struct sip *s, struct call *calls, unsigned n);

/* SUBSCRIBE to the roster in the dialogs of the n calls, and their 200. The
 * NOTIFYs come when they come. */
void sip_subscribe(struct sip *s, struct call *calls, unsigned n);

/* Answers what comes within ns. */
void sip_idle(struct sip *s, uint64_t ns);

/* BYE and 200 for the n calls; before that SUBSCRIBE with Expires: 0 for those
 * that have subscribed, since a subscription outlives its call. */
void sip_leave(struct sip *s, struct call *calls, unsigned n);
