/* Many who watch one roster: what they share, and what each has for himself. */
#include "watcher.h"

#include <stdio.h>

#define ROOM "sip:r@chat.test"

static int setup(void **state)
{
	*state =
	    scene_new("domain \"chat.test\" { secret = \"x\" rooms = local "
		      "lock = no }\n");
	return 0;
}

/* The next NOTIFY, which goes to dlg. */
static struct confinfo_doc told_in(struct scene *s, uint64_t dlg,
				   struct port_msg *m)
{
	struct confinfo_doc doc = told(s, m);

	assert_true(m->dlg == dlg);
	return doc;
}

static struct confinfo_doc told_ok(struct scene *s, uint64_t dlg)
{
	struct port_msg m;
	struct confinfo_doc doc = told_in(s, dlg, &m);

	scene_sip_response(s, &m, 200);
	return doc;
}

static size_t count(const struct confinfo_doc *doc)
{
	size_t n = 0;

	for (const struct confinfo_user_node *u = doc->users; u; u = u->next)
		n++;
	return n;
}

static const struct confinfo_user *user(const struct confinfo_doc *doc,
					const char *entity)
{
	for (const struct confinfo_user_node *u = doc->users; u; u = u->next)
		if (str_eq(u->user.entity, str_z(entity)))
			return &u->user;
	fail_msg("%s is not in the document", entity);
	return NULL;
}

static bool shows_contact(const struct confinfo_doc *doc, const char *name)
{
	char entity[64], contact[64];

	snprintf(entity, sizeof(entity), "sip:%s@sip.test", name);
	snprintf(contact, sizeof(contact), "sip:%s@10.0.0.5", name);
	return str_eq(user(doc, entity)->endpoints[0].entity, str_z(contact));
}

static const char *const names[] = {"alice", "bob", "carol", "dave"};
#define PEOPLE 4

static void all_join(struct scene *s, struct sip_user *u)
{
	for (size_t i = 0; i < PEOPLE; i++)
		sip_user_join(&u[i], s, names[i], ROOM, "a=chatroom\r\n");
}

static void all_done(struct sip_user *u)
{
	for (size_t i = 0; i < PEOPLE; i++)
		sip_user_done(&u[i]);
}

/* EVENT-25: each finds his own device by its address, the owner those of all,
 * others nobody else's; in full documents and in partial ones, which hold what
 * has changed and nothing else (EVENT-14) */
static void test_own_element(void **state)
{
	struct scene *s = *state;
	struct sip_user u[PEOPLE];
	struct confinfo_doc doc;

	all_join(s, u);
	for (size_t i = 0; i < PEOPLE; i++) {
		watch(s, u[i].dlg, "");
		doc = told_ok(s, u[i].dlg);
		assert_int_equal(doc.state, CONFINFO_FULL);
		assert_int_equal(count(&doc), PEOPLE);
		for (size_t k = 0; k < PEOPLE; k++)
			assert_int_equal(shows_contact(&doc, names[k]),
					 i == 0 || i == k);
	}
	scene_run(s, 10000);
	assert_int_equal(msrp_nickname(&u[1], "\"Bobby\""), 200);
	assert_int_equal(msrp_nickname(&u[2], "\"Caro\""), 200);
	scene_run(s, 0);
	for (size_t i = 0; i < PEOPLE; i++) {
		doc = told_ok(s, u[i].dlg);
		assert_int_equal(doc.state, CONFINFO_PARTIAL);
		assert_int_equal(doc.version, 2);
		assert_int_equal(count(&doc), 1);
		assert_int_equal(shows_contact(&doc, "bob"), i < 2);
	}
	scene_run(s, 5000);
	for (size_t i = 0; i < PEOPLE; i++) {
		doc = told_ok(s, u[i].dlg);
		assert_int_equal(doc.version, 3);
		assert_int_equal(count(&doc), 1);
		assert_int_equal(shows_contact(&doc, "carol"),
				 i == 0 || i == 2);
		assert_true(str_eq(user(&doc, "sip:carol@sip.test")->nickname,
				   STR("Caro")));
	}
	all_done(u);
}

static void come(struct scene *s, struct sip_user *u, const char *name)
{
	sip_user_init(u, s, name, ROOM);
	assert_int_equal(sip_user_invite(u, sip_user_offer(u, "")), 200);
	sip_user_ack(u);
}

/* EVENT-11, EVENT-13, EVENT-30: three hundred come and half of them go within
 * one interval: a partial document says it all, to all alike; who has not
 * answered is told later, of what he has missed too; whose NOTIFY failed gets
 * everything */
static void test_many_changes(void **state)
{
	struct scene *s = *state;
	static struct sip_user crowd[300];
	static char name[300][8];
	struct sip_user a;
	struct port_msg slow, m;
	struct confinfo_doc doc;
	uint64_t w[3];

	sip_user_join(&a, s, "alice", ROOM, "a=chatroom\r\n");
	for (size_t i = 0; i < 3; i++) {
		w[i] = watch(s, 0, "");
		doc = told_in(s, w[i], &slow);
		if (i < 2)
			scene_sip_response(s, &slow, 200);
	}
	for (size_t i = 0; i < 300; i++) {
		snprintf(name[i], sizeof(name[i]), "u%zu", i);
		come(s, &crowd[i], name[i]);
	}
	for (size_t i = 0; i < 150; i++)
		sip_user_bye(&crowd[i]);
	scene_run(s, 5000);
	for (size_t i = 0; i < 2; i++) {
		doc = told_in(s, w[i], &m);
		assert_int_equal(doc.state, CONFINFO_PARTIAL);
		assert_int_equal(doc.version, 2);
		assert_int_equal(doc.user_count, 151);
		assert_int_equal(count(&doc), 300);
		assert_int_equal(user(&doc, "sip:u7@sip.test")->state,
				 CONFINFO_DELETED);
		assert_int_equal(user(&doc, "sip:u299@sip.test")->state,
				 CONFINFO_FULL);
		scene_sip_response(s, &m, i ? 500 : 200);
	}
	scene_run(s, 5000);
	assert_int_equal(told_ok(s, w[1]).state, CONFINFO_FULL);
	sip_user_bye(&crowd[299]);
	scene_sip_response(s, &slow, 200);
	scene_run(s, 0);
	doc = told_ok(s, w[0]);
	assert_int_equal(count(&doc), 1);
	doc = told_ok(s, w[2]);
	assert_int_equal(doc.state, CONFINFO_PARTIAL);
	assert_int_equal(doc.version, 2);
	assert_int_equal(count(&doc), 300);
	assert_int_equal(user(&doc, "sip:u299@sip.test")->state,
			 CONFINFO_DELETED);
	for (size_t i = 0; i < 300; i++)
		sip_user_done(&crowd[i]);
	sip_user_done(&a);
}

/* EVENT-9, EVENT-12: a round of many is one at the same time, at most one each
 * per interval; who is due a little later goes with the others */
static void test_rounds(void **state)
{
	struct scene *s = *state;
	struct sip_user a;
	uint64_t w[120], late, start;

	sip_user_join(&a, s, "alice", ROOM, "a=chatroom\r\n");
	for (size_t i = 0; i < 120; i++) {
		w[i] = watch(s, 0, "");
		told_ok(s, w[i]);
	}
	scene_run(s, 300);
	late = watch(s, 0, "");
	told_ok(s, late);
	start = s->mono;
	assert_int_equal(msrp_nickname(&a, "\"Ann\""), 200);
	scene_run(s, 4690);
	assert_true(scene_sip_none(s, PORT_SEND, "NOTIFY"));
	scene_run(s, 20);
	for (size_t i = 0; i < 120; i++)
		told_ok(s, w[i]);
	assert_true(scene_sip_none(s, PORT_SEND, "NOTIFY"));
	assert_int_equal(msrp_nickname(&a, "\"Anne\""), 200);
	while (scene_sip_none(s, PORT_SEND, "NOTIFY"))
		scene_run(s, 10);
	assert_in_range(s->mono - start, 5000, 5500);
	told_ok(s, late);
	/* from now on together */
	assert_int_equal(msrp_nickname(&a, "\"Anna\""), 200);
	scene_run(s, 5600);
	for (size_t i = 0; i < 120; i++)
		assert_int_equal(told_ok(s, w[i]).version, 3);
	assert_int_equal(told_ok(s, late).version, 3);
	sip_user_done(&a);
}

/* EVENT-34: clients that take a document for all that there is, beside others
 */
static void test_views_together(void **state)
{
	struct scene *s = *state;
	struct sip_user u[PEOPLE];
	struct confinfo_doc doc;
	uint64_t plain[2], blink[2];

	all_join(s, u);
	for (size_t i = 0; i < 2; i++) {
		plain[i] = watch(s, 0, "");
		told_ok(s, plain[i]);
		blink[i] = watch(s, 0, "Blink 6.0");
		assert_int_equal(told_ok(s, blink[i]).state, CONFINFO_FULL);
	}
	scene_run(s, 5000);
	assert_int_equal(msrp_nickname(&u[3], "\"Davy\""), 200);
	sip_user_bye(&u[2]);
	scene_run(s, 0);
	for (size_t i = 0; i < 2; i++) {
		doc = told_ok(s, plain[i]);
		assert_int_equal(doc.state, CONFINFO_PARTIAL);
		doc = told_ok(s, blink[i]);
		assert_int_equal(doc.state, CONFINFO_FULL);
		assert_true(
		    str_eq(user(&doc, "sip:dave@sip.test")->display_text,
			   STR("Davy")));
	}
	all_done(u);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, scene_teardown)
	const struct CMUnitTest tests[] = {
	    TEST(test_own_element),
	    TEST(test_many_changes),
	    TEST(test_rounds),
	    TEST(test_views_together),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
