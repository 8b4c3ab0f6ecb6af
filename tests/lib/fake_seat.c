#include "tests/lib/fake_seat.h"

static const char *const reasons[] = {
#define X(name, text) #name,
    REASON_TABLE(X)
#undef X
};

static void add_changes(struct buf *b, const struct seat_ev *ev)
{
	const struct occupant *o = ev->who;
	struct str was = ev->old_nick;

	if (ev->changed & CHANGED_NICK)
		buf_addf(b, " nick=%.*s (was %.*s)", STR_ARG(o->nick),
			 STR_ARG(was));
	if (ev->changed & CHANGED_PRESENCE)
		buf_addf(b, " presence=%.*s/%.*s", STR_ARG(o->presence.show),
			 STR_ARG(o->presence.status));
	if (ev->changed & CHANGED_ROLE)
		buf_addf(b, " role=%d", (int)o->role);
	if (ev->changed & CHANGED_DEVICES)
		buf_addf(b, " devices=%zu", o->n_devices);
	if (!(ev->changed & CHANGED_NICK) && was.n)
		buf_addf(b, " was %.*s", STR_ARG(was));
}

static void add_reason(struct buf *b, const struct reason *r)
{
	buf_addz(b, reasons[r->code]);
	if (r->text.n)
		buf_addf(b, " %.*s", STR_ARG(r->text));
	if (r->actor.n)
		buf_addf(b, " by %.*s", STR_ARG(r->actor));
	if (r->venue.n)
		buf_addf(b, " to %.*s", STR_ARG(r->venue));
}

static void add_message(struct buf *b, const struct seat_ev *ev)
{
	const struct message *m = ev->msg;

	buf_addf(b, "%.*s:", STR_ARG(m->nick));
	for (size_t i = 0; i < m->n_parts; i++)
		buf_addf(b, " %.*s", STR_ARG(m->parts[i].body));
	if (m->private)
		buf_addz(b, " (private)");
}

static void add_who(struct buf *b, const char *what, const struct seat_ev *ev)
{
	struct str nick = ev->who ? ev->who->nick : STR("-");

	buf_addf(b, "%s %.*s", what, STR_ARG(nick));
}

static void add_event(struct buf *b, const struct seat_ev *ev)
{
	switch (ev->type) {
	case SEAT_JOINED:
		add_who(b, "joined", ev);
		buf_addz(b, ev->created ? " created" : "");
		buf_addz(b, ev->renamed ? " renamed" : "");
		break;
	case SEAT_OCCUPANT_JOINED:
		add_who(b, "+", ev);
		add_changes(b, ev);
		break;
	case SEAT_OCCUPANT_CHANGED:
		add_who(b, "~", ev);
		add_changes(b, ev);
		break;
	case SEAT_OCCUPANT_LEFT:
		add_who(b, "-", ev);
		buf_addc(b, ' ');
		add_reason(b, &ev->reason);
		break;
	case SEAT_MESSAGE:
		add_message(b, ev);
		break;
	case SEAT_SUBJECT_SET:
		buf_addf(b, "subject '%.*s' by %.*s",
			 STR_ARG(ev->subject->text),
			 STR_ARG(ev->subject->nick));
		break;
	case SEAT_ROOM_CHANGED:
		buf_addz(b, "room");
		break;
	case SEAT_VOICE_ASKED:
		add_who(b, "voice?", ev);
		break;
	case SEAT_RESULT:
		buf_addz(b, "= ");
		add_reason(b, &ev->reason);
		break;
	case SEAT_UNDELIVERED:
		buf_addf(b, "undelivered %.*s ", STR_ARG(ev->client_id));
		add_reason(b, &ev->reason);
		break;
	case SEAT_ENDED:
		buf_addz(b, "ended ");
		add_reason(b, &ev->reason);
		break;
	}
}

static void on_event(void *front, const struct seat_ev *ev)
{
	struct fake_seat *f = front;

	add_event(&f->log, ev);
	if (ev->delayed)
		buf_addz(&f->log, " (delayed)");
	if (ev->own_op)
		buf_addf(&f->log, " op=%llu", (unsigned long long)ev->own_op);
	buf_addc(&f->log, '\n');
	if (f->then)
		f->then(f, ev);
}

static const struct seat_front_ops ops = {.event = on_event};

void fake_seat_init(struct fake_seat *f)
{
	*f = (struct fake_seat){.log = BUF_INIT(SIZE_MAX)};
	f->seat.front_ops = &ops;
	f->seat.front = f;
}

void fake_seat_done(struct fake_seat *f)
{
	buf_done(&f->log);
}

const char *fake_seat_heard(struct fake_seat *f)
{
	const char *z = buf_z(&f->log);

	buf_clear(&f->log);
	return z;
}
