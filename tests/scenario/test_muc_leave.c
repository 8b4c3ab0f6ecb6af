/* How people go from a remote MUC room: of their own will, removed, or because
 * the room or stoxd ends. */
#include "muc_peer.h"

#define KICK                                                                   \
	"<item affiliation='none' role='none'><actor nick='Ann'/>"             \
	"<reason>flood</reason></item><status code='307'/>"

/* S2X-23 */
static void test_others_go(void **state)
{
	struct scene *s = *state;
	static struct muc_user u;

	muc_join(&u, s, MUC_RO);
	muc_present(&u, "A", "participant", "");
	muc_present(&u, "B", "participant", "");
	muc_present(&u, "C", "participant", "");
	muc_present(&u, "D", "participant", "");
	muc_heard(&u, "+ A\n+ B\n+ C\n+ D\n");
	muc_gone(&u, "A", KICK);
	muc_gone(&u, "B", MUC_NO_ROLE "<status code='301'/>");
	muc_gone(&u, "C",
		 MUC_NO_ROLE "<status code='333'/><status code='307'/>");
	muc_says(&u, "presence", MUC_ROOM "/D",
		 "type='unavailable'><status>bye</status>"
		 "<x xmlns='" NS_MUC_USER "'>" MUC_NO_ROLE "</x>");
	muc_heard(&u, "- A REASON_KICKED flood by Ann\n"
		      "- B REASON_BANNED\n"
		      "- C REASON_LOST\n"
		      "- D REASON_LEFT bye\n");
	muc_gone(&u, "Ann",
		 "<item affiliation='none' role='none' nick='Anna'/>"
		 "<status code='303'/>");
	muc_present(&u, "Anna", "moderator", "");
	muc_heard(&u, "~ Anna nick=Anna (was Ann)\n");
	muc_user_done(&u);
}

/* S2X-21 */
static void test_removed(void **state)
{
	static const struct {
		const char *inner, *heard;
	} rows[] = {
	    {MUC_SELF KICK, "ended REASON_KICKED flood by Ann\n"},
	    {MUC_SELF MUC_NO_ROLE "<status code='301'/>",
	     "ended REASON_BANNED\n"},
	    {MUC_SELF MUC_NO_ROLE "<status code='321'/>",
	     "ended REASON_NOT_MEMBER\n"},
	    {MUC_SELF MUC_NO_ROLE "<status code='322'/>",
	     "ended REASON_MEMBERS_ONLY\n"},
	    {MUC_NO_ROLE MUC_SELF
	     "<destroy jid='n@muc.test'><reason>moved</reason>"
	     "</destroy>",
	     "ended REASON_ROOM_GONE moved to n@muc.test\n"},
	    {MUC_NO_ROLE MUC_SELF, "ended REASON_LOST\n"},
	};
	struct scene *s = *state;
	static struct muc_user u;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		muc_knock(&u, s, MUC_RO);
		if (i == 0)
			muc_answer_info(&u, "");
		muc_take(&u, MUC_OWN);
		muc_admit(&u);
		fake_seat_heard(&u.seat);
		muc_gone(&u, "Ro", rows[i].inner);
		muc_heard(&u, rows[i].heard);
		assert_true(muc_none(&u, MUC_OWN));
		muc_user_done(&u);
	}
}

/* S2X-21: a room's end, told to its occupant without 110 as in XEP-0045 §10.9.
 */
static void test_destroyed(void **state)
{
	struct scene *s = *state;
	static struct muc_user u;

	muc_join(&u, s, MUC_RO);
	muc_gone(&u, "Ro",
		 MUC_NO_ROLE "<destroy><reason>over</reason></destroy>");
	muc_heard(&u, "ended REASON_ROOM_GONE over\n");
	muc_user_done(&u);
}

/* S2X-20 */
static void test_leave(void **state)
{
	struct scene *s = *state;
	struct seat_cmd cmd = {.type = SEAT_LEAVE, .text = STR("tired")};
	const struct xnode *n;
	static struct muc_user u;

	muc_join(&u, s, MUC_RO);
	seat_command(&u.seat.seat, &cmd);
	n = muc_take(&u, MUC_OWN);
	assert_true(str_eq(x_attr(n, "type"), STR("unavailable")));
	muc_has(&u, n, "<status>tired</status>");
	muc_user_done(&u);
	muc_user_init(&u, s, MUC_RO);
	muc_knock(&u, s, MUC_RO);
	muc_take(&u, MUC_OWN);
	muc_admit(&u);
	cmd = (struct seat_cmd){.type = SEAT_LEAVE, .code = REASON_LOST};
	seat_command(&u.seat.seat, &cmd);
	muc_has(&u, muc_take(&u, MUC_OWN), "<status>connection lost</status>");
	muc_user_done(&u);
}

/* S2X-20: who leaves while the stream is down, or comes back to his room after
 * our restart and is gone before it knows, stays nowhere. */
static void test_no_ghost(void **state)
{
	struct scene *s = *state;
	struct seat_join join;
	static struct muc_user u;

	muc_join(&u, s, MUC_RO);
	core_link_down(&s->core, STR("sip.test"));
	muc_user_done(&u);
	assert_true(muc_none(&u, MUC_OWN));
	core_link_up(&s->core, STR("sip.test"), true);
	muc_has(&u, muc_take(&u, MUC_OWN), "unavailable");
	scene_run(s, 600000); /* what is known of the room is old */
	muc_join(&u, s, MUC_RO);
	core_link_down(&s->core, STR("sip.test"));
	scene_run(s, 60000);
	muc_heard(&u, "ended REASON_NO_ANSWER\n");
	core_link_up(&s->core, STR("sip.test"), true);
	muc_has(&u, muc_take(&u, MUC_OWN), "unavailable");
	muc_user_done(&u);
	scene_run(s, 600000);
	muc_user_init(&u, s, MUC_RO);
	join = muc_wish(&u);
	join.returning = true;
	join.nick = STR("Old");
	assert_int_equal(muc_enter(&u, &join), REASON_OK);
	muc_take(&u, MUC_ROOM);
	muc_user_done(&u);
	muc_has(&u, muc_take(&u, MUC_ROOM "/Old"), "unavailable");
}

/* The configuration is read again without the rooms' domain. */
static void test_reload(void **state)
{
	struct scene *s = *state;
	static struct muc_user u;

	muc_join(&u, s, MUC_RO);
	core_reconfigure(&s->core);
	muc_heard(&u, "");
	for (size_t i = 0; i < s->config->n_domains; i++)
		if (s->config->domains[i].rooms == ROOMS_XMPP)
			s->config->domains[i].rooms = ROOMS_NONE;
	core_reconfigure(&s->core);
	muc_heard(&u, "ended REASON_SHUTDOWN\n");
	muc_leaves(&u);
	muc_user_done(&u);
}

/* COMP-13 */
static void test_shutdown(void **state)
{
	struct scene *s = *state;
	static struct muc_user u;

	muc_join(&u, s, MUC_RO);
	core_shutdown(&s->core);
	muc_heard(&u, "ended REASON_SHUTDOWN\n");
	muc_leaves(&u);
	muc_user_done(&u);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    MUC_TEST(test_leave),     MUC_TEST(test_no_ghost),
	    MUC_TEST(test_others_go), MUC_TEST(test_removed),
	    MUC_TEST(test_destroyed), MUC_TEST(test_reload),
	    MUC_TEST(test_shutdown),
	};

	return cmocka_run_group_tests_name("muc_leave", tests, NULL, NULL);
}
