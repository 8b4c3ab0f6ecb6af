/* The leg: what seats see of a room that lives elsewhere, and in which order.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/mem.h"
#include "gateway/leg.h"
#include "tests/lib/fake_seat.h"

#define WANTS_ALL (SEAT_WANTS_ROSTER | SEAT_WANTS_MESSAGES | SEAT_WANTS_SUBJECT)
#define SEATS	  3

struct bed {
	uint64_t mono, wall, last_id;
	struct loop *loop;
	struct leg *leg;
	struct fake_seat seat[SEATS];
	struct buf asked; /* what the protocol was told */
	bool frees;	  /* ... and the leg is freed when all have left */
};

static uint64_t mono(void *user)
{
	return ((struct bed *)user)->mono;
}

static uint64_t wall(void *user)
{
	return ((struct bed *)user)->wall;
}

static void on_command(struct leg *l, uint64_t seat, const struct seat_cmd *cmd)
{
	struct bed *b = leg_user(l);

	buf_addf(&b->asked, "seat %llu: %.*s\n", (unsigned long long)seat,
		 STR_ARG(cmd->text));
	leg_result(l, seat, cmd->op, (struct reason){0}, cmd->msg);
}

static void on_left(struct leg *l, const struct seat_cmd *cmd)
{
	struct bed *b = leg_user(l);

	buf_addf(&b->asked, "left: %.*s\n", STR_ARG(cmd->text));
	if (b->frees) {
		leg_free(l);
		b->leg = NULL;
	}
}

static const struct leg_ops leg_ops = {.command = on_command, .left = on_left};

static struct seat_join join_of(bool observer)
{
	return (struct seat_join){
	    .room = STR("tea@muc.example"),
	    .world = WORLD_SIP,
	    .wants = WANTS_ALL,
	    .observer = observer,
	    .user = STR("sip:ro@sip.example"),
	    .device = STR("sip:ro@192.0.2.1"),
	    .private_messages = true,
	};
}

static int up(void **state)
{
	struct bed *b = mem_new(sizeof(*b));
	struct clock clock = {mono, wall, b};
	struct seat_join join = join_of(false);
	struct leg_cfg cfg = {
	    .ops = &leg_ops,
	    .user = b,
	    .last_id = &b->last_id,
	    .max_occupants = 4,
	    .max_octets = 1000,
	};

	b->mono = 1000;
	b->wall = 1700000000000;
	b->loop = loop_new(NULL, &clock);
	b->asked = BUF_INIT(65536);
	cfg.loop = b->loop;
	b->leg = leg_new(&cfg, &join);
	for (int i = 0; i < SEATS; i++)
		fake_seat_init(&b->seat[i]);
	*state = b;
	return 0;
}

static int down(void **state)
{
	struct bed *b = *state;

	leg_free(b->leg);
	loop_free(b->loop);
	for (int i = 0; i < SEATS; i++)
		fake_seat_done(&b->seat[i]);
	buf_done(&b->asked);
	free(b);
	return 0;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, up, down)
#define heard(b, i, text)                                                      \
	assert_string_equal(fake_seat_heard(&(b)->seat[i]), text)

static void attach(struct bed *b, int i, bool observer)
{
	struct seat_join join = join_of(observer);

	leg_attach(b->leg, &join, &b->seat[i].seat);
}

static const struct occupant *put(struct bed *b, const char *nick,
				  enum role role, const char *status)
{
	struct occupant o = {
	    .world = WORLD_XMPP,
	    .nick = str_z(nick),
	    .role = role,
	    .presence = {.status = str_z(status)},
	};

	if (strcmp(nick, "Ro") == 0)
		o.user = STR("sip:ro@sip.example");
	return leg_put(b->leg, &o, NULL);
}

static void open_leg(struct bed *b)
{
	attach(b, 0, false);
	put(b, "Ann", ROLE_MODERATOR, "");
	put(b, "Ro", ROLE_PARTICIPANT, "");
	assert_true(leg_opened(b->leg, STR("Ro"), false, false));
	heard(b, 0, "joined Ro\n");
}

static void command(struct bed *b, int i, enum seat_cmd_type type, uint64_t op,
		    const char *text)
{
	struct seat_cmd cmd = {.type = type, .op = op, .text = str_z(text)};

	seat_command(&b->seat[i].seat, &cmd);
}

/* The roster is complete before anything of it is told. */
static void test_opens(void **state)
{
	struct bed *b = *state;
	const struct occupant *o;
	size_t it = 0;

	attach(b, 0, false);
	attach(b, 1, true);
	put(b, "Ann", ROLE_MODERATOR, "");
	put(b, "Ro", ROLE_PARTICIPANT, "");
	command(b, 0, SEAT_NICK, 5, "too early");
	assert_null(seat_roster(&b->seat[0].seat, &it));
	heard(b, 0, "= REASON_NOT_JOINED op=5\n");
	assert_false(leg_opened(b->leg, STR("Nobody"), false, false));
	assert_true(leg_opened(b->leg, STR("Ro"), true, true));
	heard(b, 0, "joined Ro created renamed\n");
	heard(b, 1, "joined -\n");
	o = seat_roster(&b->seat[0].seat, &it);
	assert_true(str_eq(o->nick, STR("Ann")));
	o = seat_roster(&b->seat[0].seat, &it);
	assert_true(str_eq(o->nick, STR("Ro")));
	assert_int_equal(o->n_devices, 1);
	assert_int_equal(o->devices->seat, b->seat[0].seat.id);
	assert_ptr_equal(
	    seat_by_user(&b->seat[1].seat, STR("sip:ro@sip.example")), o);
	assert_null(seat_roster(&b->seat[0].seat, &it));
}

static void test_differences(void **state)
{
	struct bed *b = *state;
	struct occupant ann = {.world = WORLD_XMPP,
			       .nick = STR("Ann"),
			       .role = ROLE_PARTICIPANT,
			       .jid = STR("ann@x.example")};
	struct leg_cause cause = {.reason = {.code = REASON_KICKED,
					     .text = STR("bye"),
					     .actor = STR("Ro")}};

	open_leg(b);
	put(b, "Ann", ROLE_MODERATOR, "");
	heard(b, 0, "");
	put(b, "Ann", ROLE_MODERATOR, "tea");
	heard(b, 0, "~ Ann presence=/tea\n");
	leg_put(b->leg, &ann, NULL);
	heard(b, 0, "~ Ann presence=/ role=2 devices=0\n");
	put(b, "Ben", ROLE_PARTICIPANT, "");
	heard(b, 0, "+ Ben\n");
	assert_true(leg_rename(b->leg, STR("Ben"), STR("Benny"), NULL));
	heard(b, 0, "~ Benny nick=Benny (was Ben)\n");
	assert_null(seat_by_nick(&b->seat[0].seat, STR("Ben")));
	assert_non_null(seat_by_nick(&b->seat[0].seat, STR("Benny")));
	leg_remove(b->leg, STR("Benny"), &cause);
	heard(b, 0, "- Benny REASON_KICKED bye by Ro\n");
	leg_remove(b->leg, STR("Benny"), &cause);
	heard(b, 0, "");
	assert_false(leg_rename(b->leg, STR("Ben"), STR("Benny"), NULL));
}

/* Whoever had the name is gone. */
static void test_rename_over(void **state)
{
	struct bed *b = *state;
	struct leg_cause cause = {.op = 7};

	open_leg(b);
	cause.seat = b->seat[0].seat.id;
	leg_rename(b->leg, STR("Ro"), STR("Ann"), &cause);
	heard(b, 0,
	      "- Ann REASON_LEFT\n"
	      "~ Ann nick=Ann (was Ro) op=7\n");
	assert_true(str_eq(leg_self(b->leg)->nick, STR("Ann")));
	leg_rename(b->leg, STR("Ann"), STR("Ann"), &cause);
	heard(b, 0, "~ Ann nick=Ann (was Ann) op=7\n");
	leg_rename(b->leg, STR("Ann"), STR("Ann"), NULL);
	heard(b, 0, "");
}

static void test_limit(void **state)
{
	struct bed *b = *state;

	open_leg(b);
	assert_non_null(put(b, "C", ROLE_PARTICIPANT, ""));
	assert_non_null(put(b, "D", ROLE_PARTICIPANT, ""));
	assert_null(put(b, "E", ROLE_PARTICIPANT, ""));
	assert_non_null(put(b, "D", ROLE_VISITOR, ""));
	heard(b, 0, "+ C\n+ D\n~ D role=1\n");
}

/* Of one of whom too much is said nothing more is learnt. */
static void test_octets(void **state)
{
	struct bed *b = *state;
	char status[1100] = "";

	open_leg(b);
	memset(status, 'x', sizeof(status) - 1);
	assert_null(put(b, "C", ROLE_PARTICIPANT, status));
	assert_non_null(put(b, "C", ROLE_PARTICIPANT, "here"));
	assert_non_null(put(b, "C", ROLE_VISITOR, status));
	heard(b, 0, "+ C\n");
	status[300] = '\0';
	for (int i = 0; i < 20; i++) { /* what is gone does not count */
		status[0] = (char)('a' + i);
		assert_non_null(put(b, "C", ROLE_PARTICIPANT, status));
	}
	leg_remove(b->leg, STR("C"), NULL);
	assert_non_null(put(b, "D", ROLE_PARTICIPANT, status));
	memset(status, 'y', sizeof(status) - 1);
	assert_non_null(put(b, "Ro", ROLE_PARTICIPANT, status));
	assert_true(str_eq(leg_self(b->leg)->presence.status, str_z(status)));
}

static void test_new_roster(void **state)
{
	struct bed *b = *state;

	open_leg(b);
	leg_roster_begin(b->leg);
	put(b, "Ben", ROLE_PARTICIPANT, "");
	put(b, "Ro", ROLE_PARTICIPANT, "");
	leg_roster_end(b->leg, REASON_LOST, NULL, NULL);
	assert_true(leg_opened(b->leg, STR("Ro"), false, false));
	heard(b, 0, "+ Ben\n- Ann REASON_LOST\n");
}

static struct message *text_message(const char *body)
{
	struct message *m = message_new(4096);

	assert_int_equal(
	    message_add_part(m, STR("text/plain"), STR_NONE, str_z(body)), 0);
	return m;
}

static void hear_from(struct bed *b, const char *nick, const char *body,
		      uint64_t op)
{
	struct message *m = text_message(body);
	struct leg_cause cause = {.seat = b->seat[0].seat.id, .op = op};

	assert_true(leg_message(b->leg, m, str_z(nick), 0, !op, &cause));
	assert_int_equal(m->time_ms, b->wall);
	assert_true(m->id.n > 0);
	assert_int_equal(m->author != 0,
			 leg_by_nick(b->leg, str_z(nick)) != NULL);
	message_unref(m);
}

static void test_said(void **state)
{
	struct bed *b = *state;
	struct subject s = {.text = STR("tea"), .nick = STR("Ann")};
	struct room_info info = {.name = STR("Tea room"), .moderated = true};

	open_leg(b);
	hear_from(b, "Ann", "hello", 9);
	hear_from(b, "Zoe", "from another day", 0);
	leg_subject(b->leg, &s, false, NULL);
	heard(b, 0,
	      "Ann: hello op=9\n"
	      "Zoe: from another day (delayed)\n"
	      "subject 'tea' by Ann\n");
	leg_info(b->leg, &info, CHANGED_SETTINGS);
	heard(b, 0, "room\n");
	seat_info(&b->seat[0].seat, &info);
	assert_true(str_eq(info.address, STR("tea@muc.example")));
	assert_true(str_eq(info.name, STR("Tea room")));
	assert_true(str_eq(info.subject.text, STR("tea")));
	assert_int_equal(info.n_occupants, 2);
	leg_undelivered(b->leg, b->seat[0].seat.id, STR("m1"), STR_NONE,
			(struct reason){.code = REASON_FORBIDDEN});
	heard(b, 0, "undelivered m1 REASON_FORBIDDEN\n");
}

static void test_late_seats(void **state)
{
	struct bed *b = *state;
	struct subject s = {.text = STR("tea")};

	open_leg(b);
	leg_subject(b->leg, &s, true, NULL);
	fake_seat_heard(&b->seat[0]);
	attach(b, 1, false);
	heard(b, 0, "~ Ro devices=2\n");
	heard(b, 1, "joined Ro\nsubject 'tea' by  (delayed)\n");
	attach(b, 2, true);
	heard(b, 2, "joined -\nsubject 'tea' by  (delayed)\n");
	heard(b, 0, "");
	command(b, 2, SEAT_NICK, 3, "observers say nothing");
	heard(b, 2, "= REASON_NOT_JOINED op=3\n");
	command(b, 1, SEAT_LEAVE, 0, "one of two");
	heard(b, 0, "~ Ro devices=1\n");
	assert_string_equal(buf_z(&b->asked), "");
	b->frees = true;
	command(b, 0, SEAT_LEAVE, 0, "bye");
	assert_string_equal(buf_z(&b->asked), "left: bye\n");
	heard(b, 2, "~ Ro devices=1\nended REASON_LEFT\n");
	assert_false(seat_in_room(&b->seat[2].seat));
}

static void test_device(void **state)
{
	struct bed *b = *state;
	struct seat_cmd cmd = {.type = SEAT_DEVICE,
			       .op = 4,
			       .private_messages = true,
			       .held = true};

	open_leg(b);
	seat_command(&b->seat[0].seat, &cmd);
	heard(b, 0, "~ Ro devices=1 op=4\n= REASON_OK op=4\n");
	assert_true(leg_self(b->leg)->devices->held);
	put(b, "Ro", ROLE_PARTICIPANT, "away");
	assert_true(leg_self(b->leg)->devices->held);
	assert_int_equal(leg_self(b->leg)->n_devices, 1);
}

static void then_ask(struct fake_seat *f, const struct seat_ev *ev)
{
	struct seat_cmd cmd = {
	    .type = SEAT_NICK, .op = 11, .text = STR("inside")};

	if (ev->type == SEAT_OCCUPANT_JOINED)
		seat_command(&f->seat, &cmd);
}

/* What is commanded from inside an event waits until all have had it, and what
 * is commanded behind it waits too. */
static void test_order(void **state)
{
	struct bed *b = *state;

	open_leg(b);
	attach(b, 1, false);
	fake_seat_heard(&b->seat[0]);
	fake_seat_heard(&b->seat[1]);
	b->seat[0].then = then_ask;
	put(b, "Ben", ROLE_PARTICIPANT, "");
	command(b, 0, SEAT_NICK, 12, "outside");
	assert_string_equal(buf_z(&b->asked), "");
	loop_settle(b->loop);
	heard(b, 0, "+ Ben\n= REASON_OK op=11\n= REASON_OK op=12\n");
	heard(b, 1, "+ Ben\n");
	assert_non_null(strstr(buf_z(&b->asked), "inside"));
	assert_true(strstr(buf_z(&b->asked), "inside") <
		    strstr(buf_z(&b->asked), "outside"));
}

static struct bed *the_bed;

static void then_attach(struct fake_seat *f, const struct seat_ev *ev)
{
	if (ev->type != SEAT_OCCUPANT_JOINED)
		return;
	f->then = NULL;
	attach(the_bed, 2, true);
}

/* A seat that comes inside an event hears of what is after it only. */
static void test_attach_inside(void **state)
{
	struct bed *b = the_bed = *state;

	open_leg(b);
	attach(b, 1, true);
	fake_seat_heard(&b->seat[1]);
	b->seat[0].then = then_attach;
	put(b, "Ben", ROLE_PARTICIPANT, "");
	heard(b, 0, "+ Ben\n");
	heard(b, 1, "+ Ben\n");
	heard(b, 2, "joined -\nsubject '' by  (delayed)\n");
}

static void then_leave(struct fake_seat *f, const struct seat_ev *ev)
{
	struct seat_cmd cmd = {.type = SEAT_LEAVE};

	if (ev->type == SEAT_OCCUPANT_JOINED)
		seat_command(&f->seat, &cmd);
}

static void test_leave_inside(void **state)
{
	struct bed *b = *state;

	open_leg(b);
	attach(b, 1, true);
	fake_seat_heard(&b->seat[1]);
	b->seat[0].then = then_leave;
	b->frees = true;
	put(b, "Ben", ROLE_PARTICIPANT, "");
	put(b, "Cid", ROLE_PARTICIPANT, "");
	heard(b, 0, "+ Ben\n");
	assert_false(seat_in_room(&b->seat[0].seat));
	loop_settle(b->loop);
	heard(b, 1, "+ Ben\n+ Cid\nended REASON_LEFT\n");
	assert_null(b->leg);
}

static void test_ended(void **state)
{
	struct bed *b = *state;
	struct reason why = {.code = REASON_ROOM_GONE,
			     .venue = STR("cup@muc.example")};
	size_t it = 0;

	open_leg(b);
	attach(b, 1, true);
	fake_seat_heard(&b->seat[1]);
	leg_ended(b->leg, why);
	heard(b, 0, "ended REASON_ROOM_GONE to cup@muc.example\n");
	heard(b, 1, "ended REASON_ROOM_GONE to cup@muc.example\n");
	assert_null(leg_next(b->leg, &it));
	assert_string_equal(buf_z(&b->asked), "");
	command(b, 0, SEAT_NICK, 1, "x");
	heard(b, 0, "= REASON_NOT_JOINED op=1\n");
}

/* A join that failed. */
static void test_ended_before_it_opened(void **state)
{
	struct bed *b = *state;

	attach(b, 0, false);
	leg_ended(b->leg, (struct reason){.code = REASON_PASSWORD});
	heard(b, 0, "ended REASON_PASSWORD\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_opens),	      TEST(test_differences),
	    TEST(test_rename_over),   TEST(test_limit),
	    TEST(test_octets),	      TEST(test_new_roster),
	    TEST(test_said),	      TEST(test_late_seats),
	    TEST(test_device),	      TEST(test_order),
	    TEST(test_attach_inside), TEST(test_leave_inside),
	    TEST(test_ended),	      TEST(test_ended_before_it_opened),
	};

	return cmocka_run_group_tests_name("gateway_leg", tests, NULL, NULL);
}
