/* The output of a component stream: collected in one turn of the loop, written
 * in one piece, and kept where the connection breaks. */
#include <stdlib.h>

#include "base/mem.h"
#include "xmpp/stream_priv.h"

/* A batch that needed more gives its memory back. */
#define KEPT_BYTES (1u << 18)

void outbox_init(struct outbox *b, size_t max)
{
	buf_init(&b->text, max);
}

void outbox_done(struct outbox *b)
{
	buf_done(&b->text);
	free(b->ends);
	b->ends = NULL;
	b->n = b->room = 0;
}

void outbox_clear(struct outbox *b)
{
	if (b->text.room > KEPT_BYTES)
		outbox_done(b);
	buf_clear(&b->text);
	b->n = 0;
}

void outbox_add(struct outbox *b, struct str text)
{
	if (b->n == b->room) {
		b->room = b->room ? 2 * b->room : 64;
		b->ends = mem_resize(b->ends, b->room * sizeof(*b->ends));
	}
	buf_add(&b->text, text);
	b->ends[b->n++] = b->text.n;
}

size_t stream_waiting(const struct xmpp_link *l)
{
	return l->out.text.n + l->wire.text.n - l->written;
}

static void add_from(struct outbox *to, const struct outbox *from, size_t begin)
{
	size_t at = 0;

	for (size_t i = 0; i < from->n; at = from->ends[i++])
		if (from->ends[i] > begin)
			outbox_add(
			    to, str_of(from->text.p + at, from->ends[i] - at));
}

void stream_take_back(struct xmpp_link *l)
{
	struct outbox all = {0};

	if (!l->wire.n)
		return;
	/* a stanza that was cut is written again: the server has not seen its
	 * end */
	outbox_init(&all, l->out.text.max);
	add_from(&all, &l->wire, l->written);
	add_from(&all, &l->out, 0);
	outbox_done(&l->out);
	l->out = all;
	outbox_clear(&l->wire);
	l->written = 0;
}
