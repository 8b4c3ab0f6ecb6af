/* A SIP user's call into a remote MUC: how it is taken and how it ends (RFC
 * 7702 §6). */
#include "muc_guest.h"

/* S2X-8, S2X-11: the room's refusal is the guest_calls's. */
static void test_refused(void **state)
{
	static const struct {
		const char *type, *condition;
		int status;
	} rows[] = {
	    {"auth", "forbidden", 403},
	    {"auth", "not-authorized", 403},
	    {"cancel", "item-not-found", 404},
	    {"modify", "policy-violation", 403},
	    {"wait", "service-unavailable", 486},
	};
	struct scene *s = *state;
	static struct guest g;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		guest_calls(&g, s);
		if (i == 0)
			muc_answer_info(&g.muc, "");
		muc_take(&g.muc, MUC_ROOM "/ro");
		muc_refuses(&g.muc, "presence", MUC_ROOM "/ro", rows[i].type,
			    rows[i].condition);
		assert_int_equal(sip_user_answer(&g.sip), rows[i].status);
		guest_done(&g);
	}
	guest_calls(&g, s);
	scene_run(s, 25000);
	assert_int_equal(sip_user_answer(&g.sip), 504);
	guest_done(&g);
}

/* S2X-11, ERR-5: in the words of the room, else in ours. */
static void test_refused_why(void **state)
{
	static const struct {
		const char *error, *phrase;
	} rows[] = {
	    {"<error type='auth'><not-authorized xmlns='" NS_STANZAS
	     "'/></error>",
	     "Room password required"},
	    {"<error type='auth'><forbidden xmlns='" NS_STANZAS
	     "'/><text xmlns='" NS_STANZAS "'>Not\ntoday</text></error>",
	     "Not today"},
	    {"<error type='auth'><registration-required xmlns='" NS_STANZAS
	     "'/></error>",
	     "members only"},
	};
	struct scene *s = *state;
	static struct guest g;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct port_msg a;

		guest_calls(&g, s);
		if (i == 0)
			muc_answer_info(&g.muc, "");
		muc_take(&g.muc, MUC_ROOM "/ro");
		muc_says(&g.muc, "presence", MUC_ROOM "/ro",
			 "type='error' id='%s'>%s", g.muc.last, rows[i].error);
		a = scene_sip(s, PORT_ANSWER, NULL);
		assert_int_equal(a.status, 403);
		assert_true(str_eq(a.f[PORT_F_REASON], str_z(rows[i].phrase)));
		guest_done(&g);
	}
}

/* S2X-12: who comes in is warned. */
static void test_warnings(void **state)
{
	struct scene *s = *state;
	static struct guest g;

	guest_calls(&g, s);
	guest_let_in_as(&g, "participant",
			MUC_SELF "<status code='100'/><status code='170'/>");
	assert_true(has(msrp_cpim(&g.sip), "is kept."));
	assert_true(has(msrp_cpim(&g.sip), "real addresses."));
	assert_true(msrp_take(&g.sip).n == 0);
	guest_done(&g);
}

static struct str whispered(struct guest *g, const char *id)
{
	struct str frame;

	muc_says(&g->muc, "message", MUC_ANN,
		 "type='chat' id='%s'><body>psst</body>", id);
	frame = msrp_take(&g->sip);
	assert_true(has(frame, "psst"));
	return frame;
}

static void assert_told(struct guest *g, const char *id)
{
	const struct xnode *n = muc_take(&g->muc, MUC_ANN);

	assert_true(str_eq(x_attr(n, "type"), STR("error")));
	assert_true(str_eq(x_attr(n, "id"), str_z(id)));
	/* nothing for which the room would put him out */
	muc_has(&g->muc, n, "feature-not-implemented");
}

/* S2X-35: a private message that his client refuses, or never answers. */
static void test_private_refused(void **state)
{
	struct scene *s = *state;
	static struct guest g;

	guest_joins(&g, s);
	msrp_reply(&g.sip, whispered(&g, "p1"), "415 No");
	assert_told(&g, "p1");
	msrp_reply(&g.sip, whispered(&g, "&lt;&apos;&amp;"), "413 No");
	assert_told(&g, "<'&");
	msrp_reply(&g.sip, whispered(&g, "p3"), "200 OK");
	assert_true(xmpp_none(s, MUC_ANN));
	whispered(&g, "p4");
	scene_run(s, 30100);
	assert_told(&g, "p4");
	guest_done(&g);
}

/* ERR-7: who has to wait is told how long. */
static void test_wait(void **state)
{
	static const struct {
		const char *condition;
		int status;
	} rows[] = {
	    {"resource-constraint", 500},
	    {"recipient-unavailable", 480},
	};
	struct scene *s = *state;
	static struct guest g;
	struct port_msg a;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		guest_calls(&g, s);
		if (i == 0)
			muc_answer_info(&g.muc, "");
		muc_take(&g.muc, MUC_ROOM "/ro");
		muc_refuses(&g.muc, "presence", MUC_ROOM "/ro", "wait",
			    rows[i].condition);
		a = scene_sip(s, PORT_ANSWER, NULL);
		assert_int_equal(a.status, rows[i].status);
		assert_true(has(a.f[PORT_F_HEADERS], "Retry-After: 60\r\n"));
		guest_done(&g);
	}
}

/* S2X-1: what can carry no chat is refused before the room hears of it. */
static void test_bad_offer(void **state)
{
	struct scene *s = *state;
	static struct guest g;
	struct str sdp;

	g = (struct guest){.muc = {.s = s}};
	sip_user_init(&g.sip, s, "ro", GUEST_ROOM);
	sdp = sip_user_offer(&g.sip, GUEST_CHAT);
	sdp = arena_printf(s->arena, "%.*sm=audio 9 RTP/AVP 0\r\n",
			   (int)str_search(sdp, STR("m=")), sdp.p);
	assert_int_equal(sip_user_invite(&g.sip, sdp), 488);
	assert_true(muc_none(&g.muc, MUC_ROOM));
	guest_done(&g);
}

/* S2X-2: one who knows nothing of chat rooms is told where he is. */
static void test_unaware(void **state)
{
	struct scene *s = *state;
	static struct guest g;
	struct str cpim;

	g = (struct guest){.muc = {.s = s}};
	sip_user_init(&g.sip, s, "ro", GUEST_ROOM);
	sip_user_call(&g.sip, sip_user_offer(&g.sip, ""));
	guest_let_in(&g);
	cpim = msrp_cpim(&g.sip);
	assert_true(has(cpim, "chat room"));
	assert_true(has(cpim, "Ann"));
	guest_done(&g);
}

/* S2X-20, S2X-21 */
static void test_end(void **state)
{
	struct scene *s = *state;
	const struct xnode *n;
	static struct guest g;
	struct port_msg bye;

	guest_joins(&g, s);
	sip_user_bye(&g.sip);
	n = muc_take(&g.muc, MUC_ROOM "/ro");
	assert_true(str_eq(x_attr(n, "type"), STR("unavailable")));
	guest_done(&g);
	guest_calls(&g, s);
	muc_take(&g.muc, MUC_ROOM "/ro");
	muc_present(&g.muc, "ro", "participant", MUC_SELF);
	assert_int_equal(sip_user_answer(&g.sip), 200);
	sip_user_ack(&g.sip);
	muc_says(&g.muc, "presence", MUC_ROOM "/ro",
		 "type='unavailable'><x xmlns='" NS_MUC_USER "'><item "
		 "affiliation='none' role='none'><reason>flood</reason></item>"
		 "<status code='307'/><status code='110'/></x>");
	bye = scene_sip(s, PORT_SEND, "BYE");
	assert_true(has(bye.f[PORT_F_HEADERS], "cause=403"));
	guest_done(&g);
}

/* S2X-21: of a room that is closed he hears where to go instead. */
static void test_destroyed(void **state)
{
	struct scene *s = *state;
	static struct guest g;
	struct port_msg bye;

	guest_joins(&g, s);
	muc_says(&g.muc, "presence", MUC_ROOM "/ro",
		 "type='unavailable'><x xmlns='" NS_MUC_USER "'><item "
		 "affiliation='none' role='none'/><destroy jid='n@muc.test'>"
		 "<reason>moved</reason></destroy><status code='110'/></x>");
	bye = scene_sip(s, PORT_SEND, "BYE");
	assert_true(has(bye.f[PORT_F_HEADERS],
			"cause=410;text=\"moved, go to sip:n@muc.test\""));
	guest_done(&g);
}

static void subscribes(struct guest *g)
{
	struct port_msg m = port_msg(PORT_REQUEST);
	struct scene *s = g->sip.s;

	sip_user_request(&g->sip, &m, "SUBSCRIBE");
	m.f[PORT_F_EVENT] = STR("conference");
	m.expires = 3600;
	scene_sip_event(s, &m);
	assert_int_equal(scene_sip(s, PORT_ANSWER, NULL).status, 200);
	scene_answer_notifies(s);
}

/* S2X-22, COMP-10: the MUC service does not come back, or our stream to it:
 * what he says meanwhile is not kept, nor is he for ever, and he hears why. */
static void test_never_back(void **state)
{
	struct scene *s = *state;
	static struct guest g;
	struct port_msg m;
	struct str report;
	int seconds;

	for (int cut = 0; cut < 2; cut++) {
		if (cut) {
			guest_calls(&g, s);
			g.sip.ids = 100; /* what he says is not the same */
			muc_take(&g.muc, MUC_ROOM "/ro");
			muc_present(&g.muc, "ro", "participant", MUC_SELF);
			assert_int_equal(sip_user_answer(&g.sip), 200);
			sip_user_ack(&g.sip);
			sip_user_bind(&g.sip);
			subscribes(&g);
			core_link_down(&s->core, STR("sip.test"));
		} else {
			guest_joins(&g, s);
			subscribes(&g);
			muc_gone(&g.muc, "ro",
				 MUC_NO_ROLE MUC_SELF "<status code='332'/>");
		}
		guest_says(&g, GUEST_ROOM, "in vain");
		scene_run(s, 10100);
		assert_int_equal(msrp_status(&g.sip), 200);
		for (seconds = 10; seconds < 200; seconds++) {
			if (!scene_sip_none(s, PORT_SEND, "BYE"))
				break;
			scene_run(s, 1000);
		}
		assert_in_range(seconds, cut ? 58 : 153, cut ? 61 : 157);
		do { /* a notice may come before */
			report = msrp_take(&g.sip);
			assert_true(report.n > 0);
		} while (!has(report, " REPORT\r\n"));
		assert_true(has(report, "Status: 000 408"));
		m = scene_sip(s, PORT_SEND, "BYE");
		assert_true(has(m.f[PORT_F_HEADERS],
				"Reason: SIP;cause=504;text=\"the room's "
				"server does not answer\""));
		m = scene_sip(s, PORT_SEND, "NOTIFY");
		assert_true(has(m.f[PORT_F_HEADERS], "terminated"));
		assert_int_equal(back_muc_stats(s->core.back_muc).legs, 0);
		guest_done(&g);
		scene_run(s, 1000);
		xmpp_drop(s);
	}
}

/* S2X-8: he hangs up before he is in. */
static void test_cancel(void **state)
{
	struct scene *s = *state;
	struct port_msg m = port_msg(PORT_CANCEL);
	static struct guest g;

	guest_calls(&g, s);
	muc_answer_info(&g.muc, "");
	muc_take(&g.muc, MUC_ROOM "/ro");
	m.dlg = g.sip.dlg;
	m.req = g.sip.invite;
	scene_sip_event(s, &m);
	assert_true(str_eq(x_attr(muc_take(&g.muc, MUC_ROOM "/ro"), "type"),
			   STR("unavailable")));
	assert_int_equal(back_muc_stats(s->core.back_muc).legs, 0);
	guest_done(&g);
}

/* S2X-3: of whom nobody vouches for the room hears nothing; he may log in
 * (test_sip_auth.c). */
static void test_stranger(void **state)
{
	struct scene *s = *state;
	struct port_msg m = port_msg(PORT_REQUEST);
	static struct guest g;

	g = (struct guest){.muc = {.s = s}};
	sip_user_init(&g.sip, s, "ro", GUEST_ROOM);
	sip_user_request(&g.sip, &m, "INVITE");
	m.new_dialog = true;
	m.f[PORT_F_PEER] = STR("192.0.2.1:5060");
	m.f[PORT_F_TYPE] = STR("application/sdp");
	m.f[PORT_F_BODY] = sip_user_offer(&g.sip, GUEST_CHAT);
	g.sip.invite = m.req;
	scene_sip_event(s, &m);
	assert_int_equal(sip_user_answer(&g.sip), 401);
	assert_true(xmpp_none(s, MUC_ROOM));
	guest_done(&g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    MUC_TEST(test_refused),
	    MUC_TEST(test_refused_why),
	    MUC_TEST(test_wait),
	    MUC_TEST(test_bad_offer),
	    MUC_TEST(test_stranger),
	    MUC_TEST(test_warnings),
	    MUC_TEST(test_private_refused),
	    MUC_TEST(test_unaware),
	    MUC_TEST(test_cancel),
	    MUC_TEST(test_end),
	    MUC_TEST(test_destroyed),
	    MUC_TEST(test_never_back),
	};

	return cmocka_run_group_tests_name("muc_sip", tests, NULL, NULL);
}
