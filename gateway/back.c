#include "gateway/back.h"

#include <stdlib.h>

#include "base/mem.h"

#define ADDRESS_MAX 8192

struct back {
	struct back_cfg cfg;
};

struct back *back_new(const struct back_cfg *cfg)
{
	struct back *b = mem_new(sizeof(*b));

	b->cfg = *cfg;
	return b;
}

void back_free(struct back *b)
{
	free(b);
}

static enum back_kind kind_of(const struct domain_config *d, enum world world)
{
	switch (d ? d->rooms : ROOMS_NONE) {
	case ROOMS_LOCAL:
		return BACK_LOCAL;
	case ROOMS_SIP: /* SIP users get there without us */
		return world == WORLD_XMPP ? BACK_SIP : BACK_NONE;
	case ROOMS_XMPP:
		return world == WORLD_SIP ? BACK_MUC : BACK_NONE;
	case ROOMS_DISCOVER:
		return BACK_ASK;
	case ROOMS_NONE:
		break;
	}
	return BACK_NONE;
}

/* The room's own address; false: there can't be such a room. */
static bool native_of(struct str room, struct buf *out)
{
	int elsewhere = map_room_elsewhere(room, out);

	if (elsewhere == 0)
		buf_add(out, room);
	return elsewhere >= 0 && !out->err;
}

static const struct domain_config *section(const struct config *cfg,
					   struct str native)
{
	const struct domain_config *d =
	    config_domain(cfg, str_after(native, '@'));

	return d ? d : config_other_domains(cfg);
}

enum back_kind back_find(const struct back *b, struct str room,
			 enum world world, struct buf *native)
{
	struct buf own = BUF_INIT(ADDRESS_MAX);
	enum back_kind kind = BACK_NONE;

	if (native_of(room, &own)) {
		kind = kind_of(section(b->cfg.config, buf_str(&own)), world);
		if (native)
			buf_add(native, buf_str(&own));
	}
	buf_done(&own);
	return kind;
}

const struct domain_config *back_domain(const struct back *b, struct str room)
{
	struct buf own = BUF_INIT(ADDRESS_MAX);
	const struct domain_config *d =
	    native_of(room, &own) ? section(b->cfg.config, buf_str(&own))
				  : NULL;

	buf_done(&own);
	return d;
}

enum reason_code back_join(struct back *b, struct seat_join *join,
			   struct seat *seat)
{
	struct buf native = BUF_INIT(ADDRESS_MAX);
	struct seat_join there = *join;
	enum back_kind kind = back_find(b, join->room, join->world, &native);
	enum reason_code why = REASON_NO_ROOM;

	there.room = buf_str(&native);
	if (kind == BACK_LOCAL)
		why = back_local_join(b->cfg.local, &there, seat);
	else if (kind != BACK_NONE && b->cfg.join)
		why = b->cfg.join(b->cfg.user, kind, &there, seat);
	buf_done(&native);
	return why;
}
