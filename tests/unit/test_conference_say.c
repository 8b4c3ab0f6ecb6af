/* Messages, private messages, presence, devices, history, and the message
 * itself. */
#include "base/err.h"
#include "conference/room_priv.h"
#include "tests/unit/conference_stage.h"

/* CHAT-4: a user's other session gets his messages too. */
static void test_to_all(void **state)
{
	struct stage *s = *state;
	struct message *m = text_message("hi");

	enter(s, 0, xmpp_join("ann@x", "Ann"));
	enter(s, 1, sip_join("sip:ben@x", "Ben"));
	enter(s, 2, sip_join("sip:ben@x", "Ben"));
	forget(s);
	m->client_id = STR("c-1");
	command(s, 1, (struct seat_cmd){SEAT_SAY, .op = 3, .msg = m});
	heard(s, 0, "Ben: hi\n");
	heard(s, 1, "Ben: hi op=3\n= REASON_OK op=3\n");
	heard(s, 2, "Ben: hi\n");
	assert_int_equal(m->serial, 1);
	assert_int_equal(m->id.n, 24);
	assert_int_equal(m->time_ms, s->wall_ms);
	assert_int_equal(m->author, who(s, "Ben")->id);
	assert_int_equal(m->world, WORLD_SIP);
	assert_true(str_eq(m->nick, STR("Ben")));
	assert_true(str_eq(m->user, STR("sip:ben@x")));
	assert_true(str_eq(m->sip_uri, STR("sip:ben@x")));
	assert_true(str_eq(m->client_id, STR("c-1")));
	/* it is said: not again */
	command(s, 1, (struct seat_cmd){SEAT_SAY, .op = 4, .msg = m});
	heard(s, 1, "= REASON_BAD_REQUEST op=4\n");
	command(s, 1, (struct seat_cmd){SEAT_SAY, .op = 5});
	heard(s, 1, "= REASON_BAD_REQUEST op=5\n");
	message_unref(m);
}

static void test_no_voice(void **state)
{
	struct stage *s = *state;
	struct seat_rec *rec;

	enter(s, 0, xmpp_join("ann@x", "Ann"));
	enter(s, 1, sip_join("sip:ben@x", "Ben"));
	forget(s);
	rec = s->seat[1].seat.back_data;
	rec->occ->pub.role = ROLE_VISITOR;
	say(s, 1, 1, "hi");
	heard(s, 1, "= REASON_NO_VOICE op=1\n");
	command(s, 1,
		(struct seat_cmd){SEAT_SUBJECT, .op = 2, .text = STR("x")});
	heard(s, 1, "= REASON_FORBIDDEN op=2\n");
	heard(s, 0, "");
	whisper(s, 1, 3, who(s, "Ann")->id, "psst");
	heard(s, 0, "Ben: psst (private)\n");
}

/* CHAT-32: only to the recipient's sessions that take private messages; none
 * such: refused. CHAT-36: to others and the history never, to oneself it is
 * allowed. */
static void test_private(void **state)
{
	struct stage *s = *state;
	struct seat_join plain = sip_join("sip:ben@x", "Ben");
	uint64_t ann, ben;

	plain.private_messages = false;
	enter(s, 0, xmpp_join("ann@x", "Ann"));
	enter(s, 1, xmpp_join("ann@x", "Ann"));
	enter(s, 2, sip_join("sip:ben@x", "Ben"));
	enter(s, 3, plain);
	ann = who(s, "Ann")->id;
	ben = who(s, "Ben")->id;
	forget(s);
	whisper(s, 0, 1, ben, "psst");
	heard(s, 0, "= REASON_OK op=1\n");
	heard(s, 1, "");
	heard(s, 2, "Ann: psst (private)\n");
	heard(s, 3, "");
	whisper(s, 3, 2, ann, "yes?");
	heard(s, 0, "Ben: yes? (private)\n");
	heard(s, 1, "Ben: yes? (private)\n");
	heard(s, 2, "");
	heard(s, 3, "= REASON_OK op=2\n");
	whisper(s, 0, 3, ann, "memo");
	heard(s, 0, "Ann: memo (private) op=3\n= REASON_OK op=3\n");
	heard(s, 1, "Ann: memo (private)\n");
	whisper(s, 0, 4, ben + 1000, "?");
	heard(s, 0, "= REASON_NO_OCCUPANT op=4\n");
	leave(s, 2);
	forget(s);
	whisper(s, 0, 5, ben, "psst");
	heard(s, 0, "= REASON_NO_PRIVATE op=5\n");
	heard(s, 3, "");
	enter(s, 4, sip_join("sip:c@x", "Cat"));
	heard(s, 4, "joined Cat\nsubject '' by  (delayed)\n");
}

static void test_private_off(void **state)
{
	struct stage *s = *state;

	s->policy.private_messages = false;
	enter(s, 0, xmpp_join("ann@x", "Ann"));
	enter(s, 1, xmpp_join("ben@x", "Ben"));
	forget(s);
	whisper(s, 0, 1, who(s, "Ben")->id, "psst");
	heard(s, 0, "= REASON_PRIVATE_OFF op=1\n");
	whisper(s, 0, 2, 12345, "psst");
	heard(s, 0, "= REASON_PRIVATE_OFF op=2\n");
	heard(s, 1, "");
}

static void test_device(void **state)
{
	struct stage *s = *state;
	struct seat_cmd cmd = {SEAT_DEVICE, .op = 1, .private_messages = false};

	enter(s, 0, xmpp_join("ann@x", "Ann"));
	enter(s, 1, sip_join("sip:ben@x", "Ben"));
	forget(s);
	command(s, 1, cmd);
	heard(s, 0, "~ Ben devices=1\n");
	heard(s, 1, "~ Ben devices=1 op=1\n= REASON_OK op=1\n");
	assert_false(who(s, "Ben")->devices->private_messages);
	whisper(s, 0, 2, who(s, "Ben")->id, "psst");
	heard(s, 0, "= REASON_NO_PRIVATE op=2\n");
	cmd.muted = true;
	command(s, 1, cmd);
	assert_true(who(s, "Ben")->devices->muted);
	forget(s);
	command(s, 1, cmd);
	heard(s, 0, "");
	/* XMPP has no session without private messages */
	cmd.muted = false;
	command(s, 0, cmd);
	heard(s, 0, "= REASON_OK op=1\n");
	assert_true(who(s, "Ann")->devices->private_messages);
}

static struct seat_cmd presence(const char *show, const char *status)
{
	return (struct seat_cmd){
	    SEAT_PRESENCE,
	    .op = 1,
	    .presence = {.show = str_z(show), .status = str_z(status)},
	};
}

static void test_presence(void **state)
{
	struct stage *s = *state;
	struct seat_join away = xmpp_join("ann@x", "Ann");
	char big[16385];

	enter(s, 0, xmpp_join("ann@x", "Ann"));
	enter(s, 2, sip_join("sip:ben@x", "Ben"));
	forget(s);
	command(s, 0, presence("dnd", "busy"));
	heard(s, 0, "~ Ann presence=dnd/busy op=1\n= REASON_OK op=1\n");
	heard(s, 2, "~ Ann presence=dnd/busy\n");
	/* the latest session's word counts; it gone, the other's again */
	away.presence.show = STR("away");
	enter(s, 1, away);
	heard(s, 2, "~ Ann presence=away/ devices=2\n");
	leave(s, 1);
	heard(s, 2, "~ Ann presence=dnd/busy devices=1\n");
	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	forget(s);
	command(s, 0, presence("away", big));
	heard(s, 0, "= REASON_TOO_BIG op=1\n");
	assert_true(str_eq(who(s, "Ann")->presence.status, STR("busy")));
}

static void test_history_limits(void **state)
{
	struct stage *s = *state;
	struct seat_join join = sip_join("sip:ben@x", "Ben");

	s->policy.history = 3;
	enter(s, 0, xmpp_join("ann@x", "Ann"));
	for (const char *text = "12345"; *text; text++) {
		char one[2] = {*text, '\0'};

		say(s, 0, 0, one);
		s->wall_ms += 1000;
	}
	join.wants = SEAT_WANTS_MESSAGES;
	enter(s, 1, join);
	heard(s, 1,
	      "joined Ben\nAnn: 3 (delayed)\nAnn: 4 (delayed)\n"
	      "Ann: 5 (delayed)\n");
	join.history.has_max_messages = true;
	join.history.max_messages = 2;
	enter(s, 2, join);
	heard(s, 2, "joined Ben\nAnn: 4 (delayed)\nAnn: 5 (delayed)\n");
	join.history.max_messages = 0;
	enter(s, 3, join);
	heard(s, 3, "joined Ben\n");
	join.history = (struct history_wish){
	    .has_since = true,
	    .since_ms = s->wall_ms - 1000,
	};
	enter(s, 4, join);
	heard(s, 4, "joined Ben\nAnn: 5 (delayed)\n");
	join.history = (struct history_wish){.none = true};
	enter(s, 5, join);
	heard(s, 5, "joined Ben\n");
}

static void say_marked(struct stage *s, const char *text, bool no_store,
		       bool transient)
{
	struct message *m = text_message(text);

	m->no_store = no_store;
	m->transient = transient;
	command(s, 0, (struct seat_cmd){SEAT_SAY, .msg = m});
	message_unref(m);
}

static void test_history_of_some(void **state)
{
	struct stage *s = *state;

	s->policy.history_bytes = 600;
	enter(s, 0, xmpp_join("ann@x", "Ann"));
	say_marked(s, "gone", false, false);
	say_marked(s, "secret", true, false);
	say_marked(s, "typing", false, true);
	for (int i = 0; i < 5; i++)
		say_marked(s,
			   "0123456789012345678901234567890123456789"
			   "0123456789012345678901234567890123456789",
			   false, false);
	enter(s, 1, sip_join("sip:ben@x", "Ben"));
	heard(s, 1,
	      "joined Ben\n"
	      "Ann: 0123456789012345678901234567890123456789"
	      "0123456789012345678901234567890123456789 (delayed)\n"
	      "Ann: 0123456789012345678901234567890123456789"
	      "0123456789012345678901234567890123456789 (delayed)\n"
	      "Ann: 0123456789012345678901234567890123456789"
	      "0123456789012345678901234567890123456789 (delayed)\n"
	      "Ann: 0123456789012345678901234567890123456789"
	      "0123456789012345678901234567890123456789 (delayed)\n"
	      "subject '' by  (delayed)\n");
}

static void test_history_off(void **state)
{
	struct stage *s = *state;

	s->policy.history = SIZE_MAX;
	enter(s, 0, xmpp_join("ann@x", "Ann"));
	say(s, 0, 0, "one");
	enter(s, 1, sip_join("sip:ben@x", "Ben"));
	heard(s, 1, "joined Ben\nsubject '' by  (delayed)\n");
}

static void test_message_limits(void **state)
{
	struct message *m = message_new(20);

	(void)state;
	assert_int_equal(
	    message_add_part(m, STR("text/plain"), STR_NONE, STR("12345678")),
	    ERR_TOO_BIG);
	assert_int_equal(m->n_parts, 0);
	assert_int_equal(
	    message_add_part(m, STR("text/plain"), STR_NONE, STR("1234567")),
	    0);
	assert_int_equal(message_add_part(m, STR_NONE, STR_NONE, STR_NONE),
			 ERR_TOO_BIG);
	message_unref(m);

	m = message_new(1000);
	for (int i = 0; i < MESSAGE_PARTS_MAX; i++)
		assert_int_equal(
		    message_add_part(m, STR("a/b"), STR_NONE, STR_NONE), 0);
	assert_int_equal(message_add_part(m, STR("a/b"), STR_NONE, STR_NONE),
			 ERR_FULL);
	message_unref(message_ref(m));
	message_unref(m);
	message_unref(NULL);
}

/* A sender who fills his message to the brim leaves room for the stamp. */
static void test_stamp_always_fits(void **state)
{
	struct stage *s = *state;
	struct message *m = message_new(13);
	struct seat_join join = xmpp_join("", "");
	char nick_text[1024], id[4097];

	memset(nick_text, 'n', 1023);
	nick_text[1023] = '\0';
	memset(id, 'i', 4096);
	id[4096] = '\0';
	join.user = join.jid = join.sip_uri = join.stable_id = str_z(id);
	join.nick = str_z(nick_text);
	assert_int_equal(enter(s, 0, join), REASON_OK);
	forget(s);
	assert_int_equal(
	    message_add_part(m, STR("text/plain"), STR_NONE, STR_NONE), 0);
	command(s, 0, (struct seat_cmd){SEAT_SAY, .op = 1, .msg = m});
	assert_int_equal(m->jid.n, 4096);
	assert_int_equal(m->nick.n, 1023);
	message_unref(m);
}

static void test_message_part(void **state)
{
	struct message *m = message_new(1000);

	(void)state;
	message_add_part(m, STR("Text/HTML ; x=y"), STR("de"), STR("<p>"));
	message_add_part(m, STR("text/plain"), STR_NONE, STR("p"));
	assert_ptr_equal(message_part(m, STR("text/html")), &m->parts[0]);
	assert_ptr_equal(message_part(m, STR("text/plain")), &m->parts[1]);
	assert_null(message_part(m, STR("image/png")));
	message_unref(m);
}

static void test_reason_text(void **state)
{
	(void)state;
	assert_string_equal(reason_text(REASON_OK), "ok");
	assert_string_equal(reason_text(REASON_SLOW), "too slow to follow");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    STAGE_TEST(test_to_all),
	    STAGE_TEST(test_no_voice),
	    STAGE_TEST(test_private),
	    STAGE_TEST(test_private_off),
	    STAGE_TEST(test_device),
	    STAGE_TEST(test_presence),
	    STAGE_TEST(test_history_limits),
	    STAGE_TEST(test_history_of_some),
	    STAGE_TEST(test_history_off),
	    STAGE_TEST(test_stamp_always_fits),
	    cmocka_unit_test(test_message_limits),
	    cmocka_unit_test(test_message_part),
	    cmocka_unit_test(test_reason_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
