#include "gateway/back_sip_priv.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/precis.h"

#define ARENA_MAX 262144
#define NICK_MAX  1023

struct back_sip *back_sip_new(const struct back_sip_cfg *cfg)
{
	struct back_sip *b = mem_new(sizeof(*b));

	b->cfg = *cfg;
	b->loop = cfg->loop;
	b->log = loop_log(cfg->loop);
	TAILQ_INIT(&b->legs);
	TAILQ_INIT(&b->documents);
	b->by_key = table_new();
	b->dialogs = table_new();
	b->blocked = table_new();
	b->uac = uac_new(&(struct uac_cfg){
	    .loop = cfg->loop,
	    .dns = cfg->dns,
	    .config = cfg->config,
	    .send = cfg->send,
	    .request_id = cfg->request_id,
	    .user = cfg->user,
	});
	return b;
}

const struct domain_config *bs_domain(const struct bs_leg *l)
{
	return config_section(l->b->cfg.config, l->domain);
}

/* --- keys and names --- */

static char *key_of(struct str room, struct str user, struct str nick)
{
	struct buf b = BUF_INIT(65536);
	char *z;

	buf_addf(&b, "%.*s\n%.*s\n%.*s", STR_ARG(room), STR_ARG(user),
		 STR_ARG(nick));
	z = str_dup(buf_str(&b));
	buf_done(&b);
	return z;
}

static void unlist(struct bs_leg *l)
{
	if (table_get_str(l->b->by_key, str_z(l->key)) == l)
		table_del_str(l->b->by_key, str_z(l->key));
}

/* No other leg loses its place by it. */
static void list(struct bs_leg *l)
{
	if (!table_get_str(l->b->by_key, str_z(l->key)))
		table_put_str(l->b->by_key, str_z(l->key), l);
}

void bs_set_nick(struct bs_leg *l, struct str nick)
{
	char *fresh = str_dup(nick);

	unlist(l);
	free(l->nick);
	l->nick = fresh;
	free(l->key);
	l->key = key_of(l->room, l->user, str_z(l->nick));
	list(l);
}

struct bs_leg *bs_leg_find(const struct back_sip *b,
			   const struct seat_join *join)
{
	char *key = key_of(join->room, join->user, join->nick);
	struct bs_leg *l = table_get_str(b->by_key, str_z(key));

	free(key);
	return l;
}

/* --- legs --- */

static struct bs_leg *bs_leg_new(struct back_sip *b,
				 const struct seat_join *join)
{
	struct bs_leg *l = mem_new(sizeof(*l));
	ptrdiff_t at = str_rfind(join->room, '@');

	l->b = b;
	l->arena = arena_new(ARENA_MAX);
	l->room = arena_dup(l->arena, join->room);
	l->domain = str_from(l->room, (size_t)(at + 1));
	l->user = arena_dup(l->arena, join->user);
	l->nick = str_dup(join->nick);
	l->key = key_of(l->room, l->user, join->nick);
	l->show = str_dup(join->presence.show);
	l->status = str_dup(join->presence.status);
	l->subject = str_dup(STR_NONE);
	l->title = str_dup(STR_NONE);
	l->role = ROLE_PARTICIPANT;
	l->affiliation = AFF_NONE;
	l->users = table_new();
	for (int i = 0; i < BS_PLACES; i++)
		TAILQ_INIT(&l->placed[i]);
	l->by_shown = table_new();
	TAILQ_INIT(&l->ops);
	TAILQ_INIT(&l->heard);
	bs_notes_init(&l->awaited);
	bs_notes_init(&l->owed);
	bs_notes_init(&l->sent);
	TAILQ_INIT(&l->refers);
	TAILQ_INIT(&l->moves);
	l->leg = leg_new(
	    &(struct leg_cfg){
		.loop = b->loop,
		.ops = &bs_leg_ops,
		.user = l,
		.last_id = &b->last_id,
		.bridged = b->cfg.bridged,
		.max_occupants = b->cfg.config->limits.leg_occupants,
		.max_octets = b->cfg.config->limits.leg_roster,
	    },
	    join);
	leg_info(l->leg, &(struct room_info){.persistent = true}, 0);
	TAILQ_INSERT_TAIL(&b->legs, l, link);
	b->stats.legs++;
	list(l);
	return l;
}

static void leg_release(void *p)
{
	struct bs_leg *l = p;

	bs_roster_free(l);
	free(l->key);
	free(l->nick);
	free(l->old_nick);
	free(l->show);
	free(l->status);
	free(l->subject);
	free(l->title);
	free(l->sdp);
	free(l->answer);
	free(l->seen);
	free(l->known);
	free(l->away.why);
	bs_notes_clear(&l->awaited);
	bs_notes_clear(&l->owed);
	bs_notes_clear(&l->sent);
	arena_free(l->arena);
	free(l);
}

/* What he said without an answer so far was not said. */
static void fail_ops(struct bs_leg *l)
{
	struct bs_op *o;

	while ((o = TAILQ_FIRST(&l->ops)))
		bs_op_fail(l, o, REASON_LOST);
}

void bs_end(struct bs_leg *l, struct reason why, bool bye)
{
	struct back_sip *b = l->b;

	if (l->ended)
		return;
	l->ended = true;
	log_info(b->log, "back_sip.leave", "room=%s user=%s why=\"%s\"",
		 LOGQ(l->room), LOGQ(l->user), reason_text(why.code));
	unlist(l);
	TAILQ_REMOVE(&b->legs, l, link);
	b->stats.legs--;
	if (l->state != BS_OPEN && !l->away.on && why.code != REASON_LEFT)
		b->stats.refused++;
	timer_cancel(b->loop, &l->timer);
	timer_cancel(b->loop, &l->away.timer);
	timer_cancel(b->loop, &l->away.limit);
	timer_cancel(b->loop, &l->overdue);
	bs_timer_stop(l);
	reach_cancel(l->reach);
	l->reach = NULL;
	bs_watch_end(l);
	bs_document_drop(l);
	bs_refer_end(l);
	bs_call_end(l, why, bye);
	if (l->session)
		msrp_session_free(l->session);
	l->session = NULL;
	bs_drop_heard(l);
	bs_move_end(l, why);
	fail_ops(l);
	leg_ended(l->leg, why);
	leg_free(l->leg);
	defer_free(b->loop, l, leg_release);
}

void bs_end_code(struct bs_leg *l, enum reason_code code, const char *text)
{
	/* a call that was to replace one has failed (X2S-31) */
	if (l->away.on && code != REASON_ROOM_GONE && code != REASON_UNTRUSTED)
		code = REASON_LOST;
	bs_end(l, (struct reason){.code = code, .text = str_z(text)}, true);
}

/* After a new call: he never was out of the room. */
static void open_again(struct bs_leg *l)
{
	const struct occupant *self = leg_self(l->leg);

	if (self && !str_eq(self->nick, str_z(l->nick)))
		leg_rename(l->leg, self->nick, str_z(l->nick), NULL);
	if (l->watch.refused) { /* and nobody says who is there still */
		bs_roster_doubt(l);
		bs_roster_drop(l, SIZE_MAX);
	}
	if (!l->ended)
		bs_roster_put_self(l, NULL);
	bs_tell_heard(l);
	if (!l->ended)
		bs_back(l);
}

/* The order of XEP-0045 §7.1: people, the user himself, what was said before,
 * the subject, what is said now. */
void bs_open(struct bs_leg *l)
{
	struct subject s = {.text = str_z(l->subject)};

	if (l->state == BS_OPEN || l->ended)
		return;
	timer_cancel(l->b->loop, &l->timer);
	if (bs_move_waits(l))
		return;
	l->state = BS_OPEN;
	if (l->away.on) {
		open_again(l);
		return;
	}
	l->b->stats.joins++;
	log_info(l->b->log, "back_sip.join", "room=%s user=%s nick=%s",
		 LOGQ(l->room), LOGQ(l->user), LOGQ(str_z(l->nick)));
	bs_roster_put_self(l, NULL);
	leg_opened(l->leg, str_z(l->nick), false, l->renamed);
	bs_tell_old(l);
	if (!l->ended)
		leg_subject(l->leg, &s, true, NULL);
	bs_move_done(l);
	bs_tell_heard(l);
	bs_know_since(l, l->bound_ms);
}

static void refused_again(void *user)
{
	struct bs_leg *l = user;

	bs_end(l, bs_blocked_why(l), false);
}

enum reason_code bs_leg_begin(struct back_sip *b, const struct seat_join *join,
			      struct bs_leg **out)
{
	struct bs_leg *l = bs_leg_new(b, join);
	enum reason_code why = bs_fill_addresses(l, join);

	if (why == REASON_OK)
		why = bs_sdp_offer(l);
	if (why != REASON_OK)
		bs_end(l, (struct reason){.code = why}, false);
	*out = l;
	return why;
}

static enum reason_code begin(struct back_sip *b, const struct seat_join *join,
			      struct seat *seat, bool renamed)
{
	struct bs_leg *l;
	enum reason_code why = bs_leg_begin(b, join, &l);

	if (why != REASON_OK)
		return why;
	l->renamed = renamed;
	leg_attach(l->leg, join, seat);
	if (bs_blocked_ms(l))
		timer_set(b->loop, &l->timer, 0, refused_again, l);
	else
		bs_call_begin(l);
	return REASON_OK;
}

/* A subscription to a room that he is in. */
static enum reason_code watch(struct back_sip *b, const struct seat_join *join,
			      struct seat *seat)
{
	struct bs_leg *l;

	TAILQ_FOREACH (l, &b->legs, link)
		if (str_eq(l->room, join->room) &&
		    str_eq(l->user, join->user)) {
			leg_attach(l->leg, join, seat);
			return REASON_OK;
		}
	return REASON_NOT_JOINED;
}

/* renamed: under another nickname than he wanted. */
static enum reason_code enter(struct back_sip *b, const struct seat_join *join,
			      struct seat *seat, bool renamed)
{
	struct bs_leg *l = bs_leg_find(b, join);

	if (l) {
		leg_attach(l->leg, join, seat);
		return REASON_OK;
	}
	if (b->stats.legs >= b->cfg.config->limits.dialogs)
		return REASON_OVERLOAD;
	return begin(b, join, seat, renamed);
}

enum reason_code back_sip_join(struct back_sip *b, const struct seat_join *join,
			       struct seat *seat)
{
	struct buf nick = BUF_INIT(NICK_MAX);
	struct seat_join j = *join;
	enum reason_code why = REASON_BAD_NICK;

	if (b->stopping)
		return REASON_SHUTDOWN;
	if (join->observer)
		return watch(b, join, seat);
	if (precis_nickname(&nick, join->nick) == 0) { /* NICK-1 */
		j.nick = buf_str(&nick);
		why = enter(b, &j, seat, !str_eq(j.nick, join->nick));
	}
	buf_done(&nick);
	return why;
}

/* --- events --- */

static bool is_refer(const struct port_msg *m)
{
	struct str event = m->f[PORT_F_EVENT];

	return str_ieq(str_trim(str_split(&event, ';')), STR("refer"));
}

static void on_notify(struct bs_dialog *d, const struct port_msg *m)
{
	struct bs_dialog *refer = d->use == BS_REFER ? d : NULL;

	if (d->use == BS_CALL && d->leg)
		refer = d->leg->referring;
	if (is_refer(m) && refer)
		bs_refer_notify(refer, m);
	else if (!is_refer(m) && d->leg && d->use != BS_REFER)
		bs_watch_notify(d->leg, d, m);
	else if (!is_refer(m) && d->use == BS_WATCH)
		bs_watch_last(d, m);
	else if (!m->status)
		bs_answer(d->b, m, 481, NULL);
}

static void on_request(struct bs_dialog *d, const struct port_msg *m)
{
	if (str_eq(m->f[PORT_F_METHOD], STR("NOTIFY")))
		on_notify(d, m);
	else if (d->use == BS_CALL && d->leg && d->made)
		bs_call_request(d->leg, m);
	else if (!str_eq(m->f[PORT_F_METHOD], STR("BYE")))
		bs_answer(d->b, m, 481, NULL);
}

static void on_dialog(struct bs_dialog *d, const struct port_msg *m)
{
	free(d->target);
	d->target = str_dup(m->f[PORT_F_TARGET]);
}

bool back_sip_event(struct back_sip *b, const struct port_msg *m)
{
	struct bs_dialog *d;

	if (m->type == PORT_RESPONSE || m->type == PORT_PROGRESS)
		return uac_event(b->uac, m);
	d = m->dlg ? table_get(b->dialogs, m->dlg) : NULL;
	if (!d)
		return false;
	if (m->type == PORT_REQUEST)
		on_request(d, m);
	else if (m->type == PORT_ACK && d->leg && d->use == BS_CALL)
		bs_call_ack(d->leg, m);
	else if (m->type == PORT_DIALOG)
		on_dialog(d, m);
	return true;
}

/* --- the end --- */

static void end_all(struct back_sip *b, bool bye)
{
	while (!TAILQ_EMPTY(&b->legs))
		bs_end(TAILQ_FIRST(&b->legs),
		       (struct reason){.code = REASON_SHUTDOWN}, bye);
}

void back_sip_shutdown(struct back_sip *b)
{
	b->stopping = true;
	end_all(b, true);
}

bool back_sip_busy(const struct back_sip *b)
{
	return uac_busy(b->uac);
}

void back_sip_free(struct back_sip *b)
{
	struct bs_dialog *d;

	if (!b)
		return;
	b->stopping = true;
	end_all(b, false);
	timer_cancel(b->loop, &b->reading);
	TABLE_FOREACH (b->dialogs, it, d)
		bs_dialog_free(d);
	bs_unblock_all(b);
	uac_free(b->uac);
	table_free(b->by_key);
	table_free(b->dialogs);
	table_free(b->blocked);
	free(b);
}

struct back_sip_stats back_sip_stats(const struct back_sip *b)
{
	return b->stats;
}
