/* The conference event package of a local room. */
#include "watcher.h"

#include <stdio.h>

#define ROOM "sip:r@chat.test"

static int setup(void **state)
{
	*state =
	    scene_new("domain \"chat.test\" { secret = \"x\" rooms = local "
		      "lock = no }\n");
	return 0;
}

struct subscriber {
	struct scene *s;
	uint64_t dlg;
	const char *event, *accept, *agent;
	long expires;
};

static struct port_msg subscribe(struct subscriber *w)
{
	struct port_msg m = watcher_wish(w->s, w->dlg);

	w->dlg = m.dlg;
	m.expires = w->expires;
	m.f[PORT_F_EVENT] = str_z(w->event ? w->event : "conference");
	m.f[PORT_F_ACCEPT] = str_z(w->accept);
	m.f[PORT_F_USER_AGENT] = str_z(w->agent);
	scene_sip_event(w->s, &m);
	return scene_sip(w->s, PORT_ANSWER, NULL);
}

/* V-EVENT-1, EVENT-3, EVENT-5, EVENT-10, EVENT-11, EVENT-16 */
static void test_full_first(void **state)
{
	struct scene *s = *state;
	struct subscriber w = {.s = s, .expires = -1};
	struct confinfo_doc doc;
	struct sip_user a;
	struct port_msg m;

	sip_user_join(&a, s, "alice", ROOM, "a=chatroom\r\n");
	m = subscribe(&w);
	assert_int_equal(m.status, 200);
	assert_int_equal(m.expires, 3600);
	doc = notified(s, &m);
	assert_true(has(m.f[PORT_F_HEADERS], "Event: conference\r\n"));
	assert_true(has(m.f[PORT_F_HEADERS],
			"Subscription-State: active;expires=3600"));
	assert_int_equal(doc.state, CONFINFO_FULL);
	assert_int_equal(doc.version, 1);
	assert_true(str_eq(doc.entity, STR(ROOM)));
	assert_int_equal(doc.user_count, 1);
	assert_true(str_eq(doc.users->user.entity, STR("sip:alice@sip.test")));
	sip_user_done(&a);
}

/* V-EVENT-2, V-EVENT-3, V-EVENT-4, EVENT-9, EVENT-14, EVENT-17: one partial
 * document per interval holds what changed meanwhile */
static void test_partial(void **state)
{
	struct scene *s = *state;
	struct subscriber w = {.s = s, .expires = -1};
	struct confinfo_doc doc;
	struct sip_user a, b, c;
	struct port_msg m;

	sip_user_join(&a, s, "alice", ROOM, "a=chatroom\r\n");
	subscribe(&w);
	notified(s, &m);
	sip_user_join(&b, s, "bob", ROOM, "a=chatroom\r\n");
	scene_run(s, 1000);
	sip_user_join(&c, s, "carol", ROOM, "a=chatroom\r\n");
	assert_true(scene_sip_none(s, PORT_SEND, "NOTIFY"));
	scene_run(s, 4000);
	doc = notified(s, &m);
	assert_int_equal(doc.state, CONFINFO_PARTIAL);
	assert_int_equal(doc.users_state, CONFINFO_PARTIAL);
	assert_int_equal(doc.version, 2);
	assert_int_equal(doc.user_count, 3);
	assert_non_null(doc.users->next);
	assert_null(doc.users->next->next);
	assert_true(has(m.f[PORT_F_BODY], "<users state=\"partial\">"));
	assert_true(scene_sip_none(s, PORT_SEND, "NOTIFY"));
	sip_user_bye(&b);
	scene_run(s, 5000);
	doc = notified(s, &m);
	assert_int_equal(doc.version, 3);
	assert_int_equal(doc.user_count, 2);
	assert_int_equal(doc.users->user.state, CONFINFO_DELETED);
	assert_true(str_eq(doc.users->user.entity, STR("sip:bob@sip.test")));
	assert_null(doc.users->next);
	sip_user_done(&a);
	sip_user_done(&b);
	sip_user_done(&c);
}

/* V-CHAT-6, V-EVENT-8, EVENT-20: the nickname comes and goes */
static void test_nickname_in_roster(void **state)
{
	struct scene *s = *state;
	struct subscriber w = {.s = s, .expires = -1};
	struct confinfo_doc doc;
	struct sip_user a;
	struct port_msg m;

	sip_user_join(&a, s, "alice", ROOM, "a=chatroom\r\n");
	subscribe(&w);
	notified(s, &m);
	assert_int_equal(msrp_nickname(&a, "\"Ann\""), 200);
	scene_run(s, 5000);
	doc = notified(s, &m);
	assert_true(str_eq(doc.users->user.nickname, STR("Ann")));
	assert_int_equal(msrp_nickname(&a, "\"\""), 200);
	scene_run(s, 5000);
	doc = notified(s, &m);
	assert_int_equal(doc.users->user.state, CONFINFO_FULL);
	assert_int_equal(doc.users->user.nickname.n, 0);
	sip_user_done(&a);
}

/* V-EVENT-5, V-EVENT-6, EVENT-2, EVENT-4, EVENT-6 */
static void test_subscribe_refused_and_ended(void **state)
{
	struct scene *s = *state;
	struct subscriber w = {.s = s, .expires = -1};
	struct port_msg m;
	struct sip_user a;

	assert_int_equal(subscribe(&w).status, 404); /* no room yet */
	sip_user_join(&a, s, "alice", ROOM, "a=chatroom\r\n");
	w = (struct subscriber){.s = s, .expires = -1, .event = "presence"};
	m = subscribe(&w);
	assert_int_equal(m.status, 489);
	assert_true(has(m.f[PORT_F_HEADERS], "Allow-Events: conference"));
	w = (struct subscriber){.s = s, .expires = -1, .accept = "text/plain"};
	assert_int_equal(subscribe(&w).status, 406);
	w = (struct subscriber){.s = s, .expires = 5};
	m = subscribe(&w);
	assert_int_equal(m.status, 423);
	assert_true(has(m.f[PORT_F_HEADERS], "Min-Expires: 60"));
	w = (struct subscriber){.s = s, .expires = 600};
	assert_int_equal(subscribe(&w).expires, 600);
	notified(s, &m);
	w.expires = 0;
	assert_int_equal(subscribe(&w).status, 200);
	assert_int_equal(notified(s, &m).state, CONFINFO_FULL);
	assert_true(has(m.f[PORT_F_HEADERS],
			"Subscription-State: terminated;reason=timeout"));
	assert_int_equal(scene_sip(s, PORT_FORGET, NULL).dlg, w.dlg);
	sip_user_done(&a);
}

/* EVENT-6: it ends by itself when nobody refreshes it */
static void test_expiry(void **state)
{
	struct scene *s = *state;
	struct subscriber w = {.s = s, .expires = 60};
	struct port_msg m;
	struct sip_user a;

	sip_user_join(&a, s, "alice", ROOM, "a=chatroom\r\n");
	subscribe(&w);
	notified(s, &m);
	scene_run(s, 60000);
	notified(s, &m);
	assert_true(has(m.f[PORT_F_HEADERS], "terminated;reason=timeout"));
	sip_user_done(&a);
}

/* EVENT-7, EVENT-9, EVENT-13: one in flight; a lost one is made up for; a dead
 * subscriber goes */
static void test_responses(void **state)
{
	struct scene *s = *state;
	struct subscriber w = {.s = s, .expires = -1};
	struct port_msg m, first;
	struct sip_user a, b;

	sip_user_join(&a, s, "alice", ROOM, "a=chatroom\r\n");
	subscribe(&w);
	first = scene_sip(s, PORT_SEND, "NOTIFY");
	sip_user_join(&b, s, "bob", ROOM, "a=chatroom\r\n");
	scene_run(s, 20000);
	assert_true(scene_sip_none(s, PORT_SEND, "NOTIFY"));
	scene_sip_response(s, &first, 500);
	scene_run(s, 0);
	assert_int_equal(notified(s, &m).state, CONFINFO_FULL);
	sip_user_bye(&b);
	scene_run(s, 5000);
	m = scene_sip(s, PORT_SEND, "NOTIFY");
	scene_sip_response(s, &m, 481);
	assert_int_equal(scene_sip(s, PORT_FORGET, NULL).dlg, b.dlg);
	assert_int_equal(scene_sip(s, PORT_FORGET, NULL).dlg, w.dlg);
	sip_user_done(&a);
	sip_user_done(&b);
}

/* EVENT-7: with other statuses it goes on, and is tried less and less often;
 * after the first success as ever */
static void test_retries(void **state)
{
	struct scene *s = *state;
	struct subscriber w = {.s = s, .expires = -1};
	static const unsigned pauses[] = {5000, 10000, 20000};
	struct port_msg m;
	struct sip_user a, b;

	sip_user_join(&a, s, "alice", ROOM, "a=chatroom\r\n");
	subscribe(&w);
	m = scene_sip(s, PORT_SEND, "NOTIFY");
	for (int i = 0; i < 3; i++) {
		scene_sip_response(s, &m, 503);
		scene_run(s, pauses[i] - 1);
		assert_true(scene_sip_none(s, PORT_SEND, "NOTIFY"));
		scene_run(s, 1);
		m = scene_sip(s, PORT_SEND, "NOTIFY");
	}
	scene_sip_response(s, &m, 200);
	sip_user_join(&b, s, "bob", ROOM, "a=chatroom\r\n");
	scene_run(s, 5000);
	assert_int_equal(notified(s, &m).user_count, 2);
	sip_user_done(&a);
	sip_user_done(&b);
}

/* EVENT-8: in the dialog of the call, and beyond its BYE; EVENT-28 at the
 * room's end */
static void test_in_dialog(void **state)
{
	struct scene *s = *state;
	struct subscriber w = {
	    .s = s, .expires = -1, .event = "conference;id=7"};
	struct confinfo_doc doc;
	struct port_msg m;
	struct sip_user a, b;

	sip_user_join(&a, s, "alice", ROOM, "a=chatroom\r\n");
	sip_user_join(&b, s, "bob", ROOM, "a=chatroom\r\n");
	w.dlg = a.dlg;
	assert_int_equal(subscribe(&w).status, 200);
	notified(s, &m);
	assert_true(has(m.f[PORT_F_HEADERS], "Event: conference;id=7\r\n"));
	sip_user_bye(&a);
	assert_true(scene_sip_none(s, PORT_FORGET, NULL));
	scene_run(s, 5000);
	doc = notified(s, &m);
	assert_int_equal(doc.users->user.state, CONFINFO_DELETED);
	sip_user_bye(&b);
	scene_run(s, 5000);
	doc = notified(s, &m);
	assert_int_equal(doc.state, CONFINFO_DELETED);
	assert_true(has(m.f[PORT_F_HEADERS], "terminated;reason=noresource"));
	sip_user_done(&a);
	sip_user_done(&b);
}

/* V-EVENT-9, EVENT-34: clients that take every document for the whole roster */
static void test_blink(void **state)
{
	struct scene *s = *state;
	struct subscriber w = {
	    .s = s, .expires = -1, .agent = "Blink 6.0 (Linux)"};
	struct confinfo_doc doc;
	struct port_msg m;
	struct sip_user a, b;

	sip_user_join(&a, s, "alice", ROOM, "a=chatroom\r\n");
	sip_user_join(&b, s, "bob", ROOM, "a=chatroom\r\n");
	subscribe(&w);
	notified(s, &m);
	sip_user_bye(&b);
	scene_run(s, 5000);
	doc = notified(s, &m);
	assert_int_equal(doc.state, CONFINFO_FULL);
	assert_true(str_eq(doc.users->user.entity, STR("sip:alice@sip.test")));
	assert_null(doc.users->next);
	sip_user_done(&a);
	sip_user_done(&b);
}

/* A SUBSCRIBE that overtakes the ACK of its own call waits for the room. */
static void test_subscribe_before_ack(void **state)
{
	struct scene *s = *state;
	struct subscriber w = {.s = s, .expires = -1};
	struct port_msg m = port_msg(PORT_REQUEST);
	struct sip_user a = {.s = s, .name = "alice", .room = STR(ROOM)};

	buf_init(&a.in, 65536);
	a.dlg = ++s->ids;
	snprintf(a.own_path, sizeof(a.own_path), "msrp://10.0.0.5:9/a1;tcp");
	assert_int_equal(sip_user_invite(&a, sip_user_offer(&a, "")), 200);
	m.new_dialog = true;
	m.dlg = w.dlg = ++s->ids;
	m.req = ++s->ids;
	m.f[PORT_F_METHOD] = STR("SUBSCRIBE");
	m.f[PORT_F_RURI] = STR(ROOM);
	m.f[PORT_F_PEER] = STR("127.0.0.1:5099");
	m.f[PORT_F_EVENT] = STR("conference");
	scene_sip_event(s, &m);
	assert_true(scene_sip_none(s, PORT_ANSWER, NULL));
	sip_user_ack(&a);
	assert_int_equal(scene_sip(s, PORT_ANSWER, NULL).status, 200);
	assert_int_equal(notified(s, &m).user_count, 1);
	sip_user_done(&a);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, scene_teardown)
	const struct CMUnitTest tests[] = {
	    TEST(test_full_first),
	    TEST(test_partial),
	    TEST(test_nickname_in_roster),
	    TEST(test_subscribe_refused_and_ended),
	    TEST(test_expiry),
	    TEST(test_responses),
	    TEST(test_retries),
	    TEST(test_in_dialog),
	    TEST(test_blink),
	    TEST(test_subscribe_before_ack),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
