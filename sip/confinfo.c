#include "sip/confinfo_priv.h"

#include "base/utf8.h"
#include "base/xmltext.h"

/* Most texts need no escape at all: the whole slice is plain. */
static bool is_plain(struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (c < 0x20 || c > 0x7e || c == '&' || c == '<' || c == '>' ||
		    c == '"' || c == '\'')
			return false;
	}
	return true;
}

/* Where the next code point that XML forbids starts, from i on; s.n: nowhere.
 * Its length goes to *n. */
static size_t find_forbidden(struct str s, size_t i, size_t *n)
{
	while (i < s.n) {
		size_t at = i;
		int32_t cp = utf8_next(s, &i);

		if (cp >= 0 && !xml_char((uint32_t)cp)) {
			*n = i - at;
			return at;
		}
	}
	*n = 0;
	return s.n;
}

static void add_escaped(struct buf *b, struct str s,
			void (*add)(struct buf *b, struct str s))
{
	if (is_plain(s)) {
		buf_add(b, s);
		return;
	}
	for (size_t i = 0; i < s.n;) {
		size_t n, end = find_forbidden(s, i, &n);

		add(b, str_of(s.p + i, end - i));
		i = end + n;
	}
}

static void add_text(struct buf *b, struct str s)
{
	add_escaped(b, s, xml_add_text);
}

/* name carries the space before it: attr(b, " entity", v). */
static void attr(struct buf *b, struct str name, struct str v)
{
	buf_add(b, name);
	buf_add(b, STR("=\""));
	add_escaped(b, v, xml_add_attr);
	buf_addc(b, '"');
}

/* An element of text, left out if it is empty. */
static void element(struct buf *b, struct str name, struct str text)
{
	if (text.n == 0)
		return;
	buf_addc(b, '<');
	buf_add(b, name);
	buf_addc(b, '>');
	add_text(b, text);
	buf_add(b, STR("</"));
	buf_add(b, name);
	buf_addc(b, '>');
}

static void number_element(struct buf *b, const char *name, size_t n)
{
	buf_addc(b, '<');
	buf_addz(b, name);
	buf_addc(b, '>');
	buf_addu(b, n);
	buf_addz(b, "</");
	buf_addz(b, name);
	buf_addc(b, '>');
}

static struct str state_name(enum confinfo_state s)
{
	switch (s) {
	case CONFINFO_PARTIAL:
		return STR("partial");
	case CONFINFO_DELETED:
		return STR("deleted");
	case CONFINFO_FULL:
		break;
	}
	return STR("full");
}

void confinfo_begin(struct buf *b, struct str entity, uint32_t version,
		    enum confinfo_state room_state)
{
	buf_add(b, STR("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\r\n"
		       "<conference-info xmlns=\"" NS_CONFINFO "\""
		       " xmlns:xcon=\"" NS_XCON "\""));
	attr(b, STR(" entity"), entity);
	attr(b, STR(" state"), state_name(room_state));
	buf_add(b, STR(" version=\""));
	buf_addu(b, version);
	buf_add(b, STR("\">"));
}

static void conf_uri(struct buf *b, struct str uri)
{
	if (uri.n == 0)
		return;
	buf_addz(b, "<entry>");
	element(b, STR("uri"), uri);
	buf_addz(b, "<purpose>participation</purpose></entry>");
}

void confinfo_description(struct buf *b, const struct confinfo_room *r)
{
	buf_addz(b, "<conference-description>");
	element(b, STR("display-text"), r->display_text);
	element(b, STR("subject"), r->subject);
	buf_addz(b, "<conf-uris>");
	conf_uri(b, r->entity);
	conf_uri(b, r->xmpp_uri);
	buf_addz(b, "</conf-uris>");
	if (r->max_users)
		number_element(b, "maximum-user-count", r->max_users);
	buf_addz(b, "</conference-description>");
}

void confinfo_conference_state(struct buf *b, const struct confinfo_room *r)
{
	buf_addz(b, "<conference-state>");
	number_element(b, "user-count", r->user_count);
	/* RFC 4575 §5.5.2: a call to the room would succeed */
	buf_addz(b, "<active>true</active>");
	element(b, STR("locked"), r->locked ? STR("true") : STR("false"));
	buf_addz(b, "</conference-state>");
}

void confinfo_users_begin(struct buf *b, enum confinfo_state state)
{
	buf_addz(b, "<users");
	attr(b, STR(" state"), state_name(state));
	buf_addc(b, '>');
}

/* RFC 4575's execution-type; nothing if it says nothing. */
static void execution(struct buf *b, struct str name,
		      const struct confinfo_execution *x)
{
	if (x->when.n == 0 && x->reason.n == 0 && x->by.n == 0)
		return;
	buf_addc(b, '<');
	buf_add(b, name);
	buf_addc(b, '>');
	element(b, STR("when"), x->when);
	element(b, STR("reason"), x->reason);
	element(b, STR("by"), x->by);
	buf_add(b, STR("</"));
	buf_add(b, name);
	buf_addc(b, '>');
}

/* RFC 4575 §6: the order of the schema. */
static void write_endpoint(struct buf *b, const struct confinfo_endpoint *e)
{
	buf_add(b, STR("<endpoint"));
	attr(b, STR(" entity"), e->entity);
	attr(b, STR(" state"), state_name(e->state));
	if (e->state == CONFINFO_DELETED) {
		buf_add(b, STR("/>"));
		return;
	}
	buf_addc(b, '>');
	element(b, STR("display-text"), e->display_text);
	execution(b, STR("referred"), &e->referred);
	element(b, STR("status"), e->status);
	element(b, STR("joining-method"), e->joining_method);
	execution(b, STR("joining-info"), &e->joined);
	element(b, STR("disconnection-method"), e->disconnection_method);
	execution(b, STR("disconnection-info"), &e->left);
	if (e->media_status.n) {
		buf_add(b, STR("<media id=\"1\"><type>message</type>"));
		element(b, STR("status"), e->media_status);
		buf_add(b, STR("</media>"));
	}
	buf_add(b, STR("</endpoint>"));
}

static void write_roles(struct buf *b, const struct confinfo_user *u)
{
	if (u->n_roles == 0)
		return;
	buf_add(b, STR("<roles>"));
	for (size_t i = 0; i < u->n_roles; i++)
		element(b, STR("entry"), u->roles[i]);
	buf_add(b, STR("</roles>"));
}

/* A child of another namespace (X2S-28). */
static void client_element(struct buf *b, struct str name, struct str text)
{
	if (text.n == 0)
		return;
	buf_addc(b, '<');
	buf_add(b, name);
	buf_add(b, STR(" xmlns=\"" NS_CLIENT "\">"));
	add_text(b, text);
	buf_add(b, STR("</"));
	buf_add(b, name);
	buf_addc(b, '>');
}

void confinfo_user(struct buf *b, const struct confinfo_user *u)
{
	buf_add(b, STR("<user"));
	attr(b, STR(" entity"), u->entity);
	attr(b, STR(" state"), state_name(u->state));
	if (u->state == CONFINFO_DELETED) {
		buf_add(b, STR("/>"));
		return;
	}
	if (u->nickname.n)
		attr(b, STR(" xcon:nickname"), u->nickname);
	buf_addc(b, '>');
	element(b, STR("display-text"), u->display_text);
	if (u->associated_aor.n) {
		buf_add(b, STR("<associated-aors><entry>"));
		element(b, STR("uri"), u->associated_aor);
		buf_add(b, STR("</entry></associated-aors>"));
	}
	write_roles(b, u);
	for (size_t i = 0; i < u->n_endpoints; i++)
		write_endpoint(b, &u->endpoints[i]);
	client_element(b, STR("show"), u->show);
	client_element(b, STR("status"), u->status);
	buf_add(b, STR("</user>"));
}

void confinfo_users_end(struct buf *b)
{
	buf_addz(b, "</users>");
}

void confinfo_end(struct buf *b)
{
	buf_addz(b, "</conference-info>");
}
