/* Two cores in a row: the first is killed, the second finds what it kept. */
#include "restart.h"

#include "heard.h"
#include "tests/lib/confinfo_whole.h"

#define ROOM "sip:r@chat.test"

static int setup(void **state)
{
	*state = scene_new("domain \"chat.test\" { secret = \"x\" rooms = "
			   "local lock = no }\n");
	return 0;
}

static struct port_msg subscribe(struct scene *s, uint64_t dlg, bool first,
				 int64_t expires)
{
	struct port_msg m = port_msg(PORT_REQUEST);

	m.dlg = dlg;
	m.req = ++s->ids;
	m.new_dialog = first;
	m.expires = expires;
	m.f[PORT_F_METHOD] = STR("SUBSCRIBE");
	m.f[PORT_F_RURI] = STR(ROOM);
	m.f[PORT_F_FROM] = STR("<sip:watcher@sip.test>;tag=1");
	m.f[PORT_F_TO] = STR("<" ROOM ">");
	m.f[PORT_F_CONTACT] = STR("sip:watcher@10.0.0.5");
	m.f[PORT_F_PEER] = STR("127.0.0.1:5099");
	m.f[PORT_F_EVENT] = STR("conference;id=w7");
	scene_sip_event(s, &m);
	return scene_sip(s, PORT_ANSWER, NULL);
}

static struct confinfo_doc notified(struct scene *s, struct port_msg *m)
{
	struct confinfo_doc doc;

	*m = scene_sip(s, PORT_SEND, "NOTIFY");
	assert_int_equal(confinfo_parse(m->f[PORT_F_BODY], s->arena, &doc), 0);
	scene_sip_response(s, m, 200);
	return doc;
}

/* SEED0-2, SEED0-4, V-SEED0-2: a re-INVITE per dialog with a new session-id;
 * SEND to the old one gets 481; who answers and connects goes on under his
 * nickname. */
static void test_back_in_the_room(void **state)
{
	struct scene *s = *state;
	struct sip_user a, b;
	struct str old;
	uint64_t dlg[2];

	sip_user_join(&a, s, "alice", ROOM, "a=chatroom\r\n");
	sip_user_join(&b, s, "bob", ROOM, "a=chatroom\r\n");
	assert_int_equal(msrp_nickname(&a, "\"Queen\""), 200);
	assert_int_equal(scene_kept_count(s, KEPT_CALL), 2);
	old = a.path;
	dlg[0] = a.dlg;
	dlg[1] = b.dlg;
	scene_kill(s);
	scene_start(s, dlg, 2);
	/* the old session */
	sip_user_connect(&a);
	msrp_request(&a, "SEND", "Message-ID: x\r\nByte-Range: 1-0/0\r\n");
	assert_int_equal(msrp_status(&a), 481);
	while (scene_sip_none(s, PORT_SEND, "INVITE") == false) {
		struct port_msg m = scene_sip(s, PORT_SEND, "INVITE");
		struct sip_user *u = m.dlg == a.dlg ? &a : &b;

		u->path = path_of(m.f[PORT_F_BODY]);
		assert_false(str_eq(u->path, old));
		assert_true(has(m.f[PORT_F_HEADERS], "Session-Expires: 1800"));
		snprintf(u->own_path, sizeof(u->own_path),
			 "msrp://10.0.0.5:9/%s2;tcp", u->name);
		respond(u, &m, 200, sip_user_offer(u, "a=chatroom\r\n"));
	}
	bind_again(&b);
	/* what is said before he is there waits for him */
	assert_int_equal(msrp_say(&b, ROOM, "welcome back"), 200);
	bind_again(&a);
	assert_true(has(msrp_cpim(&a), "welcome back"));
	assert_int_equal(msrp_take(&a).n, 0); /* no history, no welcome */
	scene_run(s, 60000);
	assert_true(scene_sip_none(s, PORT_SEND, "BYE"));
	/* the nickname is his and taken */
	assert_int_equal(msrp_nickname(&b, "\"Queen\""), 425);
	sip_user_bye(&a);
	sip_user_bye(&b);
	assert_int_equal(scene_kept_count(s, KEPT_CALL), 0);
	sip_user_done(&a);
	sip_user_done(&b);
}

/* SEED0-4: refused, unanswered, or without a session for 32 s: BYE, and the
 * others see him go. */
static void test_not_back(void **state)
{
	static const char *const names[] = {"alice", "bob", "carol"};
	struct scene *s = *state;
	struct sip_user u[3];
	struct port_msg m[3];
	uint64_t dlg[3];

	for (size_t i = 0; i < 3; i++) {
		sip_user_join(&u[i], s, names[i], ROOM, "a=chatroom\r\n");
		dlg[i] = u[i].dlg;
	}
	scene_kill(s);
	scene_start(s, dlg, 3);
	for (size_t i = 0; i < 3; i++)
		m[i] = scene_sip(s, PORT_SEND, "INVITE");
	for (size_t i = 0; i < 3; i++)
		if (m[i].dlg == dlg[0]) {
			respond(&u[0], &m[i], 488, STR_NONE);
			m[i] = scene_sip(s, PORT_SEND, "BYE");
			assert_true(m[i].dlg == dlg[0]);
		} else if (m[i].dlg == dlg[1]) {
			respond(&u[1], &m[i], 200,
				sip_user_offer(&u[1], "a=chatroom\r\n"));
		}
	scene_run(s, 31000);
	assert_true(scene_sip_none(s, PORT_SEND, "BYE"));
	assert_int_equal(scene_kept_count(s, KEPT_CALL), 2);
	scene_run(s, 1100);
	scene_sip(s, PORT_SEND, "BYE");
	scene_sip(s, PORT_SEND, "BYE");
	assert_int_equal(scene_kept_count(s, KEPT_CALL), 0);
	assert_int_equal(rooms_count(s->core.rooms), 0);
	for (size_t i = 0; i < 3; i++)
		sip_user_done(&u[i]);
}

/* SEED0-4: glare, 481, and a peer who renews by himself. */
static void test_other_ways_back(void **state)
{
	struct scene *s = *state;
	struct sip_user a, b;
	struct port_msg m;

	sip_user_join(&a, s, "alice", ROOM, "a=chatroom\r\n");
	scene_kill(s);
	scene_start(s, &a.dlg, 1);
	m = take_offer(&a);
	respond(&a, &m, 491, STR_NONE);
	scene_run(s, 2000);
	come_back(&a);
	assert_int_equal(msrp_say(&a, ROOM, "here"), 200);

	sip_user_join(&b, s, "bob", ROOM, "a=chatroom\r\n");
	assert_int_equal(msrp_say(&a, ROOM, "hello"), 200);
	scene_kill(s);
	scene_start(s, (uint64_t[]){a.dlg, b.dlg}, 2);
	for (int i = 0; i < 2; i++) {
		m = scene_sip(s, PORT_SEND, "INVITE");
		if (m.dlg == b.dlg)
			respond(&b, &m, 481, STR_NONE);
		else
			respond(&a, &m, 491, STR_NONE);
	}
	assert_true(scene_sip_none(s, PORT_SEND, "BYE"));
	assert_int_equal(scene_sip(s, PORT_FORGET, NULL).dlg, b.dlg);
	snprintf(a.own_path, sizeof(a.own_path), "msrp://10.0.0.5:9/own;tcp");
	assert_int_equal(
	    sip_user_invite(&a, sip_user_offer(&a, "a=chatroom\r\n")), 200);
	sip_user_ack(&a);
	bind_again(&a);
	scene_run(s, 60000);
	assert_true(scene_sip_none(s, PORT_SEND, "INVITE"));
	assert_true(scene_sip_none(s, PORT_SEND, "BYE"));
	assert_int_equal(msrp_say(&a, ROOM, "by myself"), 200);
	sip_user_done(&a);
	sip_user_done(&b);
}

/* SEED0-4: the peer waits for our connection (setup:passive): its failure, too,
 * ends the call. */
static void test_we_connect(void **state)
{
	struct scene *s = *state;
	struct sip_user a;
	struct port_msg m;
	struct str sdp;

	sip_user_join(&a, s, "alice", ROOM, "a=chatroom\r\n");
	scene_kill(s);
	scene_start(s, &a.dlg, 1);
	m = take_offer(&a);
	sdp = STR("v=0\r\no=- 9 9 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 "
		  "127.0.0.1\r\nt=0 0\r\nm=message 1 TCP/MSRP *\r\n"
		  "a=accept-types:message/cpim\r\n"
		  "a=path:msrp://127.0.0.1:1/a;tcp\r\na=setup:passive\r\n");
	respond(&a, &m, 200, sdp);
	for (int i = 0; i < 50 && scene_sip_none(s, PORT_SEND, "BYE"); i++)
		scene_run(s, 1000);
	scene_sip(s, PORT_SEND, "BYE");
	sip_user_done(&a);
}

/* SEED0-2, SEED0-5, V-SEED0-3: the subscription goes on, full first, above
 * every version that was sent, under its Event id, until its expiry. */
static void test_subscription_goes_on(void **state)
{
	struct scene *s = *state;
	struct confinfo_doc doc;
	struct sip_user a;
	struct port_msg m;
	uint64_t dlg = ++s->ids;
	uint32_t version;

	sip_user_join(&a, s, "alice", ROOM, "a=chatroom\r\n");
	subscribe(s, dlg, true, 600);
	notified(s, &m);
	for (int i = 0; i < 6; i++) {
		assert_int_equal(
		    msrp_nickname(&a, i & 1 ? "\"Odd\"" : "\"Even\""), 200);
		scene_run(s, 5000);
		doc = notified(s, &m);
	}
	version = doc.version;
	assert_int_equal(version, 7);
	scene_run(s, 70000);
	scene_kill(s);
	scene_start(s, (uint64_t[]){dlg, a.dlg}, 2);
	doc = notified(s, &m);
	assert_true(m.dlg == dlg);
	assert_true(doc.version > version);
	assert_int_equal(doc.state, CONFINFO_FULL);
	assert_int_equal(doc.user_count, 1);
	assert_true(has(m.f[PORT_F_BODY], "sip:alice@sip.test"));
	assert_true(has(m.f[PORT_F_BODY], "Odd"));
	assert_true(has(m.f[PORT_F_HEADERS], "conference;id=w7"));
	assert_true(has(m.f[PORT_F_HEADERS], "active;expires=500"));
	version = doc.version;
	come_back(&a);
	sip_user_bye(&a);
	scene_run(s, 5000);
	/* the room went with its last participant */
	doc = notified(s, &m);
	assert_true(doc.version > version);
	assert_true(has(m.f[PORT_F_HEADERS], "reason=noresource"));
	assert_int_equal(scene_kept_count(s, KEPT_SUBSCRIPTION), 0);
	sip_user_done(&a);
}

/* SEED0-2: what a subscription writes does not grow with its documents, and a
 * message writes nothing. */
static void test_few_writes(void **state)
{
	struct scene *s = *state;
	struct sip_user a;
	struct port_msg m;
	size_t writes;

	sip_user_join(&a, s, "alice", ROOM, "a=chatroom\r\n");
	subscribe(s, ++s->ids, true, 3600);
	notified(s, &m);
	writes = s->n_kept_writes;
	for (int i = 0; i < 20; i++)
		assert_int_equal(msrp_say(&a, ROOM, "words"), 200);
	xmpp_join(s, ANN, "Ann");
	for (int i = 0; i < 20; i++) {
		say(s, ANN, "m", "more words");
		xmpp_put(s,
			 "<presence from='" ANN "' to='r@chat.test/Ann'>"
			 "<show>%s</show></presence>",
			 i & 1 ? "away" : "dnd");
		scene_run(s, 5000);
		scene_answer_notifies(s);
	}
	assert_int_equal(s->n_kept_writes, writes + 1); /* Ann herself */
	sip_user_done(&a);
}

/* SEED0-4: one who had not acknowledged yet, and one whose BYE was lost: BYE. A
 * subscription that has expired meanwhile ends without a word. */
static void test_nothing_to_go_on_with(void **state)
{
	struct scene *s = *state;
	struct sip_user a;
	struct port_msg m;
	uint64_t dlg = ++s->ids;

	sip_user_init(&a, s, "alice", ROOM);
	assert_int_equal(sip_user_invite(&a, sip_user_offer(&a, NULL)), 200);
	xmpp_join(s, ANN, "Ann");
	subscribe(s, dlg, true, 60);
	assert_int_equal(scene_kept_count(s, KEPT_CALL), 0);
	scene_kill(s);
	s->mono += 61000;
	s->wall += 61000;
	scene_start(s, (uint64_t[]){a.dlg, dlg}, 2);
	m = scene_sip(s, PORT_SEND, "BYE");
	assert_true(m.dlg == a.dlg);
	assert_true(scene_sip_none(s, PORT_SEND, NULL));
	assert_true(scene_sip(s, PORT_FORGET, NULL).dlg == dlg);
	assert_int_equal(scene_kept_count(s, KEPT_SUBSCRIPTION), 0);
	scene_sip_response(s, &m, 200);
	assert_true(scene_sip(s, PORT_FORGET, NULL).dlg == a.dlg);
	sip_user_done(&a);
}

/* SEED0-2: all devices of a user come back under the name that one of them
 * chose; one that the room derived is no choice even now. */
static void test_names_stay(void **state)
{
	struct scene *s = *state;
	struct confinfo_doc doc;
	struct sip_user a, again, b;
	struct port_msg m;
	uint64_t dlg = ++s->ids;

	sip_user_join(&a, s, "ann", ROOM, "a=chatroom\r\n");
	sip_user_join(&again, s, "ann", ROOM, "a=chatroom\r\n");
	sip_user_join(&b, s, "ben", ROOM, "a=chatroom\r\n");
	assert_int_equal(msrp_nickname(&again, "\"First\""), 200);
	subscribe(s, dlg, true, 600);
	notified(s, &m);
	scene_kill(s);
	scene_start(s, (uint64_t[]){a.dlg, again.dlg, b.dlg, dlg}, 4);
	doc = notified(s, &m);
	assert_int_equal(doc.user_count, 2);
	assert_true(str_eq(doc.users->user.nickname, STR("First")));
	assert_int_equal(doc.users->next->user.nickname.n, 0);
	sip_user_done(&a);
	sip_user_done(&again);
	sip_user_done(&b);
}

/* SEED0-4: 10,000 dialogs are not asked in one turn. */
static void test_paced(void **state)
{
	struct scene *s = *state;
	struct sip_user u[30];
	uint64_t dlg[30];
	char name[30][8];
	size_t n = 0;

	for (size_t i = 0; i < 30; i++) {
		snprintf(name[i], sizeof(name[i]), "u%zu", i);
		sip_user_join(&u[i], s, name[i], ROOM, "a=chatroom\r\n");
		dlg[i] = u[i].dlg;
	}
	scene_kill(s);
	scene_start(s, dlg, 30);
	while (!scene_sip_none(s, PORT_SEND, "INVITE")) {
		scene_sip(s, PORT_SEND, "INVITE");
		n++;
	}
	assert_int_equal(n, 20);
	scene_run(s, 20);
	while (!scene_sip_none(s, PORT_SEND, "INVITE")) {
		scene_sip(s, PORT_SEND, "INVITE");
		n++;
	}
	assert_int_equal(n, 30);
	for (size_t i = 0; i < 30; i++)
		sip_user_done(&u[i]);
}

/* SEED0-4: XMPP occupants are told as soon as the stream is up, unless they
 * have joined before. */
static void test_xmpp_occupants(void **state)
{
	struct scene *s = *state;

	xmpp_join(s, ANN, "Ann");
	xmpp_join(s, BEN, "Ben");
	assert_int_equal(scene_kept_count(s, KEPT_OCCUPANT), 2);
	xmpp_put(s, "<presence from='" ANN "' to='r@chat.test/Queen'/>");
	scene_kill(s);
	scene_start(s, NULL, 0);
	assert_true(xmpp_none(s, ANN));
	join(s, BEN, "Ben");
	heard(s, BEN);
	front_xmpp_link_up(s->core.front_xmpp, STR("chat.test"), false);
	loop_settle(s->loop);
	const struct xnode *p = xmpp_take(s, ANN);
	assert_true(str_eq(x_attr(p, "type"), STR("unavailable")));
	assert_true(str_eq(x_attr(p, "from"), STR("r@chat.test/Queen")));
	assert_true(x_has_status(p, "332"));
	assert_true(x_has_status(p, "110"));
	assert_true(xmpp_none(s, ANN));
	assert_true(xmpp_none(s, BEN));
	assert_int_equal(scene_kept_count(s, KEPT_OCCUPANT), 1);
	xmpp_put(s, "<presence type='unavailable' from='" BEN
		    "' to='r@chat.test/Ben'/>");
	assert_int_equal(scene_kept_count(s, KEPT_OCCUPANT), 0);
}

/* COMP-13: a clean end leaves nothing to restore. */
static void test_clean_end(void **state)
{
	struct scene *s = *state;
	struct sip_user a;

	sip_user_join(&a, s, "alice", ROOM, "a=chatroom\r\n");
	subscribe(s, ++s->ids, true, 600);
	xmpp_join(s, ANN, "Ann");
	core_shutdown(&s->core);
	assert_int_equal(scene_kept_count(s, KEPT_CALL), 0);
	assert_int_equal(scene_kept_count(s, KEPT_SUBSCRIPTION), 0);
	assert_int_equal(scene_kept_count(s, KEPT_OCCUPANT), 0);
	sip_user_done(&a);
}

/* SEED0-7: values that can't be read are dropped, the rest is taken. */
static void test_damaged_values(void **state)
{
	struct scene *s = *state;
	struct sip_user a;
	struct scene_kept *k;

	s->log.level = LOG_ERROR;
	sip_user_join(&a, s, "alice", ROOM, "a=chatroom\r\n");
	xmpp_join(s, ANN, "Ann");
	xmpp_join(s, BEN, "Ben");
	subscribe(s, 77, true, 600); /* whose dialog gets lost */
	TAILQ_FOREACH (k, &s->kept, link)
		if (k->kind == KEPT_CALL ||
		    (k->kind == KEPT_OCCUPANT && strstr(k->key, "ann@"))) {
			blob_unref(k->value);
			k->value = blob_new(STR("1;12:trunc"));
		}
	scene_kill(s);
	scene_start(s, &a.dlg, 1);
	scene_sip(s, PORT_SEND, "BYE");
	front_xmpp_link_up(s->core.front_xmpp, STR("chat.test"), false);
	xmpp_take(s, BEN);
	assert_true(xmpp_none(s, ANN));
	assert_int_equal(scene_kept_count(s, KEPT_CALL), 0);
	assert_int_equal(scene_kept_count(s, KEPT_SUBSCRIPTION), 0);
	assert_int_equal(scene_kept_count(s, KEPT_OCCUPANT), 0);
	sip_user_done(&a);
}

/* SEED0-4: a call that can't be renewed as it was is ended: its description is
 * unusable, its domain no longer served, its user has no name. */
static void test_unusable_calls(void **state)
{
	static const char *const names[] = {"alice", "bob", "carol"};
	struct scene *s = *state;
	struct sip_user u[3];
	uint64_t dlg[3];
	struct scene_kept *k;
	int i = 0;

	for (int n = 0; n < 3; n++) {
		sip_user_join(&u[n], s, names[n], ROOM, "a=chatroom\r\n");
		dlg[n] = u[n].dlg;
	}
	TAILQ_FOREACH (k, &s->kept, link) {
		struct buf b = BUF_INIT(KEPT_BYTES_MAX);
		struct kept_call c;

		assert_int_equal(kept_call_read(blob_str(k->value), &c), 0);
		if (i == 0)
			c.sdp = STR("v=0\r\n");
		else if (i == 1)
			c.room = STR("r@elsewhere.test");
		else
			c.user = STR_NONE;
		i++;
		kept_call_write(&b, &c);
		blob_unref(k->value);
		k->value = blob_new(buf_str(&b));
		buf_done(&b);
	}
	scene_kill(s);
	scene_start(s, dlg, 3);
	for (int n = 0; n < 3; n++)
		scene_sip(s, PORT_SEND, "BYE");
	assert_true(scene_sip_none(s, PORT_SEND, NULL));
	assert_int_equal(scene_kept_count(s, KEPT_CALL), 0);
	for (int n = 0; n < 3; n++)
		sip_user_done(&u[n]);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, scene_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    T(test_back_in_the_room),
	    T(test_not_back),
	    T(test_other_ways_back),
	    T(test_we_connect),
	    T(test_subscription_goes_on),
	    T(test_few_writes),
	    T(test_nothing_to_go_on_with),
	    T(test_names_stay),
	    T(test_paced),
	    T(test_xmpp_occupants),
	    T(test_clean_end),
	    T(test_damaged_values),
	    T(test_unusable_calls),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
