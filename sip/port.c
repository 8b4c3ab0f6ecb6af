#include "sip/port.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/blob.h"
#include "base/err.h"

/* On the wire: a fixed head, then for each field present its number (1 octet),
 * its length (4) and its octets. All integers are big-endian. */
#define HEAD	   50u
#define FIELD_HEAD 5u

/* The first octet of a datagram: more pieces follow, or this is the last. */
enum { PIECE_LAST, PIECE_MORE };
#define PIECE_DATA (PORT_PIECE_MAX - 1)

struct port_out {
	struct port_out *next;
	size_t n;
	char mark;
	char p[];
};

struct port_msg port_msg(enum port_type type)
{
	return (struct port_msg){.type = type, .expires = -1};
}

size_t port_body(const struct port_msg *m, struct str piece[PORT_PIECES])
{
	struct str own = m->f[PORT_F_BODY], shared = blob_str(m->shared);
	size_t before = m->shared ? m->number[PORT_BEFORE] : own.n;
	size_t hole = m->number[PORT_HOLE_AT], n = 0;

	piece[3] = str_from(own, before);
	piece[2] = str_from(shared, hole + m->number[PORT_HOLE]);
	piece[1] = str_of(shared.p, hole < shared.n ? hole : shared.n);
	piece[0] = str_of(own.p, before < own.n ? before : own.n);
	for (unsigned i = 0; i < PORT_PIECES; i++)
		n += piece[i].n;
	return n;
}

void port_join(struct port_msg *m, struct buf *body)
{
	struct str piece[PORT_PIECES];

	port_body(m, piece);
	for (unsigned i = 0; i < PORT_PIECES; i++)
		buf_add(body, piece[i]);
	m->f[PORT_F_BODY] = buf_str(body);
	m->shared = NULL;
	memset(m->number, 0, sizeof(m->number));
}

static void put(struct buf *b, uint64_t v, unsigned octets)
{
	char z[8];
	for (unsigned i = octets; i > 0; i--, v >>= 8)
		z[i - 1] = (char)(v & 0xff);
	buf_add(b, str_of(z, octets));
}

void port_encode(struct buf *b, const struct port_msg *m)
{
	put(b, m->type, 1);
	put(b, m->dlg, 8);
	put(b, m->req, 8);
	put(b, (uint32_t)m->status, 4);
	put(b, m->cseq, 4);
	put(b, (uint64_t)m->expires, 8);
	for (unsigned i = 0; i < 4; i++)
		put(b, m->number[i], 4);
	put(b, m->new_dialog, 1);
	for (unsigned i = 0; i < PORT_FIELDS; i++) {
		if (!m->f[i].n)
			continue;
		if (m->f[i].n > PORT_BODY_MAX) {
			b->err = b->err ? b->err : ERR_TOO_BIG;
			return;
		}
		put(b, i, 1);
		put(b, m->f[i].n, 4);
		buf_add(b, m->f[i]);
	}
}

struct blob *port_encoded(const struct port_msg *m)
{
	struct buf b = BUF_INIT(PORT_BODY_MAX);
	struct blob *blob = NULL;

	port_encode(&b, m);
	if (!b.err)
		blob = blob_new(buf_str(&b));
	buf_done(&b);
	return blob;
}

static uint64_t get(struct str *in, unsigned octets)
{
	uint64_t v = 0;
	for (unsigned i = 0; i < octets; i++)
		v = v << 8 | (unsigned char)in->p[i];
	*in = str_from(*in, octets);
	return v;
}

static bool type_known(uint64_t t)
{
	return (t >= PORT_CONFIG && t <= PORT_STOP) ||
	       (t >= PORT_READY && t <= PORT_PONG);
}

int port_decode(struct str in, struct port_msg *out)
{
	if (in.n < HEAD || !type_known((unsigned char)in.p[0]))
		return ERR_SYNTAX;
	struct port_msg m = port_msg((enum port_type)get(&in, 1));
	m.dlg = get(&in, 8);
	m.req = get(&in, 8);
	m.status = (int)(int32_t)get(&in, 4);
	m.cseq = (uint32_t)get(&in, 4);
	m.expires = (int64_t)get(&in, 8);
	for (unsigned i = 0; i < 4; i++)
		m.number[i] = (uint32_t)get(&in, 4);
	m.new_dialog = get(&in, 1) != 0;
	while (in.n) {
		if (in.n < FIELD_HEAD)
			return ERR_SYNTAX;
		uint64_t field = get(&in, 1), n = get(&in, 4);
		if (field >= PORT_FIELDS || n > in.n)
			return ERR_SYNTAX;
		m.f[field] = str_of(in.p, n);
		in = str_from(in, n);
	}
	*out = m;
	return 0;
}

void port_end_init(struct port_end *e, int take_fd)
{
	*e = (struct port_end){.fd = take_fd};
	buf_init(&e->out, PORT_BODY_MAX);
	buf_init(&e->in, PORT_BODY_MAX);
	buf_init(&e->datagram, PORT_PIECE_MAX);
	e->tail = &e->head;
}

void port_end_done(struct port_end *e)
{
	if (e->fd >= 0)
		close(e->fd);
	e->fd = -1;
	buf_done(&e->out);
	buf_done(&e->in);
	buf_done(&e->datagram);
	while (e->head) {
		struct port_out *o = e->head;
		e->head = o->next;
		free(o);
	}
	e->tail = &e->head;
	e->queued = 0;
}

/* 1 sent, 0 the socket is full, ERR_GONE. */
static int send_piece(int fd, char mark, struct str data)
{
	struct iovec iov[] = {
	    {&mark, 1},
	    {(void *)(uintptr_t)data.p, data.n},
	};
	struct msghdr msg = {.msg_iov = iov, .msg_iovlen = 2};
	for (;;) {
		if (sendmsg(fd, &msg, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0)
			return 1;
		if (errno == EINTR)
			continue;
		if (errno == EAGAIN || errno == ENOBUFS)
			return 0;
		return ERR_GONE;
	}
}

static void queue_piece(struct port_end *e, char mark, struct str data)
{
	struct port_out *o = malloc(sizeof(*o) + data.n);
	if (!o)
		abort();
	o->next = NULL;
	o->mark = mark;
	o->n = data.n;
	memcpy(o->p, data.p, data.n);
	*e->tail = o;
	e->tail = &o->next;
	e->queued += data.n;
}

/* Pieces keep their order: once one waits, all later ones do. */
static int put_piece(struct port_end *e, char mark, struct str data)
{
	int r = e->head ? 0 : send_piece(e->fd, mark, data);
	if (r < 0)
		return r;
	if (r == 0)
		queue_piece(e, mark, data);
	return 0;
}

int port_end_pass(struct port_end *e, struct str encoded)
{
	int r = e->fd < 0 ? ERR_GONE : 0;

	while (!r && encoded.n) {
		struct str piece = encoded;

		if (piece.n > PIECE_DATA)
			piece.n = PIECE_DATA;
		encoded = str_from(encoded, piece.n);
		r = put_piece(e, encoded.n ? PIECE_MORE : PIECE_LAST, piece);
	}
	return r;
}

int port_end_send(struct port_end *e, const struct port_msg *m)
{
	int r;

	buf_clear(&e->out);
	port_encode(&e->out, m);
	r = e->out.err ? e->out.err : port_end_pass(e, buf_str(&e->out));
	if (e->out.room > PORT_PIECE_MAX)
		buf_done(&e->out);
	return r;
}

int port_end_flush(struct port_end *e)
{
	if (e->fd < 0)
		return ERR_GONE;
	while (e->head) {
		struct port_out *o = e->head;
		int r = send_piece(e->fd, o->mark, str_of(o->p, o->n));
		if (r <= 0)
			return r < 0 ? r : 1;
		e->queued -= o->n;
		e->head = o->next;
		if (!e->head)
			e->tail = &e->head;
		free(o);
	}
	return 0;
}

/* One datagram into e->datagram: 1, 0 (nothing there), ERR_GONE. */
static int recv_piece(struct port_end *e)
{
	buf_clear(&e->datagram);
	char *p = buf_space(&e->datagram, PORT_PIECE_MAX);
	assert(p);
	for (;;) {
		ssize_t n = recv(e->fd, p, PORT_PIECE_MAX, MSG_DONTWAIT);
		if (n > 0) {
			e->datagram.n = (size_t)n;
			return 1;
		}
		if (n == 0)
			return ERR_GONE;
		if (errno == EAGAIN)
			return 0;
		/* A side that died with unread data gives ECONNRESET once;
		 * what it sent before is still to be read. */
		if (errno != EINTR && errno != ECONNRESET)
			return ERR_GONE;
	}
}

int port_end_recv(struct port_end *e, struct port_msg *m)
{
	if (e->fd < 0)
		return ERR_GONE;
	if (e->whole) {
		if (e->in.room > PORT_PIECE_MAX)
			buf_done(&e->in);
		buf_clear(&e->in);
		e->whole = false;
	}
	for (;;) {
		int r = recv_piece(e);
		if (r <= 0)
			return r;
		struct str piece = buf_str(&e->datagram);
		char mark = piece.p[0];
		piece = str_from(piece, 1);
		if (mark == PIECE_LAST && !e->in.n) {
			r = port_decode(piece, m);
			return r < 0 ? r : 1;
		}
		buf_add(&e->in, piece);
		if (e->in.err || (mark != PIECE_MORE && mark != PIECE_LAST))
			return ERR_SYNTAX;
		if (mark == PIECE_LAST) {
			e->whole = true;
			r = port_decode(buf_str(&e->in), m);
			return r < 0 ? r : 1;
		}
	}
}
