/* Structured logs: a stable event name, then key=value.
 *
 *   log_info(log, "msrp.accept", "conn=%u peer=%s tls=%d", id, peer, tls);
 *
 * Ids are always named room= seat= conn= dlg= occ=. Text that a peer chose goes
 * through LOGQ, which quotes and escapes it. Bodies and secrets never appear
 * but in the wire trace (level trace). */
#pragma once

#include <stdbool.h>
#include <stdio.h>

#include "base/str.h"

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG, LOG_TRACE };

struct log {
	enum log_level level;
	FILE *out;
	const char *process; /* "stoxd" or "stoxd-sip" */
	/* for tests: called in place of writing to out when not NULL */
	void (*sink)(void *user, enum log_level level, const char *line);
	void *user;
};

void log_init(struct log *log, enum log_level level, const char *process);
void log_write(struct log *log, enum log_level level, const char *event,
	       const char *fmt, ...) __attribute__((format(printf, 4, 5)));

static inline bool log_on(const struct log *log, enum log_level level)
{
	return log && level <= log->level;
}

#define log_at(log, lvl, ...)                                                  \
	do {                                                                   \
		if (log_on((log), (lvl)))                                      \
			log_write((log), (lvl), __VA_ARGS__);                  \
	} while (0)
#define log_error(log, ...) log_at(log, LOG_ERROR, __VA_ARGS__)
#define log_warn(log, ...)  log_at(log, LOG_WARN, __VA_ARGS__)
#define log_info(log, ...)  log_at(log, LOG_INFO, __VA_ARGS__)
#define log_debug(log, ...) log_at(log, LOG_DEBUG, __VA_ARGS__)

/* A peer's text for a log line: in double quotes, with \" \\ \n \r \t \xNN, cut
 * at 200 octets with "...". The storage is the caller's (LOGQ: the enclosing
 * block's). */
struct logq {
	char z[832];
};
const char *log_quote(struct logq *q, struct str s);
#define LOGQ(s) log_quote(&(struct logq){{0}}, (s))
