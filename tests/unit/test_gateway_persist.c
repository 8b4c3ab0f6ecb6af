/* What of a room comes back: everything that it says of itself. */
#include "conference_stage.h"

#include <limits.h>
#include <stdio.h>

#include "gateway/persist.h"
#include "gateway/store.h"
#include "tests/lib/folder.h"

/* A stage whose rooms are kept. */
struct kept {
	struct stage *stage;
	char dir[64], why[256];
	struct store *store;
	struct persist *persist;
	bool ours; /* is the room's domain one of the configuration? */
};

static bool policy_of(void *user, struct str room, struct room_policy *out)
{
	struct kept *k = user;

	(void)room;
	if (k->ours)
		*out = k->stage->policy;
	return k->ours;
}

static void begin(struct kept *k)
{
	assert_int_equal(store_open(k->dir, k->stage->loop, &k->store, k->why),
			 0);
	k->persist = persist_new(&(struct persist_cfg){
	    .loop = k->stage->loop,
	    .store = k->store,
	    .rooms = k->stage->rooms,
	    .policy = policy_of,
	    .user = k,
	});
}

static void end(struct kept *k)
{
	loop_settle(k->stage->loop);
	persist_stop(k->persist);
	rooms_shutdown(k->stage->rooms);
	store_close(k->store);
}

/* The next process, which knows nothing but what is in the store. */
static void next(struct kept *k)
{
	struct room_policy policy = k->stage->policy;
	uint64_t wall_ms = k->stage->wall_ms;

	end(k);
	persist_free(k->persist);
	stage_down((void **)&k->stage);
	stage_up((void **)&k->stage);
	k->stage->policy = policy;
	k->stage->wall_ms = wall_ms;
	begin(k);
}

static int setup(void **state)
{
	struct kept *k = calloc(1, sizeof(*k));

	strcpy(k->dir, "/tmp/stox-persist.XXXXXX");
	assert_non_null(mkdtemp(k->dir));
	k->ours = true;
	stage_up((void **)&k->stage);
	begin(k);
	*state = k;
	return 0;
}

static int teardown(void **state)
{
	struct kept *k = *state;

	end(k);
	persist_free(k->persist);
	stage_down((void **)&k->stage);
	folder_remove(k->dir);
	free(k);
	return 0;
}

static struct room *tea(struct kept *k)
{
	return rooms_find(k->stage->rooms, ROOM);
}

static void enter_ann(struct kept *k)
{
	assert_int_equal(enter(k->stage, 0, xmpp_join("ann@x", "Ann")),
			 REASON_OK);
}

/* SEED0-2: policy. Each setting differs from the configuration's. */
static void test_settings(void **state)
{
	struct kept *k = *state;
	struct str words[] = {STR("root"), STR("the boss")};
	struct room_policy want = {
	    .persistent = true,
	    .public = true,
	    .private_messages = false,
	    .nicknames = false,
	    .moderated = true,
	    .members_only = true,
	    .one_device = true,
	    .end_with_owner = true,
	    .subject_by_moderators = true,
	    .nicks_of_domain = true,
	    .non_anonymous = true,
	    .logged = true,
	    .invites = true,
	    .private_role = ROLE_MODERATOR,
	    .max_occupants = 77,
	    .history = SIZE_MAX,
	    .history_bytes = 5000,
	    .lock_ms = 1234,
	    .quarantine_ms = UINT_MAX,
	    .title = STR("T\xc3\xa9 & <milk>"),
	    .description = STR("What it is for"),
	    .language = STR("en"),
	    .password = STR("sesame"),
	    .reserved_nicks = words,
	    .n_reserved_nicks = 2,
	};
	const struct room_policy *p;

	enter_ann(k);
	command(k->stage, 0,
		(struct seat_cmd){SEAT_CONFIGURE, .policy = &want});
	next(k);
	p = room_policy(tea(k));
	assert_true(p->persistent && p->public && p->moderated);
	assert_false(p->private_messages || p->nicknames);
	assert_true(p->members_only && p->one_device && p->end_with_owner);
	assert_true(p->subject_by_moderators && p->nicks_of_domain);
	assert_true(p->non_anonymous && p->logged && p->invites);
	assert_int_equal(p->private_role, ROLE_MODERATOR);
	assert_true(str_eq(p->description, want.description));
	assert_true(str_eq(p->language, want.language));
	assert_int_equal(p->max_occupants, 77);
	assert_true(p->history == SIZE_MAX);
	assert_int_equal(p->history_bytes, 5000);
	assert_int_equal(p->lock_ms, 1234);
	assert_int_equal(p->quarantine_ms, UINT_MAX);
	assert_true(str_eq(p->title, want.title));
	assert_true(str_eq(p->password, want.password));
	assert_int_equal(p->n_reserved_nicks, 2);
	assert_true(str_eq(p->reserved_nicks[1], STR("the boss")));
}

/* A room that nobody has configured follows the configuration. */
static void test_settings_of_the_file(void **state)
{
	struct kept *k = *state;

	enter_ann(k);
	k->stage->policy.max_occupants = 5;
	next(k);
	assert_int_equal(room_policy(tea(k))->max_occupants, 5);
}

static void test_lock(void **state)
{
	struct kept *k = *state;
	struct seat_join join = xmpp_join("ann@x", "Ann");
	struct room_info info;

	join.wants_lock = true;
	assert_int_equal(enter(k->stage, 0, join), REASON_OK);
	next(k);
	room_info(tea(k), &info);
	assert_true(info.locked);
	command(k->stage, 0, (struct seat_cmd){.type = SEAT_UNLOCK});
}

static void test_subject_and_owner(void **state)
{
	struct kept *k = *state;
	struct room_state st;

	enter_ann(k);
	command(k->stage, 0,
		(struct seat_cmd){SEAT_SUBJECT, .text = STR("tea")});
	next(k);
	assert_int_equal(room_state(tea(k), NULL, &st), 0);
	assert_true(str_eq(st.owner, STR("ann@x")));
	assert_true(str_eq(st.subject.text, STR("tea")));
	assert_true(str_eq(st.subject.nick, STR("Ann")));
	assert_int_equal(st.subject.time_ms, 1700000000000);
	enter_ann(k);
	heard(k->stage, 0, "joined Ann\nsubject 'tea' by Ann (delayed)\n");
}

/* SEED0-2: nicknames, with the list that they are on. */
static void test_reserved_nickname(void **state)
{
	struct kept *k = *state;

	enter_ann(k);
	assert_int_equal(room_set_affiliation(tea(k), STR("ben@x"), AFF_MEMBER,
					      STR("Benny"), STR("friend")),
			 REASON_OK);
	assert_int_equal(room_set_affiliation(tea(k), STR("@evil.example"),
					      AFF_OUTCAST, STR_NONE, STR_NONE),
			 REASON_OK);
	next(k);
	assert_int_equal(enter(k->stage, 1, xmpp_join("tom@x", "benny")),
			 REASON_NICK_TAKEN);
	assert_int_equal(enter(k->stage, 1, xmpp_join("ben@x", "Benny")),
			 REASON_OK);
	assert_int_equal(who(k->stage, "Benny")->affiliation, AFF_MEMBER);
	assert_int_equal(enter(k->stage, 2, xmpp_join("a@evil.example", "A")),
			 REASON_BANNED);
}

static void add_part(struct message *m, const char *type, const char *language,
		     const char *body)
{
	assert_int_equal(
	    message_add_part(m, str_z(type), str_z(language), str_z(body)), 0);
}

/* Every word of a message, and an empty one. */
static void test_message(void **state)
{
	struct kept *k = *state;
	struct message *m = message_new(4096);

	enter_ann(k);
	add_part(m, "text/plain", "en", "hello");
	add_part(m, "text/html", "", "<p>hello</p>");
	m->client_id = STR("c1");
	m->language = STR("en");
	m->has_subject = true;
	m->subject = STR("");
	m->form[WORLD_XMPP] = blob_new(STR("<body>hello</body>"));
	m->form_type[WORLD_XMPP] = STR("groupchat");
	command(k->stage, 0, (struct seat_cmd){SEAT_SAY, .msg = m});
	message_unref(m);
	say(k->stage, 0, 0, "");
	next(k);
	enter_ann(k);
	heard(k->stage, 0,
	      "joined Ann\nAnn: hello <p>hello</p> (delayed)\nAnn:  (delayed)\n"
	      "subject '' by  (delayed)\n");
	assert_int_equal(room_history_first(tea(k)), 1);
}

/* A domain that the file does not have for now: its rooms are not there, and
 * are when it has it again. */
static void test_domain_away(void **state)
{
	struct kept *k = *state;

	enter_ann(k);
	say(k->stage, 0, 0, "one");
	k->ours = false;
	next(k);
	assert_null(tea(k));
	k->ours = true;
	next(k);
	assert_non_null(tea(k));
	assert_int_equal(room_history_first(tea(k)), 1);
}

/* What waits for a slow disk is bounded: history gives way first, and the log
 * says so. */
static void test_slow_disk(void **state)
{
	struct kept *k = *state;
	struct store_stats st;

	enter_ann(k);
	store_limit(k->store, 20000);
	for (int i = 0; i < 1000; i++)
		say(k->stage, 0, 0, "many of them wait for the disk");
	store_stats(k->store, &st);
	assert_true(st.dropped > 0);
	assert_true(st.waiting <= 20000 + 4096);
	command(k->stage, 0,
		(struct seat_cmd){SEAT_SUBJECT, .text = STR("tea")});
	next(k); /* the room is whole, less the messages that were dropped */
	enter_ann(k);
	assert_non_null(strstr(fake_seat_heard(&k->stage->seat[0]),
			       "subject 'tea' by Ann (delayed)"));
}

#define KEPT_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    KEPT_TEST(test_settings),
	    KEPT_TEST(test_settings_of_the_file),
	    KEPT_TEST(test_lock),
	    KEPT_TEST(test_subject_and_owner),
	    KEPT_TEST(test_reserved_nickname),
	    KEPT_TEST(test_message),
	    KEPT_TEST(test_domain_away),
	    KEPT_TEST(test_slow_disk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
