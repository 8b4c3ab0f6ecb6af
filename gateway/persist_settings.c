/* The settings of a room that its owner has changed, by name. */
#include <limits.h>
#include <stddef.h>

#include "base/buf.h"
#include "gateway/persist_priv.h"

#define NICKS_NAME  "reserved-nicks"
#define NICKS_BYTES (1u << 20)

enum kind { KIND_BOOL, KIND_SIZE, KIND_UINT, KIND_TEXT };

static const struct setting {
	const char *name;
	enum kind kind;
	size_t at;
} settings[] = {
#define FIELD(field) offsetof(struct room_policy, field)
    {"persistent", KIND_BOOL, FIELD(persistent)},
    {"public", KIND_BOOL, FIELD(public)},
    {"private-messages", KIND_BOOL, FIELD(private_messages)},
    {"nicknames", KIND_BOOL, FIELD(nicknames)},
    {"moderated", KIND_BOOL, FIELD(moderated)},
    {"members-only", KIND_BOOL, FIELD(members_only)},
    {"one-device", KIND_BOOL, FIELD(one_device)},
    {"end-with-owner", KIND_BOOL, FIELD(end_with_owner)},
    {"subject-by-moderators", KIND_BOOL, FIELD(subject_by_moderators)},
    {"non-anonymous", KIND_BOOL, FIELD(non_anonymous)},
    {"logged", KIND_BOOL, FIELD(logged)},
    {"invites", KIND_BOOL, FIELD(invites)},
    {"private-role", KIND_UINT, FIELD(private_role)},
    {"nicks-of-domain", KIND_BOOL, FIELD(nicks_of_domain)},
    {"max-occupants", KIND_SIZE, FIELD(max_occupants)},
    {"history", KIND_SIZE, FIELD(history)},
    {"history-bytes", KIND_SIZE, FIELD(history_bytes)},
    {"archive-days", KIND_UINT, FIELD(archive_days)},
    {"archive-messages", KIND_SIZE, FIELD(archive_messages)},
    {"lock-ms", KIND_UINT, FIELD(lock_ms)},
    {"quarantine-ms", KIND_UINT, FIELD(quarantine_ms)},
    {"title", KIND_TEXT, FIELD(title)},
    {"description", KIND_TEXT, FIELD(description)},
    {"language", KIND_TEXT, FIELD(language)},
    {"password", KIND_TEXT, FIELD(password)},
#undef FIELD
};
#define N_SETTINGS (sizeof(settings) / sizeof(*settings))

/* No limit, as SIZE_MAX and UINT_MAX mean it. */
#define UNLIMITED (-1)

static struct cell get(const struct room_policy *p, const struct setting *s)
{
	const void *at = (const char *)p + s->at;

	switch (s->kind) {
	case KIND_BOOL:
		return cell_int(*(const bool *)at);
	case KIND_SIZE: {
		size_t v = *(const size_t *)at;

		return cell_int(v > INT64_MAX ? UNLIMITED : (int64_t)v);
	}
	case KIND_UINT: {
		unsigned v = *(const unsigned *)at;

		return cell_int(v == UINT_MAX ? UNLIMITED : (int64_t)v);
	}
	case KIND_TEXT:
		return cell_text(*(const struct str *)at);
	}
	return (struct cell){.type = CELL_NULL};
}

static void set(struct room_policy *p, const struct setting *s,
		const struct cell *v, struct arena *a)
{
	void *at = (char *)p + s->at;

	if (v->type != (s->kind == KIND_TEXT ? CELL_TEXT : CELL_INT))
		return;
	switch (s->kind) {
	case KIND_BOOL:
		*(bool *)at = v->n != 0;
		break;
	case KIND_SIZE:
		*(size_t *)at = v->n < 0 ? SIZE_MAX : (size_t)v->n;
		break;
	case KIND_UINT:
		*(unsigned *)at =
		    v->n < 0 || v->n > UINT_MAX ? UINT_MAX : (unsigned)v->n;
		break;
	case KIND_TEXT:
		*(struct str *)at = arena_dup(a, v->s);
		break;
	}
}

static void put(struct store *s, struct str room, const char *name,
		struct cell value)
{
	store_add(
	    s, OP_PUT, ROW_SETTINGS, 3,
	    (struct cell[]){cell_text(room), cell_text(str_z(name)), value},
	    false);
}

/* A nickname has no line break. */
static void put_nicks(struct store *s, const struct room_state *st)
{
	struct buf b = BUF_INIT(NICKS_BYTES);

	for (size_t i = 0; i < st->policy.n_reserved_nicks; i++) {
		buf_add(&b, st->policy.reserved_nicks[i]);
		buf_addc(&b, '\n');
	}
	if (!b.err)
		put(s, st->address, NICKS_NAME, cell_text(buf_str(&b)));
	buf_done(&b);
}

static void read_nicks(struct room_policy *p, struct str text, struct arena *a)
{
	struct str *list, rest = text, nick;
	size_t n = 0;

	while (rest.n) {
		str_split(&rest, '\n');
		n++;
	}
	list = arena_alloc(a, (n + 1) * sizeof(*list));
	if (!list)
		return;
	rest = arena_dup(a, text);
	for (n = 0; rest.n;) {
		nick = str_split(&rest, '\n');
		if (nick.n)
			list[n++] = nick;
	}
	p->reserved_nicks = list;
	p->n_reserved_nicks = n;
}

void persist_put_settings(struct store *s, const struct room_state *st)
{
	struct cell room = cell_text(st->address);

	store_add(s, OP_DELETE, ROW_SETTINGS, 1, &room, false);
	if (!st->configured)
		return;
	for (size_t i = 0; i < N_SETTINGS; i++)
		put(s, st->address, settings[i].name,
		    get(&st->policy, &settings[i]));
	put_nicks(s, st);
}

void persist_read_setting(struct room_policy *p, const struct cell *row,
			  struct arena *a)
{
	for (size_t i = 0; i < N_SETTINGS; i++)
		if (str_eq(row[1].s, str_z(settings[i].name)))
			set(p, &settings[i], &row[2], a);
	if (str_eq(row[1].s, STR(NICKS_NAME)))
		read_nicks(p, row[2].s, a);
}
