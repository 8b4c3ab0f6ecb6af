/* A room's settings (RFC 7701 §4.1), and what of it outlives the process. */
#include <limits.h>

#include "tests/unit/conference_stage.h"

static struct room *tea(struct stage *s)
{
	return rooms_find(s->rooms, ROOM);
}

static void configure(struct stage *s)
{
	assert_int_equal(room_configure(tea(s), &s->policy), REASON_OK);
}

static void test_moderated(void **state)
{
	struct stage *s = *state;

	s->policy.moderated = true;
	enter(s, 0, xmpp_join("ann@x", "Ann"));
	enter(s, 1, sip_join("sip:ben@x", "Ben"));
	assert_int_equal(who(s, "Ann")->role, ROLE_MODERATOR);
	assert_int_equal(who(s, "Ben")->role, ROLE_VISITOR);
	forget(s);
	say(s, 1, 1, "may I?");
	heard(s, 1, "= REASON_NO_VOICE op=1\n");
	room_set_affiliation(tea(s), STR("ben@x"), AFF_MEMBER, STR_NONE,
			     STR_NONE);
	heard(s, 1, "~ Ben role=2\n");
	say(s, 1, 2, "thanks");
	heard(s, 1, "Ben: thanks op=2\n= REASON_OK op=2\n");
	enter(s, 2, xmpp_join("cat@y", "Cat"));
	forget(s);
	s->policy.moderated = false;
	configure(s);
	heard(s, 2, "room\n~ Cat role=2\n");
}

static void test_members_only(void **state)
{
	struct stage *s = *state;
	struct seat_join watch = sip_join("sip:cat@y", "");

	enter(s, 0, xmpp_join("ann@x", "Ann"));
	enter(s, 1, sip_join("sip:ben@x", "Ben"));
	watch.observer = true;
	assert_int_equal(enter(s, 2, watch), REASON_OK);
	forget(s);
	s->policy.members_only = true;
	configure(s);
	heard(s, 0, "room\n- Ben REASON_MEMBERS_ONLY\n");
	heard(s, 1, "ended REASON_MEMBERS_ONLY\n");
	heard(s, 2,
	      "room\n- Ben REASON_MEMBERS_ONLY\n"
	      "ended REASON_MEMBERS_ONLY\n");
	assert_int_equal(enter(s, 1, sip_join("sip:ben@x", "Ben")),
			 REASON_MEMBERS_ONLY);
	assert_int_equal(enter(s, 2, watch), REASON_MEMBERS_ONLY);
	watch.own = true;
	assert_int_equal(enter(s, 2, watch), REASON_OK);
	room_set_affiliation(tea(s), STR("ben@x"), AFF_MEMBER, STR_NONE,
			     STR_NONE);
	assert_int_equal(enter(s, 1, sip_join("sip:ben@x", "Ben")), REASON_OK);
	forget(s);
	room_set_affiliation(tea(s), STR("ben@x"), AFF_NONE, STR_NONE,
			     STR("moved"));
	heard(s, 1, "ended REASON_NOT_MEMBER moved\n");
	heard(s, 0, "- Ben REASON_NOT_MEMBER moved\n");
}

static void test_password(void **state)
{
	struct stage *s = *state;
	struct seat_join join = xmpp_join("ben@x", "Ben");

	s->policy.password = STR("sesame");
	assert_int_equal(enter(s, 0, xmpp_join("ann@x", "Ann")), REASON_OK);
	assert_int_equal(enter(s, 1, join), REASON_PASSWORD);
	join.password = STR("sesam");
	assert_int_equal(enter(s, 1, join), REASON_PASSWORD);
	join.password = STR("sesame");
	assert_int_equal(enter(s, 1, join), REASON_OK);
	join.password = STR_NONE; /* he is inside */
	assert_int_equal(enter(s, 2, join), REASON_OK);
	assert_int_equal(enter(s, 3, sip_join("sip:ben@x", "Ben")),
			 REASON_PASSWORD);
}

static void test_one_device(void **state)
{
	struct stage *s = *state;
	struct seat_join join = sip_join("sip:ben@x", "Ben");

	s->policy.one_device = true;
	join.device = STR("sip:ben@10.0.0.1");
	assert_int_equal(enter(s, 0, join), REASON_OK);
	join.device = STR("sip:ben@10.0.0.2");
	assert_int_equal(enter(s, 1, join), REASON_ONE_DEVICE);
	join.device = STR("sip:ben@10.0.0.1"); /* the same one, anew */
	assert_int_equal(enter(s, 1, join), REASON_OK);
	assert_int_equal(enter(s, 2, xmpp_join("ben@x", "Benny")), REASON_OK);
}

static void test_full(void **state)
{
	struct stage *s = *state;

	s->policy.max_occupants = 2;
	enter(s, 0, xmpp_join("ann@x", "Ann"));
	enter(s, 1, xmpp_join("ben@x", "Ben"));
	assert_int_equal(enter(s, 2, xmpp_join("cat@x", "Cat")), REASON_FULL);
	room_set_affiliation(tea(s), STR("cat@x"), AFF_MEMBER, STR_NONE,
			     STR_NONE);
	assert_int_equal(enter(s, 2, xmpp_join("cat@x", "Cat")), REASON_FULL);
	room_set_affiliation(tea(s), STR("cat@x"), AFF_ADMIN, STR_NONE,
			     STR_NONE);
	assert_int_equal(enter(s, 2, xmpp_join("cat@x", "Cat")), REASON_OK);
}

/* the room ends when its creator leaves with his last device. */
static void test_end_with_owner(void **state)
{
	struct stage *s = *state;

	s->policy.end_with_owner = true;
	enter(s, 0, sip_join("sip:ann@x", "Ann"));
	enter(s, 1, sip_join("sip:ann@x", "Ann"));
	enter(s, 2, xmpp_join("ben@x", "Ben"));
	forget(s);
	leave(s, 0);
	heard(s, 2, "~ Ann devices=1\n");
	leave(s, 1);
	heard(s, 2, "- Ann REASON_LEFT\nended REASON_ROOM_GONE\n");
	stage_pass(s, 0);
	assert_null(tea(s));
}

static void test_subject_right(void **state)
{
	struct stage *s = *state;

	s->policy.subject_by_moderators = true;
	enter(s, 0, xmpp_join("ann@x", "Ann"));
	enter(s, 1, sip_join("sip:ben@x", "Ben"));
	forget(s);
	command(s, 1,
		(struct seat_cmd){SEAT_SUBJECT, .op = 1, .text = STR("tea")});
	heard(s, 1, "= REASON_FORBIDDEN op=1\n");
	command(s, 0, (struct seat_cmd){SEAT_SUBJECT, .text = STR("tea")});
	heard(s, 1, "subject 'tea' by Ann\n");
}

/* CHAT-45, CHAT-49 */
static void test_nicknames(void **state)
{
	struct stage *s = *state;
	struct str words[] = {STR("Moderator"), STR("ad min")};

	s->policy.reserved_nicks = words;
	s->policy.n_reserved_nicks = 2;
	s->policy.quarantine_ms = 5000;
	enter(s, 0, xmpp_join("ann@x", "Ann"));
	assert_int_equal(enter(s, 1, xmpp_join("ben@x", "MODERATOR")),
			 REASON_NICK_TAKEN);
	enter(s, 1, sip_join("sip:ben@x", "Ad Min"));
	assert_non_null(who(s, "Ad Min 2"));
	nick(s, 1, 0, "Ben");
	leave(s, 1);
	assert_int_equal(enter(s, 2, xmpp_join("cat@x", "ben")),
			 REASON_NICK_TAKEN);
	stage_pass(s, 5000);
	assert_int_equal(enter(s, 2, xmpp_join("cat@x", "ben")), REASON_OK);
	s->policy.quarantine_ms = UINT_MAX; /* none */
	s->policy.n_reserved_nicks = 0;
	configure(s);
	leave(s, 2);
	assert_int_equal(enter(s, 3, xmpp_join("dan@x", "Ben")), REASON_OK);
	nick(s, 3, 0, "moderator");
	assert_non_null(who(s, "moderator"));
}

/* one nickname, one user, in all rooms of the domain. */
static void test_nicks_of_domain(void **state)
{
	struct stage *s = *state;
	struct seat_join there = xmpp_join("ben@x", "Ann");

	s->policy.nicks_of_domain = true;
	enter(s, 0, xmpp_join("ann@x", "Ann"));
	there.room = STR("milk@rooms.example");
	assert_int_equal(enter(s, 1, there), REASON_NICK_TAKEN);
	there.user = there.jid = STR("ann@x");
	assert_int_equal(enter(s, 1, there), REASON_OK);
	leave(s, 0);
	there.user = there.jid = STR("ben@x");
	assert_int_equal(enter(s, 2, there), REASON_NICK_TAKEN);
	leave(s, 1);
	assert_int_equal(enter(s, 2, there), REASON_NICK_TAKEN);
	there.room = STR("tea@elsewhere.example");
	assert_int_equal(enter(s, 3, there), REASON_OK);
	there.room = STR("milk@rooms.example");
	stage_pass(s, 60000);
	assert_int_equal(enter(s, 2, there), REASON_OK);
	/* not of the domain any more, and again */
	enter(s, 4, xmpp_join("cat@x", "Cat"));
	s->policy.nicks_of_domain = false;
	configure(s);
	nick(s, 4, 0, "ann");
	assert_non_null(who(s, "ann"));
	s->policy.nicks_of_domain = true;
	configure(s);
	nick(s, 4, 0, "Cat");
	assert_non_null(who(s, "Cat"));
	assert_null(who(s, "ann"));
}

/* SEED0-6 */
static void test_created(void **state)
{
	struct stage *s = *state;

	s->policy.persistent = true;
	assert_int_equal(rooms_create(s->rooms, ROOM, &s->policy), REASON_OK);
	stage_pass(s, 1000);
	enter(s, 0, xmpp_join("ann@x", "Ann"));
	assert_int_equal(who(s, "Ann")->affiliation, AFF_NONE);
	leave(s, 0);
	stage_pass(s, 1000);
	assert_non_null(tea(s));
	s->policy.persistent = false;
	assert_int_equal(rooms_create(s->rooms, ROOM, &s->policy), REASON_OK);
	stage_pass(s, 1000);
	assert_null(tea(s));
	assert_int_equal(rooms_create(s->rooms, ROOM, &s->policy), REASON_OK);
	stage_pass(s, 1000);
	assert_non_null(tea(s)); /* nobody has come yet */
	s->policy.persistent = true;
	configure(s);
	s->policy.persistent = false;
	configure(s);
	stage_pass(s, 1000);
	assert_null(tea(s)); /* it was not to wait for anybody */
	assert_int_equal(rooms_create(s->rooms, ROOM, &s->policy), REASON_OK);
	enter(s, 0, xmpp_join("ann@x", "Ann"));
	assert_int_equal(
	    room_destroy(tea(s), (struct reason){.text = STR("done")}),
	    REASON_OK);
	heard(s, 0,
	      "joined Ann\nsubject '' by  (delayed)\njoined Ann\n"
	      "subject '' by  (delayed)\nended REASON_ROOM_GONE done\n");
	assert_null(tea(s));
}

/* --- state --- */

struct log {
	unsigned changed, messages, said, ended, what;
	unsigned affiliations, off_the_list, nicks;
};

static void on_changed(void *user, struct room *r, unsigned what)
{
	struct log *l = user;

	assert_non_null(r);
	l->changed++;
	l->what |= what;
}

static void on_affiliation(void *user, struct room *r,
			   const struct room_affiliation *entry)
{
	struct log *l = user;

	assert_non_null(r);
	assert_true(entry->user.n > 0);
	l->affiliations++;
	if (entry->affiliation == AFF_NONE && !entry->nick.n)
		l->off_the_list++;
}

static void on_nick(void *user, struct room *r,
		    const struct room_kept_nick *nick)
{
	assert_non_null(r);
	assert_true(nick->key.n > 0 && nick->user.n > 0 && nick->until_ms > 0);
	((struct log *)user)->nicks++;
}

static void on_message(void *user, struct room *r, struct message *m)
{
	assert_non_null(r);
	assert_true(m->serial > 0);
	((struct log *)user)->messages++;
}

static void on_ended(void *user, struct room *r)
{
	assert_non_null(r);
	((struct log *)user)->ended++;
}

static void on_said(void *user, struct room *r, struct message *m)
{
	(void)r;
	assert_true(m->serial > 0);
	((struct log *)user)->said++;
}

static void on_retracted(void *user, struct room *r, struct message *by,
			 uint64_t serial)
{
	(void)user;
	(void)r;
	(void)by;
	(void)serial;
}

static const struct rooms_watch watch = {
    on_changed, on_affiliation, on_nick, on_message,
    on_said,	on_retracted,	on_ended};

static void test_watch(void **state)
{
	struct stage *s = *state;
	struct log log = {0};

	rooms_watch(s->rooms, &watch, &log);
	enter(s, 0, xmpp_join("ann@x", "Ann"));
	say(s, 0, 0, "one");
	assert_int_equal(log.changed, 0);
	stage_pass(s, 0);
	assert_int_equal(log.changed, 1);
	assert_int_equal(log.messages, 1);
	assert_int_equal(log.said, 1);
	assert_int_equal(log.what, ROOM_SETTINGS | ROOM_SUBJECT);
	assert_int_equal(log.affiliations, 1); /* the owner */
	log.what = 0;
	command(s, 0, (struct seat_cmd){SEAT_SUBJECT, .text = STR("tea")});
	command(s, 0, (struct seat_cmd){SEAT_SUBJECT, .text = STR("milk")});
	stage_pass(s, 0);
	assert_int_equal(log.changed, 2);
	assert_int_equal(log.what, ROOM_SUBJECT);
	room_set_affiliation(tea(s), STR("b@x"), AFF_MEMBER, STR_NONE,
			     STR_NONE);
	assert_int_equal(log.affiliations, 2);
	assert_int_equal(log.off_the_list, 0);
	room_set_affiliation(tea(s), STR("b@x"), AFF_NONE, STR_NONE, STR_NONE);
	assert_int_equal(log.affiliations, 3);
	assert_int_equal(log.off_the_list, 1);
	enter(s, 1, xmpp_join("ben@x", "Ben"));
	leave(s, 1);
	assert_int_equal(log.nicks, 1);
	command(s, 0, (struct seat_cmd){SEAT_SUBJECT, .text = STR("tea")});
	rooms_shutdown(s->rooms); /* told, and not as an end */
	assert_int_equal(log.changed, 3);
	assert_int_equal(log.ended, 0);
}

static void test_watch_end(void **state)
{
	struct stage *s = *state;
	struct log log = {0};

	rooms_watch(s->rooms, &watch, &log);
	enter(s, 0, xmpp_join("ann@x", "Ann"));
	leave(s, 0);
	stage_pass(s, 0);
	assert_int_equal(log.ended, 1);
	rooms_watch(s->rooms, NULL, NULL);
}

static void test_restore(void **state)
{
	struct stage *s = *state, *next;
	struct arena *a = arena_new(65536);
	struct room_state kept, again;
	struct message *m = text_message("old");
	struct log log = {0};
	struct str words[] = {STR("root")};

	s->policy.title = STR("Tea room");
	s->policy.password = STR("sesame");
	s->policy.history = SIZE_MAX - 1;
	s->policy.reserved_nicks = words;
	s->policy.n_reserved_nicks = 1;
	enter(s, 0, xmpp_join("ann@x", "Ann"));
	say(s, 0, 0, "one");
	command(s, 0, (struct seat_cmd){SEAT_SUBJECT, .text = STR("tea")});
	room_set_affiliation(tea(s), STR("ben@x"), AFF_MEMBER, STR("Benny"),
			     STR("friend"));
	nick(s, 0, 0, "Anna");
	enter(s, 1, xmpp_join("ann@x", "Zoe"));
	leave(s, 1);
	stage_pass(s, 20000);
	assert_int_equal(room_state(tea(s), a, &kept), 0);

	stage_up((void **)&next);
	next->wall_ms = s->wall_ms + 10000;
	rooms_watch(next->rooms, &watch, &log);
	assert_int_equal(rooms_restore(next->rooms, &kept, 5000), REASON_OK);
	m->serial = 7;
	room_restore_message(tea(next), m);
	message_unref(m);
	assert_int_equal(room_state(tea(next), a, &again), 0);
	assert_true(str_eq(again.policy.title, STR("Tea room")));
	assert_true(str_eq(again.policy.password, STR("sesame")));
	assert_true(str_eq(again.policy.reserved_nicks[0], STR("root")));
	assert_true(str_eq(again.owner, STR("ann@x")));
	assert_true(str_eq(again.subject.text, STR("tea")));
	assert_true(str_eq(again.subject.nick, STR("Ann")));
	assert_int_equal(again.serial, 7);
	assert_int_equal(again.n_affiliations, 2);
	assert_int_equal(again.n_nicks, 1);
	assert_int_equal(again.nicks[0].until_ms, kept.nicks[0].until_ms);
	stage_pass(next, 0);
	assert_int_equal(log.changed, 0);
	stage_pass(next, 4000);
	assert_int_equal(enter(next, 0, xmpp_join("ann@x", "Ann")), REASON_OK);
	assert_int_equal(who(next, "Ann")->affiliation, AFF_OWNER);
	leave(next, 0);
	stage_pass(next, 999);
	assert_non_null(tea(next)); /* the others may be on their way */
	stage_pass(next, 1);
	assert_null(tea(next));
	rooms_watch(next->rooms, NULL, NULL);
	stage_down((void **)&next);
	arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    STAGE_TEST(test_moderated),
	    STAGE_TEST(test_members_only),
	    STAGE_TEST(test_password),
	    STAGE_TEST(test_one_device),
	    STAGE_TEST(test_full),
	    STAGE_TEST(test_end_with_owner),
	    STAGE_TEST(test_subject_right),
	    STAGE_TEST(test_nicknames),
	    STAGE_TEST(test_nicks_of_domain),
	    STAGE_TEST(test_created),
	    STAGE_TEST(test_watch),
	    STAGE_TEST(test_watch_end),
	    STAGE_TEST(test_restore),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
