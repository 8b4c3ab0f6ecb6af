#include "mapping/html.h"

#include <libxml/HTMLparser.h>

#include "base/err.h"
#include "base/xmltext.h"

#define DEPTH_MAX 100

/* What becomes of an element that we know; the children of others stay, without
 * it. */
struct rule {
	const char *name;
	const char *as; /* the element written; NULL: none */
	bool block;	/* stands on lines of its own */
	bool dropped;	/* with all that is in it */
};

static const struct rule rules[] = {
    {"a", NULL, false, false}, /* see put_link */
    {"b", "strong", false, false},   {"blockquote", "blockquote", true, false},
    {"cite", "cite", false, false},  {"code", "code", false, false},
    {"dd", NULL, true, false},	     {"div", NULL, true, false},
    {"dt", NULL, true, false},	     {"em", "em", false, false},
    {"embed", NULL, false, true},    {"h1", "p", true, false},
    {"h2", "p", true, false},	     {"h3", "p", true, false},
    {"h4", "p", true, false},	     {"h5", "p", true, false},
    {"h6", "p", true, false},	     {"head", NULL, false, true},
    {"i", "em", false, false},	     {"iframe", NULL, false, true},
    {"li", "li", true, false},	     {"math", NULL, false, true},
    {"noscript", NULL, false, true}, {"object", NULL, false, true},
    {"ol", "ol", true, false},	     {"p", "p", true, false},
    {"pre", "pre", true, false},     {"script", NULL, false, true},
    {"select", NULL, false, true},   {"strong", "strong", false, false},
    {"style", NULL, false, true},    {"svg", NULL, false, true},
    {"template", NULL, false, true}, {"textarea", NULL, false, true},
    {"title", NULL, false, true},    {"tr", NULL, true, false},
    {"tt", "code", false, false},    {"ul", "ul", true, false},
};

struct writer {
	struct buf *xhtml, *text;
	size_t start; /* of our part of text */
	unsigned depth;
	bool pre;     /* white space counts */
	bool pending; /* a space, if a word follows */
	bool broken;  /* a line break, if something follows (blocks without
			 element) */
	bool spaced;  /* a space or the start of a line came last */
};

static const xmlChar *xz(const char *z)
{
	return (const xmlChar *)z;
}

static void walk(struct writer *w, const xmlNode *first);

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}

/* What is owed before more text or an element inside the line. */
static void flush_space(struct writer *w)
{
	if (w->broken)
		buf_addz(w->xhtml, "<br/>");
	w->broken = false;
	if (!w->pending)
		return;
	buf_addc(w->xhtml, ' ');
	buf_addc(w->text, ' ');
	w->pending = false;
	w->spaced = true;
}

/* The next text starts a line. */
static void start_line(struct writer *w)
{
	w->pending = false;
	w->spaced = true;
	if (w->text->n > w->start && w->text->p[w->text->n - 1] != '\n')
		buf_addc(w->text, '\n');
}

static void put_words(struct writer *w, struct str s)
{
	for (size_t i = 0; i < s.n;) {
		size_t from = i;

		while (i < s.n && is_space(s.p[i]))
			i++;
		if (i > from && !w->spaced)
			w->pending = true;
		from = i;
		while (i < s.n && !is_space(s.p[i]))
			i++;
		if (i == from)
			continue;
		flush_space(w);
		xml_add_text(w->xhtml, str_of(s.p + from, i - from));
		buf_add(w->text, str_of(s.p + from, i - from));
		w->spaced = false;
	}
}

static void put_text(struct writer *w, struct str s)
{
	if (!w->pre) {
		put_words(w, s);
		return;
	}
	flush_space(w);
	xml_add_text(w->xhtml, s);
	buf_add(w->text, s);
	w->spaced = false;
}

static bool is_harmless(struct str url)
{
	static const char *const schemes[] = {
	    "http://", "https://", "mailto:", "sip:", "sips:", "tel:", "xmpp:"};

	for (size_t i = 0; i < url.n; i++)
		if ((unsigned char)url.p[i] <= 0x20 || url.p[i] == 0x7f)
			return false;
	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++)
		if (str_istarts(url, str_z(schemes[i])))
			return true;
	return false;
}

/* A link; where the text does not show its target, the target follows. */
static void put_link(struct writer *w, const xmlNode *n)
{
	xmlChar *href = xmlGetProp(n, xz("href"));
	struct str url = str_trim_space(str_z((const char *)href));
	struct str shown;
	size_t start;

	flush_space(w);
	start = w->text->n;
	if (is_harmless(url)) {
		buf_addz(w->xhtml, "<a href=\"");
		xml_add_attr(w->xhtml, url);
		buf_addz(w->xhtml, "\">");
		walk(w, n->children);
		buf_addz(w->xhtml, "</a>");
		shown = str_trim_space(str_from(buf_str(w->text), start));
		if (!str_eq(shown, url)) {
			buf_addz(w->text, shown.n ? " (" : "(");
			buf_add(w->text, url);
			buf_addc(w->text, ')');
			w->spaced = false;
		}
	} else {
		walk(w, n->children);
	}
	xmlFree(href);
}

static const struct rule *find_rule(const xmlNode *n)
{
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		if (xmlStrEqual(n->name, xz(rules[i].name)))
			return &rules[i];
	return NULL;
}

static void put_tag(struct buf *b, const char *start, const char *name)
{
	buf_addz(b, start);
	buf_addz(b, name);
	buf_addc(b, '>');
}

static void put_ruled(struct writer *w, const xmlNode *n, const struct rule *r)
{
	bool pre = w->pre;

	if (r->block) {
		start_line(w);
		w->broken = !r->as && w->text->n > w->start;
	} else {
		flush_space(w);
	}
	if (r->as)
		put_tag(w->xhtml, "<", r->as);
	if (xmlStrEqual(n->name, xz("li")))
		buf_addz(w->text, "- ");
	if (xmlStrEqual(n->name, xz("pre")))
		w->pre = true;
	walk(w, n->children);
	w->pre = pre;
	if (r->as)
		put_tag(w->xhtml, "</", r->as);
	if (r->block) {
		start_line(w);
		w->broken = !r->as && w->text->n > w->start;
	}
}

static void put_element(struct writer *w, const xmlNode *n)
{
	const struct rule *r = find_rule(n);

	if (xmlStrEqual(n->name, xz("br"))) {
		buf_addz(w->xhtml, "<br/>");
		buf_addc(w->text, '\n');
		w->pending = false;
		w->spaced = true;
	} else if (xmlStrEqual(n->name, xz("img"))) {
		xmlChar *alt = xmlGetProp(n, xz("alt"));

		put_text(w, str_z((const char *)alt));
		xmlFree(alt);
	} else if (xmlStrEqual(n->name, xz("a"))) {
		put_link(w, n);
	} else if (!r) {
		walk(w, n->children);
	} else if (!r->dropped) {
		put_ruled(w, n, r);
	}
}

static void walk(struct writer *w, const xmlNode *first)
{
	if (w->depth == DEPTH_MAX)
		return;
	w->depth++;
	for (const xmlNode *n = first; n; n = n->next) {
		if (n->type == XML_TEXT_NODE)
			put_text(w, str_z((const char *)n->content));
		else if (n->type == XML_ELEMENT_NODE)
			put_element(w, n);
	}
	w->depth--;
}

int map_html(struct str in, struct buf *xhtml, struct buf *text)
{
	struct writer w = {
	    .xhtml = xhtml, .text = text, .start = text->n, .spaced = true};
	xmlDoc *doc;

	if (in.n > MAP_HTML_MAX)
		return ERR_TOO_BIG;
	if (in.n == 0)
		return 0;
	doc = htmlReadMemory(in.p, (int)in.n, NULL, "UTF-8",
			     HTML_PARSE_NONET | HTML_PARSE_NOERROR |
				 HTML_PARSE_NOWARNING | HTML_PARSE_RECOVER |
				 HTML_PARSE_IGNORE_ENC);
	if (!doc)
		return ERR_SYNTAX;
	walk(&w, xmlDocGetRootElement(doc));
	xmlFreeDoc(doc);
	while (text->n > w.start && is_space(text->p[text->n - 1]))
		text->n--;
	if (xhtml->err || text->err)
		return ERR_TOO_BIG;
	return 0;
}
