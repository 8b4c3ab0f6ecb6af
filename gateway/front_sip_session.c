/* The life of a user's MSRP session, and what his seat tells it. */
#include "gateway/front_sip_keep.h"
#include "gateway/front_sip_long.h"
#include "gateway/front_sip_message.h"

#include "mapping/addr.h"
#include "mapping/reason.h"

/* What others get to know of him from now on (ADM-15). */
static void tell_privacy(struct call *c, unsigned changed)
{
	struct room_info info;

	if (!c->session || !c->bound)
		return;
	seat_info(&c->seat, &info);
	if (changed & CHANGED_LOGGED && info.logged)
		call_notice(c, "What is written in this room is kept from "
			       "now on.");
	if (changed & CHANGED_ANONYMITY && info.non_anonymous)
		call_notice(c, "Everybody in this room sees the others' real "
			       "addresses from now on.");
}

/* S2X-12: what a client would warn of who comes in. */
static void tell_publicity(struct call *c)
{
	struct room_info info;

	seat_info(&c->seat, &info);
	if (info.logged)
		call_notice(c, "What is written in this room is kept.");
	if (info.non_anonymous)
		call_notice(c, "Everybody in this room sees the others' real "
			       "addresses.");
}

static void tell_voice_asked(struct call *c, const struct occupant *who)
{
	struct buf b = BUF_INIT(4096);

	buf_addf(&b, "%.*s asks for permission to speak.", STR_ARG(who->nick));
	if (!b.err && c->session && c->bound)
		call_notice(c, buf_z(&b));
	buf_done(&b);
}

/* BODY-17 */
static void tell_removed(struct call *c, const struct message *m)
{
	struct buf b = BUF_INIT(65536);

	buf_add(&b, m->parts[0].body);
	if (c->session)
		call_notice(c, buf_z(&b));
	buf_done(&b);
}

/* The reason with the room to go to instead, if there is one (S2X-21). */
static void part(struct call *c, const struct reason *why)
{
	struct buf text = BUF_INIT(8192), uri = BUF_INIT(4096);

	buf_add(&text, why->text);
	if (why->venue.n && map_room_to_sip(&uri, why->venue, STR_NONE) == 0)
		buf_addf(&text, "%sgo to %.*s", why->text.n ? ", " : "",
			 STR_ARG(buf_str(&uri)));
	call_farewell(c, why->code, buf_str(&text));
	call_bye(c, why->code, buf_str(&text));
	buf_done(&uri);
	buf_done(&text);
}

void call_seat_event(void *front, const struct seat_ev *ev)
{
	struct call *c = front;

	switch (ev->type) {
	case SEAT_ROOM_CHANGED:
		tell_privacy(c, ev->changed);
		break;
	case SEAT_VOICE_ASKED:
		tell_voice_asked(c, ev->who);
		break;
	case SEAT_MESSAGE:
		if (ev->msg->moderates)
			tell_removed(c, ev->msg);
		else
			call_deliver(c, ev);
		break;
	case SEAT_RESULT:
		call_on_result(c, ev);
		break;
	case SEAT_JOINED:
		if (c->waits)
			call_let_in(c);
		else if (c->returned && call_is_bridged(c))
			call_keep(c); /* perhaps by another name */
		break;
	case SEAT_ENDED:
		if (c->waits) {
			call_kept_out(c, &ev->reason);
			break;
		}
		part(c, &ev->reason);
		break;
	case SEAT_OCCUPANT_JOINED:
	case SEAT_OCCUPANT_CHANGED:
	case SEAT_OCCUPANT_LEFT:
	case SEAT_SUBJECT_SET:
		break; /* told by the notifier */
	case SEAT_UNDELIVERED:
		if (c->session)
			msrp_session_undelivered(
			    c->session, ev->client_id,
			    map_reason_to_send(ev->reason.code));
		break;
	}
}

/* RFC 7701 §11: a client that knows nothing of chat rooms is told where it is.
 */
static void welcome_unaware(struct call *c)
{
	struct buf b = BUF_INIT(16384);
	const struct occupant *o;
	size_t it = 0, n = 0;

	buf_addf(&b,
		 "This is the chat room %.*s. Everybody in it reads what you "
		 "write. Here are: ",
		 STR_ARG(c->room_uri));
	while ((o = seat_roster(&c->seat, &it)) && n++ < 50)
		buf_addf(&b, "%s%.*s", n > 1 ? ", " : "", STR_ARG(o->nick));
	buf_addz(&b, o ? ", and others." : ".");
	if (!b.err)
		call_notice(c, buf_z(&b));
	buf_done(&b);
}

/* Once, however often his session is made anew. */
static void welcome(struct call *c)
{
	const struct domain_config *dom = call_domain(c);

	if (c->welcomed || c->returned)
		return;
	c->welcomed = true;
	if (dom && *dom->welcome)
		call_notice(c, dom->welcome);
	if (!c->peer.chatroom)
		welcome_unaware(c);
	if (call_is_bridged(c))
		tell_publicity(c);
}

void call_farewell(struct call *c, enum reason_code code, struct str text)
{
	struct buf b = BUF_INIT(4096);

	if (!c->session || !c->bound || code == REASON_LEFT)
		return;
	buf_addf(&b, "You are no longer in this room: %s%s", reason_text(code),
		 text.n ? ": " : "");
	map_phrase(&b, text);
	buf_addc(&b, '.');
	if (!b.err)
		call_notice(c, buf_z(&b));
	buf_done(&b);
}

void call_ready(struct call *c)
{
	c->probe_ms = loop_now_ms(c->f->loop);
	if (c->confirmed)
		timer_cancel(c->f->loop, &c->timer);
	call_confirm(c);
	if (!seat_in_room(&c->seat))
		return;
	welcome(c);
	call_flush(c);
}

static void on_bound(void *user)
{
	struct call *c = user;

	c->bound = true;
	if (!c->pathless) /* else its peer has not answered our offer */
		call_ready(c);
}

static void on_writable(void *user)
{
	call_tell_skipped(user);
}

static void lost_timeout(void *user)
{
	call_bye(user, REASON_LOST, STR("MSRP connection lost"));
}

static void on_closed(void *user, enum msrp_closed why)
{
	struct call *c = user;

	c->bound = false;
	c->lost = true;
	receipts_lost(c);
	switch (why) {
	case MSRP_CLOSED_LOST:
	case MSRP_CLOSED_UNBOUND:
		/* a re-INVITE may bring it back (ABN-1) */
		timer_set(c->f->loop, &c->timer, LOST_TIMEOUT_MS, lost_timeout,
			  c);
		break;
	case MSRP_CLOSED_FAILED:
	case MSRP_CLOSED_ABUSE:
		call_bye(c, REASON_LOST, STR("MSRP session failed"));
		break;
	case MSRP_CLOSED_UNTRUSTED:
		call_bye(c, REASON_UNTRUSTED, STR_NONE);
		break;
	case MSRP_CLOSED_SLOW:
		call_bye(c, REASON_SLOW, STR_NONE);
		break;
	}
}

const struct msrp_session_ops call_msrp_ops = {
    .bound = on_bound,
    .message = call_on_message,
    .nickname = call_on_nickname,
    .flow = call_on_flow,
    .sent = call_on_sent,
    .undelivered = call_on_undelivered,
    .reported = call_on_reported,
    .writable = on_writable,
    .closed = on_closed,
};
