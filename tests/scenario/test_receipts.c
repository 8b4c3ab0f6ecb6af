/* What comes back to one who says something to the room: reports, receipts,
 * errors. */
#include "heard.h"

#define ROOM "sip:r@chat.test"

static int setup(void **state)
{
	struct scene *s = scene_new("domain \"chat.test\" { secret = \"x\" "
				    "rooms = local lock = no "
				    "notify-interval = 0 }\n");

	join(s, ANN, "Ann");
	join(s, BEN, "Ben");
	xmpp_drop(s);
	*state = s;
	return 0;
}

/* BODY-20: a wish for receipts goes to the clients, and from us none comes. */
static void test_request(void **state)
{
	struct scene *s = *state;
	struct sip_user u;
	struct str cpim;

	sip_user_join(&u, s, "alice", ROOM, "a=chatroom\r\n");
	xmpp_drop(s);
	xmpp_put(s, "<message from='" ANN "' to='r@chat.test' "
		    "type='groupchat' id='m'><body>hi</body><request "
		    "xmlns='urn:xmpp:receipts'/></message>");
	assert_heard(s, BEN, "groupchat Ann body='hi' +request id=m\n");
	assert_heard(s, ANN, "groupchat Ann body='hi' +request id=m\n");
	cpim = msrp_cpim(&u);
	assert_true(has(cpim, "hi"));
	assert_false(has(cpim, "receipt"));
	assert_false(has(cpim, "imdn"));
	scene_run(s, 60000);
	assert_heard(s, ANN, "");
	sip_user_done(&u);
}

/* BODY-20: the room has it, that is the success. */
static void test_report(void **state)
{
	struct scene *s = *state;
	struct sip_user u;
	struct str cpim, report;

	sip_user_join(&u, s, "alice", ROOM, "a=chatroom\r\n");
	xmpp_drop(s);
	cpim = STR("From: <sip:alice@sip.test>\r\nTo: <" ROOM
		   ">\r\n\r\nContent-Type: text/plain\r\n\r\nhi");
	msrp_send_cpim(&u, "m1", "Success-Report: yes\r\n", cpim);
	assert_int_equal(msrp_status(&u), 200);
	report = msrp_take(&u);
	assert_true(has(report, " REPORT\r\n"));
	assert_true(has(report, "Message-ID: m1\r\n"));
	assert_true(has(report, "Status: 000 200"));
	assert_false(has(str_z(heard(s, BEN)), "request"));
	sip_user_done(&u);
}

static struct str header(struct str frame, const char *name)
{
	ptrdiff_t at = str_search(frame, str_z(name));

	assert_true(at >= 0);
	frame = str_from(frame, (size_t)at + strlen(name));
	return str_split(&frame, '\r');
}

/* BODY-21: of a private message the SIP client's report is the receipt, once;
 * who wants none asks for none. */
static void test_private_receipt(void **state)
{
	struct scene *s = *state;
	struct str frame, id, tid;
	const struct xnode *m;
	struct sip_user u;

	sip_user_join(&u, s, "alice", ROOM, "a=chatroom:private-messages\r\n");
	xmpp_drop(s);
	xmpp_put(s, "<message from='" ANN "' to='r@chat.test/alice' "
		    "type='chat' id='p1'><body>psst</body><request "
		    "xmlns='urn:xmpp:receipts'/></message>");
	frame = msrp_take(&u);
	assert_true(has(frame, "Success-Report: yes\r\n"));
	id = header(frame, "Message-ID: ");
	tid = frame;
	str_split(&tid, ' ');
	tid = str_split(&tid, ' ');
	msrp_put(&u, arena_printf(s->arena,
				  "MSRP %.*s 200 OK\r\nTo-Path: %.*s\r\n"
				  "From-Path: %s\r\n-------%.*s$\r\n",
				  STR_ARG(tid), STR_ARG(u.path), u.own_path,
				  STR_ARG(tid)));
	assert_heard(s, ANN, "");
	for (int i = 0; i < 2; i++)
		msrp_put(&u, arena_printf(
				 s->arena,
				 "MSRP rep0 REPORT\r\nTo-Path: %.*s\r\n"
				 "From-Path: %s\r\nMessage-ID: %.*s\r\n"
				 "Byte-Range: 1-4/4\r\nStatus: 000 200 OK\r\n"
				 "-------rep0$\r\n",
				 STR_ARG(u.path), u.own_path, STR_ARG(id)));
	m = xmpp_take(s, ANN);
	assert_true(str_eq(x_attr(m, "type"), STR("chat")));
	assert_true(str_eq(x_attr(m, "from"), STR("r@chat.test/alice")));
	assert_null(x_child(m, "body", NULL));
	m = x_child(m, "received", "urn:xmpp:receipts");
	assert_true(str_eq(x_attr(m, "id"), STR("p1")));
	assert_heard(s, ANN, "");
	assert_heard(s, BEN, "");

	xmpp_put(s, "<message from='" ANN "' to='r@chat.test/alice' "
		    "type='chat' id='p2'><body>psst</body></message>");
	assert_false(has(msrp_take(&u), "Success-Report"));
	sip_user_done(&u);
}

static void private_send(struct sip_user *u, const char *id, const char *more,
			 const char *cpim_headers)
{
	struct scene *s = u->s;
	struct str cpim = arena_printf(
	    s->arena,
	    "From: <sip:alice@sip.test>\r\nTo: <" ROOM ";gr=Ann>\r\n%s\r\n"
	    "Content-Type: text/plain\r\n\r\npsst",
	    cpim_headers);

	msrp_send_cpim(u, id, more, cpim);
	assert_int_equal(msrp_status(u), 200);
}

/* The id under which Ann got it. */
static struct str asked(struct scene *s)
{
	const struct xnode *m = xmpp_take(s, ANN);

	assert_true(str_eq(x_attr(m, "type"), STR("chat")));
	assert_non_null(x_child(m, "request", "urn:xmpp:receipts"));
	return x_attr(m, "id");
}

static void receipt(struct scene *s, const char *from, struct str id)
{
	xmpp_put(s,
		 "<message from='%s' to='r@chat.test/alice' type='chat'>"
		 "<received xmlns='urn:xmpp:receipts' id='%.*s'/></message>",
		 from, STR_ARG(id));
}

/* BODY-21: the success report of a private message is what its XMPP addressee's
 * client says, once, and within ten minutes. */
static void test_awaited_report(void **state)
{
	struct scene *s = *state;
	struct str id, report;
	struct sip_user u;

	sip_user_join(&u, s, "alice", ROOM, "a=chatroom:private-messages\r\n");
	xmpp_drop(s);
	private_send(&u, "m1", "Success-Report: yes\r\n", "");
	id = asked(s);
	scene_run(s, 30000);
	assert_int_equal(msrp_take(&u).n, 0);
	receipt(s, BEN, id); /* it was not for him */
	receipt(s, ANN, STR("another"));
	assert_int_equal(msrp_take(&u).n, 0);
	receipt(s, ANN, id);
	report = msrp_take(&u);
	assert_true(has(report, " REPORT\r\n"));
	assert_true(has(report, "Message-ID: m1\r\n"));
	assert_true(has(report, "Status: 000 200"));
	assert_true(has(report, "To: <" ROOM ";gr=Ann>")); /* CHAT-34 */
	receipt(s, ANN, id);
	assert_int_equal(msrp_take(&u).n, 0);

	private_send(&u, "m2", "Success-Report: yes\r\n", "");
	id = asked(s);
	scene_run(s, 601000);
	while (msrp_take(&u).n)
		;
	receipt(s, ANN, id);
	assert_int_equal(msrp_take(&u).n, 0);

	private_send(&u, "m3", "", "");
	assert_null(x_child(xmpp_take(s, ANN), "request", "urn:xmpp:receipts"));
	assert_heard(s, BEN, "");
	sip_user_done(&u);
}

/* BODY-21, RFC 5438: a notification likewise, to a client that takes it. */
static void test_notification(void **state)
{
	static const char wish[] =
	    "NS: imdn <urn:ietf:params:imdn>\r\nimdn.Message-ID: 34jk\r\n"
	    "DateTime: 2026-04-04T12:16:49-05:00\r\n"
	    "imdn.Disposition-Notification: positive-delivery\r\n";
	struct scene *s = *state;
	struct sip_user u;
	struct str said;

	sip_user_join(&u, s, "alice", ROOM,
		      "a=chatroom:private-messages\r\n"
		      "a=accept-wrapped-types:text/plain "
		      "message/imdn+xml\r\n");
	xmpp_drop(s);
	private_send(&u, "m1", "", wish);
	receipt(s, ANN, asked(s));
	said = msrp_take(&u);
	assert_true(has(said, "Content-Type: message/imdn+xml\r\n"));
	assert_true(has(said, "Content-Disposition: notification\r\n"));
	assert_true(has(said, "From: <" ROOM ";gr=Ann>\r\n"));
	assert_true(has(said, "To: <sip:alice@sip.test>\r\n"));
	assert_true(has(said,
			"<message-id>34jk</message-id>"
			"<datetime>2026-04-04T12:16:49-05:00</datetime>"));
	assert_true(has(said, "<delivered/>"));
	assert_false(has(said, " REPORT\r\n"));
	sip_user_done(&u);
}

/* X2S-40: who has no voice gets his message back, and nobody else hears it. */
static void test_no_voice(void **state)
{
	struct scene *s = *state;
	struct room *r = rooms_find(s->core.rooms, STR("r@chat.test"));
	struct room_policy p = *room_policy(r);
	struct sip_user u;

	sip_user_join(&u, s, "alice", ROOM, "a=chatroom\r\n");
	p.moderated = true;
	assert_int_equal(room_configure(r, &p), REASON_OK);
	join(s, "cyd@x.test/3", "Cyd");
	xmpp_drop(s);
	say(s, "cyd@x.test/3", "m", "hi");
	assert_heard(s, "cyd@x.test/3", "error - auth/forbidden id=m\n");
	assert_heard(s, ANN, "");
	assert_int_equal(msrp_take(&u).n, 0);
	sip_user_done(&u);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, scene_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_request),		TEST(test_report),
	    TEST(test_private_receipt), TEST(test_awaited_report),
	    TEST(test_notification),	TEST(test_no_voice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
