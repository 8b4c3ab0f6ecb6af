/* Making the rooms again. */
#include <stdlib.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/table.h"
#include "gateway/persist_priv.h"
#include "mapping/presence.h"

#define LINGER_MS   60000
#define ARENA_BYTES ((size_t)1 << 31)

/* A room while its rows are read. Of its lists the rows come together, since
 * they are sorted by room. */
struct draft {
	struct room_state st;
	size_t first_affiliation, first_nick;
};

struct restoring {
	struct persist *p;
	struct arena *arena;
	struct table *drafts; /* by address */
	struct room_affiliation *affiliations;
	size_t n_affiliations, max_affiliations;
	struct room_kept_nick *nicks;
	size_t n_nicks, max_nicks;
};

/* Room for one more at the end. */
static void *grow(void *list, size_t n, size_t *max, size_t size)
{
	if (n < *max)
		return list;
	*max = *max ? *max * 2 : 64;
	return mem_resize(list, *max * size);
}

static void on_room(void *user, const struct cell *row)
{
	struct restoring *rs = user;
	struct arena *a = rs->arena;
	struct draft *d = arena_alloc(a, sizeof(*d));
	const struct persist_cfg *cfg = &rs->p->cfg;

	if (!d || !cfg->policy(cfg->user, row[0].s, &d->st.policy))
		return;
	d->st.address = arena_dup(a, row[0].s);
	d->st.owner = arena_dup(a, row[1].s);
	d->st.locked = row[2].n != 0;
	d->st.configured = row[3].n != 0;
	d->st.serial = (uint64_t)row[4].n;
	d->st.subject = (struct subject){
	    .text = arena_dup(a, row[5].s),
	    .nick = arena_dup(a, row[6].s),
	    .stable_id = arena_dup(a, row[7].s),
	    .id = arena_dup(a, row[8].s),
	    .time_ms = (uint64_t)row[9].n,
	};
	if (d->st.address.n)
		table_put_str(rs->drafts, d->st.address, d);
}

static void on_setting(void *user, const struct cell *row)
{
	struct restoring *rs = user;
	struct draft *d = table_get_str(rs->drafts, row[0].s);

	if (d && d->st.configured)
		persist_read_setting(&d->st.policy, row, rs->arena);
}

static void on_affiliation(void *user, const struct cell *row)
{
	struct restoring *rs = user;
	struct draft *d = table_get_str(rs->drafts, row[0].s);
	enum affiliation a;

	if (!d || !map_affiliation_read(row[2].s, &a))
		return;
	if (d->st.n_affiliations++ == 0)
		d->first_affiliation = rs->n_affiliations;
	rs->affiliations =
	    grow(rs->affiliations, rs->n_affiliations, &rs->max_affiliations,
		 sizeof(*rs->affiliations));
	rs->affiliations[rs->n_affiliations++] = (struct room_affiliation){
	    .user = arena_dup(rs->arena, row[1].s),
	    .affiliation = a,
	    .nick = arena_dup(rs->arena, row[3].s),
	    .why = arena_dup(rs->arena, row[4].s),
	    .hidden = row[5].n != 0,
	    .registered = row[6].n != 0,
	};
}

static void on_nick(void *user, const struct cell *row)
{
	struct restoring *rs = user;
	struct draft *d = table_get_str(rs->drafts, row[0].s);

	if (!d)
		return;
	if (d->st.n_nicks++ == 0)
		d->first_nick = rs->n_nicks;
	rs->nicks =
	    grow(rs->nicks, rs->n_nicks, &rs->max_nicks, sizeof(*rs->nicks));
	rs->nicks[rs->n_nicks++] = (struct room_kept_nick){
	    .until_ms = (uint64_t)row[1].n,
	    .key = arena_dup(rs->arena, row[2].s),
	    .user = arena_dup(rs->arena, row[3].s),
	};
}

static void restore_room(struct restoring *rs, struct draft *d)
{
	const struct persist_cfg *cfg = &rs->p->cfg;
	enum reason_code code;

	if (d->st.n_affiliations)
		d->st.affiliations = rs->affiliations + d->first_affiliation;
	if (d->st.n_nicks)
		d->st.nicks = rs->nicks + d->first_nick;
	code = rooms_restore(cfg->rooms, &d->st, LINGER_MS);
	if (code != REASON_OK)
		log_warn(loop_log(cfg->loop), "room.lost",
			 "room=%s reason=\"%s\"", LOGQ(d->st.address),
			 reason_text(code));
}

void persist_restore(struct persist *p)
{
	struct restoring rs = {
	    .p = p, .arena = arena_new(ARENA_BYTES), .drafts = table_new()};
	struct store *s = p->cfg.store;
	struct draft *d;

	store_rows(s, ROW_ROOMS, on_room, &rs);
	store_rows(s, ROW_SETTINGS, on_setting, &rs);
	store_rows(s, ROW_AFFILIATIONS, on_affiliation, &rs);
	store_rows(s, ROW_NICKNAMES, on_nick, &rs);
	TABLE_FOREACH (rs.drafts, it, d)
		restore_room(&rs, d);
	persist_read_history(p);
	if (table_count(rs.drafts))
		log_info(loop_log(p->cfg.loop), "rooms.restore", "rooms=%zu",
			 table_count(rs.drafts));
	table_free(rs.drafts);
	arena_free(rs.arena);
	free(rs.affiliations);
	free(rs.nicks);
}
