/* What the daemon is doing, in figures: for the administrator and for
 * Prometheus. */
#pragma once

#include "gateway/back_muc.h"
#include "gateway/back_sip.h"
#include "gateway/discover.h"
#include "gateway/files.h"
#include "gateway/links.h"
#include "gateway/store.h"
#include "sip/child.h"

struct process_vitals {
	int pid; /* 0: it is not running, and the rest is 0 */
	double user_s, system_s;
	uint64_t rss_bytes;
};

struct vitals {
	uint64_t started_ms; /* wall clock */
	size_t rooms, occupants[WORLDS];
	struct front_sip_stats sip;
	struct front_xmpp_stats xmpp;
	struct discover_stats discover;
	struct back_muc_stats back_muc;
	struct back_sip_stats back_sip;
	struct msrp_stats msrp;
	struct msrp_load msrp_load;
	struct sip_child_stats sip_child;
	struct store_stats store; /* filled by the caller, */
	struct files_stats files; /* likewise */
	struct process_vitals core, sip_process;
	size_t descriptors, max_descriptors; /* of the core */
	/* How late the loop comes to what is due: lately, and at worst. */
	uint64_t lag_ms, lag_worst_ms;
	const struct front_sip *front_sip; /* for front_sip_refused() */
	const struct links *links;
};

/* Watches the loop. Embedded; zeroed. */
struct pulse {
	struct loop *loop;
	uint64_t started_ms; /* wall clock */
	uint64_t due_ms, lag_ms, lag_worst_ms;
	struct timer timer;
};
void pulse_start(struct pulse *p, struct loop *loop);
void pulse_stop(struct pulse *p);

/* sip, links, pulse: NULL = none. */
void vitals_read(struct vitals *v, const struct core *core,
		 const struct sip_child *sip, const struct links *links,
		 const struct pulse *pulse);
