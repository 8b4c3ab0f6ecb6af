/* The values that outlive a restart. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/err.h"
#include "gateway/kept.h"

static const struct kept_call call = {
    .order = UINT64_MAX,
    .room = {"r@chat.test", 11},
    .dialled = {"sip:R@chat.test", 15},
    .contact = {"<sip:r@chat.test>", 17},
    .uri = {"sip:a@sip.test", 14},
    .display = {"A;1:\n\0", 6},
    .user = {"sip:a@sip.test", 14},
    .n_identities = 2,
    .identity = {{"one", 3}, {"two", 3}},
    .anonymous = 7,
    .nick = {"Ann", 3},
    .nick_chosen = true,
    .invited = true,
    .invited_by = {"sip:b@sip.test", 14},
    .joined_ms = 1792000000000,
    .sdp = {"v=0\r\n", 5},
    .sdp_id = 1,
    .sdp_version = 9,
    .media = true,
    .peer = {.accept_types = {"*", 1},
	     .has_accept_types = true,
	     .max_size = 4096,
	     .direction = SDP_RECVONLY,
	     .chatroom = true,
	     .private_messages = true},
    .interval_s = 1800,
    .min_se_s = 90,
    .ours = true,
    .update = true,
};

static struct str written(struct buf *b)
{
	kept_call_write(b, &call);
	assert_int_equal(b->err, 0);
	return buf_str(b);
}

/* SEED0-2: all of a call comes back as it was. */
static void a_call_comes_back(void **state)
{
	struct buf b = BUF_INIT(KEPT_BYTES_MAX), again = BUF_INIT(4096);
	struct kept_call c;

	(void)state;
	assert_int_equal(kept_call_read(written(&b), &c), 0);
	assert_true(c.order == UINT64_MAX && c.anonymous == 7);
	assert_true(str_eq(c.display, call.display));
	assert_int_equal(c.n_identities, 2);
	assert_true(str_eq(c.identity[1], STR("two")));
	assert_true(c.nick_chosen && c.media && !c.plain);
	assert_int_equal(c.peer.direction, SDP_RECVONLY);
	assert_true(c.peer.chatroom && !c.peer.nickname);
	assert_true(c.ours && !c.peer_supports && c.update);
	kept_call_write(&again, &c);
	assert_true(str_eq(buf_str(&b), buf_str(&again)));
	buf_done(&b);
	buf_done(&again);
}

static void subscriptions_and_occupants_come_back(void **state)
{
	struct kept_subscription s = {.room = STR("r@chat.test"),
				      .event_id = STR("4"),
				      .user = STR("sip:w@sip.test"),
				      .contact = STR("<sip:r@chat.test>"),
				      .version = 263,
				      .expires_ms = 1792000000000,
				      .full_only = true};
	struct kept_occupant o = {.room = STR("r@chat.test"),
				  .jid = STR("ann@x.test/1"),
				  .nick = STR("Ann"),
				  .stable_id = STR("00ff"),
				  .affiliation = AFF_OWNER};
	struct buf b = BUF_INIT(4096);

	(void)state;
	kept_subscription_write(&b, &s);
	s = (struct kept_subscription){0};
	assert_int_equal(kept_subscription_read(buf_str(&b), &s), 0);
	assert_true(str_eq(s.event_id, STR("4")));
	assert_true(s.version == 263 && s.expires_ms == 1792000000000);
	assert_true(s.full_only);
	buf_clear(&b);
	kept_occupant_write(&b, &o);
	o = (struct kept_occupant){0};
	assert_int_equal(kept_occupant_read(buf_str(&b), &o), 0);
	assert_true(str_eq(o.jid, STR("ann@x.test/1")));
	assert_int_equal(o.affiliation, AFF_OWNER);
	buf_done(&b);
}

static void what_was_heard_comes_back(void **state)
{
	struct buf marks = BUF_INIT(4096), b = BUF_INIT(4096);
	struct kept_heard h = {.seed = UINT64_MAX, .last_ms = 1792000000000};

	(void)state;
	kept_put_mark(&marks, 0x8877665544332211);
	kept_put_mark(&marks, 0);
	kept_put_mark(&marks, UINT64_MAX);
	h.marks = buf_str(&marks);
	kept_heard_write(&b, &h);
	assert_int_equal(kept_heard_read(buf_str(&b), &h), 0);
	assert_true(h.seed == UINT64_MAX && h.last_ms == 1792000000000);
	assert_int_equal(h.marks.n, 3 * KEPT_MARK);
	assert_true(kept_mark(&h, 0) == 0x8877665544332211);
	assert_true(kept_mark(&h, 1) == 0);
	assert_true(kept_mark(&h, 2) == UINT64_MAX);
	assert_int_equal(kept_heard_read(STR("1;2;3;0:"), &h), 0);
	assert_int_equal(kept_heard_read(STR("1;2;3;7:1234567"), &h),
			 ERR_SYNTAX);
	assert_int_equal(kept_heard_read(STR("1;2;3;8:1234567"), &h),
			 ERR_SYNTAX);
	assert_int_equal(kept_heard_read(STR("2;2;3;0:"), &h), ERR_UNSUPPORTED);
	buf_done(&marks);
	buf_done(&b);
}

/* SEED0-7: what is cut, longer or of another version is not taken. */
static void damage_is_seen(void **state)
{
	struct buf b = BUF_INIT(KEPT_BYTES_MAX);
	struct str whole = written(&b);
	struct kept_call c;
	struct kept_occupant o;

	(void)state;
	for (size_t n = 0; n < whole.n; n++)
		assert_true(kept_call_read(str_of(whole.p, n), &c) < 0);
	buf_addc(&b, '0');
	assert_int_equal(kept_call_read(buf_str(&b), &c), ERR_SYNTAX);
	b.p[0] = '2';
	assert_int_equal(kept_call_read(buf_str(&b), &c), ERR_UNSUPPORTED);
	assert_int_equal(kept_occupant_read(STR("1;9:a@b"), &o), ERR_SYNTAX);
	assert_true(kept_occupant_read(STR("1;1:a1:b1:c0:9;"), &o) < 0);
	assert_int_equal(kept_occupant_read(STR("1;1:a1:b1:c0:4;"), &o), 0);
	buf_done(&b);
}

static void keys_name_dialogs(void **state)
{
	char z[KEPT_ID_CHARS + 1];

	(void)state;
	assert_true(str_eq(kept_dialog_key(z, 0x8000000a00000001),
			   STR("8000000a00000001")));
	assert_true(kept_dialog_id(STR("8000000a00000001 4")) ==
		    0x8000000a00000001);
	assert_true(kept_dialog_id(STR("8000000a0000000")) == 0);
	assert_true(kept_dialog_id(STR("8000000A00000001")) == 0);
	assert_true(kept_dialog_id(STR_NONE) == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_call_comes_back),
	    cmocka_unit_test(subscriptions_and_occupants_come_back),
	    cmocka_unit_test(what_was_heard_comes_back),
	    cmocka_unit_test(damage_is_seen),
	    cmocka_unit_test(keys_name_dialogs),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
