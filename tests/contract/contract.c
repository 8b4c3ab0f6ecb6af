/* The contract of seats (conference/seat.h), the same for every back end: a
 * front end can't tell them apart. */
#include "ours.h"

const struct bed_kind *kind;

/* --- coming in --- */

static void test_join(void **state)
{
	struct bed *b = *state;
	struct seat *seat = &b->ours[0].fake.seat;
	struct seat_join j = wish(b, 0);
	const struct occupant *self;
	struct room_info info;

	assert_int_equal(enter(b, 0, &j), REASON_OK);
	assert_true(seat_in_room(seat));
	settle(b);
	assert_heard(b, 0,
		     words(b, "joined Ro\nsubject 'tea' by %s (delayed)\n",
			   kind->subject_by));
	self = seat_by_nick(seat, STR("Ro"));
	assert_non_null(self);
	assert_true(str_eq(self->user, j.user));
	assert_ptr_equal(seat_by_user(seat, j.user), self);
	assert_int_equal(self->n_devices, 1);
	assert_int_equal(self->devices->seat, seat->id);
	assert_non_null(seat_by_nick(seat, STR("Ann")));
	assert_non_null(seat_by_nick(seat, STR("Ben")));
	assert_null(seat_by_nick(seat, STR("Cat")));
	assert_null(seat_by_id(seat, 1u << 30));
	assert_null(seat_by_user(seat, STR("nobody")));
	seat_info(seat, &info);
	assert_true(str_eq(info.address, str_z(kind->room)));
	assert_int_equal(info.n_occupants, 3);
	assert_true(str_eq(info.subject.text, STR("tea")));
	assert_true(kind->sees(b, "Ro"));
}

/* A refusal is the return value, or the only event; the seat is free. */
static void test_refused(void **state)
{
	struct bed *b = *state;
	int n = 0;

	for (int why = REASON_BAD_REQUEST; why < REASONS; why++) {
		struct seat_join j = wish(b, 0);
		enum reason_code due = kind->refuse(b, why), got;

		if (due == REASON_OK)
			continue;
		if (due == REASON_NICK_TAKEN && kind->world == WORLD_XMPP)
			j.nick = STR("Ann");
		got = enter(b, 0, &j);
		settle(b);
		if (got == REASON_OK) {
			const char *z = heard_by(b, 0);

			if (b->ours[0].in || !b->ours[0].over)
				fail_msg("%s: came in, %s", reason(due), z);
			if (!str_starts(str_z(z), str_z(words(b, "ended %s",
							      reason(due)))))
				fail_msg("%s instead of %s", z, reason(due));
		} else {
			assert_int_equal(got, due);
			assert_heard(b, 0, "");
		}
		assert_false(seat_in_room(&b->ours[0].fake.seat));
		assert_false(kind->sees(b, "Ro"));
		ours_done(&b->ours[0]);
		ours_init(b, 0);
		n++;
	}
	kind->refuse(b, REASON_OK);
	join(b, 0);
	assert_true(n >= 3);
}

static void test_bad_wishes(void **state)
{
	struct bed *b = *state;
	char *big = calloc(1, 100000);
	struct seat_join j;

	memset(big, 'x', 99999);
	j = wish(b, 0);
	j.nick = str_z(big);
	if (enter(b, 0, &j) == REASON_OK) {
		settle(b);
		assert_true(b->ours[0].over || b->ours[0].in);
	} else {
		assert_heard(b, 0, "");
	}
	free(big);
	assert_true(kind->sees(b, "Ann"));
}

/* What is asked of a seat that waits is answered, and the rest goes on. */
static void test_before_joined(void **state)
{
	struct bed *b = *state;
	struct seat_join j = wish(b, 0);
	bool waits;

	assert_int_equal(enter(b, 0, &j), REASON_OK);
	waits = !b->ours[0].in;
	if (waits) {
		size_t it = 0;

		assert_null(seat_roster(&b->ours[0].fake.seat, &it));
		with_text(b, 0, SEAT_NICK, "Rob");
		assert_heard(b, 0, "= REASON_NOT_JOINED op=1\n");
		say(b, 0, "early");
		assert_heard(b, 0, "= REASON_NOT_JOINED op=2\n");
	}
	settle(b);
	assert_true(b->ours[0].in);
	assert_int_equal(kind->heard(b, NULL, "early"), 0);
	assert_true(kind->sees(b, "Ro"));
}

static void test_leave_before_joined(void **state)
{
	struct bed *b = *state;
	struct seat_join j = wish(b, 0);

	assert_int_equal(enter(b, 0, &j), REASON_OK);
	heard_by(b, 0);
	leave(b, 0);
	assert_false(seat_in_room(&b->ours[0].fake.seat));
	settle(b);
	assert_heard(b, 0, "");
	assert_false(kind->sees(b, "Ro"));
	/* and he may come again */
	j = wish(b, 1);
	assert_int_equal(enter(b, 1, &j), REASON_OK);
	settle(b);
	assert_true(b->ours[1].in);
}

/* What was said before comes before the subject, and before all else. */
static void test_history(void **state)
{
	struct bed *b = *state;
	struct seat_join j = wish(b, 0);

	kind->history(b, "once upon a time");
	assert_int_equal(enter(b, 0, &j), REASON_OK);
	settle(b);
	assert_heard(b, 0,
		     words(b,
			   "joined Ro\nAnn: once upon a time (delayed)\n"
			   "subject 'tea' by %s (delayed)\n",
			   kind->subject_by));
}

/* --- talking --- */

static void test_say(void **state)
{
	struct bed *b = *state;

	join(b, 0);
	say(b, 0, "hello");
	settle(b);
	assert_heard(b, 0, "Ro: hello op=1\n= REASON_OK op=1\n");
	assert_int_equal(kind->heard(b, NULL, "hello"), 1);
	/* the same again is a message of its own */
	say(b, 0, "hello");
	say(b, 0, "hello");
	settle(b);
	assert_heard(b, 0,
		     "Ro: hello op=2\n= REASON_OK op=2\n"
		     "Ro: hello op=3\n= REASON_OK op=3\n");
	assert_int_equal(kind->heard(b, NULL, "hello"), 3);
}

static struct {
	uint64_t author, to, serial, time_ms, number;
	enum world world;
	bool has_id;
} last;

static void note_message(struct ours *o, const struct seat_ev *ev)
{
	if (ev->type != SEAT_MESSAGE)
		return;
	(void)o;
	last.author = ev->msg->author;
	last.to = ev->msg->to;
	last.serial = ev->msg->serial;
	last.time_ms = ev->msg->time_ms;
	last.world = ev->msg->world;
	last.has_id = ev->msg->id.n > 0;
}

/* A message is stamped: who, when, in which place. */
static void test_hear(void **state)
{
	struct bed *b = *state;
	const struct occupant *ann;
	uint64_t serial;

	join(b, 0);
	b->ours[0].then = note_message;
	kind->say(b, "Ann", "hi");
	settle(b);
	assert_heard(b, 0, "Ann: hi\n");
	ann = seat_by_id(&b->ours[0].fake.seat, last.author);
	assert_non_null(ann);
	assert_true(str_eq(ann->nick, STR("Ann")));
	assert_true(last.world == ann->world && last.has_id);
	assert_in_range(last.time_ms, b->s->wall - 5000, b->s->wall);
	serial = last.serial;
	kind->say(b, "Ben", "hi");
	settle(b);
	assert_heard(b, 0, "Ben: hi\n");
	assert_true(last.serial > serial);
	serial = last.serial;
	say(b, 0, "hi");
	settle(b);
	assert_int_equal(last.author, id_of(b, 0, "Ro"));
	assert_true(last.serial > serial);
}

static void test_mute(void **state)
{
	struct bed *b = *state;

	join(b, 0);
	kind->mute(b);
	settle(b);
	heard_by(b, 0);
	say(b, 0, "mmm");
	settle(b);
	assert_heard(b, 0,
		     words(b, "= %s op=1\n", reason(kind->promised.mute)));
	assert_int_equal(kind->heard(b, NULL, "mmm"), 0);
}

static void test_whisper(void **state)
{
	struct bed *b = *state;
	uint64_t ben;

	join(b, 0);
	ben = id_of(b, 0, "Ben");
	whisper(b, 0, id_of(b, 0, "Ann"), "psst");
	settle(b);
	assert_heard(b, 0, "= REASON_OK op=1\n");
	assert_int_equal(kind->heard(b, "Ann", "psst"), 1);
	assert_int_equal(kind->heard(b, NULL, "psst"), 0);
	b->ours[0].then = note_message;
	kind->whisper(b, "Ann", "yes?");
	settle(b);
	assert_heard(b, 0, "Ann: yes? (private)\n");
	assert_int_equal(last.to, id_of(b, 0, "Ro"));
	assert_int_equal(last.serial, 0);
	whisper(b, 0, 123456, "who?");
	settle(b);
	assert_heard(b, 0, "= REASON_NO_OCCUPANT op=2\n");
	kind->go(b, "Ben", "");
	settle(b);
	heard_by(b, 0);
	whisper(b, 0, ben, "still there?");
	settle(b);
	assert_int_equal(kind->heard(b, "Ben", "still there?"), 0);
	assert_int_equal(b->ours[0].n_due, 0);
}

/* --- names, subject, presence --- */

static void test_nick(void **state)
{
	struct bed *b = *state;
	uint64_t id;

	join(b, 0);
	id = id_of(b, 0, "Ro");
	with_text(b, 0, SEAT_NICK, "Roland");
	settle(b);
	assert_heard(b, 0,
		     "~ Roland nick=Roland (was Ro) op=1\n"
		     "= REASON_OK op=1\n");
	assert_int_equal(id_of(b, 0, "Roland"), id);
	assert_true(kind->sees(b, "Roland"));
	assert_false(kind->sees(b, "Ro"));
	with_text(b, 0, SEAT_NICK, "Ann");
	settle(b);
	assert_heard(b, 0, "= REASON_NICK_TAKEN op=2\n");
	assert_int_equal(id_of(b, 0, "Roland"), id);
	say(b, 0, "still me");
	settle(b);
	assert_heard(b, 0, "Roland: still me op=3\n= REASON_OK op=3\n");
	with_text(b, 0, SEAT_NICK, "");
	settle(b);
	heard_by(b, 0);
	assert_int_equal(b->ours[0].n_due, 0);
}

static void test_bad_nick(void **state)
{
	static const char *const bad[] = {"   ", "a\tb", "x\xff", "a\r\nb: c"};
	struct bed *b = *state;

	join(b, 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		with_text(b, 0, SEAT_NICK, bad[i]);
		settle(b);
		assert_heard(b, 0,
			     words(b, "= REASON_BAD_NICK op=%zu\n", i + 1));
	}
	assert_true(kind->sees(b, "Ro"));
}

static void test_subject(void **state)
{
	struct bed *b = *state;

	join(b, 0);
	kind->subject(b, "cake");
	settle(b);
	assert_heard(b, 0,
		     words(b, "subject 'cake' by %s\n", kind->subject_by));
	with_text(b, 0, SEAT_SUBJECT, "rum & \"<x>\"");
	settle(b);
	if (kind->promised.subject == REASON_OK) {
		assert_heard(b, 0,
			     "subject 'rum & \"<x>\"' by Ro op=1\n"
			     "= REASON_OK op=1\n");
		kind->hush(b);
		settle(b);
		heard_by(b, 0);
		with_text(b, 0, SEAT_SUBJECT, "gin");
		settle(b);
		assert_heard(b, 0, "= REASON_FORBIDDEN op=2\n");
	} else {
		assert_heard(
		    b, 0,
		    words(b, "= %s op=1\n", reason(kind->promised.subject)));
	}
	kind->subject(b, "");
	settle(b);
	assert_heard(b, 0, words(b, "subject '' by %s\n", kind->subject_by));
}

static void test_presence(void **state)
{
	struct bed *b = *state;

	join(b, 0);
	command(b, 0,
		(struct seat_cmd){
		    .type = SEAT_PRESENCE,
		    .presence = {.show = STR("away"), .status = STR("<out>")},
		});
	settle(b);
	assert_heard(b, 0, "~ Ro presence=away/<out> op=1\n= REASON_OK op=1\n");
	command(b, 0,
		(struct seat_cmd){.type = SEAT_DEVICE,
				  .private_messages = true,
				  .held = true});
	settle(b);
	heard_by(b, 0);
	assert_int_equal(b->ours[0].n_due, 0);
}

/* --- others come and go --- */

static void test_others(void **state)
{
	struct bed *b = *state;
	uint64_t cat;

	join(b, 0);
	kind->enter(b, "Cat");
	settle(b);
	assert_heard(b, 0, "+ Cat\n");
	cat = id_of(b, 0, "Cat");
	kind->rename(b, "Cat", "Kit");
	settle(b);
	assert_heard(b, 0, "~ Kit nick=Kit (was Cat)\n");
	assert_int_equal(id_of(b, 0, "Kit"), cat);
	kind->show(b, "Kit", "away", "at tea");
	settle(b);
	assert_heard(b, 0, "~ Kit presence=away/at tea\n");
	kind->say(b, "Kit", "bye");
	kind->go(b, "Kit", "tired");
	settle(b);
	assert_heard(b, 0, "Kit: bye\n- Kit REASON_LEFT tired\n");
	kind->kick(b, "Ben", "spam");
	settle(b);
	assert_heard(b, 0,
		     kind->tells_actor ? "- Ben REASON_KICKED spam by Ann\n"
				       : "- Ben REASON_KICKED spam\n");
	/* somebody of the same name is somebody else */
	kind->enter(b, "Cat");
	settle(b);
	assert_heard(b, 0, "+ Cat\n");
	assert_int_not_equal(id_of(b, 0, "Cat"), cat);
}

/* --- the end --- */

static void test_kicked(void **state)
{
	struct bed *b = *state;

	join(b, 0);
	kind->kick(b, "Ro", "spam");
	settle(b);
	assert_heard(b, 0,
		     kind->tells_actor ? "ended REASON_KICKED spam by Ann\n"
				       : "ended REASON_KICKED spam\n");
	assert_false(seat_in_room(&b->ours[0].fake.seat));
	assert_false(kind->sees(b, "Ro"));
	join(b, 1);
}

static void test_closed(void **state)
{
	struct bed *b = *state;

	join(b, 0);
	kind->close(b, "over");
	settle(b);
	assert_heard(b, 0, "ended REASON_ROOM_GONE over\n");
}

static void test_shutdown(void **state)
{
	struct bed *b = *state;
	struct seat_join j = wish(b, 1);
	enum reason_code got;

	join(b, 0);
	kind->shut_down(b);
	loop_settle(b->s->loop);
	assert_heard(b, 0, "ended REASON_SHUTDOWN\n");
	got = enter(b, 1, &j);
	settle(b);
	if (got == REASON_OK) /* it had to look for the room first */
		assert_heard(b, 1, "ended REASON_SHUTDOWN\n");
	else
		assert_int_equal(got, REASON_SHUTDOWN);
}

static void test_leave(void **state)
{
	struct bed *b = *state;

	join(b, 0);
	leave(b, 0);
	assert_false(seat_in_room(&b->ours[0].fake.seat));
	kind->say(b, "Ann", "gone?");
	settle(b);
	assert_heard(b, 0, "");
	assert_false(kind->sees(b, "Ro"));
	join(b, 1);
	assert_true(kind->sees(b, "Ro"));
}

/* Whatever the room still says to the one who has left, the next has a seat of
 * his own, though he is the same. */
static void test_come_back_at_once(void **state)
{
	struct bed *b = *state;
	struct seat_join j = wish(b, 0);

	join(b, 0);
	with_text(b, 0, SEAT_NICK, "Roland");
	leave(b, 0);
	assert_int_equal(enter(b, 1, &j), REASON_OK);
	settle(b);
	assert_true(b->ours[1].in && !b->ours[1].over);
	assert_non_null(seat_by_nick(&b->ours[1].fake.seat, STR("Ro")));
	assert_true(kind->sees(b, "Ro"));
	assert_false(kind->sees(b, "Roland"));
}

/* Nobody's seat answers by itself. */
static void test_after_the_end(void **state)
{
	struct bed *b = *state;

	join(b, 0);
	kind->kick(b, "Ro", "");
	settle(b);
	heard_by(b, 0);
	b->ours[0].over = false;
	say(b, 0, "hello?");
	assert_heard(b, 0, "= REASON_NOT_JOINED op=1\n");
	with_text(b, 0, SEAT_NICK, "Rob");
	assert_heard(b, 0, "= REASON_NOT_JOINED op=2\n");
	settle(b);
	assert_int_equal(kind->heard(b, NULL, "hello?"), 0);
}

/* What was said before one leaves is said. */
static void test_last_words(void **state)
{
	struct bed *b = *state;

	join(b, 0);
	say(b, 0, "farewell");
	leave(b, 0);
	settle(b);
	assert_int_equal(kind->heard(b, NULL, "farewell"), 1);
}

/* --- having a say --- */

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

/* --- several seats --- */

static void test_two_devices(void **state)
{
	struct bed *b = *state;

	join(b, 0);
	join(b, 1);
	heard_by(b, 0);
	kind->say(b, "Ann", "hi");
	settle(b);
	assert_heard(b, 0, "Ann: hi\n");
	assert_heard(b, 1, "Ann: hi\n");
	say(b, 0, "hello");
	settle(b);
	assert_heard(b, 0, "Ro: hello op=1\n= REASON_OK op=1\n");
	assert_heard(b, 1, "Ro: hello\n");
	assert_int_equal(kind->heard(b, NULL, "hello"), 1);
	leave(b, 0);
	settle(b);
	assert_true(kind->sees(b, "Ro"));
	assert_heard(b, 1, "");
	say(b, 1, "me again");
	settle(b);
	assert_heard(b, 1, "Ro: me again op=1\n= REASON_OK op=1\n");
	leave(b, 1);
	settle(b);
	assert_false(kind->sees(b, "Ro"));
}

/* One who only looks. */
static void test_observer(void **state)
{
	struct bed *b = *state;
	struct seat_join j = wish(b, 1);

	join(b, 0);
	j.observer = true;
	j.wants = SEAT_WANTS_ROSTER | SEAT_WANTS_SUBJECT;
	assert_int_equal(enter(b, 1, &j), REASON_OK);
	settle(b);
	assert_true(str_starts(str_z(heard_by(b, 1)), STR("joined -\n")));
	assert_non_null(seat_by_nick(&b->ours[1].fake.seat, STR("Ro")));
	kind->say(b, "Ann", "hi");
	kind->enter(b, "Cat");
	settle(b);
	assert_heard(b, 1, "+ Cat\n");
	assert_heard(b, 0, "Ann: hi\n+ Cat\n");
	say(b, 1, "may I?");
	settle(b);
	assert_heard(b, 1, "= REASON_NOT_JOINED op=1\n");
	assert_int_equal(kind->heard(b, NULL, "may I?"), 0);
	leave(b, 1);
	kind->go(b, "Cat", "");
	settle(b);
	assert_heard(b, 1, "");
	assert_heard(b, 0, "- Cat REASON_LEFT\n");
}

/* Everybody hears everything in one order. */
static void test_one_order(void **state)
{
	struct bed *b = *state;
	char text[16];

	join(b, 0);
	join(b, 1);
	heard_by(b, 0);
	for (int i = 0; i < 20; i++) {
		snprintf(text, sizeof(text), "%d", i);
		if (i % 3 == 0)
			kind->say(b, "Ann", text);
		else
			say(b, i % 3 - 1, text);
		if (i % 5 == 0)
			kind->settle(b);
	}
	settle(b);
	for (int i = 0; i < 2; i++) {
		struct str log = buf_str(&b->ours[i].fake.log), line;
		int n = 0;

		while (log.n) {
			line = str_split(&log, '\n');
			n += str_starts(line, STR("Ro: ")) ||
			     str_starts(line, STR("Ann: "));
		}
		assert_int_equal(n, 20);
	}
	for (int i = 0; i < 20; i++) {
		snprintf(text, sizeof(text), "%d", i);
		assert_int_equal(kind->heard(b, NULL, text), i % 3 ? 1 : 0);
	}
}

static void say_too(struct ours *o, const struct seat_ev *ev)
{
	if (ev->type != SEAT_MESSAGE || o->n_then)
		return;
	o->n_then++;
	say(o->bed, (int)(o - o->bed->ours), "me too");
}

/* What is done inside an event comes after it, for all. */
static void test_inside_event(void **state)
{
	struct bed *b = *state;

	join(b, 0);
	join(b, 1);
	heard_by(b, 0);
	b->ours[0].then = say_too;
	kind->say(b, "Ann", "I like tea");
	settle(b);
	assert_heard(b, 0,
		     "Ann: I like tea\nRo: me too op=1\n= REASON_OK op=1\n");
	assert_heard(b, 1, "Ann: I like tea\nRo: me too\n");
}

static void go_away(struct ours *o, const struct seat_ev *ev)
{
	if (ev->type == SEAT_MESSAGE)
		leave(o->bed, (int)(o - o->bed->ours));
}

static void test_leave_inside_event(void **state)
{
	struct bed *b = *state;

	join(b, 0);
	b->ours[0].then = go_away;
	kind->say(b, "Ann", "go!");
	kind->say(b, "Ann", "now!");
	settle(b);
	assert_heard(b, 0, "Ann: go!\n");
	assert_false(kind->sees(b, "Ro"));
}

static void come_back(struct ours *o, const struct seat_ev *ev)
{
	struct seat_join j = wish(o->bed, 1);

	if (ev->type == SEAT_ENDED)
		assert_int_equal(enter(o->bed, 1, &j), REASON_OK);
}

/* The seat is free when SEAT_ENDED comes, and its holder may join again there.
 */
static void test_rejoin_inside_event(void **state)
{
	struct bed *b = *state;

	join(b, 0);
	b->ours[0].then = come_back;
	kind->kick(b, "Ro", "");
	settle(b);
	assert_true(b->ours[0].over);
	assert_true(b->ours[1].in && !b->ours[1].over);
	assert_true(kind->sees(b, "Ro"));
	say(b, 1, "back");
	settle(b);
	assert_int_equal(kind->heard(b, NULL, "back"), 1);
}

/* --- what strangers write --- */

/* It arrives as it is, or is refused with a reason, and the room goes on. */
static void test_hostile_text(void **state)
{
	static const char *const texts[] = {
	    "<body>&amp;</message>]]>",
	    "-------a786hjs2$",
	    "\"quotes\" 'n \\backslashes\\",
	    "From: <sip:ann@sip.test>",
	    "two\nlines\n\nand more",
	    "\xf0\x9f\x98\x80 \xd0\x98\xd0\xb2\xd0\xb0\xd0\xbd",
	};
	struct bed *b = *state;

	join(b, 0);
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		say(b, 0, texts[i]);
		settle(b);
		assert_heard(b, 0,
			     words(b, "Ro: %s op=%zu\n= REASON_OK op=%zu\n",
				   texts[i], i + 1, i + 1));
		assert_int_equal(kind->heard(b, NULL, texts[i]), 1);
		kind->say(b, "Ann", texts[i]);
		settle(b);
		assert_heard(b, 0, words(b, "Ann: %s\n", texts[i]));
	}
}

static void test_hostile_length(void **state)
{
	static const size_t sizes[] = {0, 1, 8191, 60000, 200000, 2000000};
	struct bed *b = *state;
	char *big = malloc(2000001);

	memset(big, 'x', 2000000);
	join(b, 0);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		char was = big[sizes[i]];

		big[sizes[i]] = '\0';
		say_text(b, 0, str_of(big, sizes[i]));
		settle(b);
		with_text(b, 0, SEAT_SUBJECT, big);
		settle(b);
		command(b, 0,
			(struct seat_cmd){
			    .type = SEAT_PRESENCE,
			    .presence = {.status = str_of(big, sizes[i])}});
		settle(b);
		if (sizes[i] > 8191) {
			heard_by(b, 0);
			with_text(b, 0, SEAT_NICK, big);
			settle(b);
			assert_true(
			    has(str_z(heard_by(b, 0)), "= REASON_BAD_NICK"));
		}
		big[sizes[i]] = was;
		assert_int_equal(b->ours[0].n_due, 0);
	}
	free(big);
	heard_by(b, 0);
	say(b, 0, "still here");
	settle(b);
	assert_int_equal(kind->heard(b, NULL, "still here"), 1);
}

/* Seats that are in a room when all ends (the sanitizers look at the rest). */
static void test_memory(void **state)
{
	struct bed *b = *state;
	struct seat_join j = wish(b, 3);

	join(b, 0);
	join(b, 1);
	say(b, 0, "under way");
	with_text(b, 1, SEAT_NICK, "Rob");
	assert_int_equal(enter(b, 3, &j), REASON_OK);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, up, down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_join),
	    TEST(test_refused),
	    TEST(test_bad_wishes),
	    TEST(test_before_joined),
	    TEST(test_leave_before_joined),
	    TEST(test_history),
	    TEST(test_say),
	    TEST(test_hear),
	    TEST(test_mute),
	    TEST(test_whisper),
	    TEST(test_nick),
	    TEST(test_bad_nick),
	    TEST(test_subject),
	    TEST(test_presence),
	    TEST(test_others),
	    TEST(test_kicked),
	    TEST(test_closed),
	    TEST(test_shutdown),
	    TEST(test_leave),
	    TEST(test_come_back_at_once),
	    TEST(test_after_the_end),
	    TEST(test_last_words),
	    TEST(test_kick),
	    TEST(test_kick_oneself),
	    TEST(test_every_command),
	    TEST(test_two_devices),
	    TEST(test_observer),
	    TEST(test_one_order),
	    TEST(test_inside_event),
	    TEST(test_leave_inside_event),
	    TEST(test_rejoin_inside_event),
	    TEST(test_hostile_text),
	    TEST(test_hostile_length),
	    TEST(test_memory),
	    TEST(test_play),
	};
	int failed = 0;

	for (size_t i = 0; i < n_bed_kinds; i++) {
		kind = bed_kinds[i];
		failed +=
		    cmocka_run_group_tests_name(kind->name, tests, NULL, NULL);
	}
	return failed;
}
