/* The figures for Prometheus: GET /metrics, text format 0.0.4. */
#pragma once

#include "base/buf.h"
#include "base/net.h"
#include "gateway/vitals.h"

struct metrics;

/* address: where to listen. read: fills the figures. 0, or negative with a line
 * for the administrator in why. */
int metrics_new(struct loop *loop, const char *address,
		void (*read)(void *user, struct vitals *v), void *user,
		struct metrics **out, char why[256]);
void metrics_free(struct metrics *m); /* NULL is fine */

/* The whole document. */
void metrics_write(struct buf *out, const struct vitals *v);
