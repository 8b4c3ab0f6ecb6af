/* Our seats in a room: what they are told is written down and held to what is
 * always true. They fail the test
 *
 * - for anything before SEAT_JOINED (or SEAT_ENDED) and after the end,
 * - for a result that nothing waits for,
 * - when a roster kept by events is not the room's. */
#pragma once

#include "bed.h"

#include <stdio.h>
#include <stdlib.h>

#include "gateway/back.h"

/* What is being tested. */
extern const struct bed_kind *kind;

/* --- our seats --- */

static inline bool line_at(const struct buf *b, const char *nick, size_t *at)
{
	char line[600];
	ptrdiff_t found;

	snprintf(line, sizeof(line), "\n%s\n", nick);
	found = str_search(buf_str(b), str_z(line));
	*at = (size_t)found;
	return found >= 0;
}

static inline void roster_add(struct ours *o, struct str nick)
{
	buf_addf(&o->roster, "%.*s\n", STR_ARG(nick));
}

static inline void roster_drop(struct ours *o, struct str nick)
{
	struct buf left = BUF_INIT(1u << 20);
	char z[512];
	size_t at;

	snprintf(z, sizeof(z), "%.*s", STR_ARG(nick));
	if (!line_at(&o->roster, z, &at))
		fail_msg("%s was not there", z);
	buf_add(&left, str_of(o->roster.p, at + 1));
	buf_add(&left, str_from(buf_str(&o->roster), at + nick.n + 2));
	buf_done(&o->roster);
	o->roster = left;
}

static inline void roster_read(struct ours *o)
{
	const struct occupant *w;
	size_t it = 0;

	buf_clear(&o->roster);
	buf_addc(&o->roster, '\n');
	while ((w = seat_roster(&o->fake.seat, &it)))
		roster_add(o, w->nick);
}

static inline void follow_roster(struct ours *o, const struct seat_ev *ev)
{
	switch (ev->type) {
	case SEAT_OCCUPANT_JOINED:
		roster_add(o, ev->who->nick);
		break;
	case SEAT_OCCUPANT_LEFT:
		roster_drop(o, ev->who->nick);
		break;
	case SEAT_OCCUPANT_CHANGED:
		if (ev->changed & CHANGED_NICK) {
			roster_drop(o, ev->old_nick);
			roster_add(o, ev->who->nick);
		}
		break;
	default:
		break;
	}
}

static inline void had_result(struct ours *o, uint64_t op)
{
	for (size_t i = 0; i < o->n_due; i++)
		if (o->op_due[i] == op) {
			o->op_due[i] = o->op_due[--o->n_due];
			return;
		}
	fail_msg("a result for %llu, which awaits none",
		 (unsigned long long)op);
}

static inline void on_event(struct fake_seat *f, const struct seat_ev *ev)
{
	struct ours *o = f->user;

	assert_false(o->over);
	switch (ev->type) {
	case SEAT_JOINED:
		assert_false(o->in);
		o->in = true;
		roster_read(o);
		break;
	case SEAT_ENDED:
		assert_false(seat_in_room(&f->seat));
		o->over = true;
		break;
	case SEAT_RESULT:
		had_result(o, ev->own_op);
		break;
	default:
		assert_true(o->in);
		if (o->wants_roster)
			follow_roster(o, ev);
		break;
	}
	if (o->then)
		o->then(o, ev);
}

static inline void ours_init(struct bed *b, int i)
{
	struct ours *o = &b->ours[i];

	*o = (struct ours){.bed = b};
	fake_seat_init(&o->fake);
	o->fake.then = on_event;
	o->fake.user = o;
	buf_init(&o->roster, 1u << 20);
}

static inline void ours_done(struct ours *o)
{
	fake_seat_done(&o->fake);
	buf_done(&o->roster);
}

/* What it has kept by events is what the room shows. */
static inline void check_roster(struct ours *o)
{
	const struct occupant *w;
	size_t it = 0, n = 0, at;
	char nick[512];

	if (!o->in || o->over || !seat_in_room(&o->fake.seat))
		return;
	for (; (w = seat_roster(&o->fake.seat, &it)); n++) {
		snprintf(nick, sizeof(nick), "%.*s", STR_ARG(w->nick));
		if (!line_at(&o->roster, nick, &at))
			fail_msg("%s was never told", nick);
		assert_ptr_equal(seat_by_id(&o->fake.seat, w->id), w);
		assert_ptr_equal(seat_by_nick(&o->fake.seat, w->nick), w);
		assert_true(w->n_devices > 0 && w->devices);
	}
	for (size_t i = 1; i < o->roster.n; i++)
		n -= o->roster.p[i] == '\n';
	assert_int_equal(n, 0);
}

static inline void settle(struct bed *b)
{
	kind->settle(b);
	for (int i = 0; i < OURS; i++)
		if (b->ours[i].wants_roster)
			check_roster(&b->ours[i]);
}

/* --- the bed --- */

static inline int up(void **state)
{
	struct bed *b = calloc(1, sizeof(*b));

	b->kind = kind;
	b->s = scene_new(kind->config);
	for (int i = 0; i < OURS; i++)
		ours_init(b, i);
	kind->up(b);
	*state = b;
	return 0;
}

static inline int down(void **state)
{
	struct bed *b = *state;

	kind->down(b);
	scene_free(b->s);
	for (int i = 0; i < OURS; i++)
		ours_done(&b->ours[i]);
	free(b);
	return 0;
}

#define WANTS_ALL (SEAT_WANTS_ROSTER | SEAT_WANTS_MESSAGES | SEAT_WANTS_SUBJECT)

/* Ro, with this device. */
static inline struct seat_join wish(struct bed *b, int device)
{
	struct seat_join j = {
	    .room = str_z(kind->room),
	    .world = kind->world,
	    .wants = WANTS_ALL,
	    .private_messages = true,
	};

	if (kind->world == WORLD_SIP) {
		j.user = j.sip_uri = STR("sip:ro@sip.test");
		j.display = STR("Ro");
		j.device =
		    arena_printf(b->s->arena, "sip:ro@192.0.2.%d", device + 1);
	} else {
		j.user = j.jid = STR("ro@x.test");
		j.nick = STR("Ro");
		j.device =
		    arena_printf(b->s->arena, "ro@x.test/%d", device + 1);
	}
	return j;
}

static inline enum reason_code enter(struct bed *b, int i, struct seat_join *j)
{
	struct ours *o = &b->ours[i];

	o->wants_roster = j->wants & SEAT_WANTS_ROSTER;
	return back_join(b->s->core.door, j, &o->fake.seat);
}

static inline const char *heard_by(struct bed *b, int i)
{
	struct buf *log = &b->ours[i].fake.log;
	struct str rest = arena_dup(b->s->arena, buf_str(log));
	struct buf kept = BUF_INIT(1u << 20);
	struct str all;

	/* that a device came, went or changed is said of those who are known to
	 * have it, and makes no difference to people */
	while (rest.n) {
		struct str line = str_split(&rest, '\n');
		bool devices = str_starts(line, STR("~ ")) &&
			       has(line, " devices=") && !has(line, " nick=") &&
			       !has(line, " presence=") && !has(line, " role=");

		if (!devices)
			buf_addf(&kept, "%.*s\n", STR_ARG(line));
	}
	buf_clear(log);
	all = arena_dup(b->s->arena, buf_str(&kept));
	buf_done(&kept);
	return all.n ? all.p : "";
}

#define assert_heard(b, i, text) assert_string_equal(heard_by(b, i), text)

static inline void join(struct bed *b, int i)
{
	struct seat_join j = wish(b, i);

	assert_int_equal(enter(b, i, &j), REASON_OK);
	settle(b);
	assert_true(b->ours[i].in);
	heard_by(b, i);
}

static inline uint64_t command(struct bed *b, int i, struct seat_cmd cmd)
{
	struct ours *o = &b->ours[i];

	if (cmd.type != SEAT_LEAVE) {
		cmd.op = ++o->last_op;
		assert_true(o->n_due < sizeof(o->op_due) / sizeof(*o->op_due));
		o->op_due[o->n_due++] = cmd.op;
	}
	seat_command(&o->fake.seat, &cmd);
	return cmd.op;
}

static inline struct message *text_message(struct str text)
{
	struct message *m = message_new(1u << 21);

	assert_int_equal(message_add_part(m, STR("text/plain"), STR_NONE, text),
			 0);
	m->client_id = STR("c1");
	return m;
}

static inline void say_text(struct bed *b, int i, struct str text)
{
	struct message *m = text_message(text);

	command(b, i, (struct seat_cmd){.type = SEAT_SAY, .msg = m});
	message_unref(m);
}

static inline void say(struct bed *b, int i, const char *text)
{
	say_text(b, i, str_z(text));
}

static inline uint64_t id_of(struct bed *b, int i, const char *nick)
{
	const struct occupant *w =
	    seat_by_nick(&b->ours[i].fake.seat, str_z(nick));

	assert_non_null(w);
	return w->id;
}

static inline void whisper(struct bed *b, int i, uint64_t to, const char *text)
{
	struct message *m = text_message(str_z(text));

	m->private = true;
	m->to = to;
	command(b, i, (struct seat_cmd){.type = SEAT_SAY, .msg = m});
	message_unref(m);
}

static inline void with_text(struct bed *b, int i, enum seat_cmd_type type,
			     const char *text)
{
	command(b, i, (struct seat_cmd){.type = type, .text = str_z(text)});
}

static inline void leave(struct bed *b, int i)
{
	b->ours[i].n_due = 0; /* results that were to come are lost */
	with_text(b, i, SEAT_LEAVE, "bye");
	b->ours[i].over = true;
}

__attribute__((format(printf, 2, 3))) static inline const char *
words(struct bed *b, const char *fmt, ...)
{
	char z[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(z, sizeof(z), fmt, ap);
	va_end(ap);
	return arena_dup(b->s->arena, str_z(z)).p;
}

static inline const char *reason(enum reason_code code)
{
	static const char *const names[] = {
#define X(name, text) #name,
	    REASON_TABLE(X)
#undef X
	};

	return names[code];
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, up, down)

/* The parts of the contract, each in the file of its name: runs its tests on
 * the bed, returns how many failed. */
int contract_join(void);
int contract_talk(void);
int contract_change(void);
int contract_order(void);
int contract_moderate(void);
int contract_end(void);
int contract_hostile(void);
int contract_play(void);
