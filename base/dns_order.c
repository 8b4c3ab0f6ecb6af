#include <stdlib.h>

#include "base/dns_priv.h"
#include "base/random.h"

static int by_priority(const void *a, const void *b)
{
	const struct dns_record *x = a, *y = b;

	if (x->srv.priority != y->srv.priority)
		return x->srv.priority < y->srv.priority ? -1 : 1;
	/* those of weight 0 first: they are chosen rarely */
	return (x->srv.weight != 0) - (y->srv.weight != 0);
}

static int by_order(const void *a, const void *b)
{
	const struct dns_record *x = a, *y = b;

	if (x->naptr.order != y->naptr.order)
		return x->naptr.order < y->naptr.order ? -1 : 1;
	return x->naptr.preference - y->naptr.preference;
}

/* Chance by weight, as RFC 2782 has it: the first whose running sum reaches a
 * random number from 0 to the sum of all. */
static size_t choose(const struct dns_record *r, size_t n)
{
	uint64_t sum = 0, at, running = 0;
	size_t i = 0;

	for (size_t k = 0; k < n; k++)
		sum += r[k].srv.weight;
	at = random_u64() % (sum + 1);
	while (i < n - 1 && (running += r[i].srv.weight) < at)
		i++;
	return i;
}

/* Moves the chosen one to the front, the others keep their order. */
static void to_front(struct dns_record *r, size_t chosen)
{
	struct dns_record first = r[chosen];

	memmove(r + 1, r, chosen * sizeof(*r));
	r[0] = first;
}

static void by_weight(struct dns_record *r, size_t n)
{
	for (size_t i = 0; i + 1 < n; i++) {
		size_t same = 1;

		while (i + same < n &&
		       r[i + same].srv.priority == r[i].srv.priority)
			same++;
		to_front(r + i, choose(r + i, same));
	}
}

void dns_order(enum dns_type type, struct dns_record *r, size_t n)
{
	if (n == 0)
		return;
	if (type == DNS_SRV) {
		qsort(r, n, sizeof(*r), by_priority);
		by_weight(r, n);
	} else if (type == DNS_NAPTR) {
		qsort(r, n, sizeof(*r), by_order);
	}
}
