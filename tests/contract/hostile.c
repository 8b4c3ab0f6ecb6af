/* The contract of seats: what strangers write. It arrives as it is, or is
 * refused with a reason, and the room goes on. */
#include "ours.h"

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

int contract_hostile(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_hostile_text),
	    TEST(test_hostile_length),
	};

	return cmocka_run_group_tests_name(kind->name, tests, NULL, NULL);
}
