/* The conference notifier: NOTIFYs of a room's roster, and when they go out
 * (RFC 4575, RFC 6665). */
#include <stdlib.h>

#include "gateway/front_sip_keep.h"
#include "gateway/front_sip_watch.h"

#include "base/mem.h"

#define NOTIFY_MAX  (4u << 20)
#define LONG_OCTETS 14000 /* not all proxies take more */
#define ROUND_MOST  50	  /* NOTIFYs a turn of the loop */
#define ROUND_MS    1	  /* until the next turn */
#define RETRY_MS    5000
#define RETRY_MOST  7 /* after so many failures the pause grows no more */
/* Rounds are at least this part of the interval apart: who is due a little
 * later than others goes with them from then on. */
#define ROUNDS 10

/* --- NOTIFY --- */

static void put_state(struct subscription *s, struct buf *headers)
{
	uint64_t now = loop_now_ms(s->f->loop);
	uint64_t left = s->expires_at_ms > now ? s->expires_at_ms - now : 0;

	buf_addf(headers, "Event: conference%s%s\r\n",
		 s->event_id ? ";id=" : "", s->event_id ? s->event_id : "");
	if (s->ended)
		buf_addf(headers,
			 "Subscription-State: terminated;reason=%s\r\n",
			 s->ended);
	else
		buf_addf(headers, "Subscription-State: active;expires=%llu\r\n",
			 (unsigned long long)(left / 1000));
}

static void send_notify(struct subscription *s)
{
	struct port_msg m = port_msg(PORT_SEND);
	struct buf body = BUF_INIT(NOTIFY_MAX), headers = BUF_INIT(1024);

	roster_write(s, &body, &m);
	subscription_keep_version(s);
	if (body.err) { /* tells at least that it goes on, or ends */
		log_warn(s->f->log, "sip.notify.too-big", "dlg=%llx room=%s",
			 (unsigned long long)s->dialog->id,
			 LOGQ(str_z(s->room)));
		buf_clear(&body);
		m.shared = NULL;
	}
	s->was_long = body.n + blob_str(m.shared).n > LONG_OCTETS;
	put_state(s, &headers);
	m.f[PORT_F_METHOD] = STR("NOTIFY");
	m.f[PORT_F_CONTACT] = str_z(s->contact);
	m.f[PORT_F_HEADERS] = buf_str(&headers);
	if (body.n)
		m.f[PORT_F_TYPE] = STR("application/conference-info+xml");
	m.f[PORT_F_BODY] = buf_str(&body);
	s->in_flight = true;
	s->final_sent = s->ended != NULL;
	s->last_ms = loop_now_ms(s->f->loop);
	s->f->stats.notifies++;
	dialog_send(s->dialog, s, &m);
	buf_done(&body);
	buf_done(&headers);
}

/* One in flight, one per interval; the reply to a SUBSCRIBE and the last one
 * are exempt from the interval (EVENT-9). */
void subscription_tell(struct subscription *s)
{
	s->need_full = true;
	if (!s->in_flight)
		send_notify(s);
}

/* --- rounds --- */

#define NEVER UINT64_MAX

/* Who refuses NOTIFYs, or can't be reached, is tried less and less often. */
static unsigned pause_ms(const struct subscription *s)
{
	unsigned n = s->failures < RETRY_MOST ? s->failures : RETRY_MOST;
	unsigned retry_ms = n ? RETRY_MS << (n - 1) : 0;

	if (!n && roster_in_parts(s))
		return 0;

	return s->interval_ms > retry_ms ? s->interval_ms : retry_ms;
}

static uint64_t due_ms(const struct subscription *s)
{
	if (s->in_flight || s->ended || s->returning || !roster_behind(s))
		return NEVER;
	return s->last_ms + pause_ms(s);
}

static void round_due(void *watched);

/* Who could be told at once is; others may wait for each other a little. */
static void schedule(struct watched_room *w, uint64_t due, unsigned interval_ms)
{
	uint64_t now = loop_now_ms(w->f->loop);

	if (due > now && due < w->tick_ms + interval_ms / ROUNDS)
		due = w->tick_ms + interval_ms / ROUNDS;
	timer_set(w->f->loop, &w->tick, due > now ? due - now : 0, round_due,
		  w);
}

/* Sets the time of the next round. */
static void arm(struct watched_room *w)
{
	const struct subscription *s, *first = NULL;
	uint64_t due = NEVER;

	w->armed = true;
	TAILQ_FOREACH (s, &w->watchers, watch_link) {
		uint64_t at = due_ms(s);

		if (at < due) {
			due = at;
			first = s;
		}
		if (at == NEVER && !s->ended && !roster_behind(s))
			w->armed = false; /* he may be due at once one day */
	}
	if (first)
		schedule(w, due, first->interval_ms);
	else
		timer_cancel(w->f->loop, &w->tick);
}

void watch_changed(struct watched_room *w)
{
	if (!w->armed)
		arm(w);
}

/* A long round is spread over turns of the loop, so that messages need not wait
 * for its end. */
static void round_due(void *watched)
{
	struct watched_room *w = watched;
	uint64_t now = loop_now_ms(w->f->loop);
	struct subscription *s;
	unsigned n = 0;

	TAILQ_FOREACH (s, &w->watchers, watch_link) {
		if (due_ms(s) > now)
			continue;
		if (n++ == ROUND_MOST) {
			timer_set(w->f->loop, &w->tick, ROUND_MS, round_due, w);
			return;
		}
		send_notify(s);
	}
	w->tick_ms = now;
	arm(w);
	if (!timer_pending(&w->tick))
		roster_forget_all(w); /* nobody needs the same soon */
}

/* His NOTIFY has been answered. */
static void go_on(struct subscription *s)
{
	struct watched_room *w = s->watched;
	uint64_t due = due_ms(s);

	if (due == NEVER)
		w->armed = false;
	else if (!timer_pending(&w->tick) || due < w->tick.at_ms)
		schedule(w, due, s->interval_ms);
}

void subscription_leave_seat(struct subscription *s)
{
	struct seat_cmd leave = {.type = SEAT_LEAVE, .code = REASON_LEFT};

	if (seat_in_room(&s->seat))
		seat_command(&s->seat, &leave);
}

void subscription_end(struct subscription *s, const char *why)
{
	if (s->ended)
		return;
	subscription_unkeep(s);
	s->ended = why;
	timer_cancel(s->f->loop, &s->expiry);
	subscription_tell(s);
}

static void free_memory(void *p)
{
	free(p);
}

void subscription_free(struct subscription *s)
{
	struct front_sip *f = s->f;
	struct request *r;

	TAILQ_FOREACH (r, &f->requests, link)
		if (r->subscription == s)
			r->subscription = NULL;
	subscription_leave_seat(s);
	subscription_unkeep(s);
	timer_cancel(f->loop, &s->expiry);
	watch_remove(s);
	free(s->room);
	free(s->user);
	free(s->event_id);
	free(s->contact);
	TAILQ_REMOVE(&s->dialog->subscriptions, s, link);
	f->n_subscriptions--;
	defer_free(f->loop, s, free_memory);
}

/* Statuses after which the subscriber is gone (EVENT-7); 408: no response. With
 * others it is his to subscribe again, or the network's to recover (RFC 6665
 * §4.2.2). */
static bool subscriber_gone(int status)
{
	static const int gone[] = {404, 405, 408, 410, 416, 480, 481,
				   482, 483, 484, 485, 489, 501, 604};

	for (size_t i = 0; i < sizeof(gone) / sizeof(*gone); i++)
		if (gone[i] == status)
			return true;
	return false;
}

/* Was it too long for him, or for the way to him? Over UDP nothing over 64 KB
 * is possible, and who takes no TCP gets nothing else (RFC 3261 §18.1.1). */
static bool too_long(const struct subscription *s, int status)
{
	return s->was_long && !s->parts &&
	       (status == 413 || status == 503 || status == 513);
}

void subscription_response(struct subscription *s, const struct port_msg *m)
{
	s->in_flight = false;
	if (s->final_sent || subscriber_gone(m->status)) {
		subscription_free(s); /* the caller releases the dialog */
		return;
	}
	s->failures = m->status >= 300 ? s->failures + 1 : 0;
	if (too_long(s, m->status)) {
		log_info(s->f->log, "sip.notify.parts", "dlg=%llx room=%s",
			 (unsigned long long)s->dialog->id,
			 LOGQ(str_z(s->room)));
		s->parts = true;
		s->told = 0; /* he waits for the first one */
		s->failures = 0;
	}
	if (m->status >= 300)
		s->need_full = true; /* EVENT-13 */
	if (s->ended)
		subscription_tell(s);
	else
		go_on(s);
}
