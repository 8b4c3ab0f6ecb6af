/* Nicknames of one's own and requests for voice (XEP-0045 §7.10, §7.12, §7.13,
 * §8.6). */
#include "moderation.h"

#include "xmpp/form.h"

#define REGISTER(nick)                                                         \
	"<x xmlns='" NS_XDATA "' type='submit'><field var='FORM_TYPE'><value>" \
	"http://jabber.org/protocol/muc#register</value></field>"              \
	"<field var='muc#register_roomnick'><value>" nick "</value></field>"   \
	"</x>"
#define VOICE(fields)                                                          \
	"<x xmlns='" NS_XDATA "' type='submit'><field var='FORM_TYPE'><value>" \
	"http://jabber.org/protocol/muc#request</value></field>" fields "</x>"
#define ASK VOICE("<field var='muc#role'><value>participant</value></field>")
#define GRANT(nick, yes)                                                       \
	VOICE("<field var='muc#roomnick'><value>" nick "</value></field>"      \
	      "<field var='muc#request_allow'><value>" yes "</value></field>")

#define set_register(s, from, inner) iq(s, from, "set", NS_REGISTER, inner)

static const char *reserved(struct scene *s, const char *from)
{
	const struct xnode *n;

	xmpp_put(s,
		 "<iq from='%s' to='r@chat.test' type='get' id='q'><query "
		 "xmlns='" NS_DISCO_INFO "' node='x-roomuser-item'/></iq>",
		 from);
	n = x_child(x_child(xmpp_take(s, from), "query", NULL), "identity",
		    NULL);
	return n ? arena_dup(s->arena, x_attr(n, "name")).p : "";
}

/* ADM-18, DISCO-11 */
static void test_register(void **state)
{
	struct scene *s = scene_new(ROOMS(""));
	const struct xnode *q;
	struct form f;

	(void)state;
	join(s, ANN, "Ann");
	join(s, BEN, "Ben");
	xmpp_drop(s);
	q = asked(s, BEN, NS_REGISTER, "");
	assert_int_equal(form_read(x_child(q, "x", NS_XDATA), s->arena, &f), 0);
	assert_non_null(form_field(&f, "muc#register_roomnick"));
	assert_string_equal(set_register(s, BEN, REGISTER("Benny")),
			    "presence Ben member/participant "
			    "jid=ben@x.test/2 [110]\n"
			    "iq result id=q\n");
	assert_heard(s, ANN,
		     "presence Ben member/participant jid=ben@x.test/2\n");
	q = asked(s, BEN, NS_REGISTER, "");
	assert_non_null(x_child(q, "registered", NS_REGISTER));
	assert_string_equal(xmpp_text(s, q, "username"), "Benny");
	assert_string_equal(reserved(s, BEN), "Benny");
	assert_string_equal(reserved(s, CYD), "");
	/* nobody else may have it, in the room or as his own */
	join(s, CYD, "Benny");
	assert_heard(s, CYD,
		     "presence Benny error cancel/conflict by=r@chat.test "
		     "id=j\n");
	assert_string_equal(set_register(s, CYD, REGISTER("benny")),
			    "iq error cancel/conflict id=q\n");
	assert_string_equal(set_register(s, CYD, REGISTER("Ann")),
			    "iq error cancel/conflict id=q\n");
	/* the nickname and the membership that came with it */
	assert_string_equal(set_register(s, BEN, "<remove/>"),
			    "presence Ben none/participant "
			    "jid=ben@x.test/2 [110]\n"
			    "iq result id=q\n");
	assert_string_equal(reserved(s, BEN), "");
	assert_string_equal(set_register(s, CYD, REGISTER("Benny")),
			    "iq result id=q\n");
	xmpp_drop(s);
	assert_string_equal(items(s, ANN, "<item affiliation='member'/>"),
			    "member/ cyd@x.test Benny \n");
	scene_free(s);
}

/* ADM-18: who was something before is that after */
static void test_members_register(void **state)
{
	struct scene *s = scene_new(ROOMS("members-only = yes"));

	(void)state;
	join(s, ANN, "Ann");
	set_admin(s, ANN, "<item jid='ben@x.test' affiliation='member'/>");
	xmpp_drop(s);
	assert_string_equal(set_register(s, CYD, REGISTER("Cyd")),
			    "iq error cancel/not-allowed id=q\n");
	assert_string_equal(iq(s, CYD, "get", NS_REGISTER, ""),
			    "iq error cancel/not-allowed id=q\n");
	assert_string_equal(set_register(s, ANN, REGISTER("Queen")),
			    "iq result id=q\n");
	assert_string_equal(items(s, ANN, "<item affiliation='owner'/>"),
			    "owner/ ann@x.test Queen \n");
	set_register(s, BEN, REGISTER("Benny"));
	set_register(s, BEN, "<remove/>");
	assert_string_equal(items(s, ANN, "<item affiliation='member'/>"),
			    "member/ ben@x.test  \n");
	scene_free(s);
}

/* ADM-18 */
static void test_bad_registration(void **state)
{
	struct scene *s = scene_new(ROOMS("moderated = yes"));

	(void)state;
	join(s, ANN, "Ann");
	xmpp_drop(s);
	/* no voice for everybody who asks */
	assert_string_equal(set_register(s, BEN, REGISTER("Ben")),
			    "iq error cancel/not-allowed id=q\n");
	assert_string_equal(set_register(s, ANN, ""),
			    "iq error modify/bad-request id=q\n");
	assert_string_equal(set_register(s, ANN, REGISTER("")),
			    "iq error modify/bad-request id=q\n");
	assert_string_equal(set_register(s, ANN, REGISTER(" &#9; ")),
			    "iq error modify/bad-request id=q\n");
	assert_string_equal(
	    set_register(s, ANN, "<x xmlns='" NS_XDATA "' type='cancel'/>"),
	    "iq result id=q\n");
	xmpp_put(s, "<iq from='" BEN "' to='none@chat.test' type='get' "
		    "id='q'><query xmlns='" NS_REGISTER "'/></iq>");
	assert_heard(s, BEN, "iq error cancel/item-not-found id=q\n");
	scene_free(s);
}

static void send_form(struct scene *s, const char *from, const char *form)
{
	xmpp_put(s, "<message from='%s' to='r@chat.test' id='v'>%s</message>",
		 from, form);
}

/* ADM-17: the request, to moderators of both kinds, and the approval */
static void test_voice(void **state)
{
	struct scene *s = scene_new(ROOMS("moderated = yes"));
	const struct xnode *m;
	struct sip_user a;
	struct form f;

	(void)state;
	join(s, ANN, "Ann");
	sip_user_join(&a, s, "alice", "sip:r@chat.test", "a=chatroom\r\n");
	set_admin(s, ANN, "<item nick='alice' role='moderator'/>");
	join(s, BEN, "Ben");
	join(s, CYD, "Cyd");
	xmpp_drop(s);
	send_form(s, BEN, ASK);
	assert_heard(s, BEN, "");
	assert_heard(s, CYD, "");
	m = xmpp_take(s, ANN);
	assert_int_equal(form_read(x_child(m, "x", NS_XDATA), s->arena, &f), 0);
	assert_true(str_eq(form_value(&f, "muc#role"), STR("participant")));
	assert_true(str_eq(form_value(&f, "muc#jid"), STR("ben@x.test/2")));
	assert_true(str_eq(form_value(&f, "muc#roomnick"), STR("Ben")));
	assert_true(str_eq(form_value(&f, "muc#request_allow"), STR("0")));
	assert_true(has(msrp_cpim(&a), "Ben asks for permission to speak."));
	send_form(s, ANN, GRANT("Ben", "0"));
	assert_heard(s, BEN, "");
	send_form(s, CYD, GRANT("Ben", "1"));
	assert_heard(s, CYD, "error - auth/forbidden id=v\n");
	send_form(s, ANN, GRANT("Ben", "1"));
	assert_heard(s, ANN,
		     "presence Ben none/participant jid=ben@x.test/2\n");
	assert_heard(s, BEN,
		     "presence Ben none/participant jid=ben@x.test/2 "
		     "[110]\n");
	/* nothing to be had, or not so */
	send_form(s, BEN, ASK);
	assert_heard(s, BEN, "error - modify/bad-request id=v\n");
	send_form(s, ANN, GRANT("Zoe", "1"));
	assert_heard(s, ANN, "error - cancel/item-not-found id=v\n");
	xmpp_drop(s);
	send_form(s, CYD,
		  VOICE("<field var='muc#role'><value>moderator</value>"
			"</field>"));
	assert_heard(s, CYD, "error - modify/bad-request id=v\n");
	send_form(s, "dan@x.test/4", ASK);
	assert_heard(s, "dan@x.test/4", "error - cancel/not-acceptable id=v\n");
	sip_user_done(&a);
	scene_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_register),
	    cmocka_unit_test(test_members_register),
	    cmocka_unit_test(test_bad_registration),
	    cmocka_unit_test(test_voice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
