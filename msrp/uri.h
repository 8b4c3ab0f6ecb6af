/* MSRP URIs and paths (RFC 4975 §6, §9). Pure. */
#pragma once

#include "base/str.h"

/* Slices of the input. */
struct msrp_uri {
	struct str raw;
	bool secure; /* msrps */
	struct str userinfo;
	struct str host; /* IPv6 with its brackets */
	uint16_t port;	 /* 0 = none */
	struct str session_id;
	struct str transport; /* "tcp" */
	struct str params;    /* further ones, after the transport */
};

#define MSRP_PATH_MAX 8 /* URIs in a path; longer ones are refused */

struct msrp_path {
	size_t n;
	struct msrp_uri uri[MSRP_PATH_MAX];
};

/* 0, ERR_SYNTAX. */
int msrp_uri_parse(struct str s, struct msrp_uri *out);
/* RFC 4975 §6.1: scheme, host and transport without case, IP addresses by
 * value, ports exact (none differs from any), session-id with case. */
bool msrp_uri_eq(const struct msrp_uri *a, const struct msrp_uri *b);
/* URIs separated by SP. 0, ERR_SYNTAX, ERR_TOO_BIG. */
int msrp_path_parse(struct str s, struct msrp_path *out);
