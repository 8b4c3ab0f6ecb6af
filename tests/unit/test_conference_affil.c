/* Affiliations and roles: who is what, who may change it, and what those in the
 * room see of it (XEP-0045 §5). */
#include <limits.h>

#include "tests/unit/conference_stage.h"

static struct room *tea(struct stage *s)
{
	return rooms_find(s->rooms, ROOM);
}

static uint64_t id_of(struct stage *s, const char *name)
{
	const struct occupant *o = who(s, name);

	assert_non_null(o);
	return o->id;
}

static void grant(struct stage *s, int i, uint64_t op, const char *user,
		  enum affiliation a)
{
	command(s, i,
		(struct seat_cmd){SEAT_AFFILIATION, .op = op,
				  .text = str_z(user), .affiliation = a});
}

static void give_role(struct stage *s, int i, uint64_t op, const char *name,
		      enum role role)
{
	command(s, i,
		(struct seat_cmd){SEAT_ROLE, .op = op, .target = id_of(s, name),
				  .role = role});
}

static enum reason_code set(struct stage *s, const char *user,
			    enum affiliation a)
{
	return room_set_affiliation(tea(s), str_z(user), a, STR_NONE, STR_NONE);
}

static void people(struct stage *s)
{
	enter(s, 0, xmpp_join("ann@x", "Ann")); /* the owner */
	enter(s, 1, sip_join("sip:ben@x", "Ben"));
	enter(s, 2, xmpp_join("cat@y", "Cat"));
	forget(s);
}

static void test_ban(void **state)
{
	struct stage *s = *state;

	people(s);
	command(s, 0,
		(struct seat_cmd){
		    SEAT_AFFILIATION, .op = 5, .target = id_of(s, "Ben"),
		    .affiliation = AFF_OUTCAST, .reason = STR("noise")});
	heard(s, 0, "- Ben REASON_BANNED noise by Ann\n= REASON_OK op=5\n");
	heard(s, 1, "ended REASON_BANNED noise by Ann\n");
	heard(s, 2, "- Ben REASON_BANNED noise by Ann\n");
	assert_int_equal(enter(s, 1, sip_join("sip:ben@x", "Ben")),
			 REASON_BANNED);
	/* the user of the other kind is somebody else here */
	assert_int_equal(enter(s, 1, xmpp_join("ben@x", "Ben B")), REASON_OK);
	assert_int_equal(set(s, "sip:ben@x", AFF_NONE), REASON_OK);
	assert_int_equal(enter(s, 3, sip_join("sip:ben@x", "Ben")), REASON_OK);
}

/* An entry without scheme is for users of both worlds, and for a SIP user also
 * the JID under which the other world sees him. */
static void test_ban_of_every_kind(void **state)
{
	struct stage *s = *state;
	struct seat_join seen = sip_join("sip:dan@far", "Dan");

	people(s);
	assert_int_equal(set(s, "ben@x", AFF_OUTCAST), REASON_OK);
	heard(s, 1, "ended REASON_BANNED\n");
	assert_int_equal(enter(s, 1, xmpp_join("ben@x", "B")), REASON_BANNED);
	assert_int_equal(enter(s, 1, sip_join("sip:Ben@x:5070", "B")),
			 REASON_BANNED);
	assert_int_equal(set(s, "dan\\40far@sip.x", AFF_OUTCAST), REASON_OK);
	seen.jid = STR("dan\\40far@sip.x");
	assert_int_equal(enter(s, 1, seen), REASON_BANNED);
}

static void test_ban_domain(void **state)
{
	struct stage *s = *state;

	people(s);
	assert_int_equal(set(s, "sip:@x", AFF_OUTCAST), REASON_OK);
	heard(s, 1, "ended REASON_BANNED\n");
	heard(s, 0, "- Ben REASON_BANNED\n"); /* Ann is of the other kind */
	assert_int_equal(set(s, "@y", AFF_OUTCAST), REASON_OK);
	heard(s, 2, "- Ben REASON_BANNED\nended REASON_BANNED\n");
	assert_int_equal(enter(s, 2, sip_join("sip:eve@y:5090", "Eve")),
			 REASON_BANNED);
	/* the more exact entry counts */
	assert_int_equal(set(s, "eve@y", AFF_MEMBER), REASON_OK);
	assert_int_equal(enter(s, 2, sip_join("sip:eve@y:5090", "Eve")),
			 REASON_OK);
	assert_int_equal(who(s, "Eve")->affiliation, AFF_MEMBER);
}

/* Who hides his name is known by his account. */
static void test_ban_hidden(void **state)
{
	struct stage *s = *state;
	struct seat_join join = sip_join("anonymous sip:dan@x", "Anonymous1");
	const struct room_affiliation *a;
	size_t it = 0, hidden = 0;

	people(s);
	join.account = STR("sip:dan@x");
	join.account_jid = STR("dan@x");
	assert_int_equal(enter(s, 3, join), REASON_OK);
	command(s, 0,
		(struct seat_cmd){SEAT_AFFILIATION,
				  .target = id_of(s, "Anonymous1"),
				  .affiliation = AFF_OUTCAST});
	assert_false(seat_in_room(&s->seat[3].seat));
	assert_int_equal(enter(s, 3, join), REASON_BANNED);
	assert_int_equal(enter(s, 3, sip_join("sip:dan@x", "Dan")),
			 REASON_BANNED);
	while ((a = room_affiliations(tea(s), &it)))
		hidden += a->hidden;
	assert_int_equal(hidden, 1);
}

static void test_rights(void **state)
{
	struct stage *s = *state;

	people(s);
	grant(s, 2, 1, "eve@y", AFF_MEMBER);
	heard(s, 2, "= REASON_FORBIDDEN op=1\n");
	grant(s, 0, 2, "cat@y", AFF_ADMIN);
	heard(s, 0, "~ Cat role=3\n= REASON_OK op=2\n");
	forget(s);
	grant(s, 2, 3, "eve@y", AFF_MEMBER);
	grant(s, 2, 4, "eve@y", AFF_ADMIN);
	grant(s, 2, 5, "ann@x", AFF_OUTCAST);
	grant(s, 2, 6, "cat@y", AFF_OUTCAST);
	heard(s, 2,
	      "= REASON_OK op=3\n= REASON_FORBIDDEN op=4\n"
	      "= REASON_NOT_ALLOWED op=5\n= REASON_CONFLICT op=6\n");
	/* the last owner stays one; of two one may go */
	grant(s, 0, 7, "ann@x", AFF_MEMBER);
	heard(s, 0, "= REASON_CONFLICT op=7\n");
	grant(s, 0, 8, "cat@y", AFF_OWNER);
	grant(s, 0, 9, "ann@x", AFF_MEMBER);
	heard(s, 0,
	      "~ Cat role=3\n= REASON_OK op=8\n"
	      "~ Ann role=2\n= REASON_OK op=9\n");
	assert_int_equal(who(s, "Ann")->affiliation, AFF_MEMBER);
	/* an administrator is not bound */
	assert_int_equal(set(s, "cat@y", AFF_NONE), REASON_OK);
	assert_int_equal(who(s, "Cat")->role, ROLE_PARTICIPANT);
}

static void test_roles(void **state)
{
	struct stage *s = *state;
	uint64_t ann;

	people(s);
	ann = id_of(s, "Ann");
	give_role(s, 1, 1, "Cat", ROLE_VISITOR);
	heard(s, 1, "= REASON_FORBIDDEN op=1\n");
	give_role(s, 0, 2, "Ben", ROLE_VISITOR);
	heard(s, 0, "~ Ben role=1\n= REASON_OK op=2\n");
	heard(s, 1, "~ Ben role=1\n");
	/* CHAT-22: refused, but he hears on */
	say(s, 1, 3, "hello?");
	say(s, 0, 0, "quiet");
	heard(s, 1, "= REASON_NO_VOICE op=3\nAnn: quiet\n");
	give_role(s, 0, 0, "Ben", ROLE_PARTICIPANT);
	forget(s);
	say(s, 1, 4, "hello!");
	heard(s, 1, "Ben: hello! op=4\n= REASON_OK op=4\n");
	/* a moderator without affiliation makes no others, nor mutes an owner
	 */
	give_role(s, 0, 0, "Ben", ROLE_MODERATOR);
	forget(s);
	give_role(s, 1, 5, "Cat", ROLE_MODERATOR);
	give_role(s, 1, 6, "Ann", ROLE_VISITOR);
	give_role(s, 1, 7, "Cat", ROLE_VISITOR);
	heard(s, 1,
	      "= REASON_FORBIDDEN op=5\n= REASON_NOT_ALLOWED op=6\n"
	      "~ Cat role=1\n= REASON_OK op=7\n");
	assert_int_equal(room_set_role(tea(s), ann, ROLE_VISITOR, STR_NONE),
			 REASON_NOT_ALLOWED);
	assert_int_equal(room_set_role(tea(s), 12345, ROLE_VISITOR, STR_NONE),
			 REASON_NO_OCCUPANT);
	forget(s);
	give_role(s, 1, 8, "Cat", ROLE_NONE);
	heard(s, 2, "ended REASON_KICKED by Ben\n");
	assert_int_equal(room_remove(tea(s), ann, STR("bye")), REASON_OK);
	heard(s, 0, "- Cat REASON_KICKED by Ben\nended REASON_KICKED bye\n");
}

static void test_reserved_for(void **state)
{
	struct stage *s = *state;

	people(s);
	assert_int_equal(room_set_affiliation(tea(s), STR("dan@x"), AFF_MEMBER,
					      STR("Danny"), STR_NONE),
			 REASON_OK);
	assert_int_equal(room_set_affiliation(tea(s), STR("eve@x"), AFF_MEMBER,
					      STR("dANNY"), STR_NONE),
			 REASON_NICK_TAKEN);
	nick(s, 1, 1, "danny"); /* CHAT-45 */
	heard(s, 1, "= REASON_NICK_TAKEN op=1\n");
	assert_int_equal(enter(s, 3, xmpp_join("eve@x", "Danny")),
			 REASON_NICK_TAKEN);
	assert_int_equal(enter(s, 3, xmpp_join("dan@x", "Danny")), REASON_OK);
	leave(s, 3);
	assert_int_equal(enter(s, 3, sip_join("sip:dan@x", "Daniel")),
			 REASON_OK);
	/* in quarantine for the other one, who is not he: a number more */
	assert_non_null(who(s, "Danny 2"));
	leave(s, 3);
	stage_pass(s, 60000);
	assert_int_equal(enter(s, 3, sip_join("sip:dan@x", "Daniel")),
			 REASON_OK);
	assert_non_null(who(s, "Danny"));
	/* taken away with the membership */
	assert_int_equal(set(s, "dan@x", AFF_NONE), REASON_OK);
	leave(s, 3);
	stage_pass(s, 60000);
	nick(s, 1, 0, "danny");
	assert_non_null(who(s, "danny"));
}

static void test_fixed(void **state)
{
	struct stage *s = *state;
	struct room_affiliation fixed[] = {
	    {.user = STR("ops@x"), .affiliation = AFF_OWNER},
	    {.user = STR("@spam"), .affiliation = AFF_OUTCAST}};
	struct room_policy policy = s->policy;

	s->policy.fixed = fixed;
	s->policy.n_fixed = 2;
	people(s);
	assert_int_equal(enter(s, 3, sip_join("sip:ops@x", "Ops")), REASON_OK);
	assert_int_equal(who(s, "Ops")->role, ROLE_MODERATOR);
	assert_int_equal(enter(s, 4, xmpp_join("a@spam", "A")), REASON_BANNED);
	forget(s);
	grant(s, 0, 1, "ops@x", AFF_NONE);
	heard(s, 0, "= REASON_NOT_ALLOWED op=1\n");
	/* settings leave them, the configuration does not */
	command(s, 0, (struct seat_cmd){SEAT_CONFIGURE, .policy = &policy});
	assert_int_equal(who(s, "Ops")->role, ROLE_MODERATOR);
	assert_int_equal(room_configure(tea(s), &policy), REASON_OK);
	assert_int_equal(who(s, "Ops")->role, ROLE_MODERATOR);
	assert_int_equal(room_follow(tea(s), &policy, false), REASON_OK);
	assert_int_equal(who(s, "Ops")->affiliation, AFF_NONE);
	assert_int_equal(who(s, "Ops")->role, ROLE_PARTICIPANT);
}

/* An entry for every kind replaces the ones for one kind. */
static void test_one_entry(void **state)
{
	struct stage *s = *state;
	size_t it = 0, n = 0;

	people(s);
	assert_int_equal(set(s, "sip:dan@x", AFF_MEMBER), REASON_OK);
	assert_int_equal(set(s, "dan@x", AFF_OUTCAST), REASON_OK);
	assert_int_equal(enter(s, 3, sip_join("sip:dan@x", "Dan")),
			 REASON_BANNED);
	while (room_affiliations(tea(s), &it))
		n++;
	assert_int_equal(n, 2); /* with Ann */
	assert_int_equal(set(s, "", AFF_MEMBER), REASON_BAD_REQUEST);
	assert_int_equal(room_set_affiliation(tea(s), STR("@x"), AFF_MEMBER,
					      STR("Nick"), STR_NONE),
			 REASON_BAD_NICK);
}

/* Several of one person, however they are written and in whatever order they
 * came and went. */
static void test_one_of_many(void **state)
{
	static const char *const kinds[] = {"sip:Dan@x", "sip:dan@x",
					    "tel:dan@x", "xmpp:dan@x"};
	struct stage *s = *state;

	people(s);
	for (size_t gone = 0; gone < 4; gone++) {
		size_t it = 0, n = 0;

		for (size_t i = 0; i < 4; i++)
			assert_int_equal(set(s, kinds[i], AFF_MEMBER),
					 REASON_OK);
		assert_int_equal(set(s, "sip:dana@x", AFF_MEMBER), REASON_OK);
		assert_int_equal(set(s, kinds[gone], AFF_NONE), REASON_OK);
		assert_int_equal(set(s, "dan@x", AFF_MEMBER), REASON_OK);
		while (room_affiliations(tea(s), &it))
			n++;
		assert_int_equal(n, 3); /* with Ann and Dana */
		assert_int_equal(set(s, "dan@x", AFF_NONE), REASON_OK);
	}
}

static void ban_all(struct fake_seat *f, const struct seat_ev *ev)
{
	struct stage *s = f->user;

	if (ev->type != SEAT_MESSAGE)
		return;
	f->then = NULL;
	assert_int_equal(set(s, "@y", AFF_OUTCAST), REASON_OK);
	assert_false(seat_in_room(&s->seat[2].seat));
}

/* Inside an event: that one reaches everybody first. */
static void test_in_order(void **state)
{
	struct stage *s = *state;

	people(s);
	s->seat[0].user = s;
	s->seat[0].then = ban_all;
	say(s, 2, 4, "hello");
	heard(s, 2, "Cat: hello op=4\n= REASON_OK op=4\nended REASON_BANNED\n");
	heard(s, 1, "Cat: hello\n- Cat REASON_BANNED\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    STAGE_TEST(test_ban),	   STAGE_TEST(test_ban_of_every_kind),
	    STAGE_TEST(test_ban_domain),   STAGE_TEST(test_ban_hidden),
	    STAGE_TEST(test_rights),	   STAGE_TEST(test_roles),
	    STAGE_TEST(test_reserved_for), STAGE_TEST(test_fixed),
	    STAGE_TEST(test_one_entry),	   STAGE_TEST(test_in_order),
	    STAGE_TEST(test_one_of_many),  STAGE_TEST(test_in_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
