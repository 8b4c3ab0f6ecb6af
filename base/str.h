/* A slice of bytes that owns nothing. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* p may be NULL only where n is 0. Not terminated by NUL. A slice into a parsed
 * message lives as long as the message's bytes. */
struct str {
	const char *p;
	size_t n;
};

#define STR(lit) ((struct str){"" lit, sizeof(lit) - 1})
#define STR_NONE ((struct str){NULL, 0})
/* for printf's %.*s */
#define STR_ARG(s) (int)(s).n, (s).n ? (s).p : ""

static inline struct str str_of(const char *p, size_t n)
{
	return (struct str){p, n};
}

static inline struct str str_z(const char *z)
{
	return (struct str){z, z ? strlen(z) : 0};
}

static inline bool str_eq(struct str a, struct str b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

/* The slice from octet i on; empty past the end. */
static inline struct str str_from(struct str s, size_t i)
{
	return i < s.n ? str_of(s.p + i, s.n - i) : STR_NONE;
}

/* ASCII case is ignored; other octets compare as they are. */
bool str_ieq(struct str a, struct str b);
/* memcmp order, the shorter first. */
int str_cmp(struct str a, struct str b);
bool str_starts(struct str s, struct str prefix);
bool str_istarts(struct str s, struct str prefix);
bool str_ends(struct str s, struct str suffix);
/* Without SP and HTAB (trim) or SP, HTAB, CR and LF (trim_space) at both ends.
 */
struct str str_trim(struct str s);
struct str str_trim_space(struct str s);
/* Index of the first octet c, or -1. */
ptrdiff_t str_find(struct str s, char c);
/* What follows the first c; all of it if there is none. */
struct str str_after(struct str s, char c);
/* Strings one after another into one block of memory: size it, then pack each.
 * Returns the copy, which is not terminated, and moves *to behind it. */
struct str str_pack(char **to, struct str s);
ptrdiff_t str_rfind(struct str s, char c);
/* Index of the first occurrence of needle, or -1. */
ptrdiff_t str_search(struct str s, struct str needle);
/* Takes the part before the first c off *rest and returns it; *rest becomes
 * what follows c, or STR_NONE when c was not there. */
struct str str_split(struct str *rest, char c);
/* Decimal digits only, whole slice, value <= max. 0, or ERR_SYNTAX or
 * ERR_TOO_BIG with *out untouched. */
int str_u64(struct str s, uint64_t max, uint64_t *out);
/* A hash for tables (keyed by seed against chosen collisions). */
uint64_t str_hash(struct str s, uint64_t seed);
/* malloc'd, terminated copy; free() it. */
char *str_dup(struct str s);
