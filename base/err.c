#include "base/err.h"

#include <string.h>

const char *err_text(int err)
{
	switch (err) {
	case 0:
		return "no error";
#define X(name, value, text)                                                   \
	case name:                                                             \
		return text;
		ERR_TABLE(X)
#undef X
	default:
		return strerror(err < 0 ? -err : err);
	}
}

const char *err_name(int err)
{
	const char *name;

	switch (err) {
	case 0:
		return "OK";
#define X(name, value, text)                                                   \
	case name:                                                             \
		return #name;
		ERR_TABLE(X)
#undef X
	default:
		name = strerrorname_np(err < 0 ? -err : err);
		return name ? name : "UNKNOWN";
	}
}
