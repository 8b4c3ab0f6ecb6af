#include "gateway/discover_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/random.h"
#include "base/table.h"
#include "mapping/addr.h"

#define MAX	   512 /* domains asked about at a time; more are refused */
#define TIMEOUT_MS 10000
#define KEPT_MS	   600000 /* what a domain has answered */
#define ABSENT_MS  300000
#define KEPT_MAX   1024 /* domains; the oldest is asked again */
#define STEPS	   12
#define ID	   "discover-"

/* What is asked, group by group: one that proves something ends it. */
struct question {
	const char *prefix;
	enum dns_type type;
	enum speaks proves;
	unsigned group;
};

static const struct question questions[] = {
    {"", DNS_NAPTR, SPEAKS_SIP, 0},
    {"_sips._tcp.", DNS_SRV, SPEAKS_SIP, 0},
    {"_sip._tcp.", DNS_SRV, SPEAKS_SIP, 0},
    {"_sip._udp.", DNS_SRV, SPEAKS_SIP, 0},
    {"_xmpp-server._tcp.", DNS_SRV, SPEAKS_XMPP, 0},
    /* RFC 3861 (DNS-8) */
    {"_im._sip.", DNS_SRV, SPEAKS_SIP, 1},
    {"_pres._sip.", DNS_SRV, SPEAKS_SIP, 1},
    {"_im._xmpp.", DNS_SRV, SPEAKS_XMPP, 1},
    {"_pres._xmpp.", DNS_SRV, SPEAKS_XMPP, 1},
    /* an address proves no protocol: SIP is what needs no records (DNS-4) */
    {"", DNS_A, SPEAKS_SIP, 3},
    {"", DNS_AAAA, SPEAKS_SIP, 3},
};
#define QUESTIONS   (sizeof(questions) / sizeof(*questions))
#define GROUP_QUERY 2
#define GROUPS	    4

struct asked {
	struct discovery *q;
	const struct question *question;
	struct dns_query *query;
	struct discovered *step;
};

struct discovery {
	struct discover *d;
	TAILQ_ENTRY(discovery) link;
	discover_fn *fn;
	void *user;
	char domain[256], ascii[256];
	unsigned group;
	struct asked asked[QUESTIONS];
	size_t n_asked, n_open;
	struct discovered step[STEPS];
	size_t n_steps;
	char id[sizeof(ID) + 16]; /* of the query that is out; or empty */
	struct timer timer;
	struct deferred later;
};

/* What a domain has answered. */
struct known {
	TAILQ_ENTRY(known) link; /* oldest first */
	uint64_t until_ms;
	enum speaks speaks;
	char domain[256];
};

struct discover {
	struct discover_cfg cfg;
	TAILQ_HEAD(, discovery) all;
	size_t n;
	struct table *known;
	TAILQ_HEAD(, known) order;
	size_t n_known;
	struct discover_stats stats;
};

struct discover *discover_new(const struct discover_cfg *cfg)
{
	struct discover *d = mem_new(sizeof(*d));

	d->cfg = *cfg;
	if (!d->cfg.max)
		d->cfg.max = MAX;
	if (!d->cfg.timeout_ms)
		d->cfg.timeout_ms = TIMEOUT_MS;
	TAILQ_INIT(&d->all);
	TAILQ_INIT(&d->order);
	d->known = table_new();
	return d;
}

static void forget(struct discover *d, struct known *k)
{
	TAILQ_REMOVE(&d->order, k, link);
	table_del_str(d->known, str_z(k->domain));
	d->n_known--;
	free(k);
}

void discover_free(struct discover *d)
{
	if (!d)
		return;
	while (!TAILQ_EMPTY(&d->order))
		forget(d, TAILQ_FIRST(&d->order));
	table_free(d->known);
	free(d);
}

/* --- what queries have told --- */

static const struct known *find_known(struct discover *d, const char *domain)
{
	struct known *k = table_get_str(d->known, str_z(domain));

	if (k && k->until_ms <= loop_now_ms(d->cfg.loop)) {
		forget(d, k);
		k = NULL;
	}
	return k;
}

static void remember(struct discover *d, const char *domain, enum speaks speaks)
{
	unsigned ms = speaks == SPEAKS_XMPP ? KEPT_MS : ABSENT_MS;
	struct known *k = table_get_str(d->known, str_z(domain));

	if (k)
		forget(d, k);
	while (d->n_known >= KEPT_MAX)
		forget(d, TAILQ_FIRST(&d->order));
	k = mem_new(sizeof(*k));
	memcpy(k->domain, domain, strlen(domain) + 1);
	k->speaks = speaks;
	k->until_ms = loop_now_ms(d->cfg.loop) + ms;
	table_put_str(d->known, str_z(k->domain), k);
	TAILQ_INSERT_TAIL(&d->order, k, link);
	d->n_known++;
}

/* --- one discovery --- */

static void end(struct discovery *q)
{
	struct discover *d = q->d;

	for (size_t i = 0; i < q->n_asked; i++)
		dns_cancel(q->asked[i].query);
	timer_cancel(d->cfg.loop, &q->timer);
	defer_cancel(d->cfg.loop, &q->later);
	TAILQ_REMOVE(&d->all, q, link);
	d->n--;
	free(q);
}

void discover_cancel(struct discovery *q)
{
	if (q)
		end(q);
}

const struct discovered *discovery_steps(const struct discovery *q, size_t *n)
{
	*n = q->n_steps;
	return q->step;
}

static void finish(struct discovery *q, enum speaks speaks)
{
	q->d->stats.ended[speaks]++;
	q->fn(q->user, speaks, q->step, q->n_steps);
	end(q);
}

static struct discovered *add_step(struct discovery *q, const char *what,
				   const char *prefix)
{
	struct discovered *s = &q->step[q->n_steps++];

	s->what = what;
	s->proves = SPEAKS_UNKNOWN;
	s->waits = true;
	snprintf(s->name, sizeof(s->name), "%s%s", prefix, q->ascii);
	return s;
}

/* RFC 3263 §4.1: "SIP+D2U", "SIPS+D2T" and the like. */
static bool is_sip_service(const struct dns_record *r)
{
	return str_istarts(r->naptr.service, STR("SIP+D2")) ||
	       str_istarts(r->naptr.service, STR("SIPS+D2"));
}

/* What the answer proves; *refused: there are records, and they say no. */
static enum speaks judge(const struct question *is, const struct dns_answer *a,
			 bool *refused)
{
	enum speaks proves = SPEAKS_UNKNOWN;

	for (size_t i = 0; i < a->n; i++)
		if (is->type == DNS_SRV	    ? a->record[i].srv.target.n > 0
		    : is->type == DNS_NAPTR ? is_sip_service(&a->record[i])
					    : true)
			proves = is->proves;
	*refused = is->type == DNS_SRV && a->n && proves == SPEAKS_UNKNOWN;
	return proves;
}

static void next_group(struct discovery *q);

/* SIP's word comes first: where both are spoken, SIP users need no gateway, and
 * XMPP users who come by it want SIP. */
static void group_done(struct discovery *q)
{
	bool refused = false, failed = false;
	enum speaks proven = SPEAKS_UNKNOWN;

	for (size_t i = 0; i < q->n_steps; i++) {
		const struct discovered *s = &q->step[i];

		if (s->proves < proven)
			proven = s->proves;
		refused |= s->refused;
		failed |= s->status == DNS_FAILED;
	}
	if (proven != SPEAKS_UNKNOWN)
		finish(q, proven);
	else if (q->group + 1 < GROUPS && !(refused && q->group == GROUP_QUERY))
		next_group(q);
	else
		finish(q, failed ? SPEAKS_UNKNOWN : SPEAKS_NEITHER);
}

static void on_answer(void *user, const struct dns_answer *a)
{
	struct asked *asked = user;
	struct discovered *s = asked->step;
	struct discovery *q = asked->q;

	asked->query = NULL;
	s->waits = false;
	s->status = a->status;
	s->proves = judge(asked->question, a, &s->refused);
	discovered_show(s, asked->question->type, a);
	if (--q->n_open == 0)
		group_done(q);
}

static void ask_dns(struct discovery *q)
{
	for (size_t i = 0; i < QUESTIONS; i++) {
		const struct question *is = &questions[i];
		struct asked *asked = &q->asked[q->n_asked];

		if (is->group != q->group)
			continue;
		q->n_asked++;
		q->n_open++;
		asked->q = q;
		asked->question = is;
		asked->step =
		    add_step(q, discovered_type(is->type), is->prefix);
		asked->query = dns_ask(q->d->cfg.dns, str_z(asked->step->name),
				       is->type, on_answer, asked);
	}
}

static void query_over(struct discovery *q, enum dns_status status,
		       enum speaks proves)
{
	struct discovered *s = &q->step[q->n_steps - 1];

	q->id[0] = '\0';
	timer_cancel(q->d->cfg.loop, &q->timer);
	s->waits = false;
	s->status = status;
	s->proves = proves;
	group_done(q);
}

static void on_timeout(void *user)
{
	query_over(user, DNS_FAILED, SPEAKS_UNKNOWN);
}

/* The records are advice, its own answer is proof (DNS-11). */
static void ask_domain(struct discovery *q)
{
	struct discover *d = q->d;
	const struct known *k = find_known(d, q->domain);
	struct discovered *s = add_step(q, "disco#info", "");
	int err;

	memcpy(q->id, ID, sizeof(ID));
	random_ident(q->id + strlen(ID), 16);
	if (k) {
		query_over(
		    q, k->speaks == SPEAKS_XMPP ? DNS_FOUND : DNS_NO_DATA,
		    k->speaks == SPEAKS_XMPP ? SPEAKS_XMPP : SPEAKS_UNKNOWN);
		return;
	}
	err = d->cfg.ask
		  ? d->cfg.ask(d->cfg.user, str_z(q->domain), str_z(q->id))
		  : ERR_UNSUPPORTED;
	if (err == 0) {
		timer_set(d->cfg.loop, &q->timer, d->cfg.timeout_ms, on_timeout,
			  q);
	} else if (err == ERR_UNSUPPORTED) {
		query_over(q, DNS_NO_DATA, SPEAKS_UNKNOWN);
	} else { /* an address would prove nothing now */
		s->waits = false;
		s->unasked = true;
		s->status = DNS_FAILED;
		finish(q, SPEAKS_UNKNOWN);
	}
}

static void next_group(struct discovery *q)
{
	q->group++;
	if (q->group == GROUP_QUERY)
		ask_domain(q);
	else
		ask_dns(q);
}

bool discover_answer(struct discover *d, struct str id, struct str from,
		     enum discover_reply reply)
{
	struct discovery *q;

	TAILQ_FOREACH (q, &d->all, link)
		if (q->id[0] && str_eq(id, str_z(q->id)) &&
		    str_eq(from, str_z(q->domain)))
			break;
	if (!q)
		return false;
	if (reply != DISCOVER_FAILED)
		remember(d, q->domain,
			 reply == DISCOVER_CONFERENCE ? SPEAKS_XMPP
						      : SPEAKS_NEITHER);
	query_over(q,
		   reply == DISCOVER_CONFERENCE ? DNS_FOUND
		   : reply == DISCOVER_ABSENT	? DNS_NO_NAME
		   : reply == DISCOVER_OTHER	? DNS_NO_DATA
						: DNS_FAILED,
		   reply == DISCOVER_CONFERENCE ? SPEAKS_XMPP : SPEAKS_UNKNOWN);
	return true;
}

static void no_domain(void *user)
{
	finish(user, SPEAKS_NEITHER);
}

static void is_address(void *user)
{
	finish(user, SPEAKS_SIP);
}

/* Nothing is asked of what is no name. An address in its place has no records
 * and proves as little as a name's; SIP is what needs none (DNS-4). */
static bool ask_nobody(struct discovery *q)
{
	struct loop *loop = q->d->cfg.loop;
	struct addr addr;

	if (addr_parse_host(str_z(q->domain), 0, &addr) == 0)
		defer(loop, &q->later, is_address, q);
	else if (!*q->ascii)
		defer(loop, &q->later, no_domain, q);
	else
		return false;
	return true;
}

struct discovery *discover(struct discover *d, struct str domain,
			   discover_fn *fn, void *user)
{
	struct discovery *q;
	struct buf ascii = BUF_INIT(256);

	if (d->n >= d->cfg.max) {
		d->stats.refused++;
		return NULL;
	}
	q = mem_new(sizeof(*q));
	q->d = d;
	q->fn = fn;
	q->user = user;
	TAILQ_INSERT_TAIL(&d->all, q, link);
	d->n++;
	if (domain.n < sizeof(q->domain))
		memcpy(q->domain, domain.p, domain.n);
	if (*q->domain && map_domain_to_ascii(&ascii, domain) == 0 &&
	    !ascii.err && ascii.n < sizeof(q->ascii))
		memcpy(q->ascii, ascii.p, ascii.n);
	if (!ask_nobody(q))
		ask_dns(q);
	buf_done(&ascii);
	return q;
}

struct discover_stats discover_stats(const struct discover *d)
{
	return d->stats;
}
