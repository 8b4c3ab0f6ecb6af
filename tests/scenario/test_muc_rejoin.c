/* How SIP users who have lost their place in a remote MUC room come back. */
#include "muc_peer.h"

/* S2X-22: after 5, 15 and 60 s, then it is over; the roster's difference is
 * told. */
static void test_rejoin(void **state)
{
	struct scene *s = *state;
	const struct xnode *n;
	static struct muc_user u;

	muc_join(&u, s, MUC_RO);
	muc_says(&u, "message", MUC_ANN,
		 "type='groupchat'><body>one</body>"
		 "<stanza-id xmlns='" NS_SID "' by='" MUC_ROOM "' id='s1'/>");
	muc_heard(&u, "Ann: one\n");
	muc_gone(&u, "Ro", MUC_NO_ROLE MUC_SELF "<status code='332'/>");
	muc_heard(&u, "");
	scene_run(s, 4999);
	assert_true(muc_none(&u, MUC_OWN));
	scene_run(s, 1);
	n = muc_take(&u, MUC_OWN);
	muc_has(&u, n, "<history since='");
	muc_present(&u, "Ben", "participant", "");
	muc_present(&u, "Ro", "participant", MUC_SELF);
	muc_heard(&u, "+ Ben\n- Ann REASON_LOST\n");
	/* S2X-38: of the history only what is new */
	muc_says(&u, "message", MUC_ANN,
		 "type='groupchat'><body>one</body>"
		 "<stanza-id xmlns='" NS_SID "' by='" MUC_ROOM "' id='s1'/>"
		 "<delay xmlns='" NS_DELAY "' stamp='2026-10-14T17:46:40Z'/>");
	muc_says(&u, "message", MUC_ANN,
		 "type='groupchat'><body>two</body>"
		 "<stanza-id xmlns='" NS_SID "' by='" MUC_ROOM "' id='s2'/>"
		 "<delay xmlns='" NS_DELAY "' stamp='2026-10-14T17:46:41Z'/>");
	muc_heard(&u, "Ann: two (delayed)\n");
	muc_gone(&u, "Ro",
		 MUC_NO_ROLE MUC_SELF
		 "<status code='333'/><status code='307'/>");
	scene_run(s, 5000);
	muc_take(&u, MUC_OWN);
	scene_run(s, 25000); /* silence */
	muc_take(&u, MUC_OWN);
	scene_run(s, 15000);
	muc_take(&u, MUC_OWN);
	scene_run(s, 25000);
	muc_take(&u, MUC_OWN);
	scene_run(s, 60000);
	muc_take(&u, MUC_OWN);
	muc_heard(&u, "");
	scene_run(s, 25000);
	muc_heard(&u, "ended REASON_NO_ANSWER\n");
	muc_user_done(&u);
}

/* A service that throws him out without a code has had an error from his
 * address, as ejabberd does while his stream is down: he comes again. Else that
 * is his end. */
static void test_bounced(void **state)
{
	struct scene *s = *state;
	static struct muc_user u;

	muc_join(&u, s, MUC_RO);
	muc_break(s);
	muc_pong(&u, MUC_OWN);
	muc_take(&u, MUC_OWN);
	muc_pong(&u, MUC_OWN);
	for (int i = 0; i < 2; i++) {
		muc_gone(&u, "Ro", MUC_NO_ROLE MUC_SELF);
		muc_heard(&u, "");
		scene_run(s, 5000);
		muc_take(&u, MUC_OWN);
		muc_admit(&u);
		fake_seat_heard(&u.seat);
	}
	scene_run(s, 120000);
	muc_gone(&u, "Ro", MUC_NO_ROLE MUC_SELF);
	muc_heard(&u, "ended REASON_LOST\n");
	muc_user_done(&u);
}

/* S2X-10, S2X-22: of those who come back after a restart the first makes the
 * room; the others find it locked, and come in before he says anything. */
static void test_rejoin_made(void **state)
{
	struct scene *s = *state;
	static struct muc_user u, v;
	struct seat_join join;

	muc_join(&u, s, MUC_RO);
	muc_user_init(&v, s, "sip:ben@sip.test");
	join = muc_wish(&v);
	join.display = STR("Ben");
	assert_int_equal(muc_enter(&v, &join), REASON_OK);
	muc_take(&v, MUC_ROOM "/Ben");
	muc_present(&v, "Ben", "participant", MUC_SELF);
	muc_gone(&u, "Ro", MUC_NO_ROLE MUC_SELF "<status code='332'/>");
	muc_gone(&v, "Ben", MUC_NO_ROLE MUC_SELF "<status code='332'/>");
	muc_say(&u, 1, "first");
	scene_run(s, 5000);
	muc_take(&u, MUC_OWN);
	muc_take(&v, MUC_ROOM "/Ben");
	muc_present(&u, "Ro", "moderator", MUC_SELF "<status code='201'/>");
	muc_refuses_join(&v, "Ben", "cancel", "item-not-found");
	assert_true(muc_none(&v, MUC_ROOM "/Ben"));
	muc_has(&u, muc_take(&u, MUC_ROOM), "type='submit'");
	muc_says(&u, "iq", MUC_ROOM, "type='result' id='%s'>", u.last);
	muc_take(&v, MUC_ROOM "/Ben");
	muc_has(&u, muc_take(&u, MUC_ROOM), "<body>first</body>");
	muc_user_done(&u);
	muc_user_done(&v);
}

/* S2X-22: still locked after a restart; banned meanwhile. */
static void test_rejoin_refused(void **state)
{
	struct scene *s = *state;
	static struct muc_user u;

	muc_join(&u, s, MUC_RO);
	muc_gone(&u, "Ro", MUC_NO_ROLE MUC_SELF "<status code='332'/>");
	scene_run(s, 5000);
	muc_take(&u, MUC_OWN);
	muc_refuses_join(&u, "Ro", "cancel", "item-not-found");
	muc_heard(&u, "");
	scene_run(s, 15000);
	muc_take(&u, MUC_OWN);
	muc_refuses_join(&u, "Ro", "cancel", "conflict");
	muc_take(&u, MUC_ROOM "/Ro 2");
	muc_refuses_join(&u, "Ro 2", "auth", "forbidden");
	muc_heard(&u, "ended REASON_BANNED\n");
	muc_user_done(&u);
}

/* S2X-24, and S2X-22 where the answer is that he is not in the room. */
static void test_self_ping(void **state)
{
	static const char *const joined[] = {
	    "service-unavailable", "feature-not-implemented", "item-not-found"};
	struct scene *s = *state;
	static struct muc_user u;

	muc_join(&u, s, MUC_RO);
	scene_run(s, 899999);
	assert_true(muc_none(&u, MUC_OWN));
	scene_run(s, 1);
	muc_has(&u, muc_take(&u, MUC_OWN), "urn:xmpp:ping");
	muc_says(&u, "iq", MUC_OWN, "type='result' id='%s'>", u.last);
	for (size_t i = 0; i < 3; i++) {
		scene_run(s, 900000);
		muc_take(&u, MUC_OWN);
		muc_refuses(&u, "iq", MUC_OWN, "cancel", joined[i]);
		assert_true(muc_none(&u, MUC_OWN));
	}
	scene_run(s, 900000);
	muc_take(&u, MUC_OWN);
	scene_run(s, 30000); /* no answer: it asks again soon */
	scene_run(s, 60000);
	muc_take(&u, MUC_OWN);
	muc_refuses(&u, "iq", MUC_OWN, "cancel", "not-acceptable");
	muc_has(&u, muc_take(&u, MUC_OWN), "<history since=");
	muc_admit(&u);
	muc_heard(&u, "subject 'tea' by Ann (delayed)\n");
	muc_user_done(&u);
}

/* S2X-25: an error that answers nothing. */
static void test_presence_error(void **state)
{
	struct scene *s = *state;
	static struct muc_user u;

	muc_join(&u, s, MUC_RO);
	muc_says(&u, "presence", MUC_OWN,
		 "type='error'><error type='cancel'><item-not-found "
		 "xmlns='" NS_STANZAS "'/></error>");
	scene_run(s, 5000);
	muc_take(&u, MUC_OWN);
	muc_admit(&u);
	muc_heard(&u, "subject 'tea' by Ann (delayed)\n");
	muc_user_done(&u);
}

/* The stream of his domain goes down and comes again (COMP-12), or does not.
 * The server may have started again and know nothing of the room. */
static void test_stream(void **state)
{
	static const char *const out[] = {"not-acceptable", "item-not-found"};
	struct scene *s = *state;
	static struct muc_user u;

	muc_join(&u, s, MUC_RO);
	for (size_t i = 0; i < 2; i++) {
		core_link_down(&s->core, STR("sip.test"));
		scene_run(s, 30000);
		core_link_up(&s->core, STR("sip.test"), true);
		muc_has(&u, muc_take(&u, MUC_OWN), "urn:xmpp:ping");
		muc_refuses(&u, "iq", MUC_OWN, "cancel", out[i]);
		muc_has(&u, muc_take(&u, MUC_OWN), "<history since=");
		muc_admit(&u);
		fake_seat_heard(&u.seat);
	}
	core_link_down(&s->core, STR("sip.test"));
	scene_run(s, 60000);
	muc_heard(&u, "ended REASON_NO_ANSWER\n");
	muc_user_done(&u);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    MUC_TEST(test_rejoin),	   MUC_TEST(test_bounced),
	    MUC_TEST(test_rejoin_refused), MUC_CREATING(test_rejoin_made),
	    MUC_TEST(test_self_ping),	   MUC_TEST(test_presence_error),
	    MUC_TEST(test_stream),
	};

	return cmocka_run_group_tests_name("muc_rejoin", tests, NULL, NULL);
}
