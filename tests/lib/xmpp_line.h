/* A room service's stanza in one line, for tests that compare whole
 * conversations:
 *
 *   presence Ann owner/moderator jid=a@x.test/1 [110 201] id=j1 show=away
 *   presence Ann unavailable none/none [110 307 333]
 *   presence Ann error cancel/conflict by=r@rd.test id=j1
 *   groupchat Ann id=7 body='hi' lang=de delay=2026-10-14T15:06:40Z
 *   groupchat - subject=''          chat Ann body='psst' user
 *   iq result id=1 query=http://jabber.org/protocol/disco#info
 *   iq error cancel/item-not-found id=1
 *
 * From the bare room it is "-"; elements that no word stands for follow as
 * "+name". stanza-id and occupant-id are left out unless they are repeated. */
#pragma once

#include "xmpp/stanza.h"

void xmpp_line(struct buf *out, const struct xnode *stanza, struct arena *a);
