/* Rooms that a conference factory makes, and whom their makers invite. */
#include "scene.h"

#include <stdio.h>

#define FACTORY "sip:conference@chat.test"

static int setup(void **state)
{
	*state =
	    scene_new("domain \"chat.test\" { secret = \"x\" rooms = local "
		      "create = none factory = \"Conference\" "
		      "lock = no notify-interval = 0 }\n");
	return 0;
}

static int teardown(void **state)
{
	scene_free(*state);
	return 0;
}

/* The room that his INVITE to the factory made: the URI in the Contact. */
static struct str made(struct sip_user *u, struct scene *s, const char *name)
{
	struct port_msg m = port_msg(PORT_REQUEST), a;
	struct str contact, uri;

	sip_user_init(u, s, name, FACTORY);
	m.new_dialog = true;
	sip_user_request(u, &m, "INVITE");
	m.f[PORT_F_TYPE] = STR("application/sdp");
	m.f[PORT_F_BODY] = sip_user_offer(u, "a=chatroom\r\n");
	scene_sip_event(s, &m);
	a = scene_sip(s, PORT_ANSWER, NULL);
	assert_int_equal(a.status, 200);
	contact = a.f[PORT_F_CONTACT];
	assert_true(has(contact, "@chat.test>;isfocus;"));
	str_split(&contact, '<');
	uri = str_split(&contact, '>');
	u->path =
	    str_from(a.f[PORT_F_BODY],
		     (size_t)str_search(a.f[PORT_F_BODY], STR("a=path:")) + 7);
	u->path = str_split(&u->path, '\r');
	sip_user_ack(u);
	sip_user_connect(u);
	msrp_request(u, "SEND", "Message-ID: bind\r\nByte-Range: 1-0/0\r\n");
	assert_int_equal(msrp_status(u), 200);
	return uri;
}

/* FOCUS-3: a room of his own each time, under a name that only he knows; others
 * join it by that, and nobody joins the factory */
static void test_factory(void **state)
{
	struct scene *s = *state;
	struct sip_user a, b, c;
	struct str first, second;
	const char *room;

	first = made(&a, s, "alice");
	second = made(&b, s, "bob");
	assert_false(str_eq(first, second));
	assert_int_equal(first.n, strlen("sip:@chat.test") + 32);
	room = arena_dup(s->arena, first).p;
	sip_user_join(&c, s, "carol", room, "a=chatroom\r\n");
	assert_int_equal(msrp_say(&c, room, "found it"), 200);
	assert_true(has(msrp_cpim(&a), "found it"));
	assert_int_equal(msrp_take(&b).n, 0);
	xmpp_put(s, "<presence from='j@x.test/1' to='conference@chat.test/J'>"
		    "<x xmlns='" NS_MUC "'/></presence>");
	assert_true(
	    str_eq(x_attr(xmpp_take(s, "j@x.test/1"), "type"), STR("error")));
	sip_user_done(&a);
	sip_user_done(&b);
	sip_user_done(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_factory, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
