/* What a MUC says, a stanza per line, to a SIP user's device there, which says
 * and asks things in between: "!say", "!to", "!nick", "!topic", "!kick",
 * "!time" and "!down". A stanza with the id "last" answers what was sent last;
 * its `to` is the proxy. Whatever comes: each operation has one result at most,
 * nothing follows the end, the roster agrees with what was told, and what goes
 * out is well-formed and addressed. */
#include <stdlib.h>

#include "base/log.h"
#include "gateway/back_muc.h"
#include "tests/lib/xmlin.h"
#include "xmpp/muc_said.h"

#define LINES_MAX 64
#define OPS_MAX	  256

struct bed {
	struct loop *loop;
	struct back_muc *back;
	struct arena *arena;
	struct seat seat;
	uint64_t now_ms, last_op;
	bool open[OPS_MAX]; /* operations without a result */
	bool joined, ended;
	size_t n; /* occupants, as told */
	char jid[256], last[64];
	size_t iq_replies;
};

static void check(bool holds)
{
	if (!holds)
		abort();
}

static uint64_t now(void *user)
{
	return ((struct bed *)user)->now_ms;
}

static const struct map_domains *on_domain_names(void *user)
{
	static const struct map_domain names[] = {
	    {{"sip.test", 8}, MAP_DOMAIN_USERS},
	    {{"muc.test", 8}, MAP_DOMAIN_NATIVE},
	};
	static const struct map_domains domains = {.domains = names, .n = 2};

	(void)user;
	return &domains;
}

static void copy(char *to, size_t room, struct str from)
{
	check(from.n < room);
	memcpy(to, from.n ? from.p : "", from.n);
	to[from.n] = 0;
}

static int on_send(void *user, struct str domain, struct str text)
{
	struct bed *b = user;
	const struct xnode *n = xmlin_parse(b->arena, text);
	struct jid from, to;

	check(n && str_eq(domain, STR("sip.test")));
	check(jid_split(x_attr(n, "from"), &from) == 0);
	check(jid_split(x_attr(n, "to"), &to) == 0);
	if (x_is(n, "iq", NULL) && (str_eq(x_attr(n, "type"), STR("result")) ||
				    str_eq(x_attr(n, "type"), STR("error"))))
		b->iq_replies++;
	else if (x_attr(n, "id").n && x_attr(n, "id").n < sizeof(b->last))
		copy(b->last, sizeof(b->last), x_attr(n, "id"));
	if (!*b->jid)
		copy(b->jid, sizeof(b->jid), from.full);
	return 0;
}

static void on_invite(void *user, const struct invitation *i)
{
	check(i->id && i->to.n && i->room.n);
	back_muc_invited(((struct bed *)user)->back, i->id, 603, STR_NONE);
}

static size_t count(struct bed *b)
{
	const struct occupant *o;
	size_t it = 0, n = 0;

	while ((o = seat_roster(&b->seat, &it))) {
		check(o->nick.n && seat_by_id(&b->seat, o->id) == o);
		check(seat_by_nick(&b->seat, o->nick) == o);
		n++;
	}
	return n;
}

static void on_event(void *front, const struct seat_ev *ev)
{
	struct bed *b = front;

	check(!b->ended);
	switch (ev->type) {
	case SEAT_JOINED:
		check(!b->joined && ev->who);
		b->joined = true;
		b->n = count(b);
		break;
	case SEAT_OCCUPANT_JOINED:
		b->n++;
		break;
	case SEAT_OCCUPANT_LEFT:
		b->n--;
		break;
	case SEAT_RESULT:
		check(ev->own_op < OPS_MAX && b->open[ev->own_op]);
		b->open[ev->own_op] = false;
		break;
	case SEAT_MESSAGE:
		check(ev->msg->id.n);
		break;
	case SEAT_ENDED:
		b->ended = true;
		return;
	default:
		break;
	}
	check(ev->type == SEAT_RESULT || b->joined);
	if (b->joined)
		check(count(b) == b->n);
}

static const struct seat_front_ops front_ops = {.event = on_event};

/* --- what he does --- */

static void command(struct bed *b, enum seat_cmd_type type, struct str text)
{
	const struct occupant *o = NULL;
	struct seat_cmd cmd = {.type = type, .text = text};
	size_t it = 0;

	if (!seat_in_room(&b->seat) || b->last_op + 1 >= OPS_MAX)
		return;
	o = seat_roster(&b->seat, &it);
	cmd.op = ++b->last_op;
	cmd.target = o ? o->id : 1;
	b->open[cmd.op] = true;
	if (type == SEAT_SAY) {
		cmd.msg = message_new(1000);
		message_add_part(cmd.msg, STR("text/plain"), STR_NONE, text);
		cmd.msg->private = str_eq(text, STR("psst"));
		cmd.msg->to = cmd.msg->private ? cmd.target : 0;
	}
	seat_command(&b->seat, &cmd);
	message_unref(cmd.msg);
}

static void act(struct bed *b, struct str what)
{
	if (str_starts(what, STR("!say")))
		command(b, SEAT_SAY, str_from(what, 5));
	else if (str_starts(what, STR("!to")))
		command(b, SEAT_SAY, STR("psst"));
	else if (str_starts(what, STR("!nick")))
		command(b, SEAT_NICK, str_from(what, 6));
	else if (str_starts(what, STR("!topic")))
		command(b, SEAT_SUBJECT, str_from(what, 7));
	else if (str_starts(what, STR("!kick")))
		command(b, SEAT_KICK, STR_NONE);
	else if (str_starts(what, STR("!down")))
		back_muc_link_down(b->back, STR("sip.test"));
	else if (str_starts(what, STR("!up")))
		back_muc_link_up(b->back, STR("sip.test"));
	else
		b->now_ms += 5000;
}

/* --- what the room does --- */

static const struct xnode *addressed(struct bed *b, struct str line)
{
	struct xnode *n = xmlin_parse(b->arena, line);
	bool answers;

	if (!n)
		return NULL;
	answers = str_eq(x_attr(n, "id"), STR("last"));
	if (!x_has_attr(n, "to") &&
	    x_add_attr(b->arena, n, STR("to"), str_z(b->jid)) < 0)
		return NULL;
	/* in front of the other: this one counts */
	if (answers && x_add_attr(b->arena, n, STR("id"), str_z(b->last)) < 0)
		return NULL;
	return n;
}

static void put(struct bed *b, struct str line)
{
	const struct xnode *n = addressed(b, line);
	struct muc_said in;
	bool owed;

	if (!n || muc_said_read(n, b->arena, &in) < 0)
		return;
	owed = (in.kind == SAID_IQ || in.kind == SAID_BAD_IQ) &&
	       !str_eq(in.type, STR("error")) &&
	       str_ieq(in.to.domain, STR("sip.test"));
	b->iq_replies = 0;
	back_muc_stanza(b->back, STR("sip.test"), n);
	loop_settle(b->loop);
	check(b->iq_replies == (owed ? 1u : 0u));
}

static void play(struct bed *b, struct str script)
{
	for (int i = 0; i < LINES_MAX && script.n; i++) {
		struct str line = str_split(&script, '\n');

		arena_reset(b->arena);
		if (line.n && line.p[0] == '!')
			act(b, line);
		else
			put(b, line);
		loop_settle(b->loop);
	}
}

static void enter(struct bed *b)
{
	struct seat_join join = {
	    .room = STR("r@muc.test"),
	    .world = WORLD_SIP,
	    .wants =
		SEAT_WANTS_ROSTER | SEAT_WANTS_MESSAGES | SEAT_WANTS_SUBJECT,
	    .user = STR("sip:ro@sip.test"),
	    .sip_uri = STR("sip:ro@sip.test"),
	    .display = STR("Ro"),
	    .private_messages = true,
	};

	b->seat.front_ops = &front_ops;
	b->seat.front = b;
	check(back_muc_join(b->back, &join, &b->seat) == REASON_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct domain_config domains[] = {
	    {.name = "sip.test", .secret = "x", .users = USERS_SIP},
	    {.name = "muc.test", .secret = "", .rooms = ROOMS_XMPP},
	};
	static struct config config = {.domains = domains, .n_domains = 2};
	struct bed b = {.now_ms = 1000000};
	struct clock clock = {now, now, &b};
	struct seat_cmd leave = {.type = SEAT_LEAVE};

	config.xmpp.max_stanza = 65536;
	config.limits.leg_occupants = 8;
	config.limits.leg_queue = 10000;
	b.loop = loop_new(NULL, &clock);
	b.arena = arena_new(1 << 24);
	b.back = back_muc_new(&(struct back_muc_cfg){
	    .loop = b.loop,
	    .config = &config,
	    .domain_names = on_domain_names,
	    .send = on_send,
	    .invite = on_invite,
	    .user = &b,
	});
	enter(&b);
	if (size < 65536)
		play(&b, str_of((const char *)data, size));
	if (seat_in_room(&b.seat))
		seat_command(&b.seat, &leave);
	loop_settle(b.loop);
	check(back_muc_stats(b.back).legs == 0);
	back_muc_free(b.back);
	arena_free(b.arena);
	loop_free(b.loop);
	return 0;
}
