/* A multipart body of any bytes: its parts lie in it, in order, and end. The
 * first line is the Content-Type. */
#include <assert.h>
#include <stdint.h>

#include "mapping/multipart.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str body = str_of((const char *)data, size);
	struct str type = str_split(&body, '\n');
	const char *from = body.p;
	struct multipart m;
	struct body_part p;
	unsigned n = 0;

	if (multipart_begin(&m, type, body) < 0)
		return 0;
	while (multipart_next(&m, &p) > 0) {
		assert(++n <= MULTIPART_PARTS_MAX);
		assert(p.body.n == 0 ||
		       (p.body.p >= from &&
			p.body.p + p.body.n <= body.p + body.n));
		if (p.body.n)
			from = p.body.p + p.body.n;
	}
	return 0;
}
