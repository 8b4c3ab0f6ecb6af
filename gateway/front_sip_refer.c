/* REFER to the focus: whom it shall invite into the room or remove from it (RFC
 * 3515, RFC 7647). */
#include "gateway/front_sip_dial.h"
#include "gateway/front_sip_name.h"
#include "gateway/front_sip_private.h"
#include "gateway/front_sip_refer.h"

#include "base/uri.h"
#include "gateway/sip_words.h"
#include "mapping/reason.h"

/* --- reading --- */

/* <sip:x;method=BYE>, <sip:x>;method=BYE, or <sip:x?method=BYE> (RFC 5368 §9).
 */
static struct str wanted_method(const struct name_addr *na, const struct uri *u)
{
	struct str headers = u->headers, method;

	if (uri_param(u->params, STR("method"), &method) ||
	    uri_param(na->params, STR("method"), &method))
		return method;
	while (headers.n) {
		struct str value = str_split(&headers, '&');

		if (str_ieq(str_split(&value, '='), STR("method")))
			return value;
	}
	return STR("INVITE");
}

static bool scheme_ok(struct str scheme)
{
	return str_ieq(scheme, STR("sip")) || str_ieq(scheme, STR("sips")) ||
	       str_ieq(scheme, STR("tel")) || str_ieq(scheme, STR("xmpp"));
}

/* Whom the URI names: the room, somebody by his address in it, or a user. */
static void read_target(struct front_sip *f, struct refer *q, struct arena *a,
			struct str uri)
{
	struct buf room = BUF_INIT(4096), nick = BUF_INIT(4096);
	struct dial_wish who = {0};
	int status;

	if (map_sip_to_room(uri, &room, &nick, &status) >= 0 &&
	    str_eq(buf_str(&room), q->room)) {
		q->whole_room = nick.n == 0;
		q->nick = arena_dup(a, buf_str(&nick));
	} else if (invite_read(f, a, uri, &who)) {
		q->user = who.user;
		q->jid = who.jid;
		uri = who.uri;
	} else {
		q->user = user_key(a, uri);
	}
	q->uri = uri;
	buf_done(&room);
	buf_done(&nick);
}

int refer_read_to(struct front_sip *f, struct refer *q, struct arena *a,
		  struct str value)
{
	struct name_addr na;
	struct uri u;

	if (!value.n || str_find(value, '\n') >= 0 ||
	    name_addr_parse(value, a, &na) < 0)
		return 400;
	if (uri_parse(na.uri, &u) < 0 || !scheme_ok(u.scheme))
		return 403;
	q->method = wanted_method(&na, &u);
	read_target(f, q, a, na.uri);
	return q->whole_room || q->nick.n || q->user.n ? 200 : 403;
}

/* A REFER outside may name the requester's call: then he asks as who he is
 * there (RFC 4538 §4). */
static void read_target_dialog(struct front_sip *f, const struct port_msg *m,
			       struct refer *q)
{
	struct str value =
	    further_header(m->f[PORT_F_HEADERS], "Target-Dialog");
	struct dialog_id id;
	struct dialog *d;
	bool ended;

	if (!dialog_id_read(value, "local-tag", "remote-tag", &id))
		return;
	d = dialog_named(f, &id, &ended);
	if (d && d->call && str_eq(d->call->room, q->room) &&
	    is_of_person(d->call, q->requester))
		q->requester = d->call->user;
}

static int read_refer(struct front_sip *f, struct dialog *d,
		      const struct port_msg *m, struct arena *a,
		      struct refer *q)
{
	struct str sub = further_header(m->f[PORT_F_HEADERS], "Refer-Sub");
	int status = 200;

	if (d && d->call)
		q->room = arena_dup(a, d->call->room);
	else
		status = front_sip_room(f, m->f[PORT_F_RURI], a, &q->room);
	if (status != 200)
		return status;
	q->silent = str_ieq(str_trim(str_split(&sub, ';')), STR("false"));
	q->requester = arena_dup(a, request_user(d, m, a));
	if (!q->requester.n)
		return 403;
	if (!d || !d->call)
		read_target_dialog(f, m, q);
	return 200;
}

/* What rosters say of who asks (RFC 4575 §5.7): Referred-By, where it names
 * himself and he has not chosen to be somebody else there; or his address in
 * the room, or nothing if he is not in it. */
static struct str requester_uri(const struct call *by, const struct port_msg *m,
				struct arena *a)
{
	struct name_addr na;

	if (!by)
		return STR_NONE;
	if (!by->anonymous &&
	    name_addr_parse(m->f[PORT_F_REFERRED_BY], a, &na) == 0 &&
	    call_has_identity(by, user_key(a, na.uri)))
		return bare_uri(a, na.uri);
	return by->uri;
}

/* --- removing --- */

struct call *refer_call(struct front_sip *f, const struct refer *q)
{
	struct call *c;

	TAILQ_FOREACH (c, &f->calls, link)
		if (str_eq(c->room, q->room) && str_eq(c->user, q->requester) &&
		    c->confirmed && seat_in_room(&c->seat))
			return c;
	return NULL;
}

static const struct occupant *target_of(struct call *c, const struct refer *q)
{
	return q->nick.n ? seat_by_nick(&c->seat, q->nick)
			 : user_in_room(&c->seat, q->user);
}

/* A moderator may remove anybody, the owner close the room, everybody leave.
 * Who is in the room must not show in the answer (FOCUS-33). */
static bool may_remove(struct call *by, const struct refer *q)
{
	const struct occupant *self;

	if (q->user.n && str_eq(q->user, q->requester))
		return true;
	self = by ? seat_by_user(&by->seat, q->requester) : NULL;
	if (!self)
		return false;
	if (q->whole_room)
		return self->affiliation == AFF_OWNER;
	return self->role == ROLE_MODERATOR || target_of(by, q) == self;
}

static void remove_target(struct front_sip *f, struct call *by,
			  const struct refer *q, struct str by_uri,
			  uint64_t referral)
{
	const struct occupant *o;
	struct seat_cmd cmd = {
	    .type = SEAT_DESTROY,
	    .op = referral ? OP_REFER | referral : 0,
	};

	if (!q->whole_room) {
		o = by ? target_of(by, q) : NULL;
		if (!o) {
			bool called = q->user.n &&
				      dial_cancel(f, q->room, q->user, by_uri);

			referral_tell(f, referral, called ? 200 : 404,
				      STR_NONE);
			return;
		}
		cmd.type = SEAT_KICK;
		cmd.target = o->id;
		cmd.by = by_uri;
	}
	seat_command(&by->seat, &cmd);
}

/* --- inviting --- */

/* Who is in the room and may speak there may invite, where only members may
 * come with the room's consent (XEP-0045 §9.5). */
static bool may_invite(struct call *by, const struct refer *q)
{
	const struct occupant *self =
	    by ? seat_by_user(&by->seat, q->requester) : NULL;

	return self && self->role >= ROLE_PARTICIPANT && !q->whole_room &&
	       !q->nick.n &&
	       invite_allowed(by, &(struct dial_wish){.user = q->user});
}

static bool hidden(struct str privacy)
{
	return privacy.n && !str_ieq(privacy, STR("none"));
}

static void invite_target(struct call *by, const struct port_msg *m,
			  const struct refer *q, struct arena *a,
			  uint64_t referral)
{
	struct dial_wish w = {
	    .room = q->room,
	    .uri = q->uri,
	    .user = q->user,
	    .jid = q->jid,
	    .dialled = by->dialled,
	    .referred_by = m->f[PORT_F_REFERRED_BY],
	    .subject = m->f[PORT_F_SUBJECT],
	    .history = q->history,
	    .referral = referral,
	    .hops = sip_max_forwards(m),
	};

	if (!w.hops) {
		referral_tell(by->f, referral, 483, STR_NONE);
		return;
	}
	if (!w.jid.n && !str_istarts(q->uri, STR("sip")) &&
	    !call_is_bridged(by)) {
		referral_tell(by->f, referral, 501, STR_NONE);
		return;
	}
	if (!hidden(m->f[PORT_F_PRIVACY]))
		w.by = requester_uri(by, m, a);
	if (!w.referred_by.n && w.by.n)
		w.referred_by = arena_printf(a, "<%.*s>", STR_ARG(by->uri));
	invite_go(by, &w, false);
}

/* --- the request --- */

/* What a room elsewhere makes of an invitation is known with its first NOTIFY,
 * and all that ever is (RFC 7702 §6.5). */
static bool is_told_at_once(struct front_sip *f, const struct refer *q)
{
	return refer_invites(q) &&
	       back_find(f->cfg.door, q->room, WORLD_SIP, NULL) != BACK_LOCAL;
}

uint64_t refer_accept(struct front_sip *f, struct dialog *d,
		      const struct port_msg *m, const struct refer *q)
{
	struct answer a = ANSWER(200);
	struct buf contact = BUF_INIT(8192);
	uint64_t id = 0;

	if (!d)
		d = dialog_begin(f, m);
	d->answered = true;
	buf_addc(&contact, '<');
	map_room_to_sip(&contact, q->room, STR_NONE);
	buf_addz(&contact, ">;isfocus");
	a.contact = d->call ? d->call->contact : buf_str(&contact);
	if (q->silent)
		a.headers = STR("Refer-Sub: false\r\n");
	front_sip_answer(f, m, &a);
	if (!q->silent)
		id = referral_new(d, m->cseq, is_told_at_once(f, q))->id;
	dialog_release(d);
	buf_done(&contact);
	return id;
}

bool refer_invites(const struct refer *q)
{
	return str_ieq(q->method, STR("INVITE"));
}

int refer_check(struct front_sip *f, struct call *by, const struct refer *q,
		const char **why)
{
	bool invites = refer_invites(q);

	if (!invites && !str_ieq(q->method, STR("BYE"))) {
		*why = "method not offered by REFER";
		return 403;
	}
	if (invites ? !may_invite(by, q) : !may_remove(by, q)) {
		*why = "the room does not allow it";
		return 403;
	}
	if (table_count(f->referrals) >= f->cfg.config->limits.subscriptions) {
		*why = "too many subscriptions";
		return 503;
	}
	return 200;
}

void refer_act(struct front_sip *f, struct call *by, const struct port_msg *m,
	       const struct refer *q, struct arena *a, uint64_t referral)
{
	bool invites = refer_invites(q);

	log_info(f->log, "sip.refer", "dlg=%llx room=%s by=%s method=%s uri=%s",
		 (unsigned long long)m->dlg, LOGQ(q->room), LOGQ(q->requester),
		 invites ? "INVITE" : "BYE", LOGQ(q->uri));
	if (invites)
		invite_target(by, m, q, a, referral);
	else
		remove_target(f, by, q, requester_uri(by, m, a), referral);
}

static int refer_one(struct front_sip *f, struct dialog *d,
		     const struct port_msg *m, struct arena *a, struct refer *q,
		     const char **why)
{
	int status = refer_read_to(f, q, a, m->f[PORT_F_REFER_TO]);
	struct call *by = status == 200 ? refer_call(f, q) : NULL;

	if (status == 200)
		status = refer_check(f, by, q, why);
	if (status == 200)
		refer_act(f, by, m, q, a, refer_accept(f, d, m, q));
	return status;
}

void refer_request(struct front_sip *f, struct dialog *d,
		   const struct port_msg *m)
{
	struct arena *a = arena_new(8 * LIST_BYTES_MAX);
	struct refer q = {0};
	const char *why = "no usable Refer-To";
	int status = read_refer(f, d, m, a, &q);

	if (status == 200)
		status = (refer_is_list(m) ? refer_list : refer_one)(f, d, m, a,
								     &q, &why);
	if (status != 200)
		front_sip_refuse(f, m, status, why);
	arena_free(a);
}

void refer_subscribe(struct front_sip *f, struct dialog *d,
		     const struct port_msg *m)
{
	struct referral *r;
	struct str id = STR_NONE;
	struct answer a = ANSWER(200);
	bool ends = m->expires == 0;

	uri_param(m->f[PORT_F_EVENT], STR("id"), &id);
	r = d ? referral_find(d, id) : NULL;
	if (!r) {
		front_sip_refuse(f, m, 403, "no REFER made this subscription");
		return;
	}
	a.expires = ends ? 0 : REFERRAL_EXPIRES_S;
	front_sip_answer(f, m, &a);
	referral_refresh(r, (unsigned)a.expires);
}
