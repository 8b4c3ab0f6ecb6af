/* The INVITE usage: joining, re-INVITE, leaving. */
#include <stdlib.h>

#include "gateway/front_sip_dial.h"
#include "gateway/front_sip_guest.h"
#include "gateway/front_sip_keep.h"
#include "gateway/front_sip_long.h"
#include "gateway/front_sip_message.h"
#include "gateway/front_sip_name.h"
#include "gateway/front_sip_subscription.h"
#include "gateway/front_sip_transfer.h"
#include "gateway/front_sip_turn.h"
#include "gateway/sip_words.h"

#include "base/err.h"
#include "base/mem.h"
#include "base/random.h"
#include "base/uri.h"
#include "mapping/reason.h"
#include "msrp/cpim.h"

static const struct seat_front_ops seat_ops = {call_seat_event, call_takes};

static void free_call(void *p)
{
	struct call *c = p;

	free(c->lists);
	free(c->answer);
	free(c->peer_origin);
	receipts_free(c);
	invitees_free(c->invitees);
	arena_free(c->arena);
	free(c);
}

/* --- answering --- */

static void answer_sdp(struct call *c, const struct port_msg *m)
{
	struct answer a = ANSWER(200);
	struct buf headers = BUF_INIT(512);

	buf_addz(&headers, "Allow: " SIP_ALLOW "\r\n"
			   "Allow-Events: " SIP_ALLOW_EVENTS "\r\n");
	session_timer_answer(c, m, &headers);
	a.contact = c->contact;
	a.headers = buf_str(&headers);
	a.type = STR("application/sdp");
	a.body = str_z(c->answer);
	c->invite_cseq = m->cseq;
	front_sip_answer(c->f, m, &a);
	buf_done(&headers);
}

/* The INVITE's session description, or the refusal is answered. */
static bool refuse_body(struct front_sip *f, const struct port_msg *m,
			struct str *sdp)
{
	struct answer a = ANSWER(invite_sdp(m, sdp));

	if (a.status == 200)
		return false;
	if (a.status == 415)
		a.headers = STR("Accept: application/sdp, multipart/mixed\r\n");
	front_sip_answer(f, m, &a);
	return true;
}

static void no_longer_unconfirmed(struct call *c)
{
	if (table_get_str(c->f->unconfirmed, c->invite) == c)
		table_del_str(c->f->unconfirmed, c->invite);
}

/* What waited for the room goes on, or not. */
static void release_held_subscribes(struct call *c,
				    void (*go_on)(struct front_sip *f,
						  const struct port_msg *m))
{
	struct held_subscribe *h;

	while ((h = TAILQ_FIRST(&c->subscribes))) {
		struct port_msg m;

		TAILQ_REMOVE(&c->subscribes, h, link);
		if (port_decode(buf_str(&h->request), &m) == 0)
			go_on(c->f, &m);
		buf_done(&h->request);
		free(h);
	}
}

static void refuse_subscribe(struct front_sip *f, const struct port_msg *m)
{
	front_sip_refuse(f, m, 404, "the room never came to be");
}

static void end_call(struct call *c)
{
	struct front_sip *f = c->f;

	timer_cancel(f->loop, &c->timer);
	session_timer_stop(c);
	call_connect_cancel(c);
	call_unkeep(c);
	if (c->session)
		msrp_session_free(c->session);
	c->session = NULL;
	transfers_free(c);
	uploads_drop(c);
	turns_drop(c);
	call_drop_held(c);
	if (c->waits)
		buf_done(&c->waiting);
	release_held_subscribes(c, refuse_subscribe);
	no_longer_unconfirmed(c);
	sender_release(f, c->sender);
	talker_release(c);
	dialog_names_ended(c->dialog);
	guest_unlist(c);
	TAILQ_REMOVE(&f->calls, c, link);
	f->n_calls--;
	c->dialog->call = NULL;
	defer_free(f->loop, c, free_call);
}

static void call_timeout(void *user)
{
	struct call *c = user;

	if (!c->confirmed)
		call_bye(c, REASON_TIMEOUT, STR("no ACK"));
	else
		call_bye(c, REASON_LOST, STR("no MSRP connection"));
}

struct call *call_new(struct front_sip *f, struct dialog *d)
{
	struct call *c = mem_new(sizeof(*c));

	c->f = f;
	c->dialog = d;
	c->arena = arena_new(65536);
	c->seat.front_ops = &seat_ops;
	c->seat.front = c;
	c->sdp_id = random_u64() >> 33;
	c->max_reports = f->cfg.config->limits.reports;
	TAILQ_INIT(&c->held);
	TAILQ_INIT(&c->uploads);
	TAILQ_INIT(&c->turns);
	TAILQ_INIT(&c->subscribes);
	TAILQ_INSERT_TAIL(&f->calls, c, link);
	f->n_calls++;
	d->call = c;
	return c;
}

/* The very INVITE that another dialog of ours has answered: the answer was lost
 * with a SIP process, which knew no such dialog. This one takes its place. */
static void replace_lost(struct call *c, const struct port_msg *m)
{
	struct call *lost;

	c->invite = arena_printf(c->arena, "%.*s\n%.*s\n%u",
				 STR_ARG(m->f[PORT_F_CALL_ID]),
				 STR_ARG(m->f[PORT_F_FROM_TAG]), m->cseq);
	lost = table_get_str(c->f->unconfirmed, c->invite);
	if (lost)
		call_ended(lost, REASON_LOST, STR_NONE);
	table_put_str(c->f->unconfirmed, c->invite, c);
}

/* RFC 3323 §5: the phrase of a 500 tells which privacy could not be had. */
static void refuse_invite(struct front_sip *f, const struct port_msg *m,
			  int status, const char *why)
{
	struct answer a = ANSWER(status);

	if (status == 480) { /* of call_way() */
		a.headers = STR("Warning: 380 stoxd \"SIPS Not Allowed\"\r\n");
		front_sip_refuse_with(f, m, &a, why);
		return;
	}
	if (status != 500) {
		front_sip_refuse(f, m, status, why);
		return;
	}
	a.phrase = why;
	front_sip_answer(f, m, &a);
}

static int read_offer(struct call *c, struct str sdp)
{
	return sdp.n ? call_offer(c, sdp) : call_own_offer(c);
}

void call_invite(struct front_sip *f, struct dialog *d,
		 const struct port_msg *m)
{
	struct call *c = call_new(f, d);
	struct str sdp;
	const char *why;
	int status;

	if (refuse_body(f, m, &sdp) || session_timer_refuses(f, m)) {
		end_call(c);
		dialog_release(d);
		return;
	}
	status = call_check(c, m, &why);
	if (status == 200) {
		why = "no usable list of people to invite";
		status = invitees_read(c, m);
	}
	if (status == 200) {
		struct buf uri = BUF_INIT(4096);

		map_room_to_sip(&uri, c->room, STR_NONE);
		c->room_uri = arena_dup(c->arena, buf_str(&uri));
		buf_done(&uri);
		c->uri = bare_uri(c->arena, c->uri);
		c->dialled = c->founds ? c->room_uri : call_dialled(c, m);
		c->contact = call_contact(c, m->f[PORT_F_RURI]);
		c->utf8_only = client_is_listed(f, m);
		why = "no usable MSRP offer";
		status = read_offer(c, sdp);
	}
	if (status != 200) {
		refuse_invite(f, m, status, why);
		end_call(c);
		dialog_release(d);
		return;
	}
	log_info(f->log, "sip.invite", "dlg=%llx room=%s user=%s peer=%.*s",
		 (unsigned long long)d->id, LOGQ(c->room), LOGQ(c->user),
		 STR_ARG(m->f[PORT_F_PEER]));
	replace_lost(c, m);
	c->sender = sender_of(c);
	if (call_is_bridged(c) && !c->courier)
		call_wait(c, m);
	else
		call_accept(c, m);
}

void call_accept(struct call *c, const struct port_msg *m)
{
	c->dialog->answered = true;
	timer_set(c->f->loop, &c->timer, ACK_TIMEOUT_MS, call_timeout, c);
	answer_sdp(c, m);
}

void call_update(struct call *c, const struct port_msg *m)
{
	struct str sdp;
	int status;

	if (m->cseq == c->invite_cseq) { /* lost with a SIP process */
		answer_sdp(c, m);
		return;
	}
	if (refuse_body(c->f, m, &sdp) || session_timer_refuses(c->f, m))
		return;
	status = read_offer(c, sdp);
	if (status != 200) {
		front_sip_refuse(c->f, m, status, "re-INVITE not acceptable");
		return;
	}
	answer_sdp(c, m);
	if (c->session && !c->bound && c->confirmed)
		timer_set(c->f->loop, &c->timer, BIND_TIMEOUT_MS, call_timeout,
			  c);
	else if (c->confirmed)
		timer_cancel(c->f->loop, &c->timer);
	call_keep(c);
}

void call_ack(struct call *c, const struct port_msg *m)
{
	bool late = c->pathless;
	struct str sdp;

	if (m->status == 408) {
		call_bye(c, REASON_TIMEOUT, STR("no ACK"));
		return;
	}
	if (c->offered && m->cseq != c->invite_cseq)
		return; /* it has come late; the answer is still due */
	if (c->offered &&
	    (invite_sdp(m, &sdp) != 200 || !call_answer(c, sdp))) {
		call_bye(c, REASON_UNSUPPORTED, STR("no usable answer"));
		return;
	}
	call_established(c, late);
}

void call_established(struct call *c, bool late)
{
	bool connect = c->connect_out;

	c->connect_out = false;
	call_confirm(c);
	transfers_start(c);
	if (late && c->bound)
		call_ready(c);
	else if (connect && c->session && !c->bound)
		call_connect(c);
	call_keep(c);
}

void call_cancelled(struct front_sip *f, const struct port_msg *m)
{
	struct dialog *d = table_get(f->dialogs, m->dlg);

	/* a CANCEL that crossed our 200 changes nothing (RFC 3261 §9.2) */
	if (d && d->call && !d->answered)
		call_ended(d->call, REASON_LEFT, STR_NONE);
}

/* --- in and out of the room --- */

struct call *call_joining(struct front_sip *f, struct str room)
{
	struct call *c;

	TAILQ_FOREACH (c, &f->calls, link)
		if (!c->confirmed && !c->dialog->dial && str_eq(c->room, room))
			return c;
	return NULL;
}

static void run_subscribe(struct front_sip *f, const struct port_msg *m)
{
	subscription_request(f, table_get(f->dialogs, m->dlg), m);
}

void call_confirm(struct call *c)
{
	struct seat_join join = call_join(c);
	enum reason_code why;

	if (c->confirmed)
		return;
	c->confirmed = true;
	no_longer_unconfirmed(c);
	if (c->session && !c->bound)
		timer_set(c->f->loop, &c->timer, BIND_TIMEOUT_MS, call_timeout,
			  c);
	else
		timer_cancel(c->f->loop, &c->timer);
	if (c->courier) {
		release_held_subscribes(c, run_subscribe);
		return;
	}
	if (seat_in_room(&c->seat)) /* it has waited for that */
		why = REASON_OK;
	else if (c->founds)
		why = back_local_found(c->f->cfg.back, &join, &c->seat);
	else
		why = back_join(c->f->cfg.door, &join, &c->seat);
	if (why != REASON_OK) {
		log_info(c->f->log, "sip.join.refused",
			 "dlg=%llx room=%s why=%s",
			 (unsigned long long)c->dialog->id, LOGQ(c->room),
			 reason_text(why));
		call_bye(c, why, STR_NONE);
		return;
	}
	log_info(c->f->log, "sip.join", "dlg=%llx room=%s seat=%llu user=%s",
		 (unsigned long long)c->dialog->id, LOGQ(c->room),
		 (unsigned long long)c->seat.id, LOGQ(c->user));
	guest_joined(c);
	call_tell_seat(c);
	replaces_done(c);
	call_keep(c);
	release_held_subscribes(c, run_subscribe);
	invitees_dial(c);
}

void call_ended(struct call *c, enum reason_code code, struct str text)
{
	struct dialog *d = c->dialog;

	log_info(c->f->log, "sip.leave", "dlg=%llx room=%s user=%s why=%s",
		 (unsigned long long)d->id, LOGQ(c->room), LOGQ(c->user),
		 reason_text(code));
	if (seat_in_room(&c->seat)) {
		struct seat_cmd leave = {
		    .type = SEAT_LEAVE, .code = code, .text = text};

		turns_say_all(c);
		receipts_lost(c);
		seat_command(&c->seat, &leave);
	}
	end_call(c);
	dialog_release(d);
}

void call_bye(struct call *c, enum reason_code code, struct str text)
{
	struct port_msg m = port_msg(PORT_SEND);
	struct dialog *d = c->dialog;
	struct buf header = BUF_INIT(4096);

	if (d->dial) {
		dial_give_up(c, code);
		return;
	}
	if (c->waits) {
		call_kept_out(c, &(struct reason){.code = code, .text = text});
		return;
	}
	m.f[PORT_F_METHOD] = STR("BYE");
	buf_addz(&header, "Reason: ");
	sip_reason(&header, map_reason_to_sip(code),
		   text.n ? text : str_z(reason_text(code)));
	buf_addz(&header, "\r\n");
	m.f[PORT_F_HEADERS] = buf_str(&header);
	dialog_send(d, NULL, &m);
	buf_done(&header);
	call_ended(c, code, text);
}
