/* Subscribers whom long documents can't reach, since they or a proxy before
 * them take none over UDP or over 16 KB, get a large roster in parts. */
#include "watcher.h"

#include "base/table.h"

#define ROOM "sip:r@chat.test"
#define MANY 200

static int setup(void **state)
{
	*state =
	    scene_new("domain \"chat.test\" { secret = \"x\" rooms = local "
		      "lock = no }\n");
	return 0;
}

static void come(struct scene *s, int first, int last)
{
	for (int i = first; i < last; i++)
		xmpp_put(s,
			 "<presence from='u%d@x.test/r' "
			 "to='r@chat.test/U %d'><x xmlns='" NS_MUC
			 "'/></presence>",
			 i, i);
	xmpp_drop(s);
}

static void go(struct scene *s, int i)
{
	xmpp_put(s,
		 "<presence from='u%d@x.test/r' to='r@chat.test/U %d' "
		 "type='unavailable'/>",
		 i, i);
	xmpp_drop(s);
}

/* A watcher, and whom he knows. */
struct watcher {
	struct scene *s;
	uint64_t dlg;
	struct table *users; /* by entity */
	unsigned version, longest;
	struct port_msg last;
};

static void subscribe(struct watcher *w, struct scene *s)
{
	struct port_msg m = watcher_wish(s, 0);

	*w = (struct watcher){.s = s, .dlg = m.dlg, .users = table_new()};
	scene_sip_event(s, &m);
	assert_int_equal(scene_sip(s, PORT_ANSWER, NULL).status, 200);
}

/* Takes his next NOTIFY and answers it. */
static void hears(struct watcher *w, int status)
{
	struct confinfo_user_node *n;
	struct confinfo_doc doc;
	struct port_msg *m = &w->last;

	doc = told(w->s, m);
	assert_int_equal(doc.version, ++w->version);
	scene_sip_response(w->s, m, status);
	if (status >= 300)
		return;
	if (m->f[PORT_F_BODY].n > w->longest)
		w->longest = (unsigned)m->f[PORT_F_BODY].n;
	if (doc.state == CONFINFO_FULL) {
		table_free(w->users);
		w->users = table_new();
	}
	for (n = doc.users; n; n = n->next) {
		bool known = table_get_str(w->users, n->user.entity) != NULL;

		if (n->user.state == CONFINFO_DELETED) {
			if (known)
				table_del_str(w->users, n->user.entity);
		} else if (!known) {
			table_put_str(w->users, n->user.entity, w);
		}
	}
}

static bool knows(struct watcher *w, int i)
{
	return table_get_str(w->users,
			     arena_printf(w->s->arena, ROOM ";gr=U%%20%d", i));
}

/* All that he is owed now. */
static unsigned all(struct watcher *w)
{
	unsigned n = 0;

	for (; !scene_sip_none(w->s, PORT_SEND, "NOTIFY"); n++)
		hears(w, 200);
	return n;
}

static void done(struct watcher *w)
{
	table_free(w->users);
}

/* RFC 3261 §18.1.1, EVENT-11, EVENT-13: one after the other, at once; who goes
 * and comes meanwhile is right in the end */
static void refused_with(struct scene *s, int status)
{
	struct watcher w;

	come(s, 0, MANY);
	go(s, 7);
	subscribe(&w, s);
	hears(&w, status);
	hears(&w, 200);
	assert_true(table_count(w.users) < MANY / 2);
	assert_true(knows(&w, 0));
	go(s, 0);
	go(s, MANY - 1);
	come(s, MANY, MANY + 1);
	assert_true(all(&w) > 3);
	scene_run(s, 20000);
	all(&w);
	assert_int_equal(table_count(w.users), MANY - 2);
	assert_false(knows(&w, 0));
	assert_false(knows(&w, 7));
	assert_false(knows(&w, MANY - 1));
	assert_true(knows(&w, 1) && knows(&w, MANY));
	assert_true(w.longest < 14000);
	/* what is short goes as ever, not oftener than every 5 s */
	come(s, MANY + 1, MANY + 2);
	assert_int_equal(all(&w), 1);
	come(s, MANY + 2, MANY + 3);
	assert_int_equal(all(&w), 0);
	scene_run(s, 5000);
	assert_int_equal(all(&w), 1);
	done(&w);
}

static void test_cannot_be_sent(void **state)
{
	refused_with(*state, 503);
}

static void test_too_large(void **state)
{
	refused_with(*state, 413);
}

/* A part that does not get through: from the beginning, and not at once. */
static void test_part_lost(void **state)
{
	struct scene *s = *state;
	struct watcher w;

	come(s, 0, MANY);
	subscribe(&w, s);
	hears(&w, 503);
	hears(&w, 200);
	hears(&w, 500);
	assert_int_equal(all(&w), 0);
	scene_run(s, 5000);
	assert_true(all(&w) > 3);
	assert_int_equal(table_count(w.users), MANY);
	done(&w);
}

/* Short ones that fail have other reasons. */
static void test_short(void **state)
{
	struct scene *s = *state;
	struct watcher w;

	come(s, 0, 3);
	subscribe(&w, s);
	hears(&w, 503);
	assert_int_equal(all(&w), 0);
	come(s, 3, MANY);
	scene_run(s, 5000);
	assert_int_equal(all(&w), 1);
	assert_int_equal(table_count(w.users), MANY);
	done(&w);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_cannot_be_sent, setup,
					    scene_teardown),
	    cmocka_unit_test_setup_teardown(test_too_large, setup,
					    scene_teardown),
	    cmocka_unit_test_setup_teardown(test_part_lost, setup,
					    scene_teardown),
	    cmocka_unit_test_setup_teardown(test_short, setup, scene_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
