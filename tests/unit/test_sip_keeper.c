/* What the core keeps for the next SIP process, on simulated time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "base/blob.h"
#include "sip/keeper.h"

static uint64_t now_ms(void *user)
{
	return *(uint64_t *)user;
}

struct world {
	uint64_t now;
	struct loop *loop;
	struct keeper k;
	struct port_end out, in; /* to the process, and its side */
};

static int setup(void **state)
{
	static struct world w;
	struct clock clock = {now_ms, now_ms, &w.now};
	int fds[2];

	w = (struct world){.now = 1000};
	w.loop = loop_new(NULL, &clock);
	keeper_init(&w.k, w.loop);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds), 0);
	port_end_init(&w.out, fds[0]);
	port_end_init(&w.in, fds[1]);
	*state = &w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	keeper_done(&w->k);
	port_end_done(&w->out);
	port_end_done(&w->in);
	loop_free(w->loop);
	return 0;
}

static void report(struct world *w, uint64_t dlg, uint32_t cseq)
{
	struct port_msg m = port_msg(PORT_DIALOG);

	m.dlg = dlg;
	m.number[0] = cseq;
	m.f[PORT_F_CALL_ID] = STR("c");
	keeper_dialog(&w->k, &m);
}

static void ask(struct world *w, uint64_t dlg, uint64_t req)
{
	struct port_msg m = port_msg(PORT_SEND);

	m.dlg = dlg;
	m.req = req;
	m.f[PORT_F_METHOD] = STR("BYE");
	keeper_send(&w->k, &m);
}

static void passes(struct world *w, enum port_type type, uint64_t dlg,
		   uint64_t req, uint32_t cseq)
{
	struct port_msg m;

	assert_int_equal(port_end_recv(&w->in, &m), 1);
	assert_int_equal(m.type, type);
	assert_true(m.dlg == dlg && m.req == req);
	assert_int_equal(m.number[0], cseq);
}

static void nothing_more(struct world *w)
{
	struct port_msg m;
	assert_int_equal(port_end_recv(&w->in, &m), 0);
}

/* A PORT_DIAL goes to the process that comes, is taken out when that one dies,
 * and makes a dialog that has nothing else open. */
static void dials_end_with_their_process(void **state)
{
	struct world *w = *state;
	struct port_msg m = port_msg(PORT_DIAL);
	uint64_t dlg = 0, req = 0;

	m.dlg = 5;
	m.req = 11;
	keeper_send(&w->k, &m);
	ask(w, 6, 12);
	assert_int_equal(keeper_resend(&w->k, &w->out), 2);
	passes(w, PORT_DIAL, 5, 11, 0);
	passes(w, PORT_SEND, 6, 12, 0);
	assert_false(keeper_has(&w->k, 5));
	report(w, 5, 1);
	assert_true(keeper_has(&w->k, 5));
	assert_true(keeper_take_dial(&w->k, &dlg, &req));
	assert_true(dlg == 5 && req == 11);
	assert_false(keeper_take_dial(&w->k, &dlg, &req));
	assert_false(keeper_answered(&w->k, 11));
	keeper_forget(&w->k, 5);
	assert_false(keeper_has(&w->k, 5));
	keeper_seed(&w->k, &w->out);
	passes(w, PORT_TOMBSTONE, 5, 0, 1);
}

/* The next process has nothing to share yet. */
static void resends_shared_octets(void **state)
{
	struct world *w = *state;
	struct port_msg m = port_msg(PORT_SEND), out;
	struct blob *shared = blob_new(STR("<one/><two/><three/>"));

	m.dlg = 5;
	m.req = 11;
	m.f[PORT_F_BODY] = STR("<all></all>");
	m.shared = shared;
	m.number[PORT_BEFORE] = 5;
	m.number[PORT_HOLE_AT] = 6;
	m.number[PORT_HOLE] = 6;
	keeper_send(&w->k, &m);
	blob_unref(shared);
	assert_int_equal(keeper_resend(&w->k, &w->out), 1);
	assert_int_equal(port_end_recv(&w->in, &out), 1);
	assert_int_equal(out.number[PORT_SHARED], 0);
	assert_true(
	    str_eq(out.f[PORT_F_BODY], STR("<all><one/><three/></all>")));
	nothing_more(w);
	assert_true(keeper_answered(&w->k, 11));
}

static void seeds_the_latest_state(void **state)
{
	struct world *w = *state;

	report(w, 5, 1);
	report(w, 5, 2);
	assert_int_equal(keeper_dialogs(&w->k), 1);
	keeper_seed(&w->k, &w->out);
	passes(w, PORT_SEED, 5, 0, 2);
	nothing_more(w);
}

static void resends_in_order_what_has_no_outcome(void **state)
{
	struct world *w = *state;

	report(w, 5, 1);
	ask(w, 5, 11);
	ask(w, 5, 12);
	ask(w, 5, 13);
	assert_true(keeper_answered(&w->k, 12));
	assert_false(keeper_answered(&w->k, 12));
	assert_int_equal(keeper_resend(&w->k, &w->out), 2);
	passes(w, PORT_SEND, 5, 11, 0);
	passes(w, PORT_SEND, 5, 13, 0);
	nothing_more(w);
}

static void keeps_tombstones_32_seconds(void **state)
{
	struct world *w = *state;

	report(w, 5, 1);
	report(w, 6, 1);
	keeper_forget(&w->k, 5);
	keeper_forget(&w->k, 5);
	w->now += 1000;
	keeper_forget(&w->k, 6);
	assert_int_equal(keeper_dialogs(&w->k), 0);
	assert_int_equal(keeper_tombstones(&w->k), 2);
	w->now += 31000;
	loop_settle(w->loop);
	assert_int_equal(keeper_tombstones(&w->k), 1);
	keeper_seed(&w->k, &w->out);
	passes(w, PORT_TOMBSTONE, 6, 0, 1);
	nothing_more(w);
	w->now += 1000;
	loop_settle(w->loop);
	assert_int_equal(keeper_tombstones(&w->k), 0);
}

/* A dialog that ended while its BYE has no outcome lives on for that BYE. */
static void seeds_an_ended_dialog_for_its_bye(void **state)
{
	struct world *w = *state;

	report(w, 5, 1);
	ask(w, 5, 11);
	keeper_forget(&w->k, 5);
	keeper_seed(&w->k, &w->out);
	assert_int_equal(keeper_resend(&w->k, &w->out), 1);
	passes(w, PORT_SEED, 5, 0, 1);
	passes(w, PORT_SEND, 5, 11, 0);
	passes(w, PORT_FORGET, 5, 0, 0);
	nothing_more(w);
	assert_true(keeper_answered(&w->k, 11));
	keeper_seed(&w->k, &w->out);
	passes(w, PORT_TOMBSTONE, 5, 0, 1);
}

struct stored {
	struct buf state; /* of the one dialog that is kept */
	unsigned puts, drops;
};

static void put(void *user, uint64_t dlg, struct str state)
{
	struct stored *s = user;

	assert_true(dlg == 5);
	s->puts++;
	buf_clear(&s->state);
	buf_add(&s->state, state);
}

static void drop(void *user, uint64_t dlg)
{
	struct stored *s = user;

	assert_true(dlg == 5);
	s->drops++;
}

/* SEED0-2, SEED0-5: what is stored is ahead of the wire, and written when
 * something has changed or its CSeq comes near. */
static void stores_ahead(void **state)
{
	struct world *w = *state;
	struct stored s = {.state = BUF_INIT(65536)};
	struct port_msg m;

	w->k.store = (struct keeper_store){put, drop, &s};
	for (uint32_t cseq = 1; cseq <= 501; cseq++)
		report(w, 5, cseq);
	assert_int_equal(s.puts, 1);
	assert_int_equal(port_decode(buf_str(&s.state), &m), 0);
	assert_true(m.dlg == 5 && m.number[0] == 1001);
	report(w, 5, 502);
	assert_int_equal(s.puts, 2);
	m = port_msg(PORT_DIALOG);
	m.dlg = 5;
	m.number[0] = 503;
	m.f[PORT_F_CALL_ID] = STR("c");
	m.f[PORT_F_TARGET] = STR("sip:new@10.0.0.5");
	keeper_dialog(&w->k, &m);
	assert_int_equal(s.puts, 3);
	keeper_forget(&w->k, 5);
	assert_int_equal(s.drops, 1);
	report(w, 5, 2000);
	assert_int_equal(s.puts, 3);
	buf_done(&s.state);
}

/* SEED0-2: the next run seeds its process with them. */
static void takes_what_was_stored(void **state)
{
	struct world *w = *state;
	struct stored s = {.state = BUF_INIT(65536)};
	struct port_msg m = port_msg(PORT_DIALOG);
	struct buf b = BUF_INIT(65536);

	m.dlg = 5;
	m.number[0] = 1001;
	port_encode(&b, &m);
	w->k.store = (struct keeper_store){put, drop, &s};
	assert_int_equal(keeper_add(&w->k, buf_str(&b)), 0);
	assert_true(keeper_add(&w->k, buf_str(&b)) < 0);
	assert_true(keeper_add(&w->k, STR("not a dialog")) < 0);
	assert_int_equal(keeper_dialogs(&w->k), 1);
	keeper_seed(&w->k, &w->out);
	passes(w, PORT_SEED, 5, 0, 1001);
	nothing_more(w);
	keeper_clear_store(&w->k);
	assert_int_equal(s.drops, 1);
	report(w, 5, 3000);
	keeper_forget(&w->k, 5);
	assert_int_equal(s.puts, 0);
	assert_int_equal(s.drops, 1);
	buf_done(&b);
	buf_done(&s.state);
}

/* The CSeq with which a run seeds what was stored, started at this time. */
static uint32_t seeded(struct world *w, uint64_t now, struct str state)
{
	struct port_msg m;
	struct keeper k;

	w->now = now;
	keeper_init(&k, w->loop);
	assert_int_equal(keeper_add(&k, state), 0);
	keeper_seed(&k, &w->out);
	assert_int_equal(port_end_recv(&w->in, &m), 1);
	keeper_done(&k);
	return m.number[0];
}

/* SEED0-2: runs that start one after another from the same stored state have
 * CSeqs of their own, as many as they can use meanwhile; a clock that was set
 * back takes none away. */
static void each_run_has_its_own_cseqs(void **state)
{
	struct world *w = *state;
	struct stored s = {.state = BUF_INIT(65536)};
	uint64_t start = w->now;

	w->k.store = (struct keeper_store){put, drop, &s};
	report(w, 5, 7);
	assert_int_equal(seeded(w, start, buf_str(&s.state)), 1007);
	assert_int_equal(seeded(w, start + 400, buf_str(&s.state)), 1027);
	assert_int_equal(seeded(w, start + 600, buf_str(&s.state)), 1037);
	assert_int_equal(seeded(w, start - 500, buf_str(&s.state)), 1007);
	assert_int_equal(
	    seeded(w, start + UINT64_C(86400000), buf_str(&s.state)),
	    1007 + 4320000);
	buf_done(&s.state);
}

/* RFC 3261 §8.1.1.5: less than 2^31, whatever the clock says. */
static void stays_below_the_limit(void **state)
{
	struct world *w = *state;
	struct stored s = {.state = BUF_INIT(65536)};
	uint64_t start = w->now;

	w->k.store = (struct keeper_store){put, drop, &s};
	report(w, 5, 0x7ff00000);
	assert_int_equal(
	    seeded(w, start + UINT64_C(864000000), buf_str(&s.state)),
	    0x7ff00000 + 1000);
	report(w, 5, 0x7fff8000);
	assert_int_equal(seeded(w, start + 60000, buf_str(&s.state)),
			 0x7fff8000);
	buf_done(&s.state);
}

/* No id of an earlier run comes again. */
static void knows_the_highest_generation(void **state)
{
	struct world *w = *state;

	assert_int_equal(keeper_generation(&w->k), 0);
	report(w, UINT64_C(7) << 32 | 1, 1);
	report(w, UINT64_C(1) << 63 | UINT64_C(9) << 32 | 2, 1);
	report(w, UINT64_C(8) << 32 | 3, 1);
	assert_int_equal(keeper_generation(&w->k), 9);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    T(dials_end_with_their_process),
	    T(resends_shared_octets),
	    T(seeds_the_latest_state),
	    T(resends_in_order_what_has_no_outcome),
	    T(keeps_tombstones_32_seconds),
	    T(seeds_an_ended_dialog_for_its_bye),
	    T(stores_ahead),
	    T(takes_what_was_stored),
	    T(each_run_has_its_own_cseqs),
	    T(stays_below_the_limit),
	    T(knows_the_highest_generation),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
