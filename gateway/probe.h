/* The query by which a domain is asked whether it holds rooms (DNS-11). Pure.
 */
#pragma once

#include "gateway/discover.h"
#include "xmpp/stanza.h"

/* An iq from one of our domains to another. */
void probe_write(struct buf *b, struct str from, struct str to, struct str id);
/* What an iq to one of our domains says; false: it is no answer. */
bool probe_read(const struct xnode *iq, enum discover_reply *reply);
