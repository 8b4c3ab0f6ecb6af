/* What was said in a remote MUC while its room or our stream was away: every
 * message once, none lost without a word. */
#include "muc_peer.h"

static void away(struct muc_user *u)
{
	muc_says(u, "presence", MUC_OWN,
		 "type='unavailable'><x xmlns='" NS_MUC_USER "'>"
		 "<item affiliation='none' role='none'/>"
		 "<status code='110'/><status code='332'/></x>");
}

/* In the room he says "kept", under the id `first`. */
static void joined_and_said(struct muc_user *u, struct scene *s,
			    char first[128])
{
	muc_join(u, s, MUC_RO);
	muc_say(u, 1, "kept");
	muc_take_said(u);
	snprintf(first, 128, "%s", u->last);
}

/* 15.4-11, S2X-22: the room restarts. What it has said is there once, what it
 * never had is told, what was said meanwhile goes out. */
static void test_restart(void **state)
{
	struct scene *s = *state;
	static struct muc_user u;
	char first[128];

	joined_and_said(&u, s, first);
	muc_say(&u, 2, "lost");
	muc_take_said(&u);
	away(&u);
	muc_say(&u, 3, "meanwhile");
	assert_true(muc_none(&u, MUC_ROOM));
	scene_run(s, 5000);
	muc_take(&u, MUC_OWN);
	muc_present(&u, "Ann", "moderator", "");
	muc_present(&u, "Ro", "participant", MUC_SELF);
	muc_take_said(&u);
	muc_heard(&u, "");
	muc_says(
	    &u, "message", MUC_OWN,
	    "type='groupchat' id='%s'><body>kept</body><delay xmlns='" NS_DELAY
	    "' from='" MUC_ROOM "' stamp='2026-10-14T17:46:40Z'/>",
	    first);
	muc_heard(&u, "Ro: kept op=1\n= REASON_OK op=1\n");
	muc_subject(&u, "tea");
	muc_heard(&u, "subject 'tea' by Ann (delayed)\n"
		      "= REASON_TIMEOUT op=2\n");
	muc_echo(&u, u.last, "meanwhile");
	muc_heard(&u, "Ro: meanwhile op=3\n= REASON_OK op=3\n");
	/* history once more: it was heard */
	muc_says(
	    &u, "message", MUC_OWN,
	    "type='groupchat' id='%s'><body>kept</body><delay xmlns='" NS_DELAY
	    "' from='" MUC_ROOM "' stamp='2026-10-14T17:46:40Z'/>",
	    first);
	muc_heard(&u, "");
	muc_user_done(&u);
}

/* The room throws him out again while he is told its history: what he said
 * before may be in the next one, and is not lost yet. */
static void test_out_again(void **state)
{
	struct scene *s = *state;
	static struct muc_user u;
	char first[128];

	joined_and_said(&u, s, first);
	away(&u);
	scene_run(s, 5000);
	muc_take(&u, MUC_OWN);
	muc_present(&u, "Ann", "moderator", "");
	muc_present(&u, "Ro", "participant", MUC_SELF);
	muc_say(&u, 2, "again");
	muc_take_said(&u);
	muc_says(&u, "message", MUC_ROOM,
		 "type='error' id='%s'><error type='modify'><not-acceptable "
		 "xmlns='" NS_STANZAS "'/></error>",
		 u.last);
	muc_take(&u, MUC_OWN);
	scene_run(s, 3000);
	muc_heard(&u, "");
	muc_present(&u, "Ann", "moderator", "");
	muc_present(&u, "Ro", "participant", MUC_SELF);
	muc_past(&u, MUC_OWN, first, "kept");
	muc_heard(&u, "Ro: kept op=1\n= REASON_OK op=1\n");
	muc_subject(&u, "tea");
	muc_heard(&u, "subject 'tea' by Ann (delayed)\n");
	muc_take_said(&u);
	muc_echo(&u, u.last, "again");
	muc_heard(&u, "Ro: again op=2\n= REASON_OK op=2\n");
	muc_user_done(&u);
}

/* While the stream is down what he says waits, and is told when it was too
 * long. */
static void test_stream_down(void **state)
{
	struct scene *s = *state;
	static struct muc_user u;

	muc_join(&u, s, MUC_RO);
	/* what has no echo when the room answers again never came there */
	muc_whisper(&u, 4, "Ann", "psst");
	muc_take(&u, MUC_ANN);
	scene_run(s, 1000);
	muc_heard(&u, "= REASON_OK op=4\n");
	muc_say(&u, 2, "lost");
	muc_take_said(&u);
	core_link_down(&s->core, STR("sip.test"));
	muc_say(&u, 1, "a");
	assert_true(muc_none(&u, MUC_ROOM));
	core_link_up(&s->core, STR("sip.test"), true);
	muc_pong(&u, MUC_OWN);
	muc_has(&u, muc_take(&u, MUC_OWN), "<history since='");
	muc_heard(&u, "");
	assert_true(muc_none(&u, MUC_ROOM));
	muc_subject(&u, "tea");
	muc_pong(&u, MUC_OWN);
	muc_heard(&u, "= REASON_TIMEOUT op=2\n");
	muc_take_said(&u);
	muc_echo(&u, u.last, "a");
	muc_heard(&u, "Ro: a op=1\n= REASON_OK op=1\n");
	muc_user_done(&u);
}

/* S2X-38, REFL-8, COMP-12: who is in the room still when his stream is up again
 * gets what was said meanwhile, each message once; of the rest that a room
 * tells who joins again he hears nothing. */
static void test_catch_up(void **state)
{
	struct scene *s = *state;
	static struct muc_user u;
	char first[128], second[128];

	muc_join(&u, s, MUC_RO);
	muc_says(&u, "message", MUC_ANN,
		 "type='groupchat' id='1'><body>yes</body>"
		 "<stanza-id xmlns='" NS_SID "' by='" MUC_ROOM "' id='s-1'/>");
	muc_say(&u, 1, "heard");
	muc_take_said(&u);
	snprintf(first, sizeof(first), "%s", u.last);
	muc_echo(&u, first, "heard");
	muc_heard(&u, "Ann: yes\nRo: heard op=1\n= REASON_OK op=1\n");
	muc_say(&u, 2, "kept");
	muc_take_said(&u);
	snprintf(second, sizeof(second), "%s", u.last);
	muc_say(&u, 3, "lost");
	muc_take_said(&u);
	muc_break(s);
	muc_pong(&u, MUC_OWN);
	muc_has(&u, muc_take(&u, MUC_OWN), "<history since='");
	muc_present(&u, "Ann", "moderator", "");
	muc_present(&u, "Ro", "participant", MUC_SELF);
	muc_past(&u, MUC_ANN, "1", "yes");
	muc_past(&u, MUC_OWN, first, "heard");
	muc_past(&u, MUC_ANN, "2", "yes");
	muc_past(&u, MUC_OWN, second, "kept");
	muc_heard(&u, "Ann: yes (delayed)\n"
		      "Ro: kept op=2\n= REASON_OK op=2\n");
	muc_subject(&u, "tea");
	muc_heard(&u, "");
	muc_pong(&u, MUC_OWN);
	muc_heard(&u, "= REASON_TIMEOUT op=3\n");
	muc_subject(&u, "tea");
	muc_heard(&u, "subject 'tea' by Ann\n");
	muc_user_done(&u);
}

/* In a busy room, too, where the history is long. */
static void test_catch_up_busy(void **state)
{
	enum { MANY = 1000 };
	struct scene *s = *state;
	static struct muc_user u;
	char id[16];

	muc_join(&u, s, MUC_RO);
	for (int i = 0; i < MANY; i++) {
		snprintf(id, sizeof(id), "%d", i);
		muc_says(&u, "message", MUC_ANN,
			 "type='groupchat' id='%s'><body>%s</body><stanza-id "
			 "xmlns='" NS_SID "' by='" MUC_ROOM "' id='s-%s'/>",
			 id, id, id);
		fake_seat_heard(&u.seat);
	}
	muc_break(s);
	muc_pong(&u, MUC_OWN);
	muc_take(&u, MUC_OWN);
	for (int i = 0; i <= MANY; i++) {
		snprintf(id, sizeof(id), "%d", i);
		muc_past(&u, MUC_ANN, id, id);
	}
	muc_heard(&u, "Ann: 1000 (delayed)\n");
	muc_pong(&u, MUC_OWN);
	muc_user_done(&u);
}

/* A subject that was changed meanwhile is told, and who has come. */
static void test_catch_up_changes(void **state)
{
	struct scene *s = *state;
	static struct muc_user u;

	muc_join(&u, s, MUC_RO);
	muc_present(&u, "Ben", "participant", "");
	muc_heard(&u, "+ Ben\n");
	muc_break(s);
	muc_pong(&u, MUC_OWN);
	muc_take(&u, MUC_OWN);
	muc_present(&u, "Cat", "participant", "");
	muc_present(&u, "Ro", "participant", MUC_SELF);
	muc_subject(&u, "coffee");
	muc_pong(&u, MUC_OWN);
	muc_heard(&u, "+ Cat\nsubject 'coffee' by Ann\n");
	muc_user_done(&u);
}

/* Who changes his nickname just then gets it: the presence goes to that one. */
static void test_catch_up_renamed(void **state)
{
	struct scene *s = *state;
	static struct muc_user u;

	muc_join(&u, s, MUC_RO);
	muc_break(s);
	muc_command(&u, SEAT_NICK, 7, "Rob");
	muc_take(&u, MUC_ROOM "/Rob");
	muc_pong(&u, MUC_OWN);
	assert_true(muc_none(&u, MUC_OWN));
	muc_says(&u, "presence", MUC_OWN,
		 "type='unavailable'><x xmlns='" NS_MUC_USER "'><item "
		 "affiliation='none' role='participant' nick='Rob'/>"
		 "<status code='303'/>" MUC_SELF "</x>");
	muc_present(&u, "Rob", "participant", MUC_SELF);
	muc_has(&u, muc_take(&u, MUC_ROOM "/Rob"), "<history since='");
	fake_seat_heard(&u.seat);
	muc_user_done(&u);
}

/* A service that does not answer in time does not keep him from speaking. */
static void test_catch_up_silent(void **state)
{
	struct scene *s = *state;
	static struct muc_user u;

	muc_join(&u, s, MUC_RO);
	muc_break(s);
	muc_take(&u, MUC_OWN);
	muc_say(&u, 1, "a");
	assert_true(muc_none(&u, MUC_ROOM));
	scene_run(s, 30000);
	muc_take_said(&u);
	muc_user_done(&u);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    MUC_TEST(test_restart),	     MUC_TEST(test_out_again),
	    MUC_TEST(test_stream_down),	     MUC_TEST(test_catch_up),
	    MUC_TEST(test_catch_up_busy),    MUC_TEST(test_catch_up_changes),
	    MUC_TEST(test_catch_up_renamed), MUC_TEST(test_catch_up_silent),
	};

	return cmocka_run_group_tests_name("muc_catch_up", tests, NULL, NULL);
}
