/* The daemon as a whole: /status, /domains, /reload. */
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

/* --- domains --- */

static const char *rooms_word(enum config_rooms r)
{
	switch (r) {
	case ROOMS_LOCAL:
		return "local";
	case ROOMS_SIP:
		return "sip";
	case ROOMS_XMPP:
		return "xmpp";
	case ROOMS_DISCOVER:
		return "discover";
	case ROOMS_NONE:
		break;
	}
	return "";
}

static const char *create_word(unsigned create)
{
	static const char *const words[] = {"none", "sip", "xmpp", "any"};

	return words[create & (CREATE_SIP | CREATE_XMPP)];
}

/* How it is attached to its XMPP server: "up", "down", "none" (no secret). */
static const char *link_word(const struct links *links, const char *domain,
			     struct link_state *l)
{
	for (size_t it = 0; links && links_next(links, &it, l);)
		if (strcmp(l->domain, domain) == 0)
			return l->up ? "up" : "down";
	*l = (struct link_state){0};
	return "none";
}

static size_t rooms_of(struct rooms *rooms, const char *domain)
{
	struct room_info info;
	const struct room *r;
	size_t n = 0;

	for (size_t it = 0; (r = rooms_next(rooms, &it));) {
		room_info(r, &info);
		str_split(&info.address, '@');
		n += str_eq(info.address, str_z(domain));
	}
	return n;
}

static json_t *show_domain(struct admin_call *c, const struct vitals *v,
			   const struct domain_config *d)
{
	struct link_state l;
	const char *link = link_word(v->links, d->name, &l);

	return json_pack("{s:s, s:s, s:s, s:s, s:o, s:s}", "domain", d->name,
			 "title", d->title, "rooms", rooms_word(d->rooms),
			 "create", create_word(d->create), "room-count",
			 integer(rooms_of(c->a->cfg.core->rooms, d->name)),
			 "xmpp", link);
}

static void get_domains(struct admin_call *c)
{
	const struct config *config = c->a->cfg.core->config;
	json_t *all = json_array();
	struct vitals v;

	c->a->cfg.vitals(c->a->cfg.user, &v);
	for (size_t i = 0; i < config->n_domains; i++)
		json_array_append_new(all,
				      show_domain(c, &v, &config->domains[i]));
	admin_answer(c, 200, json_pack("{s:o}", "domains", all));
}

static void get_domain(struct admin_call *c)
{
	const struct config *config = c->a->cfg.core->config;
	const struct domain_config *d = config_domain(config, c->seg[1]);
	struct link_state l;
	const struct room_policy *p;
	struct vitals v;
	json_t *j;

	if (!d) {
		admin_refuse(c, 404, "no such domain");
		return;
	}
	c->a->cfg.vitals(c->a->cfg.user, &v);
	link_word(v.links, d->name, &l);
	j = show_domain(c, &v, d);
	p = &d->policy;
	json_object_update_new(
	    j,
	    json_pack("{s:b, s:b, s:b, s:b, s:o, s:o, s:o, s:s, s:s, s:o, "
		      "s:o}",
		      "persistent", p->persistent, "public", p->public,
		      "private-messages", p->private_messages, "nicknames",
		      p->nicknames, "history",
		      integer(p->history == SIZE_MAX ? 0 : p->history),
		      "max-occupants", integer(p->max_occupants),
		      "notify-interval", integer(d->notify_interval_ms / 1000),
		      "factory", d->factory, "route", d->route, "max-stanza",
		      integer(config->xmpp.max_stanza), "connections",
		      integer(d->connections)));
	json_object_update_new(
	    j, json_pack("{s:{s:o, s:o, s:o, s:o, s:o, s:o}}", "stream",
			 "connects", integer(l.stats.connects), "stanzas-in",
			 integer(l.stats.stanzas_in), "stanzas-refused",
			 integer(l.stats.stanzas_refused), "bytes-out",
			 integer(l.stats.bytes_out), "dropped",
			 integer(l.stats.dropped), "queue-bytes",
			 integer(l.stats.queued_bytes)));
	admin_answer(c, 200, j);
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
    {"domains", EVHTTP_REQ_GET, get_domains},
    {"domains/*", EVHTTP_REQ_GET, get_domain},
    {"reload", EVHTTP_REQ_POST, post_reload},
    {NULL, 0, NULL},
};
