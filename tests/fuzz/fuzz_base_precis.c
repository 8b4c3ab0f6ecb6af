/* PRECIS profiles: what one has let through it lets through again unchanged,
 * and a nickname shares its key with its shown form. */
#include <assert.h>
#include <stdint.h>

#include "base/precis.h"
#include "base/utf8.h"

typedef int profile_fn(struct buf *out, struct str in);

static void check_idempotent(profile_fn *profile, struct str in)
{
	struct buf once = BUF_INIT(1 << 16), twice = BUF_INIT(1 << 16);

	if (profile(&once, in) == 0) {
		assert(once.n >= 1 && once.n <= 1023);
		assert(utf8_valid(buf_str(&once)));
		assert(profile(&twice, buf_str(&once)) == 0);
		assert(str_eq(buf_str(&once), buf_str(&twice)));
	}
	buf_done(&once);
	buf_done(&twice);
}

static void check_key(struct str in)
{
	struct buf shown = BUF_INIT(1 << 16), key = BUF_INIT(1 << 16),
		   again = BUF_INIT(1 << 16);
	int err = precis_nickname_key(&key, in);

	if (precis_nickname(&shown, in) == 0) {
		assert(precis_nickname_key(&again, buf_str(&shown)) == err);
		if (err == 0)
			assert(str_eq(buf_str(&key), buf_str(&again)));
	} else {
		assert(err < 0);
	}
	buf_done(&shown);
	buf_done(&key);
	buf_done(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str in = str_of((const char *)data, size);

	check_idempotent(precis_nickname, in);
	check_idempotent(precis_username, in);
	check_idempotent(precis_opaque, in);
	check_key(in);
	return 0;
}
