/* What kept files are called and may be served as. Pure. */
#pragma once

#include "base/buf.h"

#define FILE_TOKEN    32  /* characters, of 5.9 bits each */
#define FILE_NAME_MAX 120 /* octets */

/* A name that is fit to be shown and saved: the last part of what the sender
 * calls it, without controls, what turns the direction of writing and leading
 * dots, cut to FILE_NAME_MAX with its ending kept. Nothing is left: "file" with
 * the type's usual ending. */
void file_name_clean(struct buf *out, struct str wanted, struct str type);
/* Content-Type of a type's content: itself where browsers only show it, else
 * application/octet-stream. *shown: it need not be an attachment. */
const char *file_served_type(struct str type, bool *shown);
/* Is it a token as we make them? */
bool file_is_token(struct str s);
/* Octets other than unreserved ones as %HH (RFC 3986 §2.1). */
void file_percent(struct buf *out, struct str s);
/* A Range header's value for content of that size (RFC 9110 §14.1.2): 206 with
 * the one range it wants, 416, or 200 for all of it, where it is none that we
 * understand. */
int file_range(struct str value, uint64_t size, uint64_t *at, uint64_t *n);
