/* SIP users with SIP and MSRP in a scripted MUC: the whole way (RFC 7702 §6).
 */
#include "muc_peer.h"

#define ROOM "sip:r@muc.test"
#define ANN  "sip:r@muc.test;gr=Ann"
#define CHAT "a=chatroom:nickname private-messages\r\n"

static int setup_discover(void **state)
{
	struct scene *s = scene_new(
	    "domain \"sip.test\" { users = sip secret = \"x\" }\n"
	    "domain \"muc.test\" { rooms = discover notify-interval = 0 }\n");

	s->dns->knows_all = false;
	dns_server_srv(s->dns, "_xmpp-server._tcp.muc.test", 1, 1, 5269,
		       "h.test");
	*state = s;
	return 0;
}

/* A SIP user and the end of his proxy. */
struct guest {
	struct sip_user sip;
	struct muc_user muc;
};

static void call(struct guest *g, struct scene *s)
{
	*g = (struct guest){.muc = {.s = s}};
	sip_user_init(&g->sip, s, "ro", ROOM);
	sip_user_call(&g->sip, sip_user_offer(&g->sip, CHAT));
}

static void done(struct guest *g)
{
	sip_user_done(&g->sip);
}

/* What the room has to say, and the MSRP session. */
static void let_in_as(struct guest *g, const char *role, const char *statuses)
{
	struct scene *s = g->sip.s;

	scene_run(s, 10); /* its domain may have to be found */
	muc_answer_info(&g->muc, "");
	muc_take(&g->muc, MUC_ROOM "/ro");
	muc_present(&g->muc, "Ann", "moderator", "");
	assert_true(scene_sip_none(s, PORT_ANSWER, NULL));
	muc_present(&g->muc, "ro", role, statuses);
	assert_int_equal(sip_user_answer(&g->sip), 200);
	sip_user_ack(&g->sip);
	sip_user_bind(&g->sip);
}

static void let_in(struct guest *g)
{
	let_in_as(g, "participant", MUC_SELF);
}

static void join(struct guest *g, struct scene *s)
{
	call(g, s);
	let_in(g);
}

static void cpim_say_as(struct guest *g, const char *to, const char *text,
			const char *more)
{
	msrp_send_cpim(
	    &g->sip, NULL, more,
	    arena_printf(g->sip.s->arena,
			 "From: <sip:ro@sip.test>\r\nTo: <%s>\r\n\r\n"
			 "Content-Type: text/plain\r\n\r\n%s",
			 to, text));
}

static void cpim_say(struct guest *g, const char *to, const char *text)
{
	cpim_say_as(g, to, text, "");
}

/* S2X-8: 200 comes after the room has let him in. S2X-27, S2X-28, S2X-34: and
 * what is said, each way. */
static void test_chat(void **state)
{
	struct scene *s = *state;
	static struct guest g;
	struct str cpim;

	join(&g, s);
	muc_subject(&g.muc, "tea");
	muc_says(&g.muc, "message", MUC_ANN,
		 "type='groupchat'><body>hello</body>");
	cpim = msrp_cpim(&g.sip);
	assert_true(has(cpim, "<" ANN ">"));
	assert_true(has(cpim, "To: <" ROOM ">"));
	assert_true(has(cpim, "hello"));
	cpim_say(&g, ROOM, "hi Ann");
	muc_has(&g.muc, muc_take(&g.muc, MUC_ROOM), "<body>hi Ann</body>");
	assert_true(msrp_take(&g.sip).n == 0);
	muc_says(&g.muc, "message", MUC_ROOM "/ro",
		 "type='groupchat' id='%s'><body>hi Ann</body>", g.muc.last);
	assert_int_equal(msrp_status(&g.sip), 200);
	assert_true(msrp_take(&g.sip).n == 0);
	done(&g);
}

/* S2X-8, S2X-11: the room's refusal is the call's. */
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
		call(&g, s);
		if (i == 0)
			muc_answer_info(&g.muc, "");
		muc_take(&g.muc, MUC_ROOM "/ro");
		muc_refuses(&g.muc, "presence", MUC_ROOM "/ro", rows[i].type,
			    rows[i].condition);
		assert_int_equal(sip_user_answer(&g.sip), rows[i].status);
		done(&g);
	}
	call(&g, s);
	scene_run(s, 25000);
	assert_int_equal(sip_user_answer(&g.sip), 504);
	done(&g);
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

		call(&g, s);
		if (i == 0)
			muc_answer_info(&g.muc, "");
		muc_take(&g.muc, MUC_ROOM "/ro");
		muc_says(&g.muc, "presence", MUC_ROOM "/ro",
			 "type='error' id='%s'>%s", g.muc.last, rows[i].error);
		a = scene_sip(s, PORT_ANSWER, NULL);
		assert_int_equal(a.status, 403);
		assert_true(str_eq(a.f[PORT_F_REASON], str_z(rows[i].phrase)));
		done(&g);
	}
}

/* S2X-12: who comes in is warned. */
static void test_warnings(void **state)
{
	struct scene *s = *state;
	static struct guest g;

	call(&g, s);
	let_in_as(&g, "participant",
		  MUC_SELF "<status code='100'/><status code='170'/>");
	assert_true(has(msrp_cpim(&g.sip), "is kept."));
	assert_true(has(msrp_cpim(&g.sip), "real addresses."));
	assert_true(msrp_take(&g.sip).n == 0);
	done(&g);
}

/* S2X-44: a visitor who is given a voice is told. */
static void test_voice(void **state)
{
	struct scene *s = *state;
	static struct guest g;

	call(&g, s);
	let_in_as(&g, "visitor", MUC_SELF);
	cpim_say(&g, ROOM, "mute");
	assert_int_equal(msrp_status(&g.sip), 403);
	muc_present(&g.muc, "ro", "participant", MUC_SELF);
	assert_true(has(msrp_cpim(&g.sip), "You may speak"));
	muc_present(&g.muc, "ro", "moderator", MUC_SELF);
	assert_true(msrp_take(&g.sip).n == 0);
	muc_present(&g.muc, "ro", "visitor", MUC_SELF);
	assert_true(msrp_take(&g.sip).n == 0);
	muc_present(&g.muc, "ro", "participant", MUC_SELF);
	assert_true(has(msrp_cpim(&g.sip), "You may speak"));
	done(&g);
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
		call(&g, s);
		if (i == 0)
			muc_answer_info(&g.muc, "");
		muc_take(&g.muc, MUC_ROOM "/ro");
		muc_refuses(&g.muc, "presence", MUC_ROOM "/ro", "wait",
			    rows[i].condition);
		a = scene_sip(s, PORT_ANSWER, NULL);
		assert_int_equal(a.status, rows[i].status);
		assert_true(has(a.f[PORT_F_HEADERS], "Retry-After: 60\r\n"));
		done(&g);
	}
}

/* S2X-33, S2X-35: to one, and from one. */
static void test_private(void **state)
{
	struct scene *s = *state;
	static struct guest g;
	struct str cpim;

	join(&g, s);
	cpim_say(&g, ANN, "psst");
	muc_has(&g.muc, muc_take(&g.muc, MUC_ANN), "<body>psst</body>");
	scene_run(s, 1000);
	assert_int_equal(msrp_status(&g.sip), 200);
	muc_says(&g.muc, "message", MUC_ANN, "type='chat'><body>yes?</body>");
	cpim = msrp_cpim(&g.sip);
	assert_true(has(cpim, "From: \"Ann\" <" ANN ">") ||
		    has(cpim, "<" ANN ">"));
	assert_true(has(cpim, "To: <sip:ro@sip.test>"));
	done(&g);
}

/* S2X-28, S2X-29: 200 for want of an answer; the room's refusal comes as a
 * report. */
static void test_late_refusal(void **state)
{
	struct scene *s = *state;
	static struct guest g;
	struct str report;

	join(&g, s);
	cpim_say(&g, ROOM, "hi");
	muc_take(&g.muc, MUC_ROOM);
	scene_run(s, 10000);
	assert_int_equal(msrp_status(&g.sip), 200);
	muc_refuses(&g.muc, "message", MUC_ROOM, "auth", "forbidden");
	report = msrp_take(&g.sip);
	assert_true(has(report, " REPORT\r\n"));
	assert_true(has(report, "Status: 000 403"));
	/* what was echoed is sure */
	cpim_say(&g, ROOM, "ho");
	muc_take(&g.muc, MUC_ROOM);
	muc_says(&g.muc, "message", MUC_ROOM "/ro",
		 "type='groupchat' id='%s'><body>ho</body>", g.muc.last);
	assert_int_equal(msrp_status(&g.sip), 200);
	scene_run(s, 60000);
	assert_true(msrp_take(&g.sip).n == 0);
	done(&g);
}

/* S2X-1: what can carry no chat is refused before the room hears of it. */
static void test_bad_offer(void **state)
{
	struct scene *s = *state;
	static struct guest g;
	struct str sdp;

	g = (struct guest){.muc = {.s = s}};
	sip_user_init(&g.sip, s, "ro", ROOM);
	sdp = sip_user_offer(&g.sip, CHAT);
	sdp = arena_printf(s->arena, "%.*sm=audio 9 RTP/AVP 0\r\n",
			   (int)str_search(sdp, STR("m=")), sdp.p);
	assert_int_equal(sip_user_invite(&g.sip, sdp), 488);
	assert_true(muc_none(&g.muc, MUC_ROOM));
	done(&g);
}

/* S2X-2: one who knows nothing of chat rooms is told where he is. */
static void test_unaware(void **state)
{
	struct scene *s = *state;
	static struct guest g;
	struct str cpim;

	g = (struct guest){.muc = {.s = s}};
	sip_user_init(&g.sip, s, "ro", ROOM);
	sip_user_call(&g.sip, sip_user_offer(&g.sip, ""));
	let_in(&g);
	cpim = msrp_cpim(&g.sip);
	assert_true(has(cpim, "chat room"));
	assert_true(has(cpim, "Ann"));
	done(&g);
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
	     "From: <sip:eve@sip.test>\r\nTo: <" ROOM ">\r\n\r\n"
	     "Content-Type: text/plain\r\n\r\nhi",
	     403},
	    {"message/cpim",
	     "From: <sip:ro@sip.test>\r\nTo: <" ROOM ">\r\nTo: <" ANN
	     ">\r\n\r\nContent-Type: text/plain\r\n\r\nhi",
	     403},
	    {"message/cpim",
	     "From: <sip:ro@sip.test>\r\nTo: <" ROOM ";gr=Zoe>\r\n\r\n"
	     "Content-Type: text/plain\r\n\r\nhi",
	     404},
	};
	struct scene *s = *state;
	static struct guest g;

	join(&g, s);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		octets(&g, rows[i].type, rows[i].body);
		assert_int_equal(msrp_status(&g.sip), rows[i].status);
	}
	assert_true(muc_none(&g.muc, MUC_ROOM));
	done(&g);
}

/* The body of the next NOTIFY of the roster, which is answered. */
static struct str roster(struct guest *g)
{
	struct scene *s = g->sip.s;
	struct port_msg n;
	struct str body;

	scene_run(s, 5000);
	n = scene_sip(s, PORT_SEND, "NOTIFY");
	body = arena_dup(s->arena, n.f[PORT_F_BODY]);
	scene_sip_response(s, &n, 200);
	return body;
}

/* S2X-13, S2X-14, S2X-15: a full document, then what changes; a new nickname is
 * a user who goes and another who comes. */
static void test_roster(void **state)
{
	struct scene *s = *state;
	struct port_msg m = port_msg(PORT_REQUEST);
	static struct guest g;
	struct str doc;

	join(&g, s);
	sip_user_request(&g.sip, &m, "SUBSCRIBE");
	m.f[PORT_F_EVENT] = STR("conference");
	m.expires = 600;
	scene_sip_event(s, &m);
	assert_int_equal(scene_sip(s, PORT_ANSWER, NULL).status, 200);
	doc = roster(&g);
	assert_true(has(doc, "state=\"full\""));
	assert_true(has(doc, "<user entity=\"" ANN "\""));
	assert_true(has(doc, "<user entity=\"" ROOM ";gr=ro\""));
	assert_true(has(doc, "nickname"));
	muc_says(&g.muc, "presence", MUC_ANN,
		 "type='unavailable'><x xmlns='" NS_MUC_USER "'><item "
		 "affiliation='none' role='moderator' nick='Anna'/>"
		 "<status code='303'/></x>");
	muc_present(&g.muc, "Anna", "moderator", "");
	doc = roster(&g);
	assert_true(has(doc, "<user entity=\"" ANN "\" state=\"deleted\"") ||
		    !has(doc, "<user entity=\"" ANN "\""));
	assert_true(has(doc, "<user entity=\"" ROOM ";gr=Anna\""));
	muc_says(&g.muc, "presence", MUC_ROOM "/Anna", "type='unavailable'>");
	doc = roster(&g);
	assert_false(has(doc, "gr=Anna\" state=\"full\""));
	done(&g);
}

/* S2X-17, S2X-18 */
static void test_nickname(void **state)
{
	struct scene *s = *state;
	static struct guest g;

	join(&g, s);
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
	done(&g);
}

/* S2X-20, S2X-21 */
static void test_end(void **state)
{
	struct scene *s = *state;
	const struct xnode *n;
	static struct guest g;
	struct port_msg bye;

	join(&g, s);
	sip_user_bye(&g.sip);
	n = muc_take(&g.muc, MUC_ROOM "/ro");
	assert_true(str_eq(x_attr(n, "type"), STR("unavailable")));
	done(&g);
	call(&g, s);
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
	done(&g);
}

/* S2X-21: of a room that is closed he hears where to go instead. */
static void test_destroyed(void **state)
{
	struct scene *s = *state;
	static struct guest g;
	struct port_msg bye;

	join(&g, s);
	muc_says(&g.muc, "presence", MUC_ROOM "/ro",
		 "type='unavailable'><x xmlns='" NS_MUC_USER "'><item "
		 "affiliation='none' role='none'/><destroy jid='n@muc.test'>"
		 "<reason>moved</reason></destroy><status code='110'/></x>");
	bye = scene_sip(s, PORT_SEND, "BYE");
	assert_true(has(bye.f[PORT_F_HEADERS],
			"cause=410;text=\"moved, go to sip:n@muc.test\""));
	done(&g);
}

static int refer(struct guest *g, const char *to)
{
	struct port_msg m = port_msg(PORT_REQUEST), a;

	sip_user_request(&g->sip, &m, "REFER");
	m.f[PORT_F_REFER_TO] = str_z(to);
	m.f[PORT_F_SUBJECT] = STR("tea");
	scene_sip_event(g->sip.s, &m);
	a = scene_sip(g->sip.s, PORT_ANSWER, NULL);
	return a.status;
}

static void told(struct scene *s, const char *state, const char *fragment)
{
	struct port_msg n = scene_sip(s, PORT_SEND, "NOTIFY");

	assert_true(has(n.f[PORT_F_HEADERS], state));
	assert_true(has(n.f[PORT_F_BODY], fragment));
	scene_sip_response(s, &n, 200);
}

/* S2X-39, S2X-40: the room invites; the REFER's user hears 100 and no more. */
static void test_invite(void **state)
{
	struct scene *s = *state;
	static struct guest g;
	const struct xnode *n;

	join(&g, s);
	assert_int_equal(refer(&g, "<xmpp:bob@x.test>"), 200);
	n = muc_take(&g.muc, MUC_ROOM);
	muc_has(&g.muc, n, "<invite to='bob@x.test'><reason>tea</reason>");
	told(s, "terminated;reason=noresource", "SIP/2.0 100 Trying");
	assert_true(scene_sip_none(s, PORT_SEND, "NOTIFY"));
	done(&g);
}

/* S2X-13, S2X-14, DNS-2: the roster of a room whose domain has to be found,
 * again for the subscription: it comes as soon as that is done. */
static void test_found_roster(void **state)
{
	struct scene *s = *state;
	struct port_msg m = port_msg(PORT_REQUEST);
	static struct guest g;

	join(&g, s);
	m.new_dialog = true;
	m.dlg = ++s->ids;
	m.req = ++s->ids;
	m.expires = 600;
	m.f[PORT_F_METHOD] = STR("SUBSCRIBE");
	m.f[PORT_F_RURI] = STR(ROOM);
	m.f[PORT_F_FROM] = STR("<sip:ro@sip.test>;tag=1");
	m.f[PORT_F_PEER] = STR("127.0.0.1:5099");
	m.f[PORT_F_EVENT] = STR("conference");
	scene_sip_event(s, &m);
	assert_int_equal(scene_sip(s, PORT_ANSWER, NULL).status, 200);
	m = scene_sip(s, PORT_SEND, "NOTIFY");
	scene_sip_response(s, &m, 200);
	scene_run(s, 10);
	m = scene_sip(s, PORT_SEND, "NOTIFY");
	assert_true(has(m.f[PORT_F_BODY], ANN));
	assert_true(has(m.f[PORT_F_BODY], ROOM ";gr=ro"));
	done(&g);
}

/* S2X-41: BYE is a kick, if he is a moderator. */
static void test_kick(void **state)
{
	struct scene *s = *state;
	static struct guest g;

	join(&g, s);
	assert_int_equal(refer(&g, "<" ANN ";method=BYE>"), 403);
	muc_present(&g.muc, "ro", "moderator", MUC_SELF);
	assert_int_equal(refer(&g, "<" ANN ";method=BYE>"), 200);
	muc_has(&g.muc, muc_take(&g.muc, MUC_ROOM),
		"<item role='none' nick='Ann'");
	muc_says(&g.muc, "iq", MUC_ROOM, "type='result' id='%s'>", g.muc.last);
	told(s, "Subscription-State: active", "SIP/2.0 100 Trying");
	scene_run(s, 1000);
	told(s, "terminated;reason=noresource", "SIP/2.0 200 OK");
	assert_int_equal(refer(&g, "<" ANN ";method=INFO>"), 403);
	done(&g);
}

/* S2X-8: he hangs up before he is in. */
static void test_cancel(void **state)
{
	struct scene *s = *state;
	struct port_msg m = port_msg(PORT_CANCEL);
	static struct guest g;

	call(&g, s);
	muc_answer_info(&g.muc, "");
	muc_take(&g.muc, MUC_ROOM "/ro");
	m.dlg = g.sip.dlg;
	m.req = g.sip.invite;
	scene_sip_event(s, &m);
	assert_true(str_eq(x_attr(muc_take(&g.muc, MUC_ROOM "/ro"), "type"),
			   STR("unavailable")));
	assert_int_equal(back_muc_stats(s->core.back_muc).legs, 0);
	done(&g);
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

	join(&g, s);
	for (size_t i = 0; i < 3; i++)
		muc_present(&g.muc, rows[i].nick, "participant", "");
	for (size_t i = 0; i < 3; i++) {
		snprintf(from, sizeof(from), MUC_ROOM "/%s", rows[i].nick);
		muc_says(&g.muc, "message", from,
			 "type='groupchat'><body>hello</body>");
		assert_true(has(msrp_cpim(&g.sip),
				arena_printf(s->arena, "<%s>", rows[i].uri).p));
		cpim_say(&g, rows[i].uri, "psst");
		muc_has(&g.muc, muc_take(&g.muc, from), "<body>psst</body>");
		scene_run(s, 1000);
		assert_int_equal(msrp_status(&g.sip), 200);
	}
	done(&g);
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

	join(&g, s);
	for (size_t i = 0; i < 2; i++) {
		while (msrp_take(&g.sip).n)
			;
		cpim_say_as(&g, ANN, "psst", "Success-Report: yes\r\n");
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
	done(&g);
}

/* S2X-3: of whom nobody vouches for the room hears nothing; he may log in
 * (test_sip_auth.c). */
static void test_stranger(void **state)
{
	struct scene *s = *state;
	struct port_msg m = port_msg(PORT_REQUEST);
	static struct guest g;

	g = (struct guest){.muc = {.s = s}};
	sip_user_init(&g.sip, s, "ro", ROOM);
	sip_user_request(&g.sip, &m, "INVITE");
	m.new_dialog = true;
	m.f[PORT_F_PEER] = STR("192.0.2.1:5060");
	m.f[PORT_F_TYPE] = STR("application/sdp");
	m.f[PORT_F_BODY] = sip_user_offer(&g.sip, CHAT);
	g.sip.invite = m.req;
	scene_sip_event(s, &m);
	assert_int_equal(sip_user_answer(&g.sip), 401);
	assert_true(xmpp_none(s, MUC_ROOM));
	done(&g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    MUC_TEST(test_chat),
	    MUC_TEST(test_refused),
	    MUC_TEST(test_refused_why),
	    MUC_TEST(test_warnings),
	    MUC_TEST(test_voice),
	    MUC_TEST(test_wait),
	    MUC_TEST(test_private),
	    MUC_TEST(test_late_refusal),
	    MUC_TEST(test_bad_offer),
	    MUC_TEST(test_unaware),
	    MUC_TEST(test_bad_messages),
	    MUC_TEST(test_roster),
	    MUC_TEST(test_invite),
	    MUC_TEST(test_kick),
	    MUC_TEST(test_nickname),
	    MUC_TEST(test_end),
	    MUC_TEST(test_destroyed),
	    MUC_TEST(test_cancel),
	    MUC_TEST(test_receipt),
	    MUC_TEST(test_names),
	    cmocka_unit_test_setup_teardown(test_found_roster, setup_discover,
					    scene_teardown),
	    MUC_TEST(test_stranger),
	};

	return cmocka_run_group_tests_name("muc_sip", tests, NULL, NULL);
}
