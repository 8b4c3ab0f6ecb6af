/* A conference's document, read at once. */
#pragma once

#include "sip/confinfo.h"

/* As confinfo_reader_go(). */
static inline int confinfo_parse(struct str in, struct arena *a,
				 struct confinfo_doc *out)
{
	struct confinfo_reader *r = confinfo_reader_new(in, a);
	int err = confinfo_reader_go(r, SIZE_MAX, out);

	confinfo_reader_free(r);
	return err;
}
