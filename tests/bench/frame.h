/* Reading MSRP frames as a client does, and writing its few requests. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "base/str.h"

/* A view of one whole frame; all slices point into its octets. */
struct frame {
	struct str all;
	struct str tid;
	struct str method;     /* SEND ..., or the digits of a status */
	struct str from_path;  /* To answer to. */
	struct str message_id; /* Empty where there was none. */
	struct str failure;    /* Failure-Report, empty if absent */
	struct str body;       /* Between blank line and end-line. */
	char flag;	       /* $ + # */
};

/* Reads the frame at the start of s: RFC 4975 §7.1, §9. Octets used, 0 when
 * more are needed, -1 for what is no MSRP. */
ssize_t frame_read(struct str s, struct frame *out);

/* Whether the sender of this SEND waits for a 200: RFC 4975 §7.1.4. */
bool frame_wants_answer(const struct frame *f);

/* A 200 to f into buf; returns its length. own is our path. */
size_t frame_answer(char *buf, size_t size, const struct frame *f,
		    const char *own);
