/* What the files of discoveries share. */
#pragma once

#include "gateway/discover.h"

/* --- discover_text.c --- */

/* "SRV" and the like. */
const char *discovered_type(enum dns_type t);
/* Fills in s->records: as many as fit, as a zone file has them. */
void discovered_show(struct discovered *s, enum dns_type type,
		     const struct dns_answer *a);
