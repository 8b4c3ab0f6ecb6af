/* The last messages of a room, with what the author's own side is going to see
 * of them: octet by octet what he sent. The other side's form is written anew
 * from the parts, as it was the first time. */
#include <stdlib.h>
#include <sys/queue.h>

#include "base/mem.h"
#include "gateway/persist_priv.h"

/* A row that holds more was not written by us. */
#define MESSAGE_MAX (256u << 20)

/* The columns of ROW_HISTORY. */
enum {
	H_ROOM,
	H_SERIAL,
	H_ID,
	H_TIME,
	H_WORLD,
	H_CLIENT_ID,
	H_LANGUAGE,
	H_SUBJECT,
	H_NICK,
	H_USER,
	H_SIP_URI,
	H_STABLE_ID,
	H_JID,
	H_SIP_TYPE,
	H_SIP_FORM,
	H_XMPP_TYPE,
	H_XMPP_FORM,
	H_PARTS,
	H_COLUMNS
};
/* of ROW_PARTS */
enum { P_ROOM, P_SERIAL, P_PLACE, P_TYPE, P_LANGUAGE, P_BODY, P_COLUMNS };

static const int type_column[WORLDS] = {H_SIP_TYPE, H_XMPP_TYPE};
static const int form_column[WORLDS] = {H_SIP_FORM, H_XMPP_FORM};

static struct str world_name(enum world w)
{
	return w == WORLD_SIP ? STR("sip") : STR("xmpp");
}

/* --- writing --- */

static void put_parts(struct store *s, struct str room, const struct message *m)
{
	for (size_t i = 0; i < m->n_parts; i++) {
		struct cell row[P_COLUMNS] = {
		    [P_ROOM] = cell_text(room),
		    [P_SERIAL] = cell_int((int64_t)m->serial),
		    [P_PLACE] = cell_int((int64_t)i),
		    [P_TYPE] = cell_text(m->parts[i].type),
		    [P_LANGUAGE] = cell_text(m->parts[i].language),
		    [P_BODY] = cell_blob(m->parts[i].body),
		};

		store_add(s, OP_PUT, ROW_PARTS, P_COLUMNS, row, true);
	}
}

static void put_row(struct store *s, struct str room, const struct message *m)
{
	struct cell row[H_COLUMNS] = {
	    [H_ROOM] = cell_text(room),
	    [H_SERIAL] = cell_int((int64_t)m->serial),
	    [H_ID] = cell_text(m->id),
	    [H_TIME] = cell_int((int64_t)m->time_ms),
	    [H_WORLD] = cell_text(world_name(m->world)),
	    [H_CLIENT_ID] = cell_text(m->client_id),
	    [H_LANGUAGE] = cell_text(m->language),
	    [H_NICK] = cell_text(m->nick),
	    [H_USER] = cell_text(m->user),
	    [H_SIP_URI] = cell_text(m->sip_uri),
	    [H_STABLE_ID] = cell_text(m->stable_id),
	    [H_JID] = cell_text(m->jid),
	    [H_PARTS] = cell_int((int64_t)m->n_parts),
	};

	if (m->has_subject)
		row[H_SUBJECT] = cell_text(m->subject);
	for (int w = 0; w < WORLDS; w++)
		if (m->form[w]) {
			row[type_column[w]] = cell_text(m->form_type[w]);
			row[form_column[w]] = cell_blob(blob_str(m->form[w]));
		}
	store_add(s, OP_PUT, ROW_HISTORY, H_COLUMNS, row, true);
}

/* What the room has forgotten. */
static void trim(struct store *s, struct str room, uint64_t first)
{
	struct cell upto[] = {cell_text(room), cell_int((int64_t)first - 1)};

	store_add(s, OP_TRIM, ROW_HISTORY, 2, upto, false);
	store_add(s, OP_TRIM, ROW_PARTS, 2, upto, false);
}

void persist_put_message(struct store *s, struct room *r, struct str room,
			 const struct message *m)
{
	put_parts(s, room, m);
	put_row(s, room, m);
	if (room_history_first(r) > 1)
		trim(s, room, room_history_first(r));
}

/* --- reading --- */

/* A message that waits for its parts. */
struct item {
	STAILQ_ENTRY(item) link;
	struct room *room;
	char *address;
	size_t n_parts; /* there should be */
	struct message *msg;
};
STAILQ_HEAD(item_list, item);

struct reading {
	struct persist *p;
	struct item_list items; /* by room and serial */
	struct item *at;	/* the next one that may have parts */
};

static void read_forms(struct message *m, const struct cell *row)
{
	for (int w = 0; w < WORLDS; w++) {
		if (row[form_column[w]].type == CELL_NULL)
			continue;
		m->form[w] = blob_new(row[form_column[w]].s);
		m->form_type[w] = arena_dup(m->arena, row[type_column[w]].s);
	}
}

static struct message *read_row(const struct cell *row)
{
	struct message *m = message_new(MESSAGE_MAX);
	struct arena *a = m->arena;

	m->serial = (uint64_t)row[H_SERIAL].n;
	m->time_ms = (uint64_t)row[H_TIME].n;
	m->world = str_eq(row[H_WORLD].s, STR("sip")) ? WORLD_SIP : WORLD_XMPP;
	m->id = arena_dup(a, row[H_ID].s);
	m->client_id = arena_dup(a, row[H_CLIENT_ID].s);
	m->language = arena_dup(a, row[H_LANGUAGE].s);
	m->has_subject = row[H_SUBJECT].type == CELL_TEXT;
	m->subject = arena_dup(a, row[H_SUBJECT].s);
	m->nick = arena_dup(a, row[H_NICK].s);
	m->user = arena_dup(a, row[H_USER].s);
	m->sip_uri = arena_dup(a, row[H_SIP_URI].s);
	m->stable_id = arena_dup(a, row[H_STABLE_ID].s);
	m->jid = arena_dup(a, row[H_JID].s);
	read_forms(m, row);
	return m;
}

static void on_row(void *user, const struct cell *row)
{
	struct reading *rd = user;
	struct room *room = rooms_find(rd->p->cfg.rooms, row[H_ROOM].s);
	struct item *item;

	if (!room || row[H_SERIAL].n <= 0 || row[H_PARTS].n < 0)
		return;
	item = mem_new(sizeof(*item));
	item->room = room;
	item->address = str_dup(row[H_ROOM].s);
	item->n_parts = (size_t)row[H_PARTS].n;
	item->msg = read_row(row);
	STAILQ_INSERT_TAIL(&rd->items, item, link);
}

/* Does the item come before the row's message? As the database sorts. */
static bool is_before(const struct item *i, const struct cell *row)
{
	int c = str_cmp(str_z(i->address), row[P_ROOM].s);

	return c < 0 || (c == 0 && i->msg->serial < (uint64_t)row[P_SERIAL].n);
}

/* What a SIP user's entity holds as it is need not be there twice: so it was
 * when it came (map_cpim_to_message), and as many messages fit into the history
 * as before. */
static struct str body_of(struct message *m, struct str body)
{
	struct str form = blob_str(m->form[WORLD_SIP]);
	ptrdiff_t i = -1;

	if (m->world == WORLD_SIP && body.n)
		i = str_search(form, body);
	return i >= 0 ? str_of(form.p + i, body.n) : arena_dup(m->arena, body);
}

static void on_part(void *user, const struct cell *row)
{
	struct reading *rd = user;
	struct message *m;

	while (rd->at && is_before(rd->at, row))
		rd->at = STAILQ_NEXT(rd->at, link);
	if (!rd->at || rd->at->msg->serial != (uint64_t)row[P_SERIAL].n ||
	    !str_eq(str_z(rd->at->address), row[P_ROOM].s))
		return;
	m = rd->at->msg;
	if (m->n_parts == MESSAGE_PARTS_MAX)
		return;
	m->parts[m->n_parts++] = (struct part){
	    .type = arena_dup(m->arena, row[P_TYPE].s),
	    .language = arena_dup(m->arena, row[P_LANGUAGE].s),
	    .body = body_of(m, row[P_BODY].s),
	};
}

/* One whose parts did not get to the disk is no message. */
static void give_to_room(struct item *i)
{
	if (i->msg->n_parts == i->n_parts)
		room_restore_message(i->room, i->msg);
	message_unref(i->msg);
	free(i->address);
	free(i);
}

void persist_read_history(struct persist *p)
{
	struct reading rd = {.p = p};
	struct item *i;

	STAILQ_INIT(&rd.items);
	store_rows(p->cfg.store, ROW_HISTORY, on_row, &rd);
	rd.at = STAILQ_FIRST(&rd.items);
	store_rows(p->cfg.store, ROW_PARTS, on_part, &rd);
	while ((i = STAILQ_FIRST(&rd.items))) {
		STAILQ_REMOVE_HEAD(&rd.items, link);
		give_to_room(i);
	}
}
