/* The message that the sender sends again and again: a SEND of fixed length in
 * which only the number changes. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "tests/bench/sip.h"

#define MESSAGE_BODY  320 /* octets of CPIM: copies come to some 600 */
#define MESSAGE_TID_N 12

struct message {
	char bytes[1024];
	size_t n;
	size_t body;   /* where the CPIM begins */
	size_t number; /* where the number stands in the CPIM, from body */
	size_t tid[2]; /* where the transaction id stands, twice */
	size_t id;     /* where the Message-ID stands */
};

/* A SEND by this call's user to his room. */
void message_init(struct message *m, const struct call *c);

/* Puts the number into the message, its ids too. Numbers begin at 1. */
void message_number(struct message *m, uint64_t number);

/* The number of a received body; 0 if it differs from the message in any other
 * octet (then it is no copy of it). */
uint64_t message_match(const struct message *m, struct str body);
