/* Many things at once, in an order that a generator chooses: what seats promise
 * holds all along (ours.h), what was said was heard exactly once, and what was
 * refused by nobody. */
#include "ours.h"

#define STEPS	  400
#define SEEDS	  6
#define STRANGERS 3

/* What was said, and what its sender was told. */
struct said {
	int seat;
	uint64_t op;
	int code;    /* -1: nothing */
	bool copied; /* he has seen it in the room */
};

static struct play {
	uint32_t random;
	struct said said[STEPS];
	unsigned n_said;
	char nick[STRANGERS][16]; /* empty: not there */
	unsigned names;
} play;

static unsigned pick(unsigned n)
{
	play.random = play.random * 1664525u + 1013904223u;
	return (play.random >> 16) % n;
}

static void note_result(struct ours *o, const struct seat_ev *ev)
{
	int seat = (int)(o - o->bed->ours);

	for (unsigned i = 0; i < play.n_said; i++) {
		struct said *x = &play.said[i];

		if (!ev->own_op || x->seat != seat || x->op != ev->own_op)
			continue;
		if (ev->type == SEAT_RESULT)
			x->code = (int)ev->reason.code;
		x->copied = x->copied || ev->type == SEAT_MESSAGE;
	}
}

static void seat_again(struct bed *b, int i)
{
	struct seat_join j;

	for (unsigned n = 0; n < play.n_said; n++)
		if (play.said[n].seat == i)
			play.said[n].seat = -1; /* operations count anew */
	ours_done(&b->ours[i]);
	ours_init(b, i);
	b->ours[i].then = note_result;
	j = wish(b, i);
	if (enter(b, i, &j) != REASON_OK)
		b->ours[i].over = true;
}

static void say_something(struct bed *b, int i)
{
	struct said *x = &play.said[play.n_said];
	char text[32];

	snprintf(text, sizeof(text), "text %u", play.n_said);
	*x = (struct said){.seat = i, .op = b->ours[i].last_op + 1, .code = -1};
	play.n_said++;
	say(b, i, text);
}

static void we_act(struct bed *b, int i)
{
	static const char *const names[] = {"Ro", "Rob", "Ann", "Roland"};
	struct ours *o = &b->ours[i];

	if (!seat_in_room(&o->fake.seat)) {
		seat_again(b, i);
		return;
	}
	if (o->n_due > 32)
		return;
	switch (pick(8)) {
	case 0:
		with_text(b, i, SEAT_NICK, names[pick(4)]);
		break;
	case 1:
		with_text(b, i, SEAT_SUBJECT, "mulled wine");
		break;
	case 2:
		command(b, i,
			(struct seat_cmd){.type = SEAT_PRESENCE,
					  .presence = {.show = STR("away")}});
		break;
	case 3:
		if (o->in)
			whisper(b, i, id_of(b, i, "Ann"), "psst");
		break;
	case 4:
		if (pick(4) == 0)
			leave(b, i);
		break;
	default:
		say_something(b, i);
		break;
	}
}

static void they_act(struct bed *b)
{
	char *nick = play.nick[pick(STRANGERS)];

	if (!*nick) {
		snprintf(nick, 16, "Stranger%u", play.names++);
		kind->enter(b, nick);
		return;
	}
	switch (pick(6)) {
	case 0:
		kind->go(b, nick, "bye");
		*nick = '\0';
		break;
	case 1:
		kind->kick(b, nick, "spam");
		*nick = '\0';
		break;
	case 2:
		kind->show(b, nick, pick(2) ? "away" : "dnd", "here");
		break;
	case 3:
		kind->subject(b, "tea");
		break;
	default:
		kind->say(b, nick, "hello");
		break;
	}
}

static void step(struct bed *b)
{
	switch (pick(10)) {
	case 0:
		if (pick(4) == 0) /* nobody answers for a while */
			scene_run(b->s, pick(15000));
		else if (pick(8) == 0 && kind->sees(b, "Ro"))
			kind->kick(b, "Ro", "enough");
		break;
	case 1:
	case 2:
		they_act(b);
		break;
	case 3:
	case 4:
		settle(b);
		break;
	default:
		we_act(b, (int)pick(3));
		break;
	}
}

/* Of what was under way when all ended, or of what there was no answer, nobody
 * knows. */
static bool is_refusal(int code)
{
	return code > REASON_OK && code != REASON_LOST &&
	       code != REASON_TIMEOUT;
}

static void check_said(struct bed *b)
{
	char text[32];

	for (unsigned i = 0; i < play.n_said; i++) {
		size_t times;

		snprintf(text, sizeof(text), "text %u", i);
		times = kind->heard(b, NULL, text);
		if (times > 1)
			fail_msg("%s: heard %zu times", text, times);
		/* a MUC that is slow is trusted before it has said so */
		if (play.said[i].copied && times != 1)
			fail_msg("%s: accepted, and heard by nobody", text);
		if (is_refusal(play.said[i].code) && times != 0)
			fail_msg("%s: refused for %s, and heard", text,
				 reason((enum reason_code)play.said[i].code));
	}
}

static void test_play(void **state)
{
	struct bed *b = *state;

	for (uint32_t seed = 1; seed <= SEEDS; seed++) {
		play = (struct play){.random = seed, .names = seed * 1000};
		for (int i = 0; i < STEPS; i++)
			step(b);
		settle(b);
		check_said(b);
		for (int i = 0; i < OURS; i++) {
			if (seat_in_room(&b->ours[i].fake.seat))
				assert_int_equal(b->ours[i].n_due, 0);
			heard_by(b, i);
		}
		for (int i = 0; i < STRANGERS; i++)
			if (*play.nick[i])
				kind->go(b, play.nick[i], "");
		down(state);
		up(state);
		b = *state;
	}
}

int contract_play(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_play),
	};

	return cmocka_run_group_tests_name(kind->name, tests, NULL, NULL);
}
