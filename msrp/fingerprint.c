#include "msrp/fingerprint.h"

#include "base/err.h"
#include "base/hex.h"

static const struct {
	const char *name;
	size_t octets;
} hashes[] = {
    {"sha-1", 20},   {"sha-224", 28}, {"sha-256", 32},
    {"sha-384", 48}, {"sha-512", 64},
};

int msrp_fingerprint_parse(struct str value, struct msrp_fingerprint *out)
{
	struct str rest = str_trim(value), name = str_split(&rest, ' ');

	for (size_t i = 0; i < sizeof(hashes) / sizeof(*hashes); i++) {
		if (!str_ieq(name, str_z(hashes[i].name)))
			continue;
		*out = (struct msrp_fingerprint){.hash = hashes[i].name,
						 .n = hashes[i].octets};
		if (!hex_octets(str_trim(rest), out->octets, out->n))
			return ERR_SYNTAX;
		return 0;
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
