/* A room's archive (XEP-0313), for who has missed more than its history tells.
 */
#include "gateway/back_muc_priv.h"

#include "base/rfc3339.h"

static void put_field(struct buf *b, const char *var, const char *type,
		      const char *value)
{
	buf_addf(b, "<field var='%s'%s><value>%s</value></field>", var, type,
		 value);
}

void proxy_ask_archive(struct proxy *p, uint64_t since_ms, struct str after,
		       char id[UUID_MAX])
{
	struct query *q = query_new(p, QUERY_ARCHIVE);
	struct buf *b = muc_begin(p, "iq", STR_NONE, "set", q->id);
	char time[RFC3339_MAX];

	memcpy(id, q->id, UUID_MAX);
	buf_addf(b,
		 "<query xmlns='" NS_MAM "' queryid='%s'><x xmlns='" NS_XDATA
		 "' type='submit'>",
		 id);
	put_field(b, "FORM_TYPE", " type='hidden'", NS_MAM);
	put_field(b, "start", "", rfc3339_millis(since_ms - CLOCKS_MS, time));
	buf_addf(b, "</x><set xmlns='" NS_RSM "'><max>%d</max>", ARCHIVE_PAGE);
	if (after.n)
		x_put_text(b, "after", after);
	buf_addz(b, "</set></query></iq>");
	muc_send(p);
}

bool archive_read_answer(const struct muc_said *in, struct arena *a,
			 struct str *last)
{
	const struct xnode *fin = in->payload;

	if (in->kind != SAID_RESULT || !x_is(fin, "fin", NS_MAM))
		return false;
	if (!str_eq(x_attr(fin, "complete"), STR("true")))
		*last = x_text(
		    x_child(x_child(fin, "set", NS_RSM), "last", NS_RSM), a);
	return true;
}
