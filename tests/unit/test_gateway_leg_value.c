/* Legs of one room share what they hear of its occupants. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/loop.h"
#include "base/mem.h"
#include "gateway/leg.h"
#include "gateway/leg_value.h"

#define LEGS 3

struct bed {
	uint64_t last_id;
	struct loop *loop;
	struct leg_values *values;
	struct leg *leg[LEGS];
};

static void on_command(struct leg *l, uint64_t seat, const struct seat_cmd *cmd)
{
	(void)l;
	(void)seat;
	(void)cmd;
}

static void on_left(struct leg *l, const struct seat_cmd *cmd)
{
	(void)l;
	(void)cmd;
}

static const struct leg_ops leg_ops = {.command = on_command, .left = on_left};

static struct leg *add_leg(struct bed *b, struct str room, struct str user)
{
	struct leg_cfg cfg = {
	    .loop = b->loop,
	    .ops = &leg_ops,
	    .user = b,
	    .last_id = &b->last_id,
	    .values = b->values,
	    .max_occupants = 10,
	};
	struct seat_join join = {
	    .room = room, .world = WORLD_SIP, .user = user};

	return leg_new(&cfg, &join);
}

static int up(void **state)
{
	struct bed *b = mem_new(sizeof(*b));

	b->loop = loop_new(NULL, NULL);
	b->values = leg_values_new();
	for (int i = 0; i < LEGS; i++)
		b->leg[i] = add_leg(b, STR("tea@muc.example"),
				    STR("sip:ro@sip.example"));
	*state = b;
	return 0;
}

static int down(void **state)
{
	struct bed *b = *state;

	for (int i = 0; i < LEGS; i++)
		leg_free(b->leg[i]);
	leg_values_free(b->values);
	loop_free(b->loop);
	free(b);
	return 0;
}

static const struct occupant *put(struct bed *b, int leg, const char *nick,
				  const char *status)
{
	struct device device = {.private_messages = true};
	struct occupant o = {
	    .world = WORLD_XMPP,
	    .nick = str_z(nick),
	    .nick_chosen = true,
	    .role = ROLE_PARTICIPANT,
	    .presence = {.status = str_z(status)},
	    .devices = &device,
	    .n_devices = 1,
	};

	return leg_put(b->leg[leg], &o, NULL);
}

static const struct occupant *get(struct bed *b, int leg, const char *nick)
{
	return leg_by_nick(b->leg[leg], str_z(nick));
}

static void test_shared(void **state)
{
	struct bed *b = *state;
	const struct occupant *ann = put(b, 0, "Ann", "");
	struct leg *other;

	assert_int_equal(ann->devices->seat, ann->id);
	assert_ptr_equal(put(b, 1, "Ann", ""), ann);
	assert_ptr_not_equal(put(b, 1, "Ben", ""), ann);
	/* of another room somebody else is meant */
	other = add_leg(b, STR("two@muc.example"), STR("sip:ro@sip.example"));
	leg_free(b->leg[2]);
	b->leg[2] = other;
	assert_ptr_not_equal(put(b, 2, "Ann", ""), ann);
}

/* Each leg shows what has been said to it, until that is the same again. */
static void test_each_has_his_view(void **state)
{
	struct bed *b = *state;
	uint64_t id = put(b, 0, "Ann", "")->id;

	put(b, 1, "Ann", "");
	put(b, 0, "Ann", "tea");
	assert_int_equal(get(b, 0, "Ann")->id, id);
	assert_true(str_eq(get(b, 0, "Ann")->presence.status, STR("tea")));
	assert_int_equal(get(b, 1, "Ann")->presence.status.n, 0);
	put(b, 1, "Ann", "tea");
	assert_ptr_equal(get(b, 0, "Ann"), get(b, 1, "Ann"));
	assert_true(leg_rename(b->leg[0], STR("Ann"), STR("Eva"), NULL));
	assert_non_null(get(b, 1, "Ann"));
	assert_null(get(b, 1, "Eva"));
	assert_true(leg_rename(b->leg[1], STR("Ann"), STR("Eva"), NULL));
	assert_ptr_equal(get(b, 0, "Eva"), get(b, 1, "Eva"));
	assert_int_equal(get(b, 0, "Eva")->id, id);
}

/* No id of one who has gone from a leg, or is in it, is given there again,
 * though other legs still know him. */
static void test_ids(void **state)
{
	struct bed *b = *state;
	uint64_t id = put(b, 0, "Ann", "")->id;

	put(b, 1, "Ann", "");
	leg_remove(b->leg[0], STR("Ann"), NULL);
	assert_true(put(b, 0, "Ann", "")->id > id);
	assert_int_equal(get(b, 1, "Ann")->id, id);
	leg_remove(b->leg[1], STR("Ann"), NULL);
	assert_ptr_not_equal(put(b, 1, "Ann", ""), NULL);
	assert_true(get(b, 1, "Ann")->id > id);
	/* a new Eva after the one who is called Zoe now */
	id = put(b, 0, "Eva", "")->id;
	put(b, 1, "Eva", "");
	leg_rename(b->leg[0], STR("Eva"), STR("Zoe"), NULL);
	assert_true(put(b, 0, "Eva", "")->id > id);
	assert_int_equal(get(b, 0, "Zoe")->id, id);
}

/* The set goes before the values. */
static void test_ends(void **state)
{
	struct bed *b = *state;

	put(b, 0, "Ann", "");
	put(b, 1, "Ann", "");
	put(b, 2, "Ann", "else");
	put(b, 1, "Ann", "else");
	for (int i = 0; i < LEGS; i++) {
		leg_free(b->leg[i]);
		b->leg[i] = NULL;
	}
	leg_values_free(b->values);
	b->values = NULL;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, up, down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_shared),
	    TEST(test_each_has_his_view),
	    TEST(test_ids),
	    TEST(test_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
