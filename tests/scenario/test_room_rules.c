/* Rooms with rules: what the configuration and moderators decide, as SIP and
 * XMPP users see it. */
#include "scene.h"

#include <event2/bufferevent.h>
#include <event2/event.h>
#include <string.h>

#define ROOM "sip:r@chat.test"
#define ANNA "anna@x.test/pc"
#define BEN  "ben@x.test/phone"

#define DOMAIN(keys)                                                           \
	"domain \"chat.test\" { secret = \"x\" rooms = local lock = no "       \
	"notify-interval = 0 " keys " }\n"

static struct room *room_of(struct scene *s)
{
	return rooms_find(s->core.rooms, STR("r@chat.test"));
}

static enum reason_code set(struct scene *s, const char *user,
			    enum affiliation a, const char *why)
{
	return room_set_affiliation(room_of(s), str_z(user), a, STR_NONE,
				    str_z(why));
}

static int try_invite(struct scene *s, const char *name, const char *extra)
{
	struct sip_user u;
	int status;

	sip_user_init(&u, s, name, ROOM);
	status = sip_user_invite(&u, sip_user_offer(&u, extra));
	sip_user_done(&u);
	return status;
}

static void try_join(struct scene *s, const char *jid, const char *nick,
		     const char *password)
{
	xmpp_put(s,
		 "<presence from='%s' to='r@chat.test/%s'>"
		 "<x xmlns='http://jabber.org/protocol/muc'>%s</x></presence>",
		 jid, nick, password);
}

static bool has_error(const struct xnode *stanza, const char *condition)
{
	return x_child(x_child(stanza, "error", NS_CLIENT), condition, NULL);
}

static struct str item(const struct xnode *presence, const char *attr)
{
	const struct xnode *x = x_child(presence, "x", NS_MUC_USER);

	return x_attr(x_child(x, "item", NULL), attr);
}

/* CHAT-22: visitors are refused with 403 and hear what others say; a voice
 * makes participants of them. */
static void test_moderated(void **state)
{
	struct scene *s = scene_new(DOMAIN("moderated = yes"));
	const struct xnode *p;
	struct sip_user a;
	size_t it = 0;

	(void)state;
	xmpp_join(s, ANNA, "anna"); /* the owner */
	sip_user_join(&a, s, "alice", ROOM, "a=chatroom\r\n");
	p = xmpp_take(s, ANNA);
	assert_true(str_eq(item(p, "role"), STR("visitor")));
	assert_int_equal(msrp_say(&a, ROOM, "hello"), 403);
	assert_true(xmpp_none(s, ANNA));
	xmpp_put(s, "<message from='" ANNA "' to='r@chat.test' "
		    "type='groupchat'><body>hi</body></message>");
	assert_true(has(msrp_cpim(&a), "\r\n\r\nhi"));
	xmpp_drop(s);
	while (1) {
		const struct occupant *o = room_roster(room_of(s), &it);

		assert_non_null(o);
		if (o->world != WORLD_SIP)
			continue;
		assert_int_equal(room_set_role(room_of(s), o->id,
					       ROLE_PARTICIPANT, STR("go on")),
				 REASON_OK);
		break;
	}
	p = xmpp_take(s, ANNA);
	assert_true(str_eq(item(p, "role"), STR("participant")));
	assert_int_equal(msrp_say(&a, ROOM, "hello"), 200);
	sip_user_done(&a);
	scene_free(s);
}

/* The last notice says why, as much of it as a person reads. */
static void test_long_reason(void **state)
{
	struct scene *s = scene_new(DOMAIN(""));
	struct port_msg bye;
	struct sip_user a;
	uint64_t alice;
	size_t it = 0;
	char why[6001];

	(void)state;
	memset(why, 'x', sizeof(why) - 1);
	why[0] = '\n';
	why[sizeof(why) - 1] = '\0';
	sip_user_join(&a, s, "alice", ROOM, "a=chatroom\r\n");
	alice = room_roster(room_of(s), &it)->id;
	assert_int_equal(room_remove(room_of(s), alice, str_z(why)), REASON_OK);
	assert_true(has(msrp_cpim(&a), "removed by a moderator: xxxxxxxx"));
	bye = scene_sip(s, PORT_SEND, "BYE");
	assert_int_equal(bye.dlg, a.dlg);
	sip_user_done(&a);
	scene_free(s);
}

/* FOCUS-4: 403 before the call is answered; those inside go with BYE. */
static void test_ban(void **state)
{
	struct scene *s = scene_new(DOMAIN("outcasts = {\"@spam.test\"}"));
	const struct xnode *p;
	struct sip_user a;
	struct port_msg bye;

	(void)state;
	xmpp_join(s, ANNA, "anna");
	xmpp_join(s, BEN, "ben");
	sip_user_join(&a, s, "alice", ROOM, "a=chatroom\r\n");
	xmpp_drop(s);
	assert_int_equal(set(s, "alice@sip.test", AFF_OUTCAST, "noise"),
			 REASON_OK);
	bye = scene_sip(s, PORT_SEND, "BYE");
	assert_int_equal(bye.dlg, a.dlg);
	p = xmpp_take(s, ANNA);
	assert_true(x_has_status(p, "301"));
	assert_true(str_eq(item(p, "affiliation"), STR("outcast")));
	assert_string_equal(
	    x_text(x_child(x_child(x_child(p, "x", NS_MUC_USER), "item", NULL),
			   "reason", NULL),
		   s->arena)
		.p,
	    "noise");
	assert_int_equal(try_invite(s, "alice", "a=chatroom\r\n"), 403);
	xmpp_drop(s);
	assert_int_equal(set(s, "ben@x.test", AFF_OUTCAST, ""), REASON_OK);
	p = xmpp_take(s, BEN);
	assert_true(x_has_status(p, "301") && x_has_status(p, "110"));
	assert_true(str_eq(item(p, "affiliation"), STR("outcast")));
	xmpp_drop(s);
	try_join(s, BEN, "ben", "");
	assert_true(has_error(xmpp_take(s, BEN), "forbidden"));
	try_join(s, "eve@spam.test/x", "eve", "");
	assert_true(has_error(xmpp_take(s, "eve@spam.test/x"), "forbidden"));
	sip_user_done(&a);
	scene_free(s);
}

/* Switched on, strangers go: 322, BYE, and their subscriptions. */
static void test_members_only(void **state)
{
	struct scene *s = scene_new(DOMAIN(""));
	struct room_policy policy;
	const struct xnode *p;
	struct sip_user a;

	(void)state;
	xmpp_join(s, ANNA, "anna");
	xmpp_join(s, BEN, "ben");
	sip_user_join(&a, s, "alice", ROOM, "a=chatroom\r\n");
	assert_int_equal(set(s, "ben@x.test", AFF_MEMBER, ""), REASON_OK);
	xmpp_drop(s);
	policy = *room_policy(room_of(s));
	policy.members_only = true;
	assert_int_equal(room_configure(room_of(s), &policy), REASON_OK);
	assert_int_equal(scene_sip(s, PORT_SEND, "BYE").dlg, a.dlg);
	assert_true(x_has_status(xmpp_take(s, ANNA), "104"));
	p = xmpp_take(s, ANNA);
	assert_true(x_has_status(p, "322"));
	assert_int_equal(try_invite(s, "alice", "a=chatroom\r\n"), 403);
	try_join(s, "carl@x.test/x", "carl", "");
	assert_true(
	    has_error(xmpp_take(s, "carl@x.test/x"), "registration-required"));
	xmpp_drop(s);
	assert_int_equal(set(s, "ben@x.test", AFF_NONE, ""), REASON_OK);
	p = xmpp_take(s, BEN);
	assert_true(x_has_status(p, "321"));
	assert_true(str_eq(item(p, "affiliation"), STR("none")));
	sip_user_done(&a);
	scene_free(s);
}

/* SEED0-6: the room is there before anybody comes, and stays; its owner comes
 * by his name in either world. */
static void test_static_room(void **state)
{
	struct scene *s = scene_new(DOMAIN(
	    "create = none password = \"sesame\"") "room \"R@chat.test\" { "
						   "name = \"The room\" "
						   "subject = "
						   "\"Hello\" owners = "
						   "{\"alice@sip.test\"} }\n");
	struct room_info info;
	struct sip_user a;

	(void)state;
	room_info(room_of(s), &info);
	assert_true(str_eq(info.name, STR("The room")));
	assert_true(str_eq(info.subject.text, STR("Hello")));
	assert_int_equal(try_invite(s, "bob", "a=chatroom\r\n"), 403);
	sip_user_join(&a, s, "alice", ROOM, "a=chatroom\r\n");
	assert_int_equal(room_by_nick(room_of(s), STR("alice"))->role,
			 ROLE_MODERATOR);
	try_join(s, ANNA, "anna", "");
	assert_true(has_error(xmpp_take(s, ANNA), "not-authorized"));
	try_join(s, ANNA, "anna", "<password>sesame</password>");
	assert_false(has_error(xmpp_take(s, ANNA), "not-authorized"));
	sip_user_bye(&a);
	xmpp_put(s, "<presence type='unavailable' from='" ANNA
		    "' to='r@chat.test/anna'/>");
	scene_run(s, 60000);
	assert_non_null(room_of(s));
	room_info(room_of(s), &info);
	assert_true(str_eq(info.subject.text, STR("Hello")));
	sip_user_done(&a);
	scene_free(s);
}

static int invite_from(struct sip_user *u, const char *contact)
{
	struct port_msg m = port_msg(PORT_REQUEST);

	m.new_dialog = true;
	sip_user_request(u, &m, "INVITE");
	m.f[PORT_F_CONTACT] = str_z(contact);
	m.f[PORT_F_TYPE] = STR("application/sdp");
	m.f[PORT_F_BODY] = sip_user_offer(u, "a=chatroom\r\n");
	scene_sip_event(u->s, &m);
	return scene_sip(u->s, PORT_ANSWER, NULL).status;
}

/* CHAT-4, X-17: 403 for a second device, but not for the same one anew. */
static void test_one_device(void **state)
{
	struct scene *s = scene_new(DOMAIN("one-device = yes"));
	struct sip_user a, b;

	(void)state;
	sip_user_join(&a, s, "alice", ROOM, "a=chatroom\r\n");
	sip_user_init(&b, s, "alice", ROOM);
	assert_int_equal(invite_from(&b, "sip:alice@10.0.0.6"), 403);
	sip_user_done(&b);
	assert_int_equal(try_invite(s, "alice", "a=chatroom\r\n"), 200);
	xmpp_join(s, ANNA, "anna");
	xmpp_drop(s);
	try_join(s, "anna@x.test/phone", "anna", "");
	assert_true(
	    has_error(xmpp_take(s, "anna@x.test/phone"), "not-allowed"));
	sip_user_done(&a);
	scene_free(s);
}

/* Only moderators set the subject, from either side; S2X-37's 403. */
static void test_subject_right(void **state)
{
	struct scene *s = scene_new(DOMAIN("subject-by-moderators = yes"));
	struct sip_user a;
	struct room_info info;
	char more[512];

	(void)state;
	xmpp_join(s, ANNA, "anna");
	sip_user_join(&a, s, "alice", ROOM, "a=chatroom\r\n");
	snprintf(more, sizeof(more),
		 "Message-ID: s1\r\nContent-Type: message/cpim\r\n\r\n"
		 "From: <sip:alice@sip.test>\r\nTo: <" ROOM ">\r\n"
		 "Subject: tea\r\n\r\nContent-Type: text/plain\r\n\r\n\r\n");
	msrp_request(&a, "SEND", more);
	assert_int_equal(msrp_status(&a), 403);
	assert_int_equal(set(s, "alice@sip.test", AFF_ADMIN, ""), REASON_OK);
	memcpy(strstr(more, "s1"), "s2", 2);
	msrp_request(&a, "SEND", more);
	assert_int_equal(msrp_status(&a), 200);
	room_info(room_of(s), &info);
	assert_true(str_eq(info.subject.text, STR("tea")));
	sip_user_done(&a);
	scene_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_moderated),
	    cmocka_unit_test(test_ban),
	    cmocka_unit_test(test_long_reason),
	    cmocka_unit_test(test_members_only),
	    cmocka_unit_test(test_static_room),
	    cmocka_unit_test(test_one_device),
	    cmocka_unit_test(test_subject_right),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
