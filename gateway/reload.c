#include "gateway/reload.h"

#include "base/err.h"

void live_config_init(struct live_config *l, const struct config *first)
{
	*l = (struct live_config){.now = *first, .first = first};
}

void live_config_done(struct live_config *l)
{
	config_free(l->latest);
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

/* What is set up once stays as it was at the start. */
static void keep_first(struct config *now, const struct config *first,
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
	check(said, same_addr(&first->xmpp.server, &now->xmpp.server),
	      "xmpp { server }");
	check(said, SAME(xmpp.max_stanza), "xmpp { max-stanza }");
	check(said, SAME(xmpp.max_queue), "xmpp { max-queue }");
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
	now->xmpp = first->xmpp;
}

static void free_config(void *c)
{
	config_free(c);
}

int live_config_reload(struct live_config *l, struct loop *loop,
		       struct buf *said)
{
	char why[CONFIG_WHY_MAX];
	struct config *fresh;
	int err = config_read(l->first->file, &fresh, why);

	if (err < 0) {
		buf_addz(said, why);
		return err;
	}
	if (l->latest)
		defer_free(loop, l->latest, free_config);
	l->latest = fresh;
	l->now = *fresh;
	keep_first(&l->now, l->first, said);
	return 0;
}
