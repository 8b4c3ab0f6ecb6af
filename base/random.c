#include "base/random.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>

void random_bytes(void *p, size_t n)
{
	char *to = p;

	while (n) {
		ssize_t got = getrandom(to, n, 0);

		if (got < 0) {
			if (errno == EINTR)
				continue;
			abort();
		}
		to += got;
		n -= (size_t)got;
	}
}

uint64_t random_u64(void)
{
	uint64_t v;

	random_bytes(&v, sizeof(v));
	return v;
}

/* Unbiased: octets at or past the last multiple of count are thrown away. */
static unsigned pick(unsigned char *pool, size_t size, size_t *left,
		     unsigned count)
{
	unsigned v;

	do {
		if (*left == 0) {
			random_bytes(pool, size);
			*left = size;
		}
		v = pool[--*left];
	} while (v >= 256 - 256 % count);
	return v % count;
}

void random_ident(char *z, size_t n)
{
	static const char set[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				  "abcdefghijklmnopqrstuvwxyz0123456789";
	unsigned char pool[32];
	size_t left = 0;

	for (size_t i = 0; i < n; i++)
		z[i] = set[pick(pool, sizeof(pool), &left, i ? 62 : 52)];
	z[n] = '\0';
}
