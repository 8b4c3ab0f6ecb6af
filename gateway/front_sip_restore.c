/* After a restart of the whole daemon: people take their seats again at once,
 * then each dialog is renewed by a re-INVITE with a new MSRP path, or ended
 * (SEED0-4, SEED0-5). */
#include <stdlib.h>

#include "gateway/front_sip_guest.h"
#include "gateway/front_sip_keep.h"
#include "gateway/front_sip_message.h"
#include "gateway/front_sip_name.h"
#include "gateway/front_sip_private.h"
#include "gateway/front_sip_subscription.h"

#include "base/err.h"
#include "base/mem.h"
#include "mapping/reason.h"
#include "msrp/cpim.h"

/* Dialogs renewed at a time: a thousand a second. */
#define BATCH	 20
#define BATCH_MS 20

/* --- taking values --- */

static void drop(struct front_sip *f, enum kept_kind kind, struct str key,
		 const char *why)
{
	log_warn(f->log, "sip.restore", "kind=%d key=%s why=%s", (int)kind,
		 LOGQ(key), LOGQ(str_z(why)));
	keep_drop(&f->cfg.keep, kind, key);
}

static void restore_dialog(struct front_sip *f, struct str key,
			   struct str value)
{
	struct port_msg m;
	struct dialog *d;

	if (port_decode(value, &m) < 0 || m.type != PORT_DIALOG || !m.dlg ||
	    m.dlg != kept_dialog_id(key) || table_get(f->dialogs, m.dlg)) {
		drop(f, KEPT_DIALOG, key, "unreadable");
		return;
	}
	d = dialog_new(f, m.dlg);
	d->answered = true;
	dialog_reported(d, &m);
}

static void save(struct front_sip *f, enum kept_kind kind, struct str key,
		 struct str value, uint64_t dlg, uint64_t order)
{
	if (f->n_saved % 256 == 0)
		f->saved = mem_resize(f->saved,
				      (f->n_saved + 256) * sizeof(*f->saved));
	f->saved[f->n_saved++] =
	    (struct saved){dlg, order, kind, str_dup(key), blob_new(value)};
}

void front_sip_restore(struct front_sip *f, enum kept_kind kind, struct str key,
		       struct str value)
{
	struct kept_call call = {0};
	struct kept_subscription subscription;
	uint64_t id = kept_dialog_id(key);
	int err;

	if (kind == KEPT_DIALOG) {
		restore_dialog(f, key, value);
		return;
	}
	err = kind == KEPT_CALL ? kept_call_read(value, &call)
				: kept_subscription_read(value, &subscription);
	if (err < 0)
		drop(f, kind, key, err_name(err));
	else if (!id || !table_get(f->dialogs, id))
		drop(f, kind, key, "no dialog");
	else
		save(f, kind, key, value, id, call.order);
}

/* --- taking seats --- */

static void fill(struct call *c, const struct kept_call *k)
{
	struct session_timer *t = &c->session_timer;
	struct buf uri = BUF_INIT(4096);
	struct arena *a = c->arena;

	c->order = k->order;
	c->room = arena_dup(a, k->room);
	map_room_to_sip(&uri, c->room, STR_NONE);
	c->room_uri = arena_dup(a, buf_str(&uri));
	buf_done(&uri);
	c->dialled = arena_dup(a, k->dialled);
	c->contact = arena_dup(a, k->contact);
	c->uri = arena_dup(a, k->uri);
	c->display = arena_dup(a, k->display);
	c->user = arena_dup(a, k->user);
	c->device = arena_dup(a, k->device);
	for (size_t i = 0;
	     i < k->n_identities && c->n_identities < CALL_IDENTITIES_MAX; i++)
		c->identity[c->n_identities++] = arena_dup(a, k->identity[i]);
	c->anonymous = (unsigned)k->anonymous;
	c->invited = k->invited;
	c->invited_by = arena_dup(a, k->invited_by);
	c->answer = k->sdp.n ? str_dup(k->sdp) : NULL;
	c->sdp_id = k->sdp_id;
	c->sdp_version = k->sdp_version;
	call_keep_peer(c, &k->peer, k->plain);
	t->interval_s = (uint32_t)k->interval_s;
	t->min_se_s = (uint32_t)k->min_se_s;
	t->ours = k->ours;
	t->peer_supports = k->peer_supports;
	t->update = k->update;
	c->sender = sender_of(c);
	c->confirmed = c->returned = true;
	c->nick = arena_dup(a, k->nick);
	c->nick_chosen = k->nick_chosen;
	c->kept = 1; /* something is, to be replaced or dropped */
}

/* A nickname that somebody else has by now gives way to a derived one. */
static enum reason_code take_seat(struct call *c, const struct kept_call *k)
{
	struct seat_join join = {
	    .room = c->room,
	    .world = WORLD_SIP,
	    .wants = SEAT_WANTS_MESSAGES,
	    .user = c->user,
	    .account = account_behind(c->user),
	    .sip_uri = c->uri,
	    .display = c->display,
	    .device = c->device,
	    .private_messages = c->peer.private_messages,
	    .nick = k->nick,
	    .returning = true,
	    .since_ms = k->joined_ms,
	    .nick_derived = !k->nick_chosen,
	    .history.none = true,
	};
	enum reason_code why;

	if (call_is_bridged(c))
		return back_join(c->f->cfg.door, &join, &c->seat);
	why = back_local_found(c->f->cfg.back, &join, &c->seat);
	if (why != REASON_NICK_TAKEN && why != REASON_BAD_NICK)
		return why;
	join.nick = STR_NONE;
	return back_local_found(c->f->cfg.back, &join, &c->seat);
}

/* A new session as the last one was, to be offered. */
static bool make_offer(struct call *c)
{
	struct sdp *last = mem_new(sizeof(*last));
	bool usable =
	    sdp_parse(str_z(c->answer), last) == 0 && last->n_media > 0;

	free(last);
	return usable && call_own_offer(c) == 200;
}

static void restore_call(struct dialog *d, const struct kept_call *k)
{
	struct front_sip *f = d->f;
	struct call *c = call_new(f, d);
	enum reason_code why;

	fill(c, k);
	if (c->order > f->last_order)
		f->last_order = c->order;
	why = call_domain(c) ? take_seat(c, k) : REASON_NO_ROOM;
	if (why == REASON_OK && k->media && !make_offer(c))
		why = REASON_UNSUPPORTED;
	if (why != REASON_OK) {
		log_info(f->log, "sip.return.refused",
			 "dlg=%llx room=%s why=%s", (unsigned long long)d->id,
			 LOGQ(c->room), reason_text(why));
		call_bye(c, why, STR_NONE);
		return;
	}
	guest_joined(c);
	c->joined_ms = k->joined_ms;
	call_tell_seat(c);
	call_keep(c);
}

static void restore_subscription(struct dialog *d,
				 const struct kept_subscription *k,
				 struct str key)
{
	struct front_sip *f = d->f;

	if (back_domain(f->cfg.door, k->room) && subscription_restore(d, k))
		return;
	keep_drop(&f->cfg.keep, KEPT_SUBSCRIPTION, key);
	d->silent = true;
}

static void restore(struct front_sip *f, const struct saved *s)
{
	struct dialog *d = table_get(f->dialogs, s->dlg);
	struct kept_subscription subscription;
	struct kept_call call;

	if (s->kind == KEPT_CALL && !d->call &&
	    kept_call_read(blob_str(s->value), &call) == 0)
		restore_call(d, &call);
	else if (s->kind == KEPT_SUBSCRIPTION &&
		 kept_subscription_read(blob_str(s->value), &subscription) == 0)
		restore_subscription(d, &subscription, str_z(s->key));
}

/* Calls first, in the order of their coming: rooms must be there for
 * subscriptions, and derived nicknames go to those who had them. */
static int compare(const void *a, const void *b)
{
	const struct saved *x = a, *y = b;

	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	return x->order < y->order ? -1 : x->order > y->order;
}

/* --- renewing --- */

static void not_back(void *user)
{
	call_bye(user, REASON_LOST, STR("not back after a restart"));
}

static void send_offer(void *user)
{
	struct call *c = user;
	struct port_msg m = port_msg(PORT_SEND);
	struct buf headers = BUF_INIT(256);

	session_timer_offer(c, &headers);
	m.f[PORT_F_METHOD] = STR("INVITE");
	m.f[PORT_F_CONTACT] = c->contact;
	m.f[PORT_F_HEADERS] = buf_str(&headers);
	m.f[PORT_F_TYPE] = STR("application/sdp");
	m.f[PORT_F_BODY] = str_z(c->answer);
	c->renewal = dialog_send(c->dialog, NULL, &m);
	buf_done(&headers);
}

/* Its peer may have been faster with a re-INVITE of his own. */
static bool waits_for_renewal(const struct call *c)
{
	return c->returned && c->session && c->pathless && !c->renewal;
}

void call_renewed(struct call *c, const struct port_msg *m)
{
	struct port_msg timer = *m;

	c->renewal = 0;
	if (m->status == 491) {
		timer_set(c->f->loop, &c->session_timer.timer, call_glare_ms(),
			  send_offer, c);
	} else if (m->status == 481) {
		call_ended(c, REASON_LOST, STR_NONE);
	} else if (m->status / 100 != 2) {
		not_back(c);
	} else if (!str_ieq(mime_type(m->f[PORT_F_TYPE]),
			    STR("application/sdp")) ||
		   !call_answer(c, m->f[PORT_F_BODY])) {
		call_bye(c, REASON_UNSUPPORTED, STR("no usable answer"));
	} else {
		timer.f[PORT_F_BODY] = STR_NONE; /* it has been read */
		c->utf8_only = client_is_listed(c->f, m);
		if (c->session_timer.interval_s)
			session_timer_response(c, &timer);
		call_established(c, true);
	}
}

/* The peer of a call that was never confirmed, or whose BYE has got lost, must
 * know that there is nothing any more; that of a subscription that has expired
 * knows. */
static void end_unused(struct dialog *d)
{
	struct port_msg bye = port_msg(PORT_SEND);

	if (d->silent) {
		dialog_release(d);
		return;
	}
	bye.f[PORT_F_METHOD] = STR("BYE");
	dialog_send(d, NULL, &bye);
}

static void renew(struct dialog *d)
{
	struct subscription *s, *next;

	if (d->call && waits_for_renewal(d->call)) {
		timer_set(d->f->loop, &d->call->timer, RETURN_TIMEOUT_MS,
			  not_back, d->call);
		send_offer(d->call);
	} else if (d->call && !d->call->session) {
		session_timer_resume(d->call);
	}
	for (s = TAILQ_FIRST(&d->subscriptions); s; s = next) {
		next = TAILQ_NEXT(s, link);
		subscription_renew(s);
	}
	if (!d->call && TAILQ_EMPTY(&d->subscriptions) && !d->requests)
		end_unused(d);
}

static void renew_batch(void *user)
{
	struct front_sip *f = user;
	struct dialog *d;

	for (size_t i = 0;
	     i < BATCH && f->next_returning < f->n_returning && !f->stopping;
	     i++) {
		d = table_get(f->dialogs, f->returning[f->next_returning++]);
		if (d)
			renew(d);
	}
	if (f->next_returning < f->n_returning && !f->stopping) {
		timer_set(f->loop, &f->return_timer, BATCH_MS, renew_batch, f);
		return;
	}
	free(f->returning);
	f->returning = NULL;
	f->n_returning = f->next_returning = 0;
}

void front_sip_restored(struct front_sip *f)
{
	struct dialog *d;

	f->returning =
	    mem_new_array(table_count(f->dialogs) + 1, sizeof(*f->returning));
	TABLE_FOREACH (f->dialogs, it, d)
		f->returning[f->n_returning++] = d->id;
	if (f->n_saved)
		qsort(f->saved, f->n_saved, sizeof(*f->saved), compare);
	for (size_t i = 0; i < f->n_saved; i++)
		restore(f, &f->saved[i]);
	if (f->n_returning)
		log_info(f->log, "sip.restored",
			 "dialogs=%zu calls=%zu subscriptions=%zu",
			 f->n_returning, f->n_calls, f->n_subscriptions);
	restore_free(f);
	renew_batch(f);
}

void restore_free(struct front_sip *f)
{
	for (size_t i = 0; i < f->n_saved; i++) {
		free(f->saved[i].key);
		blob_unref(f->saved[i].value);
	}
	free(f->saved);
	f->saved = NULL;
	f->n_saved = 0;
}
