/* All addresses of a host: A and AAAA, asked at the same time. */
#include <stdlib.h>
#include <unistd.h>

#include "base/dns_priv.h"
#include "base/mem.h"

struct dns_lookup {
	struct loop *loop;
	struct dns_query *v4, *v6;
	enum dns_status status; /* of v4, once it is there */
	struct addr addr[DNS_ADDRESSES_MAX];
	size_t n;
	struct deferred tell;
	dns_addresses_fn *fn;
	void *user;
};

/* Would the system know where to send it? Nothing is sent. */
static bool has_route(const struct addr *a)
{
	struct addr to = *a;
	int fd = socket(a->sa.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool routed;

	if (fd < 0)
		return false;
	addr_set_port(&to, 9);
	routed = connect(fd, &to.sa, to.len) == 0;
	close(fd);
	return routed;
}

/* IPv6 first, as they stand; then those that can't be reached from here
 * (RFC 6724 §6, rules 1 and 6). */
static void order(struct dns_lookup *l)
{
	struct addr far[DNS_ADDRESSES_MAX];
	size_t n = 0, n_far = 0;

	for (size_t i = 0; i < l->n; i++) {
		if (has_route(&l->addr[i]))
			l->addr[n++] = l->addr[i];
		else
			far[n_far++] = l->addr[i];
	}
	memcpy(l->addr + n, far, n_far * sizeof(*far));
}

static void tell(void *user)
{
	struct dns_lookup *l = user;

	if (l->n > 1)
		order(l);
	l->fn(l->user, l->n ? DNS_FOUND : l->status, l->addr, l->n);
	free(l);
}

/* Each family gets room even where the other has a great many. */
static void add(struct dns_lookup *l, const struct dns_answer *a, bool first)
{
	size_t most = l->n + DNS_ADDRESSES_MAX / 2;
	size_t n = 0;

	while (n < a->n && l->n + n < most)
		n++;
	if (first)
		memmove(l->addr + n, l->addr, l->n * sizeof(*l->addr));
	for (size_t i = 0; i < n; i++)
		l->addr[first ? i : l->n + i] = a->record[i].addr;
	l->n += n;
}

/* What is told where there is nothing: that nobody knows, that there is a name
 * at least, that there is not. */
static void note(struct dns_lookup *l, const struct dns_answer *a)
{
	if (a->status > l->status)
		l->status = a->status;
	if (!l->v4 && !l->v6)
		tell(l);
}

static void on_v4(void *user, const struct dns_answer *a)
{
	struct dns_lookup *l = user;

	l->v4 = NULL;
	add(l, a, false);
	note(l, a);
}

static void on_v6(void *user, const struct dns_answer *a)
{
	struct dns_lookup *l = user;

	l->v6 = NULL;
	add(l, a, true);
	note(l, a);
}

struct dns_lookup *dns_lookup(struct dns *d, struct str host,
			      dns_addresses_fn *fn, void *user)
{
	struct dns_lookup *l = mem_new(sizeof(*l));

	l->loop = d->loop;
	l->fn = fn;
	l->user = user;
	if (addr_parse_host(host, 0, &l->addr[0]) == 0) {
		l->n = 1;
		defer(l->loop, &l->tell, tell, l);
		return l;
	}
	l->v6 = dns_ask(d, host, DNS_AAAA, on_v6, l);
	l->v4 = dns_ask(d, host, DNS_A, on_v4, l);
	return l;
}

void dns_lookup_cancel(struct dns_lookup *l)
{
	if (!l)
		return;
	dns_cancel(l->v4);
	dns_cancel(l->v6);
	defer_cancel(l->loop, &l->tell);
	free(l);
}
