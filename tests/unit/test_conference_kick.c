/* Removing an occupant. */
#include "tests/lib/room_play.h"
#include "tests/unit/conference_stage.h"

static void kick(struct stage *s, int i, uint64_t op, uint64_t target)
{
	command(s, i,
		(struct seat_cmd){SEAT_KICK, .op = op, .target = target,
				  .text = STR("bye")});
}

static uint64_t id_of(struct stage *s, const char *name)
{
	const struct occupant *o = who(s, name);

	assert_non_null(o);
	return o->id;
}

static void people(struct stage *s)
{
	enter(s, 0, sip_join("sip:ann@x", "Ann")); /* the owner */
	enter(s, 1, sip_join("sip:ben@x", "Ben"));
	enter(s, 2, sip_join("sip:ben@x", "Ben"));
	enter(s, 3, xmpp_join("cat@x", "Cat"));
	for (int i = 0; i < SEATS; i++)
		s->seat[i].user = s;
	forget(s);
}

/* All his devices go, each told once; the rest sees one occupant leave. */
static void test_moderator(void **state)
{
	struct stage *s = *state;

	people(s);
	kick(s, 0, 7, id_of(s, "Ben"));
	heard(s, 0, "- Ben REASON_KICKED bye by Ann\n= REASON_OK op=7\n");
	heard(s, 1, "ended REASON_KICKED bye by Ann\n");
	heard(s, 2, "ended REASON_KICKED bye by Ann\n");
	heard(s, 3, "- Ben REASON_KICKED bye by Ann\n");
	assert_null(who(s, "Ben"));
	assert_false(seat_in_room(&s->seat[1].seat));
	assert_false(seat_in_room(&s->seat[2].seat));
	/* nothing keeps him from coming back */
	assert_int_equal(enter(s, 1, sip_join("sip:ben@x", "Ben")), REASON_OK);
}

static void test_refused(void **state)
{
	struct stage *s = *state;
	uint64_t ben;

	people(s);
	ben = id_of(s, "Ben");
	kick(s, 3, 7, ben);
	kick(s, 3, 8, id_of(s, "Ann"));
	kick(s, 0, 9, ben + 1000);
	heard(s, 3, "= REASON_FORBIDDEN op=7\n= REASON_FORBIDDEN op=8\n");
	heard(s, 0, "= REASON_NO_OCCUPANT op=9\n");
	heard(s, 1, "");
	assert_int_equal(id_of(s, "Ben"), ben);
}

static void test_himself(void **state)
{
	struct stage *s = *state;

	people(s);
	kick(s, 1, 7, id_of(s, "Ben"));
	heard(s, 0, "- Ben REASON_LEFT bye\n");
	heard(s, 1, "= REASON_OK op=7\nended REASON_LEFT bye\n");
	heard(s, 2, "ended REASON_LEFT bye\n");
}

static void speak_and_go(struct fake_seat *f, const struct seat_ev *ev)
{
	struct stage *s = f->user;

	if (ev->type == SEAT_OCCUPANT_LEFT) {
		f->then = NULL;
		say(s, 1, 5, "still here?");
		leave(s, 1);
	}
}

/* What a removed seat does before it has heard of its end counts for nothing.
 */
static void test_meanwhile(void **state)
{
	struct stage *s = *state;

	people(s);
	s->seat[0].then = speak_and_go;
	kick(s, 0, 0, id_of(s, "Ben"));
	heard(s, 0, "- Ben REASON_KICKED bye by Ann\n");
	heard(s, 1, ""); /* he left by himself: nothing follows */
	heard(s, 2, "ended REASON_KICKED bye by Ann\n");
	heard(s, 3, "- Ben REASON_KICKED bye by Ann\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_moderator, stage_up,
					    stage_down),
	    cmocka_unit_test_setup_teardown(test_refused, stage_up, stage_down),
	    cmocka_unit_test_setup_teardown(test_himself, stage_up, stage_down),
	    cmocka_unit_test_setup_teardown(test_meanwhile, stage_up,
					    stage_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
