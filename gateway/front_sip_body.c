/* The body of an INVITE and what to do with its parts. */
#include "gateway/front_sip_priv.h"

#include "mapping/multipart.h"
#include "msrp/cpim.h"

/* Those whom the sender wants to be invited; some clients of 3GPP's messaging
 * conferences say "uri-list" (FOCUS-40). */
static bool is_list(const struct body_part *p)
{
	struct str disposition = p->disposition;

	disposition = str_trim_space(str_split(&disposition, ';'));
	return (str_ieq(disposition, STR("recipient-list")) ||
		str_ieq(disposition, STR("uri-list"))) &&
	       str_ieq(mime_type(p->type),
		       STR("application/resource-lists+xml"));
}

/* Not optional and not known is a refusal (RFC 3261 §8.2.3). */
static int read_part(const struct body_part *p, struct invite_body *out)
{
	bool plain = !p->encoding.n || str_ieq(p->encoding, STR("binary")) ||
		     str_ieq(p->encoding, STR("8bit")) ||
		     str_ieq(p->encoding, STR("7bit"));

	if (plain && !out->sdp.n &&
	    str_ieq(mime_type(p->type), STR("application/sdp"))) {
		out->sdp = p->body;
		return 200;
	}
	if (plain && is_list(p)) {
		out->list = p->body;
		return 200;
	}
	return body_is_optional(p->disposition) ? 200 : 415;
}

static int read_parts(const struct port_msg *m, struct invite_body *out)
{
	struct multipart parts;
	struct body_part part;
	int more =
	    multipart_begin(&parts, m->f[PORT_F_TYPE], m->f[PORT_F_BODY]);

	if (more < 0)
		return 400;
	while ((more = multipart_next(&parts, &part)) > 0) {
		int status = read_part(&part, out);

		if (status != 200)
			return status;
	}
	return more < 0 ? 400 : 200;
}

int invite_body(const struct port_msg *m, struct invite_body *out)
{
	struct body_part whole = {.type = m->f[PORT_F_TYPE],
				  .body = m->f[PORT_F_BODY]};
	struct str lines = m->f[PORT_F_HEADERS];

	*out = (struct invite_body){0};
	if (!whole.body.n)
		return 200;
	if (str_ieq(mime_type(whole.type), STR("multipart/mixed")))
		return read_parts(m, out);
	while (lines.n) {
		struct str value = str_split(&lines, '\n');

		if (str_ieq(str_trim_space(str_split(&value, ':')),
			    STR("Content-Disposition")))
			whole.disposition = str_trim_space(value);
	}
	return read_part(&whole, out);
}

int invite_sdp(const struct port_msg *m, struct str *sdp)
{
	struct invite_body body;
	int status = invite_body(m, &body);

	*sdp = body.sdp;
	return status;
}
