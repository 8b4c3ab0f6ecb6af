/* XMPP users in a local room: messages, history, subject. */
#include "heard.h"

#include <stdlib.h>

#define DOMAIN                                                                 \
	"domain \"chat.test\" { secret = \"x\" rooms = local lock = false "    \
	"notify-interval = 0 %s}\n"
#define WHEN "2026-10-14T17:46:40Z"

static int open_scene(void **state, const char *more)
{
	char *config = NULL;
	struct scene *s;

	assert_true(asprintf(&config, DOMAIN, more) > 0);
	s = scene_new(config);
	free(config);
	join(s, ANN, "Ann");
	join(s, BEN, "Ben");
	xmpp_drop(s);
	*state = s;
	return 0;
}

static int setup(void **state)
{
	return open_scene(state, "");
}

static int setup_no_private(void **state)
{
	return open_scene(state, "private-messages = false ");
}

static size_t count(const struct xnode *n, const char *ns)
{
	size_t k = 0;

	for (n = x_child(n, NULL, ns); n; n = x_next(n, NULL, ns))
		k++;
	return k;
}

/* X2S-37, X2S-38, X2S-39: the payload as it was sent, to all with the sender's
 * id; ids of ours are ours alone. */
static void test_reflection(void **state)
{
	struct scene *s = *state;
	static const char *const all[] = {ANN, BEN};
	struct str ids[2];

	xmpp_put(s,
		 "<message from='" ANN "' to='r@chat.test' type='groupchat' "
		 "id='m1' xml:lang='de'><body>a&lt;b &amp; c</body>"
		 "<body xml:lang='en'>e</body><thread>t</thread>"
		 "<origin-id xmlns='" NS_SID "' id='o1'/>"
		 "<stanza-id xmlns='" NS_SID "' by='r@chat.test' id='forged'/>"
		 "<stanza-id xmlns='" NS_SID "' by='ann@x.test' id='kept'/>"
		 "<occupant-id xmlns='" NS_OCCUPANT "' id='forged'/>"
		 "<z xmlns='urn:z'><y a='1'>t</y></z></message>");
	for (int i = 0; i < 2; i++) {
		const struct xnode *n = xmpp_take(s, all[i]), *id;

		assert_true(str_eq(x_attr(n, "from"), STR("r@chat.test/Ann")));
		assert_true(str_eq(x_attr(n, "id"), STR("m1")));
		assert_true(str_eq(x_attr(n, "xml:lang"), STR("de")));
		assert_string_equal(xmpp_text(s, n, "body"), "a<b & c");
		assert_string_equal(xmpp_text(s, n, "thread"), "t");
		assert_non_null(x_child(n, "origin-id", NS_SID));
		assert_string_equal(xmpp_text(s, x_child(n, "z", "urn:z"), "y"),
				    "t");
		/* origin-id, the client's own stanza-id, ours */
		assert_int_equal(count(n, NS_SID), 3);
		id = x_child(n, "stanza-id", NS_SID);
		assert_true(str_eq(x_attr(id, "id"), STR("kept")));
		id = x_next(id, "stanza-id", NS_SID);
		assert_true(str_eq(x_attr(id, "by"), STR("r@chat.test")));
		assert_false(str_eq(x_attr(id, "id"), STR("forged")));
		ids[i] = x_attr(id, "id");
		assert_int_equal(count(n, NS_OCCUPANT), 1);
		assert_int_equal(x_attr(x_child(n, NULL, NS_OCCUPANT), "id").n,
				 40);
	}
	assert_true(str_eq(ids[0], ids[1]));
	assert_heard(s, ANN, "");
	assert_heard(s, BEN, "");
}

/* X2S-45 */
static void test_bodyless(void **state)
{
	struct scene *s = *state;

	xmpp_put(s, "<message from='" ANN "' to='r@chat.test' "
		    "type='groupchat' id='m'><composing xmlns='" NS_CHATSTATES
		    "'/></message>");
	assert_heard(s, BEN, "groupchat Ann +composing id=m\n");
	xmpp_drop(s);
	join(s, "cyd@x.test/3", "Cyd");
	assert_null(strstr(heard(s, "cyd@x.test/3"), "composing"));
}

/* X2S-41 */
static void test_from_outside(void **state)
{
	struct scene *s = *state;

	say(s, "cyd@x.test/3", "m", "hello");
	assert_heard(s, "cyd@x.test/3", "error - cancel/not-acceptable id=m\n");
	xmpp_put(s, "<message from='cyd@x.test/3' to='none@chat.test' "
		    "type='groupchat' id='m'><body>x</body></message>");
	assert_heard(s, "cyd@x.test/3", "error - cancel/item-not-found id=m\n");
	assert_heard(s, ANN, "");
}

/* X2S-42, X2S-43 */
static void test_bad_messages(void **state)
{
	struct scene *s = *state;

	xmpp_put(s, "<message from='" ANN "' to='r@chat.test/Ben' "
		    "type='groupchat' id='m'><body>x</body></message>");
	assert_heard(s, ANN, "error Ben modify/bad-request id=m\n");
	xmpp_put(s, "<message from='" ANN "' to='r@chat.test' type='chat' "
		    "id='m'><body>x</body></message>");
	assert_heard(s, ANN, "error - modify/bad-request id=m\n");
	xmpp_put(s, "<message from='" ANN "' to='r@chat.test' id='m' "
		    "type='headline'><body>x</body></message>");
	assert_heard(s, ANN, "");
	assert_heard(s, BEN, "");
}

/* X2S-49, X2S-50, X2S-51 */
static void test_private(void **state)
{
	struct scene *s = *state;

	xmpp_put(s, "<message from='" ANN "' to='r@chat.test/Ben' id='p1' "
		    "type='chat'><body>psst</body></message>");
	assert_heard(s, BEN, "chat Ann body='psst' user id=p1\n");
	assert_heard(s, ANN, "");
	xmpp_put(s, "<message from='" ANN "' to='r@chat.test/Ben' id='p2'>"
		    "<body>normal</body><x xmlns='" NS_MUC_USER
		    "'><item/></x></message>");
	assert_heard(s, BEN, "normal Ann body='normal' user id=p2\n");
	xmpp_put(s, "<message from='" ANN "' to='r@chat.test/Ben' id='p5' "
		    "type='headline'><body>news</body></message>");
	assert_heard(s, BEN, "headline Ann body='news' user id=p5\n");
	xmpp_put(s, "<message from='" ANN "' to='r@chat.test/Cyd' id='p3' "
		    "type='chat'><body>x</body></message>");
	assert_heard(s, ANN, "error Cyd cancel/item-not-found id=p3\n");
	xmpp_put(s, "<message from='cyd@x.test/3' to='r@chat.test/Ann' "
		    "id='p4' type='chat'><body>x</body></message>");
	assert_heard(s, "cyd@x.test/3",
		     "error Ann cancel/not-acceptable id=p4\n");
	/* X2S-22: not in the history */
	join(s, "cyd@x.test/3", "Cyd");
	assert_null(strstr(heard(s, "cyd@x.test/3"), "psst"));
}

static void test_private_off(void **state)
{
	struct scene *s = *state;

	xmpp_put(s, "<message from='" ANN "' to='r@chat.test/Ben' id='p' "
		    "type='chat'><body>psst</body></message>");
	assert_heard(s, ANN, "error Ben auth/forbidden id=p\n");
	assert_heard(s, BEN, "");
}

/* X2S-46, X2S-47 */
static void test_subject(void **state)
{
	struct scene *s = *state;

	xmpp_put(s, "<message from='" BEN "' to='r@chat.test' "
		    "type='groupchat' id='s1'><subject>tea</subject>"
		    "</message>");
	assert_heard(s, ANN, "groupchat Ben subject='tea' id=s1\n");
	assert_heard(s, BEN, "groupchat Ben subject='tea' id=s1\n");
	xmpp_put(s, "<message from='" ANN "' to='r@chat.test' "
		    "type='groupchat' id='s2'><subject>no</subject>"
		    "<body>b</body></message>");
	assert_heard(s, BEN, "groupchat Ann subject='no' body='b' id=s2\n");
	xmpp_drop(s);
	join(s, "cyd@x.test/3", "Cyd");
	assert_non_null(strstr(heard(s, "cyd@x.test/3"),
			       "\ngroupchat Ben subject='tea' delay=" WHEN
			       " id=s1\n"));
	xmpp_drop(s);
	xmpp_put(s, "<message from='" ANN "' to='r@chat.test' "
		    "type='groupchat' id='s3'><subject/></message>");
	assert_heard(s, BEN, "groupchat Ann subject='' id=s3\n");
}

/* The history that Cyd is sent with these attributes of <history/>. */
static const char *history(struct scene *s, const char *attrs)
{
	char wish[200];
	const char *all, *from, *end;

	snprintf(wish, sizeof(wish), "<history %s/>", attrs);
	join_as(s, "cyd@x.test/3", "Cyd", wish);
	all = heard(s, "cyd@x.test/3");
	from = strstr(all, "groupchat");
	end = strstr(all, "groupchat - subject");
	assert_non_null(end);
	xmpp_put(s, "<presence from='cyd@x.test/3' to='r@chat.test/Cyd' "
		    "type='unavailable'/>");
	xmpp_drop(s);
	return arena_dup(s->arena, str_of(from, (size_t)(end - from))).p;
}

#define LINE(who, n) "groupchat " who " body='" n "' delay=" WHEN " id=" n "\n"

/* X2S-21: whole stanzas, the newest, oldest first. */
static void test_history(void **state)
{
	struct scene *s = *state;

	say(s, ANN, "1", "1");
	say(s, BEN, "2", "2");
	say(s, ANN, "3", "3");
	xmpp_drop(s);
	assert_string_equal(history(s, ""),
			    LINE("Ann", "1") LINE("Ben", "2") LINE("Ann", "3"));
	assert_string_equal(history(s, "maxstanzas='2'"),
			    LINE("Ben", "2") LINE("Ann", "3"));
	assert_string_equal(history(s, "maxstanzas='0'"), "");
	assert_string_equal(history(s, "maxchars='0'"), "");
	/* one stanza is some 400 octets */
	assert_string_equal(history(s, "maxchars='100'"), "");
	assert_string_equal(history(s, "maxchars='600'"), LINE("Ann", "3"));
	assert_string_equal(history(s, "maxchars='900'"),
			    LINE("Ben", "2") LINE("Ann", "3"));
	assert_string_equal(history(s, "maxchars='9000' maxstanzas='1'"),
			    LINE("Ann", "3"));
	assert_string_equal(history(s, "maxchars='many'"),
			    LINE("Ann", "1") LINE("Ben", "2") LINE("Ann", "3"));
	assert_string_equal(history(s, "since='2026-10-14T17:46:41Z'"), "");
	assert_string_equal(history(s, "since='2026-10-14T17:46:40Z' "
				       "maxstanzas='1'"),
			    LINE("Ann", "3"));
}

/* X2S-44 */
static void test_with_a_sip_user(void **state)
{
	struct scene *s = *state;
	struct sip_user u;
	const struct xnode *n;

	sip_user_join(&u, s, "eve", "sip:r@chat.test", "a=chatroom\r\n");
	assert_heard(s, BEN, "presence eve none/participant\n");
	xmpp_drop(s);
	assert_int_equal(msrp_say(&u, "sip:r@chat.test", "from sip"), 200);
	n = xmpp_take(s, BEN);
	assert_true(str_eq(x_attr(n, "from"), STR("r@chat.test/eve")));
	assert_true(str_eq(x_attr(n, "type"), STR("groupchat")));
	assert_string_equal(xmpp_text(s, n, "body"), "from sip");
	assert_true(str_eq(x_attr(x_child(n, "stanza-id", NS_SID), "id"),
			   x_attr(n, "id")));
	assert_int_equal(count(n, NS_OCCUPANT), 1);
	say(s, ANN, "x1", "from xmpp");
	assert_true(has(msrp_cpim(&u), "from xmpp"));
	sip_user_bye(&u);
	scene_run(s, 1);
	assert_non_null(
	    strstr(heard(s, BEN), "presence eve unavailable none/none"));
	sip_user_done(&u);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, scene_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_reflection),
	    TEST(test_bodyless),
	    TEST(test_from_outside),
	    TEST(test_bad_messages),
	    TEST(test_private),
	    cmocka_unit_test_setup_teardown(test_private_off, setup_no_private,
					    scene_teardown),
	    TEST(test_subject),
	    TEST(test_history),
	    TEST(test_with_a_sip_user),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
