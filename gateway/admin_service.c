/* The daemon as a whole: /status, /reload. */
#include "gateway/admin_priv.h"

#include <stdlib.h>

#include "base/mem.h"

#define LOOK_MS	  20
#define SETTLE_MS 10000 /* stoxctl waits for 30 s */

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

/* A reload that has been done, but for the SIP process: another one takes its
 * place when the files of TLS are new. */
struct reload_call {
	TAILQ_ENTRY(reload_call) link;
	struct admin *a;
	struct evhttp_request *req;
	struct timer timer;
	uint64_t until_ms;
	char *notes;
};

static void end(struct reload_call *rc)
{
	TAILQ_REMOVE(&rc->a->reload_calls, rc, link);
	timer_cancel(rc->a->cfg.loop, &rc->timer);
	free(rc->notes);
	free(rc);
}

static void answer_notes(struct admin_call *c, struct str notes)
{
	admin_answer(c, 200, json_pack("{s:o}", "notes", admin_str(notes)));
}

static void look(void *user)
{
	struct reload_call *rc = user;
	struct admin *a = rc->a;
	struct admin_call c = {.a = a, .req = rc->req};

	if (a->cfg.settled(a->cfg.user)) {
		answer_notes(&c, str_z(rc->notes));
		end(rc);
	} else if (loop_now_ms(a->cfg.loop) >= rc->until_ms) {
		admin_refuse(&c, 503,
			     "the configuration is in force, but the SIP "
			     "process has not come back; the log tells why");
		end(rc);
	} else {
		timer_set(a->cfg.loop, &rc->timer, LOOK_MS, look, rc);
	}
}

/* Whoever asked may go on to use what is new, or change the files again. */
static void answer_settled(struct admin_call *c, struct str notes)
{
	struct reload_call *rc = mem_new(sizeof(*rc));

	rc->a = c->a;
	rc->req = c->req;
	rc->notes = str_dup(notes);
	rc->until_ms = loop_now_ms(c->a->cfg.loop) + SETTLE_MS;
	TAILQ_INSERT_TAIL(&c->a->reload_calls, rc, link);
	http_answer_later(c->req);
	timer_set(c->a->cfg.loop, &rc->timer, LOOK_MS, look, rc);
}

void admin_reloads_stop(struct admin *a)
{
	while (!TAILQ_EMPTY(&a->reload_calls)) {
		struct reload_call *rc = TAILQ_FIRST(&a->reload_calls);
		struct admin_call c = {.a = a, .req = rc->req};

		admin_refuse(&c, 503, "stoxd is ending");
		end(rc);
	}
}

static void post_reload(struct admin_call *c)
{
	struct buf said = BUF_INIT(65536);
	int r = c->a->cfg.reload(c->a->cfg.user, &said);

	if (r < 0)
		admin_refuse(c, 422, buf_z(&said));
	else if (c->a->cfg.settled(c->a->cfg.user))
		answer_notes(c, buf_str(&said));
	else
		answer_settled(c, buf_str(&said));
	buf_done(&said);
}

const struct admin_route admin_service_routes[] = {
    {"status", EVHTTP_REQ_GET, get_status},
    {"reload", EVHTTP_REQ_POST, post_reload},
    {NULL, 0, NULL},
};
