/* Kicks, voices, bans and lists, as moderators ask for them and everybody sees
 * them (XEP-0045 §8, §9). */
#include "moderation.h"

#define ROOM "sip:r@chat.test"
#define KICK(nick)                                                             \
	"<item nick='" nick "' role='none'><reason>why</reason></item>"
#define ROLE(nick, role) "<item nick='" nick "' role='" role "'/>"
#define AFF(jid, a)                                                            \
	"<item jid='" jid "' affiliation='" a "'><reason>why</reason></item>"

static void people(struct scene *s)
{
	join(s, ANN, "Ann"); /* the owner */
	join(s, BEN, "Ben");
	join(s, CYD, "Cyd");
	xmpp_drop(s);
}

static void people_and_alice(struct scene *s, struct sip_user *alice)
{
	people(s);
	sip_user_join(alice, s, "alice", ROOM, "a=chatroom\r\n");
}

/* ADM-4: the victim, the moderator's result, the others */
static void test_kick(void **state)
{
	struct scene *s = scene_new(ROOMS(""));
	const struct xnode *p;

	(void)state;
	people(s);
	xmpp_put(s, "<iq from='" ANN "' to='r@chat.test' type='set' id='q'>"
		    "<query xmlns='" NS_MUC_ADMIN
		    "'>" KICK("Ben") "</query></iq>");
	assert_heard(s, ANN,
		     "iq result id=q\n"
		     "presence Ben unavailable none/none jid=ben@x.test/2 "
		     "[307]\n");
	p = xmpp_take(s, BEN);
	assert_true(x_has_status(p, "307") && x_has_status(p, "110"));
	assert_deed(s, p, "Ann", "why");
	p = xmpp_take(s, CYD);
	assert_true(x_has_status(p, "307") && !x_has_status(p, "110"));
	assert_deed(s, p, "Ann", "why");
	assert_string_equal(set_admin(s, CYD, KICK("Ann")),
			    "iq error auth/forbidden id=q\n");
	assert_string_equal(set_admin(s, ANN, KICK("Ann")),
			    "iq error cancel/conflict id=q\n");
	assert_string_equal(set_admin(s, ANN, KICK("Zoe")),
			    "iq error cancel/item-not-found id=q\n");
	/* a moderator who is no admin, of one who is */
	set_admin(s, ANN, ROLE("Cyd", "moderator"));
	join(s, BEN, "Ben");
	set_admin(s, ANN, AFF("ben@x.test", "member"));
	xmpp_drop(s);
	assert_string_equal(set_admin(s, CYD, KICK("Ben")),
			    "iq error cancel/not-allowed id=q\n");
	scene_free(s);
}

/* ADM-4 at a SIP user: BYE with the reason, and booted on the roster */
static void test_kick_sip(void **state)
{
	struct scene *s = scene_new(ROOMS(""));
	struct port_msg bye;
	struct sip_user a;
	struct str doc;

	(void)state;
	people_and_alice(s, &a);
	roster_watched(s);
	xmpp_drop(s);
	assert_string_equal(set_admin(s, ANN, KICK("alice")),
			    "iq result id=q\n"
			    "presence alice unavailable none/none "
			    "jid=alice@sip.test [307]\n");
	bye = scene_sip(s, PORT_SEND, "BYE");
	assert_int_equal(bye.dlg, a.dlg);
	assert_true(has(bye.f[PORT_F_HEADERS], "why"));
	assert_heard(s, CYD, "presence alice unavailable none/none [307]\n");
	doc = roster_shown(s);
	assert_true(has(doc, "booted"));
	assert_true(has(doc, "why"));
	sip_user_done(&a);
	scene_free(s);
}

/* X2S-26: all sessions of a user go with him. */
static void test_all_sessions(void **state)
{
	struct scene *s = scene_new(ROOMS(""));

	(void)state;
	people(s);
	join(s, "ben@x.test/9", "Ben");
	xmpp_drop(s);
	set_admin(s, ANN, AFF("ben@x.test", "outcast"));
	assert_heard(s, BEN,
		     "presence Ben unavailable outcast/none "
		     "jid=ben@x.test/2 [110 301]\n");
	assert_heard(s, "ben@x.test/9",
		     "presence Ben unavailable outcast/none "
		     "jid=ben@x.test/9 [110 301]\n");
	assert_heard(s, CYD, "presence Ben unavailable outcast/none [301]\n");
	scene_free(s);
}

/* ADM-7: a SIP user is the same person under his address and under his
 * nickname: what is said of one takes the place of what was said of the other.
 */
static void test_one_entry(void **state)
{
	struct scene *s = scene_new(ROOMS(""));
	struct sip_user a;

	(void)state;
	people_and_alice(s, &a);
	set_admin(s, ANN, AFF("alice@sip.test", "admin"));
	xmpp_drop(s);
	assert_string_equal(
	    set_admin(s, ANN, "<item nick='alice' affiliation='none'/>"),
	    "iq result id=q\n"
	    "presence alice none/participant jid=alice@sip.test\n");
	assert_string_equal(items(s, ANN, "<item affiliation='admin'/>"), "");
	set_admin(s, ANN, "<item nick='alice' affiliation='member'/>");
	set_admin(s, ANN, AFF("alice@sip.test", "owner"));
	assert_string_equal(items(s, ANN, "<item affiliation='member'/>"), "");
	set_admin(s, ANN, "<item nick='alice' affiliation='member'/>");
	assert_string_equal(items(s, ANN, "<item affiliation='member'/>"),
			    "member/ alice@sip.test  \n");
	/* and then Ann is the only owner */
	assert_string_equal(set_admin(s, ANN, AFF("ann@x.test", "none")),
			    "iq error cancel/conflict id=q\n");
	sip_user_done(&a);
	scene_free(s);
}

/* ADM-5, ADM-1: the result, then presence for all and NOTIFY with the role */
static void test_roles(void **state)
{
	struct scene *s = scene_new(ROOMS("moderated = yes"));
	struct sip_user a;
	struct str doc;

	(void)state;
	people_and_alice(s, &a);
	roster_watched(s);
	xmpp_drop(s);
	assert_int_equal(msrp_say(&a, ROOM, "hello"), 403);
	assert_string_equal(
	    set_admin(s, ANN, ROLE("alice", "participant")),
	    "iq result id=q\n"
	    "presence alice none/participant jid=alice@sip.test\n");
	assert_heard(s, BEN, "presence alice none/participant\n");
	doc = roster_shown(s);
	assert_true(has(doc, "participant"));
	assert_int_equal(msrp_say(&a, ROOM, "hello"), 200);
	xmpp_drop(s);
	assert_string_equal(set_admin(s, BEN, ROLE("alice", "visitor")),
			    "iq error auth/forbidden id=q\n");
	set_admin(s, ANN, ROLE("Ben", "moderator"));
	xmpp_drop(s);
	assert_string_equal(set_admin(s, BEN, ROLE("Cyd", "moderator")),
			    "iq error auth/forbidden id=q\n");
	assert_string_equal(set_admin(s, BEN, ROLE("Ann", "visitor")),
			    "iq error cancel/not-allowed id=q\n");
	assert_string_equal(set_admin(s, ANN, ROLE("Ann", "participant")),
			    "iq error cancel/not-allowed id=q\n");
	assert_string_equal(set_admin(s, BEN, ROLE("alice", "visitor")),
			    "iq result id=q\n"
			    "presence alice none/visitor jid=alice@sip.test\n");
	doc = roster_shown(s); /* of Ben */
	assert_true(has(doc, "moderator"));
	assert_true(has(roster_shown(s), "observer"));
	xmpp_drop(s);
	assert_string_equal(set_admin(s, ANN, ROLE("alice", "moderator")),
			    "iq result id=q\n"
			    "presence alice none/moderator "
			    "jid=alice@sip.test\n");
	sip_user_done(&a);
	scene_free(s);
}

/* ADM-3 */
static void test_default_roles(void **state)
{
	struct scene *s =
	    scene_new(ROOMS("moderated = yes members = {\"ben@x.test\"} "
			    "admins = {\"cyd@x.test\"}"));

	(void)state;
	join(s, "dan@x.test/4", "Dan");
	xmpp_drop(s);
	join(s, BEN, "Ben");
	join(s, CYD, "Cyd");
	join(s, "eve@x.test/5", "Eve");
	assert_heard(s, "dan@x.test/4",
		     "presence Ben member/participant jid=ben@x.test/2\n"
		     "presence Cyd owner/moderator jid=cyd@x.test/3\n"
		     "presence Eve none/visitor jid=eve@x.test/5\n");
	scene_free(s);
}

/* ADM-6: the SIP user of that address, and all of a domain */
static void test_ban_sip(void **state)
{
	struct scene *s = scene_new(ROOMS(""));
	struct sip_user a, b;
	struct str doc;

	(void)state;
	people_and_alice(s, &a);
	roster_watched(s);
	xmpp_drop(s);
	assert_string_equal(set_admin(s, ANN, AFF("alice@sip.test", "outcast")),
			    "iq result id=q\n"
			    "presence alice unavailable outcast/none "
			    "jid=alice@sip.test [301]\n");
	assert_int_equal(scene_sip(s, PORT_SEND, "BYE").dlg, a.dlg);
	doc = roster_shown(s);
	assert_true(has(doc, "booted"));
	sip_user_init(&b, s, "alice", ROOM);
	assert_int_equal(
	    sip_user_invite(&b, sip_user_offer(&b, "a=chatroom\r\n")), 403);
	sip_user_done(&b);
	set_admin(s, ANN, AFF("alice@sip.test", "none"));
	sip_user_join(&b, s, "alice", ROOM, "a=chatroom\r\n");
	xmpp_drop(s);
	assert_string_equal(set_admin(s, ANN, AFF("sip.test", "outcast")),
			    "iq result id=q\n"
			    "presence alice unavailable outcast/none "
			    "jid=alice@sip.test [301]\n");
	assert_string_equal(items(s, ANN, "<item affiliation='outcast'/>"),
			    "outcast/ sip.test  why\n");
	sip_user_done(&a);
	sip_user_done(&b);
	scene_free(s);
}

/* ADM-6, ADM-11: refused whole */
static void test_refused_lists(void **state)
{
	struct scene *s = scene_new(ROOMS(""));

	(void)state;
	people(s);
	assert_string_equal(set_admin(s, ANN,
				      AFF("ben@x.test", "outcast")
					  AFF("ann@x.test", "outcast")),
			    "iq error cancel/conflict id=q\n");
	assert_string_equal(set_admin(s, ANN,
				      AFF("ben@x.test", "outcast")
					  AFF("ann@x.test", "none")),
			    "iq error cancel/conflict id=q\n");
	set_admin(s, ANN, AFF("ben@x.test", "admin"));
	xmpp_drop(s);
	assert_string_equal(set_admin(s, BEN,
				      AFF("cyd@x.test", "outcast")
					  AFF("ann@x.test", "outcast")),
			    "iq error cancel/not-allowed id=q\n");
	assert_heard(s, CYD, "");
	assert_string_equal(items(s, ANN, "<item affiliation='outcast'/>"), "");
	scene_free(s);
}

/* ADM-10 */
static void test_bad_items(void **state)
{
	struct scene *s = scene_new(ROOMS(""));
	static const char *const bad[] = {
	    "",
	    "<item nick='Ben'/>",
	    "<item nick='Ben' role='none' affiliation='none'/>",
	    "<item nick='Ben' role='king'/>",
	    "<item jid='ben@x.test' affiliation='king'/>",
	    "<item affiliation='outcast'/>",
	    "<item jid='ben@x.test' role='none'/>",
	    AFF("ben@x.test", "member") AFF("ben@x.test", "admin"),
	};
	struct buf many = BUF_INIT(1 << 20);

	(void)state;
	people(s);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_string_equal(set_admin(s, ANN, bad[i]),
				    "iq error modify/bad-request id=q\n");
	assert_string_equal(set_admin(s, ANN, AFF("@x.test", "outcast")),
			    "iq error modify/jid-malformed id=q\n");
	assert_string_equal(
	    iq(s, ANN, "get", NS_MUC_ADMIN, "<item affiliation='none'/>"),
	    "iq error modify/bad-request id=q\n");
	for (int i = 0; i <= SEAT_CHANGES_MAX; i++)
		buf_addf(&many, "<item jid='u%d@x.test' affiliation='member'/>",
			 i);
	assert_string_equal(set_admin(s, ANN, buf_z(&many)),
			    "iq error modify/policy-violation id=q\n");
	buf_done(&many);
	scene_free(s);
}

/* ADM-8, ADM-9 */
static void test_lists(void **state)
{
	struct scene *s = scene_new(ROOMS(""));
	struct sip_user a;

	(void)state;
	people_and_alice(s, &a);
	set_admin(s, ANN,
		  "<item jid='ben@x.test' affiliation='member' nick='Benny'>"
		  "<reason>kind</reason></item>");
	xmpp_drop(s);
	assert_string_equal(items(s, ANN, "<item affiliation='member'/>"),
			    "member/ ben@x.test Benny kind\n");
	assert_string_equal(items(s, ANN, "<item affiliation='owner'/>"),
			    "owner/ ann@x.test  \n");
	assert_string_equal(items(s, ANN, "<item role='participant'/>"),
			    "member/participant ben@x.test/2 Ben \n"
			    "none/participant cyd@x.test/3 Cyd \n"
			    "none/participant alice@sip.test alice \n");
	assert_string_equal(items(s, ANN, "<item role='moderator'/>"),
			    "owner/moderator ann@x.test/1 Ann \n");
	assert_string_equal(
	    iq(s, BEN, "get", NS_MUC_ADMIN, "<item affiliation='member'/>"),
	    "iq error auth/forbidden id=q\n");
	set_admin(s, ANN, ROLE("Cyd", "moderator"));
	xmpp_drop(s);
	assert_string_equal(items(s, CYD, "<item role='visitor'/>"), "");
	assert_string_equal(
	    iq(s, CYD, "get", NS_MUC_ADMIN, "<item role='moderator'/>"),
	    "iq error auth/forbidden id=q\n");
	set_admin(s, ANN, AFF("cyd@x.test", "admin"));
	xmpp_drop(s);
	assert_string_equal(items(s, CYD, "<item affiliation='outcast'/>"), "");
	assert_string_equal(
	    iq(s, CYD, "get", NS_MUC_ADMIN, "<item affiliation='admin'/>"),
	    "iq error auth/forbidden id=q\n");
	assert_string_equal(set_admin(s, CYD, AFF("ben@x.test", "admin")),
			    "iq error auth/forbidden id=q\n");
	sip_user_done(&a);
	scene_free(s);
}

/* ADM-8: a member's list is the members' where names are known */
static void test_members_read(void **state)
{
	struct scene *s = scene_new(ROOMS("non-anonymous = yes"));

	(void)state;
	people(s);
	set_admin(s, ANN, AFF("ben@x.test", "member"));
	xmpp_drop(s);
	assert_string_equal(items(s, BEN, "<item affiliation='member'/>"),
			    "member/ ben@x.test  why\n");
	assert_string_equal(
	    iq(s, CYD, "get", NS_MUC_ADMIN, "<item affiliation='member'/>"),
	    "iq error auth/forbidden id=q\n");
	scene_free(s);
}

/* ADM-7 */
static void test_membership(void **state)
{
	struct scene *s = scene_new(ROOMS("members-only = yes"));
	const struct xnode *m;

	(void)state;
	join(s, ANN, "Ann");
	xmpp_drop(s);
	set_admin(s, ANN, AFF("ben@x.test", "member"));
	m = xmpp_take(s, "ben@x.test");
	m = x_child(x_child(m, "x", NS_MUC_USER), "invite", NS_MUC_USER);
	assert_true(str_eq(x_attr(m, "from"), STR("r@chat.test/Ann")));
	assert_string_equal(xmpp_text(s, m, "reason"), "why");
	xmpp_put(s, "<message from='ben@x.test/9' to='r@chat.test'><x "
		    "xmlns='" NS_MUC_USER "'><decline "
		    "to='r@chat.test/Ann'/></x></message>");
	m = xmpp_take(s, ANN);
	assert_non_null(x_child(x_child(m, "x", NS_MUC_USER), "decline", NULL));
	/* once is enough, and SIP users are not called */
	set_admin(s, ANN, AFF("ben@x.test", "admin"));
	set_admin(s, ANN, AFF("alice@sip.test", "member"));
	assert_true(xmpp_none(s, "ben@x.test"));
	assert_true(xmpp_none(s, "alice@sip.test"));
	set_admin(s, ANN, AFF("cyd@x.test", "member"));
	join(s, BEN, "Ben");
	join(s, CYD, "Cyd");
	xmpp_drop(s);
	assert_string_equal(set_admin(s, ANN, AFF("cyd@x.test", "admin")),
			    "iq result id=q\n"
			    "presence Cyd admin/moderator "
			    "jid=cyd@x.test/3\n");
	assert_heard(s, BEN, "presence Cyd admin/moderator jid=cyd@x.test/3\n");
	assert_string_equal(set_admin(s, ANN, AFF("ben@x.test", "none")),
			    "iq result id=q\n"
			    "presence Ben unavailable none/none "
			    "jid=ben@x.test/2 [321]\n");
	assert_heard(s, BEN,
		     "presence Ben unavailable none/none jid=ben@x.test/2 "
		     "[110 321]\n");
	scene_free(s);
}

/* ADM-8: who is an admin need not be in the room, but has no role there. */
static void test_from_outside(void **state)
{
	struct scene *s = scene_new(ROOMS(""));

	(void)state;
	people(s);
	set_admin(s, ANN, AFF("dan@x.test", "admin"));
	xmpp_drop(s);
	assert_string_equal(
	    items(s, "dan@x.test/4", "<item affiliation='outcast'/>"), "");
	assert_string_equal(set_admin(s, "dan@x.test/4", KICK("Ben")),
			    "iq error auth/forbidden id=q\n");
	assert_string_equal(
	    set_admin(s, "dan@x.test/4", AFF("ben@x.test", "outcast")),
	    "iq result id=q\n");
	assert_true(x_has_status(xmpp_take(s, BEN), "301"));
	assert_string_equal(
	    set_admin(s, "eve@x.test/5", AFF("cyd@x.test", "outcast")),
	    "iq error auth/forbidden id=q\n");
	scene_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_kick),
	    cmocka_unit_test(test_kick_sip),
	    cmocka_unit_test(test_all_sessions),
	    cmocka_unit_test(test_one_entry),
	    cmocka_unit_test(test_roles),
	    cmocka_unit_test(test_default_roles),
	    cmocka_unit_test(test_ban_sip),
	    cmocka_unit_test(test_refused_lists),
	    cmocka_unit_test(test_bad_items),
	    cmocka_unit_test(test_lists),
	    cmocka_unit_test(test_members_read),
	    cmocka_unit_test(test_membership),
	    cmocka_unit_test(test_from_outside),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
