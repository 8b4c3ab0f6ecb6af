/* Rooms on a clock that the test moves, and short words for what users do. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "conference/room.h"
#include "tests/lib/fake_seat.h"

#define ROOM	  STR("tea@rooms.example")
#define WANTS_ALL (SEAT_WANTS_ROSTER | SEAT_WANTS_MESSAGES | SEAT_WANTS_SUBJECT)
#define SEATS	  16

struct stage {
	uint64_t mono_ms, wall_ms;
	struct loop *loop;
	struct rooms *rooms;
	struct room_policy policy;
	struct fake_seat seat[SEATS];
};

static inline uint64_t stage_mono(void *user)
{
	return ((struct stage *)user)->mono_ms;
}

static inline uint64_t stage_wall(void *user)
{
	return ((struct stage *)user)->wall_ms;
}

static inline int stage_up(void **state)
{
	struct stage *s = calloc(1, sizeof(*s));
	struct clock clock = {stage_mono, stage_wall, s};

	s->mono_ms = 1000;
	s->wall_ms = 1700000000000;
	s->loop = loop_new(NULL, &clock);
	s->rooms = rooms_new(s->loop, 8);
	s->policy.private_messages = true;
	s->policy.nicknames = true;
	for (int i = 0; i < SEATS; i++)
		fake_seat_init(&s->seat[i]);
	*state = s;
	return 0;
}

static inline int stage_down(void **state)
{
	struct stage *s = *state;

	rooms_free(s->rooms);
	loop_free(s->loop);
	for (int i = 0; i < SEATS; i++)
		fake_seat_done(&s->seat[i]);
	free(s);
	return 0;
}

static inline void stage_pass(struct stage *s, uint64_t ms)
{
	s->mono_ms += ms;
	s->wall_ms += ms;
	loop_settle(s->loop);
}

static inline struct seat_join xmpp_join(const char *jid, const char *nick)
{
	return (struct seat_join){
	    .room = ROOM,
	    .world = WORLD_XMPP,
	    .wants = WANTS_ALL,
	    .may_create = true,
	    .user = str_z(jid),
	    .jid = str_z(jid),
	    .nick = str_z(nick),
	};
}

static inline struct seat_join sip_join(const char *uri, const char *display)
{
	return (struct seat_join){
	    .room = ROOM,
	    .world = WORLD_SIP,
	    .wants = WANTS_ALL,
	    .may_create = true,
	    .user = str_z(uri),
	    .sip_uri = str_z(uri),
	    .display = str_z(display),
	    .private_messages = true,
	};
}

static inline enum reason_code enter(struct stage *s, int i,
				     struct seat_join join)
{
	return rooms_join(s->rooms, &s->policy, &join, &s->seat[i].seat);
}

static inline void command(struct stage *s, int i, struct seat_cmd cmd)
{
	seat_command(&s->seat[i].seat, &cmd);
}

static inline struct message *text_message(const char *body)
{
	struct message *m = message_new(4096);

	assert_int_equal(
	    message_add_part(m, STR("text/plain"), STR_NONE, str_z(body)), 0);
	return m;
}

static inline void say(struct stage *s, int i, uint64_t op, const char *body)
{
	struct message *m = text_message(body);

	command(s, i, (struct seat_cmd){SEAT_SAY, .op = op, .msg = m});
	message_unref(m);
}

static inline void whisper(struct stage *s, int i, uint64_t op, uint64_t to,
			   const char *body)
{
	struct message *m = text_message(body);

	m->private = true;
	m->to = to;
	command(s, i, (struct seat_cmd){SEAT_SAY, .op = op, .msg = m});
	message_unref(m);
}

static inline void nick(struct stage *s, int i, uint64_t op, const char *text)
{
	command(s, i,
		(struct seat_cmd){SEAT_NICK, .op = op, .text = str_z(text)});
}

static inline void leave(struct stage *s, int i)
{
	command(s, i, (struct seat_cmd){.type = SEAT_LEAVE});
}

static inline const struct occupant *who(struct stage *s, const char *name)
{
	struct room *r = rooms_find(s->rooms, ROOM);

	return r ? room_by_nick(r, str_z(name)) : NULL;
}

#define heard(s, i, text)                                                      \
	assert_string_equal(fake_seat_heard(&(s)->seat[i]), text)

static inline void forget(struct stage *s)
{
	for (int i = 0; i < SEATS; i++)
		fake_seat_heard(&s->seat[i]);
}

#define STAGE_TEST(f) cmocka_unit_test_setup_teardown(f, stage_up, stage_down)
