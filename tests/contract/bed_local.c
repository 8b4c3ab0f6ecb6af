/* A room of ours: the others hold seats as well, those of the other world. */
#include "bed.h"

#include <stdio.h>
#include <stdlib.h>

#include "conference/room.h"
#include "gateway/back.h"

#define PEOPLE 8

struct person {
	struct fake_seat seat;
	char nick[64], name[64];
};

struct local_room {
	struct person people[PEOPLE];
	unsigned n; /* who ever came */
};

static enum world other_world(const struct bed *b)
{
	return b->kind->world == WORLD_SIP ? WORLD_XMPP : WORLD_SIP;
}

static struct person *person(struct bed *b, const char *nick)
{
	struct local_room *r = b->room;

	for (size_t i = 0; i < PEOPLE; i++)
		if (*nick && strcmp(r->people[i].nick, nick) == 0)
			return &r->people[i];
	return NULL;
}

static void command(struct bed *b, const char *nick, struct seat_cmd cmd)
{
	seat_command(&person(b, nick)->seat.seat, &cmd);
}

static void local_enter(struct bed *b, const char *nick)
{
	struct local_room *r = b->room;
	struct person *p = r->people;
	struct seat_join j = {
	    .room = str_z(b->kind->room),
	    .world = other_world(b),
	    .wants =
		SEAT_WANTS_ROSTER | SEAT_WANTS_MESSAGES | SEAT_WANTS_SUBJECT,
	    .private_messages = true,
	    .nick = str_z(nick),
	};

	while (p < r->people + PEOPLE && *p->nick)
		p++;
	assert_true(p < r->people + PEOPLE);
	fake_seat_done(&p->seat);
	fake_seat_init(&p->seat);
	snprintf(p->nick, sizeof(p->nick), "%s", nick);
	snprintf(p->name, sizeof(p->name),
		 j.world == WORLD_SIP ? "sip:%s%u@sip.test" : "%s%u@x.test",
		 nick, ++r->n);
	for (char *c = p->name; *c; c++)
		*c |= *c >= 'A' && *c <= 'Z' ? 0x20 : 0;
	j.user = str_z(p->name);
	*(j.world == WORLD_SIP ? &j.sip_uri : &j.jid) = j.user;
	j.device = j.user;
	assert_int_equal(back_join(b->s->core.door, &j, &p->seat.seat),
			 REASON_OK);
}

static uint64_t id_of(struct bed *b, const char *nick)
{
	const struct occupant *o =
	    seat_by_nick(&person(b, "Ann")->seat.seat, str_z(nick));

	assert_non_null(o);
	return o->id;
}

static void local_up(struct bed *b)
{
	b->room = calloc(1, sizeof(struct local_room));
	local_enter(b, "Ann");
	command(b, "Ann", (struct seat_cmd){.type = SEAT_UNLOCK});
	local_enter(b, "Ben");
	command(b, "Ann",
		(struct seat_cmd){.type = SEAT_AFFILIATION,
				  .target = id_of(b, "Ben"),
				  .affiliation = AFF_MEMBER});
	command(b, "Ann",
		(struct seat_cmd){.type = SEAT_SUBJECT, .text = STR("tea")});
}

static void local_down(struct bed *b)
{
	struct local_room *r = b->room;

	/* ours are still in the room when the core ends */
	for (size_t i = 0; i < PEOPLE; i++) {
		struct seat_cmd cmd = {.type = SEAT_LEAVE};

		if (seat_in_room(&r->people[i].seat.seat))
			seat_command(&r->people[i].seat.seat, &cmd);
		fake_seat_done(&r->people[i].seat);
	}
	free(r);
}

static void local_settle(struct bed *b)
{
	loop_settle(b->s->loop);
}

static void local_shut_down(struct bed *b)
{
	rooms_shutdown(b->s->core.rooms);
}

/* Ann's settings; they start from what the room has. */
static void configure(struct bed *b, void (*change)(struct room_policy *p))
{
	struct room *r = rooms_find(b->s->core.rooms, str_z(b->kind->room));
	struct room_policy p;

	assert_non_null(r);
	p = *room_policy(r);
	change(&p);
	assert_int_equal(room_configure(r, &p), REASON_OK);
}

static void open_to_all(struct room_policy *p)
{
	p->members_only = false;
	p->password = STR_NONE;
	p->max_occupants = 100;
}

static void members_only(struct room_policy *p)
{
	p->members_only = true;
}

static void with_password(struct room_policy *p)
{
	p->password = STR("sesame");
}

static void full(struct room_policy *p)
{
	p->max_occupants = 2;
}

static void by_moderators(struct room_policy *p)
{
	p->subject_by_moderators = true;
}

static void ban(struct bed *b, bool banned)
{
	command(b, "Ann",
		(struct seat_cmd){
		    .type = SEAT_AFFILIATION,
		    .text = b->kind->world == WORLD_SIP ? STR("ro@sip.test")
							: STR("ro@x.test"),
		    .affiliation = banned ? AFF_OUTCAST : AFF_NONE,
		});
}

static enum reason_code local_refuse(struct bed *b, enum reason_code why)
{
	configure(b, open_to_all);
	ban(b, why == REASON_BANNED);
	switch (why) {
	case REASON_BANNED:
		break;
	case REASON_MEMBERS_ONLY:
		configure(b, members_only);
		break;
	case REASON_PASSWORD:
		configure(b, with_password);
		break;
	case REASON_FULL:
		configure(b, full);
		break;
	case REASON_NICK_TAKEN: /* a SIP user gets another one */
		return b->kind->world == WORLD_XMPP ? why : REASON_OK;
	default:
		return REASON_OK;
	}
	return why;
}

static void local_go(struct bed *b, const char *nick, const char *why)
{
	struct person *p = person(b, nick);

	command(b, nick,
		(struct seat_cmd){.type = SEAT_LEAVE, .text = str_z(why)});
	*p->nick = '\0';
}

static struct message *text_message(const char *text)
{
	struct message *m = message_new(1u << 20);

	assert_int_equal(
	    message_add_part(m, STR("text/plain"), STR_NONE, str_z(text)), 0);
	return m;
}

static void local_say(struct bed *b, const char *nick, const char *text)
{
	struct message *m = text_message(text);

	command(b, nick, (struct seat_cmd){.type = SEAT_SAY, .msg = m});
	message_unref(m);
}

static void local_whisper(struct bed *b, const char *nick, const char *text)
{
	struct message *m = text_message(text);

	m->private = true;
	m->to = seat_by_nick(&person(b, nick)->seat.seat, STR("Ro"))->id;
	command(b, nick, (struct seat_cmd){.type = SEAT_SAY, .msg = m});
	message_unref(m);
}

static void local_rename(struct bed *b, const char *nick, const char *to)
{
	struct person *p = person(b, nick);

	command(b, nick,
		(struct seat_cmd){.type = SEAT_NICK, .text = str_z(to)});
	snprintf(p->nick, sizeof(p->nick), "%s", to);
}

static void local_show(struct bed *b, const char *nick, const char *show,
		       const char *status)
{
	command(b, nick,
		(struct seat_cmd){
		    .type = SEAT_PRESENCE,
		    .presence = {.show = str_z(show), .status = str_z(status)},
		});
}

static void local_subject(struct bed *b, const char *text)
{
	command(b, "Ann",
		(struct seat_cmd){.type = SEAT_SUBJECT, .text = str_z(text)});
}

static void local_kick(struct bed *b, const char *nick, const char *why)
{
	struct person *p = person(b, nick);

	command(b, "Ann",
		(struct seat_cmd){.type = SEAT_KICK,
				  .target = id_of(b, nick),
				  .text = str_z(why)});
	if (p)
		*p->nick = '\0';
}

static void local_close(struct bed *b, const char *why)
{
	command(b, "Ann",
		(struct seat_cmd){.type = SEAT_DESTROY, .text = str_z(why)});
}

static bool local_promote(struct bed *b)
{
	command(b, "Ann",
		(struct seat_cmd){.type = SEAT_ROLE,
				  .target = id_of(b, "Ro"),
				  .role = ROLE_MODERATOR});
	return true;
}

static void local_history(struct bed *b, const char *text)
{
	local_say(b, "Ann", text);
	scene_run(b->s, 3600000);
}

static void local_mute(struct bed *b)
{
	command(b, "Ann",
		(struct seat_cmd){.type = SEAT_ROLE,
				  .target = id_of(b, "Ro"),
				  .role = ROLE_VISITOR});
}

static void local_hush(struct bed *b)
{
	configure(b, by_moderators);
}

static size_t count(struct str log, const char *line)
{
	size_t n = 0;
	ptrdiff_t at;

	while ((at = str_search(log, str_z(line))) >= 0) {
		n++;
		log = str_from(log, (size_t)at + 1);
	}
	return n;
}

static size_t local_heard(struct bed *b, const char *to, const char *text)
{
	struct person *p = person(b, to ? to : "Ann");
	struct str log = p ? buf_str(&p->seat.log) : STR_NONE;
	char line[1024], own[1032];

	snprintf(line, sizeof(line), to ? ": %s (private)\n" : ": %s\n", text);
	snprintf(own, sizeof(own), "Ann%s", line);
	return count(log, line) - count(log, own);
}

static bool local_sees(struct bed *b, const char *nick)
{
	return seat_by_nick(&person(b, "Ann")->seat.seat, str_z(nick));
}

#define CONFIG                                                                 \
	"domain \"chat.test\" { rooms = local secret = \"x\" create = any "    \
	"quarantine = 0 }\n"

#define LOCAL                                                                  \
	.config = CONFIG, .room = "r@chat.test", .subject_by = "Ann",          \
	.promised = {REASON_OK, REASON_FORBIDDEN, REASON_FORBIDDEN,            \
		     REASON_NO_VOICE},                                         \
	.history = local_history, .mute = local_mute, .tells_actor = true,     \
	.up = local_up, .down = local_down, .settle = local_settle,            \
	.refuse = local_refuse, .enter = local_enter, .go = local_go,          \
	.say = local_say, .whisper = local_whisper, .rename = local_rename,    \
	.show = local_show, .subject = local_subject, .kick = local_kick,      \
	.close = local_close, .shut_down = local_shut_down,                    \
	.promote = local_promote, .hush = local_hush, .heard = local_heard,    \
	.sees = local_sees

static const struct bed_kind sip = {
    .name = "local room, SIP user", .world = WORLD_SIP, LOCAL};
static const struct bed_kind xmpp = {
    .name = "local room, XMPP user", .world = WORLD_XMPP, LOCAL};

const struct bed_kind *const bed_kinds[] = {&sip, &xmpp};
const size_t n_bed_kinds = 2;
