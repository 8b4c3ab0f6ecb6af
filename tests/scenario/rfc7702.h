/* The examples of RFC 7702 as they are printed there, and what comes out
 * compared with them: element by element, header field by header field. Where
 * the RFC has a slip (gateway-requirements.md §1) the test has what is meant,
 * and says so. */
#pragma once

#include "scene.h"
#include "tests/lib/xmlin.h"

/* Is this one of the words? */
static inline bool is_word(const char *words, struct str word)
{
	struct str rest = str_z(words);

	while (rest.n)
		if (str_eq(str_split(&rest, ' '), word))
			return true;
	return false;
}

static inline const struct xnode *element(const struct xnode *n)
{
	while (n && !n->name.n)
		n = n->next;
	return n;
}

static inline bool is_like(struct scene *s, const struct xnode *got,
			   const struct xnode *want, const char *free);

/* All elements of the example, in its order; between them nothing but those
 * that are free. */
static inline bool like_children(struct scene *s, const struct xnode *got,
				 const struct xnode *want, const char *free)
{
	const struct xnode *w = element(want->children);
	const struct xnode *g = element(got->children);

	for (; g; g = element(g->next)) {
		if (w && is_like(s, g, w, free))
			w = element(w->next);
		else if (!is_word(free, g->name))
			return false;
	}
	return !w;
}

static inline bool has_attributes(struct scene *s, const struct xnode *got,
				  const struct xnode *want, const char *free)
{
	const struct xattr *a;

	for (a = want->attrs; a; a = a->next)
		if (!is_word(free, a->name) &&
		    !str_eq(x_attr(got, arena_dup(s->arena, a->name).p),
			    a->value))
			return false;
	return true;
}

static inline bool is_like(struct scene *s, const struct xnode *got,
			   const struct xnode *want, const char *free)
{
	struct str text = x_text(got, s->arena), other = x_text(want, s->arena);

	return str_eq(got->name, want->name) && str_eq(got->ns, want->ns) &&
	       has_attributes(s, got, want, free) &&
	       has_attributes(s, want, got, free) &&
	       str_eq(str_trim_space(text), str_trim_space(other)) &&
	       like_children(s, got, want, free);
}

/* free: names of attributes and elements in which they may differ, or which
 * the example does not have. */
static inline void assert_example(struct scene *s, const struct xnode *got,
				  const char *example, const char *free)
{
	const struct xnode *want = xmlin_parse(s->arena, str_z(example));
	struct buf b = BUF_INIT(1u << 20);
	struct str text;

	assert_non_null(want);
	x_write(&b, got, STR(NS_CLIENT));
	text = arena_dup(s->arena, buf_str(&b));
	buf_done(&b);
	if (!is_like(s, got, want, free))
		fail_msg("got\n%s\ninstead of\n%s", text.p, example);
}

static inline void assert_example_xml(struct scene *s, struct str got,
				      const char *example, const char *free)
{
	const struct xnode *n = xmlin_parse(s->arena, got);

	if (!n)
		fail_msg("no XML: %.*s", STR_ARG(got));
	assert_example(s, n, example, free);
}

/* A stanza of an example, from the stream of this domain. */
static inline void example_put(struct scene *s, const char *domain,
			       const char *example)
{
	const struct xnode *n = xmlin_parse(s->arena, str_z(example));

	if (!n)
		fail_msg("no XML: %s", example);
	core_stanza(&s->core, str_z(domain), n);
	loop_settle(s->loop);
}

/* All lines of the example, "\n" between them, and no others but those whose
 * names are free. */
static inline void assert_example_lines(struct str got, const char *example,
					const char *free)
{
	struct str want = str_z(example), line;

	while (got.n) {
		struct str rest = got, name = str_split(&got, '\n');

		if (str_ends(name, STR("\r")))
			name.n--;
		line = name;
		if (str_starts(want, line) &&
		    (want.n == line.n || want.p[line.n] == '\n')) {
			str_split(&want, '\n');
			continue;
		}
		name = str_split(&name, ':');
		name = str_split(&name, '=');
		if (!is_word(free, name) && !is_word(free, line))
			fail_msg("got\n%.*s\ninstead of\n%.*s", STR_ARG(rest),
				 STR_ARG(want));
	}
	if (want.n)
		fail_msg("there is no %.*s", STR_ARG(want));
}

/* The transaction id of a frame. */
static inline struct str frame_tid(struct str frame)
{
	struct str tid = str_from(frame, 5);

	return str_split(&tid, ' ');
}
