#include "base/dns_files.h"

#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/dns_codec.h"
#include "base/mem.h"
#include "base/table.h"

#define FILE_MAX 4194304
#define PORT	 53

struct dns_host {
	struct dns_host *next; /* of the same name */
	struct addr addr;
};

struct dns_hosts {
	struct arena *arena;
	struct table *by_name;
};

void dns_file(const char *path, struct buf *out)
{
	FILE *f = fopen(path, "re");
	size_t n = 0;
	char *p;

	buf_init(out, FILE_MAX);
	if (!f)
		return;
	while ((p = buf_space(out, 4096)) && (n = fread(p, 1, 4096, f)) > 0)
		out->n += n;
	fclose(f);
}

/* The next word of a line, before a comment. */
static struct str word(struct str *line)
{
	size_t n = 0;

	*line = str_trim_space(*line);
	while (n < line->n && !strchr(" \t\r#;", line->p[n]))
		n++;
	struct str w = str_of(line->p, n);
	*line = str_from(*line, n);
	return w;
}

/* Link-local addresses carry the name of their interface. */
static int scoped(struct str host, struct addr *out)
{
	const struct addrinfo hints = {.ai_flags = AI_NUMERICHOST,
				       .ai_socktype = SOCK_DGRAM};
	char *z = str_dup(host);
	struct addrinfo *found = NULL;

	if (getaddrinfo(z, NULL, &hints, &found) == 0) {
		out->len = found->ai_addrlen;
		memcpy(&out->in6, found->ai_addr, found->ai_addrlen);
		addr_set_port(out, PORT);
		freeaddrinfo(found);
	}
	free(z);
	return found ? 0 : -1;
}

size_t dns_read_resolv_conf(struct str text, struct addr *out, size_t max)
{
	size_t n = 0;

	while (text.n && n < max) {
		struct str line = str_split(&text, '\n');

		if (!str_eq(word(&line), STR("nameserver")))
			continue;
		line = word(&line);
		if (addr_parse_host(line, PORT, &out[n]) == 0 ||
		    (str_find(line, '%') >= 0 && scoped(line, &out[n]) == 0))
			n++;
	}
	return n;
}

static void add(struct dns_hosts *h, struct str name, const struct addr *addr)
{
	struct dns_host *host = arena_alloc(h->arena, sizeof(*host));
	char z[DNS_NAME_MAX + 1];
	struct dns_host *first;
	struct str key;

	if (!host || !dns_name(name, z))
		return;
	host->addr = *addr;
	first = table_get_str(h->by_name, str_z(z));
	if (first) {
		while (first->next)
			first = first->next;
		first->next = host;
		return;
	}
	key = arena_dup(h->arena, str_z(z));
	if (key.p)
		table_put_str(h->by_name, key, host);
}

struct dns_hosts *dns_hosts_read(struct str text)
{
	struct dns_hosts *h = mem_new(sizeof(*h));

	h->arena = arena_new(16 * (size_t)FILE_MAX);
	h->by_name = table_new();
	while (text.n) {
		struct str line = str_split(&text, '\n'), w = word(&line);
		struct addr addr;

		if (addr_parse_host(w, 0, &addr) < 0)
			continue;
		while ((w = word(&line)).n)
			add(h, w, &addr);
	}
	return h;
}

void dns_hosts_free(struct dns_hosts *h)
{
	if (!h)
		return;
	table_free(h->by_name);
	arena_free(h->arena);
	free(h);
}

const struct addr *dns_hosts_next(const struct dns_hosts *h, const char *name,
				  const struct dns_host **it)
{
	*it = *it ? (*it)->next : table_get_str(h->by_name, str_z(name));
	return *it ? &(*it)->addr : NULL;
}
