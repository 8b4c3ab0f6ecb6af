/* Shared by reading and writing conference-info. */
#pragma once

#include "sip/confinfo.h"

#define NS_CONFINFO "urn:ietf:params:xml:ns:conference-info"
#define NS_XCON	    "urn:ietf:params:xml:ns:xcon-conference-info"
#define NS_CLIENT   "jabber:client"

struct _xmlNode;
struct _xmlParserCtxt;

/* Reads one document; the first failure sticks in err. */
struct confinfo_reader {
	struct str rest;
	struct arena *arena;
	struct confinfo_doc doc;
	struct confinfo_user_node **tail; /* of doc.users */
	struct _xmlParserCtxt *xml;
	size_t depth, things; /* elements that are open; what is in memory */
	int err;
};

/* confinfo_read.c: elements that have been read. */
void confinfo_read_root(struct confinfo_reader *r, const struct _xmlNode *n);
/* A child of the root, less the users. */
void confinfo_read_part(struct confinfo_reader *r, const struct _xmlNode *n);
bool confinfo_is_users(const struct _xmlNode *n);
void confinfo_read_user(struct confinfo_reader *r, const struct _xmlNode *n);
