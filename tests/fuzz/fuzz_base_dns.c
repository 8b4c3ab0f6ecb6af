/* The first octet chooses the type that was asked for, the rest is the reply.
 * Whatever it is, names in the answer are names. */
#include <assert.h>

#include "base/dns_codec.h"

static void check_name(struct str name)
{
	char z[DNS_NAME_MAX + 1];

	assert(name.n == 0 || (dns_name(name, z) && str_eq(name, str_z(z))));
}

static void check(const struct dns_answer *a, enum dns_type type)
{
	assert((a->n > 0) == (a->status == DNS_FOUND));
	for (size_t i = 0; i < a->n; i++) {
		const struct dns_record *r = &a->record[i];

		if (type == DNS_SRV) {
			check_name(r->srv.target);
		} else if (type == DNS_NAPTR) {
			check_name(r->naptr.replacement);
			assert(r->naptr.regexp.n < 256);
		} else {
			assert(r->addr.len > 0);
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const enum dns_type types[] = {DNS_A, DNS_AAAA, DNS_SRV,
					      DNS_NAPTR};
	struct arena *a = arena_new(DNS_RECORDS_BYTES);
	enum dns_type type = types[size ? data[0] % 4 : 0];
	struct str in = str_from(str_of((const char *)data, size), 1);
	struct dns_reply r;

	if (dns_read_reply(in, "example.com", type, 0x1234, a, &r) == 0 &&
	    r.kind == DNS_REPLY_ANSWER)
		check(&r.answer, type);
	else if (r.kind == DNS_REPLY_ALIAS)
		check_name(str_z(r.alias));
	arena_free(a);
	return 0;
}
