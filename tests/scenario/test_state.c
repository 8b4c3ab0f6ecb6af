/* Rooms that outlive the process: what those see who come after a restart. */
#include "scene.h"

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#include "gateway/store.h"

#define ROOM "sip:r@chat.test"
#define ANNA "anna@x.test/pc"
#define BEN  "ben@x.test/phone"

static struct scene *start(const char *keys)
{
	char config[512];

	snprintf(config, sizeof(config),
		 "domain \"chat.test\" { secret = \"x\" rooms = local "
		 "lock = no notify-interval = 0 %s }\n",
		 keys);
	return scene_new_stored(config);
}

static int setup(void **state)
{
	*state = start("persistent = yes history = 3");
	return 0;
}

static int setup_ad_hoc(void **state)
{
	*state = start("");
	return 0;
}

static void restart(struct scene *s)
{
	scene_kill(s);
	scene_start(s, NULL, 0);
}

/* What a message is to its reader, in one line. */
static struct str seen(struct scene *s, const struct xnode *m)
{
	return arena_printf(
	    s->arena, "%.*s|%.*s|%.*s|%s|%s|%.*s|%.*s|%.*s",
	    STR_ARG(x_attr(m, "from")), STR_ARG(x_attr(m, "type")),
	    STR_ARG(x_attr(m, "id")), xmpp_text(s, m, "body"),
	    xmpp_text(s, m, "subject"),
	    STR_ARG(x_attr(x_child(m, "stanza-id", NS_SID), "id")),
	    STR_ARG(x_attr(x_child(m, "delay", NS_DELAY), "stamp")),
	    STR_ARG(x_attr(x_child(m, "occupant-id", NS_OCCUPANT), "id")));
}

/* All messages that a join brings, the subject last. */
static struct str join_and_read(struct scene *s, const char *jid,
				const char *nick)
{
	struct buf all = BUF_INIT(1u << 20);
	struct str text;

	xmpp_put(s,
		 "<presence from='%s' to='r@chat.test/%s'><x xmlns='" NS_MUC
		 "'/></presence>",
		 jid, nick);
	while (!xmpp_none(s, jid)) {
		const struct xnode *x = xmpp_take(s, jid);

		if (!x_is(x, "message", NS_CLIENT))
			continue;
		buf_add(&all, seen(s, x));
		buf_addc(&all, '\n');
	}
	text = arena_dup(s->arena, buf_str(&all));
	buf_done(&all);
	xmpp_put(s,
		 "<presence from='%s' to='r@chat.test/%s' "
		 "type='unavailable'/>",
		 jid, nick);
	xmpp_drop(s);
	return text;
}

/* The CPIM entities that a SIP user gets on joining. */
static struct str call_and_read(struct scene *s, const char *name)
{
	struct buf all = BUF_INIT(1u << 20);
	struct sip_user u;
	struct str text, frame;

	sip_user_join(&u, s, name, ROOM, "a=chatroom\r\n");
	while ((frame = msrp_take(&u)).n) {
		ptrdiff_t at = str_search(frame, STR("\r\n\r\n"));

		/* less the frame's end line, whose id is a new one each time */
		frame = str_from(frame, (size_t)at);
		frame.n = (size_t)str_search(frame, STR("\r\n-------"));
		buf_add(&all, frame);
	}
	text = arena_dup(s->arena, buf_str(&all));
	buf_done(&all);
	sip_user_bye(&u);
	sip_user_done(&u);
	return text;
}

static void say_both(struct scene *s, struct sip_user *alice)
{
	xmpp_put(s,
		 "<message from='" ANNA "' to='r@chat.test' type='groupchat'>"
		 "<subject>Tea &amp; milk</subject></message>");
	assert_int_equal(msrp_say(alice, ROOM, "first, soon forgotten"), 200);
	assert_int_equal(msrp_say(alice, ROOM, "from <alice> & \xc3\xa4"), 200);
	scene_run(s, 3000);
	xmpp_put(s, "<message from='" ANNA
		    "' to='r@chat.test' type='groupchat' id='a1' "
		    "xml:lang='de'><body>von anna</body>"
		    "<x xmlns='urn:x'>kept</x></message>");
	xmpp_put(s, "<message from='" ANNA
		    "' to='r@chat.test' type='groupchat' id='a2'>"
		    "<body>last</body></message>");
	scene_run(s, 3000);
}

/* SEED0-2, SEED0-6: a static room stands after a restart, with its subject, and
 * whoever joins gets the same history, on both sides, as he would have before:
 * ids, times, authors, octets. */
static void test_room_comes_back(void **state)
{
	struct scene *s = *state;
	struct str xmpp, sip;
	struct sip_user alice;

	sip_user_join(&alice, s, "alice", ROOM, "a=chatroom\r\n");
	xmpp_join(s, ANNA, "anna");
	say_both(s, &alice);
	xmpp = join_and_read(s, BEN, "ben");
	sip = call_and_read(s, "bob");
	assert_true(has(xmpp, "from <alice> & \xc3\xa4"));
	assert_true(has(xmpp, "von anna"));
	assert_true(has(xmpp, "Tea & milk"));
	assert_false(has(xmpp, "forgotten"));
	assert_true(has(sip, "from <alice> & \xc3\xa4"));
	assert_true(has(sip, "von anna"));
	assert_true(has(sip, "DateTime: "));
	sip_user_done(&alice);
	for (int i = 0; i < 2; i++) {
		struct str again;

		restart(s);
		scene_run(s, 3600000);
		again = join_and_read(s, BEN, "ben");
		assert_string_equal(again.p, xmpp.p);
		again = call_and_read(s, "bob");
		assert_string_equal(again.p, sip.p);
	}
}

static int count_rows(struct scene *s, const char *sql)
{
	char path[128];
	sqlite3_stmt *st;
	sqlite3 *db;
	int n;

	snprintf(path, sizeof(path), "%s/" STORE_FILE, s->state_dir);
	store_flush(s->store);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &st, NULL), 0);
	assert_int_equal(sqlite3_step(st), SQLITE_ROW);
	n = sqlite3_column_int(st, 0);
	sqlite3_finalize(st);
	sqlite3_close(db);
	return n;
}

/* The database forgets what the room forgets, and new messages have later
 * serials than the old ones. */
static void test_history_is_trimmed(void **state)
{
	struct scene *s = *state;
	struct sip_user alice;

	sip_user_join(&alice, s, "alice", ROOM, "a=chatroom\r\n");
	for (int i = 0; i < 10; i++)
		msrp_say(&alice, ROOM, "x");
	assert_int_equal(count_rows(s, "SELECT count(*) FROM history"), 3);
	assert_int_equal(count_rows(s, "SELECT count(*) FROM parts"), 3);
	assert_int_equal(count_rows(s, "SELECT min(serial) FROM history"), 8);
	sip_user_done(&alice);
	restart(s);
	sip_user_join(&alice, s, "alice", ROOM, "a=chatroom\r\n");
	while (msrp_take(&alice).n)
		;
	msrp_say(&alice, ROOM, "y");
	assert_int_equal(count_rows(s, "SELECT count(*) FROM history"), 3);
	assert_int_equal(count_rows(s, "SELECT max(serial) FROM history"), 11);
	sip_user_done(&alice);
}

static void set_affiliation(struct scene *s, const char *user,
			    enum affiliation a)
{
	struct room *r = rooms_find(s->core.rooms, STR("r@chat.test"));

	assert_int_equal(
	    room_set_affiliation(r, str_z(user), a, STR_NONE, STR("why")),
	    REASON_OK);
}

static struct str affiliation_in(const struct xnode *presence)
{
	const struct xnode *x = x_child(presence, "x", NS_MUC_USER);

	return x_attr(x_child(x, "item", NULL), "affiliation");
}

static const struct xnode *try_join(struct scene *s, const char *jid,
				    const char *nick)
{
	xmpp_put(s,
		 "<presence from='%s' to='r@chat.test/%s'><x xmlns='" NS_MUC
		 "'/></presence>",
		 jid, nick);
	return xmpp_take(s, jid);
}

/* SEED0-2: policy */
static void test_affiliations_come_back(void **state)
{
	struct scene *s = *state;
	const struct xnode *p;

	xmpp_join(s, ANNA, "anna");
	set_affiliation(s, "ben@x.test", AFF_OUTCAST);
	set_affiliation(s, "mia@x.test", AFF_OUTCAST);
	set_affiliation(s, "mia@x.test", AFF_NONE);
	set_affiliation(s, "zoe@x.test", AFF_ADMIN);
	restart(s);
	p = try_join(s, BEN, "ben");
	assert_true(str_eq(x_attr(p, "type"), STR("error")));
	assert_non_null(
	    x_child(x_child(p, "error", NULL), "forbidden", NS_STANZAS));
	p = try_join(s, ANNA, "anna"); /* the owner by making the room */
	assert_true(str_eq(affiliation_in(p), STR("owner")));
	p = try_join(s, "mia@x.test/m", "mia");
	assert_true(str_eq(affiliation_in(p), STR("owner"))); /* of anna */
	p = xmpp_take(s, "mia@x.test/m");
	assert_true(str_eq(affiliation_in(p), STR("none")));
	xmpp_drop(s);
	try_join(s, "zoe@x.test/z", "zoe");
	xmpp_take(s, "zoe@x.test/z");
	p = xmpp_take(s, "zoe@x.test/z");
	assert_true(str_eq(affiliation_in(p), STR("admin")));
}

static bool is_there(struct scene *s)
{
	return rooms_find(s->core.rooms, STR("r@chat.test")) != NULL;
}

/* SEED0-6: an ad-hoc room waits a minute for its people. */
static void test_ad_hoc_room(void **state)
{
	struct scene *s = *state;

	xmpp_join(s, ANNA, "anna");
	restart(s);
	assert_true(is_there(s));
	scene_run(s, 59000);
	assert_true(is_there(s));
	scene_run(s, 2000);
	assert_false(is_there(s));
	/* and is gone for good */
	restart(s);
	assert_false(is_there(s));
	assert_int_equal(count_rows(s, "SELECT count(*) FROM rooms"), 0);
	assert_int_equal(count_rows(s, "SELECT count(*) FROM affiliations"), 0);
}

static void test_ad_hoc_room_with_people(void **state)
{
	struct scene *s = *state;

	xmpp_join(s, ANNA, "anna");
	restart(s);
	xmpp_join(s, ANNA, "anna");
	scene_run(s, 61000);
	assert_true(is_there(s));
	xmpp_put(s, "<presence from='" ANNA
		    "' to='r@chat.test/anna' type='unavailable'/>");
	assert_false(is_there(s));
	assert_int_equal(count_rows(s, "SELECT count(*) FROM rooms"), 0);
}

/* A clean end tells everybody that the service goes, and ends no room. */
static void test_shutdown_keeps_rooms(void **state)
{
	struct scene *s = *state;
	struct sip_user alice;

	sip_user_join(&alice, s, "alice", ROOM, "a=chatroom\r\n");
	xmpp_join(s, ANNA, "anna");
	msrp_say(&alice, ROOM, "before");
	core_shutdown(&s->core);
	scene_run(s, 1000);
	restart(s);
	assert_true(is_there(s));
	assert_true(has(join_and_read(s, BEN, "ben"), "before"));
	/* who was let go by the service is not kept from his nickname */
	xmpp_join(s, "tom@x.test/t", "anna");
	sip_user_done(&alice);
}

/* CHAT-49, SEED0-2: a nickname stays in quarantine over a restart, and no
 * longer than it would have. */
static void test_quarantine_comes_back(void **state)
{
	struct scene *s = *state;
	const struct xnode *p;

	xmpp_join(s, ANNA, "anna");
	xmpp_join(s, BEN, "ben");
	xmpp_put(s, "<presence from='" BEN
		    "' to='r@chat.test/ben' type='unavailable'/>");
	restart(s);
	xmpp_drop(s);
	p = try_join(s, "tom@x.test/t", "ben");
	assert_true(str_eq(x_attr(p, "type"), STR("error")));
	assert_non_null(
	    x_child(x_child(p, "error", NULL), "conflict", NS_STANZAS));
	scene_run(s, 61000);
	xmpp_join(s, "tom@x.test/t", "ben");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_room_comes_back, setup,
					    scene_teardown),
	    cmocka_unit_test_setup_teardown(test_history_is_trimmed, setup,
					    scene_teardown),
	    cmocka_unit_test_setup_teardown(test_affiliations_come_back, setup,
					    scene_teardown),
	    cmocka_unit_test_setup_teardown(test_ad_hoc_room, setup_ad_hoc,
					    scene_teardown),
	    cmocka_unit_test_setup_teardown(test_ad_hoc_room_with_people,
					    setup_ad_hoc, scene_teardown),
	    cmocka_unit_test_setup_teardown(test_shutdown_keeps_rooms,
					    setup_ad_hoc, scene_teardown),
	    cmocka_unit_test_setup_teardown(test_quarantine_comes_back, setup,
					    scene_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
