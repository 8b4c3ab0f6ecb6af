/* A room's settings and its end, as owners ask for them and everybody sees them
 * (XEP-0045 §10). */
#include "moderation.h"

#include "xmpp/form.h"

#define ROOM "sip:r@chat.test"
#define FORM(fields)                                                           \
	"<x xmlns='" NS_XDATA "' type='submit'><field var='FORM_TYPE'><value>" \
	"http://jabber.org/protocol/muc#roomconfig</value></field>" fields     \
	"</x>"
#define FIELD(var, value)                                                      \
	"<field var='muc#roomconfig_" var "'><value>" value "</value></field>"

static const struct room_policy *policy(struct scene *s)
{
	return room_policy(rooms_find(s->core.rooms, STR("r@chat.test")));
}

static struct form form_of(struct scene *s, const char *from)
{
	const struct xnode *q = asked(s, from, NS_MUC_OWNER, "");
	struct form f;

	assert_int_equal(form_read(x_child(q, "x", NS_XDATA), s->arena, &f), 0);
	assert_true(str_eq(f.type, STR("form")));
	assert_true(str_eq(f.form_type, STR(NS_MUC "#roomconfig")));
	return f;
}

#define assert_value(f, var, value)                                            \
	assert_true(str_eq(form_value(f, "muc#roomconfig_" var), str_z(value)))

/* ADM-13, ADM-14: everything that the form has, and back */
static void test_form(void **state)
{
	struct scene *s = scene_new(ROOMS(""));
	struct form f;

	(void)state;
	join(s, ANN, "Ann");
	join(s, BEN, "Ben");
	xmpp_drop(s);
	f = form_of(s, ANN);
	assert_value(&f, "roomname", "");
	assert_value(&f, "enablelogging", "0");
	assert_value(&f, "changesubject", "1");
	assert_value(&f, "allowinvites", "1");
	assert_value(&f, "allowpm", "anyone");
	assert_value(&f, "maxusers", "10000");
	assert_value(&f, "whois", "moderators");
	assert_value(&f, "passwordprotectedroom", "0");
	assert_value(&f, "roomowners", "ann@x.test");
	assert_non_null(form_field(&f, "muc#roomconfig_roomadmins"));
	assert_true(str_eq(form_value(&f, "muc#maxhistoryfetch"), STR("50")));
	assert_string_equal(
	    set_owner(
		s, ANN,
		FORM(
		    FIELD("roomname", "A &amp; B") FIELD("roomdesc", "What")
			FIELD("lang", "en-GB") FIELD(
			    "changesubject", "0") FIELD("allowinvites", "false")
			    FIELD("allowpm", "moderators") FIELD(
				"maxusers", "20") FIELD("publicroom", "0")
				FIELD("persistentroom", "1") FIELD(
				    "moderatedroom",
				    "1") FIELD("passwordprotectedroom", "1")
				    FIELD("roomsecret", "sesame") FIELD(
					"unknown",
					"x") "<field var='muc#maxhistoryfetch'>"
					     "<value>7</value></field>")),
	    "iq result id=q\n"
	    "groupchat - user\n"
	    "presence Ben none/visitor jid=ben@x.test/2\n");
	assert_true(str_eq(policy(s)->title, STR("A & B")));
	f = form_of(s, ANN);
	assert_value(&f, "roomname", "A & B");
	assert_value(&f, "roomdesc", "What");
	assert_value(&f, "lang", "en-GB");
	assert_value(&f, "enablelogging", "0");
	assert_value(&f, "changesubject", "0");
	assert_value(&f, "allowinvites", "0");
	assert_value(&f, "allowpm", "moderators");
	assert_value(&f, "maxusers", "20");
	assert_value(&f, "publicroom", "0");
	assert_value(&f, "persistentroom", "1");
	assert_value(&f, "moderatedroom", "1");
	assert_value(&f, "membersonly", "0");
	assert_value(&f, "passwordprotectedroom", "1");
	assert_value(&f, "roomsecret", "sesame");
	assert_true(str_eq(form_value(&f, "muc#maxhistoryfetch"), STR("7")));
	assert_string_equal(
	    set_owner(s, ANN,
		      FORM(FIELD("maxusers", "none") FIELD("allowpm", "none"))),
	    "iq result id=q\ngroupchat - user\n");
	assert_int_equal(policy(s)->max_occupants, 10000);
	assert_false(policy(s)->private_messages);
	assert_true(str_eq(policy(s)->password, STR("sesame")));
	scene_free(s);
}

/* ADM-14: nothing changes */
static void test_refused(void **state)
{
	struct scene *s = scene_new(ROOMS(""));
	static const char *const bad[] = {
	    FORM(FIELD("roomname", "New") FIELD("publicroom", "maybe")),
	    FORM(FIELD("roomname", "New") FIELD("passwordprotectedroom", "1")),
	    FORM(FIELD("roomname", "New") FIELD("passwordprotectedroom", "1")
		     FIELD("roomsecret", "")),
	    FORM(FIELD("roomname", "New") FIELD("maxusers", "20000")),
	    FORM(FIELD("roomname", "New") FIELD("maxusers", "0")),
	    FORM(FIELD("roomname", "New") FIELD("allowpm", "x")),
	    FORM(FIELD("roomname", "New") FIELD("whois", "x")),
	    FORM(FIELD("roomname", "New") FIELD("lang", "a b")),
	    FORM(FIELD("roomname", "New") FIELD("roomadmins", "@@")),
	    FORM(FIELD("roomname", "New") "<field var='muc#maxhistoryfetch'>"
					  "<value>many</value></field>"),
	    "<x xmlns='" NS_XDATA "' type='submit'><field var='FORM_TYPE'>"
	    "<value>urn:x</value></field>" FIELD("roomname", "New") "</x>",
	};

	(void)state;
	join(s, ANN, "Ann");
	join(s, BEN, "Ben");
	xmpp_drop(s);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_string_equal(set_owner(s, ANN, bad[i]),
				    "iq error modify/not-acceptable id=q\n");
	assert_string_equal(set_owner(s, ANN, ""),
			    "iq error modify/bad-request id=q\n");
	assert_string_equal(
	    set_owner(s, ANN, "<x xmlns='" NS_XDATA "' type='form'/>"),
	    "iq error modify/bad-request id=q\n");
	assert_string_equal(
	    set_owner(s, ANN, "<x xmlns='" NS_XDATA "' type='cancel'/>"),
	    "iq result id=q\n");
	assert_string_equal(set_owner(s, BEN, FORM(FIELD("roomname", "New"))),
			    "iq error auth/forbidden id=q\n");
	assert_string_equal(iq(s, BEN, "get", NS_MUC_OWNER, ""),
			    "iq error auth/forbidden id=q\n");
	assert_int_equal(policy(s)->title.n, 0);
	assert_heard(s, BEN, "");
	scene_free(s);
}

/* ADM-7, ADM-11, ADM-14: lists of people in the form */
static void test_people(void **state)
{
	struct scene *s = scene_new(ROOMS(""));

	(void)state;
	join(s, ANN, "Ann");
	join(s, BEN, "Ben");
	join(s, CYD, "Cyd");
	xmpp_drop(s);
	assert_string_equal(
	    set_owner(s, ANN,
		      FORM("<field var='muc#roomconfig_roomadmins'><value>"
			   "ben@x.test</value><value>alice@sip.test</value>"
			   "</field>")),
	    "iq result id=q\n"
	    "presence Ben admin/moderator jid=ben@x.test/2\n");
	assert_string_equal(
	    set_owner(s, ANN,
		      FORM("<field var='muc#roomconfig_roomadmins'/>"
			   "<field var='muc#roomconfig_roomowners'><value>"
			   "cyd@x.test</value><value>ann@x.test</value>"
			   "</field>")),
	    "iq result id=q\n"
	    "presence Ben none/participant jid=ben@x.test/2\n"
	    "presence Cyd owner/moderator jid=cyd@x.test/3\n");
	assert_string_equal(items(s, ANN, "<item affiliation='admin'/>"), "");
	assert_string_equal(
	    set_owner(
		s, ANN,
		FORM(FIELD("roomname", "New") "<field var='muc#"
					      "roomconfig_roomowners'/>")),
	    "iq error cancel/conflict id=q\n");
	assert_int_equal(policy(s)->title.n, 0);
	xmpp_drop(s);
	/* of two who were shown the form the second one's word counts */
	assert_string_equal(
	    set_owner(s, CYD, FORM(FIELD("roomowners", "cyd@x.test"))),
	    "iq result id=q\n"
	    "presence Ann none/participant jid=ann@x.test/1\n");
	scene_free(s);
}

static bool hears(struct scene *s, const char *jid, const char *code)
{
	const struct xnode *m = xmpp_take(s, jid);

	return x_is(m, "message", NULL) && x_has_status(m, code);
}

/* ADM-15, PRIV-1 */
static void test_notices(void **state)
{
	struct scene *s = scene_new(ROOMS(""));
	const struct xnode *p;
	struct sip_user a;

	(void)state;
	join(s, ANN, "Ann");
	join(s, BEN, "Ben");
	sip_user_join(&a, s, "alice", ROOM, "a=chatroom\r\n");
	xmpp_drop(s);
	set_owner(s, ANN, FORM(FIELD("enablelogging", "1")));
	assert_true(hears(s, BEN, "170"));
	assert_true(has(msrp_cpim(&a), "kept"));
	set_owner(s, ANN, FORM(FIELD("whois", "anyone")));
	assert_true(hears(s, BEN, "172"));
	assert_true(has(msrp_cpim(&a), "real addresses"));
	join(s, CYD, "Cyd");
	assert_heard(s, BEN,
		     "presence Cyd none/participant jid=cyd@x.test/3\n");
	assert_heard(
	    s, CYD,
	    "presence Ann owner/moderator jid=ann@x.test/1\n"
	    "presence Ben none/participant jid=ben@x.test/2\n"
	    "presence alice none/participant jid=alice@sip.test\n"
	    "presence Cyd none/participant jid=cyd@x.test/3 [100 110 170] "
	    "id=j\n"
	    "groupchat - subject=''\n");
	set_owner(s, ANN,
		  FORM(FIELD("whois", "moderators") FIELD("roomname", "New")));
	p = xmpp_take(s, BEN);
	assert_true(x_has_status(p, "173") && x_has_status(p, "104"));
	set_owner(s, ANN, FORM(FIELD("enablelogging", "0")));
	assert_true(hears(s, BEN, "171"));
	set_owner(s, ANN, FORM(FIELD("enablelogging", "0")));
	assert_true(xmpp_none(s, BEN));
	/* the name that some clients know */
	set_owner(
	    s, ANN,
	    FORM(FIELD("enablelogging", "0") FIELD("enablearchiving", "1")));
	assert_true(hears(s, BEN, "170"));
	assert_true(has(msrp_cpim(&a), "kept"));
	set_owner(
	    s, ANN,
	    FORM(FIELD("enablelogging", "1") FIELD("enablearchiving", "0")));
	assert_true(hears(s, BEN, "171"));
	assert_int_equal(msrp_take(&a).n, 0);
	sip_user_done(&a);
	scene_free(s);
}

/* ADM-7: 322 and BYE for those who are no members */
static void test_members_only(void **state)
{
	struct scene *s = scene_new(ROOMS(""));
	struct sip_user a;

	(void)state;
	join(s, ANN, "Ann");
	join(s, BEN, "Ben");
	sip_user_join(&a, s, "alice", ROOM, "a=chatroom\r\n");
	xmpp_drop(s);
	assert_string_equal(
	    set_owner(s, ANN, FORM(FIELD("membersonly", "1"))),
	    "iq result id=q\n"
	    "groupchat - user\n"
	    "presence Ben unavailable none/none jid=ben@x.test/2 [322]\n"
	    "presence alice unavailable none/none jid=alice@sip.test "
	    "[322]\n");
	assert_heard(s, BEN,
		     "presence Ben unavailable none/none jid=ben@x.test/2 "
		     "[110 322]\n");
	assert_int_equal(scene_sip(s, PORT_SEND, "BYE").dlg, a.dlg);
	sip_user_done(&a);
	scene_free(s);
}

/* ADM-12: a reserved room opens with its settings */
static void test_reserved_room(void **state)
{
	struct scene *s = scene_new("domain \"chat.test\" { secret = \"x\" "
				    "rooms = local lock = yes }\n");

	(void)state;
	join(s, ANN, "Ann");
	xmpp_drop(s);
	assert_string_equal(iq(s, BEN, "get", NS_MUC_OWNER, ""),
			    "iq error cancel/item-not-found id=q\n");
	form_of(s, ANN);
	assert_string_equal(
	    set_owner(s, ANN, FORM(FIELD("passwordprotectedroom", "1"))),
	    "iq error modify/not-acceptable id=q\n");
	join(s, BEN, "Ben");
	assert_heard(s, BEN,
		     "presence Ben error cancel/item-not-found "
		     "by=r@chat.test id=j\n");
	set_owner(s, ANN, FORM(FIELD("roomname", "Ours")));
	join(s, BEN, "Ben");
	assert_true(x_is(xmpp_take(s, BEN), "presence", NULL));
	assert_true(x_has_status(xmpp_take(s, BEN), "110"));
	assert_true(str_eq(policy(s)->title, STR("Ours")));
	scene_free(s);
}

/* ADM-16: one unavailable for each, the result last; BYE and noresource */
static void test_destroy(void **state)
{
	struct scene *s = scene_new(ROOMS(""));
	const struct xnode *p, *destroy;
	struct sip_user a;
	struct port_msg m;

	(void)state;
	join(s, ANN, "Ann");
	join(s, BEN, "Ben");
	sip_user_join(&a, s, "alice", ROOM, "a=chatroom\r\n");
	roster_watched(s);
	xmpp_drop(s);
	assert_string_equal(set_owner(s, BEN, "<destroy/>"),
			    "iq error auth/forbidden id=q\n");
	assert_string_equal(set_owner(s, ANN, "<destroy jid='@x'/>"),
			    "iq error modify/jid-malformed id=q\n");
	assert_string_equal(
	    set_owner(s, ANN,
		      "<destroy jid='new@chat.test'><reason>moved</reason>"
		      "<password>sesame</password></destroy>"),
	    "presence Ann unavailable none/none destroy [110]\n"
	    "iq result id=q\n");
	p = xmpp_take(s, BEN);
	destroy = x_child(x_child(p, "x", NS_MUC_USER), "destroy", NULL);
	assert_true(str_eq(x_attr(destroy, "jid"), STR("new@chat.test")));
	assert_string_equal(xmpp_text(s, destroy, "reason"), "moved");
	assert_string_equal(xmpp_text(s, destroy, "password"), "sesame");
	assert_true(xmpp_none(s, BEN));
	m = scene_sip(s, PORT_SEND, "BYE");
	assert_int_equal(m.dlg, a.dlg);
	assert_true(has(m.f[PORT_F_HEADERS], "moved"));
	m = scene_sip(s, PORT_SEND, "NOTIFY");
	assert_true(has(m.f[PORT_F_HEADERS], "noresource"));
	sip_user_done(&a);
	scene_free(s);
}

/* An owner need not be in the room. */
static void test_from_outside(void **state)
{
	struct scene *s = scene_new(ROOMS("admins = {\"dan@x.test\"}"));

	(void)state;
	join(s, BEN, "Ben");
	xmpp_drop(s);
	form_of(s, "dan@x.test/4");
	assert_string_equal(
	    set_owner(s, "dan@x.test/4", FORM(FIELD("roomname", "New"))),
	    "iq result id=q\n");
	assert_true(hears(s, BEN, "104"));
	assert_string_equal(set_owner(s, "dan@x.test/4", "<destroy/>"),
			    "iq result id=q\n");
	assert_heard(s, BEN,
		     "presence Ben unavailable none/none destroy [110]\n");
	scene_free(s);
}

/* DISCO-5: what the owner said of it */
static void test_room_info(void **state)
{
	struct scene *s = scene_new(ROOMS(""));
	const struct xnode *q;
	struct form f;

	(void)state;
	join(s, ANN, "Ann");
	set_owner(s, ANN,
		  FORM(FIELD("roomdesc", "What") FIELD("lang", "en")
			   FIELD("whois", "anyone")));
	xmpp_drop(s);
	q = asked(s, ANN, NS_DISCO_INFO, "");
	assert_int_equal(form_read(x_child(q, "x", NS_XDATA), s->arena, &f), 0);
	assert_true(
	    str_eq(form_value(&f, "muc#roominfo_description"), STR("What")));
	assert_true(str_eq(form_value(&f, "muc#roominfo_lang"), STR("en")));
	assert_true(str_eq(form_value(&f, "muc#roominfo_contactjid"),
			   STR("ann@x.test")));
	for (q = q->children; q; q = x_next(q, "feature", NULL))
		if (str_eq(x_attr(q, "var"), STR("muc_nonanonymous")))
			break;
	assert_non_null(q);
	/* who may not know real addresses learns none of the owners' */
	set_owner(s, ANN, FORM(FIELD("whois", "moderators")));
	xmpp_drop(s);
	q = asked(s, ANN, NS_DISCO_INFO, "");
	assert_int_equal(form_read(x_child(q, "x", NS_XDATA), s->arena, &f), 0);
	assert_null(form_field(&f, "muc#roominfo_contactjid"));
	scene_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_form),
	    cmocka_unit_test(test_refused),
	    cmocka_unit_test(test_people),
	    cmocka_unit_test(test_notices),
	    cmocka_unit_test(test_members_only),
	    cmocka_unit_test(test_reserved_room),
	    cmocka_unit_test(test_destroy),
	    cmocka_unit_test(test_from_outside),
	    cmocka_unit_test(test_room_info),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
