/* Invitations from one world to the other: an XMPP occupant's to a SIP user,
 * whom the focus then calls, and a SIP user's to an XMPP user, who gets a
 * mediated invitation (XEP-0045 §7.8.2). */
#include "gateway/front_sip_dial.h"
#include "gateway/front_sip_message.h"
#include "gateway/front_sip_refer.h"
#include "gateway/invitation.h"

#include "mapping/reason.h"
#include "mapping/roster.h"

void front_sip_invite(struct front_sip *f, const struct invitation *i)
{
	const struct room_policy *p = back_local_settings(f->cfg.back, i->room);
	struct arena *a = arena_new(65536);
	struct buf by = BUF_INIT(8192), room = BUF_INIT(4096);
	struct dial_wish w = {
	    .room = i->room,
	    .uri = i->to,
	    .user = user_key(a, i->to),
	    .subject = i->reason,
	    .invitation = i->id,
	};

	map_room_to_sip(&room, i->room, STR_NONE);
	w.dialled = buf_str(&room);
	map_occupant_entity(&by, i->room, i->by, p && p->non_anonymous);
	if (!by.err) {
		w.by = buf_str(&by);
		w.referred_by = arena_printf(a, "<%.*s>", STR_ARG(w.by));
	}
	/* a room elsewhere can't call: its guest does (S2X-43) */
	if (back_find(f->cfg.door, i->room, WORLD_SIP, NULL) == BACK_LOCAL)
		dial_out(f, &w);
	else
		dial_refer(f, &w);
	buf_done(&by);
	buf_done(&room);
	arena_free(a);
}

bool invite_read(struct front_sip *f, struct arena *a, struct str uri,
		 struct dial_wish *out)
{
	struct buf jid = BUF_INIT(8192), sip = BUF_INIT(8192);

	out->jid = STR_NONE;
	out->uri = uri;
	if (back_local_jid(f->cfg.back, uri, &jid)) {
		out->jid = out->user = arena_dup(a, buf_str(&jid));
	} else {
		/* xmpp: may name a SIP user, too */
		if (back_local_sip_uri(f->cfg.back, uri, &sip))
			out->uri = arena_dup(a, buf_str(&sip));
		out->user = str_istarts(out->uri, STR("sip"))
				? user_key(a, out->uri)
				: STR_NONE;
	}
	buf_done(&jid);
	buf_done(&sip);
	return out->user.n > 0;
}

bool invite_allowed(struct call *by, const struct dial_wish *w)
{
	const struct occupant *self = seat_by_user(&by->seat, by->user);

	if (call_is_bridged(by))
		return self; /* the room will say */
	return self && back_local_may_invite(by->f->cfg.back, by->room, self,
					     w->user) == REASON_OK;
}

static enum reason_code send_invitation(struct call *by,
					const struct dial_wish *w)
{
	struct invitation i = {
	    .room = by->room,
	    .to = w->jid,
	    .by = seat_by_user(&by->seat, by->user),
	    .reason = w->subject,
	    .id = w->referral,
	};

	return i.by ? by->f->cfg.invite(by->f->cfg.user, &i)
		    : REASON_NOT_JOINED;
}

/* The room invites by itself, and nobody hears what becomes of it (S2X-39). */
static void invite_elsewhere(struct call *by, const struct dial_wish *w)
{
	struct seat_cmd cmd = {
	    .type = SEAT_INVITE,
	    .op = w->referral ? OP_INVITE | w->referral : 0,
	    .text = w->jid.n ? w->jid : w->uri,
	    .reason = w->subject,
	};

	seat_command(&by->seat, &cmd);
}

void invite_done(struct front_sip *f, uint64_t referral, enum reason_code why)
{
	struct referral *r = table_get(f->referrals, referral);

	if (why != REASON_OK)
		referral_tell(f, referral, map_reason_to_sip(why), STR_NONE);
	else if (r)
		referral_end(r, "noresource");
}

void invite_go(struct call *by, const struct dial_wish *w, bool by_refer)
{
	const struct occupant *self = seat_by_user(&by->seat, by->user);
	enum reason_code why = REASON_NOT_JOINED;

	if (self && call_is_bridged(by))
		why = back_local_count_invite(by->f->cfg.back, self,
					      loop_now_ms(by->f->loop));
	else if (self)
		why = back_local_invite(by->f->cfg.back, by->room, self,
					w->user, loop_now_ms(by->f->loop));
	if (why == REASON_OK && call_is_bridged(by)) {
		invite_elsewhere(by, w);
		return;
	}
	if (why == REASON_OK && !w->jid.n) {
		(by_refer ? dial_refer : dial_out)(by->f, w);
		return;
	}
	if (why == REASON_OK)
		why = send_invitation(by, w);
	referral_tell(by->f, w->referral, map_reason_to_sip(why), STR_NONE);
}

void front_sip_answered(struct front_sip *f, const struct invitation_answer *a)
{
	struct buf b = BUF_INIT(16384);
	struct call *c;

	buf_addf(&b, "%.*s %s", STR_ARG(a->to),
		 a->unknown ? "could not be invited: there is no such user"
			    : "has declined your invitation");
	if (a->reason.n) {
		buf_addz(&b, ": ");
		buf_add(&b, a->reason);
	}
	buf_addc(&b, '.');
	TAILQ_FOREACH (c, &f->calls, link)
		if (str_eq(c->room, a->room) && str_eq(c->user, a->by) &&
		    c->confirmed && !b.err)
			call_notice(c, buf_z(&b));
	referral_tell(f, a->id, a->unknown ? 404 : 603, STR_NONE);
	buf_done(&b);
}
