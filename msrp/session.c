#include <stdlib.h>

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/random.h"
#include "base/table.h"
#include "msrp/conn_priv.h"
#include "msrp/msrp_priv.h"
#include "msrp/receive_priv.h"
#include "msrp/send_priv.h"
#include "msrp/session_priv.h"

/* 22 of 62 characters: 131 random bits (conference MSRP-78). */
#define SESSION_ID     22
#define PATH_MAX_BYTES 4096

static const struct msrp_session_ops no_ops;

struct msrp_session *session_find(struct msrp *m, const struct msrp_uri *uri)
{
	struct msrp_session *s = table_get_str(m->sessions, uri->session_id);

	return s && msrp_uri_eq(&s->uri, uri) ? s : NULL;
}

static const struct listener *listener_of(const struct msrp *m, bool secure)
{
	for (size_t i = 0; i < m->n_listeners; i++)
		if (m->listeners[i].secure == secure)
			return &m->listeners[i];
	return NULL;
}

static void put_own_uri(struct buf *b, const struct msrp *m,
			const struct listener *l)
{
	char id[SESSION_ID + 1];
	uint16_t port = l->port;

	random_ident(id, SESSION_ID);
	buf_addz(b, l->secure ? "msrps://" : "msrp://");
	buf_addz(b, m->host[0] ? m->host : l->host);
	if (m->port[l->secure])
		port = m->port[l->secure];
	buf_addf(b, ":%u/%s;tcp", port, id);
}

static struct str copy(char **p, struct str s)
{
	struct str out = str_of(*p, s.n);

	memcpy(*p, s.p, s.n);
	*p += s.n;
	return out;
}

#define SEND_LINE STR(" SEND\r\n")

/* What our requests begin with, and how much of it are the paths. */
static size_t write_head(struct buf *b, struct str own, struct str peer_path,
			 const char id_prefix[MSRP_ID / 2])
{
	size_t paths;

	buf_add(b, SEND_LINE);
	msrp_put_paths(b, peer_path, own);
	paths = b->n - SEND_LINE.n;
	buf_addz(b, "Message-ID: ");
	buf_add(b, str_of(id_prefix, MSRP_ID / 2));
	return paths;
}

static void use_head(struct msrp_session *s, struct str head, size_t paths,
		     size_t peer_path)
{
	struct str first;

	s->send_head = head;
	s->paths = str_of(head.p + SEND_LINE.n, paths);
	s->peer_path = str_of(s->paths.p + 9, peer_path); /* "To-Path: " */
	first = s->peer_path;
	s->peer_uri = str_split(&first, ' ');
	s->relayed = first.n > 0;
}

/* One allocation holds the session and its texts; paths that are not known yet
 * get their own. */
static struct msrp_session *make(struct msrp *m, struct str own,
				 struct str peer_path)
{
	struct buf b = BUF_INIT(2 * PATH_MAX_BYTES);
	char prefix[MSRP_ID / 2 + 1];
	struct msrp_session *s;
	size_t paths = 0;
	char *p;

	random_ident(prefix, MSRP_ID / 2);
	if (peer_path.n)
		paths = write_head(&b, own, peer_path, prefix);
	s = mem_new(sizeof(*s) + own.n + b.n);
	p = s->text;
	own = copy(&p, own);
	if (peer_path.n)
		use_head(s, copy(&p, buf_str(&b)), paths, peer_path.n);
	buf_done(&b);
	s->m = m;
	memcpy(s->id_prefix, prefix, sizeof(s->id_prefix));
	msrp_uri_parse(own, &s->uri);
	return s;
}

static bool usable_path(struct str path)
{
	struct msrp_path parsed;

	return path.n <= PATH_MAX_BYTES && msrp_path_parse(path, &parsed) == 0;
}

int msrp_session_new(struct msrp *m, const struct msrp_session_cfg *cfg,
		     struct msrp_session **out)
{
	const struct listener *l = listener_of(m, cfg->secure);
	struct str path = str_trim(cfg->peer_path);
	struct buf own = BUF_INIT(PATH_MAX_BYTES / 2);
	struct msrp_session *s;

	if (path.n && !usable_path(path))
		return ERR_SYNTAX;
	if (!l)
		return ERR_UNSUPPORTED;
	if (listen_full(m))
		return ERR_FULL;
	put_own_uri(&own, m, l);
	s = make(m, buf_str(&own), path);
	buf_done(&own);
	s->secure = cfg->secure;
	s->peer_max_size = cfg->peer_max_size;
	s->max_message =
	    cfg->max_message ? cfg->max_message : m->limits.max_message;
	s->peer_sends = cfg->peer_sends;
	s->peer_is_switch = cfg->peer_is_switch;
	s->ops = cfg->ops;
	s->user = cfg->user;
	TAILQ_INIT(&s->incomings);
	TAILQ_INIT(&s->unanswereds);
	TAILQ_INIT(&s->unreported);
	TAILQ_INIT(&s->transactions);
	awaiting_init(&s->reports);
	awaiting_init(&s->taken);
	TAILQ_INIT(&s->queue);
	verify_expect(s, cfg->peer_fingerprints);
	TAILQ_INIT(&s->flows);
	table_put_str(m->sessions, s->uri.session_id, s);
	*out = s;
	return 0;
}

int msrp_session_set_path(struct msrp_session *s, struct str peer_path,
			  struct str peer_fingerprints)
{
	struct str path = str_trim(peer_path);
	struct buf b = BUF_INIT(2 * PATH_MAX_BYTES);
	const char *why;
	size_t paths;

	if (s->dying || s->peer_path.n)
		return ERR_STATE;
	if (!usable_path(path))
		return ERR_SYNTAX;
	paths = write_head(&b, s->uri.raw, path, s->id_prefix);
	s->late_head = str_dup(buf_str(&b));
	use_head(s, str_of(s->late_head, b.n), paths, path.n);
	buf_done(&b);
	verify_expect(s, peer_fingerprints);
	why = s->conn ? verify_peer(s->conn, s) : NULL;
	if (why)
		verify_log(s->conn, why);
	return why ? -EACCES : 0;
}

static void free_session(void *p)
{
	struct msrp_session *s = p;

	free(s->addrs);
	free(s->late_head);
	free(s->fingerprints);
	free(s);
}

void session_bury(struct msrp_session *s)
{
	struct loop *loop = s->m->loop;

	outgoing_clear(s);
	conn_detach(s);
	defer_free(loop, s, free_session);
}

void msrp_session_free(struct msrp_session *s)
{
	if (!s || s->dying)
		return;
	table_del_str(s->m->sessions, s->uri.session_id);
	s->ops = &no_ops;
	defer_cancel(s->m->loop, &s->start);
	receive_clear(s);
	transact_clear(s);
	awaited_clear(s);
	outgoing_clear_flows(s);
	s->dying = true;
	if (s->conn)
		conn_forget(s);
	if (!s->conn || s->conn->connecting || TAILQ_EMPTY(&s->queue))
		session_bury(s);
}

void session_closed(struct msrp_session *s, enum msrp_closed why)
{
	if (s->dying) {
		session_bury(s);
		return;
	}
	if (why == MSRP_CLOSED_UNBOUND && connect_next(s))
		return;
	s->state = SESSION_CLOSED;
	defer_cancel(s->m->loop, &s->start);
	receive_clear(s);
	transact_clear(s);
	awaited_clear(s);
	outgoing_clear(s);
	conn_detach(s);
	if (s->ops->closed)
		s->ops->closed(s->user, why);
}

struct str msrp_session_uri(const struct msrp_session *s)
{
	return s->uri.raw;
}

void session_connected(struct msrp_session *s)
{
	const char *why;

	if (s->dying || s->state != SESSION_CONNECTING)
		return;
	why = verify_peer(s->conn, s);
	if (why) {
		verify_failed(s->conn, s, why);
		return;
	}
	s->state = SESSION_BOUND;
	chunk_bodiless(s);
	if (s->ops->bound)
		s->ops->bound(s->user);
}

void msrp_session_update(struct msrp_session *s, size_t peer_max_size,
			 bool peer_sends)
{
	s->peer_max_size = peer_max_size;
	s->peer_sends = peer_sends;
}

size_t msrp_session_pending(const struct msrp_session *s)
{
	uint64_t taken, left = 0;

	if (!s->conn)
		return 0;
	taken = conn_taken_off(s->conn);
	if (s->mark_off > taken)
		left = s->mark_off - taken;
	if (left > s->rendered)
		left = s->rendered;
	return s->queued + (size_t)left;
}

/* A single message of any size may wait, so that a long one can be sent at all.
 */
static bool full(const struct msrp_session *s, size_t n)
{
	size_t pending = msrp_session_pending(s);

	if (s->n_transactions >= MSRP_TRANSACTIONS_MAX)
		return true;
	return pending && pending + n > s->m->limits.max_send_bytes / 5 * 4;
}

int msrp_session_send(struct msrp_session *s, const struct msrp_out *m)
{
	size_t n = m->body ? m->body->n : 0;

	if (s->dying || s->state != SESSION_BOUND || !s->send_head.n)
		return ERR_STATE;
	if (s->peer_max_size && n > s->peer_max_size)
		return ERR_TOO_BIG;
	if (full(s, n)) {
		outgoing_congested(s);
		return ERR_CONGESTED;
	}
	outgoing_add(s, m);
	return 0;
}

int msrp_session_nickname(struct msrp_session *s, struct str value,
			  uint64_t cookie)
{
	if (s->dying || s->state != SESSION_BOUND || !s->send_head.n)
		return ERR_STATE;
	if (value.n > MSRP_NICKNAME_VALUE_MAX)
		return ERR_TOO_BIG;
	for (size_t i = 0; i < value.n; i++)
		if ((unsigned char)value.p[i] < ' ' || value.p[i] == 0x7f)
			return ERR_SYNTAX;
	if (full(s, value.n)) {
		outgoing_congested(s);
		return ERR_CONGESTED;
	}
	chunk_nickname(s, value, cookie);
	return 0;
}
