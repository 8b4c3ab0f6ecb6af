#include "gateway/reload.h"

#include <stdlib.h>

#include "base/mem.h"

void live_config_init(struct live_config *l, const struct config *first)
{
	*l = (struct live_config){.now = *first, .first = first};
}

void live_config_done(struct live_config *l)
{
	config_free(l->latest);
	for (size_t i = 0; i < l->n_kept; i++)
		config_free(l->kept[i]);
	free(l->kept);
	free(l->domains);
}

static bool same_listen(const struct listen_spec *a, size_t n_a,
			const struct listen_spec *b, size_t n_b)
{
	if (n_a != n_b)
		return false;
	for (size_t i = 0; i < n_a; i++)
		if (a[i].transport != b[i].transport ||
		    a[i].port != b[i].port || strcmp(a[i].host, b[i].host) != 0)
			return false;
	return true;
}

static bool same_addr(const struct addr *a, const struct addr *b)
{
	char za[ADDR_TEXT_MAX], zb[ADDR_TEXT_MAX];

	return strcmp(addr_text(a, za), addr_text(b, zb)) == 0;
}

static void check(struct buf *said, bool same, const char *key)
{
	if (!same)
		buf_addf(said, "%s: changes only with a restart\n", key);
}

#define SAME_TEXT(f) (strcmp(first->f, now->f) == 0)
#define SAME(f)	     (first->f == now->f)

/* Names what is set up once and is not as it was at the start. */
static void compare(const struct config *now, const struct config *first,
		    struct buf *said)
{
	check(said, SAME_TEXT(state_dir), "state-dir");
	check(said, SAME_TEXT(control), "control");
	check(said, SAME_TEXT(metrics), "metrics");
	check(said,
	      same_listen(first->sip.listen, first->sip.n_listen,
			  now->sip.listen, now->sip.n_listen),
	      "sip { listen }");
	check(said, SAME_TEXT(sip.host), "sip { host }");
	/* passwords are kept for the one that they were set for */
	check(said, str_eq(config_realm(first), config_realm(now)),
	      "sip { realm }");
	check(said,
	      same_listen(first->msrp.listen, first->msrp.n_listen,
			  now->msrp.listen, now->msrp.n_listen),
	      "msrp { listen }");
	check(said, SAME_TEXT(msrp.host), "msrp { host }");
	check(said, SAME(msrp.port), "msrp { port }");
	check(said, SAME(msrp.tls_port), "msrp { tls-port }");
	check(said, SAME(msrp.max_message), "msrp { max-message }");
	check(said, SAME(msrp.max_send_queue), "msrp { max-send-queue }");
	check(said, SAME(msrp.max_connections), "msrp { max-connections }");
	check(said, SAME_TEXT(files.listen), "files { listen }");
	check(said, SAME(files.max_connections), "files { max-connections }");
	check(said, same_addr(&first->xmpp.server, &now->xmpp.server),
	      "xmpp { server }");
	check(said, SAME(xmpp.max_stanza), "xmpp { max-stanza }");
	check(said, SAME(xmpp.max_queue), "xmpp { max-queue }");
}

static void keep_first(struct config *now, const struct config *first)
{
	now->state_dir = first->state_dir;
	now->control = first->control;
	now->metrics = first->metrics;
	now->sip.listen = first->sip.listen;
	now->sip.n_listen = first->sip.n_listen;
	now->sip.realm = config_realm(first).p;
	now->sip.host = first->sip.host;
	now->msrp.listen = first->msrp.listen;
	now->msrp.n_listen = first->msrp.n_listen;
	now->msrp.host = first->msrp.host;
	now->msrp.port = first->msrp.port;
	now->msrp.tls_port = first->msrp.tls_port;
	now->msrp.max_message = first->msrp.max_message;
	now->msrp.max_send_queue = first->msrp.max_send_queue;
	now->msrp.max_connections = first->msrp.max_connections;
	now->files.listen = first->files.listen;
	if (!*now->files.base_url) /* it goes with the other */
		now->files.base_url = first->files.base_url;
	now->files.max_connections = first->files.max_connections;
	now->xmpp = first->xmpp;
}

/* Does a domain of local rooms end here that people may be in? */
static bool ends(const struct domain_config *d, const struct config *fresh)
{
	const struct domain_config *next = config_domain(fresh, str_z(d->name));

	return d->rooms == ROOMS_LOCAL && (!next || next->rooms != ROOMS_LOCAL);
}

/* In place of what there is under this name, or at the end. */
static void put_domain(struct config *c, const struct domain_config *d)
{
	size_t i = 0;

	while (i < c->n_domains && strcmp(c->domains[i].name, d->name) != 0)
		i++;
	c->domains[i] = *d;
	if (i == c->n_domains)
		c->n_domains++;
}

/* Is d of this configuration, not of an earlier one? */
static bool owns(const struct config *c, const struct domain_config *d)
{
	const struct domain_config *o =
	    c ? config_domain(c, str_z(d->name)) : NULL;

	return o && o->name == d->name;
}

/* Domains that have to stay come over from what was in use. True if `latest`
 * owns one of them. */
static bool keep_domains(const struct live_config *l, struct config *next,
			 struct buf *said)
{
	size_t n = next->n_domains + l->now.n_domains;
	struct domain_config *all = mem_new_array(n, sizeof(*all));
	bool owned = false;

	memcpy(all, next->domains, next->n_domains * sizeof(*all));
	next->domains = all;
	for (size_t i = 0; i < l->now.n_domains; i++) {
		const struct domain_config *d = &l->now.domains[i];

		if (!ends(d, next))
			continue;
		put_domain(next, d);
		owned |= owns(l->latest, d);
		buf_addf(said, "domain \"%s\": ends only with a restart\n",
			 d->name);
	}
	return owned;
}

static void free_config(void *c)
{
	config_free(c);
}

int live_config_read(const struct live_config *l, struct config **fresh,
		     struct buf *said)
{
	char why[CONFIG_WHY_MAX];
	int err = config_read(l->first->file, fresh, why);

	if (err < 0)
		buf_addz(said, why);
	return err;
}

void live_config_take(struct live_config *l, struct loop *loop,
		      struct config *take_fresh, struct buf *said)
{
	struct config next = *take_fresh;

	compare(&next, l->first, said);
	keep_first(&next, l->first);
	if (keep_domains(l, &next, said)) {
		l->kept =
		    mem_resize(l->kept, (l->n_kept + 1) * sizeof(*l->kept));
		l->kept[l->n_kept++] = l->latest;
	} else if (l->latest) {
		defer_free(loop, l->latest, free_config);
	}
	if (l->domains)
		defer_free(loop, l->domains, free);
	l->domains = next.domains;
	l->latest = take_fresh;
	l->now = next;
}
