/* The daemon as a whole: /status, /reload. */
#include "gateway/admin_priv.h"

#include <stdlib.h>

static json_t *integer(uint64_t v)
{
	return json_integer((json_int_t)v);
}

static json_t *show_process(const struct process_vitals *p)
{
	return json_pack("{s:i, s:o, s:o}", "pid", p->pid, "cpu-seconds",
			 json_real(p->user_s + p->system_s), "memory-bytes",
			 integer(p->rss_bytes));
}

static void get_status(struct admin_call *c)
{
	uint64_t now = loop_wall_ms(c->a->cfg.loop);
	struct vitals v;

	c->a->cfg.vitals(c->a->cfg.user, &v);
	admin_answer(
	    c, 200,
	    json_pack(
		"{s:s, s:o, s:o, s:s, s:o, s:{s:o, s:o}, s:o, s:o, s:o, s:o,"
		" s:o, s:o, s:o, s:o}",
		"version", STOX_VERSION, "started", admin_time(v.started_ms),
		"uptime-seconds", integer((now - v.started_ms) / 1000),
		"configuration", c->a->cfg.core->config->file, "rooms",
		integer(v.rooms), "occupants", "sip",
		integer(v.occupants[WORLD_SIP]), "xmpp",
		integer(v.occupants[WORLD_XMPP]), "sip-calls",
		integer(v.sip.calls), "subscriptions",
		integer(v.sip.subscriptions), "msrp-connections",
		integer(v.msrp_load.connections), "msrp-sessions",
		integer(v.msrp_load.sessions), "sip-process-restarts",
		integer(v.sip_child.restarts), "loop-lag-ms", integer(v.lag_ms),
		"process", show_process(&v.core), "sip-process",
		show_process(&v.sip_process)));
}

/* --- reload --- */

static void post_reload(struct admin_call *c)
{
	struct buf said = BUF_INIT(65536);
	int r = c->a->cfg.reload(c->a->cfg.user, &said);

	if (r < 0)
		admin_refuse(c, 422, buf_z(&said));
	else
		admin_answer(
		    c, 200,
		    json_pack("{s:o}", "notes", admin_str(buf_str(&said))));
	buf_done(&said);
}

const struct admin_route admin_service_routes[] = {
    {"status", EVHTTP_REQ_GET, get_status},
    {"reload", EVHTTP_REQ_POST, post_reload},
    {NULL, 0, NULL},
};
