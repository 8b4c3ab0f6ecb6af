#include "conference/model.h"

#include <stdlib.h>

#include "base/err.h"
#include "base/mem.h"
#include "conference/stream.h"

/* What the room's stamp may take of a message's arena beyond its sender's own
 * strings: a nickname, four identities and an id. */
#define STAMP_MAX 20480

const char *reason_text(enum reason_code code)
{
	static const char *const texts[] = {
#define X(name, text) text,
	    REASON_TABLE(X)
#undef X
	};

	return (unsigned)code < REASONS ? texts[code] : "unknown reason";
}

struct message *message_new(size_t max)
{
	struct message *m = mem_new(sizeof(*m));

	if (max > SIZE_MAX - STAMP_MAX)
		max = SIZE_MAX - STAMP_MAX;
	m->refs = 1;
	m->max = max;
	m->arena = arena_new(max + STAMP_MAX);
	return m;
}

struct message *message_ref(struct message *m)
{
	m->refs++;
	return m;
}

void message_unref(struct message *m)
{
	if (!m || --m->refs > 0)
		return;
	for (int world = 0; world < WORLDS; world++)
		blob_unref(m->form[world]);
	stream_unref(m->stream);
	arena_free(m->arena);
	free(m);
}

/* Whether the sender's strings may grow by these and a NUL each. */
static bool has_room(const struct message *m, struct str a, struct str b,
		     struct str c)
{
	size_t used = arena_used(m->arena);
	size_t left = m->max > used ? m->max - used : 0;

	if (left < 3)
		return false;
	left -= 3;
	if (a.n > left || b.n > left - a.n)
		return false;
	return c.n <= left - a.n - b.n;
}

int message_add_part(struct message *m, struct str type, struct str language,
		     struct str body)
{
	if (m->n_parts == MESSAGE_PARTS_MAX)
		return ERR_FULL;
	if (!has_room(m, type, language, body))
		return ERR_TOO_BIG;
	m->parts[m->n_parts++] = (struct part){
	    .type = arena_dup(m->arena, type),
	    .language = arena_dup(m->arena, language),
	    .body = arena_dup(m->arena, body),
	};
	return 0;
}

/* The type itself, without its parameters. */
static struct str bare_type(struct str type)
{
	return str_trim(str_split(&type, ';'));
}

const struct part *message_part(const struct message *m, struct str type)
{
	for (size_t i = 0; i < m->n_parts; i++)
		if (str_ieq(bare_type(m->parts[i].type), type))
			return &m->parts[i];
	return NULL;
}

size_t presence_size(const struct presence *p)
{
	return p->show.n + p->status.n + p->payload.n;
}

bool presence_eq(const struct presence *a, const struct presence *b)
{
	return str_eq(a->show, b->show) && str_eq(a->status, b->status) &&
	       str_eq(a->payload, b->payload);
}
