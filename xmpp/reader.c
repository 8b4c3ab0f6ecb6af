#include "xmpp/reader.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/random.h"
#include "base/utf8.h"
#include "xmpp/reader_priv.h"

#define HEADER_MAX 10000
/* What servers let through at most (Prosody: 512 KiB from another server) is
 * refused alone, when it is whole; beyond that the stream has to go. */
#define UNFINISHED_MAX (1u << 20)
/* A tree takes more memory than its text: "<a/>" and an octet of text become
 * two nodes and two strings. */
#define TREE_FACTOR 48
/* A parser that has read more keeps memory for more: it is replaced. */
#define PARSER_OCTETS 16384

static XML_Parser new_parser(void)
{
	XML_Parser p = XML_ParserCreate("UTF-8");

	if (!p)
		abort();
	return p;
}

/* The next document. */
static void begin(struct reader *r)
{
	if (r->fed > PARSER_OCTETS || r->deepest > X_DEPTH_MAX) {
		XML_ParserFree(r->parser);
		r->parser = new_parser();
	} else if (r->fed) {
		XML_ParserReset(r->parser, "UTF-8");
	}
	/* or each document costs a call of the system for one */
	XML_SetHashSalt(r->parser, r->salt);
	reader_set_handlers(r);
	r->fed = r->end = r->spread = r->depth = r->deepest = 0;
	r->ended = r->refused = r->bracket = false;
	r->bad = NULL;
	r->root = NULL;
	r->scope.n = r->stream_prefixes;
	buf_clear(&r->text);
	arena_reset(r->stanza);
}

struct reader *reader_new(size_t max_stanza)
{
	struct reader *r = mem_new(sizeof(*r));

	r->max = max_stanza;
	r->salt = (unsigned long)random_u64() | 1;
	r->parser = new_parser();
	r->stream = arena_new(HEADER_MAX * TREE_FACTOR);
	r->stanza = arena_new(max_stanza * TREE_FACTOR);
	buf_init(&r->text, max_stanza + UNFINISHED_MAX);
	reader_restart(r);
	return r;
}

void reader_free(struct reader *r)
{
	if (!r)
		return;
	XML_ParserFree(r->parser);
	arena_free(r->stream);
	arena_free(r->stanza);
	buf_done(&r->text);
	free(r);
}

void reader_restart(struct reader *r)
{
	arena_reset(r->stream);
	r->phase = AT_HEADER;
	r->stream_ns = STR_NONE;
	r->stream_prefixes = 0;
	begin(r);
}

static enum reader_event end(struct reader *r, enum reader_event event)
{
	r->phase = AT_END;
	r->root = NULL;
	return event;
}

static enum reader_event fail(struct reader *r, const char *condition)
{
	if (!r->bad)
		r->bad = condition;
	return end(r, READER_BAD);
}

/* Why the parser can't go on. */
static const char *condition_of(const struct reader *r)
{
	int at = 0, n = 0;
	size_t i;
	const char *p;

	switch (XML_GetErrorCode(r->parser)) {
	case XML_ERROR_UNDEFINED_ENTITY:
		return "restricted-xml";
	case XML_ERROR_NO_MEMORY:
		abort();
	case XML_ERROR_INVALID_TOKEN:
		p = XML_GetInputContext(r->parser, &at, &n);
		i = (size_t)at;
		if (p && at < n && utf8_next(str_of(p, (size_t)n), &i) < 0)
			return "unsupported-encoding";
		break;
	default:
		break;
	}
	return "not-well-formed";
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

enum start { START_WAITS, START_END_TAG, START_DOCUMENT, START_BAD };

/* What begins here, by its first two octets: expat would take some for another
 * encoding. Passes over white space between stanzas. */
static enum start look(struct reader *r, struct str *in)
{
	char next;

	if (!r->bracket) {
		while (r->phase == AT_STANZAS && in->n && is_blank(*in->p))
			*in = str_from(*in, 1);
		if (in->n && *in->p != '<')
			return START_BAD;
		r->bracket = in->n == 1;
		if (in->n < 2) {
			*in = STR_NONE;
			return START_WAITS;
		}
		next = in->p[1];
	} else {
		if (!in->n)
			return START_WAITS;
		next = *in->p;
	}
	if (next == '/' && r->phase == AT_STANZAS)
		return START_END_TAG;
	return next ? START_DOCUMENT : START_BAD;
}

/* Gives octets to the parser. False: it can't read on. */
static bool feed(struct reader *r, struct str octets)
{
	r->fed += octets.n;
	return XML_Parse(r->parser, octets.p, (int)octets.n, XML_FALSE) ==
		   XML_STATUS_OK ||
	       (r->ended && !r->bad);
}

static enum reader_event opened(struct reader *r)
{
	if (r->refused || !r->root)
		return fail(r, "policy-violation");
	if (!x_is(r->root, "stream", NS_STREAMS))
		return fail(r, "invalid-namespace");
	r->stream_ns = r->open[0].ns;
	r->stream_prefixes = r->scope.n;
	if (!str_eq(r->stream_ns, STR(NS_CLIENT)))
		return fail(r, "invalid-namespace");
	r->phase = AT_STANZAS;
	return READER_OPENED;
}

/* The document is whole. */
static enum reader_event finish(struct reader *r)
{
	if (r->phase == AT_HEADER)
		return opened(r);
	if (r->end > r->max && !r->refused)
		reader_refuse(r);
	return r->refused ? READER_REFUSED : READER_STANZA;
}

static enum reader_event read_document(struct reader *r, struct str *in)
{
	size_t before = r->fed;

	if (r->bracket) {
		r->bracket = false;
		feed(r, STR("<"));
		before++;
	}
	if (!feed(r, *in))
		return fail(r, condition_of(r));
	if (r->ended) {
		*in = str_from(*in, r->end - before);
		return finish(r);
	}
	*in = STR_NONE;
	if (r->phase == AT_HEADER ? r->fed > HEADER_MAX
				  : r->fed > r->max + UNFINISHED_MAX)
		return fail(r, "policy-violation");
	if (r->fed > r->max && !r->refused)
		reader_refuse(r);
	return READER_MORE;
}

enum reader_event reader_next(struct reader *r, struct str *in)
{
	if (r->ended && r->phase == AT_STANZAS)
		begin(r);
	if (r->phase == AT_END)
		*in = STR_NONE;
	else if (!r->fed)
		switch (look(r, in)) {
		case START_END_TAG:
			*in = STR_NONE;
			return end(r, READER_CLOSED);
		case START_BAD:
			return fail(r, "not-well-formed");
		case START_WAITS:
		case START_DOCUMENT:
			break;
		}
	return in->n ? read_document(r, in) : READER_MORE;
}

const struct xnode *reader_root(const struct reader *r)
{
	return r->root;
}

const char *reader_condition(const struct reader *r)
{
	return r->bad;
}
