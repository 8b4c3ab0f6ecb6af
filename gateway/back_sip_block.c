/* Refusals of conferences that last (ERR-7): for so long none of them is asked
 * again, whoever wants to enter. */
#include <stdlib.h>

#include "base/mem.h"
#include "gateway/back_sip_priv.h"

/* Rooms are named by users: past this many a conference is asked again. */
#define BLOCKS_MAX 1000

struct bs_block {
	char *room;
	uint64_t until_ms;
	enum reason_code code;
	char *text;
};

static void block_free(struct back_sip *b, struct bs_block *k)
{
	table_del_str(b->blocked, str_z(k->room));
	free(k->room);
	free(k->text);
	free(k);
}

static void forget_blocks(struct back_sip *b, uint64_t now)
{
	struct bs_block *k;

	TABLE_FOREACH (b->blocked, it, k)
		if (k->until_ms <= now)
			block_free(b, k);
}

void bs_block(struct bs_leg *l, struct reason why)
{
	uint64_t now = loop_now_ms(l->b->loop);
	struct bs_block *k;

	forget_blocks(l->b, now);
	if (table_get_str(l->b->blocked, l->room) ||
	    table_count(l->b->blocked) >= BLOCKS_MAX)
		return;
	k = mem_new(sizeof(*k));
	k->room = str_dup(l->room);
	k->text = str_dup(why.text);
	k->code = why.code;
	k->until_ms = now + why.retry_s * 1000ull;
	table_put_str(l->b->blocked, str_z(k->room), k);
}

uint64_t bs_blocked_ms(const struct bs_leg *l)
{
	const struct bs_block *k = table_get_str(l->b->blocked, l->room);
	uint64_t now = loop_now_ms(l->b->loop);

	return k && k->until_ms > now ? k->until_ms - now : 0;
}

struct reason bs_blocked_why(const struct bs_leg *l)
{
	const struct bs_block *k = table_get_str(l->b->blocked, l->room);
	uint64_t ms = bs_blocked_ms(l);

	if (!ms)
		return (struct reason){.code = REASON_OVERLOAD, .retry_s = 1};
	return (struct reason){
	    .code = k->code,
	    .text = str_z(k->text),
	    .retry_s = (unsigned)(ms / 1000 + 1),
	};
}

void bs_unblock_all(struct back_sip *b)
{
	forget_blocks(b, UINT64_MAX);
}
