/* application/resource-lists+xml as lists of recipients (RFC 4826, RFC 5364,
 * RFC 5366). Pure. */
#pragma once

#include "base/arena.h"
#include "base/buf.h"

/* The stronger ones are the greater. */
enum list_copy { LIST_BCC, LIST_CC, LIST_TO };

struct list_entry {
	struct str uri, key; /* key: uri_key(), or the URI as it is */
	enum list_copy copy;
	bool anonymize;
	unsigned count; /* of an anonymized group; else 1 */
};

/* Of one request: each entry is a call of ours (RFC 5363 §7). */
#define LIST_ENTRIES_MAX 100
#define LIST_BYTES_MAX	 65536

struct uri_list {
	size_t n;
	struct list_entry entry[LIST_ENTRIES_MAX];
};

/* Reads a flat list; nested lists and references are left aside, and of entries
 * with the same address the first stays, with the strongest copyControl and
 * anonymize if one has it. 0, ERR_SYNTAX, ERR_TOO_BIG (more than
 * LIST_ENTRIES_MAX), ERR_UNSUPPORTED (a DTD). *out is unspecified on failure.
 */
int list_parse(struct str in, struct arena *a, struct uri_list *out);
/* What the recipients may know of each other (RFC 5364 §6): no bcc, anonymized
 * ones as a count. False, with nothing written, if there is nobody to name. */
bool list_write_history(struct buf *b, const struct uri_list *l);
