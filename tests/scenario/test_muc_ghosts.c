/* Who has left a MUC while our stream was down: nobody stays in a roster who is
 * not in the room (COMP-12). */
#include "muc_peer.h"

static void present_to(struct muc_user *u, const char *self)
{
	muc_present(u, "Ann", "moderator", "");
	muc_present(u, self, "participant", MUC_SELF);
	muc_subject(u, "tea");
	fake_seat_heard(&u->seat);
}

/* Ro, who knows Ben, Cat and Ann, of whom the room tells only Ann again. */
static void come_back(struct muc_user *u, const char *own, const char *self)
{
	muc_pong(u, own);
	muc_take(u, own);
	present_to(u, self);
	muc_pong(u, own);
}

static void begin(struct muc_user *u, struct scene *s)
{
	muc_join(u, s, MUC_RO);
	muc_present(u, "Ben", "participant", "");
	muc_present(u, "Cat", "participant", "");
	fake_seat_heard(&u->seat);
}

static void second(struct muc_user *u, struct scene *s)
{
	struct seat_join join;

	muc_user_init(u, s, "sip:al@sip.test");
	join = muc_wish(u);
	join.display = STR("Al");
	assert_int_equal(muc_enter(u, &join), REASON_OK);
	muc_take(u, MUC_ROOM "/Al");
	muc_present(u, "Ben", "participant", "");
	present_to(u, "Al");
}

#define ITEM(nick) "<item jid='" MUC_ROOM "/" nick "' name='" nick "'/>"

/* items NULL: the service does not say. */
static void list(struct muc_user *u, const char *items)
{
	muc_has(u, muc_take(u, MUC_ROOM), NS_DISCO_ITEMS);
	if (items)
		muc_says(u, "iq", MUC_ROOM,
			 "type='result' id='%s'><query xmlns='" NS_DISCO_ITEMS
			 "'>%s</query>",
			 u->last, items);
	else
		muc_refuses(u, "iq", MUC_ROOM, "auth", "forbidden");
}

/* Ben has gone; Cat is there, though the room did not say it again. */
static void test_ghost(void **state)
{
	struct scene *s = *state;
	static struct muc_user u;

	begin(&u, s);
	muc_break(s);
	come_back(&u, MUC_OWN, "Ro");
	list(&u, ITEM("Ro") ITEM("Ann") ITEM("Cat"));
	muc_heard(&u, "- Ben REASON_LOST\n");
	muc_break(s);
	muc_pong(&u, MUC_OWN);
	muc_take(&u, MUC_OWN);
	muc_present(&u, "Cat", "participant", "");
	present_to(&u, "Ro");
	muc_pong(&u, MUC_OWN);
	assert_true(muc_none(&u, MUC_ROOM)); /* nobody is missing */
	muc_user_done(&u);
}

/* What became of those who were there all the time is right, too: a role, a
 * nickname. */
static void test_changes(void **state)
{
	struct scene *s = *state;
	static struct muc_user u;

	begin(&u, s);
	muc_break(s);
	muc_pong(&u, MUC_OWN);
	muc_take(&u, MUC_OWN);
	muc_present(&u, "Ann", "visitor", "");
	muc_present(&u, "Kitty", "participant", "");
	muc_present(&u, "Ben", "participant", "");
	muc_present(&u, "Ro", "moderator", MUC_SELF);
	muc_subject(&u, "tea");
	muc_pong(&u, MUC_OWN);
	list(&u, ITEM("Ro") ITEM("Ann") ITEM("Kitty") ITEM("Ben"));
	muc_heard(&u, "~ Ann role=1\n+ Kitty\n"
		      "~ Ro role=3\n- Cat REASON_LOST\n");
	muc_user_done(&u);
}

/* One asks for all that wait; who comes later asks again. */
static void test_one_asks(void **state)
{
	struct scene *s = *state;
	static struct muc_user u, v;

	begin(&u, s);
	second(&v, s);
	muc_present(&u, "Al", "participant", "");
	fake_seat_heard(&u.seat);
	muc_break(s);
	come_back(&u, MUC_OWN, "Ro");
	muc_has(&u, muc_take(&u, MUC_ROOM), NS_DISCO_ITEMS);
	come_back(&v, MUC_ROOM "/Al", "Al");
	assert_true(muc_none(&v, MUC_ROOM));
	muc_says(&u, "iq", MUC_ROOM,
		 "type='result' id='%s'><query xmlns='" NS_DISCO_ITEMS
		 "'>" ITEM("Ro") ITEM("Ann") ITEM("Al") ITEM("Cat") "</query>",
		 u.last);
	muc_heard(&u, "- Ben REASON_LOST\n");
	muc_heard(&v, "");
	list(&v, ITEM("Ro") ITEM("Ann") ITEM("Al") ITEM("Cat"));
	muc_heard(&v, "- Ben REASON_LOST\n");
	muc_user_done(&v);
	muc_user_done(&u);
}

/* Who has asked goes before the answer: another does. */
static void test_asker_goes(void **state)
{
	struct scene *s = *state;
	static struct muc_user u, v;

	begin(&u, s);
	second(&v, s);
	muc_present(&u, "Al", "participant", "");
	muc_break(s);
	come_back(&u, MUC_OWN, "Ro");
	come_back(&v, MUC_ROOM "/Al", "Al");
	muc_take(&u, MUC_ROOM);
	muc_user_done(&u);
	loop_settle(s->loop);
	list(&v, ITEM("Ann") ITEM("Al"));
	muc_heard(&v, "- Ben REASON_LOST\n");
	muc_user_done(&v);
}

static void count_lists(void *user, const struct xnode *n)
{
	*(int *)user += x_child(n, "query", NS_DISCO_ITEMS) &&
			str_eq(x_attr(n, "to"), STR(MUC_ROOM));
}

/* However many they are, the room is asked twice: for the first, and for those
 * who came while it was thinking. */
static void test_many(void **state)
{
	enum { MANY = 40 };
	struct scene *s = *state;
	static struct muc_user u[MANY];
	char uri[MANY][32], own[64];
	struct buf items = BUF_INIT(65536);
	int lists = 0;

	muc_join(&u[0], s, MUC_RO);
	for (int i = 0; i < MANY; i++) {
		struct seat_join join;

		snprintf(uri[i], sizeof(uri[i]), "sip:u%d@sip.test", i);
		if (i)
			muc_user_init(&u[i], s, uri[i]);
		join = muc_wish(&u[i]);
		join.display = STR_NONE;
		snprintf(own, sizeof(own), i ? MUC_ROOM "/u%d" : MUC_OWN, i);
		if (i) {
			assert_int_equal(muc_enter(&u[i], &join), REASON_OK);
			muc_take(&u[i], own);
			present_to(&u[i], own + sizeof(MUC_ROOM));
		}
		muc_present(&u[i], "Ben", "participant", "");
		buf_addf(&items, "<item jid='%s'/>", own);
	}
	muc_break(s);
	for (int i = 0; i < MANY; i++) {
		snprintf(own, sizeof(own), i ? MUC_ROOM "/u%d" : MUC_OWN, i);
		come_back(&u[i], own, own + sizeof(MUC_ROOM));
	}
	list(&u[0], buf_z(&items));
	list(&u[1], buf_z(&items));
	assert_null(seat_by_nick(&u[MANY - 1].seat.seat, STR("Ben")));
	xmpp_each(s, count_lists, &lists);
	assert_int_equal(lists, 0);
	for (int i = 0; i < MANY; i++)
		muc_user_done(&u[i]);
	buf_done(&items);
}

/* A service without such a list, or with one that leaves out who asks: who has
 * told most of its roster anew is believed; else nobody goes. */
static void test_no_list(void **state)
{
	static const char *const lists[] = {NULL, "", ITEM("Ann")};
	struct scene *s = *state;
	static struct muc_user u;

	muc_join(&u, s, MUC_RO);
	for (size_t i = 0; i < 3; i++) {
		muc_present(&u, "Ben", "participant", "");
		muc_present(&u, "Cat", "participant", "");
		muc_break(s);
		come_back(&u, MUC_OWN, "Ro");
		list(&u, lists[i]);
		muc_heard(&u, ""); /* one was told, two were not */
		muc_present(&u, "Cat", "participant", "");
		muc_gone(&u, "Ben", MUC_NO_ROLE);
		fake_seat_heard(&u.seat);
		muc_break(s);
		come_back(&u, MUC_OWN, "Ro");
		list(&u, lists[i]);
		muc_heard(&u, "- Cat REASON_LOST\n");
	}
	muc_user_done(&u);
}

/* No answer at all; the stream breaks again meanwhile. */
static void test_no_answer(void **state)
{
	struct scene *s = *state;
	static struct muc_user u;

	begin(&u, s);
	muc_break(s);
	come_back(&u, MUC_OWN, "Ro");
	muc_take(&u, MUC_ROOM);
	muc_break(s);
	come_back(&u, MUC_OWN, "Ro");
	loop_settle(s->loop);
	list(&u, ITEM("Ro") ITEM("Ann"));
	muc_heard(&u, "- Ben REASON_LOST\n- Cat REASON_LOST\n");
	muc_present(&u, "Ben", "participant", "");
	muc_present(&u, "Cat", "participant", "");
	fake_seat_heard(&u.seat);
	muc_break(s);
	come_back(&u, MUC_OWN, "Ro");
	muc_take(&u, MUC_ROOM);
	scene_run(s, 30000);
	muc_heard(&u, "");
	muc_user_done(&u);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    MUC_TEST(test_ghost),     MUC_TEST(test_changes),
	    MUC_TEST(test_one_asks),  MUC_TEST(test_asker_goes),
	    MUC_TEST(test_many),      MUC_TEST(test_no_list),
	    MUC_TEST(test_no_answer),
	};

	return cmocka_run_group_tests_name("muc_ghosts", tests, NULL, NULL);
}
