#include "gateway/archive.h"

#include <limits.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/rfc3339.h"
#include "base/xmltext.h"
#include "gateway/archive_query.h"
#include "gateway/store_db.h"
#include "xmpp/moderated.h"

#define ANSWER_BYTES ((size_t)64 << 20)
#define OPEN_MAX     48 /* questions; the rest of the store's jobs is ours */
#define FIRST_MS     60000
#define EVERY_MS     3600000
#define DAY_MS	     86400000u
#define STANZA_BYTES 65536

struct archive {
	struct archive_cfg cfg;
	TAILQ_HEAD(, archive_ask) asks;
	size_t n_asks;
	struct timer expiry;
};

/* --- what is too old --- */

struct limit {
	char *room;
	uint64_t oldest_ms;
	size_t messages;
};

struct expiry {
	struct store_job job;
	size_t n;
	struct limit limits[];
};

static bool no_row(void *user, const struct cell *row)
{
	(void)user;
	(void)row;
	return false;
}

static void expire_room(struct db *db, const struct limit *l)
{
	struct cell room = cell_text(str_z(l->room));
	struct cell by_time[] = {room, cell_int((int64_t)l->oldest_ms)};
	struct cell by_number[] = {room, room, cell_int((int64_t)l->messages)};

	/* what can't be done now is done in an hour */
	(void)db_ask(db, "DELETE FROM archive WHERE room=? AND time_ms<?",
		     by_time, 2, 0, no_row, NULL);
	(void)db_ask(db,
		     "DELETE FROM archive WHERE room=? AND place<="
		     "(SELECT place FROM archive WHERE room=?"
		     " ORDER BY place DESC LIMIT 1 OFFSET ?)",
		     by_number, 3, 0, no_row, NULL);
}

static void expire(struct store_job *job, struct db *db)
{
	const struct expiry *e = (const struct expiry *)(void *)job;

	for (size_t i = 0; i < e->n; i++)
		expire_room(db, &e->limits[i]);
}

static void expired(struct store_job *job)
{
	struct expiry *e = (struct expiry *)(void *)job;

	for (size_t i = 0; i < e->n; i++)
		free(e->limits[i].room);
	free(e);
}

static uint64_t oldest(const struct archive *a, const struct room_policy *p)
{
	uint64_t now_ms = loop_wall_ms(a->cfg.loop);
	uint64_t age_ms = (uint64_t)p->archive_days * DAY_MS;

	if (p->archive_days == UINT_MAX)
		return now_ms + 1;
	return age_ms < now_ms ? now_ms - age_ms : 0;
}

static void on_expiry(void *user)
{
	struct archive *a = user;
	size_t max = rooms_count(a->cfg.rooms), it = 0;
	struct expiry *e = mem_new(sizeof(*e) + max * sizeof(struct limit));
	struct room_info info;
	struct room *r;

	while (e->n < max && (r = rooms_next(a->cfg.rooms, &it))) {
		room_info(r, &info);
		e->limits[e->n++] = (struct limit){
		    .room = str_dup(info.address),
		    .oldest_ms = oldest(a, room_policy(r)),
		    .messages = room_policy(r)->archive_messages,
		};
	}
	e->job.work = expire;
	e->job.done = expired;
	if (store_do(a->cfg.store, &e->job) < 0)
		expired(&e->job);
	timer_set(a->cfg.loop, &a->expiry, EVERY_MS, on_expiry, a);
}

/* --- */

struct archive *archive_new(const struct archive_cfg *cfg)
{
	struct archive *a;

	if (!cfg->store)
		return NULL;
	a = mem_new(sizeof(*a));
	a->cfg = *cfg;
	TAILQ_INIT(&a->asks);
	timer_set(cfg->loop, &a->expiry, FIRST_MS, on_expiry, a);
	return a;
}

static void forget(struct archive_ask *ask)
{
	TAILQ_REMOVE(&ask->archive->asks, ask, link);
	ask->archive->n_asks--;
	ask->archive = NULL;
	ask->done(ask->user, NULL);
}

void archive_forget(struct archive *a, archive_done *done)
{
	struct archive_ask *ask, *next;

	if (!a)
		return;
	for (ask = TAILQ_FIRST(&a->asks); ask; ask = next) {
		next = TAILQ_NEXT(ask, link);
		if (ask->done == done)
			forget(ask);
	}
}

void archive_free(struct archive *a)
{
	struct archive_ask *ask;

	if (!a)
		return;
	store_flush(a->cfg.store); /* tombstones */
	while ((ask = TAILQ_FIRST(&a->asks)))
		forget(ask);
	timer_cancel(a->cfg.loop, &a->expiry);
	free(a);
}

bool archive_keeps(const struct archive *a, const struct room *r)
{
	const struct room_policy *p = room_policy(r);

	return a && p->logged && p->archive_days != UINT_MAX;
}

/* place 0: at the end. */
static void put(struct archive *a, struct str room,
		const struct archive_item *i)
{
	const struct cell row[] = {
	    cell_text(room),
	    cell_text(i->id),
	    cell_int((int64_t)i->time_ms),
	    cell_text(i->message_id),
	    cell_text(i->nick),
	    cell_text(i->jid),
	    cell_text(i->stable_id),
	    cell_blob(i->stanza),
	    i->place ? cell_int(i->place) : (struct cell){.type = CELL_NULL},
	};

	store_add(a->cfg.store, OP_PUT, ROW_ARCHIVE, sizeof(row) / sizeof(*row),
		  row, true);
}

void archive_add(struct archive *a, struct str room, const struct message *m,
		 struct str stanza)
{
	if (a && stanza.n)
		put(a, room,
		    &(struct archive_item){
			.id = m->id,
			.message_id = m->client_id.n ? m->client_id : m->id,
			.time_ms = m->time_ms,
			.nick = m->moderates ? STR_NONE : m->nick,
			.jid = m->moderates ? STR_NONE : m->jid,
			.stable_id = m->stable_id,
			.stanza = stanza,
		    });
}

void archive_drop(struct archive *a, struct str room)
{
	struct cell key = cell_text(room);

	if (a)
		store_add(a->cfg.store, OP_DELETE, ROW_ARCHIVE, 1, &key, false);
}

/* --- questions --- */

static void copy_query(struct archive_ask *ask, const struct archive_query *q)
{
	struct archive_query *to = &ask->query;
	struct str *ids =
	    arena_alloc(ask->arena, (q->n_ids + 1) * sizeof(*ids));
	struct str *const strings[] = {
	    &to->room,	    &to->nick,	     &to->jid,	      &to->after_id,
	    &to->before_id, &to->page_after, &to->page_before};

	*to = *q;
	for (size_t i = 0; i < sizeof(strings) / sizeof(*strings); i++)
		*strings[i] = arena_dup(ask->arena, *strings[i]);
	for (size_t i = 0; i < q->n_ids; i++)
		ids[i] = arena_dup(ask->arena, q->ids[i]);
	to->ids = ids;
}

static void free_ask(struct archive_ask *ask)
{
	arena_free(ask->arena);
	free(ask);
}

static void answered(struct store_job *job)
{
	struct archive_ask *ask = (struct archive_ask *)(void *)job;

	if (ask->archive) {
		TAILQ_REMOVE(&ask->archive->asks, ask, link);
		ask->archive->n_asks--;
		ask->done(ask->user, &ask->page);
	}
	free_ask(ask);
}

static int ask(struct archive *a, const struct archive_query *query,
	       archive_done *done, void *user)
{
	struct archive_ask *k = mem_new(sizeof(*k));
	int err;

	k->job = (struct store_job){.work = archive_answer, .done = answered};
	k->archive = a;
	k->arena = arena_new(ANSWER_BYTES);
	k->done = done;
	k->user = user;
	copy_query(k, query);
	err = store_do(a->cfg.store, &k->job);
	if (err < 0) {
		free_ask(k);
		return err;
	}
	TAILQ_INSERT_TAIL(&a->asks, k, link);
	a->n_asks++;
	return 0;
}

int archive_ask(struct archive *a, const struct archive_query *query,
		archive_done *done, void *user)
{
	return a->n_asks < OPEN_MAX ? ask(a, query, done, user) : ERR_FULL;
}

/* --- tombstones --- */

struct retraction {
	struct archive *archive;
	char *room;
	struct message *by;
};

/* XEP-0424 §5, XEP-0425 §4 */
static void put_tombstone(struct buf *b, const struct retraction *t,
			  const struct archive_item *i)
{
	const struct message *by = t->by;
	char stamp[RFC3339_MAX];

	buf_addz(b, " from='");
	xml_add_attr(b, str_z(t->room));
	if (i->nick.n) {
		buf_addc(b, '/');
		xml_add_attr(b, i->nick);
	}
	buf_addz(b, "' type='groupchat'");
	x_put_attr(b, "id", i->message_id);
	buf_addz(b, "><retracted xmlns='" NS_RETRACT "'");
	x_put_attr(b, "stamp", str_z(rfc3339_seconds(by->time_ms, stamp)));
	if (!by->moderates)
		x_put_attr(b, "id", by->client_id);
	buf_addc(b, '>');
	if (by->moderates)
		moderated_put(b, str_z(t->room), by->nick, by->stable_id,
			      by->why);
	buf_addz(b, "</retracted><stanza-id xmlns='" NS_SID "'");
	x_put_attr(b, "by", str_z(t->room));
	x_put_attr(b, "id", i->id);
	buf_addz(b, "/>");
	if (i->stable_id.n) {
		buf_addz(b, "<occupant-id xmlns='" NS_OCCUPANT "'");
		x_put_attr(b, "id", i->stable_id);
		buf_addz(b, "/>");
	}
	buf_addz(b, "</message>");
}

static void retract(const struct retraction *t, const struct archive_item *i)
{
	struct buf b = BUF_INIT(STANZA_BYTES);
	struct archive_item stone = *i;

	put_tombstone(&b, t, i);
	stone.stanza = buf_str(&b);
	if (!b.err)
		put(t->archive, str_z(t->room), &stone);
	buf_done(&b);
}

static bool may_retract(const struct message *by, const struct archive_item *i)
{
	return by->moderates ||
	       (i->stable_id.n && str_eq(i->stable_id, by->stable_id));
}

static void on_found(void *user, const struct archive_page *page)
{
	struct retraction *t = user;

	if (page && page->n && may_retract(t->by, &page->items[0]) &&
	    rooms_find(t->archive->cfg.rooms, str_z(t->room)))
		retract(t, &page->items[0]);
	message_unref(t->by);
	free(t->room);
	free(t);
}

void archive_retract(struct archive *a, struct str room, struct message *by)
{
	struct archive_query q = {
	    .room = room, .ids = &by->retracts, .n_ids = 1, .max = 1};
	struct retraction *t;

	if (!a)
		return;
	t = mem_new(sizeof(*t));
	t->archive = a;
	t->room = str_dup(room);
	t->by = message_ref(by);
	if (ask(a, &q, on_found, t) == 0)
		return;
	log_warn(loop_log(a->cfg.loop), "archive.busy",
		 "room=%s id=%s why=\"a retracted message stays\"", LOGQ(room),
		 LOGQ(by->retracts));
	on_found(t, NULL);
}
