/* Where strangers' requests come from: how many an address may send, and how
 * often it may guess a password. An IPv6 address stands for its /64. Bounded:
 * the addresses that were quiet for the longest time are forgotten. */
#pragma once

#include "base/net.h"

/* Addresses that are known, of which those silent the longest go first: some
 * 100 octets each. */
#define SOURCES_MAX	 8192
#define SOURCE_WINDOW_MS 60000 /* in which failures are counted */
#define SOURCE_BLOCK_MS	 60000 /* after too many of them */

struct sources;

struct sources *sources_new(void);
void sources_free(struct sources *s); /* NULL is fine */
/* Counts a request: false, it is one too many. rate per second, 0: any number
 * may come. */
bool source_request(struct sources *s, const struct addr *a, unsigned rate,
		    unsigned burst, uint64_t now_ms);
/* Counts a wrong password. True: that was one too many, and the address is
 * blocked from now on. most in a window; 0: any number. */
bool source_failed(struct sources *s, const struct addr *a, unsigned most,
		   uint64_t now_ms);
/* For how many more milliseconds; 0: it is not. */
uint64_t source_blocked(struct sources *s, const struct addr *a,
			uint64_t now_ms);
