/* What is said and asked in a remote MUC between a SIP user and one other. */
#include "muc_peer.h"

/* S2X-33 */
static void test_private(void **state)
{
	struct scene *s = *state;
	const struct xnode *n;
	static struct muc_user u;

	muc_join(&u, s, MUC_RO);
	muc_whisper(&u, 1, "Ann", "psst");
	n = muc_take(&u, MUC_ANN);
	assert_true(str_eq(x_attr(n, "type"), STR("chat")));
	muc_has(&u, n, "<x xmlns='" NS_MUC_USER "'/>");
	scene_run(s, 999);
	muc_heard(&u, "");
	scene_run(s, 1);
	muc_heard(&u, "= REASON_OK op=1\n");
	muc_refuses(&u, "message", MUC_ANN, "cancel", "item-not-found");
	muc_heard(&u, "undelivered psst REASON_NO_OCCUPANT\n");
	muc_whisper(&u, 2, "Ann", "psst");
	muc_take(&u, MUC_ANN);
	muc_refuses(&u, "message", MUC_ANN, "cancel", "service-unavailable");
	muc_heard(&u, "= REASON_NO_PRIVATE op=2\n");
	muc_whisper(&u, 3, "Zoe", "psst");
	muc_heard(&u, "= REASON_NO_OCCUPANT op=3\n");
	muc_user_done(&u);
}

/* S2X-35, S2X-36, S2X-26: who may write to him, and where. */
static void test_incoming(void **state)
{
	struct scene *s = *state;
	struct seat_cmd no_private = {.type = SEAT_DEVICE};
	static struct muc_user u;

	muc_join(&u, s, MUC_RO);
	muc_says(&u, "message", MUC_ANN,
		 "type='chat' id='p'><body>psst</body><x xmlns='" NS_MUC_USER
		 "'/>");
	muc_heard(&u, "Ann: psst (private)\n");
	muc_says(&u, "message", MUC_ROOM "/Ann",
		 "type='headline' id='q'><subject>news</subject>");
	muc_heard(&u, "Ann: news (private)\n");
	muc_says(&u, "message", MUC_ROOM, "><body>be nice</body>");
	muc_heard(&u, ": be nice\n");
	muc_says(&u, "message", "eve@x.test/1",
		 "type='chat' id='e'><body>spam</body>");
	muc_heard(&u, "");
	muc_has(&u, muc_take(&u, "eve@x.test/1"), "service-unavailable");
	seat_command(&u.seat.seat, &no_private);
	fake_seat_heard(&u.seat);
	muc_says(&u, "message", MUC_ANN,
		 "type='chat' id='p'><body>psst</body>");
	muc_heard(&u, "");
	/* nothing for which the room would put him out */
	muc_has(&u, muc_take(&u, MUC_ANN), "feature-not-implemented");
	muc_put(s, "sip.test",
		"<message from='" MUC_ROOM "/Ann' to='gone@sip.test/sip-1' "
		"type='groupchat' id='g'><body>x</body></message>");
	muc_has(&u, xmpp_take(s, MUC_ANN), "service-unavailable");
	muc_put(s, "sip.test",
		"<presence from='" MUC_ROOM "/Ann' "
		"to='gone@sip.test/sip-1'/>");
	assert_true(xmpp_none(s, MUC_ANN));
	muc_user_done(&u);
}

/* S2X-45, DISCO-13, DISCO-14 */
static void test_queries(void **state)
{
	struct scene *s = *state;
	static struct muc_user u;

	muc_join(&u, s, MUC_RO);
	muc_says(&u, "presence", "eve@x.test", "type='subscribe' id='s'>");
	assert_true(str_eq(x_attr(xmpp_take(s, "eve@x.test"), "type"),
			   STR("unsubscribed")));
	/* who takes him for a room */
	muc_says(&u, "presence", "eve@x.test",
		 "id='j'><x xmlns='" NS_MUC "'/>");
	muc_has(&u, xmpp_take(s, "eve@x.test"), "item-not-found");
	muc_says(&u, "presence", "eve@x.test", ">");
	muc_says(&u, "presence", "eve@x.test", "type='probe'>");
	assert_true(xmpp_none(s, "eve@x.test"));
	muc_says(&u, "iq", MUC_ANN,
		 "type='get' id='q'><query xmlns='" NS_DISCO_INFO "'/>");
	muc_has(&u, xmpp_take(s, MUC_ANN), "category='client'");
	muc_says(&u, "iq", MUC_ANN,
		 "type='get' id='q'><query xmlns='" NS_DISCO_INFO
		 "' node='urn:stoxd:proxy#L4DJ4SWDU4UzkqwWamt6GABsgMI='/>");
	muc_has(&u, xmpp_take(s, MUC_ANN), "jabber:x:conference");
	muc_says(&u, "iq", MUC_ANN,
		 "type='get' id='q'><query xmlns='" NS_DISCO_INFO
		 "' node='x'/>");
	muc_has(&u, xmpp_take(s, MUC_ANN), "item-not-found");
	muc_says(&u, "iq", MUC_ANN,
		 "type='get' id='q'><ping xmlns='" NS_PING "'/>");
	assert_true(
	    str_eq(x_attr(xmpp_take(s, MUC_ANN), "type"), STR("result")));
	muc_put(s, "sip.test",
		"<iq from='eve@x.test/1' to='ro@sip.test' type='get' id='q'>"
		"<query xmlns='" NS_DISCO_INFO "'/></iq>");
	muc_has(&u, xmpp_take(s, "eve@x.test/1"), "service-unavailable");
	muc_put(s, "sip.test",
		"<iq from='eve@x.test/1' to='ro@sip.test' type='get' id='q'>"
		"<query xmlns='" NS_DISCO_ITEMS "'/></iq>");
	assert_true(str_eq(x_attr(xmpp_take(s, "eve@x.test/1"), "type"),
			   STR("result")));
	muc_user_done(&u);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    MUC_TEST(test_private),
	    MUC_TEST(test_incoming),
	    MUC_TEST(test_queries),
	};

	return cmocka_run_group_tests_name("muc_private", tests, NULL, NULL);
}
