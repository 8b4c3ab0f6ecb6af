/* Socket addresses as text and back, listening sockets, address blocks. */
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include "base/str.h"

/* IPv4 or IPv6; each connection and dialog has one. */
struct addr {
	union {
		struct sockaddr sa;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
	};
	socklen_t len;
};

enum transport { TRANSPORT_UDP, TRANSPORT_TCP, TRANSPORT_TLS };
const char *transport_name(enum transport t); /* "udp" "tcp" "tls" */

/* A listen value of the configuration: "tcp:127.0.0.1:2855", "tls:[::1]:2856".
 */
struct listen_spec {
	enum transport transport;
	struct addr addr;
	char host[64]; /* the numeric host as written, IPv6 without brackets */
	uint16_t port;
};
/* Numeric hosts only. 0, ERR_SYNTAX. */
int listen_spec_parse(struct str s, struct listen_spec *out);

/* "127.0.0.1:5347" or "[::1]:5347", numeric: 0, ERR_SYNTAX. */
int addr_parse(struct str s, struct addr *out);
/* A numeric host, IPv6 with brackets or without: 0, ERR_SYNTAX. */
int addr_parse_host(struct str host, uint16_t port, struct addr *out);
/* Writes "127.0.0.1:5060" or "[::1]:5060"; returns z. */
#define ADDR_TEXT_MAX 64
const char *addr_text(const struct addr *a, char z[ADDR_TEXT_MAX]);
uint16_t addr_port(const struct addr *a);
void addr_set_port(struct addr *a, uint16_t port);
/* The same host, ports aside; an IPv4-mapped IPv6 address equals the IPv4 one.
 */
bool addr_same_host(const struct addr *a, const struct addr *b);

/* An address block, "10.0.0.0/8", "::1/128" or a single address. */
struct cidr {
	struct addr net;
	unsigned bits;
};
int cidr_parse(struct str s, struct cidr *out); /* 0, ERR_SYNTAX */
bool cidr_has(const struct cidr *c, const struct addr *a);

/* A bound, listening, non-blocking, close-on-exec TCP socket with SO_REUSEADDR;
 * port 0 lets the system choose. The descriptor, or a negated errno value. */
int net_listen_tcp(const struct addr *a, int backlog);
