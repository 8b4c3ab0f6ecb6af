/* The core's side of the SIP process: starts it, watches it, re-seeds it. */
#pragma once

#include "base/loop.h"
#include "sip/port.h"

struct sip_child;

/* What a TLS server that we connect to has to prove (RFC 5922 §7.3). */
enum sip_verify {
	SIP_VERIFY_STRICT, /* his domain */
	SIP_VERIFY_CHAIN,  /* that somebody whom we believe has issued his
			      certificate, in any name */
	SIP_VERIFY_NONE,
};

/* TLS of SIP. Files are PEM; "" and NULL are the same. */
struct sip_tls {
	const char *certificate, *key; /* needed for a TLS listener */
	const char *ca;		       /* "": the system's */
	enum sip_verify verify;
};

/* Can these files be used? 0, or negative with a line for the administrator. */
int sip_tls_check(const struct sip_tls *tls, char why[256]);
/* Differs when what they hold does. */
uint64_t sip_tls_sum(const struct sip_tls *tls);

struct sip_child_ops {
	/* An event: PORT_REQUEST, PORT_CANCEL, PORT_ACK, PORT_PROGRESS,
	 * PORT_RESPONSE, PORT_DIALOG. Everything else is handled here. */
	void (*event)(void *user, const struct port_msg *m);
	/* Listeners are up (first: true for the first time). */
	void (*ready)(void *user, bool first);
	/* The first start failed; why is a line for the administrator. Later
	 * failures are retried with back-off and logged. */
	void (*failed)(void *user, const char *why);
	/* For whoever keeps dialogs beyond this process: the encoded state of
	 * one that is new or has changed, and that one has ended. NULL: nobody
	 * does. */
	void (*keep)(void *user, uint64_t dlg, struct str state);
	void (*drop)(void *user, uint64_t dlg);
};

struct sip_child_cfg {
	struct loop *loop;
	const char *program; /* path of stoxd-sip */
	const char *listen;  /* "udp:127.0.0.1:5060 tcp:127.0.0.1:5060" */
	const char *host;    /* our own name in SIP, may be "" */
	const char *agent;   /* "stoxd/0.1.0" */
	int log_level;
	uint32_t max_dialogs; /* 0: the SIP process' own limit */
	struct sip_tls tls;   /* copied */
	/* Dialogs of an earlier run, as `keep` told them; borrowed for the
	 * call. What can't be read is dropped. */
	const struct str *seeds;
	size_t n_seeds;
	const struct sip_child_ops *ops;
	void *user;
};

/* Starts it; ready or failed comes later. NULL and errno on failure. */
struct sip_child *sip_child_new(const struct sip_child_cfg *cfg);
/* Stops it: PORT_STOP, then SIGKILL after 4 s (without waiting in the loop: the
 * caller runs the loop until done is called; done NULL: kill at once). */
void sip_child_stop(struct sip_child *c, void (*done)(void *user), void *user);
void sip_child_free(struct sip_child *c);
/* A clean end begins: no dialog is to outlive this run. Each is told by `drop`
 * now, none by `keep` any more. */
void sip_child_keep_none(struct sip_child *c);

/* What applies to TLS from now on; copied. If that, or what the files hold, is
 * not what the process has read, another process takes its place: dialogs stay,
 * connections go. 0, or negative with a line in why, and nothing changed, where
 * a TLS listener could not use it. */
int sip_child_reload_tls(struct sip_child *c, const struct sip_tls *tls,
			 char why[256]);

/* Sends a command: PORT_ANSWER, PORT_SEND, PORT_DIAL, PORT_HANG_UP,
 * PORT_FORGET. While the process is down, PORT_SEND, PORT_DIAL and PORT_FORGET
 * wait for the next one; an answer to a request of a dead process is dropped
 * (its client retransmits). A PORT_SEND that a dying process left without
 * PORT_RESPONSE is sent again by the next; a PORT_DIAL fails (503). */
void sip_child_send(struct sip_child *c, const struct port_msg *m);
/* Another log level and number of dialogs, from now on. */
void sip_child_adjust(struct sip_child *c, int log_level, uint32_t max_dialogs);
/* A fresh id for PORT_SEND and PORT_DIAL, and for the dialog of a PORT_DIAL. */
uint64_t sip_child_req(struct sip_child *c);
int sip_child_pid(const struct sip_child *c); /* 0 = not running */
/* A process is up, and none is to take its place. */
bool sip_child_settled(const struct sip_child *c);
/* For tests: the real listening addresses after ready ("udp:127.0.0.1:5060
 * ..."). */
const char *sip_child_listen(const struct sip_child *c);

struct sip_child_stats {
	uint64_t restarts, dialogs, tombstones, resent;
};
struct sip_child_stats sip_child_stats(const struct sip_child *c);
