/* str_hash: SipHash-1-3, since peers choose the strings and a weaker mix lets
 * them choose collisions too. */
#include "base/str.h"

struct sip {
	uint64_t a, b, c, d;
};

static uint64_t rotl(uint64_t v, unsigned bits)
{
	return v << bits | v >> (64 - bits);
}

static void sip_round(struct sip *s)
{
	s->a += s->b;
	s->c += s->d;
	s->b = rotl(s->b, 13) ^ s->a;
	s->d = rotl(s->d, 16) ^ s->c;
	s->a = rotl(s->a, 32) + s->d;
	s->c += s->b;
	s->d = rotl(s->d, 21) ^ s->a;
	s->b = rotl(s->b, 17) ^ s->c;
	s->c = rotl(s->c, 32);
}

static void sip_word(struct sip *s, uint64_t word)
{
	s->d ^= word;
	sip_round(s);
	s->a ^= word;
}

uint64_t str_hash(struct str s, uint64_t seed)
{
	/* the 128-bit key is the seed and a fixed half */
	uint64_t key = UINT64_C(0x9e3779b97f4a7c15);
	struct sip h = {seed ^ UINT64_C(0x736f6d6570736575),
			key ^ UINT64_C(0x646f72616e646f6d),
			seed ^ UINT64_C(0x6c7967656e657261),
			key ^ UINT64_C(0x7465646279746573)};
	uint64_t last = (uint64_t)s.n << 56;
	size_t i = 0;

	for (; s.n - i >= 8; i += 8) {
		uint64_t word;

		memcpy(&word, s.p + i, 8);
		sip_word(&h, word);
	}
	for (unsigned shift = 0; i < s.n; i++, shift += 8)
		last |= (uint64_t)(unsigned char)s.p[i] << shift;
	sip_word(&h, last);
	h.c ^= 0xff;
	for (int round = 0; round < 3; round++)
		sip_round(&h);
	return h.a ^ h.b ^ h.c ^ h.d;
}
