#include "base/dns.h"

#include <stdlib.h>

#include "base/dns_priv.h"
#include "base/log.h"
#include "base/mem.h"

const char *dns_status_text(enum dns_status s)
{
	switch (s) {
	case DNS_FOUND:
		return "found";
	case DNS_NO_NAME:
		return "no such name";
	case DNS_NO_DATA:
		return "no such records";
	case DNS_FAILED:
		return "no answer from the name servers";
	}
	return "?";
}

/* --- who waits --- */

static void free_query(struct dns_query *q)
{
	TAILQ_REMOVE(&q->dns->told, q, link);
	defer_cancel(q->dns->loop, &q->tell);
	dns_result_unref(q->result);
	free(q);
}

static void tell(void *user)
{
	struct dns_query *q = user;
	struct dns_result *r = dns_result_ref(q->result);
	dns_answer_fn *fn = q->fn;
	void *to = q->user;

	/* each who asks draws anew (RFC 2782) */
	dns_order(q->type, r->answer.record, r->answer.n);
	free_query(q);
	fn(to, &r->answer);
	dns_result_unref(r);
}

static void tell_later(struct dns_query *q, struct dns_result *r)
{
	TAILQ_INSERT_TAIL(&q->dns->told, q, link);
	q->flight = NULL;
	q->result = dns_result_ref(r);
	defer(q->dns->loop, &q->tell, tell, q);
}

static void free_flight(struct dns_flight *f)
{
	dns_flight_stop(f);
	table_del_str(f->dns->flights, str_z(f->key));
	arena_free(f->arena);
	free(f);
}

/* An answer by way of aliases is good no longer than they are. */
static void keep(struct dns_flight *f, struct dns_result *r)
{
	if (f->aliases && f->alias_ttl_s < r->answer.ttl_s)
		r->answer.ttl_s = f->alias_ttl_s;
	dns_cache_put(&f->dns->cache, f->key, r, loop_now_ms(f->dns->loop));
}

void dns_flight_done(struct dns_flight *f, const struct dns_answer *answer)
{
	static const struct dns_answer failed = {.status = DNS_FAILED};
	struct dns *d = f->dns;
	struct dns_result *own, *r;
	struct dns_query *q;

	own = dns_result_new(f->arena, answer ? answer : &failed);
	f->arena = NULL;
	r = own;
	if (answer)
		keep(f, r);
	else
		r = dns_cache_fail(&d->cache, f->key, own,
				   loop_now_ms(d->loop));
	log_debug(loop_log(d->loop), "dns.answer", "name=%s type=%d status=%d",
		  LOGQ(str_z(f->name)), (int)f->type, (int)r->answer.status);
	while ((q = TAILQ_FIRST(&f->waiters))) {
		TAILQ_REMOVE(&f->waiters, q, link);
		tell_later(q, r);
	}
	free_flight(f);
	dns_result_unref(own);
}

/* --- asking --- */

static struct dns_query *new_query(struct dns *d, enum dns_type type,
				   dns_answer_fn *fn, void *user)
{
	struct dns_query *q = mem_new(sizeof(*q));

	q->dns = d;
	q->type = type;
	q->fn = fn;
	q->user = user;
	return q;
}

static struct dns_query *tell_status(struct dns_query *q,
				     enum dns_status status)
{
	struct dns_result *r =
	    dns_result_new(NULL, &(struct dns_answer){.status = status});

	tell_later(q, r);
	dns_result_unref(r);
	return q;
}

/* What the hosts file says of the name, or NULL. A name with addresses of one
 * family only has none of the other. */
static struct dns_result *from_hosts(struct dns *d, const char *name,
				     enum dns_type type)
{
	int family = type == DNS_A ? AF_INET : AF_INET6;
	struct dns_answer answer = {.status = DNS_NO_DATA};
	const struct dns_host *it = NULL;
	const struct addr *addr;
	struct dns_record *r;
	struct arena *a;

	if ((type != DNS_A && type != DNS_AAAA) ||
	    !dns_hosts_next(d->hosts, name, &it))
		return NULL;
	a = arena_new(DNS_RECORDS_BYTES);
	r = arena_alloc(a, DNS_ADDRESSES_MAX * sizeof(*r));
	answer.record = r;
	it = NULL;
	while (answer.n < DNS_ADDRESSES_MAX &&
	       (addr = dns_hosts_next(d->hosts, name, &it)))
		if (addr->sa.sa_family == family)
			r[answer.n++].addr = *addr;
	if (answer.n)
		answer.status = DNS_FOUND;
	return dns_result_new(a, &answer);
}

static struct dns_flight *fly(struct dns *d, const char *name, const char *key,
			      enum dns_type type)
{
	struct dns_flight *f = mem_new(sizeof(*f));

	f->dns = d;
	f->type = type;
	f->fd = -1;
	f->server = d->good_server;
	memcpy(f->name, name, strlen(name));
	memcpy(f->key, key, strlen(key));
	TAILQ_INIT(&f->waiters);
	table_put_str(d->flights, str_z(f->key), f);
	return f;
}

/* Names that are never in the DNS (RFC 6761 §6.4). */
static bool is_invalid(const char *name)
{
	return str_eq(str_z(name), STR("invalid")) ||
	       str_ends(str_z(name), STR(".invalid"));
}

struct dns_query *dns_ask(struct dns *d, struct str name, enum dns_type type,
			  dns_answer_fn *fn, void *user)
{
	struct dns_query *q = new_query(d, type, fn, user);
	char z[DNS_NAME_MAX + 1], key[DNS_KEY_MAX + 1];
	struct dns_result *r;
	struct dns_flight *f;

	if (!dns_name(name, z) || is_invalid(z))
		return tell_status(q, DNS_NO_NAME);
	r = from_hosts(d, z, type);
	if (r) {
		tell_later(q, r);
		dns_result_unref(r);
		return q;
	}
	snprintf(key, sizeof(key), "%d %s", (int)type, z);
	r = dns_cache_get(&d->cache, key, loop_now_ms(d->loop));
	if (r) {
		tell_later(q, r);
		return q;
	}
	f = table_get_str(d->flights, str_z(key));
	if (!f && table_count(d->flights) >= d->in_flight_max)
		return tell_status(q, DNS_FAILED);
	q->flight = f ? f : fly(d, z, key, type);
	TAILQ_INSERT_TAIL(&q->flight->waiters, q, link);
	if (!f)
		dns_flight_start(q->flight);
	return q;
}

void dns_cancel(struct dns_query *q)
{
	struct dns_flight *f;

	if (!q)
		return;
	f = q->flight;
	if (!f) {
		free_query(q);
		return;
	}
	TAILQ_REMOVE(&f->waiters, q, link);
	free(q);
	if (TAILQ_EMPTY(&f->waiters))
		free_flight(f);
}

/* --- the resolver --- */

static void read_files(struct dns *d, const struct addr *servers, size_t n)
{
	struct buf text;

	if (n > DNS_SERVERS_MAX)
		n = DNS_SERVERS_MAX;
	for (size_t i = 0; i < n; i++)
		d->servers[i] = servers[i];
	d->n_servers = n;
	d->good_server = 0;
	if (n == 0) {
		dns_file(d->resolv_conf, &text);
		d->n_servers = dns_read_resolv_conf(buf_str(&text), d->servers,
						    DNS_SERVERS_MAX);
		buf_done(&text);
	}
	if (d->n_servers == 0) /* resolv.conf(5) */
		d->n_servers =
		    addr_parse_host(STR("127.0.0.1"), 53, &d->servers[0]) == 0;
	dns_file(d->hosts_file, &text);
	dns_hosts_free(d->hosts);
	d->hosts = dns_hosts_read(buf_str(&text));
	buf_done(&text);
}

static void or_default(uint32_t *limit, uint32_t value)
{
	if (*limit == 0)
		*limit = value;
}

struct dns *dns_new(const struct dns_cfg *cfg)
{
	struct dns *d = mem_new(sizeof(*d));
	struct dns_limits l = cfg->limits;

	if (l.entries == 0)
		l.entries = 4096;
	or_default(&l.min_ttl, 30);
	or_default(&l.max_ttl, 3600);
	or_default(&l.max_negative, 300);
	or_default(&l.max_stale, 3600);
	or_default(&l.failure, 30);
	d->loop = cfg->loop;
	d->in_flight_max = l.in_flight ? l.in_flight : 512;
	d->resolv_conf = str_dup(
	    str_z(cfg->resolv_conf ? cfg->resolv_conf : "/etc/resolv.conf"));
	d->hosts_file = str_dup(str_z(cfg->hosts ? cfg->hosts : "/etc/hosts"));
	d->flights = table_new();
	TAILQ_INIT(&d->told);
	dns_cache_init(&d->cache, &l);
	read_files(d, cfg->servers, cfg->n_servers);
	return d;
}

void dns_reload(struct dns *d, const struct addr *servers, size_t n_servers)
{
	read_files(d, servers, n_servers);
	dns_cache_clear(&d->cache);
}

void dns_free(struct dns *d)
{
	struct dns_flight *f;

	if (!d)
		return;
	while (!TAILQ_EMPTY(&d->told))
		free_query(TAILQ_FIRST(&d->told));
	TABLE_FOREACH (d->flights, it, f) {
		while (TAILQ_NEXT(TAILQ_FIRST(&f->waiters), link))
			dns_cancel(TAILQ_FIRST(&f->waiters));
		dns_cancel(TAILQ_FIRST(&f->waiters)); /* ends it */
	}
	table_free(d->flights);
	dns_cache_done(&d->cache);
	dns_hosts_free(d->hosts);
	free(d->resolv_conf);
	free(d->hosts_file);
	free(d);
}
