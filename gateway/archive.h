/* The archive of the rooms that are logged: what was said in them, in order, as
 * XMPP users were told, kept in the store for days (XEP-0313 §4.2). Questions
 * are answered by the store's thread. */
#pragma once

#include "conference/room.h"

struct archive;
struct store;

#define ARCHIVE_PAGE_MAX 100 /* messages of one answer */
#define ARCHIVE_IDS_MAX	 100

struct archive_cfg {
	struct loop *loop;
	struct store *store; /* NULL: there is no archive */
	struct rooms *rooms;
};

/* NULL without a store, which is fine in every call. */
struct archive *archive_new(const struct archive_cfg *cfg);
/* Questions that are still open are answered as by archive_forget. Before its
 * rooms and its store. */
void archive_free(struct archive *a);

/* Is what is said in this room kept, so that one may ask for it? */
bool archive_keeps(const struct archive *a, const struct room *r);

/* A message was said in a room that keeps it. stanza: " from=.. ..</message>",
 * which follows "<message". */
void archive_add(struct archive *a, struct str room, const struct message *m,
		 struct str stanza);
/* by retracts a message (XEP-0424 §5, XEP-0425 §4): an author's own, or as a
 * moderator anybody's. A tombstone takes its place. */
void archive_retract(struct archive *a, struct str room, struct message *by);
/* The room is gone for good. */
void archive_drop(struct archive *a, struct str room);

/* Which messages; strings empty: all. */
struct archive_query {
	struct str room;
	bool has_start, has_end;
	uint64_t start_ms, end_ms;	/* wall clock, both included */
	struct str nick, jid;		/* of the author */
	struct str after_id, before_id; /* those between */
	const struct str *ids;		/* these; at most ARCHIVE_IDS_MAX */
	size_t n_ids;
	/* of them, the page: */
	size_t max; /* at most ARCHIVE_PAGE_MAX; 0: none, only count */
	struct str page_after, page_before;
	bool last;   /* the last ones, else the first */
	size_t skip; /* so many before the first */
};

struct archive_item {
	struct str id, message_id, nick, jid, stable_id;
	struct str stanza;
	uint64_t time_ms;
	int64_t place;
};

struct archive_page {
	int err;	/* SQLite's code */
	bool not_found; /* an id that was named is not there */
	bool complete;	/* the page is not cut */
	struct archive_item items[ARCHIVE_PAGE_MAX]; /* oldest first */
	size_t n;
	size_t first_index; /* of the first item, among all that match */
	size_t count;	    /* of all that match */
};

/* page NULL: there won't be an answer. It lives until done returns. */
typedef void archive_done(void *user, const struct archive_page *page);
/* Copies the query. 0, and done is called once, later; ERR_FULL: too many
 * questions are open. */
int archive_ask(struct archive *a, const struct archive_query *query,
		archive_done *done, void *user);
/* All open questions of this kind get done(user, NULL) now. */
void archive_forget(struct archive *a, archive_done *done);
