/* One question: to each server in turn, twice, a second each, until one
 * answers. */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>

#include "base/dns_priv.h"
#include "base/err.h"
#include "base/log.h"
#include "base/random.h"

#define TRY_MS	    1000
#define ROUNDS	    2
#define UDP_MAX	    4096
#define QUERY_MAX   512
#define ALIASES_MAX 8
/* Forged datagrams that are looked at in one turn. */
#define READS_PER_TURN 16

static void next_try(struct dns_flight *f);

void dns_flight_stop(struct dns_flight *f)
{
	timer_cancel(f->dns->loop, &f->timer);
	if (f->udp) {
		event_free(f->udp);
		close(f->fd);
	}
	f->udp = NULL;
	f->fd = -1;
	if (f->tcp) {
		bufferevent_setcb(f->tcp, NULL, NULL, NULL, NULL);
		bufferevent_free(f->tcp);
	}
	f->tcp = NULL;
}

static void on_timeout(void *user)
{
	next_try(user);
}

static const struct addr *server_of(const struct dns_flight *f)
{
	return &f->dns->servers[f->server % f->dns->n_servers];
}

/* Servers that know nothing of EDNS get the plain query the second time. */
static void put_query(struct dns_flight *f, struct buf *b)
{
	bool edns = f->tries <= f->dns->n_servers;

	random_bytes(&f->id, sizeof(f->id));
	dns_put_query(b, f->name, f->type, f->id, edns);
}

static void ask_tcp(struct dns_flight *f);

/* The name is an alias whose records the server has left to us to ask for. */
static void follow(struct dns_flight *f, const struct dns_reply *r)
{
	if (f->aliases == 0 || r->alias_ttl_s < f->alias_ttl_s)
		f->alias_ttl_s = r->alias_ttl_s;
	if (++f->aliases > ALIASES_MAX) {
		dns_flight_done(f, NULL);
		return;
	}
	memcpy(f->name, r->alias, sizeof(f->name));
	f->tries = 0;
	next_try(f);
}

static void take(struct dns_flight *f, const struct dns_reply *r)
{
	f->dns->good_server = f->server % (unsigned)f->dns->n_servers;
	dns_flight_done(f, &r->answer);
}

/* False: it was not for us. */
static bool on_reply(struct dns_flight *f, struct str bytes)
{
	struct dns_reply r;
	int err;

	if (!f->arena)
		f->arena = arena_new(DNS_RECORDS_BYTES);
	arena_reset(f->arena);
	err = dns_read_reply(bytes, f->name, f->type, f->id, f->arena, &r);
	if (err == ERR_STATE)
		return false;
	if (err < 0 || r.kind == DNS_REPLY_REFUSED ||
	    (r.kind == DNS_REPLY_TRUNCATED && f->tcp))
		next_try(f);
	else if (r.kind == DNS_REPLY_TRUNCATED)
		ask_tcp(f);
	else if (r.kind == DNS_REPLY_ALIAS)
		follow(f, &r);
	else
		take(f, &r);
	return true;
}

/* --- TCP (RFC 7766 §8) --- */

static void on_tcp_read(struct bufferevent *bev, void *user)
{
	struct evbuffer *in = bufferevent_get_input(bev);
	struct dns_flight *f = user;
	size_t n = evbuffer_get_length(in), length;
	const unsigned char *p;

	if (n < 2)
		return;
	p = evbuffer_pullup(in, 2);
	length = (size_t)p[0] << 8 | p[1];
	if (length > DNS_REPLY_MAX) {
		next_try(f);
		return;
	}
	if (n < 2 + length)
		return;
	p = evbuffer_pullup(in, (ev_ssize_t)(2 + length));
	if (!on_reply(f, str_of((const char *)p + 2, length)))
		next_try(f);
}

static void on_tcp_event(struct bufferevent *bev, short what, void *user)
{
	(void)bev;
	if (what & (BEV_EVENT_EOF | BEV_EVENT_ERROR))
		next_try(user);
}

static void ask_tcp(struct dns_flight *f)
{
	struct dns *d = f->dns;
	const struct addr *to = server_of(f);
	struct buf query = BUF_INIT(QUERY_MAX);
	unsigned char length[2];

	dns_flight_stop(f);
	f->tcp = bufferevent_socket_new(loop_base(d->loop), -1,
					BEV_OPT_CLOSE_ON_FREE);
	if (!f->tcp ||
	    bufferevent_socket_connect(f->tcp, &to->sa, (int)to->len) < 0) {
		next_try(f);
		return;
	}
	timer_set(d->loop, &f->timer, TRY_MS, on_timeout, f);
	put_query(f, &query);
	length[0] = (unsigned char)(query.n >> 8);
	length[1] = (unsigned char)query.n;
	bufferevent_write(f->tcp, length, sizeof(length));
	bufferevent_write(f->tcp, query.p, query.n);
	bufferevent_setcb(f->tcp, on_tcp_read, NULL, on_tcp_event, f);
	bufferevent_setwatermark(f->tcp, EV_READ, 0, DNS_REPLY_MAX + 2);
	bufferevent_enable(f->tcp, EV_READ | EV_WRITE);
	buf_done(&query);
}

/* --- UDP --- */

static void on_udp(evutil_socket_t fd, short what, void *user)
{
	struct dns_flight *f = user;
	char bytes[UDP_MAX];

	(void)what;
	for (int i = 0; i < READS_PER_TURN; i++) {
		ssize_t n = recv((int)fd, bytes, sizeof(bytes), 0);

		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (n < 0) {
			next_try(f); /* nobody listens there */
			return;
		}
		if (on_reply(f, str_of(bytes, (size_t)n)))
			return;
	}
}

/* A socket of its own for each try, so that its port can't be known before. */
static bool ask_udp(struct dns_flight *f)
{
	const struct addr *to = server_of(f);
	struct buf query = BUF_INIT(QUERY_MAX);
	bool sent;

	f->fd = socket(to->sa.sa_family,
		       SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (f->fd < 0)
		return false;
	f->udp = event_new(loop_base(f->dns->loop), f->fd, EV_READ | EV_PERSIST,
			   on_udp, f);
	if (!f->udp)
		abort();
	put_query(f, &query);
	sent = connect(f->fd, &to->sa, to->len) == 0 &&
	       send(f->fd, query.p, query.n, MSG_NOSIGNAL) == (ssize_t)query.n;
	buf_done(&query);
	if (!sent)
		return false;
	event_add(f->udp, NULL);
	timer_set(f->dns->loop, &f->timer, TRY_MS, on_timeout, f);
	return true;
}

static void next_try(struct dns_flight *f)
{
	do {
		dns_flight_stop(f);
		if (f->tries >= ROUNDS * f->dns->n_servers) {
			dns_flight_done(f, NULL);
			return;
		}
		f->server += f->tries > 0;
		f->tries++;
	} while (!ask_udp(f));
}

static void on_start(void *user)
{
	next_try(user);
}

void dns_flight_start(struct dns_flight *f)
{
	/* not at once: the asker has not got his handle yet */
	timer_set(f->dns->loop, &f->timer, 0, on_start, f);
}
