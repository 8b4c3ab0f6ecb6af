/* Nicknames of a SIP user in a remote MUC. */
#include "muc_peer.h"

static void conflict(struct muc_user *u, const char *nick)
{
	char from[256];

	snprintf(from, sizeof(from), MUC_ROOM "/%s", nick);
	muc_take(u, from);
	muc_refuses(u, "presence", from, "cancel", "conflict");
}

/* Ro, who calls himself Romeo. */
static void join_as_romeo(struct muc_user *u, struct scene *s)
{
	muc_join(u, s, MUC_RO);
	muc_command(u, SEAT_NICK, 1, "Romeo");
	muc_take(u, MUC_ROOM "/Romeo");
	muc_present(u, "Romeo", "participant", MUC_SELF);
	fake_seat_heard(&u->seat);
}

/* S2X-17 to S2X-19, NICK-12 */
static void test_nick(void **state)
{
	static const struct {
		const char *type, *condition, *heard;
	} rows[] = {
	    {"cancel", "conflict", "= REASON_NICK_TAKEN op=5\n"},
	    {"modify", "not-acceptable", "= REASON_FORBIDDEN op=5\n"},
	    {"modify", "jid-malformed", "= REASON_BAD_NICK op=5\n"},
	};
	struct scene *s = *state;
	static struct muc_user u;

	muc_join(&u, s, MUC_RO);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		muc_command(&u, SEAT_NICK, 5, "Romeo");
		muc_take(&u, MUC_ROOM "/Romeo");
		muc_refuses(&u, "presence", i ? MUC_OWN : MUC_ROOM "/Romeo",
			    rows[i].type, rows[i].condition);
		muc_heard(&u, rows[i].heard);
	}
	muc_command(&u, SEAT_NICK, 6, "Romeo");
	muc_take(&u, MUC_ROOM "/Romeo");
	scene_run(s, 10000);
	muc_heard(&u, "= REASON_TIMEOUT op=6\n");
	muc_command(&u, SEAT_NICK, 7, "Romeo");
	muc_take(&u, MUC_ROOM "/Romeo");
	muc_says(&u, "presence", MUC_OWN,
		 "type='unavailable'><x xmlns='" NS_MUC_USER "'><item "
		 "affiliation='none' role='participant' nick='Romeo'/>"
		 "<status code='303'/><status code='110'/></x>");
	muc_heard(&u, "~ Romeo nick=Romeo (was Ro) op=7\n");
	muc_present(&u, "Romeo", "participant", MUC_SELF);
	muc_heard(&u, "= REASON_OK op=7\n");
	muc_command(&u, SEAT_NICK, 8, "Romeo");
	muc_heard(&u, "~ Romeo nick=Romeo (was Romeo) op=8\n"
		      "= REASON_OK op=8\n");
	muc_command(&u, SEAT_NICK, 9, "   ");
	muc_heard(&u, "= REASON_BAD_NICK op=9\n");
	muc_command(&u, SEAT_NICK, 10, "");
	muc_take(&u, MUC_OWN);
	muc_present(&u, "Ro the 2nd", "participant",
		    MUC_SELF "<status code='210'/>");
	muc_heard(&u, "~ Ro the 2nd nick=Ro the 2nd (was Romeo) op=10\n"
		      "= REASON_OK op=10\n");
	muc_user_done(&u);
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

/* S2X-16: of two devices under one name one takes another, and the room
 * (ejabberd) says no 303 of the old one: the other device is there still. */
static void test_other_device_stays(void **state)
{
	static struct muc_user a, b;
	struct seat_join join;

	muc_join(&a, *state, MUC_RO);
	muc_user_init(&b, *state, MUC_RO);
	join = muc_wish(&b);
	join.device = STR("sip:ro@192.0.2.2");
	muc_enter(&b, &join);
	muc_take(&b, MUC_ROOM "/Ro");
	muc_admit(&b);
	fake_seat_heard(&b.seat);
	muc_command(&b, SEAT_NICK, 1, "Romeo");
	muc_take(&b, MUC_ROOM "/Romeo");
	muc_present(&b, "Romeo", "participant", MUC_SELF);
	muc_heard(&b, "~ Romeo nick=Romeo (was Ro) op=1\n"
		      "+ Ro\n"
		      "= REASON_OK op=1\n");
	assert_non_null(seat_by_nick(&b.seat.seat, STR("Ro")));
	muc_present(&a, "Romeo", "participant", "");
	muc_heard(&a, "+ Romeo\n");
	muc_user_done(&b);
	muc_user_done(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    MUC_TEST(test_nick),
	    MUC_TEST(test_next_spelling),
	    MUC_TEST(test_no_spelling),
	    MUC_TEST(test_other_device_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
