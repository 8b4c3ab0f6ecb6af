/* The files that name servers and hosts on this machine: resolv.conf(5) and
 * hosts(5). */
#pragma once

#include "base/buf.h"
#include "base/net.h"

struct dns_host;
struct dns_hosts;

/* The addresses of its nameserver lines, port 53; how many, at most max. */
size_t dns_read_resolv_conf(struct str text, struct addr *out, size_t max);

/* The hosts that the text names; lines that are none of hosts(5) are skipped.
 */
struct dns_hosts *dns_hosts_read(struct str text);
void dns_hosts_free(struct dns_hosts *h); /* NULL is fine */
/* Its addresses in the file's order: *it starts at NULL; NULL at the end. The
 * name is as dns_name makes it. */
const struct addr *dns_hosts_next(const struct dns_hosts *h, const char *name,
				  const struct dns_host **it);

/* The content of a file of at most 4 MB, to be buf_done()d; empty if it can't
 * be read. */
void dns_file(const char *path, struct buf *out);
