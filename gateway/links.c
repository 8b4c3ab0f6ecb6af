#include "gateway/links.h"

#include <stdlib.h>

#include "base/err.h"
#include "base/mem.h"

struct link {
	struct links *all;
	char *domain, *secret;
	struct xmpp_bundle *xmpp;
	bool was_up, closing;
};

struct links {
	struct loop *loop;
	struct log *log;
	struct core *core;
	struct link **link;
	size_t n;
	bool stopping;
	void (*done)(void *user);
	void *user;
};

struct links *links_new(struct loop *loop, struct core *core)
{
	struct links *ls = mem_new(sizeof(*ls));

	ls->loop = loop;
	ls->log = loop_log(loop);
	ls->core = core;
	return ls;
}

static void free_link(struct link *l)
{
	xmpp_bundle_free(l->xmpp);
	free(l->domain);
	free(l->secret);
	free(l);
}

void links_free(struct links *ls)
{
	if (!ls)
		return;
	for (size_t i = 0; i < ls->n; i++)
		free_link(ls->link[i]);
	free(ls->link);
	free(ls);
}

/* --- what a stream tells --- */

static void link_up(void *user)
{
	struct link *l = user;
	bool again = l->was_up;

	l->was_up = true;
	core_link_up(l->all->core, str_z(l->domain), again);
}

static void link_down(void *user, const char *why)
{
	struct link *l = user;

	(void)why; /* the stream has logged it */
	core_link_down(l->all->core, str_z(l->domain));
}

static void link_stanza(void *user, const struct xnode *stanza)
{
	struct link *l = user;
	struct core *core = l->all->core;
	const struct domain_config *named;
	const char *to = l->domain;
	struct jid jid;

	/* ejabberd may send what is for one of our domains on another's stream
	 */
	if (jid_split(x_attr(stanza, "to"), &jid) == 0 &&
	    (named = config_domain(core->config, jid.domain)) && *named->secret)
		to = named->name;
	core_stanza(core, str_z(to), stanza);
}

static const struct xmpp_link_ops link_ops = {link_up, link_down, link_stanza};

/* --- starting and ending them --- */

static struct link *find(const struct links *ls, struct str domain,
			 bool closing)
{
	for (size_t i = 0; i < ls->n; i++)
		if (ls->link[i]->closing == closing &&
		    str_ieq(domain, str_z(ls->link[i]->domain)))
			return ls->link[i];
	return NULL;
}

/* again: as the successor of one that closes. */
static void start(struct links *ls, const struct domain_config *d, bool again)
{
	const struct config *c = ls->core->config;
	struct link *l = mem_new(sizeof(*l));
	struct xmpp_link_cfg cfg = {
	    .loop = ls->loop,
	    .server = c->xmpp.server,
	    .max_stanza = c->xmpp.max_stanza,
	    .max_queue = c->xmpp.max_queue,
	    .ops = &link_ops,
	    .user = l,
	};

	l->all = ls;
	l->was_up = again;
	l->domain = str_dup(str_z(d->name));
	l->secret = str_dup(str_z(d->secret));
	ls->link = mem_resize(ls->link, (ls->n + 1) * sizeof(*ls->link));
	ls->link[ls->n++] = l;
	cfg.domain = l->domain;
	cfg.secret = l->secret;
	l->xmpp = xmpp_bundle_new(&cfg, d->connections);
}

static void closed(void *user)
{
	struct link *l = user;
	struct links *ls = l->all;
	size_t i = 0;

	while (ls->link[i] != l)
		i++;
	ls->link[i] = ls->link[--ls->n];
	free_link(l);
	if (ls->stopping && ls->n == 0)
		ls->done(ls->user);
}

static void close_link(struct link *l)
{
	if (l->closing)
		return;
	l->closing = true;
	xmpp_bundle_close(l->xmpp, closed, l);
}

/* Is a stream owed to this domain? */
static bool wanted(const struct domain_config *d)
{
	return d && *d->secret &&
	       (d->rooms == ROOMS_LOCAL || d->rooms == ROOMS_SIP ||
		d->rooms == ROOMS_DISCOVER || d->users != USERS_NONE);
}

void links_update(struct links *ls)
{
	const struct config *c = ls->core->config;

	if (ls->stopping)
		return;
	for (size_t i = ls->n; i-- > 0;) {
		const struct domain_config *d =
		    config_domain(c, str_z(ls->link[i]->domain));

		if (!wanted(d) || strcmp(d->secret, ls->link[i]->secret) != 0 ||
		    d->connections != xmpp_bundle_streams(ls->link[i]->xmpp))
			close_link(ls->link[i]);
	}
	for (size_t i = 0; i < c->n_domains; i++) {
		const struct domain_config *d = &c->domains[i];
		struct str name = str_z(d->name);

		if (wanted(d) && !find(ls, name, false))
			start(ls, d, find(ls, name, true) != NULL);
		else if (*d->secret && !wanted(d))
			log_warn(
			    ls->log, "domain.unserved",
			    "domain=%s why=\"its rooms are the XMPP server's\"",
			    d->name);
	}
}

void links_close(struct links *ls, void (*done)(void *user), void *user)
{
	ls->stopping = true;
	ls->done = done;
	ls->user = user;
	if (ls->n == 0)
		done(user);
	for (size_t i = ls->n; i-- > 0;)
		close_link(ls->link[i]);
}

/* --- use --- */

int links_send(struct links *ls, struct str domain, struct str text)
{
	struct link *l = find(ls, domain, false);

	return l ? xmpp_bundle_send(l->xmpp, text) : ERR_GONE;
}

bool links_next(const struct links *ls, size_t *it, struct link_state *out)
{
	const struct link *l;

	if (*it >= ls->n)
		return false;
	l = ls->link[(*it)++];
	*out = (struct link_state){
	    l->domain, xmpp_bundle_is_up(l->xmpp), xmpp_bundle_streams(l->xmpp),
	    xmpp_bundle_streams_up(l->xmpp), xmpp_bundle_stats(l->xmpp)};
	return true;
}
