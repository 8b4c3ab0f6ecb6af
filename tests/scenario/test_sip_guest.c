/* The rosters' states beside "connected": called, ringing, gone and why. */
#include "heard.h"
#include "watcher.h"

#include <stdio.h>

#define ROOM "sip:r@chat.test"

static int with_config(void **state, const char *more)
{
	char config[512];

	snprintf(config, sizeof(config),
		 "domain \"chat.test\" { secret = \"x\" rooms = local "
		 "lock = no %s }\n",
		 more);
	*state = scene_new(config);
	return 0;
}

static int setup(void **state)
{
	return with_config(state, "notify-interval = 0");
}

static int setup_slow(void **state)
{
	return with_config(state, "");
}

static int setup_inside(void **state)
{
	return with_config(state, "notify-interval = 0 outsiders = no");
}

/* The status of a SUBSCRIBE by this user. */
static int subscribe_as(struct scene *s, const char *from)
{
	struct port_msg m = watcher_wish(s, 0);

	m.f[PORT_F_FROM] = str_z(from);
	scene_sip_event(s, &m);
	return scene_sip(s, PORT_ANSWER, NULL).status;
}

/* EVENT-26: by the domain's key only those inside may watch, and no longer than
 * they are; the last document shows the room without them */
static void test_insiders(void **state)
{
	struct scene *s = *state;
	struct sip_user a, b;
	struct confinfo_doc doc;
	struct port_msg m;

	sip_user_join(&a, s, "alice", ROOM, "a=chatroom\r\n");
	sip_user_join(&b, s, "bob", ROOM, "a=chatroom\r\n");
	assert_int_equal(subscribe_as(s, "<sip:eve@sip.test>;tag=1"), 403);
	assert_int_equal(subscribe_as(s, "<sip:bob@sip.test>;tag=1"), 200);
	scene_answer_notifies(s);
	sip_user_bye(&b);
	m = scene_sip(s, PORT_SEND, "NOTIFY");
	assert_true(has(m.f[PORT_F_HEADERS], "terminated;reason=rejected"));
	assert_int_equal(confinfo_parse(m.f[PORT_F_BODY], s->arena, &doc), 0);
	assert_int_equal(doc.user_count, 1);
	assert_null(doc.users->next);
	scene_sip_response(s, &m, 200);
	assert_int_equal(msrp_say(&a, ROOM, "gone"), 200);
	scene_run(s, 10000);
	assert_true(scene_sip_none(s, PORT_SEND, "NOTIFY"));
	sip_user_done(&a);
	sip_user_done(&b);
}

/* His REFER, without a subscription of its own. */
static struct port_msg call(struct sip_user *u, const char *to)
{
	struct port_msg m = port_msg(PORT_REQUEST);

	sip_user_request(u, &m, "REFER");
	m.f[PORT_F_REFER_TO] = str_z(to);
	m.f[PORT_F_HEADERS] = STR("Refer-Sub: false\r\n");
	scene_sip_event(u->s, &m);
	assert_int_equal(scene_sip(u->s, PORT_ANSWER, NULL).status, 200);
	return m;
}

static void progress(struct scene *s, const struct port_msg *dial)
{
	struct port_msg m = port_msg(PORT_PROGRESS);

	m.req = dial->req;
	m.dlg = dial->dlg;
	m.status = 180;
	scene_sip_event(s, &m);
}

static void refused(struct scene *s, const struct port_msg *dial, int status,
		    const char *phrase)
{
	struct port_msg m = port_msg(PORT_RESPONSE);

	m.req = dial->req;
	m.dlg = dial->dlg;
	m.status = status;
	m.f[PORT_F_REASON] = str_z(phrase);
	scene_sip_event(s, &m);
}

static const struct confinfo_endpoint *only_endpoint(struct confinfo_doc *doc)
{
	assert_non_null(doc->users);
	assert_null(doc->users->next);
	assert_true(str_eq(doc->users->user.entity, STR("sip:bob@sip.test")));
	assert_int_equal(doc->users->user.n_endpoints, 1);
	return &doc->users->user.endpoints[0];
}

/* EVENT-21, EVENT-22, EVENT-23, EVENT-18, EVENT-33: dialing-out, alerting,
 * busy, and deleted in the next document; nobody counts who is not in.
 * EVENT-29: it is conference-info throughout. */
static void test_busy(void **state)
{
	struct scene *s = *state;
	const struct confinfo_endpoint *e;
	struct confinfo_doc doc;
	struct sip_user a;
	struct port_msg d;
	struct str text, key;

	sip_user_join(&a, s, "alice", ROOM, "a=chatroom\r\n");
	watch(s, 0, "");
	shown(s, &text);
	call(&a, "<sip:bob@sip.test>");
	d = scene_sip(s, PORT_DIAL, NULL);
	doc = shown(s, &text);
	e = only_endpoint(&doc);
	key = e->entity;
	assert_int_equal(doc.user_count, 1);
	assert_true(str_eq(e->status, STR("dialing-out")));
	assert_true(str_eq(e->joining_method, STR("dialed-out")));
	assert_true(str_eq(e->referred.by, STR("sip:alice@sip.test")));
	assert_true(has(text, "<user-count>1</user-count>"
			      "<active>true</active>"
			      "<locked>false</locked>"));
	assert_false(has(text, "<conference-description>"));
	assert_true(
	    has(text, "xmlns=\"urn:ietf:params:xml:ns:conference-info"));

	progress(s, &d);
	doc = shown(s, &text);
	e = only_endpoint(&doc);
	assert_true(str_eq(e->status, STR("alerting")));
	assert_true(str_eq(e->entity, key));

	refused(s, &d, 486, "Busy \"Here\"");
	doc = shown(s, &text);
	e = only_endpoint(&doc);
	assert_true(str_eq(e->entity, key));
	assert_true(str_eq(e->status, STR("disconnected")));
	assert_true(str_eq(e->disconnection_method, STR("busy")));
	assert_true(
	    str_eq(e->left.reason, STR("Reason: SIP;cause=486;text=\"Busy "
				       "\\\"Here\\\"\"")));
	assert_true(str_starts(e->left.when, STR("2026-")));
	doc = shown(s, &text);
	assert_int_equal(doc.users->user.state, CONFINFO_DELETED);
	assert_true(str_eq(doc.users->user.entity, STR("sip:bob@sip.test")));
	scene_run(s, 60000);
	assert_true(scene_sip_none(s, PORT_SEND, "NOTIFY"));
	sip_user_done(&a);
}

/* EVENT-21, EVENT-22: who takes the call is connected, dialed-out, and was
 * referred by somebody */
static void test_taken(void **state)
{
	struct scene *s = *state;
	const struct confinfo_endpoint *e;
	struct confinfo_doc doc;
	struct sip_user a, b;
	struct port_msg d, m = port_msg(PORT_RESPONSE);
	struct str text;

	sip_user_join(&a, s, "alice", ROOM, "a=chatroom\r\n");
	call(&a, "<sip:bob@sip.test>");
	d = scene_sip(s, PORT_DIAL, NULL);
	watch(s, 0, "");
	doc = shown(s, &text); /* full: guests are in it */
	assert_int_equal(doc.user_count, 1);
	assert_true(has(text, "<status>dialing-out</status>"));
	sip_user_init(&b, s, "bob", ROOM);
	m.req = d.req;
	m.dlg = d.dlg;
	m.status = 200;
	m.f[PORT_F_CONTACT] = STR("sip:bob@10.0.0.6");
	m.f[PORT_F_TYPE] = STR("application/sdp");
	m.f[PORT_F_BODY] = sip_user_offer(&b, "a=chatroom\r\n");
	scene_sip_event(s, &m);
	doc = shown(s, &text);
	e = only_endpoint(&doc);
	assert_int_equal(doc.user_count, 2);
	assert_int_equal(doc.users->user.state, CONFINFO_FULL);
	assert_true(str_eq(e->status, STR("connected")));
	assert_true(str_eq(e->joining_method, STR("dialed-out")));
	assert_true(str_eq(e->referred.by, STR("sip:alice@sip.test")));
	assert_true(str_starts(e->joined.when, STR("2026-")));
	assert_true(str_eq(e->joined.by, STR("sip:alice@sip.test")));
	scene_run(s, 1000);
	assert_true(scene_sip_none(s, PORT_SEND, "NOTIFY"));
	sip_user_done(&a);
	sip_user_done(&b);
}

/* EVENT-22: who is removed is shown disconnected, booted, with the reason; then
 * deleted. EVENT-17. One who takes each document for all sees no trace
 * (EVENT-34), nor those who are being called. */
static void test_removed(void **state)
{
	struct scene *s = *state;
	const struct confinfo_endpoint *e;
	struct confinfo_doc doc;
	struct sip_user a, b;
	struct port_msg bye;
	struct str text, key;

	sip_user_join(&a, s, "alice", ROOM, "a=chatroom\r\n");
	sip_user_join(&b, s, "bob", ROOM, "a=chatroom\r\n");
	watch(s, 0, "");
	doc = shown(s, &text);
	key = doc.users->next->user.endpoints[0].entity;
	call(&a, "<sip:bob@sip.test;method=BYE>");
	bye = scene_sip(s, PORT_SEND, "BYE");
	scene_sip_response(s, &bye, 200);
	doc = shown(s, &text);
	e = only_endpoint(&doc);
	assert_int_equal(doc.user_count, 1);
	assert_int_equal(doc.users->user.state, CONFINFO_PARTIAL);
	assert_true(str_eq(e->entity, key));
	assert_true(str_eq(e->disconnection_method, STR("booted")));
	assert_true(has(e->left.reason, "Reason: SIP;cause=403;text=\""));
	assert_true(str_eq(e->left.by, STR("sip:alice@sip.test")));
	doc = shown(s, &text);
	assert_int_equal(doc.users->user.state, CONFINFO_DELETED);

	watch(s, 0, "Blink 6.0 (Linux)");
	shown(s, &text);
	call(&a, "<sip:carol@sip.test>");
	assert_false(scene_sip_none(s, PORT_DIAL, NULL));
	doc = shown(s, &text); /* the other subscriber */
	assert_true(has(text, "dialing-out"));
	assert_true(scene_sip_none(s, PORT_SEND, "NOTIFY"));
	sip_user_done(&a);
	sip_user_done(&b);
}

/* EVENT-22: he is back before his deletion was told: then he is not deleted.
 * The interval holds (EVENT-9). */
static void test_back_again(void **state)
{
	struct scene *s = *state;
	struct confinfo_doc doc;
	struct sip_user a, b, b2;
	struct port_msg bye;
	struct str text;

	sip_user_join(&a, s, "alice", ROOM, "a=chatroom\r\n");
	sip_user_join(&b, s, "bob", ROOM, "a=chatroom\r\n");
	watch(s, 0, "");
	shown(s, &text);
	call(&a, "<sip:bob@sip.test;method=BYE>");
	bye = scene_sip(s, PORT_SEND, "BYE");
	scene_sip_response(s, &bye, 200);
	scene_run(s, 5000);
	doc = shown(s, &text);
	assert_true(has(text, "disconnected"));
	assert_true(scene_sip_none(s, PORT_SEND, "NOTIFY"));
	sip_user_join(&b2, s, "bob", ROOM, "a=chatroom\r\n");
	scene_run(s, 5000);
	doc = shown(s, &text);
	assert_int_equal(doc.users->user.state, CONFINFO_FULL);
	assert_null(doc.users->next);
	scene_run(s, 60000);
	assert_true(scene_sip_none(s, PORT_SEND, "NOTIFY"));
	sip_user_done(&a);
	sip_user_done(&b);
	sip_user_done(&b2);
}

/* EVENT-31: two devices are one user with two endpoints; one goes and is told
 * of as such. */
static void test_two_devices(void **state)
{
	struct scene *s = *state;
	struct confinfo_doc doc;
	struct sip_user a, b, b2;
	struct str text;

	sip_user_join(&a, s, "alice", ROOM, "a=chatroom\r\n");
	sip_user_join(&b, s, "bob", ROOM, "a=chatroom\r\n");
	sip_user_join(&b2, s, "bob", ROOM, "a=chatroom\r\n");
	watch(s, 0, "");
	doc = shown(s, &text);
	assert_int_equal(doc.user_count, 2);
	assert_null(doc.users->next->next);
	assert_int_equal(doc.users->next->user.n_endpoints, 2);
	assert_false(str_eq(doc.users->next->user.endpoints[0].entity,
			    doc.users->next->user.endpoints[1].entity));
	sip_user_bye(&b);
	doc = shown(s, &text);
	only_endpoint(&doc);
	assert_int_equal(doc.user_count, 2);
	sip_user_done(&a);
	sip_user_done(&b);
	sip_user_done(&b2);
}

/* EVENT-9, EVENT-33: one who joins a room of many costs a few hundred octets.
 */
static void test_small_delta(void **state)
{
	struct scene *s = *state;
	struct confinfo_doc doc;
	struct sip_user a;
	struct str text;
	char jid[32], nick[32];

	for (int i = 0; i < 200; i++) {
		snprintf(jid, sizeof(jid), "u%d@x.test/1", i);
		snprintf(nick, sizeof(nick), "user%d", i);
		join(s, jid, nick);
		xmpp_drop(s);
	}
	watch(s, 0, "");
	shown(s, &text);
	assert_true(text.n > 40000);
	sip_user_join(&a, s, "alice", ROOM, "a=chatroom\r\n");
	doc = shown(s, &text);
	assert_null(doc.users->next);
	assert_true(text.n < 900);
	sip_user_done(&a);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, scene_teardown)
	const struct CMUnitTest tests[] = {
	    TEST(test_busy),
	    TEST(test_taken),
	    TEST(test_removed),
	    cmocka_unit_test_setup_teardown(test_back_again, setup_slow,
					    scene_teardown),
	    cmocka_unit_test_setup_teardown(test_insiders, setup_inside,
					    scene_teardown),
	    TEST(test_two_devices),
	    TEST(test_small_delta),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
