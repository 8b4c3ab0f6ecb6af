/* What a server sends on a component stream, behind a header of the usual kind
 * unless it begins with '!'. However it is split the same comes of it; a stanza
 * is within its limits, and what is written of it reads as the same again. */
#include <stdlib.h>

#include "base/utf8.h"
#include "xmpp/reader.h"

#define LIMIT 4096

static const char header[] = "<stream:stream xmlns='jabber:component:accept' "
			     "xmlns:stream='" NS_STREAMS "' id='1'>";

static void check(bool holds)
{
	if (!holds)
		abort();
}

static void check_tree(const struct xnode *n, int depth)
{
	check(depth < X_DEPTH_MAX && utf8_valid(n->name) &&
	      utf8_valid(n->text) && (!n->name.n || !n->text.n));
	for (const struct xattr *a = n->attrs; a; a = a->next)
		check(a->name.n && utf8_valid(a->value));
	for (const struct xnode *c = n->children; c; c = c->next)
		check_tree(c, depth + 1);
}

static void read_in(struct reader *r, struct buf *seen, struct str in)
{
	enum reader_event e = READER_OPENED;

	while (e != READER_MORE) {
		const struct xnode *n;

		e = reader_next(r, &in);
		n = reader_root(r);
		buf_addu(seen, e);
		if (e == READER_MORE)
			buf_cut(seen, seen->n - 1);
		/* where bad UTF-8 is cut it may be taken for bad XML */
		check(e != READER_BAD || reader_condition(r));
		if (e == READER_STANZA || (e == READER_REFUSED && n)) {
			check_tree(n, 0);
			x_write(seen, n, STR(NS_CLIENT));
			buf_addc(seen, '\n');
		}
	}
	check(in.n == 0);
}

/* pieces: octets at a time; 0 = all at once. */
static void read_all(struct buf *seen, struct str in, size_t pieces)
{
	struct reader *r = reader_new(LIMIT);

	if (in.n && *in.p == '!')
		in = str_from(in, 1);
	else
		read_in(r, seen, str_z(header));
	for (size_t i = 0; pieces && i < in.n; i += pieces)
		read_in(
		    r, seen,
		    str_of(in.p + i, pieces < in.n - i ? pieces : in.n - i));
	if (!pieces)
		read_in(r, seen, in);
	reader_free(r);
}

/* What was written of a stanza is read again. */
static void check_written(struct str in)
{
	struct reader *r = reader_new(LIMIT), *again = reader_new(1 << 20);
	struct buf first = BUF_INIT(1 << 24), second = BUF_INIT(1 << 24);
	struct str head = str_z(header), text;

	check(reader_next(r, &head) == READER_OPENED);
	head = str_z(header);
	check(reader_next(again, &head) == READER_OPENED);
	while (reader_next(r, &in) == READER_STANZA) {
		buf_clear(&first);
		buf_clear(&second);
		x_write(&first, reader_root(r), STR(NS_CLIENT));
		text = buf_str(&first);
		check(reader_next(again, &text) == READER_STANZA);
		x_write(&second, reader_root(again), STR(NS_CLIENT));
		check(str_eq(buf_str(&first), buf_str(&second)));
	}
	buf_done(&first);
	buf_done(&second);
	reader_free(r);
	reader_free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct buf whole = BUF_INIT(1 << 24), split = BUF_INIT(1 << 24);
	struct str in = str_of((const char *)data, n);

	read_all(&whole, in, 0);
	for (size_t pieces = 1; pieces < 8; pieces += 3) {
		buf_clear(&split);
		read_all(&split, in, pieces);
		check(str_eq(buf_str(&whole), buf_str(&split)));
	}
	check_written(in);
	buf_done(&whole);
	buf_done(&split);
	return 0;
}
