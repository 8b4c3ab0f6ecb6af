/* Several changes at once, and asking for a voice. */
#include "conference_stage.h"

static struct room *tea(struct stage *s)
{
	return rooms_find(s->rooms, ROOM);
}

static struct seat_change of(const char *user, enum affiliation a)
{
	return (struct seat_change){
	    .user = str_z(user), .affiliation = a, .reason = STR("why")};
}

static struct seat_change role_of(struct stage *s, const char *nick,
				  enum role role)
{
	const struct occupant *o = who(s, nick);

	return (struct seat_change){.of_role = true,
				    .target = o ? o->id : 0,
				    .role = role,
				    .reason = STR("why")};
}

#define moderate(s, i, ...)                                                    \
	do {                                                                   \
		const struct seat_change list[] = {__VA_ARGS__};               \
		command(s, i,                                                  \
			(struct seat_cmd){                                     \
			    SEAT_MODERATE, .op = 7, .changes = list,           \
			    .n_changes = sizeof(list) / sizeof(*list)});       \
	} while (0)

static enum affiliation is(struct stage *s, const char *user)
{
	return room_affiliation_of(tea(s), str_z(user), NULL);
}

static void people(struct stage *s)
{
	enter(s, 0, xmpp_join("ann@x", "Ann")); /* the owner */
	enter(s, 1, sip_join("sip:ben@x", "Ben"));
	enter(s, 2, xmpp_join("cat@y", "Cat"));
	enter(s, 3, xmpp_join("cat@y", "Cat"));
	forget(s);
}

/* Who asks hears the result before anything else, and once. */
static void test_order(void **state)
{
	struct stage *s = *state;

	people(s);
	moderate(s, 0, role_of(s, "Ben", ROLE_VISITOR),
		 of("cat@y", AFF_OUTCAST), of("dan@y", AFF_MEMBER));
	heard(s, 0,
	      "= REASON_OK op=7\n- Cat REASON_BANNED why by Ann\n"
	      "~ Ben role=1\n");
	heard(s, 1, "- Cat REASON_BANNED why by Ann\n~ Ben role=1\n");
	heard(s, 2, "ended REASON_BANNED why by Ann\n");
	heard(s, 3, "ended REASON_BANNED why by Ann\n");
	assert_int_equal(is(s, "dan@y"), AFF_MEMBER);
	assert_int_equal(is(s, "cat@y"), AFF_OUTCAST);
}

/* ADM-6, ADM-11: all or nothing */
static void test_refused(void **state)
{
	struct stage *s = *state;

	people(s);
	moderate(s, 0, of("cat@y", AFF_OUTCAST), of("ann@x", AFF_OUTCAST));
	heard(s, 0, "= REASON_CONFLICT op=7\n");
	moderate(s, 0, of("cat@y", AFF_OUTCAST), of("ann@x", AFF_ADMIN));
	heard(s, 0, "= REASON_CONFLICT op=7\n");
	moderate(s, 0, of("cat@y", AFF_OUTCAST), of("cat@y", AFF_MEMBER));
	heard(s, 0, "= REASON_BAD_REQUEST op=7\n");
	moderate(s, 0, of("cat@y", AFF_OUTCAST), role_of(s, "Ann", ROLE_NONE));
	heard(s, 0, "= REASON_CONFLICT op=7\n");
	moderate(s, 0, of("cat@y", AFF_OUTCAST),
		 role_of(s, "Nobody", ROLE_NONE));
	heard(s, 0, "= REASON_NO_OCCUPANT op=7\n");
	moderate(s, 1, of("cat@y", AFF_OUTCAST));
	heard(s, 1, "= REASON_FORBIDDEN op=7\n");
	heard(s, 2, "");
	assert_int_equal(is(s, "cat@y"), AFF_NONE);
}

/* The last owner may hand the room on in one list. */
static void test_hand_on(void **state)
{
	struct stage *s = *state;

	people(s);
	moderate(s, 0, of("ann@x", AFF_NONE), of("cat@y", AFF_OWNER));
	assert_int_equal(is(s, "cat@y"), AFF_OWNER);
	assert_int_equal(is(s, "ann@x"), AFF_NONE);
	assert_int_equal(who(s, "Ann")->role, ROLE_PARTICIPANT);
	assert_int_equal(who(s, "Cat")->role, ROLE_MODERATOR);
	/* a former owner leaves a room of members: his result, then his end */
	s->policy.members_only = true;
	moderate(s, 2, of("ann@x", AFF_OWNER));
	forget(s);
	command(
	    s, 0,
	    (struct seat_cmd){SEAT_CONFIGURE, .op = 8, .policy = &s->policy});
	heard(s, 0, "= REASON_OK op=8\nroom\n- Ben REASON_MEMBERS_ONLY\n");
	moderate(s, 0, of("ann@x", AFF_NONE));
	heard(s, 0, "= REASON_OK op=7\nended REASON_NOT_MEMBER why by Ann\n");
}

static void test_nicks(void **state)
{
	struct stage *s = *state;
	struct seat_change dan = of("dan@y", AFF_MEMBER),
			   eve = of("eve@y", AFF_MEMBER);
	struct str nick;

	people(s);
	dan.nick = STR("Dan");
	eve.nick = STR("dan");
	moderate(s, 0, dan, eve);
	heard(s, 0, "= REASON_NICK_TAKEN op=7\n");
	moderate(s, 0, dan);
	moderate(s, 0, eve);
	heard(s, 0, "= REASON_OK op=7\n= REASON_NICK_TAKEN op=7\n");
	assert_int_equal(room_affiliation_of(tea(s), STR("dan@y"), &nick),
			 AFF_MEMBER);
	assert_true(str_eq(nick, STR("Dan")));
}

/* Of one who hides his name, what others see of him is enough. */
static void test_hidden(void **state)
{
	struct stage *s = *state;
	struct seat_join mask = sip_join("sip:mask@anonymous.invalid", "M");

	people(s);
	mask.account = STR("sip:dan@x");
	mask.jid = STR("mask@ud");
	assert_int_equal(enter(s, 4, mask), REASON_OK);
	forget(s);
	moderate(s, 0, of("mask@ud", AFF_OUTCAST));
	heard(s, 4, "ended REASON_BANNED why by Ann\n");
	assert_int_equal(is(s, "sip:dan@x"), AFF_OUTCAST);
	assert_int_equal(is(s, "mask@ud"), AFF_NONE);
}

/* Owners and admins need not be there, but then they have no role. */
static void test_from_outside(void **state)
{
	struct stage *s = *state;
	struct room_policy policy = s->policy;
	struct seat_change ban = of("cat@y", AFF_OUTCAST), kick;

	people(s);
	kick = role_of(s, "Cat", ROLE_NONE);
	assert_int_equal(room_moderate_as(tea(s), STR("eve@y"), NULL, &ban, 1),
			 REASON_FORBIDDEN);
	moderate(s, 0, of("eve@y", AFF_ADMIN));
	forget(s);
	assert_int_equal(room_moderate_as(tea(s), STR("eve@y"), NULL, &kick, 1),
			 REASON_FORBIDDEN);
	assert_int_equal(
	    room_moderate_as(tea(s), STR("eve@y"), &policy, NULL, 0),
	    REASON_FORBIDDEN);
	assert_int_equal(room_moderate_as(tea(s), STR("eve@y"), NULL, &ban, 1),
			 REASON_OK);
	heard(s, 2, "ended REASON_BANNED why\n");
	policy.title = STR("Tea");
	assert_int_equal(
	    room_moderate_as(tea(s), STR("ann@x"), &policy, NULL, 0),
	    REASON_OK);
	heard(s, 1, "- Cat REASON_BANNED why\nroom\n");
}

/* ADM-17 */
static void test_voice(void **state)
{
	struct stage *s = *state;
	struct seat_cmd ask = {SEAT_ASK_VOICE, .op = 3};

	s->policy.moderated = true;
	people(s);
	command(s, 0, ask);
	heard(s, 0, "= REASON_BAD_REQUEST op=3\n");
	command(s, 2, ask);
	heard(s, 0, "voice? Cat\n");
	heard(s, 1, "");
	heard(s, 2, "= REASON_OK op=3\n");
	command(s, 2, ask);
	heard(s, 0, "");
	heard(s, 2, "= REASON_OVERLOAD op=3\n");
	stage_pass(s, 10000);
	command(s, 2, ask);
	heard(s, 0, "voice? Cat\n");
}

/* XEP-0045 §10.2: who may send private messages */
static void test_private_role(void **state)
{
	struct stage *s = *state;

	s->policy.private_role = ROLE_MODERATOR;
	people(s);
	whisper(s, 2, 4, who(s, "Ann")->id, "psst");
	heard(s, 2, "= REASON_FORBIDDEN op=4\n");
	whisper(s, 0, 5, who(s, "Ben")->id, "psst");
	heard(s, 1, "Ann: psst (private)\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    STAGE_TEST(test_order),   STAGE_TEST(test_refused),
	    STAGE_TEST(test_hand_on), STAGE_TEST(test_nicks),
	    STAGE_TEST(test_hidden),  STAGE_TEST(test_from_outside),
	    STAGE_TEST(test_voice),   STAGE_TEST(test_private_role),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
