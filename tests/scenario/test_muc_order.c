/* What a MUC says live while its history is still on the way: the user hears
 * all of it in the room's order, each message once (S2X-38). */
#include "muc_peer.h"

#define GAP                                                                    \
	": The connection to the room was lost for a while. "                  \
	"Messages may be missing here.\n"

/* He was told "1" before the stream broke, and asks for the history. */
static void catch_up(struct muc_user *u, struct scene *s)
{
	muc_join(u, s, MUC_RO);
	muc_live(u, MUC_ANN, "1", "1");
	fake_seat_heard(&u->seat);
	muc_break(s);
	muc_pong(u, MUC_OWN);
	muc_has(u, muc_take(u, MUC_OWN), "<history since='");
}

static void come_in(struct muc_user *u)
{
	muc_present(u, "Ann", "moderator", "");
	muc_present(u, "Ro", "participant", MUC_SELF);
}

/* S2X-38, COMP-12: messages before his ping is answered, before the history and
 * in between, some of which the history has, too. */
static void test_live_first(void **state)
{
	struct scene *s = *state;
	static struct muc_user u;

	muc_join(&u, s, MUC_RO);
	muc_live(&u, MUC_ANN, "1", "1");
	fake_seat_heard(&u.seat);
	muc_break(s);
	muc_live(&u, MUC_ANN, "4", "4");
	muc_pong(&u, MUC_OWN);
	muc_live(&u, MUC_ANN, "5", "5");
	muc_take(&u, MUC_OWN);
	come_in(&u);
	muc_live(&u, MUC_ANN, "6", "6");
	muc_past(&u, MUC_ANN, "1", "1");
	muc_past(&u, MUC_ANN, "2", "2");
	muc_past(&u, MUC_ANN, "3", "3");
	muc_past(&u, MUC_ANN, "4", "4");
	muc_subject(&u, "tea");
	muc_live(&u, MUC_ANN, "7", "7");
	muc_heard(&u, "Ann: 2 (delayed)\nAnn: 3 (delayed)\n"
		      "Ann: 4 (delayed)\n");
	muc_pong(&u, MUC_OWN);
	muc_live(&u, MUC_ANN, "8", "8");
	muc_heard(&u, "Ann: 5\nAnn: 6\nAnn: 7\nAnn: 8\n");
	muc_user_done(&u);
}

/* A service that answers the second ping before it tells the history. */
static void test_early_pong(void **state)
{
	struct scene *s = *state;
	static struct muc_user u;

	catch_up(&u, s);
	muc_pong(&u, MUC_OWN);
	come_in(&u);
	scene_run(s, 1999);
	muc_live(&u, MUC_ANN, "3", "3");
	muc_past(&u, MUC_ANN, "1", "1");
	scene_run(s, 1999);
	muc_past(&u, MUC_ANN, "2", "2");
	muc_heard(&u, "Ann: 2 (delayed)\n");
	muc_subject(&u, "tea");
	muc_heard(&u, "Ann: 3\n");
	muc_user_done(&u);
}

/* A room that keeps no history, and one that does not even tell its subject,
 * nor anything at all. */
static void test_no_history(void **state)
{
	struct scene *s = *state;
	static struct muc_user u;

	catch_up(&u, s);
	come_in(&u);
	muc_live(&u, MUC_ANN, "2", "2");
	muc_subject(&u, "tea");
	muc_heard(&u, "");
	muc_pong(&u, MUC_OWN);
	muc_heard(&u, "Ann: 2\n");
	muc_break(s);
	muc_pong(&u, MUC_OWN);
	muc_take(&u, MUC_OWN);
	muc_pong(&u, MUC_OWN);
	muc_live(&u, MUC_ANN, "3", "3");
	muc_heard(&u, "");
	scene_run(s, 2000);
	muc_heard(&u, "Ann: 3\n");
	muc_break(s);
	muc_live(&u, MUC_ANN, "4", "4");
	muc_heard(&u, "");
	scene_run(s, 30000);
	muc_heard(&u, "Ann: 4\n");
	muc_user_done(&u);
}

/* S2X-22: who was out and comes in again gets the history first, too; his own
 * message that is in it is answered once. */
static void test_rejoined(void **state)
{
	struct scene *s = *state;
	static struct muc_user u;
	char own[128];

	muc_join(&u, s, MUC_RO);
	muc_live(&u, MUC_ANN, "1", "1");
	fake_seat_heard(&u.seat);
	muc_gone(&u, "Ro", MUC_NO_ROLE MUC_SELF "<status code='332'/>");
	muc_say(&u, 7, "mine");
	scene_run(s, 5000);
	muc_take(&u, MUC_OWN);
	come_in(&u);
	muc_take_said(&u);
	snprintf(own, sizeof(own), "%s", u.last);
	muc_live(&u, MUC_ANN, "3", "3");
	muc_live(&u, MUC_OWN, own, "mine");
	muc_live(&u, MUC_ANN, "4", "4");
	muc_past(&u, MUC_ANN, "1", "1");
	muc_past(&u, MUC_ANN, "2", "2");
	muc_past(&u, MUC_ANN, "3", "3");
	muc_past(&u, MUC_OWN, own, "mine");
	muc_heard(&u, "Ann: 2 (delayed)\nAnn: 3 (delayed)\n"
		      "Ro: mine op=7\n= REASON_OK op=7\n");
	muc_subject(&u, "tea");
	muc_heard(&u, "subject 'tea' by Ann (delayed)\nAnn: 4\n");
	muc_user_done(&u);
}

/* Without ids a message is known by its words; who says the same twice has said
 * it twice. */
static void test_same_words(void **state)
{
	static const char *const past =
	    "type='groupchat'><body>ok</body><delay xmlns='" NS_DELAY
	    "' stamp='2026-10-14T17:46:40Z'/>";
	struct scene *s = *state;
	static struct muc_user u;

	catch_up(&u, s);
	for (int i = 0; i < 2; i++)
		muc_says(&u, "message", MUC_ANN,
			 "type='groupchat'><body>ok</body>");
	come_in(&u);
	muc_past(&u, MUC_ANN, "1", "1");
	muc_says(&u, "message", MUC_ANN, "%s", past);
	muc_subject(&u, "tea");
	muc_heard(&u, "Ann: ok (delayed)\n");
	muc_pong(&u, MUC_OWN);
	muc_heard(&u, "Ann: ok\n");
	muc_user_done(&u);
}

/* Who is removed meanwhile has heard what was said before. */
static void test_removed(void **state)
{
	struct scene *s = *state;
	static struct muc_user u;

	catch_up(&u, s);
	muc_live(&u, MUC_ANN, "2", "2");
	muc_gone(&u, "Ro", MUC_NO_ROLE MUC_SELF "<status code='307'/>");
	muc_heard(&u, "Ann: 2\nended REASON_KICKED\n");
	muc_user_done(&u);
}

static void test_left(void **state)
{
	struct scene *s = *state;
	static struct muc_user u;

	catch_up(&u, s);
	muc_live(&u, MUC_ANN, "2", "2");
	muc_user_done(&u);
}

/* limits { leg-queue }: what would not fit is told, if too early. */
static void test_too_much(void **state)
{
	enum { MANY = 40 };
	struct scene *s = *state;
	static struct muc_user u;
	struct buf want = BUF_INIT(65536);
	char id[16];

	scene_reload(s, "limits { leg-queue = 4096 }\n" MUC_CONFIG);
	catch_up(&u, s);
	for (int i = 3; i < MANY; i++) {
		snprintf(id, sizeof(id), "%d", i);
		muc_live(&u, MUC_ANN, id, id);
		buf_addf(&want, "Ann: %d\n", i);
	}
	come_in(&u);
	muc_past(&u, MUC_ANN, "1", "1");
	muc_past(&u, MUC_ANN, "2", "2");
	for (int i = 3; i < MANY; i++) {
		snprintf(id, sizeof(id), "%d", i);
		muc_past(&u, MUC_ANN, id, id);
	}
	buf_addz(&want, "Ann: 2 (delayed)\n");
	muc_heard(&u, buf_z(&want));
	muc_subject(&u, "tea");
	muc_pong(&u, MUC_OWN);
	muc_live(&u, MUC_ANN, "x", "x");
	muc_heard(&u, "Ann: x\n");
	buf_done(&want);
	muc_user_done(&u);
}

/* ... and in the next break as much is kept as ever. */
static void test_too_much_once(void **state)
{
	struct scene *s = *state;
	static struct muc_user u;
	char id[16];

	scene_reload(s, "limits { leg-queue = 4096 }\n" MUC_CONFIG);
	catch_up(&u, s);
	for (int i = 3; i < 40; i++) {
		snprintf(id, sizeof(id), "%d", i);
		muc_live(&u, MUC_ANN, id, id);
	}
	fake_seat_heard(&u.seat);
	muc_take(&u, MUC_OWN); /* a ping of before */
	muc_break(s);
	muc_pong(&u, MUC_OWN);
	muc_take(&u, MUC_OWN);
	come_in(&u);
	muc_live(&u, MUC_ANN, "41", "41");
	muc_heard(&u, "");
	muc_past(&u, MUC_ANN, "39", "39");
	muc_past(&u, MUC_ANN, "40", "40");
	muc_heard(&u, "Ann: 40 (delayed)\n");
	muc_subject(&u, "tea");
	muc_pong(&u, MUC_OWN);
	muc_heard(&u, "Ann: 41\n");
	muc_user_done(&u);
}

/* A history that does not go back to what he heard last: he is told. */
static void test_gap(void **state)
{
	struct scene *s = *state;
	static struct muc_user u;

	catch_up(&u, s);
	come_in(&u);
	muc_past(&u, MUC_ANN, "9", "9");
	muc_past(&u, MUC_ANN, "10", "10");
	muc_heard(&u, GAP "Ann: 9 (delayed)\nAnn: 10 (delayed)\n");
	muc_subject(&u, "tea");
	muc_pong(&u, MUC_OWN);
	muc_user_done(&u);
}

/* --- the archive --- */

#define MAM_FEATURE "<feature var='" NS_MAM "'/>"

/* Likewise in a room that has an archive. */
static void catch_up_archived(struct muc_user *u, struct scene *s)
{
	struct seat_join join;

	muc_user_init(u, s, MUC_RO);
	join = muc_wish(u);
	assert_int_equal(muc_enter(u, &join), REASON_OK);
	muc_answer_info(u, MAM_FEATURE);
	muc_take(u, MUC_OWN);
	muc_admit(u);
	muc_live(u, MUC_ANN, "1", "1");
	fake_seat_heard(&u->seat);
	muc_break(s);
	muc_pong(u, MUC_OWN);
	muc_take(u, MUC_OWN);
	come_in(u);
}

static void archived(struct muc_user *u, const char *query, const char *id)
{
	muc_says(u, "message", MUC_ROOM,
		 "><result xmlns='" NS_MAM "' queryid='%s' id='s-%s'>"
		 "<forwarded xmlns='urn:xmpp:forward:0'><delay xmlns='" NS_DELAY
		 "' stamp='2026-10-14T17:46:40Z'/><message xmlns='" NS_CLIENT
		 "' type='groupchat' from='" MUC_ANN "' id='%s'>"
		 "<body>%s</body></message></forwarded></result>",
		 query, id, id, id);
}

/* Its query; what of it is remembered by muc_take. */
static void archive_asked(struct muc_user *u, const char *what)
{
	const struct xnode *n = muc_take(u, MUC_ROOM);

	muc_has(u, n, "<query xmlns='" NS_MAM "'");
	muc_has(u, n, what);
}

static void page_ends(struct muc_user *u, bool complete, const char *last)
{
	muc_says(u, "iq", MUC_ROOM,
		 "type='result' id='%s'><fin xmlns='" NS_MAM "'%s>"
		 "<set xmlns='" NS_RSM "'><last>%s</last></set></fin>",
		 u->last, complete ? " complete='true'" : "", last);
}

/* XEP-0313: what the history does not reach back to is there. */
static void test_archive(void **state)
{
	struct scene *s = *state;
	static struct muc_user u;

	catch_up_archived(&u, s);
	muc_live(&u, MUC_ANN, "6", "6");
	muc_past(&u, MUC_ANN, "4", "4");
	muc_past(&u, MUC_ANN, "5", "5");
	muc_live(&u, MUC_ANN, "7", "7");
	muc_subject(&u, "tea");
	muc_pong(&u, MUC_OWN);
	archive_asked(&u, "<field var='start'>");
	archived(&u, "another", "0");
	archived(&u, u.last, "1");
	archived(&u, u.last, "2");
	archived(&u, u.last, "3");
	page_ends(&u, false, "s-3");
	muc_heard(&u, "Ann: 2 (delayed)\nAnn: 3 (delayed)\n");
	archive_asked(&u, "<after>s-3</after>");
	archived(&u, u.last, "4");
	archived(&u, u.last, "5");
	archived(&u, u.last, "6");
	muc_live(&u, MUC_ANN, "8", "8");
	page_ends(&u, true, "s-6");
	muc_heard(&u, "Ann: 4 (delayed)\nAnn: 5 (delayed)\n"
		      "Ann: 6 (delayed)\nAnn: 7\nAnn: 8\n");
	muc_user_done(&u);
}

/* A room with an archive that tells no history at all; one whose history goes
 * back far enough is not asked. */
static void test_archive_only(void **state)
{
	struct scene *s = *state;
	static struct muc_user u;

	catch_up_archived(&u, s);
	muc_subject(&u, "tea");
	muc_pong(&u, MUC_OWN);
	archive_asked(&u, "<max>100</max>");
	muc_say(&u, 1, "mine");
	archived(&u, u.last, "1");
	archived(&u, u.last, "2");
	page_ends(&u, true, "s-2");
	muc_heard(&u, "Ann: 2 (delayed)\n");
	muc_take_said(&u);
	muc_break(s);
	muc_pong(&u, MUC_OWN);
	muc_take(&u, MUC_OWN);
	come_in(&u);
	muc_past(&u, MUC_ANN, "2", "2");
	muc_past(&u, MUC_ANN, "3", "3");
	muc_subject(&u, "tea");
	muc_pong(&u, MUC_OWN);
	assert_true(muc_none(&u, MUC_ROOM));
	muc_heard(&u, "Ann: 3 (delayed)\n= REASON_TIMEOUT op=1\n");
	muc_user_done(&u);
}

/* limits { catch-up }: no more is asked for, and he is told. */
static void test_archive_limit(void **state)
{
	struct scene *s = *state;
	static struct muc_user u;

	scene_reload(s, "limits { catch-up = 101 }\n" MUC_CONFIG);
	catch_up_archived(&u, s);
	muc_subject(&u, "tea");
	muc_pong(&u, MUC_OWN);
	archive_asked(&u, "start");
	archived(&u, u.last, "2");
	page_ends(&u, false, "s-2");
	archive_asked(&u, "<after>s-2</after>");
	archived(&u, u.last, "3");
	page_ends(&u, false, "s-3");
	muc_heard(&u, "Ann: 2 (delayed)\nAnn: 3 (delayed)\n" GAP);
	assert_true(muc_none(&u, MUC_ROOM));
	muc_user_done(&u);
}

/* It refuses, or does not answer: there is a gap, and nothing else is lost. */
static void test_archive_fails(void **state)
{
	struct scene *s = *state;
	static struct muc_user u;

	catch_up_archived(&u, s);
	muc_live(&u, MUC_ANN, "5", "5");
	muc_past(&u, MUC_ANN, "4", "4");
	muc_subject(&u, "tea");
	muc_pong(&u, MUC_OWN);
	archive_asked(&u, "start");
	muc_heard(&u, "");
	muc_refuses(&u, "iq", MUC_ROOM, "auth", "forbidden");
	muc_heard(&u, GAP "Ann: 4 (delayed)\nAnn: 5\n");
	muc_break(s);
	muc_pong(&u, MUC_OWN);
	muc_take(&u, MUC_OWN);
	come_in(&u);
	muc_subject(&u, "tea");
	muc_pong(&u, MUC_OWN);
	archive_asked(&u, "start");
	muc_live(&u, MUC_ANN, "6", "6");
	scene_run(s, 30000);
	muc_heard(&u, GAP "Ann: 6\n");
	muc_user_done(&u);
}

/* He is removed between two pages, as by an error that came back from his
 * address during the break: the archive has the rest when he is in again, and
 * what was kept waits for it. */
static void test_archive_interrupted(void **state)
{
	struct scene *s = *state;
	static struct muc_user u;

	catch_up_archived(&u, s);
	muc_live(&u, MUC_ANN, "6", "6");
	muc_past(&u, MUC_ANN, "5", "5");
	muc_subject(&u, "tea");
	muc_pong(&u, MUC_OWN);
	archive_asked(&u, "start");
	archived(&u, u.last, "1");
	archived(&u, u.last, "2");
	page_ends(&u, false, "s-2");
	archive_asked(&u, "<after>s-2</after>");
	muc_gone(&u, "Ro", MUC_NO_ROLE MUC_SELF "<status code='332'/>");
	scene_run(s, 5000);
	muc_take(&u, MUC_OWN);
	come_in(&u);
	muc_heard(&u, "Ann: 2 (delayed)\n");
	muc_past(&u, MUC_ANN, "6", "6");
	muc_past(&u, MUC_ANN, "7", "7");
	muc_subject(&u, "tea");
	archive_asked(&u, "start");
	for (const char *id = "234567"; *id; id++)
		archived(&u, u.last, (char[]){*id, 0});
	page_ends(&u, true, "s-7");
	muc_heard(&u, "subject 'tea' by Ann (delayed)\n"
		      "Ann: 3 (delayed)\nAnn: 4 (delayed)\n"
		      "Ann: 5 (delayed)\nAnn: 6 (delayed)\n"
		      "Ann: 7 (delayed)\n");
	muc_user_done(&u);
}

/* Who wanted no history on joining wants what he misses all the same. */
static void test_none_wanted(void **state)
{
	struct scene *s = *state;
	static struct muc_user u;
	struct seat_join join;

	muc_user_init(&u, s, MUC_RO);
	join = muc_wish(&u);
	join.history.none = true;
	scene_run(s, 2000);
	assert_int_equal(muc_enter(&u, &join), REASON_OK);
	muc_answer_info(&u, "");
	muc_has(&u, muc_take(&u, MUC_OWN), "<history maxchars='0'/>");
	muc_admit(&u);
	muc_break(s);
	muc_pong(&u, MUC_OWN);
	muc_has(&u, muc_take(&u, MUC_OWN), "<history since='");
	come_in(&u);
	fake_seat_heard(&u.seat);
	muc_past(&u, MUC_ANN, "0", "0"); /* from before he came */
	muc_says(&u, "message", MUC_ANN,
		 "type='groupchat'><body>1</body><delay xmlns='" NS_DELAY
		 "' stamp='2026-10-14T17:46:42Z'/>");
	muc_heard(&u, "Ann: 1 (delayed)\n");
	muc_user_done(&u);
}

/* S2X-10, S2X-22: he makes the room anew, and it has an archive of before: that
 * comes while it is locked still. */
static void test_made_anew(void **state)
{
	struct scene *s = *state;
	static struct muc_user u;

	muc_join(&u, s, MUC_RO);
	muc_live(&u, MUC_ANN, "1", "1");
	muc_gone(&u, "Ro", MUC_NO_ROLE MUC_SELF "<status code='332'/>");
	fake_seat_heard(&u.seat);
	scene_run(s, 5000);
	muc_take(&u, MUC_OWN);
	muc_present(&u, "Ro", "moderator", MUC_SELF "<status code='201'/>");
	muc_past(&u, MUC_ANN, "1", "1");
	muc_past(&u, MUC_ANN, "2", "2");
	muc_subject(&u, "tea");
	fake_seat_heard(&u.seat);
	muc_has(&u, muc_take(&u, MUC_ROOM), "type='submit'");
	muc_says(&u, "iq", MUC_ROOM, "type='result' id='%s'>", u.last);
	muc_heard(&u, "- Ann REASON_LOST\nAnn: 2 (delayed)\n"
		      "subject 'tea' by Ann (delayed)\n");
	muc_live(&u, MUC_ANN, "3", "3");
	muc_heard(&u, "Ann: 3\n");
	muc_user_done(&u);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    MUC_TEST(test_live_first),	  MUC_TEST(test_early_pong),
	    MUC_TEST(test_no_history),	  MUC_TEST(test_rejoined),
	    MUC_TEST(test_same_words),	  MUC_TEST(test_removed),
	    MUC_TEST(test_left),	  MUC_TEST(test_too_much),
	    MUC_TEST(test_too_much_once), MUC_TEST(test_gap),
	    MUC_TEST(test_none_wanted),	  MUC_TEST(test_archive),
	    MUC_TEST(test_archive_only),  MUC_TEST(test_archive_limit),
	    MUC_TEST(test_archive_fails), MUC_TEST(test_archive_interrupted),
	    MUC_CREATING(test_made_anew),
	};

	return cmocka_run_group_tests_name("muc_order", tests, NULL, NULL);
}
