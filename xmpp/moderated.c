#include "xmpp/moderated.h"

#include "base/xmltext.h"

void moderated_put(struct buf *b, struct str room, struct str nick,
		   struct str stable_id, struct str why)
{
	buf_addz(b, "<moderated xmlns='" NS_MODERATE "' by='");
	xml_add_attr(b, room);
	buf_addc(b, '/');
	xml_add_attr(b, nick);
	buf_addz(b, "'>");
	if (stable_id.n) {
		buf_addz(b, "<occupant-id xmlns='" NS_OCCUPANT "'");
		x_put_attr(b, "id", stable_id);
		buf_addz(b, "/>");
	}
	buf_addz(b, "</moderated>");
	if (why.n)
		x_put_text(b, "reason", why);
}
