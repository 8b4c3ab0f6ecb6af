/* Requests outside a dialog that make one: REFER coming in, INVITE going out.
 */
#include "tests/unit/sip_bed.h"

#define REFER_TO "Refer-To: <sip:b@example.org;method=BYE>\r\n"

static void say_refer(struct call *c, const char *more)
{
	char extra[1024];

	snprintf(extra, sizeof extra, "%s%s", call_contact(c), more);
	call_say(c, "REFER", 1, extra, NULL);
}

/* FOCUS-28: Require: norefersub is taken. A REFER makes a dialog, in which its
 * NOTIFYs go. */
static void refer_makes_dialog(void **state)
{
	struct bed *b = *state;
	struct peer p;
	struct call c = {&p, "refer", "ft", ""};
	const struct port_msg *m;
	const char *z;
	uint64_t req;

	peer_open(&p, b, true);
	say_refer(&c, REFER_TO
		  "Require: norefersub, tdialog\r\nRefer-Sub: false\r\n"
		  "Target-Dialog: 1@x;local-tag=2;remote-tag=3\r\n");
	m = core_asked(b, "REFER");
	assert_true(m->new_dialog);
	assert_true(str_eq(m->f[PORT_F_REFER_TO],
			   STR("<sip:b@example.org;method=BYE>")));
	assert_true(
	    str_search(m->f[PORT_F_HEADERS], STR("Refer-Sub: false\r\n")) >= 0);
	core_answer(b, m, 200, "Refer-Sub: false\r\n", NULL);
	z = peer_hears_start(&p, "SIP/2.0 200");
	assert_string_equal(header(z, "Refer-Sub"), "false");
	call_learn_tag(&c, z);
	req = core_send(b, m->dlg, "NOTIFY", "Event: refer;id=1\r\n",
			"SIP/2.0 100 Trying\r\n");
	z = peer_hears_start(&p, "NOTIFY sip:a@127.0.0.1");
	assert_string_equal(header(z, "Event"), "refer;id=1");
	peer_answer(&p, z, 200, NULL, NULL);
	core_outcome(b, req, 200);
	assert_int_equal(sip_child_stats(b->child).dialogs, 1);
	core_forget(b, m->dlg);
	peer_close(&p);
}

/* V-FOCUS-3, FOCUS-20: two Refer-To lines get 400, and so does a REFER that
 * nobody can be told of. */
static void refer_refused(void **state)
{
	struct bed *b = *state;
	struct peer p;
	struct call c = {&p, "refused", "ft", ""};

	peer_open(&p, b, false);
	say_refer(&c, REFER_TO REFER_TO);
	peer_hears_start(&p, "SIP/2.0 400");
	call_say(&c, "REFER", 2, REFER_TO, NULL);
	peer_hears_start(&p, "SIP/2.0 400");
	core_settle(b);
	peer_close(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(refer_makes_dialog, bed_setup,
					    bed_teardown),
	    cmocka_unit_test_setup_teardown(refer_refused, bed_setup,
					    bed_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
