/* What the files of the stream's reader share. */
#pragma once

#include <expat.h>

#include "xmpp/reader.h"

/* Nobody's honest stanza has more attributes on one element, or more prefixes
 * declared at one place. */
#define READER_ATTRS_MAX    64
#define READER_PREFIXES_MAX 32

struct binding {
	struct str prefix, ns;
};

/* A namespace that one prefix brings to many elements has to be written at each
 * when they are passed on: no more octets of namespaces than this many times
 * the stanza's limit. */
#define READER_SPREAD 3

/* Namespaces in force: those of the stream's header first. */
struct scope {
	struct binding prefix[READER_PREFIXES_MAX];
	size_t n;
};

struct level {
	struct xnode *node, *last;
	struct str ns;	 /* the default namespace within */
	size_t prefixes; /* of the scope, around it */
};

enum reader_phase { AT_HEADER, AT_STANZAS, AT_END };

struct reader {
	XML_Parser parser;
	size_t max;
	enum reader_phase phase;
	struct arena *stream, *stanza; /* what lives as long */
	struct scope scope;
	struct str stream_ns;	/* the default namespace of stanzas */
	size_t stream_prefixes; /* of the scope */
	unsigned long salt;

	/* the document that is being read */
	size_t fed;    /* octets of it that the parser has */
	size_t end;    /* octets of it, once it is whole */
	size_t spread; /* octets of the namespaces in what is passed on */
	size_t depth;  /* open elements */
	size_t deepest;
	bool ended; /* nothing of it is of interest any more */
	bool refused;
	bool bracket; /* '<' was read, but is not yet fed */
	const char *bad;
	struct xnode *root;
	struct level open[X_DEPTH_MAX];
	struct buf text; /* not yet in the tree */
};

/* --- reader_tree.c: building the tree, called by the parser --- */

/* Over a limit: the rest is read for its end alone. */
void reader_refuse(struct reader *r);
void reader_set_handlers(struct reader *r);
