/* Shared by the files of the running daemon. */
#pragma once

#include "gateway/admin.h"
#include "gateway/core.h"
#include "gateway/files_http.h"
#include "gateway/links.h"
#include "gateway/metrics.h"
#include "gateway/reload.h"
#include "gateway/store.h"
#include "gateway/vitals.h"
#include "sip/child.h"

struct service {
	struct loop *loop;
	struct log log;
	struct live_config live;
	const struct config *config; /* &live.now */
	struct store *store;
	struct users *users;
	struct files *files; /* NULL: they are not kept */
	struct files_http *files_http;
	struct core core;
	struct sip_child *sip;
	struct links *links;
	struct admin *admin;
	struct metrics *metrics;
	struct pulse pulse;
	bool ready, stopping, sip_stopped, links_closed;
	int status;
	struct timer stop_timer, poll_timer;
	uint64_t answered_ms; /* a SIP request of ours, last */
};

/* service.c: how many dialogs the SIP process may hold. */
uint32_t service_max_dialogs(const struct config *c);

/* service_control.c: what the administrator sees and asks. */

/* Opens the control socket and the port of the metrics, as far as the
 * configuration wants them: 0, or negative with a line in why. */
int service_control_open(struct service *s, char why[256]);
void service_control_close(struct service *s);
/* Reads the configuration file again and changes what can be changed: 0, or
 * negative and everything stays. said: a line each on what was wrong, or on
 * what waits for a restart. Both are in the log as well. */
int service_reload(struct service *s, struct buf *said);
