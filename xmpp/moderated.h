/* What a moderator did to a message, as XEP-0425 §3.1 and §4 write it. Pure. */
#pragma once

#include "xmpp/stanza.h"

#define NS_RETRACT  "urn:xmpp:message-retract:1"
#define NS_MODERATE "urn:xmpp:message-moderate:1"

/* <moderated/> with the moderator, and <reason/> unless why is empty: the
 * children of <retract/> and of <retracted/>. */
void moderated_put(struct buf *b, struct str room, struct str nick,
		   struct str stable_id, struct str why);
