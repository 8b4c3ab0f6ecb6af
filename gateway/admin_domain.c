/* Domains: /domains, /domains/NAME. */
#include "gateway/admin_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "gateway/explain.h"
#include "gateway/hops.h"

#define LIMIT_MS                                                               \
	25000 /* then what is known is told; stoxctl waits for 30 s            \
	       */

/* A question about a domain, while the domain is being asked about. */
struct domain_call {
	TAILQ_ENTRY(domain_call) link;
	struct admin *a;
	struct evhttp_request *req;
	struct discovery *discovery; /* NULL: it is over */
	struct timer limit;
	char *domain; /* prepared */
	/* what it has come to, while its way is looked for */
	enum speaks speaks;
	struct discovered *step;
	size_t n_steps;
	struct locate *locate;
};

static json_t *integer(uint64_t v)
{
	return json_integer((json_int_t)v);
}

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

static const char *users_word(enum config_users u)
{
	switch (u) {
	case USERS_SIP:
		return "sip";
	case USERS_FOREIGN:
		return "foreign";
	case USERS_NONE:
		break;
	}
	return "";
}

static json_t *show_domain(const struct admin *a, const struct vitals *v,
			   const struct domain_config *d)
{
	struct link_state l;
	const char *link = link_word(v->links, d->name, &l);

	return json_pack("{s:s, s:s, s:s, s:s, s:o, s:s}", "domain", d->name,
			 "title", d->title, "rooms", rooms_word(d->rooms),
			 "create", create_word(d->create), "room-count",
			 integer(rooms_of(a->cfg.core->rooms, d->name)), "xmpp",
			 link);
}

static void get_domains(struct admin_call *c)
{
	const struct config *config = c->a->cfg.core->config;
	json_t *all = json_array();
	struct vitals v;

	c->a->cfg.vitals(c->a->cfg.user, &v);
	for (size_t i = 0; i < config->n_domains; i++)
		json_array_append_new(
		    all, show_domain(c->a, &v, &config->domains[i]));
	admin_answer(c, 200, json_pack("{s:o}", "domains", all));
}

/* --- one of the configuration --- */

static json_t *show_stream(const struct link_state *l)
{
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "connects",
			 integer(l->stats.connects), "stanzas-in",
			 integer(l->stats.stanzas_in), "stanzas-refused",
			 integer(l->stats.stanzas_refused), "bytes-out",
			 integer(l->stats.bytes_out), "dropped",
			 integer(l->stats.dropped), "queue-bytes",
			 integer(l->stats.queued_bytes));
}

static json_t *show_section(const struct admin *a,
			    const struct domain_config *d)
{
	const struct room_policy *p = &d->policy;
	struct link_state l;
	struct vitals v;
	json_t *j;

	a->cfg.vitals(a->cfg.user, &v);
	j = show_domain(a, &v, d);
	json_object_update_new(
	    j, json_pack("{s:s, s:s, s:o, s:o}", "users", users_word(d->users),
			 "route", d->route, "max-stanza",
			 integer(a->cfg.core->config->xmpp.max_stanza),
			 "connections", integer(d->connections)));
	if (d->rooms == ROOMS_LOCAL)
		json_object_update_new(
		    j,
		    json_pack("{s:b, s:b, s:b, s:b, s:o, s:o, s:o, s:s}",
			      "persistent", p->persistent, "public", p->public,
			      "private-messages", p->private_messages,
			      "nicknames", p->nicknames, "history",
			      integer(p->history == SIZE_MAX ? 0 : p->history),
			      "max-occupants", integer(p->max_occupants),
			      "notify-interval",
			      integer(d->notify_interval_ms / 1000), "factory",
			      d->factory));
	link_word(v.links, d->name, &l);
	if (*d->secret)
		json_object_set_new(j, "stream", show_stream(&l));
	return j;
}

/* --- any domain --- */

static json_t *take_text(struct buf *b)
{
	json_t *j = admin_str(buf_str(b));

	buf_done(b);
	return j;
}

static json_t *show_answers(const struct discovered *step, size_t n)
{
	json_t *all = json_array();

	for (size_t i = 0; i < n; i++) {
		const struct discovered *s = &step[i];

		json_array_append_new(
		    all, json_pack("{s:s, s:o, s:s, s:o}", "asked", s->what,
				   "name", admin_str(str_z(s->name)), "answer",
				   discovered_text(s), "records",
				   admin_str(str_z(s->records))));
	}
	return all;
}

static json_t *show_rooms_for(const struct explain *e, enum world world)
{
	static const char *const words[] = {
	    [BACK_NONE] = "refused",	   [BACK_LOCAL] = "local room",
	    [BACK_SIP] = "SIP conference", [BACK_MUC] = "XMPP room",
	    [BACK_ASK] = "refused",
	};
	struct buf why = BUF_INIT(65536);
	enum back_kind kind = explain_rooms(e, world, &why);

	return json_pack("{s:s, s:o}", "get", words[kind], "why",
			 take_text(&why));
}

static json_t *show_user(const struct explain *e, enum world his)
{
	struct buf name = BUF_INIT(65536);

	explain_user(e, his, &name);
	return take_text(&name);
}

static json_t *show_advice(const struct explain *e)
{
	json_t *all = json_array();

	for (const struct advice *a = explain_advice; a->key; a++) {
		struct buf lines = BUF_INIT(65536);

		a->write(e, &lines);
		if (lines.n)
			json_array_append_new(
			    all, json_pack("{s:s, s:s, s:o}", "for", a->key,
					   "title", a->title, "lines",
					   admin_str(buf_str(&lines))));
		buf_done(&lines);
	}
	return all;
}

static json_t *explain(const struct admin *a, const struct explain *e,
		       const struct discovered *step, size_t n)
{
	const struct domain_config *d = config_domain(e->config, e->domain);
	bool opened = config_section(e->config, e->domain) != NULL;
	json_t *j = d ? show_section(a, d) : json_object();

	json_object_set_new(j, "domain", admin_str(e->domain));
	json_object_set_new(j, "section",
			    json_string(d	 ? d->name
					: opened ? "*"
						 : ""));
	json_object_set_new(
	    j, "speaks",
	    json_string(e->waits ? "unknown" : speaks_word(e->speaks)));
	json_object_set_new(j, "answers", show_answers(step, n));
	json_object_update_new(
	    j, json_pack("{s:o, s:o, s:o, s:o, s:o}", "sip-users-who-join",
			 show_rooms_for(e, WORLD_SIP), "xmpp-users-who-join",
			 show_rooms_for(e, WORLD_XMPP), "its-sip-user-in-xmpp",
			 show_user(e, WORLD_SIP), "its-xmpp-user-in-sip",
			 show_user(e, WORLD_XMPP), "advice", show_advice(e)));
	return j;
}

/* --- the answer, when it is there --- */

static void end(struct domain_call *dc)
{
	TAILQ_REMOVE(&dc->a->domain_calls, dc, link);
	timer_cancel(dc->a->cfg.loop, &dc->limit);
	discover_cancel(dc->discovery);
	locate_cancel(dc->locate);
	free(dc->step);
	free(dc->domain);
	free(dc);
}

static struct explain explain_of(const struct domain_call *dc,
				 enum speaks speaks, bool waits)
{
	const struct core *core = dc->a->cfg.core;

	return (struct explain){
	    .config = core->config,
	    .names = back_local_domains(core->back),
	    .door = core->door,
	    .domain = str_z(dc->domain),
	    .speaks = speaks,
	    .waits = waits,
	};
}

static void tell(struct domain_call *dc, const struct explain *e,
		 const struct discovered *step, size_t n)
{
	struct admin_call c = {.a = dc->a, .req = dc->req};

	admin_answer(&c, 200, explain(dc->a, e, step, n));
	end(dc);
}

static void on_located(void *user, enum dns_status status,
		       const struct location *location, size_t n)
{
	struct domain_call *dc = user;
	struct explain e = explain_of(dc, dc->speaks, false);

	dc->locate = NULL;
	explain_way_found(&e, status, location, n, &dc->step[dc->n_steps - 1]);
	tell(dc, &e, dc->step, dc->n_steps);
}

/* One more thing is asked, behind the others. */
static void look_for_way(struct domain_call *dc, enum speaks speaks,
			 struct str uri, const struct discovered *step,
			 size_t n)
{
	const struct core *core = dc->a->cfg.core;
	struct discovered *way;

	dc->speaks = speaks;
	dc->n_steps = n + 1;
	dc->step = mem_new_array(dc->n_steps, sizeof(*dc->step));
	if (n)
		memcpy(dc->step, step, n * sizeof(*step));
	way = &dc->step[n];
	*way = (struct discovered){.what = "INVITE", .waits = true};
	snprintf(way->name, sizeof(way->name), "%.*s", STR_ARG(uri));
	dc->locate =
	    locate(core->dns, uri, hops_by(core->config), on_located, dc);
}

static void on_discovered(void *user, enum speaks speaks,
			  const struct discovered *step, size_t n)
{
	struct domain_call *dc = user;
	struct explain e = explain_of(dc, speaks, false);
	struct buf uri = BUF_INIT(65536);

	dc->discovery = NULL;
	if (explain_way(&e, &uri))
		look_for_way(dc, speaks, buf_str(&uri), step, n);
	else
		tell(dc, &e, step, n);
	buf_done(&uri);
}

static void on_limit(void *user)
{
	struct domain_call *dc = user;
	const struct discovered *step = dc->step;
	size_t n = dc->n_steps;
	struct explain e;

	if (dc->discovery)
		step = discovery_steps(dc->discovery, &n);
	e = dc->discovery ? explain_of(dc, SPEAKS_UNKNOWN, true)
			  : explain_of(dc, dc->speaks, false);
	tell(dc, &e, step, n);
}

void admin_domains_stop(struct admin *a)
{
	while (!TAILQ_EMPTY(&a->domain_calls)) {
		struct domain_call *dc = TAILQ_FIRST(&a->domain_calls);
		struct admin_call c = {.a = a, .req = dc->req};

		admin_refuse(&c, 503, "stoxd is ending");
		end(dc);
	}
}

static void get_domain(struct admin_call *c)
{
	struct buf domain = BUF_INIT(1024);
	struct domain_call *dc;

	if (map_prep_domain(&domain, c->seg[1]) < 0) {
		buf_done(&domain);
		admin_refuse(c, 400, "this is no domain name");
		return;
	}
	dc = mem_new(sizeof(*dc));
	dc->a = c->a;
	dc->req = c->req;
	dc->domain = buf_take(&domain, NULL);
	TAILQ_INSERT_TAIL(&c->a->domain_calls, dc, link);
	dc->discovery = discover(c->a->cfg.core->discover, str_z(dc->domain),
				 on_discovered, dc);
	if (dc->discovery) {
		http_answer_later(c->req);
		timer_set(c->a->cfg.loop, &dc->limit, LIMIT_MS, on_limit, dc);
	} else {
		end(dc);
		admin_refuse(c, 503, "too many domains are being asked about");
	}
}

const struct admin_route admin_domain_routes[] = {
    {"domains", EVHTTP_REQ_GET, get_domains},
    {"domains/*", EVHTTP_REQ_GET, get_domain},
    {NULL, 0, NULL},
};
