#include "tests/lib/dns_server.h"

#include <assert.h>
#include <event2/event.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"

#define TTL 300
enum { A = 1, CNAME = 5, AAAA = 28, SRV = 33, NAPTR = 35 };

static void put16(struct buf *b, unsigned v)
{
	buf_addc(b, (char)(v >> 8));
	buf_addc(b, (char)v);
}

static void put_name(struct buf *b, const char *name)
{
	struct str rest = str_z(name);

	while (rest.n) {
		struct str label = str_split(&rest, '.');

		buf_addc(b, (char)label.n);
		buf_add(b, label);
	}
	buf_addc(b, '\0');
}

static void put_text(struct buf *b, const char *text)
{
	buf_addc(b, (char)strlen(text));
	buf_addz(b, text);
}

static void add(struct dns_server *s, const char *name, unsigned type,
		struct buf *data)
{
	struct dns_server_record *r = mem_new(sizeof(*r)), **last;

	assert(strlen(name) < sizeof(r->name) && data->n <= sizeof(r->data));
	memcpy(r->name, name, strlen(name));
	r->type = type;
	r->ttl = TTL;
	r->n = data->n;
	memcpy(r->data, data->p, data->n);
	buf_done(data);
	for (last = &s->records; *last; last = &(*last)->next)
		;
	*last = r;
}

void dns_server_host(struct dns_server *s, const char *name, const char *host)
{
	struct buf b = BUF_INIT(64);
	struct addr a;
	int err = addr_parse_host(str_z(host), 0, &a);
	bool v4 = err == 0 && a.sa.sa_family == AF_INET;

	assert(err == 0);
	if (v4)
		buf_add(&b, str_of((const char *)&a.in.sin_addr, 4));
	else
		buf_add(&b, str_of((const char *)&a.in6.sin6_addr, 16));
	add(s, name, v4 ? A : AAAA, &b);
}

void dns_server_alias(struct dns_server *s, const char *name, const char *to)
{
	struct buf b = BUF_INIT(512);

	put_name(&b, to);
	add(s, name, CNAME, &b);
}

void dns_server_srv(struct dns_server *s, const char *name, unsigned priority,
		    unsigned weight, unsigned port, const char *target)
{
	struct buf b = BUF_INIT(512);

	put16(&b, priority);
	put16(&b, weight);
	put16(&b, port);
	put_name(&b, target);
	add(s, name, SRV, &b);
}

void dns_server_naptr(struct dns_server *s, const char *name, unsigned order,
		      unsigned preference, const char *flags,
		      const char *service, const char *replacement)
{
	struct buf b = BUF_INIT(512);

	put16(&b, order);
	put16(&b, preference);
	put_text(&b, flags);
	put_text(&b, service);
	put_text(&b, "");
	put_name(&b, replacement);
	add(s, name, NAPTR, &b);
}

void dns_server_forget(struct dns_server *s)
{
	struct dns_server_record *r;

	while ((r = s->records)) {
		s->records = r->next;
		free(r);
	}
}

/* --- answering --- */

static void put_record(struct buf *b, const char *owner, unsigned type,
		       uint32_t ttl, struct str data)
{
	put_name(b, owner);
	put16(b, type);
	put16(b, 1);
	put16(b, ttl >> 16);
	put16(b, ttl & 0xffff);
	put16(b, (unsigned)data.n);
	buf_add(b, data);
}

/* The records of a name in b, aliases followed; how many. */
static unsigned put_answers(struct dns_server *s, struct buf *b,
			    const char *name, unsigned type, bool *known)
{
	unsigned n = 0;

	for (struct dns_server_record *r = s->records; r; r = r->next) {
		if (strcmp(r->name, name) != 0)
			continue;
		*known = true;
		if (r->type != type && r->type != CNAME)
			continue;
		put_record(b, name, r->type, r->ttl,
			   str_of((const char *)r->data, r->n));
		n++;
	}
	if (!*known && s->knows_all) {
		*known = true;
		if (type == A) {
			put_record(b, name, A, TTL, STR("\12\0\0\6"));
			n++;
		}
	}
	return n;
}

static void put_soa(struct buf *b, uint32_t minimum)
{
	static const char numbers[16] = {[3] = 1};
	struct buf data = BUF_INIT(64);

	put_name(&data, "ns.test");
	put_name(&data, "admin.test");
	buf_add(&data, str_of(numbers, sizeof(numbers)));
	put16(&data, minimum >> 16);
	put16(&data, minimum & 0xffff);
	put_record(b, "test", 6, 900, buf_str(&data));
	buf_done(&data);
}

static void put_ns(struct buf *b)
{
	struct buf data = BUF_INIT(64);

	put_name(&data, "ns.test");
	put_record(b, "test", 2, 900, buf_str(&data));
	buf_done(&data);
}

static size_t question_end(struct str query, char name[256])
{
	size_t at = 12, out = 0;

	while (query.p[at]) {
		size_t n = (unsigned char)query.p[at++];

		memcpy(name + out, query.p + at, n);
		at += n;
		out += n;
		name[out++] = '.';
	}
	name[out ? out - 1 : 0] = '\0';
	return at + 5;
}

static void answer(struct dns_server *s, struct str query, bool udp,
		   struct buf *b)
{
	struct buf answers = BUF_INIT(65536), authority = BUF_INIT(1024);
	bool known = false, edns = query.p[11] != 0;
	unsigned n = 0, status = s->status;
	char name[256];
	size_t end = question_end(query, name);
	unsigned type = (unsigned char)query.p[end - 3];
	bool cut = udp && s->truncates;

	if (s->plain && edns)
		status = 1;
	if (status == 0 && !cut && !s->refers)
		n = put_answers(s, &answers, name, type, &known);
	if (status == 0 && !cut && !s->refers && !known)
		status = 3;
	if (s->refers)
		put_ns(&authority);
	else if (n == 0 && (status == 0 || status == 3) && !s->forgets_soa)
		put_soa(&authority, s->negative_s);
	buf_add(b, str_of(query.p, 2));
	put16(b, 0x8180 | (cut ? 0x200 : 0) | status);
	put16(b, 1);
	put16(b, n);
	put16(b, authority.n ? 1 : 0);
	put16(b, 0);
	buf_add(b, str_of(query.p + 12, end - 12));
	buf_add(b, buf_str(&answers));
	buf_add(b, buf_str(&authority));
	buf_done(&answers);
	buf_done(&authority);
}

/* What somebody sends who can only guess: another id, another question. */
static void forge(struct dns_server *s, struct str reply, const struct addr *to)
{
	char *p = str_dup(reply);

	p[1] ^= 1;
	sendto(s->udp, p, reply.n, 0, &to->sa, to->len);
	p[1] ^= 1;
	p[13] ^= 1; /* a letter of the name */
	sendto(s->udp, p, reply.n, 0, &to->sa, to->len);
	p[13] ^= 1;
	p[2] &= 0x7f; /* it is a question */
	sendto(s->udp, p, reply.n, 0, &to->sa, to->len);
	sendto(s->udp, p, 5, 0, &to->sa, to->len);
	free(p);
}

static void on_udp(evutil_socket_t fd, short what, void *user)
{
	struct dns_server *s = user;
	struct addr from = {.len = sizeof(from.in6)};
	struct buf b = BUF_INIT(70000);
	char query[512];
	ssize_t n;

	(void)what;
	n = recvfrom(fd, query, sizeof(query), 0, &from.sa, &from.len);
	assert(n > 12);
	s->n_udp++;
	if (!s->silent) {
		answer(s, str_of(query, (size_t)n), true, &b);
		if (s->forged_first)
			forge(s, buf_str(&b), &from);
		sendto(fd, b.p, b.n, 0, &from.sa, from.len);
	}
	buf_done(&b);
}

static void close_stream(struct dns_server *s)
{
	if (s->on_stream)
		event_free(s->on_stream);
	if (s->stream >= 0)
		close(s->stream);
	s->on_stream = NULL;
	s->stream = -1;
}

static void on_stream(evutil_socket_t fd, short what, void *user)
{
	struct dns_server *s = user;
	struct buf b = BUF_INIT(70000), framed = BUF_INIT(70000);
	char query[512];
	ssize_t n = read(fd, query, sizeof(query));

	(void)what;
	if (n <= 14) {
		close_stream(s);
		return;
	}
	s->n_tcp++;
	answer(s, str_of(query + 2, (size_t)n - 2), false, &b);
	put16(&framed, (unsigned)b.n);
	buf_add(&framed, buf_str(&b));
	if (!s->silent)
		n = write(fd, framed.p, framed.n);
	buf_done(&b);
	buf_done(&framed);
}

static void on_tcp(evutil_socket_t fd, short what, void *user)
{
	struct dns_server *s = user;

	(void)what;
	close_stream(s);
	s->stream = accept(fd, NULL, NULL);
	assert(s->stream >= 0);
	s->on_stream = event_new(loop_base(s->loop), s->stream,
				 EV_READ | EV_PERSIST, on_stream, s);
	event_add(s->on_stream, NULL);
}

/* Both on the same free port. */
static void listen_on(struct dns_server *s)
{
	for (int i = 0; i < 100; i++) {
		int err = addr_parse_host(STR("127.0.0.1"), 0, &s->addr);

		assert(err == 0);
		s->tcp = net_listen_tcp(&s->addr, 8);
		getsockname(s->tcp, &s->addr.sa, &s->addr.len);
		s->udp = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
		if (bind(s->udp, &s->addr.sa, s->addr.len) == 0)
			return;
		close(s->tcp);
		close(s->udp);
	}
	abort();
}

struct dns_server *dns_server_new(struct loop *loop)
{
	struct dns_server *s = mem_new(sizeof(*s));

	s->loop = loop;
	s->stream = -1;
	s->negative_s = 60;
	listen_on(s);
	s->on_udp =
	    event_new(loop_base(loop), s->udp, EV_READ | EV_PERSIST, on_udp, s);
	s->on_tcp =
	    event_new(loop_base(loop), s->tcp, EV_READ | EV_PERSIST, on_tcp, s);
	event_add(s->on_udp, NULL);
	event_add(s->on_tcp, NULL);
	return s;
}

void dns_server_free(struct dns_server *s)
{
	close_stream(s);
	event_free(s->on_udp);
	event_free(s->on_tcp);
	close(s->udp);
	close(s->tcp);
	dns_server_forget(s);
	free(s);
}
