#include "base/net.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <unistd.h>

#include "base/err.h"

const char *transport_name(enum transport t)
{
	switch (t) {
	case TRANSPORT_UDP:
		return "udp";
	case TRANSPORT_TCP:
		return "tcp";
	case TRANSPORT_TLS:
		return "tls";
	}
	return "?";
}

/* A numeric host, IPv6 without brackets. */
static int host_parse(struct str host, uint16_t port, struct addr *out)
{
	char z[INET6_ADDRSTRLEN];
	struct addr a = {0};

	if (host.n == 0 || host.n >= sizeof(z) || str_find(host, '\0') >= 0)
		return ERR_SYNTAX;
	memcpy(z, host.p, host.n);
	z[host.n] = '\0';
	if (inet_pton(AF_INET, z, &a.in.sin_addr) == 1) {
		a.in.sin_family = AF_INET;
		a.in.sin_port = htons(port);
		a.len = sizeof(a.in);
	} else if (inet_pton(AF_INET6, z, &a.in6.sin6_addr) == 1) {
		a.in6.sin6_family = AF_INET6;
		a.in6.sin6_port = htons(port);
		a.len = sizeof(a.in6);
	} else {
		return ERR_SYNTAX;
	}
	*out = a;
	return 0;
}

/* "host:port" or "[host]:port" into its two parts. */
static int host_port_split(struct str s, struct str *host, uint16_t *port)
{
	ptrdiff_t colon = str_rfind(s, ':');
	uint64_t number;

	if (colon < 0 ||
	    str_u64(str_from(s, (size_t)colon + 1), UINT16_MAX, &number))
		return ERR_SYNTAX;
	*host = str_of(s.p, (size_t)colon);
	*port = (uint16_t)number;
	if (str_starts(*host, STR("[")) && str_ends(*host, STR("]")) &&
	    str_find(*host, ':') >= 0) {
		*host = str_of(host->p + 1, host->n - 2);
		return 0;
	}
	return str_find(*host, ':') < 0 ? 0 : ERR_SYNTAX;
}

int addr_parse_host(struct str host, uint16_t port, struct addr *out)
{
	if (str_starts(host, STR("[")) && str_ends(host, STR("]")) &&
	    str_find(host, ':') >= 0)
		host = str_of(host.p + 1, host.n - 2);
	return host_parse(host, port, out);
}

int addr_parse(struct str s, struct addr *out)
{
	struct str host;
	uint16_t port;
	int err = host_port_split(s, &host, &port);

	return err ? err : host_parse(host, port, out);
}

int listen_spec_parse(struct str s, struct listen_spec *out)
{
	struct listen_spec spec = {0};
	struct str rest = s, name = str_split(&rest, ':'), host;
	int err;

	if (str_eq(name, STR("udp")))
		spec.transport = TRANSPORT_UDP;
	else if (str_eq(name, STR("tcp")))
		spec.transport = TRANSPORT_TCP;
	else if (str_eq(name, STR("tls")))
		spec.transport = TRANSPORT_TLS;
	else
		return ERR_SYNTAX;
	err = host_port_split(rest, &host, &spec.port);
	if (!err)
		err = host_parse(host, spec.port, &spec.addr);
	if (err)
		return err;
	memcpy(spec.host, host.p, host.n); /* host_parse bounds it */
	*out = spec;
	return 0;
}

const char *addr_text(const struct addr *a, char z[ADDR_TEXT_MAX])
{
	char host[INET6_ADDRSTRLEN];

	switch (a->sa.sa_family) {
	case AF_INET:
		inet_ntop(AF_INET, &a->in.sin_addr, host, sizeof(host));
		snprintf(z, ADDR_TEXT_MAX, "%s:%u", host, addr_port(a));
		break;
	case AF_INET6:
		inet_ntop(AF_INET6, &a->in6.sin6_addr, host, sizeof(host));
		snprintf(z, ADDR_TEXT_MAX, "[%s]:%u", host, addr_port(a));
		break;
	default:
		snprintf(z, ADDR_TEXT_MAX, "unknown");
	}
	return z;
}

uint16_t addr_port(const struct addr *a)
{
	switch (a->sa.sa_family) {
	case AF_INET:
		return ntohs(a->in.sin_port);
	case AF_INET6:
		return ntohs(a->in6.sin6_port);
	default:
		return 0;
	}
}

void addr_set_port(struct addr *a, uint16_t port)
{
	if (a->sa.sa_family == AF_INET)
		a->in.sin_port = htons(port);
	else if (a->sa.sa_family == AF_INET6)
		a->in6.sin6_port = htons(port);
}

/* The octets of the host, an IPv4-mapped IPv6 address as IPv4; n = 4, 16, or 0
 * for another family. */
static struct str host_octets(const struct addr *a)
{
	const char *p;

	switch (a->sa.sa_family) {
	case AF_INET:
		return str_of((const char *)&a->in.sin_addr, 4);
	case AF_INET6:
		p = (const char *)&a->in6.sin6_addr;
		return IN6_IS_ADDR_V4MAPPED(&a->in6.sin6_addr)
			   ? str_of(p + 12, 4)
			   : str_of(p, 16);
	default:
		return STR_NONE;
	}
}

bool addr_same_host(const struct addr *a, const struct addr *b)
{
	struct str host = host_octets(a);

	return host.n && str_eq(host, host_octets(b));
}

int cidr_parse(struct str s, struct cidr *out)
{
	struct str rest = s, host = str_split(&rest, '/');
	struct cidr c = {0};
	uint64_t bits, most;
	int err = host_parse(host, 0, &c.net);

	if (err)
		return err;
	most = c.net.sa.sa_family == AF_INET ? 32 : 128;
	bits = most;
	if (rest.p && str_u64(rest, most, &bits))
		return ERR_SYNTAX;
	/* ::ffff:10.0.0.0/104 is the block 10.0.0.0/8 */
	if (most == 128 && host_octets(&c.net).n == 4) {
		if (bits < 96)
			return ERR_SYNTAX;
		bits -= 96;
	}
	c.bits = (unsigned)bits;
	*out = c;
	return 0;
}

bool cidr_has(const struct cidr *c, const struct addr *a)
{
	struct str net = host_octets(&c->net), host = host_octets(a);
	unsigned whole = c->bits / 8, part = c->bits % 8;
	unsigned char differ;

	if (net.n == 0 || net.n != host.n)
		return false;
	if (!str_eq(str_of(net.p, whole), str_of(host.p, whole)))
		return false;
	if (part == 0)
		return true;
	differ = (unsigned char)(net.p[whole] ^ host.p[whole]);
	return differ >> (8 - part) == 0;
}

int net_listen_tcp(const struct addr *a, int backlog)
{
	int fd = socket(a->sa.sa_family,
			SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int on = 1, err;

	if (fd < 0)
		return -errno;
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0)
		goto out;
	/* [::] and 0.0.0.0 can then both be listened on */
	if (a->sa.sa_family == AF_INET6 &&
	    setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) < 0)
		goto out;
	if (bind(fd, &a->sa, a->len) < 0 || listen(fd, backlog) < 0)
		goto out;
	return fd;
out:
	err = -errno;
	close(fd);
	return err;
}
