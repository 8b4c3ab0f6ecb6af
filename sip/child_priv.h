/* Shared by the files of child.h. */
#pragma once

#include "base/blob.h"
#include "sip/child.h"
#include "sip/keeper.h"

struct event;

struct sip_child {
	struct loop *loop;
	struct log *log;
	const struct sip_child_ops *ops;
	void *user;
	char *program, *listen, *host, *agent;
	char *certificate, *key, *ca; /* files of TLS */
	enum sip_verify verify;
	uint64_t tls_sum; /* of what the process has read */
	int log_level;
	uint32_t max_dialogs;

	int pid; /* 0 = none */
	struct port_end end;
	struct event *in, *out;
	bool up; /* this process has reported ready */
	uint64_t started_ms, heard_ms;
	uint32_t generation;
	struct timer ping;  /* the watchdog */
	struct timer reap;  /* waits for the process to be gone */
	struct timer timer; /* of a restart or a stop */

	bool listening;	     /* some process has reported ready */
	char *why;	     /* the first one could not, because */
	uint64_t backoff_ms; /* before the next start */
	struct keeper keeper;
	struct blob *lent[PORT_BLOBS]; /* what this process has to share */
	unsigned next_lent;
	uint32_t last_req;
	uint64_t restarts, resent;

	bool renewing; /* the process is ending to make room for the next */
	bool stopping;
	void (*done)(void *user);
	void *done_user;
};

/* child_process.c */
/* Starts the process and opens its port: 0, or a negated errno value. */
int child_launch(struct sip_child *c);
/* The process is of no use any more: the next one follows, or the end. why is a
 * word for the log. */
void child_lost(struct sip_child *c, const char *why);
/* Ends the process at once and waits until it is gone. */
void child_kill(struct sip_child *c);
/* The end of sip_child_stop, from the loop. */
void child_stopped_soon(struct sip_child *c);

/* child_port.c */
/* Takes fd, the core's end of the socketpair, and tells a new process what the
 * last one knew. */
void child_port_open(struct sip_child *c, int fd);
void child_port_close(struct sip_child *c); /* may be closed already */
/* Queues towards the process; a dead one shows at the next read. */
void child_put(struct sip_child *c, const struct port_msg *m);
/* The same for m->shared, which crosses once for all who share it. */
void child_put_shared(struct sip_child *c, const struct port_msg *m);
