/* The virtual buffer in which a message's chunks meet (RFC 4975 §7.3.1): any
 * order, overlaps, the later data winning. It holds octets received, never
 * octets announced. Pure. */
#pragma once

#include <sys/queue.h>

#include "base/buf.h"

struct segment;

struct msrp_assembly {
	TAILQ_HEAD(segments, segment)
	segments; /* in order, with gaps between */
	unsigned n;
	size_t max; /* octets of the message */
	bool has_total;
	uint64_t total;
};

/* A sender of many tiny islands gets this far. */
#define MSRP_SEGMENTS_MAX 64

void msrp_assembly_init(struct msrp_assembly *a, size_t max);
void msrp_assembly_done(struct msrp_assembly *a);
/* Octets found at offset `at` (from 0). ERR_TOO_BIG past max, ERR_FULL for too
 * many islands. */
int msrp_assembly_add(struct msrp_assembly *a, uint64_t at, struct str data);
/* The chunk ending with `$` tells how long the message is. */
void msrp_assembly_end(struct msrp_assembly *a, uint64_t total);
/* The total is known and nothing below it is missing. */
bool msrp_assembly_complete(const struct msrp_assembly *a);
/* The complete message; valid until the next change. */
struct str msrp_assembly_data(const struct msrp_assembly *a);
/* Octets that stand beyond a gap. */
size_t msrp_assembly_loose(const struct msrp_assembly *a);
/* What has come from the first octet on without a gap. */
struct str msrp_assembly_start(const struct msrp_assembly *a);
/* Where a message is passed on as it comes, up to octet `done` so far: what
 * stands here and goes on from there, at least one octet, is given once; empty:
 * nothing does. Valid until the next change. */
struct str msrp_assembly_next(struct msrp_assembly *a, uint64_t done);
