/* One table of errors: the system's, negated, and our own below them. */
#pragma once

#include <errno.h>

/* A function that can fail returns 0 or more for success and a negative value
 * of this table, or a negated errno value, for failure. */
#define ERR_TABLE(X)                                                           \
	X(ERR_SYNTAX, -1001, "malformed")                                      \
	X(ERR_TOO_BIG, -1002, "over a limit")                                  \
	X(ERR_UTF8, -1003, "invalid UTF-8")                                    \
	X(ERR_MISSING, -1004, "a mandatory part is missing")                   \
	X(ERR_REPEATED, -1005, "a part that must be single is repeated")       \
	X(ERR_UNSUPPORTED, -1006, "not supported")                             \
	X(ERR_PREPARE, -1007, "not allowed by its PRECIS profile")             \
	X(ERR_CONGESTED, -1008, "the receiver is too slow")                    \
	X(ERR_GONE, -1009, "no longer there")                                  \
	X(ERR_FULL, -1010, "no room left")                                     \
	X(ERR_STATE, -1011, "not possible in this state")

enum err {
#define X(name, value, text) name = value,
	ERR_TABLE(X)
#undef X
};

/* The text of an error: ours, or strerror's for a negated errno value. Static
 * or strerror storage; valid until the next call. */
const char *err_text(int err);

/* Its name for logs: "ERR_SYNTAX", or the system's "EADDRINUSE". Static
 * storage. */
const char *err_name(int err);
