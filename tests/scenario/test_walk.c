/* SIP and XMPP users do 10,000 things at random in two rooms; after each of
 * them all are shown the same people with the same roles, the same subject and
 * the same messages in the same order.
 *
 * STOX_SEED=N takes another walk. */
#include "walk.h"

#include <event2/bufferevent.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/xmltext.h"
#include "mapping/reason.h"

#define STEPS 10000

static const char *const names[WALK_USERS] = {"alice", "bob", "carol", "dave",
					      "ann",   "ben", "cat",   "dan"};
static const char *const domains[WALK_USERS] = {
    "sip.test", "sip.test", "sip.test", "sip.test",
    "x.test",	"x.test",   "y.test",	"y.test"};
static const char *const nicks[] = {
    "Ann",  "ann", "Ben J", "Cat & Co", "Bob", "Zo\xc3\xab", "dave", "Eve",
    "Fred", "Gus", "Hal",   "Ida",	"Joe", "Kay",	     "Lea",  "Ned"};
static const char *const uris[WALK_ROOMS] = {"sip:r@chat.test",
					     "sip:tea@chat.test"};

const char *walk_name(int user)
{
	return names[user];
}

const char *walk_bare(struct walk *w, int user)
{
	return arena_printf(w->s->arena, "%s@%s", names[user], domains[user]).p;
}

const char *walk_jid(const struct walk_seat *t)
{
	return arena_printf(t->w->s->arena, "%s@%s/%d", names[t->user],
			    domains[t->user], t->device + 1)
	    .p;
}

unsigned walk_pick(struct walk *w, unsigned below)
{
	uint64_t z = w->dice += 0x9e3779b97f4a7c15ull; /* splitmix64 */

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return (unsigned)((z ^ z >> 31) % below);
}

void walk_note(const struct walk_seat *t, const char *fmt, ...)
{
	struct walk *w = t->w;
	char *line = w->trail[w->step % WALK_TRAIL];
	int n = snprintf(line, sizeof(w->trail[0]), "%s/%d@%s ", names[t->user],
			 t->device + 1, uris[t->room] + 4);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line + n, sizeof(w->trail[0]) - (size_t)n, fmt, ap);
	va_end(ap);
}

void walk_print(const struct walk *w)
{
	unsigned from = w->step < WALK_TRAIL ? 0 : w->step - WALK_TRAIL + 1;

	for (unsigned i = from; i <= w->step; i++)
		print_error("%5u %s\n", i, w->trail[i % WALK_TRAIL]);
	print_error("walk: STOX_SEED=%llu fails in step %u\n",
		    (unsigned long long)w->seed, w->step);
}

const char *walk_pick_nick(struct walk *w)
{
	return nicks[walk_pick(w, sizeof(nicks) / sizeof(*nicks))];
}

const char *walk_escaped(struct walk *w, const char *text)
{
	struct buf b = BUF_INIT(1024);
	const char *z;

	xml_add_attr(&b, str_z(text));
	z = arena_dup(w->s->arena, buf_str(&b)).p;
	buf_done(&b);
	return z;
}

void walk_expect(struct walk_seat *t, bool done)
{
	walk_settle(t->w);
	if (t->refused == done)
		walk_wrong(t, "%s", done ? "refused" : "not refused");
}

/* --- coming and going --- */

void walk_put_presence(struct walk_seat *t, const char *nick, const char *attr,
		       const char *inside)
{
	walk_put(t, "<presence from='%s' to='%.*s/%s'%s>%s</presence>",
		 walk_escaped(t->w, nick), attr, inside);
}

void walk_put_join(struct walk_seat *t, const char *nick, const char *password,
		   size_t history)
{
	walk_put_presence(
	    t, nick, "",
	    arena_printf(t->w->s->arena,
			 "<x xmlns='" NS_MUC "'><password>%s"
			 "</password><history maxstanzas='%zu'/></x>",
			 password, history)
		.p);
}

/* Often that of his other device. */
static const char *joiner_nick(struct walk_seat *t)
{
	const struct walk_occ *o = model_of_user(walk_room(t), t->user);

	if (o && walk_pick(t->w, 2))
		return arena_dup(t->w->s->arena, str_z(o->nick)).p;
	return walk_pick_nick(t->w);
}

static void xmpp_enter(struct walk_seat *t)
{
	const char *nick = joiner_nick(t);
	const char *password =
	    walk_pick(t->w, 8) ? walk_room(t)->rules.password : "wrong";
	enum reason_code why = model_admits(t, nick, password);

	walk_note(t, "joins as %s%s", nick, WALK_IN_VAIN(why == REASON_OK));
	t->view = (struct walk_view){.subject = "?"};
	if (why == REASON_OK)
		model_join(t, nick);
	t->condition = map_reason_to_error(why).condition;
	walk_put_join(t, nick, password, WALK_HISTORY);
	walk_expect(t, why == REASON_OK);
}

void walk_call_init(struct walk_seat *t)
{
	struct sip_user *u = &t->call;

	sip_user_init(u, t->w->s, names[t->user], uris[t->room]);
	snprintf(u->own_path, sizeof(u->own_path), "msrp://10.0.0.5:9/%llu;tcp",
		 (unsigned long long)u->dlg);
	u->ids = (unsigned)u->dlg << 12; /* Message-IDs are never the same */
}

void walk_begin_msrp(struct walk_seat *t)
{
	struct sip_user *u = &t->call;

	snprintf(t->path, sizeof(t->path), "%.*s", STR_ARG(u->path));
	u->path = str_z(t->path);
	sip_user_bind(u);
}

static void sip_enter(struct walk_seat *t)
{
	enum reason_code why = model_admits(t, NULL, "");
	struct sip_user *u = &t->call;

	walk_note(t, "calls%s", WALK_IN_VAIN(why == REASON_OK));
	walk_call_init(t);
	assert_int_equal(sip_user_invite(u, sip_user_offer(u, WALK_SDP)),
			 map_reason_to_sip(why));
	if (why != REASON_OK) {
		sip_user_done(u);
		return;
	}
	model_join(t, NULL);
	t->inside = true;
	sip_user_ack(u);
	walk_begin_msrp(t);
}

static void enter(struct walk_seat *t)
{
	if (walk_is_sip(t->user))
		sip_enter(t);
	else
		xmpp_enter(t);
}

/* His client has lost its state, and joins once more. */
static void enter_again(struct walk_seat *t)
{
	size_t history = walk_pick(t->w, WALK_HISTORY);

	if (walk_is_sip(t->user))
		return;
	walk_note(t, "joins again as %s", t->occ->nick);
	t->view = (struct walk_view){.subject = "?"};
	model_listen(t, history);
	walk_put_join(t, t->occ->nick, "", history);
	walk_expect(t, true);
}

static void leave(struct walk_seat *t)
{
	const char *nick = arena_dup(t->w->s->arena, str_z(t->occ->nick)).p;

	walk_note(t, "%s", "leaves");
	model_leave(t, REASON_LEFT);
	if (walk_is_sip(t->user)) {
		sip_user_bye(&t->call);
		t->inside = false;
		sip_user_done(&t->call);
	} else {
		walk_put_presence(t, nick, " type='unavailable'", "");
	}
}

/* Without a word: his connection is lost, or his server has no session. */
static void vanish(struct walk_seat *t)
{
	const char *nick = arena_dup(t->w->s->arena, str_z(t->occ->nick)).p;

	walk_note(t, "%s", "vanishes");
	if (walk_is_sip(t->user)) {
		bufferevent_flush(t->call.msrp, EV_WRITE, BEV_FINISHED);
		bufferevent_free(t->call.msrp);
		t->call.msrp = NULL;
		t->lost_until_ms = t->w->s->mono + WALK_LOST_MS;
		return;
	}
	model_leave(t, REASON_LOST);
	walk_put_presence(t, nick, " type='error'",
			  "<error type='cancel'><recipient-unavailable "
			  "xmlns='" NS_STANZAS "'/></error>");
}

/* ABN-1: within 10 s he has missed nothing. */
static void come_back(struct walk_seat *t)
{
	struct sip_user *u = &t->call;

	walk_note(t, "%s", "is back");
	t->lost_until_ms = 0;
	assert_int_equal(sip_user_invite(u, sip_user_offer(u, WALK_SDP)), 200);
	sip_user_ack(u);
	walk_begin_msrp(t);
}

/* --- the walk --- */

static void wait(struct walk_seat *t)
{
	unsigned ms =
	    walk_pick(t->w, 3) ? walk_pick(t->w, 5000) : walk_pick(t->w, 90000);

	walk_note(t, "%u ms pass", ms);
	walk_pass(t->w, ms);
}

typedef void deed(struct walk_seat *t);

/* What most people may not do. */
static deed *const powers[] = {
    walk_kick,	    walk_kick,	    walk_give_role,    walk_give_role,
    walk_affiliate, walk_configure, walk_answer_voice, walk_destroy,
};
static deed *const talk[] = {
    walk_say,	      walk_say,	   walk_say,	walk_say,     walk_say,
    walk_rename,      walk_rename, walk_rename, walk_whisper, walk_whisper,
    walk_set_subject, leave,	   vanish,	enter_again,  walk_ask_voice,
    walk_invite,      wait,
};
/* Owners and admins need not be in the room, nor does the administrator. */
static deed *const powers_outside[] = {walk_affiliate, walk_affiliate,
				       walk_configure, walk_kick, walk_destroy};

#define N(array) (sizeof(array) / sizeof(*(array)))

/* Somebody of the room who has a say, if there is one. */
static struct walk_seat *pick_powerful(struct walk_seat *t)
{
	struct walk *w = t->w;
	unsigned from = walk_pick(w, WALK_SEATS);

	for (unsigned i = 0; i < WALK_SEATS; i++) {
		struct walk_seat *o = &w->seat[(from + i) % WALK_SEATS];

		if (o->room == t->room && o->occ && !o->lost_until_ms &&
		    o->occ->role == ROLE_MODERATOR)
			return o;
	}
	return t;
}

static void act_inside(struct walk_seat *t)
{
	if (walk_pick(t->w, 3))
		talk[walk_pick(t->w, N(talk))](t);
	else
		powers[walk_pick(t->w, N(powers))](
		    walk_pick(t->w, 4) ? pick_powerful(t) : t);
}

static void act_outside(struct walk_seat *t)
{
	if (!walk_room(t)->exists || walk_pick(t->w, 4))
		enter(t);
	else
		powers_outside[walk_pick(t->w, N(powers_outside))](t);
}

static bool must_return(const struct walk_seat *t)
{
	return t->lost_until_ms && walk_room(t)->n_said - t->due >= WALK_HELD;
}

static void act(struct walk_seat *t)
{
	struct walk *w = t->w;

	WALK_EACH_SEAT(lost, w)
	if (must_return(lost))
		t = lost;
	for (int r = 0; r < WALK_ROOMS; r++)
		w->room[r].n_gone = 0;
	WALK_EACH_SEAT(o, w)
	{
		o->refused = false;
		o->condition = NULL;
	}
	walk_note(t, "%s", "does nothing");
	if (!t->occ)
		act_outside(t);
	else if (t->lost_until_ms && (must_return(t) || walk_pick(w, 3) == 0))
		come_back(t);
	else if (!t->lost_until_ms)
		act_inside(t);
	walk_settle(w);
	WALK_EACH_SEAT(in, w)
	if (walk_is_sip(in->user) && in->occ && !in->watch)
		walk_watch(in);
	walk_settle(w);
	walk_check(w);
}

static int setup(void **state)
{
	const char *seed = getenv("STOX_SEED");
	struct walk *w = mem_new(sizeof(*w));

	w->seed = seed ? strtoull(seed, NULL, 10) : 1;
	w->dice = w->seed;
	w->s = scene_new("domain \"chat.test\" { secret = \"x\" rooms = local "
			 "lock = no notify-interval = 0 }\n"
			 "domain \"sip.test\" { secret = \"x\" users = sip }\n"
			 "limits { message-rate = 0 join-rate = 0 "
			 "invite-rate = 0 sip-rate = 0 }\n");
	for (int r = 0; r < WALK_ROOMS; r++) {
		w->room[r].uri = uris[r];
		w->room[r].address = str_from(str_z(uris[r]), 4);
		w->room[r].said =
		    mem_new_array(WALK_SAID_MAX, sizeof(struct walk_said));
		for (int u = 0; u < WALK_USERS; u++)
			w->room[r].affiliation[u] = AFF_NONE;
	}
	WALK_EACH_SEAT(t, w)
	{
		ptrdiff_t i = t - w->seat;

		t->w = w;
		t->device = (int)(i % WALK_DEVICES);
		t->user = (int)(i / WALK_DEVICES % WALK_USERS);
		t->room = (int)(i / WALK_DEVICES / WALK_USERS);
	}
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct walk *w = *state;

	if (!w->done)
		walk_print(w);
	WALK_EACH_SEAT(t, w)
	if (walk_is_sip(t->user))
		sip_user_done(&t->call);
	for (int r = 0; r < WALK_ROOMS; r++)
		free(w->room[r].said);
	scene_free(w->s);
	free(w);
	return 0;
}

static void test_walk(void **state)
{
	struct walk *w = *state;

	print_message("STOX_SEED=%llu\n", (unsigned long long)w->seed);
	for (w->step = 0; w->step < STEPS; w->step++) {
		int room = (int)walk_pick(w, WALK_ROOMS);
		int user = (int)walk_pick(w, WALK_USERS);

		/* the second device is seldom there */
		act(walk_seat(w, room, user, walk_pick(w, 3) == 0));
		arena_reset(w->s->arena);
	}
	w->done = true;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_walk, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
