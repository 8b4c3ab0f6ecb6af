#include "gateway/archive_query.h"

#include "base/buf.h"
#include "gateway/store_db.h"

#define SQL_BYTES  4096
#define PAGE_BYTES (1u << 20) /* a page that holds as much is cut */
#define PARAMS_MAX (ARCHIVE_IDS_MAX + 16)

#define COLUMNS "id, time_ms, message_id, nick, jid, stable_id, stanza, place"
enum {
	C_ID,
	C_TIME,
	C_MESSAGE_ID,
	C_NICK,
	C_JID,
	C_STABLE_ID,
	C_STANZA,
	C_PLACE,
	C_COLUMNS
};

/* The condition of a statement and its parameters, in order. */
struct where {
	struct buf text;
	struct cell params[PARAMS_MAX];
	unsigned n;
};

static void add(struct where *w, const char *text, struct cell param)
{
	buf_addz(&w->text, text);
	w->params[w->n++] = param;
}

struct asking {
	struct db *db;
	struct archive_ask *ask;
	struct where filter;
	int64_t number; /* the last one that was read */
	bool any;
};

static bool on_number(void *user, const struct cell *row)
{
	struct asking *g = user;

	g->number = row[0].n;
	g->any = true;
	return false;
}

/* The place of a message that the query names. */
static bool find_place(struct asking *g, struct str id, int64_t *place)
{
	const struct cell params[] = {cell_text(g->ask->query.room),
				      cell_text(id)};

	g->any = false;
	g->ask->page.err =
	    db_ask(g->db, "SELECT place FROM archive WHERE room=? AND id=?",
		   params, 2, 1, on_number, g);
	if (!g->any)
		g->ask->page.not_found = true;
	*place = g->number;
	return g->any;
}

/* "before this message", "after it"; false: there is none such. */
static bool add_bound(struct asking *g, struct where *w, const char *text,
		      struct str id)
{
	int64_t place;

	if (!id.n)
		return true;
	if (!find_place(g, id, &place))
		return false;
	add(w, text, cell_int(place));
	return true;
}

static bool add_ids(struct asking *g)
{
	const struct archive_query *q = &g->ask->query;
	int64_t place;

	for (size_t i = 0; i < q->n_ids; i++) {
		if (!find_place(g, q->ids[i], &place))
			return false;
		add(&g->filter, i ? ",?" : " AND place IN (?", cell_int(place));
	}
	if (q->n_ids)
		buf_addc(&g->filter.text, ')');
	return true;
}

static bool make_filter(struct asking *g)
{
	const struct archive_query *q = &g->ask->query;
	struct where *w = &g->filter;

	add(w, " FROM archive WHERE room=?", cell_text(q->room));
	if (q->has_start)
		add(w, " AND time_ms>=?", cell_int((int64_t)q->start_ms));
	if (q->has_end)
		add(w, " AND time_ms<=?", cell_int((int64_t)q->end_ms));
	if (q->nick.n)
		add(w, " AND nick=?", cell_text(q->nick));
	if (q->jid.n)
		add(w, " AND jid=?", cell_text(q->jid));
	return add_bound(g, w, " AND place>?", q->after_id) &&
	       add_bound(g, w, " AND place<?", q->before_id) && add_ids(g);
}

static size_t count(struct asking *g, const char *more, const struct where *w)
{
	struct buf sql = BUF_INIT(SQL_BYTES);

	buf_addz(&sql, "SELECT COUNT(*)");
	buf_add(&sql, buf_str(&w->text));
	buf_addz(&sql, more);
	g->number = 0;
	g->ask->page.err =
	    db_ask(g->db, buf_z(&sql), w->params, w->n, 1, on_number, g);
	buf_done(&sql);
	return (size_t)g->number;
}

static bool on_row(void *user, const struct cell *row)
{
	struct archive_ask *ask = user;
	struct archive_page *p = &ask->page;
	struct arena *a = ask->arena;

	if (p->n == ask->query.max ||
	    (p->n && arena_used(a) + row[C_STANZA].s.n > PAGE_BYTES)) {
		p->complete = false;
		return false;
	}
	p->items[p->n++] = (struct archive_item){
	    .id = arena_dup(a, row[C_ID].s),
	    .message_id = arena_dup(a, row[C_MESSAGE_ID].s),
	    .nick = arena_dup(a, row[C_NICK].s),
	    .jid = arena_dup(a, row[C_JID].s),
	    .stable_id = arena_dup(a, row[C_STABLE_ID].s),
	    .stanza = arena_dup(a, row[C_STANZA].s),
	    .time_ms = (uint64_t)row[C_TIME].n,
	    .place = row[C_PLACE].n,
	};
	return true;
}

static void reverse(struct archive_page *p)
{
	for (size_t i = 0; i < p->n / 2; i++) {
		struct archive_item other = p->items[i];

		p->items[i] = p->items[p->n - 1 - i];
		p->items[p->n - 1 - i] = other;
	}
}

static void read_page(struct asking *g)
{
	const struct archive_query *q = &g->ask->query;
	struct archive_page *p = &g->ask->page;
	struct where w = {.text = BUF_INIT(SQL_BYTES), .n = g->filter.n};
	struct buf sql = BUF_INIT(SQL_BYTES);

	for (unsigned i = 0; i < w.n; i++)
		w.params[i] = g->filter.params[i];
	buf_add(&w.text, buf_str(&g->filter.text));
	if (add_bound(g, &w, " AND place>?", q->page_after) &&
	    add_bound(g, &w, " AND place<?", q->page_before)) {
		buf_addz(&sql, "SELECT " COLUMNS);
		buf_add(&sql, buf_str(&w.text));
		buf_addz(&sql,
			 q->last ? " ORDER BY place DESC" : " ORDER BY place");
		if (q->skip) {
			buf_addz(&sql, " LIMIT -1 OFFSET ?");
			w.params[w.n++] = cell_int((int64_t)q->skip);
		}
		p->complete = true;
		p->err = db_ask(g->db, buf_z(&sql), w.params, w.n, C_COLUMNS,
				on_row, g->ask);
	}
	if (q->last)
		reverse(p);
	buf_done(&w.text);
	buf_done(&sql);
}

static void count_all(struct asking *g)
{
	struct archive_page *p = &g->ask->page;

	p->count = count(g, "", &g->filter);
	if (p->n == 0 || p->err)
		return;
	g->filter.params[g->filter.n++] = cell_int(p->items[0].place);
	p->first_index = count(g, " AND place<?", &g->filter);
}

void archive_answer(struct store_job *job, struct db *db)
{
	struct archive_ask *ask = (struct archive_ask *)(void *)job;
	struct asking g = {
	    .db = db,
	    .ask = ask,
	    .filter = {.text = BUF_INIT(SQL_BYTES)},
	};

	if (make_filter(&g))
		read_page(&g);
	if (!ask->page.err && !ask->page.not_found)
		count_all(&g);
	buf_done(&g.filter.text);
}
