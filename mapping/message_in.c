/* CPIM entities and stanzas into neutral messages. */
#include "base/err.h"
#include "base/rfc3339.h"
#include "mapping/charset.h"
#include "mapping/composing.h"
#include "mapping/html.h"
#include "mapping/message_priv.h"

#define NS_HINTS    "urn:xmpp:hints"
#define NS_CORRECT  "urn:xmpp:message-correct:0"
#define NS_REACT    "urn:xmpp:reactions:0"
#define NS_FALLBACK "urn:xmpp:fallback:0"

bool map_put_part(struct message *m, struct str type, struct str language,
		  struct str body)
{
	if (m->n_parts == MESSAGE_PARTS_MAX)
		return false;
	m->parts[m->n_parts++] = (struct part){type, language, body};
	return true;
}

bool map_keep(struct message *m, struct str s, struct str *out)
{
	size_t used = arena_used(m->arena);

	*out = STR_NONE;
	if (s.n == 0)
		return true;
	if (used > m->max || s.n >= m->max - used)
		return false;
	*out = arena_dup(m->arena, s);
	return out->p != NULL;
}

struct str map_language(struct str value)
{
	struct str first = str_trim(str_split(&value, ','));

	for (size_t i = 0; i < first.n; i++) {
		char c = first.p[i];

		if (!(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'z') &&
		    !(c >= 'A' && c <= 'Z') && c != '-')
			return STR_NONE;
	}
	return first.n <= 35 ? first : STR_NONE; /* RFC 5646 §4.4.1 */
}

bool map_composing_allowed(const struct message *m,
			   const struct map_message_cfg *cfg)
{
	return m->private || cfg->composing_in_rooms;
}

/* ---- CPIM; the functions return the MSRP status owed ---- */

/* CR LF and lone CR to LF, in a copy only if there is one (BODY-8). */
static bool keep_unix_lines(struct message *m, struct str s, bool is_ours,
			    struct str *out)
{
	struct buf b = BUF_INIT(s.n);
	bool kept;

	if (str_find(s, '\r') < 0) {
		if (!is_ours)
			return map_keep(m, s, out);
		*out = s;
		return true;
	}
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] != '\r')
			buf_addc(&b, s.p[i]);
		else if (i + 1 == s.n || s.p[i + 1] != '\n')
			buf_addc(&b, '\n');
	}
	kept = map_keep(m, buf_str(&b), out);
	buf_done(&b);
	return kept;
}

static int take_plain(const struct cpim *c, struct message *m, struct str text)
{
	struct str body;

	if (!keep_unix_lines(m, text, text.p == c->body.p, &body))
		return 413;
	if (body.n)
		map_put_part(m, STR("text/plain"), m->language, body);
	return 200;
}

static int take_html(struct message *m, struct str html)
{
	struct buf xhtml = BUF_INIT(m->max), text = BUF_INIT(m->max);
	struct str x, t;
	int status = 200;

	if (map_html(html, &xhtml, &text) < 0 ||
	    !map_keep(m, buf_str(&text), &t) ||
	    !map_keep(m, buf_str(&xhtml), &x)) {
		status = 413;
	} else if (t.n) {
		map_put_part(m, STR("text/plain"), m->language, t);
		map_put_part(m, STR("text/html"), m->language, x);
	}
	buf_done(&xhtml);
	buf_done(&text);
	return status;
}

static int take_text(const struct cpim *c, struct message *m, bool html)
{
	struct buf work = BUF_INIT(m->max);
	struct str text;
	int status;

	switch (map_charset(mime_param(c->content_type, STR("charset")),
			    c->body, &work, &text)) {
	case 0:
		status = html ? take_html(m, text) : take_plain(c, m, text);
		break;
	case ERR_UNSUPPORTED:
		status = 415;
		break;
	case ERR_TOO_BIG:
		status = 413;
		break;
	default:
		status = 400;
		break;
	}
	buf_done(&work);
	return status;
}

/* HTML without words, a picture say, is shown like any other type that XMPP
 * users can't be given (BODY-12, CHAT-20). */
static int take_html_message(const struct cpim *c,
			     const struct map_message_cfg *cfg,
			     struct message *m)
{
	int status = take_text(c, m, true);
	struct str notice;

	if (status != 200 || m->n_parts || str_trim_space(c->body).n == 0)
		return status;
	if (cfg->room_elsewhere)
		return 415;
	notice = arena_printf(m->arena, "[text/html, %zu octets]", c->body.n);
	if (!notice.p)
		return 413;
	map_put_part(m, STR("text/plain"), STR_NONE, notice);
	return 200;
}

/* A document that can't be read says nothing, which is no error of a message.
 */
static int take_composing(const struct cpim *c, struct message *m)
{
	bool active;

	m->transient = m->no_store = true;
	if (map_composing_read(c->body, &active) == 0)
		map_put_part(m, STR(MAP_TYPE_COMPOSING), STR_NONE,
			     active ? STR("active") : STR("idle"));
	return 200;
}

/* RFC 4483 §5: false if it is not a link that people could follow. */
static bool take_link(const struct cpim *c, struct message *m)
{
	struct str url = mime_param(c->content_type, STR("URL"));

	if (!str_ieq(mime_param(c->content_type, STR("access-type")),
		     STR("URL")) ||
	    (!str_istarts(url, STR("http://")) &&
	     !str_istarts(url, STR("https://"))))
		return false;
	return map_put_part(m, STR(MAP_TYPE_LINK), STR_NONE, url);
}

static int take_content(const struct cpim *c, const struct map_message_cfg *cfg,
			struct message *m)
{
	struct str type = mime_type(c->content_type);

	if (str_find(type, '/') <= 0)
		return 400;
	if (str_ieq(type, STR("text/plain")))
		return take_text(c, m, false);
	if (str_ieq(type, STR("text/html")))
		return take_html_message(c, cfg, m);
	if (str_ieq(type, STR(MAP_TYPE_COMPOSING)))
		return take_composing(c, m);
	if (str_ieq(type, STR("message/imdn+xml"))) {
		/* between SIP clients (CPIM-19) */
		m->control = m->transient = m->no_store = true;
		return 200;
	}
	if (str_ieq(type, STR(MAP_TYPE_LINK)) && take_link(c, m))
		return 200;
	if (cfg->room_elsewhere)
		return 415;
	map_put_part(m, c->content_type, STR_NONE, c->body);
	return 200;
}

int map_cpim_to_message(const struct cpim *c, const struct map_message_cfg *cfg,
			struct message *m)
{
	int status;

	if (rfc3339_parse(c->datetime, &m->written_ms) < 0)
		m->written_ms = 0;
	m->subject = c->subject;
	/* an empty one beside a text is a client's habit and means nothing */
	m->has_subject = c->subject.n || (c->has_subject && c->body.n == 0);
	m->language = map_language(c->content_language);
	status = take_content(c, cfg, m);
	if (status == 200 && cfg->room_elsewhere && !map_fits_stanza(m, cfg))
		return 413;
	return status;
}

/* ---- stanzas ---- */

static bool is_encrypted(const struct xnode *s)
{
	return x_child(s, "encrypted", "eu.siacs.conversations.axolotl") ||
	       x_child(s, "encrypted", "urn:xmpp:omemo:1") ||
	       x_child(s, "encrypted", "urn:xmpp:omemo:2") ||
	       x_child(s, "openpgp", "urn:xmpp:openpgp:0") ||
	       x_child(s, "x", "jabber:x:encrypted");
}

/* XEP-0424 and XEP-0425, today's form and the one with <apply-to/>: the element
 * that retracts, and that which says a moderator did it, or NULL. */
static const struct xnode *find_retraction(const struct xnode *s,
					   const struct xnode **moderated)
{
	const struct xnode *r = x_child(s, "retract", NULL);
	const struct xnode *fastened =
	    x_child(s, "apply-to", "urn:xmpp:fasten:0");

	*moderated = r ? x_child(r, "moderated", NULL) : NULL;
	if (*moderated) /* the reason stands beside it */
		*moderated = r;
	if (!r && fastened) {
		*moderated = x_child(fastened, "moderated", NULL);
		r = *moderated ? *moderated
			       : x_child(fastened, "retract", NULL);
	}
	return r;
}

/* The body is only what old clients see of something else. */
static bool is_fallback_for(const struct xnode *s, const char *ns)
{
	for (const struct xnode *f = x_child(s, "fallback", NS_FALLBACK); f;
	     f = x_next(f, "fallback", NS_FALLBACK))
		if (str_eq(x_attr(f, "for"), str_z(ns)))
			return true;
	return false;
}

/* The element's text; false: it did not fit into the arena. */
static bool text_of(const struct xnode *n, struct message *m, struct str *out)
{
	*out = x_text(n, m->arena);
	if (out->n || !n)
		return true;
	for (const struct xnode *c = n->children; c; c = c->next)
		if (!c->name.n && c->text.n)
			return false;
	return true;
}

static bool put_text_part(struct message *m, struct str language,
			  struct str text)
{
	struct str body, lang;

	if (text.n == 0)
		return true;
	if (!map_keep(m, text, &body) || !map_keep(m, language, &lang))
		return false;
	map_put_part(m, STR("text/plain"), lang, body);
	return true;
}

static bool put_retraction(const struct xnode *moderated,
			   const struct map_message_cfg *cfg, struct message *m)
{
	const struct xnode *reason = x_child(moderated, "reason", NULL);
	struct buf b = BUF_INIT(m->max);
	struct str why;
	bool kept;

	/* in a room of ours only we may say so, and no stanza comes from us */
	if (!moderated || !cfg->room_elsewhere)
		return put_text_part(m, STR("en"), STR("[message retracted]"));
	if (!text_of(reason, m, &why))
		return false;
	buf_addz(&b, "[message removed by a moderator");
	if (why.n)
		buf_addz(&b, ": ");
	buf_add(&b, why);
	buf_addc(&b, ']');
	kept = b.err == 0 && put_text_part(m, STR("en"), buf_str(&b));
	buf_done(&b);
	return kept;
}

static struct str language_of(const struct xnode *n, const struct message *m)
{
	return x_has_attr(n, "xml:lang") ? map_language(x_attr(n, "xml:lang"))
					 : m->language;
}

/* One body, with what its surroundings make of it (BODY-16, BODY-23). */
static bool put_body(const struct xnode *stanza, struct str language,
		     struct str body, struct message *m)
{
	const struct xnode *oob = x_child(stanza, "x", NS_OOB);
	struct buf b = BUF_INIT(m->max);
	struct str url;
	bool kept;

	if (!text_of(x_child(oob, "url", NS_OOB), m, &url))
		return false;
	if (x_child(stanza, "replace", NS_CORRECT))
		buf_addz(&b, "[corrected] ");
	buf_add(&b, body);
	if (url.n && !str_eq(url, body)) {
		if (body.n)
			buf_addc(&b, '\n');
		buf_add(&b, url);
	}
	kept = b.err == 0 && put_text_part(m, language, buf_str(&b));
	buf_done(&b);
	return kept;
}

/* For one occupant, or within a thread, a subject is what the message says, and
 * is said as text too: many SIP clients show nothing of a CPIM Subject. */
static bool put_subject(const struct xnode *stanza, struct message *m)
{
	const struct xnode *subject = x_child(stanza, "subject", NS_CLIENT);

	if (!m->private && !x_child(stanza, "thread", NS_CLIENT))
		return true;
	return put_text_part(m, language_of(subject, m), m->subject);
}

static bool put_bodies(const struct xnode *stanza, struct message *m)
{
	bool any = false;

	/* what finds no place is not looked at: a stanza holds thousands */
	for (const struct xnode *n = x_child(stanza, "body", NS_CLIENT);
	     n && m->n_parts < MESSAGE_PARTS_MAX;
	     n = x_next(n, "body", NS_CLIENT)) {
		struct str text;

		if (!text_of(n, m, &text))
			return false;
		if (text.n == 0)
			continue;
		any = true;
		if (!put_body(stanza, language_of(n, m), text, m))
			return false;
	}
	if (any || !x_child(stanza, "x", NS_OOB))
		return true;
	return put_body(stanza, m->language, STR_NONE, m);
}

/* BODY-13; gone says nothing to SIP. */
static void put_chat_state(const struct xnode *stanza,
			   const struct map_message_cfg *cfg, struct message *m)
{
	const struct xnode *state = x_child(stanza, NULL, NS_CHATSTATES);

	if (!state)
		return;
	m->transient = true;
	if (!map_composing_allowed(m, cfg) || str_eq(state->name, STR("gone")))
		return;
	map_put_part(m, STR(MAP_TYPE_COMPOSING), STR_NONE,
		     str_eq(state->name, STR("composing")) ? STR("active")
							   : STR("idle"));
}

static bool put_parts(const struct xnode *stanza,
		      const struct map_message_cfg *cfg, struct message *m)
{
	const struct xnode *moderated;
	const struct xnode *retraction = find_retraction(stanza, &moderated);
	const struct xnode *body = x_child(stanza, "body", NS_CLIENT);

	if (retraction)
		return put_retraction(moderated, cfg, m);
	if (x_child(stanza, "reactions", NS_REACT) &&
	    (!body || is_fallback_for(stanza, NS_REACT)))
		return true;
	if (!put_bodies(stanza, m))
		return false;
	if (m->n_parts == 0 && is_encrypted(stanza))
		return put_text_part(m, STR("en"), STR("[encrypted message]"));
	if (m->n_parts == 0 && !put_subject(stanza, m))
		return false;
	if (m->n_parts == 0 && !m->has_subject)
		put_chat_state(stanza, cfg, m);
	return true;
}

/* XEP-0334 §4 */
static bool is_not_for_store(const struct xnode *stanza)
{
	return x_child(stanza, "no-store", NS_HINTS) ||
	       x_child(stanza, "no-permanent-store", NS_HINTS) ||
	       x_child(stanza, "no-copy", NS_HINTS);
}

/* What newcomers need not see, but who looks back does (XEP-0444 §4,
 * XEP-0334 §4.4). */
static bool is_for_archive(const struct xnode *stanza)
{
	return x_child(stanza, "reactions", NS_REACT) ||
	       x_child(stanza, "store", NS_HINTS);
}

/* The message that its author takes back (XEP-0424 §3). */
static bool put_retracted_id(const struct xnode *stanza, struct message *m)
{
	const struct xnode *moderated;
	const struct xnode *r = find_retraction(stanza, &moderated);

	return !r || moderated || m->private ||
	       map_keep(m, x_attr(r, "id"), &m->retracts);
}

int map_stanza_to_message(const struct xnode *stanza,
			  const struct map_message_cfg *cfg, struct message *m)
{
	const struct xnode *subject = x_child(stanza, "subject", NS_CLIENT);
	struct str stamp = x_attr(x_child(stanza, "delay", NS_DELAY), "stamp");
	struct str text;

	if (rfc3339_parse(stamp, &m->written_ms) < 0)
		m->written_ms = 0;
	m->wants_receipt = x_attr(stanza, "id").n &&
			   x_child(stanza, "request", MAP_NS_RECEIPTS) != NULL;
	m->has_subject = subject != NULL;
	if (m->private &&
	    !map_keep(
		m, x_attr(x_child(stanza, "received", MAP_NS_RECEIPTS), "id"),
		&m->receipt_of))
		return ERR_TOO_BIG;
	if (!map_keep(m, x_attr(stanza, "id"), &m->client_id) ||
	    !map_keep(m, map_language(x_attr(stanza, "xml:lang")),
		      &m->language) ||
	    !text_of(subject, m, &text) || !map_keep(m, text, &m->subject) ||
	    !put_parts(stanza, cfg, m) || !put_retracted_id(stanza, m))
		return ERR_TOO_BIG;
	m->control = m->receipt_of.n && m->n_parts == 0;
	m->no_store =
	    m->transient || m->n_parts == 0 || is_not_for_store(stanza);
	m->archive_only = m->n_parts == 0 && !m->transient &&
			  !is_not_for_store(stanza) && is_for_archive(stanza);
	return 0;
}
