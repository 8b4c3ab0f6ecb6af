/* Subscriptions to a room's roster: how they begin, come back and are refused
 * (RFC 4575, RFC 6665). */
#include "gateway/front_sip_call.h"
#include "gateway/front_sip_keep.h"
#include "gateway/front_sip_private.h"
#include "gateway/front_sip_watch.h"

#include "base/mem.h"
#include "base/uri.h"
#include "mapping/reason.h"
#include "msrp/cpim.h"

#define DEFAULT_EXPIRES 3600

/* EVENT-6 */
static const char *end_of(enum reason_code code)
{
	switch (code) {
	case REASON_SHUTDOWN:
		return "deactivated";
	case REASON_BANNED:
	case REASON_MEMBERS_ONLY:
	case REASON_NOT_MEMBER:
		return "rejected";
	default:
		return "noresource";
	}
}

static void seat_event(void *front, const struct seat_ev *ev)
{
	if (ev->type == SEAT_ENDED)
		subscription_end(front, end_of(ev->reason.code));
}

static const struct seat_front_ops seat_ops = {.event = seat_event};

static void expired(void *user)
{
	subscription_end(user, "timeout");
}

bool client_is_listed(const struct front_sip *f, const struct port_msg *m)
{
	const struct config *cfg = f->cfg.config;

	for (size_t i = 0; i < cfg->sip.n_full_rosters; i++)
		if (str_istarts(m->f[PORT_F_USER_AGENT],
				str_z(cfg->sip.full_rosters[i])))
			return true;
	return false;
}

static bool accepts(struct str accept)
{
	bool any = accept.n == 0;

	while (accept.n) {
		struct str type =
		    mime_type(str_trim_space(str_split(&accept, ',')));

		if (str_ieq(type, STR("application/conference-info+xml")) ||
		    str_ieq(type, STR("application/*")) ||
		    str_ieq(type, STR("*/*")))
			any = true;
	}
	return any;
}

static struct subscription *find(struct dialog *d, struct str id)
{
	struct subscription *s;

	TAILQ_FOREACH (s, &d->subscriptions, link)
		if (str_eq(id, str_z(s->event_id)) && !s->ended)
			return s;
	return NULL;
}

static void refuse_event(struct front_sip *f, const struct port_msg *m)
{
	struct answer a = ANSWER(489);

	a.headers = STR("Allow-Events: " SIP_ALLOW_EVENTS "\r\n");
	front_sip_answer(f, m, &a);
}

static void too_brief(struct front_sip *f, const struct port_msg *m,
		      unsigned min)
{
	struct answer a = ANSWER(423);
	char header[64];

	snprintf(header, sizeof(header), "Min-Expires: %u\r\n", min);
	a.headers = str_z(header);
	front_sip_answer(f, m, &a);
}

/* The request has waited for its caller's own INVITE: the room comes with his
 * ACK. */
static bool wait_for_room(struct front_sip *f, const struct port_msg *m,
			  struct str room)
{
	struct call *c = call_joining(f, room);
	struct held_subscribe *h;

	if (!c)
		return false;
	h = mem_new(sizeof(*h));
	buf_init(&h->request, PORT_BODY_MAX);
	port_encode(&h->request, m);
	TAILQ_INSERT_TAIL(&c->subscribes, h, link);
	return true;
}

static bool is_inside(struct subscription *s)
{
	const struct occupant *o;
	size_t it = 0;

	while ((o = seat_roster(&s->seat, &it)))
		if (is_subscriber(s, o->user))
			return true;
	return false;
}

/* In its room, if that is there. */
static struct subscription *subscription_make(struct dialog *d, struct str room,
					      struct str id, struct str user,
					      struct str contact,
					      bool returning)
{
	struct front_sip *f = d->f;
	struct subscription *s = mem_new(sizeof(*s));
	const struct domain_config *dom = back_domain(f->cfg.door, room);
	struct seat_join join = {
	    .room = room,
	    .world = WORLD_SIP,
	    .observer = true,
	    .returning = returning,
	};

	s->f = f;
	s->dialog = d;
	s->seat.front_ops = &seat_ops;
	s->seat.front = s;
	s->room = str_dup(room);
	s->user = str_dup(user);
	join.user = str_z(s->user);
	join.account = account_behind(join.user);
	s->event_id = id.n ? str_dup(id) : NULL;
	s->contact = str_dup(contact);
	s->interval_ms = dom ? dom->notify_interval_ms : 0;
	TAILQ_INSERT_TAIL(&d->subscriptions, s, link);
	f->n_subscriptions++;
	s->refused = back_join(f->cfg.door, &join, &s->seat);
	s->outsiders = !dom || dom->outsiders;
	if (seat_in_room(&s->seat) && !s->outsiders && !returning &&
	    !is_inside(s)) {
		subscription_leave_seat(s);
		s->refused = REASON_FORBIDDEN;
	}
	watch_add(s);
	return s;
}

static struct subscription *subscription_new(struct dialog *d,
					     const struct port_msg *m,
					     struct str room, struct str id)
{
	struct buf contact = BUF_INIT(8192);
	struct arena *a = arena_new(16384);
	struct subscription *s;

	buf_addc(&contact, '<');
	map_room_to_sip(&contact, room, STR_NONE);
	buf_addz(&contact, ">;isfocus");
	s = subscription_make(d, room, id, request_user(d, m, a),
			      d->call ? d->call->contact : buf_str(&contact),
			      false);
	s->full_only = client_is_listed(s->f, m); /* EVENT-34 */
	arena_free(a);
	buf_done(&contact);
	return s;
}

struct subscription *subscription_restore(struct dialog *d,
					  const struct kept_subscription *k)
{
	struct front_sip *f = d->f;
	uint64_t now = loop_wall_ms(f->loop), left_ms;
	struct subscription *s;

	if (k->expires_ms <= now)
		return NULL;
	left_ms = k->expires_ms - now;
	if (left_ms > DEFAULT_EXPIRES * 1000ull) /* the clock was set back */
		left_ms = DEFAULT_EXPIRES * 1000ull;
	s = subscription_make(d, k->room, k->event_id, k->user, k->contact,
			      true);
	s->full_only = k->full_only;
	s->version = s->kept_version = (uint32_t)k->version;
	s->need_full = s->returning = true;
	s->expires_at_ms = loop_now_ms(f->loop) + left_ms;
	timer_set(f->loop, &s->expiry, left_ms, expired, s);
	subscription_keep(s);
	return s;
}

void subscription_renew(struct subscription *s)
{
	s->returning = false;
	if (!seat_in_room(&s->seat))
		subscription_end(s, "noresource");
	else if (s->need_full)
		subscription_tell(s);
}

static void accept_subscribe(struct subscription *s, const struct port_msg *m,
			     unsigned expires)
{
	struct front_sip *f = s->f;
	struct answer a = ANSWER(200);

	a.contact = str_z(s->contact);
	a.expires = expires;
	s->dialog->answered = true;
	front_sip_answer(f, m, &a);
	s->expires_at_ms = loop_now_ms(f->loop) + expires * 1000ull;
	s->returning = false;
	if (expires) {
		timer_set(f->loop, &s->expiry, expires * 1000ull, expired, s);
		subscription_tell(s);
		subscription_keep(s);
	} else {
		subscription_end(s, "timeout");
	}
}

/* Where the room of a SUBSCRIBE is: the dialog's own, or the Request-URI's. */
static int subscribe_room(struct front_sip *f, struct dialog *d,
			  const struct port_msg *m, struct arena *a,
			  struct str *room)
{
	if (d && d->call) {
		*room = arena_dup(a, d->call->room);
		return 200;
	}
	return front_sip_room(f, m->f[PORT_F_RURI], a, room);
}

static void subscribe_new(struct front_sip *f, struct dialog *d,
			  const struct port_msg *m, struct str id,
			  unsigned expires)
{
	struct arena *a = arena_new(16384);
	struct subscription *s;
	enum reason_code why;
	bool waits;
	struct str room;
	int status = subscribe_room(f, d, m, a, &room);

	if (status == 200 &&
	    f->n_subscriptions >= f->cfg.config->limits.subscriptions)
		status = 503;
	if (status != 200) {
		front_sip_refuse(f, m, status, "no such room or domain");
		goto out;
	}
	if (!d)
		d = dialog_begin(f, m);
	s = subscription_new(d, m, room, id);
	if (seat_in_room(&s->seat)) {
		log_info(f->log, "sip.subscribe", "dlg=%llx room=%s from=%s",
			 (unsigned long long)d->id, LOGQ(room),
			 LOGQ(m->f[PORT_F_FROM]));
		accept_subscribe(s, m, expires);
	} else {
		why = s->refused;
		waits = why == REASON_NO_ROOM ||
			(why == REASON_FORBIDDEN && !s->outsiders);
		subscription_free(s);
		if (!waits || !wait_for_room(f, m, room))
			front_sip_refuse(f, m, map_reason_to_sip(why),
					 reason_text(why));
		dialog_release(d);
	}
out:
	arena_free(a);
}

void subscription_request(struct front_sip *f, struct dialog *d,
			  const struct port_msg *m)
{
	struct str event = m->f[PORT_F_EVENT], id = STR_NONE;
	struct str package = str_trim(str_split(&event, ';'));
	const struct domain_config *dom;
	struct subscription *s;
	unsigned expires, min = 60;
	struct uri u;

	uri_param(event, STR("id"), &id);
	if (uri_parse(m->f[PORT_F_RURI], &u) == 0 &&
	    (dom = config_domain(f->cfg.config, u.host)))
		min = dom->min_expires;
	expires = m->expires < 0 || m->expires > DEFAULT_EXPIRES
		      ? DEFAULT_EXPIRES
		      : (unsigned)m->expires;
	if (!str_ieq(package, STR("conference"))) {
		refuse_event(f, m);
	} else if (!accepts(m->f[PORT_F_ACCEPT])) {
		front_sip_refuse(f, m, 406, "only conference-info is offered");
	} else if (expires && expires < min) {
		too_brief(f, m, min);
	} else if (d && (s = find(d, id))) {
		accept_subscribe(s, m, expires);
	} else if (!m->new_dialog && !(d && d->call)) {
		front_sip_refuse(f, m, 481, "no such subscription");
	} else {
		subscribe_new(f, d, m, id, expires);
	}
}
