/* A SIP user without a name of his own in a remote MUC, where somebody else has
 * the one that we call him by (S2X-7, S2X-19). */
#include "muc_peer.h"

#define RO "sip:ro@sip.test"

static int setup(void **state)
{
	*state = scene_new(MUC_CONFIG);
	return 0;
}

static int teardown(void **state)
{
	scene_free(*state);
	return 0;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

static void conflict(struct muc_user *u, const char *nick)
{
	char from[256];

	snprintf(from, sizeof(from), MUC_ROOM "/%s", nick);
	muc_take(u, from);
	muc_says(u, "presence", from,
		 "type='error' id='%s'><error type='cancel'><conflict "
		 "xmlns='" NS_STANZAS "'/></error>",
		 u->last);
}

/* Ro, who calls himself Romeo. */
static void join_as_romeo(struct muc_user *u, struct scene *s)
{
	muc_join(u, s, RO);
	muc_command(u, SEAT_NICK, 1, "Romeo");
	muc_take(u, MUC_ROOM "/Romeo");
	muc_present(u, "Romeo", "participant", MUC_SELF);
	fake_seat_heard(&u->seat);
}

/* S2X-19, S2X-7: back to the temporary name, in the next spelling. */
static void test_next_spelling(void **state)
{
	static struct muc_user u;

	join_as_romeo(&u, *state);
	muc_command(&u, SEAT_NICK, 2, "");
	conflict(&u, "Ro");
	muc_heard(&u, "");
	conflict(&u, "Ro 2");
	muc_take(&u, MUC_ROOM "/Ro 3");
	muc_present(&u, "Ro 3", "participant", MUC_SELF);
	muc_heard(&u, "~ Ro 3 nick=Ro 3 (was Romeo) op=2\n"
		      "= REASON_OK op=2\n");
	/* once more: the one that he has is as good as any */
	muc_command(&u, SEAT_NICK, 3, "");
	conflict(&u, "Ro");
	conflict(&u, "Ro 2");
	muc_heard(&u, "~ Ro 3 nick=Ro 3 (was Ro 3) op=3\n"
		      "= REASON_OK op=3\n");
	assert_true(muc_none(&u, MUC_ROOM "/Ro 3"));
	muc_user_done(&u);
}

/* Of a name that he chose himself there is one spelling; and of ours five. */
static void test_no_spelling(void **state)
{
	static struct muc_user u;

	join_as_romeo(&u, *state);
	muc_command(&u, SEAT_NICK, 2, "Rob");
	conflict(&u, "Rob");
	muc_heard(&u, "= REASON_NICK_TAKEN op=2\n");
	muc_command(&u, SEAT_NICK, 3, "");
	conflict(&u, "Ro");
	for (int i = 2; i <= 6; i++) {
		char nick[8];

		muc_heard(&u, "");
		snprintf(nick, sizeof(nick), "Ro %d", i);
		conflict(&u, nick);
	}
	muc_heard(&u, "= REASON_NICK_TAKEN op=3\n");
	muc_user_done(&u);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_next_spelling),
	    TEST(test_no_spelling),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
