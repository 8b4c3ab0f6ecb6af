#include "msrp/fingerprint.h"

#include "base/err.h"

static const struct {
	const char *name;
	size_t octets;
} hashes[] = {
    {"sha-1", 20},   {"sha-224", 28}, {"sha-256", 32},
    {"sha-384", 48}, {"sha-512", 64},
};

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

static int read_octets(struct str text, struct msrp_fingerprint *out)
{
	if (text.n != out->n * 3 - 1)
		return ERR_SYNTAX;
	for (size_t i = 0; i < out->n; i++) {
		int high = hex(text.p[3 * i]), low = hex(text.p[3 * i + 1]);

		if (high < 0 || low < 0 ||
		    (i + 1 < out->n && text.p[3 * i + 2] != ':'))
			return ERR_SYNTAX;
		out->octets[i] = (uint8_t)(high << 4 | low);
	}
	return 0;
}

int msrp_fingerprint_parse(struct str value, struct msrp_fingerprint *out)
{
	struct str rest = str_trim(value), name = str_split(&rest, ' ');

	for (size_t i = 0; i < sizeof(hashes) / sizeof(*hashes); i++) {
		if (!str_ieq(name, str_z(hashes[i].name)))
			continue;
		*out = (struct msrp_fingerprint){.hash = hashes[i].name,
						 .n = hashes[i].octets};
		return read_octets(str_trim(rest), out);
	}
	return ERR_UNSUPPORTED;
}

void msrp_fingerprint_write(struct buf *b, const struct msrp_fingerprint *f)
{
	buf_addf(b, "%s ", f->hash);
	for (size_t i = 0; i < f->n; i++)
		buf_addf(b, "%s%02X", i ? ":" : "", f->octets[i]);
}

bool msrp_fingerprint_eq(const struct msrp_fingerprint *a,
			 const struct msrp_fingerprint *b)
{
	/* each hash has a length of its own */
	return a->n == b->n && memcmp(a->octets, b->octets, a->n) == 0;
}
