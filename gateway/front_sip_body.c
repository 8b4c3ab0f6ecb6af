/* The body of an INVITE or REFER and what to do with its parts. */
#include "gateway/front_sip_priv.h"

#include "base/scan.h"
#include "mapping/multipart.h"
#include "msrp/cpim.h"

struct str further_header(struct str lines, const char *name)
{
	struct scan s = scan_of(lines);

	while (!scan_done(&s)) {
		struct str line = scan_line(&s);

		if (str_ieq(str_trim(str_split(&line, ':')), str_z(name)))
			return str_trim(line);
	}
	return STR_NONE;
}

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
static int read_part(const struct body_part *p, struct sip_body *out)
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
		struct str id = str_trim_space(p->id);

		if (id.n > 1 && id.p[0] == '<' && id.p[id.n - 1] == '>')
			id = str_of(id.p + 1, id.n - 2);
		out->has_list = true;
		out->list = p->body;
		out->list_id = id;
		return 200;
	}
	return body_is_optional(p->disposition) ? 200 : 415;
}

static int read_parts(const struct port_msg *m, struct sip_body *out)
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

int sip_body(const struct port_msg *m, struct sip_body *out)
{
	struct body_part whole = {.type = m->f[PORT_F_TYPE],
				  .body = m->f[PORT_F_BODY]};
	struct str lines = m->f[PORT_F_HEADERS];

	*out = (struct sip_body){0};
	if (whole.body.n &&
	    str_ieq(mime_type(whole.type), STR("multipart/mixed")))
		return read_parts(m, out);
	whole.disposition = further_header(lines, "Content-Disposition");
	whole.id = further_header(lines, "Content-ID");
	if (!whole.body.n && !is_list(&whole))
		return 200;
	return read_part(&whole, out);
}

int invite_sdp(const struct port_msg *m, struct str *sdp)
{
	struct sip_body body;
	int status = sip_body(m, &body);

	*sdp = body.sdp;
	return status;
}
