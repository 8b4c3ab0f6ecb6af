/* The worst stanzas within a limit. */
#pragma once

#include <stddef.h>

#define WORST_LIMIT 65536 /* the default of xmpp { max-stanza } */

/* Their number, and what each is full of. */
extern const size_t worst_count;
const char *worst_name(size_t i);
/* Writes one that begins with `head` ("<message from='..'>") and ends with
 * `tail`, and a NUL; returns its octets. */
size_t worst_build(size_t i, const char *head, const char *tail,
		   char out[2 * WORST_LIMIT]);
