/* Bytes of one stanza into the tree of xmpp/stanza.h, as the stream would hand
 * it up. */
#pragma once

#include "xmpp/stanza.h"

/* The root element, in the arena; NULL for what is not well-formed, has a DTD,
 * nests deeper than X_DEPTH_MAX, or is over the arena's limit. Elements in no
 * namespace and in the component's read as "jabber:client"; attributes of
 * foreign namespaces are left out. */
struct xnode *xmlin_parse(struct arena *a, struct str text);
