/* PRECIS profiles (RFC 8264, 8265, 8266, 7622) over libunistring. All write
 * UTF-8 into the caller's buffer and return 0, ERR_PREPARE (not allowed, empty,
 * too long) or ERR_UTF8; on failure the buffer's content is unspecified. */
#pragma once

#include "base/buf.h"

/* Nickname profile, enforcement (RFC 8266 §2.3): the form to show. 1..1023
 * octets. */
int precis_nickname(struct buf *out, struct str in);
/* Nickname profile, comparison (RFC 8266 §2.4): the key under which two
 * nicknames are one. */
int precis_nickname_key(struct buf *out, struct str in);
/* UsernameCaseMapped (RFC 8265 §3.3), what a JID's localpart wants before
 * RFC 7622 §3.3.1's further bans (the caller's). */
int precis_username(struct buf *out, struct str in);
/* OpaqueString (RFC 8265 §4.2), what a resourcepart wants (RFC 7622 §3.4). */
int precis_opaque(struct buf *out, struct str in);
