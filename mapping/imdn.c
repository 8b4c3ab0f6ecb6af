#include "mapping/imdn.h"

#include "base/xmltext.h"

bool map_wants_imdn(const struct cpim *head)
{
	return head->imdn_delivery && head->imdn_message_id.n > 0;
}

void map_imdn(struct buf *b, const struct cpim *head, struct str id,
	      struct str now)
{
	struct buf body = BUF_INIT(32768);

	buf_addz(&body, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\r\n"
			"<imdn xmlns=\"urn:ietf:params:xml:ns:imdn\">"
			"<message-id>");
	xml_add_text(&body, head->imdn_message_id);
	buf_addz(&body, "</message-id><datetime>");
	xml_add_text(&body, head->datetime.n ? head->datetime : now);
	buf_addz(&body, "</datetime><recipient-uri>");
	xml_add_text(&body, head->to.uri);
	buf_addz(&body, "</recipient-uri><original-recipient-uri>");
	xml_add_text(&body, head->to.uri);
	buf_addz(&body, "</original-recipient-uri><delivery-notification>"
			"<status><delivered/></status></delivery-notification>"
			"</imdn>\r\n");
	cpim_write(b, &(struct cpim_out){
			  .from = head->to,
			  .to = head->from,
			  .imdn_message_id = id,
			  .content_type = STR(MAP_IMDN_TYPE),
			  .body = buf_str(&body),
		      });
	if (body.err)
		b->err = body.err;
	buf_done(&body);
}
