#include "tests/lib/room_play.h"

#include <assert.h>
#include <stdlib.h>

#include "base/mem.h"
#include "conference/room.h"

#define PLAYERS	      12
#define ROSTER_MAX    PLAYERS
#define DEPTH_MAX     3
#define REACTIONS_MAX 12 /* to one action */
#define OPS_MAX	      64
#define OBSERVER      (PLAYERS - 1)
#define PLAY_ROOM     STR("tea@rooms.example")

struct line {
	uint64_t id;
	char nick[64];
	size_t n_devices;
};

/* What happened in one room, as those who were there tell it. */
struct story {
	struct story *before;
	uint64_t *events; /* a hash each */
	size_t n, room;
	uint64_t last_serial;
	bool unheard; /* something may have been said before nobody */
};

struct player {
	struct play *play;
	int number;
	struct seat *seat; /* freed the moment it is out */
	struct story *story;
	size_t heard; /* of the story's events */
	uint64_t last_delayed;
	struct line roster[ROSTER_MAX];
	size_t n_roster;
	uint64_t ops[OPS_MAX]; /* waiting for their result */
	size_t n_ops;
};

struct play {
	const uint8_t *data;
	size_t n, at;
	uint64_t mono_ms, last_op;
	struct loop *loop;
	struct rooms *rooms;
	struct room_policy policy;
	struct story *story; /* of the room that is there, or was */
	struct player player[PLAYERS];
	int depth, reactions;
};

static uint64_t play_ms(void *user)
{
	return ((struct play *)user)->mono_ms;
}

static unsigned pick(struct play *p, unsigned below)
{
	return p->at < p->n ? p->data[p->at++] % below : 0;
}

static struct str pick_nick(struct play *p)
{
	static const char *const nicks[] = {"Ann",   "ann", "Ben", "Cat",
					    "Ann 2", "",    "\t",  "Dan"};

	return str_z(nicks[pick(p, 8)]);
}

/* --- what a seat is told, against what it knows --- */

/* Of all that an event shows: it must not change between two hearers. */
static uint64_t event_hash(const struct seat_ev *ev)
{
	const struct occupant *o = ev->who;
	uint64_t h = str_hash(ev->old_nick, ev->type * 16 + ev->changed);

	if (o) {
		h = str_hash(o->nick, h + o->id);
		h = str_hash(o->presence.show, h + o->n_devices);
		h = str_hash(o->presence.status, h + o->nick_chosen);
		h += o->role * 8u + o->affiliation;
	}
	if (ev->msg)
		h = str_hash(ev->msg->id, h + ev->msg->serial);
	if (ev->subject)
		h = str_hash(ev->subject->text, h);
	return h;
}

/* The first to hear of an event tells the story, the others must agree. */
static void follow_story(struct player *pl, const struct seat_ev *ev)
{
	struct story *s = pl->story;
	uint64_t hash = event_hash(ev);

	if (pl->heard == s->n) {
		if (s->n == s->room) {
			s->room = s->room ? s->room * 2 : 64;
			s->events =
			    mem_resize(s->events, s->room * sizeof(hash));
		}
		s->events[s->n++] = hash;
	}
	assert(s->events[pl->heard] == hash);
	pl->heard++;
}

static struct line *line_of(struct player *pl, uint64_t id)
{
	for (size_t i = 0; i < pl->n_roster; i++)
		if (pl->roster[i].id == id)
			return &pl->roster[i];
	return NULL;
}

static void write_line(struct line *l, const struct occupant *o)
{
	assert(o->nick.n > 0 && o->nick.n < sizeof(l->nick));
	l->id = o->id;
	l->n_devices = o->n_devices;
	memcpy(l->nick, o->nick.p, o->nick.n);
	l->nick[o->nick.n] = '\0';
}

static void add_line(struct player *pl, const struct occupant *o)
{
	assert(!line_of(pl, o->id) && pl->n_roster < ROSTER_MAX);
	write_line(&pl->roster[pl->n_roster++], o);
}

static bool is_alone(const struct player *pl)
{
	for (int i = 0; i < PLAYERS; i++) {
		const struct player *other = &pl->play->player[i];

		if (other != pl && other->seat && other->story == pl->story &&
		    seat_in_room(other->seat))
			return false;
	}
	return true;
}

static void hear_joined(struct player *pl, const struct seat_ev *ev)
{
	struct play *p = pl->play;
	const struct occupant *o;

	if (ev->created) {
		struct story *s = mem_new(sizeof(*s));

		s->before = p->story;
		p->story = s;
	}
	pl->story = p->story;
	pl->heard = pl->story->n;
	pl->story->unheard |= is_alone(pl);
	for (size_t it = 0; (o = seat_roster(pl->seat, &it));)
		add_line(pl, o);
	assert(pl->number == OBSERVER ? !ev->who
				      : line_of(pl, ev->who->id) != NULL);
}

static void hear_message(struct player *pl, const struct seat_ev *ev)
{
	const struct message *m = ev->msg;
	struct story *s = pl->story;

	assert(m->author && m->nick.n && m->id.n);
	if (ev->delayed) {
		assert(!m->private && m->serial > pl->last_delayed);
		assert(m->serial <= s->last_serial || s->unheard);
		pl->last_delayed = m->serial;
		return;
	}
	if (m->private) {
		assert(m->serial == 0);
		return;
	}
	if (pl->heard == s->n) {
		assert(m->serial == s->last_serial + 1 ||
		       (s->unheard && m->serial > s->last_serial));
		s->last_serial = m->serial;
		s->unheard = false;
	}
	follow_story(pl, ev);
}

static void hear_result(struct player *pl, const struct seat_ev *ev)
{
	for (size_t i = 0; i < pl->n_ops; i++) {
		if (pl->ops[i] == ev->own_op) {
			pl->ops[i] = pl->ops[--pl->n_ops];
			return;
		}
	}
	abort(); /* a result for no operation */
}

static void hear_roster(struct player *pl, const struct seat_ev *ev)
{
	struct line *l = line_of(pl, ev->who->id);

	follow_story(pl, ev);
	if (ev->type == SEAT_OCCUPANT_JOINED) {
		add_line(pl, ev->who);
		return;
	}
	assert(l);
	if (ev->type == SEAT_OCCUPANT_CHANGED) {
		assert((ev->changed & CHANGED_NICK) ||
		       str_eq(str_z(l->nick), ev->who->nick));
		write_line(l, ev->who);
	} else {
		*l = pl->roster[--pl->n_roster];
	}
}

static void seat_gone(struct player *pl)
{
	free(pl->seat);
	pl->seat = NULL;
}

static void act(struct play *p);

static void on_event(void *front, const struct seat_ev *ev)
{
	struct player *pl = front;
	struct play *p = pl->play;

	switch (ev->type) {
	case SEAT_JOINED:
		hear_joined(pl, ev);
		break;
	case SEAT_OCCUPANT_JOINED:
	case SEAT_OCCUPANT_CHANGED:
	case SEAT_OCCUPANT_LEFT:
		hear_roster(pl, ev);
		break;
	case SEAT_MESSAGE:
		hear_message(pl, ev);
		break;
	case SEAT_SUBJECT_SET:
		if (!ev->delayed)
			follow_story(pl, ev);
		break;
	case SEAT_ROOM_CHANGED:
		follow_story(pl, ev);
		break;
	case SEAT_UNDELIVERED: /* of rooms elsewhere */
	case SEAT_VOICE_ASKED: /* the moderators' alone */
		break;
	case SEAT_RESULT:
		hear_result(pl, ev);
		break;
	case SEAT_ENDED:
		seat_gone(pl);
		break;
	}
	if (p->depth < DEPTH_MAX && p->reactions < REACTIONS_MAX &&
	    pick(p, 4) == 1) {
		p->depth++;
		p->reactions++;
		act(p);
		p->depth--;
	}
}

static const struct seat_front_ops front_ops = {.event = on_event};

/* --- what users do --- */

static void do_join(struct play *p, struct player *pl)
{
	static const char *const jids[] = {"ann@x", "ben@x", "cat@x"};
	static const char *const uris[] = {"sip:dan@x", "sip:eve@x",
					   "sip:fay@x"};
	bool sip = pl->number % 2;
	struct seat_join join = {
	    .room = PLAY_ROOM,
	    .world = sip ? WORLD_SIP : WORLD_XMPP,
	    .wants =
		SEAT_WANTS_ROSTER | SEAT_WANTS_MESSAGES | SEAT_WANTS_SUBJECT,
	    .observer = pl->number == OBSERVER,
	    .may_create = pick(p, 4) != 1,
	    .wants_lock = pick(p, 8) == 1,
	    .user = str_z((sip ? uris : jids)[pl->number / 2 % 3]),
	    .private_messages = pick(p, 2),
	    .presence = {.show = pick(p, 2) ? STR("away") : STR_NONE},
	};

	join.sip_uri = sip ? join.user : STR_NONE;
	join.nick = !sip || pick(p, 3) == 1 ? pick_nick(p) : STR_NONE;
	pl->seat = mem_new(sizeof(*pl->seat));
	pl->seat->front_ops = &front_ops;
	pl->seat->front = pl;
	pl->n_roster = 0;
	pl->n_ops = 0;
	pl->last_delayed = 0;
	if (rooms_join(p->rooms, &p->policy, &join, pl->seat) != REASON_OK)
		seat_gone(pl);
}

static void do_command(struct player *pl, struct seat_cmd *cmd)
{
	if (pl->n_ops < OPS_MAX) {
		cmd->op = ++pl->play->last_op;
		pl->ops[pl->n_ops++] = cmd->op;
	}
	seat_command(pl->seat, cmd);
}

static void do_say(struct play *p, struct player *pl)
{
	struct message *m = message_new(64);
	struct seat_cmd cmd = {.type = SEAT_SAY, .msg = m};
	unsigned kind = pick(p, 8);

	message_add_part(m, STR("text/plain"), STR_NONE, STR("hi"));
	m->no_store = kind == 1;
	m->transient = kind == 2;
	m->private = kind == 3;
	if (m->private && pl->n_roster)
		m->to = pl->roster[pick(p, (unsigned)pl->n_roster)].id;
	do_command(pl, &cmd);
	message_unref(m);
}

static void do_leave(struct player *pl)
{
	struct seat_cmd cmd = {.type = SEAT_LEAVE, .text = STR("bye")};

	seat_command(pl->seat, &cmd);
	seat_gone(pl);
}

static void do_other(struct play *p, struct player *pl, enum seat_cmd_type type)
{
	struct seat_cmd cmd = {.type = type};

	if (type == SEAT_NICK || type == SEAT_SUBJECT)
		cmd.text = pick_nick(p);
	cmd.presence.status = pick(p, 2) ? STR("out") : STR_NONE;
	cmd.private_messages = pick(p, 2);
	cmd.muted = pick(p, 2);
	do_command(pl, &cmd);
}

static struct str pick_user(struct play *p)
{
	static const char *const users[] = {"ann@x",	 "ben@x", "sip:dan@x",
					    "sip:eve@x", "dan@x", "sip:@x",
					    "@x",	 ""};

	return str_z(users[pick(p, 8)]);
}

static uint64_t pick_occupant(struct play *p, const struct player *pl)
{
	return pl->n_roster ? pl->roster[pick(p, (unsigned)pl->n_roster)].id
			    : 0;
}

static struct room_policy pick_policy(struct play *p)
{
	static const struct room_affiliation fixed = {
	    .user = {"ben@x", 5}, .affiliation = AFF_ADMIN, .fixed = true};
	struct room_policy policy = p->policy;
	unsigned bits = pick(p, 256);

	policy.moderated = bits & 1;
	policy.members_only = bits & 2;
	policy.one_device = bits & 4;
	policy.end_with_owner = bits & 8;
	policy.subject_by_moderators = bits & 16;
	policy.nicks_of_domain = bits & 32;
	policy.persistent = bits & 64;
	policy.fixed = &fixed;
	policy.n_fixed = bits >> 7;
	return policy;
}

static struct seat_change pick_change(struct play *p, const struct player *pl)
{
	unsigned bits = pick(p, 8);

	return (struct seat_change){
	    .of_role = bits & 1,
	    .target = pick_occupant(p, pl),
	    .user = bits & 2 ? pick_user(p) : STR_NONE,
	    .role = (enum role)pick(p, 4),
	    .affiliation = (enum affiliation)pick(p, 5),
	    .nick = bits & 4 ? pick_nick(p) : STR_NONE,
	};
}

static void do_rule(struct play *p, struct player *pl)
{
	struct seat_change changes[3];
	struct room_policy policy;
	struct seat_cmd cmd = {.target = pick_occupant(p, pl)};

	for (int i = 0; i < 3; i++)
		changes[i] = pick_change(p, pl);
	cmd.changes = changes;
	cmd.n_changes = pick(p, 4);
	switch (pick(p, 6)) {
	case 0:
		cmd.type = SEAT_AFFILIATION;
		cmd.text = pick_user(p);
		cmd.affiliation = (enum affiliation)pick(p, 5);
		cmd.nick = pick_nick(p);
		break;
	case 1:
		cmd.type = SEAT_ROLE;
		cmd.role = (enum role)pick(p, 4);
		break;
	case 2:
		policy = pick_policy(p);
		cmd.type = SEAT_CONFIGURE;
		cmd.policy = &policy;
		break;
	case 3:
		cmd.type = SEAT_MODERATE;
		break;
	case 4:
		cmd.type = SEAT_ASK_VOICE;
		break;
	default:
		cmd.type = SEAT_KICK;
		break;
	}
	do_command(pl, &cmd);
}

static void administrate(struct play *p)
{
	struct room *r = rooms_find(p->rooms, PLAY_ROOM);
	struct room_policy policy = pick_policy(p);

	if (!r)
		return;
	switch (pick(p, 6)) {
	case 0:
		room_set_affiliation(r, pick_user(p),
				     (enum affiliation)pick(p, 5), pick_nick(p),
				     STR_NONE);
		break;
	case 1:
		room_set_role(r, pick_occupant(p, &p->player[pick(p, PLAYERS)]),
			      (enum role)pick(p, 4), STR_NONE);
		break;
	case 2:
		room_configure(r, &policy);
		break;
	case 3:
		room_follow(r, &policy, pick(p, 2));
		break;
	case 4:
		room_set_subject(r, pick_nick(p));
		break;
	default:
		if (pick(p, 8) == 1)
			room_destroy(r, (struct reason){0});
		break;
	}
}

static void act(struct play *p)
{
	struct player *pl = &p->player[pick(p, PLAYERS)];
	unsigned what = pick(p, 44);

	if (what >= 40)
		administrate(p);
	else if (!pl->seat)
		do_join(p, pl);
	else if (!seat_in_room(pl->seat))
		return; /* his join is up the stack */
	else if (what < 10)
		do_say(p, pl);
	else if (what < 16)
		do_other(p, pl, SEAT_NICK);
	else if (what < 19)
		do_leave(pl);
	else if (what < 22)
		do_other(p, pl, SEAT_SUBJECT);
	else if (what < 25)
		do_other(p, pl, SEAT_PRESENCE);
	else if (what < 28)
		do_other(p, pl, SEAT_DEVICE);
	else if (what < 31)
		do_other(p, pl, SEAT_UNLOCK);
	else if (what < 32)
		do_other(p, pl, SEAT_DESTROY);
	else
		do_rule(p, pl);
}

/* --- what holds whenever nobody does anything --- */

static void check_nicks(const struct room *r)
{
	const struct occupant *o;
	size_t it = 0;

	while ((o = room_roster(r, &it)))
		assert(room_by_nick(r, o->nick) == o);
}

static void check_roster(const struct room *r, struct player *pl)
{
	const struct occupant *o;
	size_t it = 0, n = 0;

	while ((o = room_roster(r, &it))) {
		const struct line *l = line_of(pl, o->id);

		assert(l && l->n_devices == o->n_devices);
		assert(str_eq(str_z(l->nick), o->nick));
		assert(seat_by_id(pl->seat, o->id) == o);
		n++;
	}
	assert(n == pl->n_roster);
}

static size_t count_devices(const struct room *r)
{
	const struct occupant *o;
	size_t it = 0, n = 0;

	while ((o = room_roster(r, &it))) {
		size_t devices = 0;

		for (const struct device *d = o->devices; d; d = d->next)
			devices++;
		assert(devices == o->n_devices && devices > 0);
		n += devices;
	}
	return n;
}

static void check(struct play *p)
{
	const struct room *r = rooms_find(p->rooms, PLAY_ROOM);
	size_t devices = 0;

	for (int i = 0; i < PLAYERS; i++) {
		struct player *pl = &p->player[i];

		if (!pl->seat)
			continue;
		assert(r && pl->seat->back == r);
		assert(pl->story == p->story && pl->heard == p->story->n);
		assert(pl->n_ops == 0);
		check_roster(r, pl);
		devices += i != OBSERVER;
	}
	if (r) {
		check_nicks(r);
		assert(count_devices(r) == devices);
	}
}

static void pass_time(struct play *p)
{
	static const unsigned steps_ms[] = {0, 0, 0, 1000, 61000, 900000};

	p->mono_ms += steps_ms[pick(p, 6)];
	loop_settle(p->loop);
}

static void play_done(struct play *p)
{
	rooms_free(p->rooms);
	for (int i = 0; i < PLAYERS; i++)
		assert(!p->player[i].seat);
	loop_free(p->loop);
	while (p->story) {
		struct story *before = p->story->before;

		free(p->story->events);
		free(p->story);
		p->story = before;
	}
}

void room_play(const uint8_t *data, size_t n)
{
	struct play p = {.data = data, .n = n, .mono_ms = 1000};
	struct clock clock = {play_ms, play_ms, &p};

	p.loop = loop_new(NULL, &clock);
	p.rooms = rooms_new(p.loop, 2);
	p.policy.persistent = pick(&p, 2);
	p.policy.private_messages = pick(&p, 4) != 1;
	p.policy.nicknames = pick(&p, 8) != 1;
	p.policy.history = 1 + pick(&p, 8);
	p.policy.max_occupants = 3 + pick(&p, 8);
	for (int i = 0; i < PLAYERS; i++) {
		p.player[i].play = &p;
		p.player[i].number = i;
	}
	while (p.at < n) {
		p.reactions = 0;
		act(&p);
		check(&p);
		if (pick(&p, 4) == 0)
			pass_time(&p);
	}
	p.n = 0; /* nobody acts any more */
	play_done(&p);
}
