/* What the room says: messages, history, the subject, its properties (S2X-34 to
 * S2X-38, RFC 7702 §6.3). */
#include "gateway/back_muc_priv.h"

#include "base/log.h"
#include "mapping/message.h"
#include "mapping/reason.h"

#define TEXT_MAX 262144 /* octets of a message's strings */

static const struct map_message_cfg to_neutral = {.room_elsewhere = true};

void proxy_tell_info(struct proxy *p, unsigned changed)
{
	const struct known_room *k = muc_known(p->b, p->room);
	struct room_info info = {.max_history = SIZE_MAX};

	if (k)
		info = k->info;
	info.non_anonymous = p->codes & SAID_NON_ANONYMOUS;
	info.logged = p->codes & SAID_LOGGED;
	leg_info(p->leg, &info, changed);
}

void proxy_on_status(struct proxy *p, unsigned codes)
{
	unsigned before = p->codes, changed = 0;

	if (codes & SAID_LOGGED)
		p->codes |= SAID_LOGGED;
	if (codes & SAID_NOT_LOGGED)
		p->codes &= ~SAID_LOGGED;
	if (codes & SAID_NON_ANONYMOUS)
		p->codes |= SAID_NON_ANONYMOUS;
	if (codes & SAID_SEMI_ANONYMOUS)
		p->codes &= ~SAID_NON_ANONYMOUS;
	if (codes & SAID_CONFIGURED)
		changed |= CHANGED_SETTINGS;
	if ((before ^ p->codes) & SAID_LOGGED)
		changed |= CHANGED_LOGGED;
	if ((before ^ p->codes) & SAID_NON_ANONYMOUS)
		changed |= CHANGED_ANONYMITY;
	if (changed)
		proxy_tell_info(p, changed);
}

/* --- history that comes twice (S2X-38) --- */

static struct str body_of(const struct proxy *p, const struct muc_said *in)
{
	return x_text(x_child(in->stanza, "body", NS_CLIENT), p->b->arena);
}

static uint64_t mark_of(const struct proxy *p, const struct muc_said *in)
{
	struct str body = body_of(p, in);
	uint64_t seed = p->b->mark_seed;

	if (in->stanza_id.n)
		return str_hash(in->stanza_id, seed);
	return str_hash(in->from.resource, seed) ^ str_hash(body, seed + 1) ^
	       str_hash(in->id, seed + 2);
}

/* Said before he came in at first, after which nothing was missed. Many a room
 * tells whole seconds only. */
static bool is_before_him(const struct proxy *p, const struct muc_said *in)
{
	return p->catch_up && in->time_ms &&
	       in->time_ms + 1000 <= p->entered_ms;
}

static void note_seen(struct proxy *p, const struct muc_said *in, uint64_t mark)
{
	uint64_t now = loop_wall_ms(p->b->loop);

	seen_add(&p->seen, mark, loop_now_ms(p->b->loop));
	if (!x_child(in->stanza, "body", NS_CLIENT))
		return; /* histories have none of those */
	p->last_ms = in->delayed && in->time_ms ? in->time_ms : now;
	proxy_has_heard(p, mark, p->last_ms);
}

/* --- messages --- */

static bool is_known_elsewhere(const struct proxy *p, const struct muc_said *in,
			       uint64_t now)
{
	const struct proxy *o = NULL;

	while ((o = muc_sibling(p, o)))
		if (echo_knows(o->echoes, in->id, now) ||
		    echo_knows(o->echoes, in->origin_id, now))
			return true;
	return false;
}

static enum echo_verdict match_echo(struct proxy *p, const struct muc_said *in,
				    struct str body, struct sending **out)
{
	const struct known_room *k = muc_known(p->b, p->room);
	uint64_t now = loop_now_ms(p->b->loop);
	struct echo_seen seen = {
	    .nick = in->from.resource,
	    .id = in->id,
	    .origin_id = in->origin_id,
	    .body = body,
	    .delayed = in->delayed,
	};
	struct echo_context c = {
	    .nick = buf_str(&p->nick),
	    .known_id = is_known_elsewhere(p, in, now),
	    .rewrites = k && !k->stable_ids,
	    .other_device = muc_sibling(p, NULL),
	};
	enum echo_verdict v;
	void *data;

	v = echo_match(p->echoes, &seen, &c, now, &data);
	*out = data;
	return v;
}

/* BODY-30: not in the future. */
static uint64_t said_at(const struct proxy *p, const struct muc_said *in)
{
	uint64_t now = loop_wall_ms(p->b->loop);

	return in->time_ms && in->time_ms < now ? in->time_ms : now;
}

/* NULL: it can't be read, or holds nothing for SIP users. */
static struct message *read_text(struct proxy *p, const struct muc_said *in,
				 bool private)
{
	struct message *m = message_new(TEXT_MAX);

	m->private = private;
	if (map_stanza_to_message(in->stanza, &to_neutral, m) == 0 &&
	    (m->n_parts || m->has_subject || m->receipt_of.n)) {
		m->id = arena_dup(m->arena, in->stanza_id);
		return m;
	}
	log_debug(p->b->log, "muc.no_text", "room=%s", LOGQ(p->room));
	message_unref(m);
	return NULL;
}

static void show(struct proxy *p, const struct muc_said *in, struct message *m)
{
	p->b->stats.messages_in++;
	leg_message(p->leg, m, in->from.resource, said_at(p, in), in->delayed,
		    NULL);
}

static void on_groupchat(struct proxy *p, const struct muc_said *in)
{
	uint64_t mark = mark_of(p, in);
	struct sending *own;
	struct message *m;

	if (in->delayed)
		proxy_history_has(p, mark);
	switch (match_echo(p, in, body_of(p, in), &own)) {
	case ECHO_OWN:
		note_seen(p, in, mark);
		proxy_echoed(p, own, in);
		return;
	case ECHO_AGAIN:
		proxy_history_known(p);
		return;
	case ECHO_NONE:
		break;
	}
	if (in->delayed && (seen_has(&p->seen, mark) || is_before_him(p, in))) {
		proxy_history_known(p);
		return;
	}
	if (in->delayed && proxy_history_waits(p, in, mark))
		return;
	note_seen(p, in, mark);
	m = read_text(p, in, false);
	if (!m)
		return;
	show(p, in, m);
	message_unref(m);
}

static bool takes_private(const struct proxy *p)
{
	const struct occupant *self = leg_self(p->leg);
	const struct device *d = self ? self->devices : NULL;

	while (d && !d->private_messages)
		d = d->next;
	return d;
}

/* S2X-35, S2X-36 */
static void on_private(struct proxy *p, const struct muc_said *in)
{
	const struct occupant *self = leg_self(p->leg);
	struct message *m;

	if (!in->from.resource.n || !self) {
		muc_error(p->b, in, "message", muc_unavailable);
		return;
	}
	if (!takes_private(p)) {
		muc_error(p->b, in, "message", muc_not_taken);
		return;
	}
	m = read_text(p, in, true);
	if (!m)
		return;
	m->to = self->id;
	show(p, in, m);
	message_unref(m);
}

static void on_notice(struct proxy *p, const struct muc_said *in)
{
	struct message *m = read_text(p, in, false);

	if (!m)
		return;
	m->no_store = true;
	show(p, in, m);
	message_unref(m);
}

/* --- the subject --- */

static bool is_topic(const struct proxy *p, struct str text)
{
	return str_eq(leg_topic(p->leg)->text, text);
}

static void on_subject(struct proxy *p, const struct muc_said *in)
{
	const struct occupant *by = leg_by_nick(p->leg, in->from.resource);
	struct wish *w = &p->subject_wish;
	bool own = w->open && !in->delayed &&
		   str_eq(in->from.resource, buf_str(&p->nick)) &&
		   (str_eq(in->id, str_z(w->id)) ||
		    str_eq(in->subject, buf_str(&w->text)));
	struct leg_cause cause = {0};
	struct subject s = {
	    .text = in->subject,
	    .nick = in->from.resource,
	    .stable_id = by ? by->stable_id : STR_NONE,
	    .time_ms = said_at(p, in),
	    .id = in->id,
	};
	bool first = !p->subject_told;

	if (own) {
		cause.seat = w->seat;
		cause.op = w->op;
	}
	p->subject_told = true;
	/* who catches up gets it once more, with the history */
	if (!p->catching_up || own || !is_topic(p, in->subject))
		leg_subject(p->leg, &s, first && !own, own ? &cause : NULL);
	if (first || p->catching_up)
		proxy_history_over(p);
	if (own)
		wish_done(p, w, REASON_OK);
}

void proxy_tell(struct proxy *p, const struct muc_said *in)
{
	if (in->kind == SAID_SUBJECT)
		on_subject(p, in);
	else
		on_groupchat(p, in);
}

static bool subject_refused(struct proxy *p, const struct muc_said *in)
{
	static const struct map_error_context none;
	struct wish *w = &p->subject_wish;

	if (!w->open || !str_eq(in->id, str_z(w->id)))
		return false;
	wish_done(p, w, map_error_to_unsaid(in->error, none));
	return true;
}

/* --- */

static void on_bounce(struct proxy *p, const struct muc_said *in)
{
	if (!subject_refused(p, in) && !proxy_invite_bounced(p, in))
		proxy_unsaid(p, in);
}

void proxy_on_message(struct proxy *p, const struct muc_said *in)
{
	if (in->kind == SAID_BOUNCE) {
		on_bounce(p, in);
		return;
	}
	if (p->phase == PROXY_CREATING &&
	    (in->kind == SAID_TO_ALL || in->kind == SAID_SUBJECT)) {
		proxy_keep(p, in, mark_of(p, in));
		return;
	}
	if (p->phase != PROXY_IN)
		return;
	switch (in->kind) {
	case SAID_TO_ALL:
		proxy_on_status(p, in->codes);
		if (in->delayed || !proxy_keep(p, in, mark_of(p, in)))
			on_groupchat(p, in);
		break;
	case SAID_ARCHIVED:
		if (proxy_has_asked(p, in))
			on_groupchat(p, in);
		break;
	case SAID_SUBJECT:
		on_subject(p, in);
		break;
	case SAID_STATUS:
		proxy_on_status(p, in->codes);
		break;
	case SAID_PRIVATE:
		on_private(p, in);
		break;
	case SAID_NOTICE:
		on_notice(p, in);
		break;
	default:
		break;
	}
}
