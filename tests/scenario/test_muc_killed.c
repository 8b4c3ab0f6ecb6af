/* What a remote MUC said while stoxd was dead: who is called back goes on from
 * what was heard before, each message once, in the room's order (S2X-38). */
#include "muc_guest.h"
#include "restart.h"

#include "base/blob.h"

#define JO	"sip:jo@sip.test"
#define JO_NAME MUC_ROOM "/Jo"
#define GAP                                                                    \
	": The connection to the room was lost for a while. "                  \
	"Messages may be missing here.\n"

/* Jo comes to where Ro is. */
static void jo_joins(struct muc_user *jo, struct muc_user *ro, struct scene *s)
{
	struct seat_join join;

	muc_user_init(jo, s, JO);
	join = muc_wish(jo);
	join.display = STR("Jo");
	assert_int_equal(muc_enter(jo, &join), REASON_OK);
	muc_take(jo, JO_NAME);
	muc_present(jo, "Ann", "moderator", "");
	muc_present(jo, "Ro", "participant", "");
	muc_present(jo, "Jo", "participant", MUC_SELF);
	muc_present(ro, "Jo", "participant", "");
	muc_subject(jo, "tea");
	fake_seat_heard(&jo->seat);
	fake_seat_heard(&ro->seat);
}

/* kill -9 and the next start, as far as the rooms know. */
static void die(struct scene *s)
{
	scene_kill(s);
	scene_run(s, 60000);
	scene_start(s, NULL, 0);
}

/* He is called back; he had come at that time. */
static void call_back(struct muc_user *u, const char *nick, uint64_t since_ms)
{
	struct seat_join join;

	muc_user_done(u);
	muc_user_init(u, u->s, u->uri);
	join = muc_wish(u);
	join.nick = str_z(nick);
	join.returning = join.history.none = true;
	join.since_ms = since_ms;
	assert_int_equal(muc_enter(u, &join), REASON_OK);
}

static void come_in(struct muc_user *u)
{
	muc_present(u, "Ann", "moderator", "");
	muc_present(u, "Ro", "participant", MUC_SELF);
	fake_seat_heard(&u->seat);
}

/* Ro alone is back after a kill. */
static void ro_returns_since(struct muc_user *u, const char *features,
			     uint64_t since_ms)
{
	die(u->s);
	call_back(u, "Ro", since_ms);
	muc_answer_info(u, features);
	muc_has(u, muc_take(u, MUC_OWN), "<history since='");
	come_in(u);
}

static void ro_returns(struct muc_user *u, const char *features)
{
	ro_returns_since(u, features, SCENE_START_WALL);
}

/* The same text twice, his own one, and what is said while he is told; and once
 * more, for nothing comes back that he has heard meanwhile. */
static void test_each_once(void **state)
{
	struct scene *s = *state;
	static struct muc_user u;
	char own[128];

	muc_join(&u, s, MUC_RO);
	scene_run(s, 5000);
	muc_live(&u, MUC_ANN, "1", "yes");
	muc_say(&u, 1, "mine");
	muc_take_said(&u);
	snprintf(own, sizeof(own), "%s", u.last);
	muc_echo(&u, own, "mine");
	scene_run(s, 1000);
	assert_int_equal(scene_kept_count(s, KEPT_HEARD), 1);
	ro_returns(&u, "");
	muc_live(&u, MUC_ANN, "4", "4");
	muc_past(&u, MUC_ANN, "1", "yes");
	muc_past(&u, MUC_OWN, own, "mine");
	muc_past(&u, MUC_ANN, "2", "yes");
	muc_past(&u, MUC_ANN, "3", "3");
	muc_past(&u, MUC_ANN, "4", "4");
	muc_live(&u, MUC_ANN, "5", "5");
	muc_subject(&u, "tea");
	muc_heard(&u, "Ann: yes (delayed)\nAnn: 3 (delayed)\n"
		      "Ann: 4 (delayed)\n"
		      "subject 'tea' by Ann (delayed)\nAnn: 5\n");
	scene_run(s, 1000);
	ro_returns(&u, "");
	muc_past(&u, MUC_ANN, "1", "yes");
	muc_past(&u, MUC_OWN, own, "mine");
	muc_past(&u, MUC_ANN, "2", "yes");
	muc_past(&u, MUC_ANN, "3", "3");
	muc_past(&u, MUC_ANN, "4", "4");
	muc_past(&u, MUC_ANN, "5", "5");
	muc_past(&u, MUC_ANN, "6", "6");
	muc_subject(&u, "tea");
	muc_heard(&u, "Ann: 6 (delayed)\nsubject 'tea' by Ann (delayed)\n");
	muc_user_done(&u);
	assert_int_equal(scene_kept_count(s, KEPT_HEARD), 0);
}

/* Where nothing was said before. */
static void test_silent_before(void **state)
{
	struct scene *s = *state;
	static struct muc_user u;

	scene_run(s, 2000);
	muc_join(&u, s, MUC_RO);
	ro_returns_since(&u, "", s->wall);
	muc_says(&u, "message", MUC_ANN,
		 "type='groupchat'><body>1</body><delay xmlns='" NS_DELAY
		 "' stamp='2026-10-14T17:47:00Z'/>");
	muc_past(&u, MUC_ANN, "0", "0"); /* from before he came */
	muc_subject(&u, "tea");
	muc_heard(&u, "Ann: 1 (delayed)\nsubject 'tea' by Ann (delayed)\n");
	muc_user_done(&u);
}

/* A message of which one of the two had his copy only may come to him twice,
 * but the other gets it. A second later it counts as heard by both. */
static void test_one_of_two(void **state)
{
	struct scene *s = *state;
	static struct muc_user ro, jo;

	muc_join(&ro, s, MUC_RO);
	jo_joins(&jo, &ro, s);
	scene_run(s, 2000);
	muc_live(&ro, MUC_ANN, "1", "1");
	muc_live(&ro, MUC_ANN, "2", "2");
	scene_run(s, 2000);
	muc_live(&ro, MUC_ANN, "3", "3");
	muc_live(&ro, MUC_ANN, "4", "4");
	muc_live(&jo, MUC_ANN, "3", "3");
	muc_heard(&ro, "Ann: 1\nAnn: 2\nAnn: 3\nAnn: 4\n");
	muc_heard(&jo, "Ann: 3\n");
	die(s);
	call_back(&ro, "Ro", SCENE_START_WALL);
	muc_answer_info(&ro, "");
	muc_take(&ro, MUC_OWN);
	call_back(&jo, "Jo", SCENE_START_WALL);
	muc_take(&jo, JO_NAME);
	come_in(&ro);
	muc_present(&jo, "Jo", "participant", MUC_SELF);
	fake_seat_heard(&jo.seat);
	for (int i = 1; i <= 4; i++) {
		char id[16];

		snprintf(id, sizeof(id), "%d", i);
		muc_past(&ro, MUC_ANN, id, id);
		muc_past(&jo, MUC_ANN, id, id);
	}
	muc_heard(&ro, "Ann: 4 (delayed)\n");
	muc_heard(&jo, "Ann: 4 (delayed)\n");
	muc_user_done(&ro);
	assert_int_equal(scene_kept_count(s, KEPT_HEARD), 1);
	muc_user_done(&jo);
	assert_int_equal(scene_kept_count(s, KEPT_HEARD), 0);
}

/* He is in the room, and has heard its first message. */
static void joined_and_heard(struct muc_user *u, struct scene *s)
{
	muc_join(u, s, MUC_RO);
	scene_run(s, 1000);
	muc_live(u, MUC_ANN, "1", "1");
}

/* S2X-22: a service that throws him out only now, for what came back from his
 * address while stoxd was dead, as ejabberd does: he comes again. */
static void test_bounced(void **state)
{
	struct scene *s = *state;
	static struct muc_user u;

	joined_and_heard(&u, s);
	ro_returns(&u, "");
	muc_past(&u, MUC_ANN, "1", "1");
	muc_past(&u, MUC_ANN, "2", "2");
	muc_gone(&u, "Ro", MUC_NO_ROLE MUC_SELF);
	muc_heard(&u, "Ann: 2 (delayed)\n");
	scene_run(s, 5000);
	muc_has(&u, muc_take(&u, MUC_OWN), "<history since='");
	come_in(&u);
	muc_past(&u, MUC_ANN, "1", "1");
	muc_past(&u, MUC_ANN, "2", "2");
	muc_past(&u, MUC_ANN, "3", "3");
	muc_subject(&u, "tea");
	muc_heard(&u, "Ann: 3 (delayed)\nsubject 'tea' by Ann (delayed)\n");
	muc_user_done(&u);
}

/* The history does not reach back, and there is no archive. */
static void test_gap(void **state)
{
	struct scene *s = *state;
	static struct muc_user u;

	joined_and_heard(&u, s);
	ro_returns(&u, "");
	muc_past(&u, MUC_ANN, "9", "9");
	muc_past(&u, MUC_ANN, "10", "10");
	muc_subject(&u, "tea");
	muc_heard(&u, GAP "Ann: 9 (delayed)\nAnn: 10 (delayed)\n"
			  "subject 'tea' by Ann (delayed)\n");
	muc_user_done(&u);
}

/* XEP-0313: there is one. */
static void test_archive(void **state)
{
	struct scene *s = *state;
	static struct muc_user u;
	const struct xnode *n;

	joined_and_heard(&u, s);
	ro_returns(&u, "<feature var='" NS_MAM "'/>");
	muc_past(&u, MUC_ANN, "3", "3");
	muc_subject(&u, "tea");
	n = muc_take(&u, MUC_ROOM);
	/* since the last that was heard, less what clocks may differ */
	muc_has(&u, n, "<value>2026-10-14T17:46:31.000Z</value>");
	for (int i = 1; i <= 3; i++)
		muc_says(&u, "message", MUC_ROOM,
			 "><result xmlns='" NS_MAM "' queryid='%s' id='s-%d'>"
			 "<forwarded xmlns='urn:xmpp:forward:0'>"
			 "<delay xmlns='" NS_DELAY
			 "' stamp='2026-10-14T17:46:42Z'/>"
			 "<message xmlns='" NS_CLIENT
			 "' type='groupchat' from='" MUC_ANN "' id='%d'>"
			 "<body>%d</body></message></forwarded></result>",
			 u.last, i, i, i);
	muc_says(&u, "iq", MUC_ROOM,
		 "type='result' id='%s'><fin xmlns='" NS_MAM
		 "' complete='true'/>",
		 u.last);
	muc_heard(&u, "subject 'tea' by Ann (delayed)\n"
		      "Ann: 2 (delayed)\nAnn: 3 (delayed)\n");
	muc_user_done(&u);
}

static void make_unreadable(struct scene *s)
{
	struct scene_kept *k;

	TAILQ_FOREACH (k, &s->kept, link)
		if (k->kind == KEPT_HEARD) {
			blob_unref(k->value);
			k->value = blob_new(STR("1;x"));
		}
}

/* What was heard is not known, or of no use: he is told that. */
static void test_nothing_kept(void **state)
{
	struct scene *s = *state;
	static struct muc_user u;

	muc_join(&u, s, MUC_RO);
	muc_live(&u, MUC_ANN, "1", "1");
	scene_kill(s);
	make_unreadable(s);
	scene_start(s, NULL, 0);
	assert_int_equal(scene_kept_count(s, KEPT_HEARD), 0);
	call_back(&u, "Ro", SCENE_START_WALL);
	muc_answer_info(&u, "");
	muc_has(&u, muc_take(&u, MUC_OWN), "<history maxchars='0'/>");
	muc_present(&u, "Ann", "moderator", "");
	muc_present(&u, "Ro", "participant", MUC_SELF);
	muc_subject(&u, "tea");
	muc_heard(&u, "joined Ro\n" GAP "subject 'tea' by Ann (delayed)\n");
	muc_user_done(&u);
}

/* A busy room is written five times a second, a quiet one when it speaks. */
static void test_writes(void **state)
{
	struct scene *s = *state;
	static struct muc_user u;
	size_t before;
	char id[16];

	muc_join(&u, s, MUC_RO);
	scene_run(s, 1000);
	before = s->n_kept_writes;
	for (int i = 0; i < 1000; i++) {
		snprintf(id, sizeof(id), "%d", i);
		muc_live(&u, MUC_ANN, id, id);
		scene_run(s, 10);
		if (i == 0)
			assert_int_equal(s->n_kept_writes, before + 1);
	}
	assert_in_range(s->n_kept_writes - before, 50, 51);
	scene_run(s, 1000);
	before = s->n_kept_writes;
	scene_run(s, 60000);
	assert_int_equal(s->n_kept_writes, before);
	fake_seat_heard(&u.seat);
	ro_returns(&u, "");
	for (int i = 0; i <= 1000; i++) {
		snprintf(id, sizeof(id), "%d", i);
		muc_past(&u, MUC_ANN, id, id);
	}
	muc_heard(&u, "Ann: 1000 (delayed)\n");
	muc_user_done(&u);
}

/* Nobody comes back to the room: what is kept of it goes. So it does at a clean
 * end. */
static void test_forgotten(void **state)
{
	struct scene *s = *state;
	static struct muc_user u;

	muc_join(&u, s, MUC_RO);
	die(s);
	scene_run(s, 59999);
	assert_int_equal(scene_kept_count(s, KEPT_HEARD), 1);
	scene_run(s, 1);
	assert_int_equal(scene_kept_count(s, KEPT_HEARD), 0);
	muc_user_done(&u);
	muc_join(&u, s, MUC_RO);
	assert_int_equal(scene_kept_count(s, KEPT_HEARD), 1);
	core_shutdown(&s->core);
	assert_int_equal(scene_kept_count(s, KEPT_HEARD), 0);
	muc_user_done(&u);
}

static const char *kept_nick(struct scene *s)
{
	struct scene_kept *k;
	struct kept_call c;

	TAILQ_FOREACH (k, &s->kept, link)
		if (k->kind == KEPT_CALL &&
		    kept_call_read(blob_str(k->value), &c) == 0)
			return arena_printf(s->arena, "%.*s", STR_ARG(c.nick))
			    .p;
	return "";
}

/* SEED0-4: as his SIP client has it: what was said waits for his session. */
static void test_session(void **state)
{
	struct scene *s = *state;
	static struct guest g;
	uint64_t dlg;

	guest_joins(&g, s);
	dlg = g.sip.dlg;
	muc_subject(&g.muc, "tea");
	scene_run(s, 1000);
	muc_live(&g.muc, MUC_ANN, "1", "one");
	assert_true(has(msrp_cpim(&g.sip), "one"));
	scene_kill(s);
	scene_run(s, 10000);
	scene_start(s, &dlg, 1);
	assert_string_equal(kept_nick(s), "ro"); /* should it die again */
	muc_answer_info(&g.muc, "");
	muc_has(&g.muc, muc_take(&g.muc, MUC_ROOM "/ro"), "<history since='");
	muc_present(&g.muc, "Ann", "moderator", "");
	muc_present(&g.muc, "ro", "participant", MUC_SELF);
	muc_past(&g.muc, MUC_ANN, "1", "one");
	muc_past(&g.muc, MUC_ANN, "2", "two");
	muc_subject(&g.muc, "tea");
	muc_live(&g.muc, MUC_ANN, "3", "three");
	come_back(&g.sip);
	assert_true(has(msrp_cpim(&g.sip), "two"));
	assert_true(has(msrp_cpim(&g.sip), "three"));
	assert_int_equal(msrp_take(&g.sip).n, 0);
	guest_done(&g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    MUC_TEST(test_each_once),  MUC_TEST(test_silent_before),
	    MUC_TEST(test_one_of_two), MUC_TEST(test_gap),
	    MUC_TEST(test_archive),    MUC_TEST(test_nothing_kept),
	    MUC_TEST(test_writes),     MUC_TEST(test_forgotten),
	    MUC_TEST(test_session),    MUC_TEST(test_bounced),
	};

	return cmocka_run_group_tests_name("muc_killed", tests, NULL, NULL);
}
