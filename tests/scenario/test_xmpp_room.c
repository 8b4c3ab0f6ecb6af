/* XMPP users in a local room: joining, presence, nicknames, leaving. */
#include "heard.h"

#define DOMAIN                                                                 \
	"domain \"chat.test\" { secret = \"x\" rooms = local lock = false "    \
	"notify-interval = 0 }\n"

static int setup(void **state)
{
	*state = scene_new(DOMAIN);
	return 0;
}

static int setup_locking(void **state)
{
	*state = scene_new("domain \"chat.test\" { secret = \"x\" "
			   "rooms = local }\n");
	return 0;
}

static void ann_and_ben(struct scene *s)
{
	join(s, ANN, "Ann"); /* the owner */
	join(s, BEN, "Ben");
	xmpp_drop(s);
}

static void ann_and_two_bens(struct scene *s)
{
	ann_and_ben(s);
	join(s, "ben@x.test/two", "Ben");
}

/* X2S-1, X2S-14, X2S-15, X2S-16, X2S-22, X2S-23, X2S-24, PRIV-1: the order of a
 * join, and who is shown what. */
static void test_join_order(void **state)
{
	struct scene *s = *state;

	join(s, ANN, "Ann");
	assert_heard(s, ANN,
		     "presence Ann owner/moderator jid=ann@x.test/1 "
		     "[110 201] id=j\n"
		     "groupchat - subject=''\n");
	say(s, ANN, "m1", "hello");
	assert_heard(s, ANN, "groupchat Ann body='hello' id=m1\n");
	xmpp_put(s, "<message from='" ANN "' to='r@chat.test' "
		    "type='groupchat' id='t1'><subject>tea</subject>"
		    "</message>");
	assert_heard(s, ANN, "groupchat Ann subject='tea' id=t1\n");
	join(s, BEN, "Ben");
	assert_heard(s, BEN,
		     "presence Ann owner/moderator\n"
		     "presence Ben none/participant jid=ben@x.test/2 "
		     "[110] id=j\n"
		     "groupchat Ann body='hello' delay=2026-10-14T17:46:40Z "
		     "id=m1\n"
		     "groupchat Ann subject='tea' delay=2026-10-14T17:46:40Z "
		     "id=t1\n");
	assert_heard(s, ANN,
		     "presence Ben none/participant jid=ben@x.test/2\n");
}

/* X2S-2, X2S-13, NICK-5, NICK-6, ADDR-10 */
static void test_join_errors(void **state)
{
	struct scene *s = *state;
	const struct xnode *n;

	xmpp_put(s, "<presence from='" BEN "' to='r@chat.test' id='j'>"
		    "<x xmlns='" NS_MUC "'/></presence>");
	n = xmpp_take(s, BEN);
	assert_true(str_eq(x_attr(n, "from"), STR("r@chat.test")));
	assert_non_null(x_child(n, "x", NS_MUC));
	join(s, BEN, "&#9;");
	assert_heard(s, BEN,
		     "presence \t error modify/jid-malformed "
		     "by=r@chat.test id=j\n");
	xmpp_put(s, "<presence from='" BEN "' to='r\\20@chat.test/Ben' id='j'>"
		    "<x xmlns='" NS_MUC "'/></presence>");
	assert_heard(s, BEN,
		     "presence Ben error modify/jid-malformed "
		     "by=r\\20@chat.test id=j\n");
	join(s, ANN, "Ann");
	join(s, BEN, "aNN");
	n = xmpp_take(s, BEN);
	assert_non_null(x_child(n, "x", NS_MUC));
	assert_true(str_eq(x_attr(n, "from"), STR("r@chat.test/aNN")));
	assert_true(str_eq(x_attr(x_child(n, "error", NULL), "by"),
			   STR("r@chat.test")));
	assert_non_null(
	    x_child(x_child(n, "error", NULL), "conflict", NS_STANZAS));
	assert_heard(s, BEN, "");
}

/* X2S-12: who may not create a room finds none. */
static void test_no_right_to_create(void **state)
{
	struct scene *s = scene_new("domain \"chat.test\" { secret = \"x\" "
				    "rooms = local create = sip }\n");

	(void)state;
	join(s, ANN, "Ann");
	assert_heard(s, ANN,
		     "presence Ann error cancel/item-not-found "
		     "by=r@chat.test id=j\n");
	scene_free(s);
}

/* NICK-8: the stored form is told where it differs. */
static void test_renamed_on_joining(void **state)
{
	struct scene *s = *state;

	join(s, ANN, "Juli  C");
	assert_heard(s, ANN,
		     "presence Juli C owner/moderator jid=ann@x.test/1 "
		     "[110 201 210] id=j\n"
		     "groupchat - subject=''\n");
}

/* X2S-3 */
static void test_presence_from_outside(void **state)
{
	struct scene *s = *state;

	join(s, ANN, "Ann");
	xmpp_put(s, "<presence from='" BEN "' to='r@chat.test/Ben'/>");
	assert_heard(s, BEN,
		     "presence Ben unavailable none/none [110 307 333]\n");
	/* X2S-29: silence for one who is not there */
	xmpp_put(s, "<presence from='" BEN "' to='r@chat.test/Ben' "
		    "type='unavailable'/>");
	assert_heard(s, BEN, "");
}

/* X2S-27, PRIV-7: what is a client's to say goes to all, what is ours does
 * not. */
static void test_presence_update(void **state)
{
	struct scene *s = *state;
	const struct xnode *n;

	ann_and_ben(s);
	xmpp_put(s, "<presence from='" BEN "' to='r@chat.test/Ben' id='p'>"
		    "<show>away</show><status>tea &amp; time</status>"
		    "<priority>5</priority><c xmlns='urn:caps' ver='1'/>"
		    "<x xmlns='" NS_MUC_USER "'><item affiliation='owner' "
		    "role='moderator'/><status code='100'/></x>"
		    "<occupant-id xmlns='" NS_OCCUPANT "' id='forged'/>"
		    "</presence>");
	n = xmpp_take(s, ANN);
	assert_null(x_next(x_child(n, NULL, NS_OCCUPANT), NULL, NS_OCCUPANT));
	assert_false(
	    str_eq(x_attr(x_child(n, NULL, NS_OCCUPANT), "id"), STR("forged")));
	assert_null(x_next(x_child(n, "x", NULL), "x", NULL));
	assert_false(x_has_status(n, "100"));
	assert_string_equal(xmpp_text(s, n, "priority"), "5");
	assert_non_null(x_child(n, "c", "urn:caps"));
	assert_heard(s, BEN,
		     "presence Ben show=away status='tea & time' +priority +c "
		     "none/participant jid=ben@x.test/2 [110] id=p\n");
	/* what a joiner is shown */
	join(s, "cyd@x.test/3", "Cyd");
	n = xmpp_take(s, "cyd@x.test/3");
	n = xmpp_take(s, "cyd@x.test/3");
	assert_string_equal(xmpp_text(s, n, "show"), "away");
	assert_null(x_child(x_child(n, "x", NS_MUC_USER), "item", NULL)
			->attrs->next->next); /* no jid */
}

/* NICK-10 */
static void test_nick_change(void **state)
{
	struct scene *s = *state;

	ann_and_ben(s);
	xmpp_put(s, "<presence from='" BEN "' to='r@chat.test/Benny' "
		    "id='n1'/>");
	assert_heard(s, BEN,
		     "presence Ben unavailable none/participant "
		     "jid=ben@x.test/2 nick=Benny [110 303]\n"
		     "presence Benny none/participant jid=ben@x.test/2 "
		     "[110] id=n1\n");
	assert_heard(s, ANN,
		     "presence Ben unavailable none/participant "
		     "jid=ben@x.test/2 nick=Benny [303]\n"
		     "presence Benny none/participant jid=ben@x.test/2\n");
	/* NICK-8 */
	xmpp_put(s, "<presence from='" BEN "' to='r@chat.test/B  J' "
		    "id='n2'/>");
	assert_heard(s, BEN,
		     "presence Benny unavailable none/participant "
		     "jid=ben@x.test/2 nick=B J [110 303]\n"
		     "presence B J none/participant jid=ben@x.test/2 "
		     "[110 210] id=n2\n");
}

/* NICK-11 */
static void test_nick_change_refused(void **state)
{
	struct scene *s = *state;

	ann_and_ben(s);
	xmpp_put(s, "<presence from='" BEN "' to='r@chat.test/Ann' "
		    "id='n1'/>");
	assert_heard(s, BEN,
		     "presence Ben error cancel/conflict "
		     "by=r@chat.test id=n1\n");
	assert_heard(s, ANN, "");
	say(s, BEN, "m", "still me");
	assert_heard(s, ANN, "groupchat Ben body='still me' id=m\n");
}

/* X2S-25: several sessions of one user under one nickname. */
static void test_two_sessions(void **state)
{
	struct scene *s = *state;

	ann_and_ben(s);
	join(s, "ben@x.test/two", "Ben");
	assert_heard(s, "ben@x.test/two",
		     "presence Ann owner/moderator\n"
		     "presence Ben none/participant jid=ben@x.test/two "
		     "[110] id=j\n"
		     "groupchat - subject=''\n");
	assert_heard(s, ANN, "");
	say(s, ANN, "1", "to both");
	assert_heard(s, BEN, "groupchat Ann body='to both' id=1\n");
	assert_heard(s, "ben@x.test/two",
		     "groupchat Ann body='to both' id=1\n");
	xmpp_put(s, "<message from='" ANN "' to='r@chat.test/Ben' type='chat' "
		    "id='2'><body>psst</body></message>");
	assert_heard(s, BEN, "chat Ann body='psst' user id=2\n");
	assert_heard(s, "ben@x.test/two", "chat Ann body='psst' user id=2\n");
	xmpp_drop(s);
	xmpp_put(s, "<presence from='" BEN "' to='r@chat.test/Ben' "
		    "type='unavailable'/>");
	assert_heard(s, BEN,
		     "presence Ben unavailable none/none jid=ben@x.test/2 "
		     "[110]\n");
	assert_heard(s, ANN, "");
	assert_heard(s, "ben@x.test/two", "");
}

/* NICK-10: of several sessions only the one that asks moves. */
static void test_one_session_moves(void **state)
{
	struct scene *s = *state;

	ann_and_two_bens(s);
	xmpp_drop(s);
	xmpp_put(s, "<presence from='ben@x.test/two' to='r@chat.test/Bob' "
		    "id='n'/>");
	assert_heard(s, "ben@x.test/two",
		     "presence Ben unavailable none/participant "
		     "jid=ben@x.test/two nick=Bob [110 303]\n"
		     "presence Bob none/participant jid=ben@x.test/two "
		     "[110] id=n\n"
		     "presence Ben none/participant\n");
	assert_heard(s, ANN,
		     "presence Bob none/participant jid=ben@x.test/two\n");
	assert_heard(s, BEN, "presence Bob none/participant\n");
	/* and back to the one who is still there */
	xmpp_put(s, "<presence from='ben@x.test/two' to='r@chat.test/Ben' "
		    "id='o'/>");
	assert_heard(s, "ben@x.test/two",
		     "presence Bob unavailable none/participant "
		     "jid=ben@x.test/two nick=Ben [110 303]\n"
		     "presence Ben none/participant jid=ben@x.test/two "
		     "[110] id=o\n");
}

/* NICK-10: what the moving session showed goes with it; what the others show
 * now is no answer to it. */
static void test_one_session_moves_with_its_presence(void **state)
{
	struct scene *s = *state;

	ann_and_two_bens(s);
	xmpp_put(s, "<presence from='ben@x.test/two' to='r@chat.test/Ben'>"
		    "<show>dnd</show></presence>");
	xmpp_drop(s);
	xmpp_put(s, "<presence from='ben@x.test/two' to='r@chat.test/Bob' "
		    "id='n'><show>dnd</show></presence>");
	assert_heard(s, "ben@x.test/two",
		     "presence Ben unavailable none/participant "
		     "jid=ben@x.test/two nick=Bob [110 303]\n"
		     "presence Bob show=dnd none/participant "
		     "jid=ben@x.test/two [110] id=n\n"
		     "presence Ben none/participant\n");
	assert_heard(s, BEN,
		     "presence Ben none/participant jid=ben@x.test/2 [110]\n"
		     "presence Bob show=dnd none/participant\n");
}

/* NICK-10: whom a moderator has silenced is silent under that name, too. */
static void test_one_session_moves_with_its_role(void **state)
{
	struct scene *s = *state;

	ann_and_two_bens(s);
	xmpp_put(s, "<iq from='" ANN "' to='r@chat.test' type='set' id='q'>"
		    "<query xmlns='" NS_MUC_ADMIN "'>"
		    "<item nick='Ben' role='visitor'/></query></iq>");
	xmpp_drop(s);
	xmpp_put(s, "<presence from='ben@x.test/two' to='r@chat.test/Bob' "
		    "id='n'/>");
	assert_heard(s, ANN, "presence Bob none/visitor jid=ben@x.test/two\n");
	xmpp_drop(s);
	say(s, "ben@x.test/two", "m", "hear me");
	assert_heard(s, "ben@x.test/two", "error - auth/forbidden id=m\n");
}

/* NICK-8: another spelling of the nickname that one has. */
static void test_same_nick_spelled_otherwise(void **state)
{
	struct scene *s = *state;

	join(s, ANN, "Ann");
	join(s, BEN, "Ben J");
	xmpp_drop(s);
	xmpp_put(s, "<presence from='" BEN "' to='r@chat.test/Ben  J' "
		    "id='n1'/>");
	assert_heard(s, BEN,
		     "presence Ben J none/participant jid=ben@x.test/2 "
		     "[110 210] id=n1\n");
	xmpp_drop(s);
	join(s, BEN, "Ben  J");
	assert_heard(s, BEN,
		     "presence Ann owner/moderator\n"
		     "presence Ben J none/participant jid=ben@x.test/2 "
		     "[110 210] id=j\n"
		     "groupchat - subject=''\n");
	assert_heard(s, ANN, "");
}

/* X2S-4: a join from inside is told the whole room again. */
static void test_resync(void **state)
{
	struct scene *s = *state;

	join(s, ANN, "Ann");
	say(s, ANN, "1", "one");
	join(s, BEN, "Ben");
	xmpp_drop(s);
	join(s, BEN, "Ben");
	assert_heard(s, BEN,
		     "presence Ann owner/moderator\n"
		     "presence Ben none/participant jid=ben@x.test/2 "
		     "[110] id=j\n"
		     "groupchat Ann body='one' delay=2026-10-14T17:46:40Z "
		     "id=1\n"
		     "groupchat - subject=''\n");
	assert_heard(s, ANN, "");
	say(s, ANN, "2", "two");
	assert_heard(s, BEN, "groupchat Ann body='two' id=2\n");
	/* to another nickname: that first */
	join(s, BEN, "Bob");
	assert_heard(s, BEN,
		     "presence Ben unavailable none/participant "
		     "jid=ben@x.test/2 nick=Bob [110 303]\n"
		     "presence Bob none/participant jid=ben@x.test/2 "
		     "[110] id=j\n"
		     "presence Ann owner/moderator\n"
		     "presence Bob none/participant jid=ben@x.test/2 "
		     "[110] id=j\n"
		     "groupchat Ann body='one' delay=2026-10-14T17:46:40Z "
		     "id=1\n"
		     "groupchat Ann body='two' delay=2026-10-14T17:46:40Z "
		     "id=2\n"
		     "groupchat - subject=''\n");
	assert_int_equal(front_xmpp_stats(s->core.front_xmpp).sessions, 2);
}

/* X2S-29, X2S-35 */
static void test_leave(void **state)
{
	struct scene *s = *state;

	ann_and_ben(s);
	xmpp_put(s, "<presence from='" BEN "' to='r@chat.test/Ben' "
		    "type='unavailable'><status>bye</status></presence>");
	assert_heard(s, BEN,
		     "presence Ben unavailable status='bye' none/none "
		     "jid=ben@x.test/2 [110]\n");
	assert_heard(s, ANN,
		     "presence Ben unavailable status='bye' none/none "
		     "jid=ben@x.test/2\n");
	xmpp_put(s, "<presence from='" ANN "' to='r@chat.test/Ann' "
		    "type='unavailable'/>");
	scene_run(s, 1);
	assert_null(rooms_find(s->core.rooms, STR("r@chat.test")));
	assert_int_equal(front_xmpp_stats(s->core.front_xmpp).sessions, 0);
}

/* X2S-30 */
static void test_subscribe_and_probe(void **state)
{
	struct scene *s = *state;

	join(s, ANN, "Ann");
	xmpp_drop(s);
	xmpp_put(s, "<presence from='ann@x.test' to='r@chat.test' "
		    "type='subscribe'/>");
	assert_heard(s, "ann@x.test", "presence - unsubscribed\n");
	xmpp_put(s, "<presence from='" ANN "' to='r@chat.test/Ann' "
		    "type='probe'/>");
	assert_heard(s, ANN,
		     "presence Ann owner/moderator jid=ann@x.test/1 [110]\n");
	xmpp_put(s, "<presence from='" BEN "' to='r@chat.test/Ann' "
		    "type='probe'/>");
	xmpp_put(s, "<presence from='" BEN "' to='r@chat.test/Ann' "
		    "type='subscribed'/>");
	assert_heard(s, BEN, "");
}

#define OWNER_SET(inner)                                                       \
	"<iq from='" ANN "' to='r@chat.test' type='set' id='o'><query "        \
	"xmlns='" NS_MUC_OWNER "'>" inner "</query></iq>"

/* ADM-12, X2S-11, DISCO-7: a new room is locked until its owner accepts it. */
static void test_instant_room(void **state)
{
	struct scene *s = *state;

	join(s, ANN, "Ann");
	xmpp_drop(s);
	join(s, BEN, "Ben");
	assert_heard(s, BEN,
		     "presence Ben error cancel/item-not-found "
		     "by=r@chat.test id=j\n");
	xmpp_put(s, "<iq from='" BEN "' to='r@chat.test' type='get' id='i'>"
		    "<query xmlns='" NS_DISCO_INFO "'/></iq>");
	assert_heard(s, BEN, "iq error cancel/item-not-found id=i\n");
	xmpp_put(s, "<iq from='" ANN "' to='r@chat.test' type='get' id='g'>"
		    "<query xmlns='" NS_MUC_OWNER "'/></iq>");
	assert_heard(s, ANN, "iq result query=" NS_MUC_OWNER " id=g\n");
	xmpp_put(s, OWNER_SET("<x xmlns='" NS_XDATA "' type='submit'>"
			      "<field var='FORM_TYPE'><value>x</value>"
			      "</field><field var='y'/></x>"));
	assert_heard(s, ANN, "iq error modify/not-acceptable id=o\n");
	xmpp_put(s, OWNER_SET("<x xmlns='" NS_XDATA "' type='submit'/>"));
	assert_heard(s, ANN, "iq result id=o\n");
	join(s, BEN, "Ben");
	assert_heard(s, ANN,
		     "presence Ben none/participant jid=ben@x.test/2\n");
}

static void test_cancelled_room(void **state)
{
	struct scene *s = *state;

	join(s, ANN, "Ann");
	xmpp_drop(s);
	xmpp_put(s, OWNER_SET("<x xmlns='" NS_XDATA "' type='cancel'/>"));
	assert_heard(s, ANN,
		     "presence Ann unavailable none/none destroy [110]\n"
		     "iq result id=o\n");
	assert_int_equal(front_xmpp_stats(s->core.front_xmpp).sessions, 0);
}

static void test_lock_times_out(void **state)
{
	struct scene *s = *state;

	join(s, ANN, "Ann");
	xmpp_drop(s);
	scene_run(s, 900001);
	assert_non_null(strstr(heard(s, ANN), "presence Ann unavailable "
					      "none/none destroy [110]\n"));
}

/* ADM-16 */
static void test_destroyed_room(void **state)
{
	struct scene *s = *state;

	ann_and_ben(s);
	xmpp_put(s, "<iq from='" BEN "' to='r@chat.test' type='set' id='o'>"
		    "<query xmlns='" NS_MUC_OWNER "'><destroy/></query></iq>");
	assert_heard(s, BEN, "iq error auth/forbidden id=o\n");
	xmpp_put(s, OWNER_SET("<destroy><reason>over</reason></destroy>"));
	assert_heard(s, ANN,
		     "presence Ann unavailable none/none destroy [110]\n"
		     "iq result id=o\n");
	assert_heard(s, BEN,
		     "presence Ben unavailable none/none destroy [110]\n");
}

/* COMP-13 */
static void test_shutdown(void **state)
{
	struct scene *s = *state;

	ann_and_ben(s);
	front_xmpp_shutdown(s->core.front_xmpp);
	assert_heard(s, ANN,
		     "presence Ann unavailable owner/none jid=ann@x.test/1 "
		     "[110 332]\n");
	assert_heard(s, BEN,
		     "presence Ben unavailable none/none jid=ben@x.test/2 "
		     "[110 332]\n");
	join(s, ANN, "Ann");
	assert_heard(s, ANN,
		     "presence Ann error wait/service-unavailable "
		     "by=r@chat.test id=j\n");
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, scene_teardown)
#define LOCK_TEST(fn)                                                          \
	cmocka_unit_test_setup_teardown(fn, setup_locking, scene_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_join_order),
	    TEST(test_join_errors),
	    cmocka_unit_test(test_no_right_to_create),
	    TEST(test_renamed_on_joining),
	    TEST(test_presence_from_outside),
	    TEST(test_presence_update),
	    TEST(test_nick_change),
	    TEST(test_nick_change_refused),
	    TEST(test_two_sessions),
	    TEST(test_one_session_moves),
	    TEST(test_one_session_moves_with_its_presence),
	    TEST(test_one_session_moves_with_its_role),
	    TEST(test_same_nick_spelled_otherwise),
	    TEST(test_resync),
	    TEST(test_leave),
	    TEST(test_subscribe_and_probe),
	    LOCK_TEST(test_instant_room),
	    LOCK_TEST(test_cancelled_room),
	    LOCK_TEST(test_lock_times_out),
	    TEST(test_destroyed_room),
	    TEST(test_shutdown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
