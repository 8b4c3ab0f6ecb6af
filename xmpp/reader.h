/* What an XMPP server sends on a component stream, from octets to trees of
 * xmpp/stanza.h. Each stanza is a document of its own to the parser, so that no
 * name of one stays behind in memory, and so that one may be refused alone. No
 * I/O. */
#pragma once

#include "xmpp/stanza.h"

struct reader;

#define NS_STREAMS "http://etherx.jabber.org/streams"

enum reader_event {
	READER_MORE,	/* all is read, and nothing is whole */
	READER_OPENED,	/* the stream's header: reader_root */
	READER_STANZA,	/* reader_root */
	READER_REFUSED, /* a stanza over a limit: reader_root, if it is known */
	READER_CLOSED,	/* the stream's end */
	READER_BAD	/* what must end the stream: reader_condition */
};

/* max_stanza: octets of one stanza. */
struct reader *reader_new(size_t max_stanza);
void reader_free(struct reader *r); /* NULL is fine */
/* A new stream begins. */
void reader_restart(struct reader *r);
/* Reads from the front of *in up to the next event and moves *in behind it.
 * After _CLOSED and _BAD everything is swallowed. */
enum reader_event reader_next(struct reader *r, struct str *in);

/* The element of the last event: good until the next call. Elements in the
 * component's namespace read as "jabber:client", attributes of foreign
 * namespaces are left out. Of what was refused: its name and attributes alone;
 * NULL where even these are over a limit. */
const struct xnode *reader_root(const struct reader *r);
/* The stream error's condition after READER_BAD (RFC 6120 §4.9.3); static. */
const char *reader_condition(const struct reader *r);
