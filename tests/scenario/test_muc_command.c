/* What a SIP user wants changed in a remote MUC: its subject, and who may be
 * there. */
#include "muc_peer.h"

/* S2X-37 */
static void test_subject(void **state)
{
	struct scene *s = *state;
	static struct muc_user u;

	muc_join(&u, s, MUC_RO);
	muc_subject(&u, "cake");
	muc_heard(&u, "subject 'cake' by Ann\n");
	muc_command(&u, SEAT_SUBJECT, 3, "jam");
	muc_has(&u, muc_take(&u, MUC_ROOM), "<subject>jam</subject>");
	muc_says(&u, "message", MUC_OWN,
		 "type='groupchat' id='%s'><subject>jam</subject>", u.last);
	muc_heard(&u, "subject 'jam' by Ro op=3\n= REASON_OK op=3\n");
	muc_command(&u, SEAT_SUBJECT, 4, "salt");
	muc_take(&u, MUC_ROOM);
	muc_refuses(&u, "message", MUC_ROOM, "auth", "forbidden");
	muc_heard(&u, "= REASON_FORBIDDEN op=4\n");
	muc_command(&u, SEAT_SUBJECT, 5, "salt");
	scene_run(s, 10000);
	muc_heard(&u, "= REASON_TIMEOUT op=5\n");
	muc_user_done(&u);
}

/* S2X-41: a kick is a muc#admin query; other deeds of moderators and owners
 * likewise. */
static void test_moderation(void **state)
{
	struct scene *s = *state;
	static struct muc_user u;
	struct seat_cmd cmd = {
	    .type = SEAT_KICK, .op = 1, .text = STR("flood")};
	const struct xnode *n;

	muc_join(&u, s, MUC_RO);
	cmd.target = seat_by_nick(&u.seat.seat, STR("Ann"))->id;
	seat_command(&u.seat.seat, &cmd);
	n = muc_take(&u, MUC_ROOM);
	muc_has(&u, n, "<item role='none' nick='Ann'><reason>flood</reason>");
	muc_has(&u, n, NS_MUC_ADMIN);
	muc_says(&u, "iq", MUC_ROOM, "type='result' id='%s'>", u.last);
	muc_heard(&u, "= REASON_OK op=1\n");
	seat_command(&u.seat.seat, &cmd);
	muc_take(&u, MUC_ROOM);
	muc_refuses(&u, "iq", MUC_ROOM, "auth", "forbidden");
	muc_heard(&u, "= REASON_FORBIDDEN op=1\n");
	seat_command(&u.seat.seat, &cmd);
	scene_run(s, 30000);
	muc_heard(&u, "= REASON_TIMEOUT op=1\n");
	xmpp_drop(s);
	cmd.target = 999;
	seat_command(&u.seat.seat, &cmd);
	muc_heard(&u, "= REASON_NO_OCCUPANT op=1\n");
	cmd = (struct seat_cmd){.type = SEAT_AFFILIATION,
				.op = 2,
				.affiliation = AFF_OUTCAST,
				.text = STR("ann@x.test")};
	seat_command(&u.seat.seat, &cmd);
	muc_has(&u, muc_take(&u, MUC_ROOM),
		"<item affiliation='outcast' jid='ann@x.test'");
	cmd = (struct seat_cmd){.type = SEAT_DESTROY,
				.op = 3,
				.text = STR("moved"),
				.venue = STR("n@muc.test")};
	seat_command(&u.seat.seat, &cmd);
	muc_has(&u, muc_take(&u, MUC_ROOM),
		"<destroy jid='n@muc.test'><reason>moved</reason>");
	muc_command(&u, SEAT_ASK_VOICE, 4, "");
	muc_heard(&u, "= REASON_UNSUPPORTED op=4\n");
	muc_user_done(&u);
}

/* Of more queries than may be open at a time the eldest has its answer. */
static void test_many_queries(void **state)
{
	enum { MOST = 64 };
	struct scene *s = *state;
	static struct muc_user u;
	struct seat_cmd cmd = {.type = SEAT_KICK};

	muc_join(&u, s, MUC_RO);
	cmd.target = seat_by_nick(&u.seat.seat, STR("Ann"))->id;
	for (cmd.op = 1; cmd.op <= MOST + 2; cmd.op++)
		seat_command(&u.seat.seat, &cmd);
	scene_run(s, 0);
	muc_heard(&u, "= REASON_TIMEOUT op=1\n= REASON_TIMEOUT op=2\n");
	for (int i = 0; i < MOST + 2; i++)
		muc_take(&u, MUC_ROOM);
	muc_says(&u, "iq", MUC_ROOM, "type='result' id='%s'>", u.last);
	muc_heard(&u, "= REASON_OK op=66\n");
	muc_user_done(&u);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    MUC_TEST(test_subject),
	    MUC_TEST(test_moderation),
	    MUC_TEST(test_many_queries),
	};

	return cmocka_run_group_tests_name("muc_command", tests, NULL, NULL);
}
