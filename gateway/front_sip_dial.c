/* Dial-out: the focus invites somebody, who then is a participant like any
 * other (RFC 4353 §5.2). */
#include "gateway/front_sip_dial.h"
#include "gateway/front_sip_asked.h"
#include "gateway/front_sip_guest.h"
#include "gateway/front_sip_message.h"
#include "gateway/front_sip_name.h"
#include "gateway/front_sip_private.h"
#include "gateway/front_sip_refer.h"
#include "gateway/front_sip_subscription.h"
#include "gateway/hops.h"
#include "gateway/sip_words.h"

#include "base/err.h"
#include "base/random.h"
#include "base/uri.h"
#include "mapping/reason.h"
#include "msrp/cpim.h"

#define ANSWER_TIMEOUT_MS 180000 /* FOCUS-51 */
#define ASKERS_MAX	  50	 /* at whose wish one is called */

/* The URI as a Request-URI: without a method and headers (RFC 3261 §19.1.1). */
static struct str request_uri(struct arena *a, struct str uri)
{
	struct buf b = BUF_INIT(8192);
	struct str rest, out;

	buf_add(&b, bare_uri(a, uri));
	rest = str_from(uri, b.n < uri.n ? b.n + 1 : uri.n);
	if (b.n < uri.n && uri.p[b.n] == '?')
		rest = STR_NONE;
	rest = str_split(&rest, '?');
	while (rest.n) {
		struct str param = str_split(&rest, ';'), name = param;

		if (!str_ieq(str_split(&name, '='), STR("method")))
			buf_addf(&b, ";%.*s", STR_ARG(param));
	}
	out = arena_dup(a, buf_str(&b));
	buf_done(&b);
	return out;
}

/* Lists may hold anything: what would end a header line or its brackets is no
 * address (RFC 3261 §25.1). */
static bool is_clean(struct str uri)
{
	for (size_t i = 0; i < uri.n; i++)
		if (uri.p[i] <= ' ' || uri.p[i] >= 0x7f ||
		    strchr("<>\"", uri.p[i]))
			return false;
	return true;
}

static const char *route_of(struct front_sip *f, struct str room)
{
	const struct domain_config *dom = back_domain(f->cfg.door, room);

	return dom ? dom->route : "";
}

/* Is the next hop one that believes what we assert (RFC 3325 §9.1)? */
static bool trusts_us(struct front_sip *f, const char *route)
{
	char z[ADDR_TEXT_MAX];
	struct addr peer;
	struct uri u;

	if (uri_parse(str_z(route), &u) < 0)
		return false;
	snprintf(z, sizeof(z), "%.*s:%u", STR_ARG(u.host),
		 u.port ? u.port : 5060);
	return addr_parse(str_z(z), &peer) == 0 &&
	       config_trusts(f->cfg.config, &peer);
}

static void put_text(struct buf *b, const char *name, struct str text)
{
	buf_addf(b, "%s: ", name);
	map_phrase(b, text);
	buf_addz(b, "\r\n");
}

static void put_headers(struct call *c, const struct dial_wish *w,
			const char *route, struct buf *b)
{
	struct room_info info;

	seat_info(&c->seat, &info);
	if (w->subject.n)
		put_text(b, "Subject", w->subject);
	else if (info.subject.text.n)
		put_text(b, "Subject", info.subject.text);
	else
		put_text(b, "Subject", c->room);
	if (w->referred_by.n)
		buf_addf(b, "Referred-By: %.*s\r\n", STR_ARG(w->referred_by));
	if (trusts_us(c->f, route))
		buf_addf(b, "P-Asserted-Identity: <%.*s>\r\n",
			 STR_ARG(c->room_uri));
	if (w->hops)
		buf_addf(b, "Max-Forwards: %u\r\n", w->hops - 1);
	sip_put_timer_wish(b, SIP_SESSION_S, REFRESHER_NONE, SIP_MIN_SE_S);
}

/* The offer, and for those who care who else is invited (RFC 5366 §5). */
static void put_body(struct call *c, const struct dial_wish *w,
		     struct buf *type, struct buf *body)
{
	char boundary[33];

	if (!w->history.n) {
		buf_addz(type, "application/sdp");
		buf_addz(body, c->answer);
		return;
	}
	random_ident(boundary, sizeof(boundary) - 1);
	buf_addf(type, "multipart/mixed;boundary=\"%s\"", boundary);
	buf_addf(body,
		 "--%s\r\nContent-Type: application/sdp\r\n\r\n%s\r\n--%s\r\n"
		 "Content-Type: application/resource-lists+xml\r\n"
		 "Content-Disposition: recipient-list-history;"
		 "handling=optional\r\n\r\n%.*s\r\n--%s--\r\n",
		 boundary, c->answer, boundary, STR_ARG(w->history), boundary);
}

static void invite(struct call *c, const struct dial_wish *w)
{
	struct port_msg m = port_msg(PORT_DIAL);
	const char *route = route_of(c->f, c->room);
	struct buf headers = BUF_INIT(8192), type = BUF_INIT(128);
	struct buf body = BUF_INIT(PORT_BODY_MAX);

	put_headers(c, w, route, &headers);
	put_body(c, w, &type, &body);
	m.f[PORT_F_RURI] = request_uri(c->arena, w->uri);
	m.f[PORT_F_FROM] =
	    arena_printf(c->arena, "<%.*s>", STR_ARG(c->room_uri));
	m.f[PORT_F_TO] = arena_printf(c->arena, "<%.*s>", STR_ARG(c->uri));
	m.f[PORT_F_CONTACT] = c->contact;
	m.f[PORT_F_ROUTE] = str_z(route);
	m.f[PORT_F_HEADERS] = headers.err ? STR_NONE : buf_str(&headers);
	m.f[PORT_F_TYPE] = buf_str(&type);
	m.f[PORT_F_BODY] = buf_str(&body);
	c->dialog->dial = dialog_send(c->dialog, NULL, &m);
	buf_done(&headers);
	buf_done(&type);
	buf_done(&body);
}

static void no_answer(void *user)
{
	dial_give_up(user, REASON_TIMEOUT);
}

void dial_tell(struct call *c, int status, struct str phrase)
{
	struct front_sip *f = c->f;
	struct dial_asker *a = c->askers;

	if (status >= 200)
		c->askers = NULL; /* one outcome is all */
	for (; a; a = a->next) {
		referral_tell(f, a->referral, status, phrase);
		if (a->invitation && status >= 200)
			f->cfg.invited(f->cfg.user, a->invitation, status,
				       phrase);
	}
}

/* The outcome is his, too. */
static void ask(struct call *c, const struct dial_wish *w)
{
	struct dial_asker *a;
	unsigned n = 0;

	for (a = c->askers; a; a = a->next)
		n++;
	if (n == ASKERS_MAX) {
		referral_tell(c->f, w->referral, 503, STR_NONE);
		return;
	}
	a = arena_alloc(c->arena, sizeof(*a));
	*a = (struct dial_asker){c->askers, w->referral, w->invitation};
	c->askers = a;
}

static void fill(struct call *c, const struct dial_wish *w)
{
	struct buf uri = BUF_INIT(4096);

	c->room = arena_dup(c->arena, w->room);
	map_room_to_sip(&uri, c->room, STR_NONE);
	c->room_uri = arena_dup(c->arena, buf_str(&uri));
	c->dialled = c->room_uri;
	c->contact = call_contact(c, w->dialled);
	c->uri = bare_uri(c->arena, w->uri);
	c->user = arena_dup(c->arena, w->user);
	c->identity[c->n_identities++] = c->user;
	ask(c, w);
	c->invited = true;
	c->invited_by = arena_dup(c->arena, w->by);
	/* as the INVITE says; a 2xx that is silent about it means no */
	c->session_timer.interval_s = SIP_SESSION_S;
	c->session_timer.min_se_s = SIP_MIN_SE_S;
	c->session_timer.peer_supports = true;
	buf_done(&uri);
}

/* Until the answer comes the seat only watches, to hear of the room's end
 * (FOCUS-11). */
static enum reason_code watch_room(struct call *c)
{
	struct seat_join join = {
	    .room = c->room, .world = WORLD_SIP, .observer = true, .own = true};

	return back_local_join(c->f->cfg.back, &join, &c->seat);
}

static void stop_watching(struct call *c)
{
	struct seat_cmd leave = {.type = SEAT_LEAVE};

	if (seat_in_room(&c->seat))
		seat_command(&c->seat, &leave);
}

static struct call *on_its_way(struct front_sip *f, struct str room,
			       struct str user)
{
	struct call *c;

	TAILQ_FOREACH (c, &f->calls, link)
		if (c->dialog->dial && str_eq(c->room, room) &&
		    str_eq(c->user, user))
			return c;
	return NULL;
}

void dial_out(struct front_sip *f, const struct dial_wish *w)
{
	struct call *c = on_its_way(f, w->room, w->user);
	enum reason_code why = REASON_OK;
	struct dialog *d;

	if (c) {
		ask(c, w);
		return;
	}
	d = dialog_new(f, f->cfg.request_id(f->cfg.user));
	c = call_new(f, d);
	fill(c, w);
	if (!is_clean(w->uri))
		why = REASON_BAD_REQUEST;
	else if (f->n_calls > f->cfg.config->limits.dialogs)
		why = REASON_OVERLOAD;
	if (why == REASON_OK)
		why = watch_room(c);
	if (why == REASON_OK && user_in_room(&c->seat, c->user)) {
		dial_tell(c, 200, STR_NONE);
		call_ended(c, REASON_LEFT, STR_NONE);
		return;
	}
	if (why == REASON_OK && call_own_offer(c) != 200)
		why = REASON_UNSUPPORTED;
	if (why != REASON_OK) {
		dial_tell(c, map_reason_to_sip(why), STR_NONE);
		call_ended(c, why, STR_NONE);
		return;
	}
	log_info(f->log, "sip.dial", "dlg=%llx room=%s uri=%s",
		 (unsigned long long)d->id, LOGQ(c->room), LOGQ(c->uri));
	timer_set(f->loop, &c->timer, ANSWER_TIMEOUT_MS, no_answer, c);
	invite(c, w);
	guest_called(c);
}

void dial_refer(struct front_sip *f, const struct dial_wish *w)
{
	struct port_msg m = port_msg(PORT_DIAL);
	struct arena *a = arena_new(65536);
	struct buf headers = BUF_INIT(8192);
	const char *route = route_of(f, w->room);
	struct dialog *d;

	if (!is_clean(w->uri))
		goto out;
	buf_addf(&headers, "Refer-To: <%.*s>\r\nReferred-By: %.*s\r\n",
		 STR_ARG(w->dialled), STR_ARG(w->referred_by));
	if (!w->invitation)
		buf_addz(&headers, "Refer-Sub: false\r\n");
	if (trusts_us(f, route))
		buf_addf(&headers, "P-Asserted-Identity: <%.*s>\r\n",
			 STR_ARG(w->dialled));
	m.f[PORT_F_METHOD] = STR("REFER");
	m.f[PORT_F_RURI] = request_uri(a, w->uri);
	m.f[PORT_F_FROM] = arena_printf(a, "<%.*s>", STR_ARG(w->dialled));
	m.f[PORT_F_TO] = arena_printf(a, "<%.*s>", STR_ARG(m.f[PORT_F_RURI]));
	m.f[PORT_F_CONTACT] =
	    arena_printf(a, "<%.*s>;isfocus", STR_ARG(w->dialled));
	m.f[PORT_F_ROUTE] = str_z(route);
	m.f[PORT_F_HEADERS] = buf_str(&headers);
	if (headers.err)
		goto out;
	d = dialog_new(f, f->cfg.request_id(f->cfg.user));
	if (w->invitation)
		asked_new(d, w->invitation);
	dialog_send(d, NULL, &m);
out:
	buf_done(&headers);
	arena_free(a);
}

void dial_progress(struct front_sip *f, const struct port_msg *m)
{
	struct request *r = table_get(f->requests_by_id, m->req);
	struct call *c = r ? r->dialog->call : NULL;
	struct dialog_id early = {
	    .call_id = m->f[PORT_F_CALL_ID],
	    .local = m->f[PORT_F_FROM_TAG],
	    .remote = m->f[PORT_F_TO_TAG],
	};

	if (!c)
		return;
	dialog_learn(c->dialog, &early);
	if (m->status == 180)
		guest_rings(c);
	dial_tell(c, m->status, m->f[PORT_F_REASON]);
}

static void hang_up(struct call *c, int status, struct str text,
		    enum reason_code code)
{
	struct port_msg m = port_msg(PORT_HANG_UP);

	m.dlg = c->dialog->id;
	m.req = c->dialog->dial;
	hops_send(c->f->hops, &m);
	guest_failed(c, status, text);
	dial_tell(c, status, STR_NONE);
	call_ended(c, code, STR_NONE);
}

void dial_give_up(struct call *c, enum reason_code code)
{
	hang_up(c, map_reason_to_sip(code), str_z(reason_text(code)), code);
}

bool dial_cancel(struct front_sip *f, struct str room, struct str user,
		 struct str by)
{
	struct call *c, *next;
	bool any = false;

	for (c = TAILQ_FIRST(&f->calls); c; c = next) {
		next = TAILQ_NEXT(c, link);
		if (!c->dialog->dial || !str_eq(c->room, room) ||
		    !str_eq(c->user, user))
			continue;
		guest_removed(c, by);
		hang_up(c, 487, STR("Request Terminated"), REASON_KICKED);
		any = true;
	}
	return any;
}

static void answered(struct call *c, const struct port_msg *m)
{
	struct port_msg timer = *m;
	struct front_sip *f = c->f;

	stop_watching(c);
	if (!str_ieq(mime_type(m->f[PORT_F_TYPE]), STR("application/sdp")) ||
	    !call_answer(c, m->f[PORT_F_BODY])) {
		dial_tell(c, 488, STR_NONE);
		guest_failed(c, 488, STR("no usable answer"));
		call_bye(c, REASON_UNSUPPORTED, STR("no usable answer"));
		return;
	}
	dial_tell(c, m->status, m->f[PORT_F_REASON]);
	c->device = arena_dup(c->arena, m->f[PORT_F_CONTACT]);
	c->sender = sender_of(c);
	c->utf8_only = client_is_listed(f, m);
	timer.f[PORT_F_BODY] = STR_NONE; /* it has been read */
	session_timer_response(c, &timer);
	call_established(c, true);
}

void dial_response(struct dialog *d, const struct port_msg *m)
{
	struct port_msg bye = port_msg(PORT_SEND);

	d->dial = 0;
	if (m->status / 100 == 2) {
		d->answered = true;
		if (d->call) {
			answered(d->call, m);
			return;
		}
		/* it crossed our CANCEL */
		bye.f[PORT_F_METHOD] = STR("BYE");
		dialog_send(d, NULL, &bye);
	} else if (d->call) {
		dial_tell(d->call, m->status, m->f[PORT_F_REASON]);
		guest_failed(d->call, m->status, m->f[PORT_F_REASON]);
		log_info(d->f->log, "sip.dial.refused",
			 "dlg=%llx room=%s uri=%s status=%d",
			 (unsigned long long)d->id, LOGQ(d->call->room),
			 LOGQ(d->call->uri), m->status);
		call_ended(d->call, REASON_LEFT, STR_NONE);
	}
}
