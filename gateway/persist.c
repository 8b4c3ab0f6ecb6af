#include "gateway/persist_priv.h"

#include <stdlib.h>

#include "base/mem.h"
#include "gateway/archive.h"
#include "gateway/front_xmpp.h"
#include "mapping/presence.h"

static struct str address_of(const struct room *r)
{
	struct room_info info;

	room_info(r, &info);
	return info.address;
}

static void put_room(struct store *s, const struct room_state *st)
{
	const struct subject *sub = &st->subject;
	struct cell row[] = {
	    cell_text(st->address),
	    cell_text(st->owner),
	    cell_int(st->locked),
	    cell_int(st->configured),
	    cell_int((int64_t)st->serial),
	    cell_text(sub->text),
	    cell_text(sub->nick),
	    cell_text(sub->stable_id),
	    cell_text(sub->id),
	    cell_int((int64_t)sub->time_ms),
	};

	store_add(s, OP_PUT, ROW_ROOMS, sizeof(row) / sizeof(*row), row, false);
}

static void changed(void *user, struct room *r, unsigned what)
{
	struct persist *p = user;
	struct room_state st;

	if (room_state(r, NULL, &st) < 0)
		return;
	put_room(p->cfg.store, &st);
	if (what & ROOM_SETTINGS)
		persist_put_settings(p->cfg.store, &st);
}

static void affiliation(void *user, struct room *r,
			const struct room_affiliation *a)
{
	struct persist *p = user;
	struct cell row[] = {
	    cell_text(address_of(r)),
	    cell_text(a->user),
	    cell_text(str_z(map_affiliation_name(a->affiliation))),
	    cell_text(a->nick),
	    cell_text(a->why),
	    cell_int(a->hidden),
	    cell_int(a->registered),
	};

	if (a->affiliation == AFF_NONE && !a->nick.n)
		store_add(p->cfg.store, OP_DELETE, ROW_AFFILIATIONS, 2, row,
			  false);
	else
		store_add(p->cfg.store, OP_PUT, ROW_AFFILIATIONS,
			  sizeof(row) / sizeof(*row), row, false);
}

static void nick(void *user, struct room *r, const struct room_kept_nick *k)
{
	struct persist *p = user;
	uint64_t now_ms = loop_wall_ms(p->cfg.loop);
	struct cell row[] = {
	    cell_text(address_of(r)),
	    cell_int((int64_t)k->until_ms),
	    cell_text(k->key),
	    cell_text(k->user),
	};

	if (p->stopping)
		return;
	store_add(p->cfg.store, OP_TRIM, ROW_NICKNAMES, 2,
		  (struct cell[]){row[0], cell_int((int64_t)now_ms)}, false);
	store_add(p->cfg.store, OP_PUT, ROW_NICKNAMES,
		  sizeof(row) / sizeof(*row), row, false);
}

static void message(void *user, struct room *r, struct message *m)
{
	struct persist *p = user;

	persist_put_message(p->cfg.store, r, address_of(r), m);
}

static void said(void *user, struct room *r, struct message *m)
{
	struct persist *p = user;
	struct str room = address_of(r);

	if (archive_keeps(p->cfg.archive, r))
		archive_add(p->cfg.archive, room, m,
			    front_xmpp_stanza_of(room, m));
}

static void retracted(void *user, struct room *r, struct message *by,
		      uint64_t serial)
{
	struct persist *p = user;
	struct cell row[] = {cell_text(address_of(r)),
			     cell_int((int64_t)serial)};

	if (serial) {
		store_add(p->cfg.store, OP_DELETE, ROW_HISTORY, 2, row, false);
		store_add(p->cfg.store, OP_DELETE, ROW_PARTS, 2, row, false);
	}
	archive_retract(p->cfg.archive, row[0].s, by);
}

static void ended(void *user, struct room *r)
{
	static const enum row_table tables[] = {ROW_ROOMS,	  ROW_SETTINGS,
						ROW_AFFILIATIONS, ROW_NICKNAMES,
						ROW_HISTORY,	  ROW_PARTS};
	struct persist *p = user;
	struct cell key = cell_text(address_of(r));

	if (p->stopping)
		return;
	for (size_t i = 0; i < sizeof(tables) / sizeof(*tables); i++)
		store_add(p->cfg.store, OP_DELETE, tables[i], 1, &key, false);
	archive_drop(p->cfg.archive, key.s);
}

static const struct rooms_watch watch = {
    .changed = changed,
    .affiliation = affiliation,
    .nick = nick,
    .message = message,
    .said = said,
    .retracted = retracted,
    .ended = ended,
};

struct persist *persist_new(const struct persist_cfg *cfg)
{
	struct persist *p;

	if (!cfg->store)
		return NULL;
	p = mem_new(sizeof(*p));
	p->cfg = *cfg;
	persist_restore(p);
	rooms_watch(cfg->rooms, &watch, p);
	return p;
}

void persist_stop(struct persist *p)
{
	if (p)
		p->stopping = true;
}

void persist_free(struct persist *p)
{
	free(p);
}
