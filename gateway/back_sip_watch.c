/* The subscription to a conference's events (RFC 4575, RFC 6665, RFC 7702
 * §5.3), and what is done where there is none. */
#include "gateway/back_sip_priv.h"
#include "msrp/cpim.h"

#define EXPIRES_S     3600
#define FIRST_MS      5000 /* X2S-17 */
#define AGAIN_MS      2000 /* until the whole list is asked for again */
#define AGAIN_MOST    5	   /* times, each after twice as long */
#define RETRY_MS      60000
#define NOTIFY_ACCEPT "Accept: application/conference-info+xml\r\n"

static void subscribe(struct bs_leg *l);

static void fill(struct port_msg *m, int64_t expires)
{
	m->f[PORT_F_METHOD] = STR("SUBSCRIBE");
	m->f[PORT_F_EVENT] = STR("conference");
	m->f[PORT_F_HEADERS] = STR(NOTIFY_ACCEPT);
	m->expires = expires;
}

static void no_roster(void *user)
{
	bs_open(user);
}

/* There is no list to be had: the user sees himself, and who speaks. */
static void without(struct bs_leg *l)
{
	l->watch.refused = true;
	timer_cancel(l->b->loop, &l->watch.timer);
	timer_cancel(l->b->loop, &l->watch.again);
	if (l->state == BS_WATCHING)
		bs_open(l);
}

static void drop_watcher(struct bs_leg *l)
{
	if (l->watcher)
		bs_dialog_free(l->watcher);
	l->watcher = NULL;
}

/* --- refreshing --- */

static void on_refreshed(void *user, const struct port_msg *m);

static void refresh(void *user)
{
	struct bs_leg *l = user;
	struct bs_dialog *d = l->watch.inside ? l->call : l->watcher;
	struct port_msg m = port_msg(PORT_SEND);

	if (!d || !d->made) {
		subscribe(l);
		return;
	}
	fill(&m, EXPIRES_S);
	bs_dialog_send(d, &m, on_refreshed);
}

static void refresh_in(struct bs_leg *l, int64_t expires_s)
{
	uint64_t s = expires_s > 0 ? (uint64_t)expires_s : EXPIRES_S;

	if (s > EXPIRES_S)
		s = EXPIRES_S;
	s = s > 120 ? s - 60 : s / 2 + 1;
	timer_set(l->b->loop, &l->watch.timer, s * 1000, refresh, l);
}

static void try_later(struct bs_leg *l, uint64_t ms)
{
	timer_set(l->b->loop, &l->watch.timer, ms, refresh, l);
}

/* Which leg's subscription a response is of. */
static struct bs_leg *leg_of(void *user, const struct port_msg *m)
{
	struct bs_dialog *d = bs_dialog_of(user, m);

	return d && m->type == PORT_RESPONSE ? d->leg : NULL;
}

/* A subscription that is gone is made anew (RFC 6665 §4.1.2.3). */
static void on_refreshed(void *user, const struct port_msg *m)
{
	struct bs_leg *l = leg_of(user, m);

	if (!l)
		return;
	if (m->status / 100 == 2) {
		refresh_in(l, m->expires);
	} else if (m->status == 481) {
		drop_watcher(l);
		subscribe(l);
		if (!l->away.on) /* maybe it has forgotten all of us */
			bs_timer_probe(l);
	} else {
		try_later(l, RETRY_MS);
	}
}

/* --- subscribing --- */

static void on_inside(void *user, const struct port_msg *m)
{
	struct bs_leg *l = leg_of(user, m);

	if (!l)
		return;
	if (m->status / 100 == 2)
		refresh_in(l, m->expires);
	else
		without(l);
}

/* Once, in the call's dialog (X2S-6). */
static void subscribe_inside(struct bs_leg *l)
{
	struct port_msg m = port_msg(PORT_SEND);

	l->watch.inside = true;
	fill(&m, EXPIRES_S);
	bs_dialog_send(l->call, &m, on_inside);
}

static void on_subscribed(void *user, const struct port_msg *m)
{
	struct bs_dialog *d = bs_dialog_responded(user, m);
	struct port_msg off = port_msg(PORT_SEND);
	struct bs_leg *l = d ? d->leg : NULL;

	if (!d)
		return;
	if (m->status / 100 == 2) {
		bs_dialog_made(d, m);
		if (l) {
			refresh_in(l, m->expires);
		} else { /* the user has left meanwhile */
			fill(&off, 0);
			bs_dialog_end(d, &off);
		}
		return;
	}
	if (l)
		l->watcher = NULL;
	bs_dialog_free(d);
	if (!l)
		return;
	if ((m->status == 403 || m->status == 481) && !bs_has_gruu(l))
		subscribe_inside(l);
	else if (m->status == 408 || m->status >= 500)
		try_later(l, RETRY_MS);
	else
		without(l);
}

static void subscribe(struct bs_leg *l)
{
	struct port_msg m = port_msg(PORT_DIAL);

	l->watch.inside = false;
	l->watch.has_version = false;
	drop_watcher(l);
	l->watcher = bs_dialog_new(l, BS_WATCH);
	fill(&m, EXPIRES_S);
	m.f[PORT_F_RURI] = str_z(l->call->target);
	bs_dialog_begin(l->watcher, &m, on_subscribed);
}

void bs_watch_begin(struct bs_leg *l)
{
	timer_set(l->b->loop, &l->timer, FIRST_MS, no_roster, l);
	subscribe(l);
}

void bs_watch_end(struct bs_leg *l)
{
	struct port_msg m = port_msg(PORT_SEND);
	struct bs_dialog *d = l->watcher;

	timer_cancel(l->b->loop, &l->watch.timer);
	timer_cancel(l->b->loop, &l->watch.again);
	l->watcher = NULL;
	if (!d)
		return;
	d->leg = NULL;
	if (!d->made)
		return; /* its outcome ends it */
	fill(&m, 0);
	bs_dialog_end(d, &m);
}

static void ask(void *user)
{
	struct bs_leg *l = user;

	l->watch.asked++;
	l->watch.asked_ms = loop_now_ms(l->b->loop);
	refresh(l);
}

/* Not more often than a focus can bear whose versions never fit, or whose list
 * we can't read. */
void bs_watch_again(struct bs_leg *l)
{
	uint64_t now = loop_now_ms(l->b->loop), due;
	struct bs_watch *w = &l->watch;

	if (bs_watch_gave_up(l))
		return;
	w->waits_full = true;
	if (w->asked == AGAIN_MOST) {
		w->asked++;
		log_warn(l->b->log, "back_sip.roster_stale",
			 "room=%s user=%s asked=%d", LOGQ(l->room),
			 LOGQ(l->user), AGAIN_MOST);
		return;
	}
	due = w->asked_ms + (w->asked ? AGAIN_MS << (w->asked - 1) : 0);
	if (due > now)
		timer_set(l->b->loop, &w->again, due - now, ask, l);
	else
		ask(l);
}

void bs_watch_whole(struct bs_leg *l)
{
	l->watch.waits_full = false;
	l->watch.asked = 0;
	timer_cancel(l->b->loop, &l->watch.again);
}

bool bs_watch_gave_up(const struct bs_leg *l)
{
	return l->watch.asked > AGAIN_MOST;
}

/* --- NOTIFY --- */

static bool is_conference(const struct port_msg *m)
{
	struct str event = m->f[PORT_F_EVENT];

	return str_ieq(str_trim_space(str_split(&event, ';')),
		       STR("conference"));
}

/* RFC 6665 §4.1.3: why it has ended tells whether to come again. */
static void on_terminated(struct bs_leg *l, struct str state)
{
	struct str reason = mime_param(state, STR("reason"));
	uint64_t after = 0;

	str_u64(mime_param(state, STR("retry-after")), 86400, &after);
	if (!l->watch.inside)
		drop_watcher(l);
	if (str_ieq(reason, STR("rejected")) ||
	    str_ieq(reason, STR("noresource")) ||
	    str_ieq(reason, STR("invariant")))
		without(l);
	else if (str_ieq(reason, STR("probation")) ||
		 str_ieq(reason, STR("giveup")) || after)
		try_later(l, after ? after * 1000 : RETRY_MS);
	else
		try_later(l, AGAIN_MS);
}

/* What it says we shall not know. */
static void missed(struct bs_leg *l, int status)
{
	log_info(l->b->log, "back_sip.notify_refused",
		 "room=%s user=%s status=%d", LOGQ(l->room), LOGQ(l->user),
		 status);
	bs_watch_again(l);
}

static bool has_document(const struct port_msg *m)
{
	return m->f[PORT_F_BODY].n &&
	       str_ieq(mime_type(m->f[PORT_F_TYPE]),
		       STR("application/conference-info+xml"));
}

/* Answers it; false: it has been refused. */
static bool take_document(struct bs_leg *l, const struct port_msg *m)
{
	struct port_msg busy = port_msg(PORT_ANSWER);
	size_t n = has_document(m) ? m->f[PORT_F_BODY].n : 0;

	if (n > l->b->cfg.config->limits.leg_document) {
		bs_answer(l->b, m, 413, NULL);
		missed(l, 413);
		return false;
	}
	if (!bs_document_fits(l, n)) {
		busy.f[PORT_F_HEADERS] = STR("Retry-After: 5\r\n");
		bs_answer(l->b, m, 503, &busy);
		missed(l, 503);
		return false;
	}
	bs_answer(l->b, m, 200, NULL);
	if (n)
		bs_document_take(l, m->f[PORT_F_BODY]);
	return !l->ended;
}

void bs_watch_last(struct bs_dialog *d, const struct port_msg *m)
{
	if (!m->status)
		bs_answer(d->b, m, 200, NULL);
	if (!sip_is_last(m))
		return;
	d->over = true;
	if (!d->request)
		bs_dialog_free(d);
}

void bs_watch_notify(struct bs_leg *l, struct bs_dialog *d,
		     const struct port_msg *m)
{
	struct str state = m->f[PORT_F_SUB_STATE];
	bool ours = d->use != BS_CALL || l->watch.inside;
	uint64_t expires;

	if (m->status) { /* of a dialog that is there, if only by it */
		if (ours) {
			d->made = true;
			missed(l, m->status);
		}
		return;
	}
	if (!is_conference(m) || !ours) {
		bs_answer(l->b, m, is_conference(m) ? 481 : 489, NULL);
		return;
	}
	d->made = true; /* by this very NOTIFY, maybe */
	if (!take_document(l, m))
		return;
	if (sip_is_last(m))
		on_terminated(l, state);
	else if (str_u64(mime_param(state, STR("expires")), UINT32_MAX,
			 &expires) == 0 &&
		 !l->watch.waits_full)
		refresh_in(l, (int64_t)expires);
}
