/* The body of an INVITE and what to do with its parts. */
#include "gateway/front_sip_priv.h"

#include "mapping/multipart.h"
#include "msrp/cpim.h"

/* Not optional and not known is a refusal (RFC 3261 §8.2.3). */
static int read_part(const struct body_part *p, struct str *sdp)
{
	bool plain = !p->encoding.n || str_ieq(p->encoding, STR("binary")) ||
		     str_ieq(p->encoding, STR("8bit")) ||
		     str_ieq(p->encoding, STR("7bit"));

	if (plain && !sdp->n &&
	    str_ieq(mime_type(p->type), STR("application/sdp"))) {
		*sdp = p->body;
		return 200;
	}
	return body_is_optional(p->disposition) ? 200 : 415;
}

static int read_parts(const struct port_msg *m, struct str *sdp)
{
	struct multipart parts;
	struct body_part part;
	int more =
	    multipart_begin(&parts, m->f[PORT_F_TYPE], m->f[PORT_F_BODY]);

	if (more < 0)
		return 400;
	while ((more = multipart_next(&parts, &part)) > 0) {
		int status = read_part(&part, sdp);

		if (status != 200)
			return status;
	}
	return more < 0 ? 400 : 200;
}

int invite_sdp(const struct port_msg *m, struct str *sdp)
{
	struct body_part whole = {.type = m->f[PORT_F_TYPE],
				  .body = m->f[PORT_F_BODY]};
	struct str lines = m->f[PORT_F_HEADERS];

	*sdp = STR_NONE;
	if (!whole.body.n)
		return 200;
	if (str_ieq(mime_type(whole.type), STR("multipart/mixed")))
		return read_parts(m, sdp);
	while (lines.n) {
		struct str value = str_split(&lines, '\n');

		if (str_ieq(str_trim_space(str_split(&value, ':')),
			    STR("Content-Disposition")))
			whole.disposition = str_trim_space(value);
	}
	return read_part(&whole, sdp);
}
