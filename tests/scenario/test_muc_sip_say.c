/* What SIP users say in a remote MUC by MSRP and hear there (RFC 7702 §6.4 to
 * §6.6). */
#include "muc_guest.h"

/* S2X-8: 200 comes after the room has let him in. S2X-27, S2X-28, S2X-34: and
 * what is said, each way. */
static void test_chat(void **state)
{
	struct scene *s = *state;
	static struct guest g;
	struct str cpim;

	guest_joins(&g, s);
	muc_subject(&g.muc, "tea");
	muc_says(&g.muc, "message", MUC_ANN,
		 "type='groupchat'><body>hello</body>");
	cpim = msrp_cpim(&g.sip);
	assert_true(has(cpim, "<" GUEST_ANN ">"));
	assert_true(has(cpim, "To: <" GUEST_ROOM ">"));
	assert_true(has(cpim, "hello"));
	guest_says(&g, GUEST_ROOM, "hi Ann");
	muc_has(&g.muc, muc_take(&g.muc, MUC_ROOM), "<body>hi Ann</body>");
	assert_true(msrp_take(&g.sip).n == 0);
	muc_says(&g.muc, "message", MUC_ROOM "/ro",
		 "type='groupchat' id='%s'><body>hi Ann</body>", g.muc.last);
	assert_int_equal(msrp_status(&g.sip), 200);
	assert_true(msrp_take(&g.sip).n == 0);
	guest_done(&g);
}

/* S2X-44: a visitor who is given a voice is told. */
static void test_voice(void **state)
{
	struct scene *s = *state;
	static struct guest g;

	guest_calls(&g, s);
	guest_let_in_as(&g, "visitor", MUC_SELF);
	guest_says(&g, GUEST_ROOM, "mute");
	assert_int_equal(msrp_status(&g.sip), 403);
	muc_present(&g.muc, "ro", "participant", MUC_SELF);
	assert_true(has(msrp_cpim(&g.sip), "You may speak"));
	muc_present(&g.muc, "ro", "moderator", MUC_SELF);
	assert_true(msrp_take(&g.sip).n == 0);
	muc_present(&g.muc, "ro", "visitor", MUC_SELF);
	assert_true(msrp_take(&g.sip).n == 0);
	muc_present(&g.muc, "ro", "participant", MUC_SELF);
	assert_true(has(msrp_cpim(&g.sip), "You may speak"));
	guest_done(&g);
}

/* S2X-33, S2X-35: to one, and from one. */
static void test_private(void **state)
{
	struct scene *s = *state;
	static struct guest g;
	struct str cpim;

	guest_joins(&g, s);
	guest_says(&g, GUEST_ANN, "psst");
	muc_has(&g.muc, muc_take(&g.muc, MUC_ANN), "<body>psst</body>");
	scene_run(s, 1000);
	assert_int_equal(msrp_status(&g.sip), 200);
	muc_says(&g.muc, "message", MUC_ANN, "type='chat'><body>yes?</body>");
	cpim = msrp_cpim(&g.sip);
	assert_true(has(cpim, "From: \"Ann\" <" GUEST_ANN ">") ||
		    has(cpim, "<" GUEST_ANN ">"));
	assert_true(has(cpim, "To: <sip:ro@sip.test>"));
	guest_done(&g);
}

/* S2X-28, S2X-29: 200 for want of an answer; the room's refusal comes as a
 * report. */
static void test_late_refusal(void **state)
{
	struct scene *s = *state;
	static struct guest g;
	struct str report;

	guest_joins(&g, s);
	guest_says(&g, GUEST_ROOM, "hi");
	muc_take(&g.muc, MUC_ROOM);
	scene_run(s, 10000);
	assert_int_equal(msrp_status(&g.sip), 200);
	muc_refuses(&g.muc, "message", MUC_ROOM, "auth", "forbidden");
	report = msrp_take(&g.sip);
	assert_true(has(report, " REPORT\r\n"));
	assert_true(has(report, "Status: 000 403"));
	/* what was echoed is sure */
	guest_says(&g, GUEST_ROOM, "ho");
	muc_take(&g.muc, MUC_ROOM);
	muc_says(&g.muc, "message", MUC_ROOM "/ro",
		 "type='groupchat' id='%s'><body>ho</body>", g.muc.last);
	assert_int_equal(msrp_status(&g.sip), 200);
	scene_run(s, 60000);
	assert_true(msrp_take(&g.sip).n == 0);
	guest_done(&g);
}

static void octets(struct guest *g, const char *type, const char *body)
{
	static unsigned n;
	struct str frame =
	    arena_printf(g->sip.s->arena,
			 "MSRP bad%u SEND\r\nTo-Path: %.*s\r\nFrom-Path: %s\r\n"
			 "Message-ID: b%u\r\nByte-Range: 1-%zu/%zu\r\n"
			 "Content-Type: %s\r\n\r\n%s\r\n-------bad%u$\r\n",
			 n, STR_ARG(g->sip.path), g->sip.own_path, n,
			 strlen(body), strlen(body), type, body, n);

	n++;
	msrp_put(&g->sip, frame);
}

/* S2X-31 */
static void test_bad_messages(void **state)
{
	static const struct {
		const char *type, *body;
		int status;
	} rows[] = {
	    {"text/plain", "hi", 415},
	    {"message/cpim",
	     "From: <sip:eve@sip.test>\r\nTo: <" GUEST_ROOM ">\r\n\r\n"
	     "Content-Type: text/plain\r\n\r\nhi",
	     403},
	    {"message/cpim",
	     "From: <sip:ro@sip.test>\r\nTo: <" GUEST_ROOM
	     ">\r\nTo: <" GUEST_ANN
	     ">\r\n\r\nContent-Type: text/plain\r\n\r\nhi",
	     403},
	    {"message/cpim",
	     "From: <sip:ro@sip.test>\r\nTo: <" GUEST_ROOM ";gr=Zoe>\r\n\r\n"
	     "Content-Type: text/plain\r\n\r\nhi",
	     404},
	};
	struct scene *s = *state;
	static struct guest g;

	guest_joins(&g, s);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		octets(&g, rows[i].type, rows[i].body);
		assert_int_equal(msrp_status(&g.sip), rows[i].status);
	}
	assert_true(muc_none(&g.muc, MUC_ROOM));
	guest_done(&g);
}

/* S2X-17, S2X-18 */
static void test_nickname(void **state)
{
	struct scene *s = *state;
	static struct guest g;

	guest_joins(&g, s);
	msrp_request(&g.sip, "NICKNAME", "Use-Nickname: \"Romeo\"\r\n");
	muc_take(&g.muc, MUC_ROOM "/Romeo");
	muc_refuses(&g.muc, "presence", MUC_ROOM "/Romeo", "cancel",
		    "conflict");
	assert_int_equal(msrp_status(&g.sip), 425);
	msrp_request(&g.sip, "NICKNAME", "Use-Nickname: \"Romeo\"\r\n");
	muc_take(&g.muc, MUC_ROOM "/Romeo");
	muc_says(&g.muc, "presence", MUC_ROOM "/ro",
		 "type='unavailable'><x xmlns='" NS_MUC_USER "'><item "
		 "affiliation='none' role='participant' nick='Romeo'/>"
		 "<status code='303'/><status code='110'/></x>");
	muc_present(&g.muc, "Romeo", "participant", MUC_SELF);
	assert_int_equal(msrp_status(&g.sip), 200);
	guest_done(&g);
}

/* NICK-4: names as the MUC has them, octet by octet, in addresses both ways. */
static void test_names(void **state)
{
	static const struct {
		const char *nick, *uri;
	} rows[] = {
	    {"ann", "sip:r@muc.test;gr=ann"},
	    {"\xef\xbc\xa1nn", "sip:r@muc.test;gr=%EF%BC%A1nn"},
	    {"A  nn", "sip:r@muc.test;gr=A%20%20nn"},
	};
	struct scene *s = *state;
	static struct guest g;
	char from[128];

	guest_joins(&g, s);
	for (size_t i = 0; i < 3; i++)
		muc_present(&g.muc, rows[i].nick, "participant", "");
	for (size_t i = 0; i < 3; i++) {
		snprintf(from, sizeof(from), MUC_ROOM "/%s", rows[i].nick);
		muc_says(&g.muc, "message", from,
			 "type='groupchat'><body>hello</body>");
		assert_true(has(msrp_cpim(&g.sip),
				arena_printf(s->arena, "<%s>", rows[i].uri).p));
		guest_says(&g, rows[i].uri, "psst");
		muc_has(&g.muc, muc_take(&g.muc, from), "<body>psst</body>");
		scene_run(s, 1000);
		assert_int_equal(msrp_status(&g.sip), 200);
	}
	guest_done(&g);
}

/* BODY-21: the receipt of a MUC's occupant is the report, even if it comes
 * before the room can be taken to have the message. */
static void test_receipt(void **state)
{
	static const unsigned waits[] = {0, 2000};
	struct scene *s = *state;
	static struct guest g;
	const struct xnode *n;
	struct str report;

	guest_joins(&g, s);
	for (size_t i = 0; i < 2; i++) {
		while (msrp_take(&g.sip).n)
			;
		guest_says_as(&g, GUEST_ANN, "psst", "Success-Report: yes\r\n");
		n = muc_take(&g.muc, MUC_ANN);
		assert_non_null(x_child(n, "request", "urn:xmpp:receipts"));
		scene_run(s, waits[i]);
		if (waits[i])
			assert_int_equal(msrp_status(&g.sip), 200);
		muc_says(&g.muc, "message", MUC_ANN,
			 "type='chat'><received xmlns='urn:xmpp:receipts' "
			 "id='%s'/>",
			 g.muc.last);
		if (!waits[i]) {
			assert_int_equal(msrp_take(&g.sip).n, 0);
			scene_run(s, 1000);
			assert_int_equal(msrp_status(&g.sip), 200);
		}
		report = msrp_take(&g.sip);
		assert_true(has(report, " REPORT\r\n"));
		assert_true(has(report, "Status: 000 200"));
	}
	guest_done(&g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    MUC_TEST(test_chat),	 MUC_TEST(test_voice),
	    MUC_TEST(test_late_refusal), MUC_TEST(test_bad_messages),
	    MUC_TEST(test_private),	 MUC_TEST(test_receipt),
	    MUC_TEST(test_nickname),	 MUC_TEST(test_names),
	};

	return cmocka_run_group_tests_name("muc_sip_say", tests, NULL, NULL);
}
