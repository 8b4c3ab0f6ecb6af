/* To the user: messages of the room into his MSRP session. */
#include <stdlib.h>

#include "gateway/front_sip_long.h"
#include "gateway/front_sip_message.h"

#include "base/err.h"
#include "base/mem.h"
#include "base/rfc3339.h"
#include "base/utf8.h"
#include "mapping/message.h"
#include "mapping/roster.h"
#include "msrp/cpim.h"

void call_drop_held(struct call *c)
{
	struct held_message *h;

	while ((h = TAILQ_FIRST(&c->held))) {
		TAILQ_REMOVE(&c->held, h, link);
		blob_unref(h->body);
		free(h);
	}
	c->n_held = 0;
	c->held_bytes = 0;
}

/* Until the session is bound (CHAT-5); what does not fit is counted and told.
 * The history has a limit of its own, that of the room. */
static void hold(struct call *c, struct blob *body, bool old, uint64_t receipt)
{
	struct held_message *h;

	if (!old && (c->n_held >= CALL_HELD_MAX ||
		     c->held_bytes + body->n > CALL_HELD_BYTES)) {
		c->skipped++;
		receipt_failed(c, receipt, REASON_OVERLOAD);
		return;
	}
	h = mem_new(sizeof(*h));
	h->body = blob_ref(body);
	h->old = old;
	h->receipt = receipt;
	TAILQ_INSERT_TAIL(&c->held, h, link);
	if (old)
		return;
	c->n_held++;
	c->held_bytes += body->n;
}

static int send_now(struct call *c, struct blob *body, uint64_t receipt)
{
	uint64_t now = loop_now_ms(c->f->loop);
	const struct domain_config *dom = call_domain(c);
	bool probe = receipt || (dom && dom->copies_confirmed) ||
		     now - c->probe_ms >= PROBE_INTERVAL_MS;
	struct msrp_out out = {
	    .content_type = c->plain ? STR("text/plain") : STR("message/cpim"),
	    .body = body,
	    .success_report = receipt_wanted(c, receipt),
	    .cookie = receipt,
	    .failure_report = probe ? MSRP_FAILURE_YES : MSRP_FAILURE_PARTIAL,
	};
	int err = msrp_session_send(c->session, &out);

	if (probe && err == 0)
		c->probe_ms = now;
	return err;
}

/* ERR_TOO_BIG: more than the user's client takes; anything else is seen to. */
static int deliver(struct call *c, struct blob *body, bool old,
		   uint64_t receipt)
{
	int err;

	if (!c->session)
		return 0;
	if (!c->bound || c->pathless) {
		hold(c, body, old, receipt);
		return 0;
	}
	err = send_now(c, body, receipt);
	if (err == 0) {
		c->f->stats.messages_out++;
		return 0;
	}
	c->f->stats.messages_skipped++;
	receipt_failed(c, receipt,
		       err == ERR_TOO_BIG ? REASON_TOO_BIG : REASON_OVERLOAD);
	if (err != ERR_TOO_BIG)
		c->skipped++;
	return err;
}

/* Is this type among those that the user's client takes (CHAT-18)? Nearly all
 * messages are of the one type that his lists were searched for already. */
static bool takes(struct call *c, struct str type)
{
	if (c->takes_all || (c->takes_plain && str_eq(type, STR("text/plain"))))
		return true;
	return sdp_takes(&c->peer, type);
}

void call_send_control(struct call *c, struct str type, struct blob *body)
{
	if (takes(c, type) && !c->plain)
		(void)deliver(c, body, false, 0);
}

void call_notice(struct call *c, const char *text)
{
	struct buf b = BUF_INIT(65536);
	char time[RFC3339_MAX];
	struct cpim_out m = {
	    .from = {STR_NONE, c->dialled},
	    .to = {STR_NONE, c->dialled},
	    .datetime = str_z(rfc3339_millis(loop_wall_ms(c->f->loop), time)),
	    .content_type = STR("text/plain;charset=utf-8"),
	    .body = str_z(text),
	};
	struct blob *body;

	if (!call_receives(c)) {
		buf_done(&b);
		return;
	}
	if (c->plain)
		buf_addz(&b, text);
	else
		cpim_write(&b, &m);
	body = blob_new(buf_str(&b));
	(void)deliver(c, body, false, 0);
	blob_unref(body);
	buf_done(&b);
}

static void deliver_or_tell(struct call *c, struct blob *body, bool old,
			    uint64_t receipt)
{
	char text[128];

	if (deliver(c, body, old, receipt) != ERR_TOO_BIG)
		return;
	snprintf(text, sizeof(text),
		 "A message of %zu octets was not delivered to you: your "
		 "client does not take as much.",
		 body->n);
	call_notice(c, text);
}

/* One notice per episode of congestion (CHAT-21). */
void call_tell_skipped(struct call *c)
{
	char text[128];

	if (!c->skipped)
		return;
	snprintf(text, sizeof(text),
		 "%llu message%s could not be delivered to you: your "
		 "connection is too slow.",
		 (unsigned long long)c->skipped, c->skipped == 1 ? "" : "s");
	c->skipped = 0;
	call_notice(c, text);
}

void call_flush(struct call *c)
{
	struct held_message *h;

	while ((h = TAILQ_FIRST(&c->held))) {
		TAILQ_REMOVE(&c->held, h, link);
		if (!h->old) {
			c->n_held--;
			c->held_bytes -= h->body->n;
		}
		deliver_or_tell(c, h->body, h->old, h->receipt);
		blob_unref(h->body);
		free(h);
	}
	call_tell_skipped(c);
}

static bool shows_addresses(struct call *c)
{
	struct room_info info;

	seat_info(&c->seat, &info);
	return info.non_anonymous;
}

/* The CPIM entity for a message that came from the other world, to this
 * address. */
static struct blob *render(struct call *c, const struct message *m,
			   struct str to)
{
	static const struct map_message_cfg map = {0};
	struct buf b = BUF_INIT(m->n_parts ? 1u << 24 : 65536);
	struct occupant author = {
	    .world = m->world, .nick = m->nick, .sip_uri = m->sip_uri};
	struct buf from = BUF_INIT(8192);
	struct blob *out = NULL;

	map_occupant_entity(&from, c->room, &author, shows_addresses(c));
	if (map_message_to_cpim(&b, m,
				(struct cpim_addr){m->nick, buf_str(&from)},
				(struct cpim_addr){STR_NONE, to}, &map) &&
	    !b.err)
		out = blob_new(buf_str(&b));
	buf_done(&from);
	buf_done(&b);
	return out;
}

/* History tells when a message was said even where its author did not (a copy
 * on its way is never changed, CPIM-9; this one is told anew). */
static struct blob *with_date(const struct message *m)
{
	struct str raw = blob_str(m->form[WORLD_SIP]);
	struct arena *a = arena_new(raw.n * 2 + 65536);
	struct buf b = BUF_INIT(raw.n + 128);
	char time[RFC3339_MAX];
	struct blob *out = NULL;
	struct cpim cpim;

	if (cpim_parse(raw, a, &cpim) == 0 && !cpim.datetime.n) {
		buf_addf(&b, "DateTime: %s\r\n",
			 rfc3339_millis(m->time_ms, time));
		buf_add(&b, raw);
		out = blob_new(buf_str(&b));
	}
	buf_done(&b);
	arena_free(a);
	return out ? out : blob_ref(m->form[WORLD_SIP]);
}

/* The wrapped type in which SIP users get a message; empty: none of it is for
 * them. */
static struct str sip_type(const struct message *m)
{
	static const struct map_message_cfg map = {0};

	return m->world == WORLD_SIP ? m->form_type[WORLD_SIP]
				     : map_message_sip_type(m, &map);
}

/* Some clients end their session over a body that is not UTF-8 (CPIM-22). */
static bool bears(const struct call *c, const struct message *m,
		  struct str type)
{
	if (!c->utf8_only || m->world != WORLD_SIP ||
	    str_istarts(type, STR("text/")))
		return true;
	return !m->stream && utf8_valid(blob_str(m->form[WORLD_SIP]));
}

/* What holds nothing for SIP users is as good as shown. */
bool call_takes(void *front, const struct message *m)
{
	struct str type = sip_type(m);

	return !type.n || (takes(front, type) && bears(front, m, type));
}

/* Of what he says himself his other devices get copies, unless the domain has
 * it otherwise (CHAT-10). */
static bool unwanted_copy(struct call *c, const struct seat_ev *ev)
{
	const struct message *m = ev->msg;
	const struct domain_config *dom;

	if (m->is_link && !ev->delayed) /* he has had the content, or can't */
		return !c->plain;
	if (ev->own_op)
		return !m->private; /* to himself: CHAT-36 */
	if (ev->delayed || m->private || m->world != WORLD_SIP ||
	    !str_eq(m->user, c->user))
		return false;
	dom = call_domain(c);
	return dom && !dom->own_copies;
}

void call_deliver(struct call *c, const struct seat_ev *ev)
{
	struct message *m = ev->msg;
	struct str type;
	struct blob *body;

	if (m->receipt_of.n)
		receipt_came(c, m);
	if ((!call_receives(c) && !m->control) || unwanted_copy(c, ev))
		return;
	type = sip_type(m);
	if (!type.n || !takes(c, type) || !bears(c, m, type))
		return;
	if (m->stream) {
		call_copy(c, m);
		return;
	}
	if (c->plain) {
		body = plain_render(m);
	} else if (m->world == WORLD_SIP) {
		body =
		    ev->delayed ? with_date(m) : blob_ref(m->form[WORLD_SIP]);
	} else if (!m->private && str_eq(c->dialled, c->room_uri) &&
		   (!m->sip_uri.n || shows_addresses(c))) {
		if (!m->form[WORLD_SIP])
			m->form[WORLD_SIP] = render(c, m, c->room_uri);
		body = blob_ref(m->form[WORLD_SIP]);
	} else {
		body = render(c, m, m->private ? c->uri : c->dialled);
	}
	if (!body)
		return;
	deliver_or_tell(c, body, ev->delayed, receipt_await(c, m));
	blob_unref(body);
}
