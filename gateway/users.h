/* The SIP users who log in by digest: their addresses and what stands for their
 * passwords (RFC 7616 §4), never the passwords. In memory, and written through
 * to the store. */
#pragma once

#include "sip/digest.h"

struct store;
struct users;

#define USER_ADDRESS_MAX  512
#define USER_PASSWORD_MAX 1024

/* A client may give either as its user name. */
enum user_name { USER_NAME_LOCAL, USER_NAME_ADDRESS };
#define USER_NAMES 2

struct user {
	struct str address; /* "user@domain", the domain in lower case */
	struct str uri;	    /* "sip:user@domain", escaped */
	char ha1[USER_NAMES][DIGEST_ALGORITHMS][DIGEST_HEX_MAX];
};

/* Those of this realm, as the store has them (NULL: nobody, and nothing is
 * kept). The store must outlive them. */
struct users *users_new(struct store *store, struct str realm);
void users_free(struct users *u); /* NULL is fine */
/* Adds a user, or gives one a new password. 0, ERR_SYNTAX (no "user@domain", or
 * it holds one of : " \ / < > or a control character), ERR_TOO_BIG (address or
 * password), ERR_MISSING (no password). */
int users_set(struct users *u, struct str address, struct str password);
/* 0, or ERR_GONE: there is none. */
int users_delete(struct users *u, struct str address);
/* NULL: there is none. Good until he is set or deleted. */
const struct user *users_find(const struct users *u, struct str address);
/* The only one with this user part; NULL: there is none, or there are several.
 */
const struct user *users_named(const struct users *u, struct str local);
/* All, in no particular order: *it from 0, NULL at the end. The one just
 * returned may be deleted on the way, none may be added. */
const struct user *users_next(const struct users *u, size_t *it);
