/* Own echoes (REFL), with the vectors of the checklist's section 15.4. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "mapping/echo.h"

#define T 1000000u

struct bed {
	struct echoes *e;
	uint64_t now;
	struct echo_context c;
	char lost[256];
};

static char u1[] = "U1", u2[] = "U2", *const no_data = NULL;

static void on_lost(void *user, void *data)
{
	struct bed *b = user;
	size_t n = strlen(b->lost);

	snprintf(b->lost + n, sizeof(b->lost) - n, "%s ", (char *)data);
}

static int up(void **state)
{
	static struct bed b;

	b = (struct bed){.now = T, .c = {.nick = STR("Ro")}};
	b.e = echoes_new(7, on_lost, &b);
	*state = &b;
	return 0;
}

static int down(void **state)
{
	struct bed *b = *state;

	echoes_free(b->e);
	return 0;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, up, down)

static void sent(struct bed *b, char *id, const char *body)
{
	echo_add(b->e, str_z(id), b->c.nick, str_z(body), b->now, id);
}

/* What a stanza of this sort is taken for; data: whose echo it must be. */
static void sees(struct bed *b, struct echo_seen seen, enum echo_verdict want,
		 const char *data)
{
	void *got;

	assert_int_equal(echo_match(b->e, &seen, &b->c, b->now, &got), want);
	assert_ptr_equal(got, data);
}

static struct echo_seen from(const char *nick, const char *id,
			     const char *origin_id, const char *body)
{
	return (struct echo_seen){.nick = str_z(nick),
				  .id = str_z(id),
				  .origin_id = str_z(origin_id),
				  .body = str_z(body)};
}

/* 15.4-1 to 15.4-3; REFL-1, REFL-3, REFL-4: id, origin-id, body. */
static void test_keys(void **state)
{
	struct bed *b = *state;

	sent(b, u1, "ok");
	sees(b, from("Ro", "U1", "", "ok"), ECHO_OWN, u1);
	sees(b, from("Ro", "U1", "", "ok"), ECHO_NONE, no_data);
	echoes_free(b->e);
	b->e = echoes_new(7, on_lost, b);
	sent(b, u1, "ok");
	sees(b, from("Ro", "r77", "U1", "changed"), ECHO_OWN, u1);
	sent(b, u2, "ok");
	sees(b, from("Ro", "r78", "", "ok"), ECHO_OWN, u2);
	assert_string_equal(b->lost, "");
}

/* 15.4-4, REFL-5: the head of the line, but not where ids are stable or the
 * nickname has other sessions. */
static void test_fifo(void **state)
{
	struct bed *b = *state;

	sent(b, u1, "ok");
	sent(b, u2, "fine");
	sees(b, from("Ro", "r1", "", "**"), ECHO_NONE, no_data);
	b->c.rewrites = b->c.other_device = true;
	sees(b, from("Ro", "r1", "", "**"), ECHO_NONE, no_data);
	b->c.other_device = false;
	sees(b, from("Ro", "r1", "o1", "**"), ECHO_NONE, no_data);
	sees(b, from("Ro", "r1", "", "**"), ECHO_OWN, u1);
	sees(b, from("Ro", "r2", "", "****"), ECHO_OWN, u2);
	sees(b, from("Ro", "r3", "", "**"), ECHO_NONE, no_data);
}

/* 15.4-5, REFL-6: as many echoes as messages. */
static void test_repeats(void **state)
{
	struct bed *b = *state;

	sent(b, u1, "ok");
	sent(b, u2, "ok");
	sees(b, from("Ro", "", "", "ok"), ECHO_OWN, u1);
	sees(b, from("Ro", "", "", "ok"), ECHO_OWN, u2);
	sees(b, from("Ro", "", "", "ok"), ECHO_NONE, no_data);
}

/* 15.4-6, REFL-2, REFL-10, REFL-13: whoever copies our id or our text under
 * another name is shown. */
static void test_forged(void **state)
{
	struct bed *b = *state;

	sent(b, u1, "ok");
	sees(b, from("Ju", "U1", "U1", "ok"), ECHO_NONE, no_data);
	sees(b, from("Ju", "", "", "ok"), ECHO_NONE, no_data);
	sees(b, from("Ro", "U1", "", "ok"), ECHO_OWN, u1);
}

/* 15.4-7, REFL-9: what device B says is no echo of what this one has said. */
static void test_other_device(void **state)
{
	struct bed *b = *state;

	sent(b, u1, "ok");
	b->c.known_id = true;
	sees(b, from("Ro", "U9", "", "ok"), ECHO_NONE, no_data);
	b->c.known_id = false;
	sees(b, from("Ro", "U1", "", "ok"), ECHO_OWN, u1);
}

/* 15.4-8, 15.4-11, REFL-8: history is an echo by its id alone. */
static void test_history(void **state)
{
	struct bed *b = *state;
	struct echo_seen old = from("Ro", "r5", "", "ok");

	old.delayed = true;
	b->c.rewrites = true;
	sent(b, u1, "ok");
	sees(b, old, ECHO_NONE, no_data);
	old.id = STR("U1");
	sees(b, old, ECHO_OWN, u1);
	sees(b, old, ECHO_AGAIN, no_data);
}

/* 15.4-9, REFL-2: the name has changed meanwhile. */
static void test_renamed(void **state)
{
	struct bed *b = *state;

	sent(b, u1, "ok");
	b->c.nick = STR("Rm");
	sees(b, from("Ro", "U1", "", "ok"), ECHO_OWN, u1);
	sent(b, u2, "ok");
	sees(b, from("Rm", "", "", "ok"), ECHO_OWN, u2);
}

/* 15.4-10, REFL-7, REFL-11: late errors and echoes find their message, by text
 * for a minute, by id for ten. */
static void test_late(void **state)
{
	struct bed *b = *state;

	sent(b, u1, "ok");
	b->now += 12000;
	assert_ptr_equal(echo_failed(b->e, STR("U1"), b->now), u1);
	assert_null(echo_failed(b->e, STR("U1"), b->now));
	sent(b, u1, "first");
	sent(b, u2, "second");
	assert_ptr_equal(echo_failed(b->e, STR_NONE, b->now), u1);
	b->now += 59999;
	assert_int_equal(echo_expire(b->e, b->now), 1);
	assert_string_equal(b->lost, "");
	b->now++;
	assert_int_equal(echo_expire(b->e, b->now), 0);
	assert_string_equal(b->lost, "U2 ");
	sees(b, from("Ro", "", "", "second"), ECHO_NONE, no_data);
	assert_true(echo_knows(b->e, STR("U2"), b->now));
	b->now += 540000;
	assert_false(echo_knows(b->e, STR("U2"), b->now));
	echo_expire(b->e, b->now);
	assert_string_equal(b->lost, "U2 ");
}

/* REFL-7: the oldest goes. */
static void test_cap(void **state)
{
	struct bed *b = *state;
	char id[16];

	sent(b, u1, "first");
	for (int i = 0; i < ECHO_MAX; i++) {
		snprintf(id, sizeof(id), "i%d", i);
		echo_add(b->e, str_z(id), STR("Ro"), STR("x"), b->now, u2);
	}
	assert_string_equal(b->lost, "U1 ");
	assert_false(echo_knows(b->e, STR("U1"), b->now));
}

/* REFL-12 */
static void test_normal_form(void **state)
{
	struct bed *b = *state;

	sent(b, u1, "caf\xc3\xa9\r\nau lait \n");
	sees(b, from("Ro", "", "", "cafe\xcc\x81\nau lait"), ECHO_OWN, u1);
	sent(b, u1, "a\rb");
	sees(b, from("Ro", "", "", "a b"), ECHO_NONE, no_data);
	sees(b, from("Ro", "", "", "a\nb"), ECHO_OWN, u1);
	sent(b, u1, " a");
	sees(b, from("Ro", "", "", "a"), ECHO_NONE, no_data);
	sees(b, from("Ro", "", "", " a \n"), ECHO_OWN, u1);
	sent(b, u1, "\xff");
	sees(b, from("Ro", "", "", "\xff"), ECHO_OWN, u1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_keys),	    TEST(test_fifo),	     TEST(test_repeats),
	    TEST(test_forged),	    TEST(test_other_device), TEST(test_history),
	    TEST(test_renamed),	    TEST(test_late),	     TEST(test_cap),
	    TEST(test_normal_form),
	};

	return cmocka_run_group_tests_name("mapping_echo", tests, NULL, NULL);
}
