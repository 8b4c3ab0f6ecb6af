/* Nicknames: one namespace for both worlds, derived names, changes, quarantine.
 */
#include <stdio.h>

#include "tests/unit/conference_stage.h"

/* CHAT-45: in use by another user, in whatever form. */
static void test_unique_across_worlds(void **state)
{
	struct stage *s = *state;

	enter(s, 0, xmpp_join("ann@x", "Ann"));
	assert_int_equal(enter(s, 1, xmpp_join("ben@x", " ANN ")),
			 REASON_NICK_TAKEN);
	assert_int_equal(enter(s, 1, sip_join("sip:ben@x", "Ben")), REASON_OK);
	forget(s);
	nick(s, 1, 1, "ann");
	heard(s, 1, "= REASON_NICK_TAKEN op=1\n");
	/* U+212A KELVIN SIGN: Kim */
	nick(s, 1, 2, "\xe2\x84\xaaim");
	heard(s, 0, "~ Kim nick=Kim (was Ben)\n");
	forget(s);
	nick(s, 0, 3, "KIM");
	heard(s, 0, "= REASON_NICK_TAKEN op=3\n");
	assert_int_equal(enter(s, 2, xmpp_join("cat@x", "kim")),
			 REASON_NICK_TAKEN);
	assert_int_equal(enter(s, 2, xmpp_join("kim@x", "Kimm")), REASON_OK);
}

/* What differs from the wish in any octet is told. */
static void test_renamed(void **state)
{
	struct stage *s = *state;

	enter(s, 0, xmpp_join("ann@x", "Ann"));
	heard(s, 0, "joined Ann created\nsubject '' by  (delayed)\n");
	enter(s, 1, xmpp_join("juli@x", " Juli  C "));
	heard(s, 1, "joined Juli C renamed\nsubject '' by  (delayed)\n");
	enter(s, 2, xmpp_join("jul@x", "JULI c 2"));
	heard(s, 2, "joined JULI c 2\nsubject '' by  (delayed)\n");
}

static void test_derived(void **state)
{
	struct stage *s = *state;

	enter(s, 0, sip_join("sip:ben@x", "  Ben  B "));
	assert_false(who(s, "Ben B")->nick_chosen);
	heard(s, 0, "joined Ben B created\nsubject '' by  (delayed)\n");
	/* no display name, or one that is none: the user part, decoded */
	enter(s, 1, sip_join("sip:j%C3%BCrg%20k@x", ""));
	assert_non_null(who(s, "J\xc3\xbcrg K"));
	enter(s, 2, sip_join("sip:dan@x", "bad\x07name"));
	assert_non_null(who(s, "dan"));
	/* neither */
	enter(s, 3, sip_join("sip:x.example", ""));
	assert_non_null(who(s, "guest"));
	enter(s, 4, sip_join("tel:+1555", ""));
	assert_non_null(who(s, "+1555"));
	/* in use: numbered */
	enter(s, 5, sip_join("sip:ben2@x", "BEN B"));
	assert_true(str_eq(who(s, "ben b 2")->nick, STR("BEN B 2")));
	enter(s, 6, xmpp_join("c@x", "Ben B 3"));
	enter(s, 7, sip_join("sip:ben3@x", "Ben B"));
	assert_true(str_eq(who(s, "ben b 4")->user, STR("sip:ben3@x")));
}

static void test_derived_from_long_name(void **state)
{
	struct stage *s = *state;
	char name[3001] = "";

	/* U+FDFA alone becomes 18 code points in compatibility form */
	for (int i = 0; i < 1000; i++)
		memcpy(name + i * 3, "\xef\xb7\xba", 3);
	enter(s, 0, sip_join("sip:ben@x", name));
	assert_non_null(who(s, "ben"));
	name[28 * 3] = '\0';
	enter(s, 3, sip_join("sip:eve@x", name));
	assert_non_null(who(s, "eve"));
	for (int i = 0; i < 1000; i++)
		memcpy(name + i * 3, "\xe2\x82\xac", 3);
	enter(s, 1, sip_join("sip:cat@x", name));
	enter(s, 2, sip_join("sip:dan@x", name));
	for (int i = 1; i < 3; i++) {
		const struct occupant *o =
		    seat_by_user(&s->seat[0].seat,
				 i == 1 ? STR("sip:cat@x") : STR("sip:dan@x"));

		assert_int_equal(o->nick.n, i == 1 ? 198 : 200);
	}
}

static void test_crowd_of_one_name(void **state)
{
	struct stage *s = *state;
	struct fake_seat crowd[60];
	struct seat_join join = sip_join("", "Ben");
	char user[32];

	for (int i = 0; i < 60; i++) {
		fake_seat_init(&crowd[i]);
		snprintf(user, sizeof(user), "sip:%d@x", i);
		join.user = str_z(user);
		assert_int_equal(
		    rooms_join(s->rooms, &s->policy, &join, &crowd[i].seat),
		    REASON_OK);
	}
	assert_non_null(who(s, "ben 30"));
	assert_null(who(s, "ben 31"));
	for (int i = 0; i < 60; i++) {
		seat_command(&crowd[i].seat,
			     &(struct seat_cmd){.type = SEAT_LEAVE});
		fake_seat_done(&crowd[i]);
	}
}

/* CHAT-47: a refused change leaves the old nickname. */
static void test_change(void **state)
{
	struct stage *s = *state;

	enter(s, 0, xmpp_join("ann@x", "Ann"));
	enter(s, 1, sip_join("sip:ben@x", "Ben"));
	enter(s, 2, sip_join("sip:ben@x", "Ben"));
	forget(s);
	nick(s, 1, 1, "a\tb");
	heard(s, 1, "= REASON_BAD_NICK op=1\n");
	nick(s, 1, 2, "Ann");
	heard(s, 1, "= REASON_NICK_TAKEN op=2\n");
	assert_non_null(who(s, "Ben"));
	nick(s, 1, 3, "Benny");
	heard(s, 0, "~ Benny nick=Benny (was Ben)\n");
	heard(s, 1, "~ Benny nick=Benny (was Ben) op=3\n= REASON_OK op=3\n");
	heard(s, 2, "~ Benny nick=Benny (was Ben)\n");
	assert_null(who(s, "Ben"));
	assert_true(who(s, "Benny")->nick_chosen);
	/* his own name in another form; his other session may ask for it */
	nick(s, 2, 4, "BENNY");
	heard(s, 2, "~ BENNY nick=BENNY (was Benny) op=4\n= REASON_OK op=4\n");
	forget(s);
	nick(s, 1, 5, "BENNY");
	heard(s, 1, "= REASON_OK op=5\n");
	heard(s, 0, "");
	/* the name he left is free */
	nick(s, 0, 6, "Ben");
	heard(s, 1, "~ Ben nick=Ben (was Ann)\n");
}

static void test_claim_and_drop(void **state)
{
	struct stage *s = *state;

	enter(s, 0, sip_join("sip:ben@x", "Ben"));
	enter(s, 1, xmpp_join("ann@x", "Ann"));
	forget(s);
	nick(s, 0, 1, "");
	heard(s, 0, "= REASON_OK op=1\n");
	nick(s, 0, 2, "Ben");
	heard(s, 1, "~ Ben nick=Ben (was Ben)\n");
	assert_true(who(s, "Ben")->nick_chosen);
	nick(s, 0, 3, "Bob");
	heard(s, 1, "~ Bob nick=Bob (was Ben)\n");
	nick(s, 1, 4, "Ben");
	forget(s);
	/* his derived name is in use now */
	nick(s, 0, 5, "");
	heard(s, 1, "~ Ben 2 nick=Ben 2 (was Bob)\n");
	assert_false(who(s, "Ben 2")->nick_chosen);
	nick(s, 0, 6, "Ben 2");
	nick(s, 1, 7, "Ann");
	forget(s);
	nick(s, 0, 8, "");
	heard(s, 1, "~ Ben nick=Ben (was Ben 2)\n");
	nick(s, 1, 9, "");
	heard(s, 1, "= REASON_BAD_NICK op=9\n");
	nick(s, 1, 10, "   ");
	heard(s, 1, "= REASON_BAD_NICK op=10\n");
}

static void test_nicknames_off(void **state)
{
	struct stage *s = *state;
	struct seat_join join = sip_join("sip:ben@x", "Ben");

	s->policy.nicknames = false;
	/* who comes by XMPP has no other way to have a name */
	assert_int_equal(enter(s, 0, xmpp_join("ann@x", "Ann")), REASON_OK);
	join.nick = STR("Benny");
	assert_int_equal(enter(s, 1, join), REASON_NICK_OFF);
	join.nick = STR_NONE;
	assert_int_equal(enter(s, 1, join), REASON_OK);
	forget(s);
	nick(s, 0, 1, "Annie");
	heard(s, 0, "= REASON_NICK_OFF op=1\n");
	nick(s, 1, 2, "");
	heard(s, 1, "= REASON_NICK_OFF op=2\n");
}

static void test_sip_joins_with_a_wish(void **state)
{
	struct stage *s = *state;
	struct seat_join join = sip_join("sip:ben@x", "Ben");

	enter(s, 0, xmpp_join("ann@x", "Ann"));
	join.nick = STR("ann");
	assert_int_equal(enter(s, 1, join), REASON_NICK_TAKEN);
	join.nick = STR("Benny ");
	assert_int_equal(enter(s, 1, join), REASON_OK);
	heard(s, 1, "joined Benny renamed\nsubject '' by  (delayed)\n");
	assert_true(who(s, "Benny")->nick_chosen);
}

/* Of several XMPP sessions under one nickname only that which asks moves. */
static void test_one_session_moves(void **state)
{
	struct stage *s = *state;
	uint64_t old;

	enter(s, 0, xmpp_join("ann@x", "Ann"));
	enter(s, 1, xmpp_join("ann@x", "Ann"));
	enter(s, 2, sip_join("sip:ben@x", "Ben"));
	old = who(s, "Ann")->id;
	forget(s);
	nick(s, 1, 5, "Annie");
	heard(s, 0, "~ Ann devices=1\n+ Annie was Ann\n");
	heard(s, 1,
	      "~ Ann devices=1 op=5\n+ Annie was Ann op=5\n"
	      "= REASON_OK op=5\n");
	heard(s, 2, "~ Ann devices=1\n+ Annie was Ann\n");
	assert_int_equal(who(s, "Ann")->id, old);
	assert_int_equal(who(s, "Ann")->devices->seat, s->seat[0].seat.id);
	assert_int_equal(who(s, "Annie")->devices->seat, s->seat[1].seat.id);
	assert_true(str_eq(who(s, "Annie")->user, STR("ann@x")));
	assert_int_equal(who(s, "Annie")->affiliation, AFF_OWNER);
	/* and speaks as the new one */
	say(s, 1, 0, "hi");
	heard(s, 2, "Annie: hi\n");
	/* another form of the name that the other session keeps */
	forget(s);
	enter(s, 3, xmpp_join("ann@x", "Annie"));
	nick(s, 1, 6, "ANNIE");
	heard(s, 1, "~ Annie devices=2\n= REASON_NICK_TAKEN op=6\n");
}

static void test_session_moves_back(void **state)
{
	struct stage *s = *state;

	enter(s, 0, xmpp_join("ann@x", "Ann"));
	enter(s, 1, xmpp_join("ann@x", "Annie"));
	enter(s, 2, sip_join("sip:ben@x", "Ben"));
	forget(s);
	nick(s, 1, 5, "ann");
	heard(s, 1,
	      "- Annie REASON_LEFT op=5\n~ Ann devices=2 was Annie op=5\n"
	      "= REASON_OK op=5\n");
	heard(s, 2, "- Annie REASON_LEFT\n~ Ann devices=2 was Annie\n");
	assert_null(who(s, "Annie"));
	assert_int_equal(who(s, "Ann")->n_devices, 2);
	/* not left but changed: the name is free at once */
	nick(s, 2, 6, "Annie");
	heard(s, 0,
	      "- Annie REASON_LEFT\n~ Ann devices=2 was Annie\n"
	      "~ Annie nick=Annie (was Ben)\n");
}

static void test_one_session_changes(void **state)
{
	struct stage *s = *state;
	uint64_t id;

	enter(s, 0, xmpp_join("ann@x", "Ann"));
	id = who(s, "Ann")->id;
	forget(s);
	nick(s, 0, 1, "Annie");
	heard(s, 0, "~ Annie nick=Annie (was Ann) op=1\n= REASON_OK op=1\n");
	assert_int_equal(who(s, "Annie")->id, id);
}

/* CHAT-49: for a minute only the same identity may have the nickname of one who
 * left. */
static void test_quarantine(void **state)
{
	struct stage *s = *state;

	enter(s, 0, sip_join("sip:ben@x", "Ben"));
	enter(s, 1, xmpp_join("ann@x", "Ann"));
	leave(s, 1);
	nick(s, 0, 1, "ANN");
	assert_int_equal(enter(s, 2, xmpp_join("cat@x", "Ann")),
			 REASON_NICK_TAKEN);
	/* nor is it given to anybody */
	enter(s, 2, sip_join("sip:ann@y", "Ann"));
	assert_non_null(who(s, "Ann 2"));
	assert_int_equal(enter(s, 1, xmpp_join("ann@x", "ann")), REASON_OK);
	leave(s, 1);
	stage_pass(s, 59999);
	forget(s);
	nick(s, 0, 2, "Ann");
	heard(s, 0, "= REASON_NICK_TAKEN op=2\n");
	stage_pass(s, 1);
	nick(s, 0, 3, "Ann");
	heard(s, 0, "~ Ann nick=Ann (was Ben) op=3\n= REASON_OK op=3\n");
}

static void test_quarantine_is_bounded(void **state)
{
	struct stage *s = *state;
	char name[16];

	enter(s, 0, sip_join("sip:ben@x", "Ben"));
	for (int i = 0; i < 1100; i++) {
		snprintf(name, sizeof(name), "n%d", i);
		assert_int_equal(enter(s, 1, xmpp_join("ann@x", name)),
				 REASON_OK);
		leave(s, 1);
	}
	forget(s);
	nick(s, 0, 1, "n1099");
	heard(s, 0, "= REASON_NICK_TAKEN op=1\n");
	nick(s, 0, 2, "n0");
	heard(s, 0, "~ n0 nick=n0 (was Ben) op=2\n= REASON_OK op=2\n");
}

static void test_full_room_has_no_place_to_move(void **state)
{
	struct stage *s = *state;

	s->policy.max_occupants = 1;
	enter(s, 0, xmpp_join("ann@x", "Ann"));
	enter(s, 1, xmpp_join("ann@x", "Ann"));
	forget(s);
	nick(s, 1, 1, "Annie");
	heard(s, 1, "= REASON_FULL op=1\n");
	heard(s, 0, "");
	leave(s, 0);
	nick(s, 1, 2, "Annie");
	heard(s, 1,
	      "~ Ann devices=1\n~ Annie nick=Annie (was Ann) op=2\n"
	      "= REASON_OK op=2\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    STAGE_TEST(test_unique_across_worlds),
	    STAGE_TEST(test_renamed),
	    STAGE_TEST(test_derived),
	    STAGE_TEST(test_derived_from_long_name),
	    STAGE_TEST(test_crowd_of_one_name),
	    STAGE_TEST(test_change),
	    STAGE_TEST(test_claim_and_drop),
	    STAGE_TEST(test_nicknames_off),
	    STAGE_TEST(test_sip_joins_with_a_wish),
	    STAGE_TEST(test_one_session_moves),
	    STAGE_TEST(test_session_moves_back),
	    STAGE_TEST(test_one_session_changes),
	    STAGE_TEST(test_quarantine),
	    STAGE_TEST(test_quarantine_is_bounded),
	    STAGE_TEST(test_full_room_has_no_place_to_move),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
