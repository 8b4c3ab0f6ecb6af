/* Neutral messages into CPIM entities and stanza payloads. */
#include "base/rfc3339.h"
#include "base/xmltext.h"
#include "mapping/composing.h"
#include "mapping/message_priv.h"

#define LATE_MS	 60000
#define NS_XHTML "http://www.w3.org/1999/xhtml"

bool map_is_subject(const struct message *m)
{
	return m->has_subject && m->n_parts == 0;
}

bool map_is_late(const struct message *m)
{
	return m->written_ms && m->written_ms + LATE_MS < m->time_ms;
}

static bool is_type(const struct part *p, struct str type)
{
	return str_ieq(mime_type(p->type), type);
}

/* ---- to SIP ---- */

/* How well a body in one language serves a reader of another; one that names
 * none of its own has that of the stanza (BODY-2). */
static int language_rank(struct str have, struct str wanted, struct str stanza)
{
	struct str h = have, w = wanted;

	if (wanted.n && str_ieq(have, wanted))
		return 3;
	if (wanted.n && have.n &&
	    str_ieq(str_split(&h, '-'), str_split(&w, '-')))
		return 2;
	return have.n == 0 || str_ieq(have, stanza) ? 1 : 0;
}

/* The part that a SIP user gets, or NULL. */
static const struct part *choose(const struct message *m,
				 const struct map_message_cfg *cfg)
{
	const struct part *best = NULL;
	int best_rank = -1;

	for (size_t i = 0; i < m->n_parts; i++) {
		const struct part *p = &m->parts[i];
		int rank;

		if (!is_type(p, STR("text/plain")))
			continue;
		rank = language_rank(p->language, cfg->language, m->language);
		if (rank > best_rank) {
			best = p;
			best_rank = rank;
		}
	}
	if (best || m->n_parts == 0)
		return best;
	if (is_type(&m->parts[0], STR(MAP_TYPE_COMPOSING)) &&
	    !map_composing_allowed(m, cfg))
		return NULL;
	return &m->parts[0];
}

/* LF to CR LF (BODY-8). */
static void add_crlf(struct buf *out, struct str s)
{
	while (s.n) {
		ptrdiff_t lf = str_find(s, '\n');

		if (lf < 0) {
			buf_add(out, s);
			return;
		}
		buf_add(out, str_of(s.p, (size_t)lf));
		buf_add(out, STR("\r\n"));
		s = str_from(s, (size_t)lf + 1);
	}
}

static bool is_link(const struct part *p)
{
	return is_type(p, STR(MAP_TYPE_LINK)) &&
	       str_istarts(p->body, STR("http"));
}

struct str map_message_sip_type(const struct message *m,
				const struct map_message_cfg *cfg)
{
	const struct part *p = choose(m, cfg);

	if (!p)
		return STR_NONE;
	return is_link(p) ? STR("text/plain") : mime_type(p->type);
}

bool map_message_to_cpim(struct buf *out, const struct message *m,
			 struct cpim_addr from, struct cpim_addr to,
			 const struct map_message_cfg *cfg)
{
	const struct part *p = choose(m, cfg);
	struct buf body = BUF_INIT(SIZE_MAX / 2);
	bool earlier = m->written_ms && m->written_ms < m->time_ms;
	char time[RFC3339_MAX];
	struct cpim_out c = {
	    .from = from,
	    .to = to,
	    .datetime = str_z(
		rfc3339_millis(earlier ? m->written_ms : m->time_ms, time)),
	    .subject = m->subject,
	    .subject_lang = m->subject.n ? m->language : STR_NONE,
	};

	if (!p)
		return false;
	c.content_language = p->language;
	if (is_type(p, STR(MAP_TYPE_COMPOSING))) {
		c.content_type = STR(MAP_TYPE_COMPOSING);
		map_composing_write(&body, str_eq(p->body, STR("active")));
		c.body = buf_str(&body);
	} else if (is_type(p, STR("text/plain")) || is_link(p)) {
		c.content_type = STR("text/plain;charset=utf-8");
		add_crlf(&body, p->body);
		c.body = buf_str(&body);
	} else {
		c.content_type = p->type;
		c.body = p->body;
	}
	cpim_write(out, &c);
	buf_done(&body);
	return true;
}

/* ---- to XMPP ---- */

/* <name>text</name> with its language, unless the stanza has that already. */
static void put_text(struct buf *out, const char *name, struct str language,
		     struct str text)
{
	buf_addc(out, '<');
	buf_addz(out, name);
	x_put_attr(out, "xml:lang", language);
	buf_addc(out, '>');
	xml_add_text(out, text);
	buf_addz(out, "</");
	buf_addz(out, name);
	buf_addc(out, '>');
}

/* What stands for content that a stanza can't carry (CHAT-20). */
static void put_notice(struct buf *out, const struct message *m,
		       const struct part *p)
{
	uint64_t size = m->has_size ? m->size : p->body.n;

	buf_addz(out, "<body>[");
	xml_add_text(out, mime_type(p->type));
	if (!m->stream || m->has_size) {
		buf_addz(out, ", ");
		buf_addu(out, size);
		buf_addz(out, size == 1 ? " octet" : " octets");
	}
	buf_addz(out, "]</body>");
}

/* The text is the link and nothing else, so that clients show what it leads to;
 * name and size stand beside it (XEP-0066 §2). */
static void put_link(struct buf *out, const struct part *p)
{
	struct buf about = BUF_INIT(8192);

	put_text(out, "body", STR_NONE, p->body);
	buf_addz(out, "<x xmlns='" NS_OOB "'>");
	put_text(out, "url", STR_NONE, p->body);
	map_add_file(&about, p);
	if (about.n)
		put_text(out, "desc", STR_NONE, buf_str(&about));
	buf_addz(out, "</x>");
	buf_done(&about);
}

static void put_part(struct buf *out, const struct message *m,
		     const struct part *p, const struct map_message_cfg *cfg)
{
	if (m->stream) {
		put_notice(out, m, p);
	} else if (is_type(p, STR("text/plain"))) {
		put_text(out, "body", p->language, p->body);
	} else if (is_type(p, STR("text/html"))) {
		buf_addz(out, "<html xmlns='" NS_XHTML_IM "'>"
			      "<body xmlns='" NS_XHTML "'>");
		buf_add(out, p->body);
		buf_addz(out, "</body></html>");
	} else if (is_type(p, STR(MAP_TYPE_COMPOSING))) {
		if (!map_composing_allowed(m, cfg))
			return;
		buf_addz(out, str_eq(p->body, STR("active")) ? "<composing"
							     : "<active");
		buf_addz(out, " xmlns='" NS_CHATSTATES "'/>");
	} else if (is_link(p)) {
		put_link(out, p);
	} else {
		put_notice(out, m, p);
	}
}

/* What the stanza's own tag and our additions may take. */
#define STANZA_FRAME 4096

/* Within the limit of a stanza; b is new. False: it does not fit. */
static bool put_all(struct buf *b, const struct message *m,
		    const struct map_message_cfg *cfg)
{
	size_t max = cfg->stanza_max ? cfg->stanza_max : MAP_STANZA_MAX;

	buf_init(b, max > STANZA_FRAME ? max - STANZA_FRAME : 0);
	if (m->has_subject)
		put_text(b, "subject", m->language, m->subject);
	for (size_t i = 0; i < m->n_parts; i++)
		put_part(b, m, &m->parts[i], cfg);
	if (m->private && m->wants_receipt)
		buf_addz(b, "<request xmlns='" MAP_NS_RECEIPTS "'/>");
	if (m->receipt_of.n) {
		buf_addz(b, "<received xmlns='" MAP_NS_RECEIPTS "'");
		x_put_attr(b, "id", m->receipt_of);
		buf_addz(b, "/>");
	}
	return b->err == 0;
}

bool map_fits_stanza(const struct message *m, const struct map_message_cfg *cfg)
{
	struct buf b;
	bool fits = put_all(&b, m, cfg);

	buf_done(&b);
	return fits;
}

bool map_message_to_payload(struct buf *out, const struct message *m,
			    const struct map_message_cfg *cfg)
{
	size_t start = out->n;
	struct buf b;

	if (m->link_follows)
		return false;
	if (put_all(&b, m, cfg))
		buf_add(out, buf_str(&b));
	else if (m->n_parts)
		put_notice(out, m, &m->parts[0]);
	buf_done(&b);
	return out->n > start;
}

/* What only a service may say (X2S-38, PRIV-7, XEP-0421 §4, XEP-0425). */
static bool is_reserved(const struct xnode *n, struct str room)
{
	if (x_is(n, "x", NS_MUC_USER) || x_is(n, "occupant-id", NS_OCCUPANT))
		return true;
	if (x_is(n, "stanza-id", NS_SID))
		return str_ieq(x_attr(n, "by"), room);
	if (x_is(n, "delay", NS_DELAY))
		return str_ieq(x_attr(n, "from"), room);
	return x_child(n, "moderated", NULL) != NULL;
}

void map_stanza_payload(struct buf *out, const struct xnode *stanza,
			struct str room)
{
	for (const struct xnode *n = stanza->children; n; n = n->next)
		if (n->name.n && !is_reserved(n, room))
			x_write(out, n, STR(NS_CLIENT));
}
