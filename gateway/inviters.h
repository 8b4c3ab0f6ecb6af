/* Who invites how much: an invitation reaches people who may not even know the
 * room, so a user may send a number at once and then some a minute, in all
 * rooms together. Bounded: the users who were quiet for the longest time are
 * forgotten. */
#pragma once

#include "base/str.h"

/* Users that are known, of which those who were silent the longest go first. */
#define INVITERS_MAX 8192

struct inviters;

struct inviters *inviters_new(void);
void inviters_free(struct inviters *all); /* NULL is fine */
/* Counts an invitation: false, it is one too many. rate: a minute, 0: any
 * number may be sent. */
bool inviter_may(struct inviters *all, struct str user, unsigned rate,
		 unsigned burst, uint64_t now_ms);
