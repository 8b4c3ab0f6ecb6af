/* The contract of seats: who has a say, and that every command is answered. */
#include "ours.h"

static void test_kick(void **state)
{
	struct bed *b = *state;

	join(b, 0);
	kind->enter(b, "Cat");
	settle(b);
	heard_by(b, 0);
	command(b, 0,
		(struct seat_cmd){.type = SEAT_KICK,
				  .target = id_of(b, 0, "Cat"),
				  .text = STR("spam")});
	settle(b);
	assert_heard(b, 0,
		     words(b, "= %s op=1\n", reason(kind->promised.kick)));
	command(b, 0, (struct seat_cmd){.type = SEAT_DESTROY});
	settle(b);
	assert_heard(b, 0,
		     words(b, "= %s op=2\n", reason(kind->promised.destroy)));
	if (!kind->promote(b))
		return;
	settle(b);
	heard_by(b, 0);
	command(b, 0,
		(struct seat_cmd){.type = SEAT_KICK,
				  .target = id_of(b, 0, "Cat"),
				  .text = STR("spam")});
	settle(b);
	assert_heard(b, 0,
		     "- Cat REASON_KICKED spam by Ro\n= REASON_OK op=3\n");
	command(b, 0, (struct seat_cmd){.type = SEAT_KICK, .target = 123456});
	settle(b);
	assert_heard(b, 0, "= REASON_NO_OCCUPANT op=4\n");
	assert_false(kind->sees(b, "Cat"));
}

/* Everybody may remove himself. */
static void test_kick_oneself(void **state)
{
	struct bed *b = *state;

	join(b, 0);
	command(
	    b, 0,
	    (struct seat_cmd){.type = SEAT_KICK, .target = id_of(b, 0, "Ro")});
	settle(b);
	assert_heard(b, 0, "= REASON_OK op=1\nended REASON_LEFT\n");
	assert_false(kind->sees(b, "Ro"));
}

/* Whatever is asked, there is one answer. */
static void test_every_command(void **state)
{
	static const enum seat_cmd_type types[] = {
	    SEAT_SAY,	      SEAT_NICK,   SEAT_SUBJECT,  SEAT_PRESENCE,
	    SEAT_DEVICE,      SEAT_UNLOCK, SEAT_DESTROY,  SEAT_KICK,
	    SEAT_AFFILIATION, SEAT_ROLE,   SEAT_MODERATE, SEAT_ASK_VOICE,
	    SEAT_INVITE,
	};
	struct bed *b = *state;

	join(b, 0);
	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++) {
		struct message *m = text_message(STR("?"));
		struct seat_cmd cmd = {
		    .type = types[i],
		    .text = STR("zoe@x.test"),
		    .msg = m,
		    .role = ROLE_VISITOR,
		    .private_messages = true,
		};

		command(b, 0, cmd);
		message_unref(m);
		settle(b);
		if (b->ours[0].n_due)
			fail_msg("no answer to command %d", (int)types[i]);
	}
	assert_false(b->ours[0].over);
	say(b, 0, "all well");
	settle(b);
	assert_int_equal(kind->heard(b, NULL, "all well"), 1);
}

/* What one who is nobody in particular may not do, or what can't be done from
 * here, is refused with a reason, and nothing comes of it. */
static void test_beyond_him(void **state)
{
	struct bed *b = *state;
	struct seat_change change = {.of_role = true, .role = ROLE_VISITOR};
	struct room_policy policy = {0};
	const struct seat_cmd cmds[] = {
	    {.type = SEAT_MODERATE, .changes = &change, .n_changes = 1},
	    {.type = SEAT_CONFIGURE, .policy = &policy},
	    {.type = SEAT_ASK_VOICE},
	};

	join(b, 0);
	change.target = id_of(b, 0, "Ben");
	for (size_t i = 0; i < sizeof(cmds) / sizeof(*cmds); i++) {
		const char *heard;

		command(b, 0, cmds[i]);
		settle(b);
		heard = heard_by(b, 0);
		if (!str_starts(str_z(heard), STR("= REASON_")) ||
		    has(str_z(heard), "REASON_OK"))
			fail_msg("%zu: %s", i, heard);
		assert_int_equal(b->ours[0].n_due, 0);
	}
	assert_true(kind->sees(b, "Ben") && kind->sees(b, "Ro"));
}

int contract_moderate(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_kick),
	    TEST(test_beyond_him),
	    TEST(test_kick_oneself),
	    TEST(test_every_command),
	};

	return cmocka_run_group_tests_name(kind->name, tests, NULL, NULL);
}
