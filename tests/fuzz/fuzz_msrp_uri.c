/* A URI equals itself, and a path's URIs are its octets. */
#include <assert.h>

#include "msrp/uri.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str in = str_of((const char *)data, size);
	struct msrp_path path;

	if (msrp_path_parse(in, &path))
		return 0;
	assert(path.n >= 1 && path.n <= MSRP_PATH_MAX);
	for (size_t i = 0; i < path.n; i++) {
		struct msrp_uri again;

		assert(msrp_uri_parse(path.uri[i].raw, &again) == 0);
		assert(msrp_uri_eq(&again, &path.uri[i]));
		assert(str_search(in, again.raw) >= 0);
		assert(str_search(again.raw, STR(" ")) < 0);
	}
	return 0;
}
