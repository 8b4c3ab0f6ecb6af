/* Stanzas, one per line, into the room service over real rooms. Whatever comes:
 * every iq get or set is answered once or passed on to another occupant, errors
 * and results never are, and what goes out is well-formed and addressed. A line
 * "!" moves the clock. */
#include <stdlib.h>

#include "base/log.h"
#include "gateway/front_xmpp.h"
#include "tests/lib/xmlin.h"
#include "xmpp/muc.h"

#define DOMAIN	  "rd.test"
#define STEP_MS	  400000
#define LINES_MAX 64

struct world_under_test {
	struct loop *loop;
	struct rooms *rooms;
	struct front_xmpp *front;
	struct arena *arena;
	uint64_t now_ms;
	size_t iq_replies, iq_queries, errors;
};

static void check(bool holds)
{
	if (!holds)
		abort();
}

static uint64_t now(void *user)
{
	return ((struct world_under_test *)user)->now_ms;
}

static enum reason_code on_join(void *user, struct seat_join *join,
				struct seat *seat)
{
	struct world_under_test *w = user;
	struct room_policy policy = {.public = true,
				     .private_messages = true,
				     .nicknames = true,
				     .max_occupants = 4,
				     .history = 4};

	join->may_create = true;
	join->wants_lock = str_find(join->room, 'l') >= 0;
	join->stable_id = STR("stable");
	return rooms_join(w->rooms, &policy, join, seat);
}

static bool may_create(void *user, struct str domain)
{
	(void)user;
	(void)domain;
	return true;
}

static bool on_policy(void *user, struct str room, struct room_policy *out)
{
	(void)user;
	(void)room;
	*out = (struct room_policy){.max_occupants = 4};
	return true;
}

static const struct map_domains *on_domain_names(void *user)
{
	static const struct map_domain names[] = {
	    {{"sip.test", 8}, MAP_DOMAIN_USERS},
	    {{"gw.test", 7}, MAP_DOMAIN_FOREIGN},
	};
	static const struct map_domains domains = {.domains = names, .n = 2};

	(void)user;
	return &domains;
}

static int on_send(void *user, struct str domain, struct str text)
{
	struct world_under_test *w = user;
	const struct xnode *n = xmlin_parse(w->arena, text);
	struct jid from, to;

	check(n && str_eq(domain, STR(DOMAIN)));
	check(jid_split(x_attr(n, "from"), &from) == 0);
	check(jid_split(x_attr(n, "to"), &to) == 0);
	check(str_ieq(from.domain, STR(DOMAIN)));
	if (str_eq(x_attr(n, "type"), STR("error")))
		w->errors++;
	if (x_is(n, "iq", NULL)) {
		if (str_eq(x_attr(n, "type"), STR("get")) ||
		    str_eq(x_attr(n, "type"), STR("set")))
			w->iq_queries++;
		else
			w->iq_replies++;
	}
	return 0;
}

static void put(struct world_under_test *w, struct str line)
{
	const struct xnode *n = xmlin_parse(w->arena, line);
	struct muc_in in;
	bool owed;

	if (!n || muc_classify(n, w->arena, w->now_ms, &in) < 0)
		return;
	owed = (in.kind == MUC_IQ || in.kind == MUC_BAD_IQ) &&
	       str_ieq(in.to.domain, STR(DOMAIN));
	w->iq_replies = w->iq_queries = w->errors = 0;
	front_xmpp_stanza(w->front, STR(DOMAIN), n);
	loop_settle(w->loop);
	if (x_is(n, "iq", NS_CLIENT))
		check(w->iq_replies + w->iq_queries == (owed ? 1u : 0u));
	if (str_eq(in.type, STR("error")))
		check(w->errors == 0);
}

static void play(struct world_under_test *w, struct str script)
{
	for (int i = 0; i < LINES_MAX && script.n; i++) {
		struct str line = str_split(&script, '\n');

		if (str_eq(line, STR("!"))) {
			w->now_ms += STEP_MS;
			loop_settle(w->loop);
		} else {
			put(w, line);
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct world_under_test w = {.now_ms = 1795251600000};
	struct clock clock = {now, now, &w};
	struct log log;

	if (size > 32768)
		return 0;
	log_init(&log, LOG_ERROR, "fuzz");
	w.loop = loop_new(&log, &clock);
	w.rooms = rooms_new(w.loop, 4);
	w.arena = arena_new(1u << 26);
	w.front = front_xmpp_new(&(struct front_xmpp_cfg){
	    .loop = w.loop,
	    .rooms = w.rooms,
	    .join = on_join,
	    .may_create = may_create,
	    .policy = on_policy,
	    .domain_names = on_domain_names,
	    .send = on_send,
	    .user = &w,
	});
	play(&w, str_of((const char *)data, size));
	front_xmpp_shutdown(w.front);
	check(front_xmpp_stats(w.front).sessions == 0);
	check(front_xmpp_stats(w.front).unsent == 0);
	front_xmpp_free(w.front);
	rooms_free(w.rooms);
	loop_free(w.loop);
	arena_free(w.arena);
	return 0;
}
