/* Nonces of digest authentication (RFC 7616 §5.4): each is good for a while and
 * for every nonce count once. What is not used is not stored, so that strangers
 * can ask for as many as they like. Pure but for its own state; the key and the
 * time are told. */
#pragma once

#include "base/str.h"

#define NONCE_KEY_BYTES 32
#define NONCE_TEXT_MAX	65 /* with its NUL */

struct nonces;

/* Nonces are good for life_ms; at most max of those that were used are
 * remembered, older ones become stale. */
struct nonces *nonces_new(const unsigned char key[NONCE_KEY_BYTES],
			  uint64_t life_ms, size_t max);
void nonces_free(struct nonces *n); /* NULL is fine */
/* A fresh one for this realm. */
void nonce_write(struct nonces *n, struct str realm, uint64_t now_ms,
		 char out[NONCE_TEXT_MAX]);
/* Uses it, by a request whose response is right. False for one that is none of
 * ours, is old, or whose count has not grown: it is stale. */
bool nonce_use(struct nonces *n, struct str realm, uint64_t now_ms,
	       struct str nonce, uint32_t nc);
