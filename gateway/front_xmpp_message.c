/* Messages to the room and to one occupant, and the subject (XEP-0045 §7.4,
 * §7.5, §8.1).
 *
 * A message is written once, without its addressee, and kept with it
 * (form[WORLD_XMPP]): from its sender on as the payload that he sent, from the
 * first delivery on as the rest of the stanza. Each receiver then costs a
 * copy. */
#include <stdlib.h>

#include "base/mem.h"
#include "base/rfc3339.h"
#include "base/xmltext.h"
#include "gateway/front_xmpp_priv.h"
#include "mapping/reason.h"

#define STANZA_END     "</message>"
#define STANZA_MAX     (8u << 20)
#define HISTORY_MAX    (32u << 20) /* for one who joins, while he does */
#define HISTORY_GROWTH 32

/* What form[WORLD_XMPP] is. */
#define FORM_GROUPCHAT                                                         \
	STR("groupchat") /* payload of a message of that type                  \
			  */
#define FORM_CHAT     STR("chat")
#define FORM_NORMAL   STR("normal")
#define FORM_HEADLINE STR("headline")
#define FORM_STANZA   STR("stanza") /* " from=..>..</message>"; or empty */

/* --- out --- */

/* The author's payload as he sent it, or what a SIP user's message is in XMPP.
 * False: nothing. */
static bool put_payload(struct buf *b, const struct message *m)
{
	struct map_message_cfg cfg = {0};

	if (!m->form[WORLD_XMPP])
		return map_message_to_payload(b, m, &cfg);
	buf_add(b, blob_str(m->form[WORLD_XMPP]));
	return true;
}

static const char *type_of(const struct message *m)
{
	struct str form =
	    m->form[WORLD_XMPP] ? m->form_type[WORLD_XMPP] : STR_NONE;

	if (str_eq(form, FORM_NORMAL))
		return "normal";
	if (str_eq(form, FORM_HEADLINE))
		return "headline";
	return m->private ? "chat" : "groupchat";
}

static void put_stanza_id(struct buf *b, struct str room, struct str id)
{
	buf_addz(b, "<stanza-id xmlns='" NS_SID "'");
	x_put_attr(b, "by", room);
	x_put_attr(b, "id", id);
	buf_addz(b, "/>");
}

static void put_delay(struct buf *b, struct str room, uint64_t time_ms)
{
	char z[RFC3339_MAX];

	buf_addz(b, "<delay xmlns='" NS_DELAY "'");
	x_put_attr(b, "from", room);
	x_put_attr(b, "stamp", str_z(rfc3339_seconds(time_ms, z)));
	buf_addz(b, "/>");
}

/* An XMPP user says himself when it was. */
static bool has_date(const struct message *m)
{
	return m->world == WORLD_SIP && map_is_late(m);
}

/* RFC 7702 §5.5, XEP-0045 §7.4: the same id to all; XEP-0359, XEP-0421. */
static bool write_stanza(struct buf *b, struct str room,
			 const struct message *m)
{
	bool own_id = m->world == WORLD_XMPP && m->client_id.n;

	buf_addz(b, " from='");
	xml_add_attr(b, room);
	if (!m->moderates && m->nick.n) {
		buf_addc(b, '/');
		xml_add_attr(b, m->nick);
	}
	buf_addc(b, '\'');
	x_put_attr(b, "type", str_z(type_of(m)));
	x_put_attr(b, "id", own_id ? m->client_id : m->id);
	x_put_attr(b, "xml:lang", m->language);
	buf_addc(b, '>');
	if (!put_payload(b, m))
		return false;
	if (has_date(m))
		put_delay(b, room, m->written_ms);
	if (m->private) {
		buf_addz(b, "<x xmlns='" NS_MUC_USER "'/>");
	} else {
		put_stanza_id(b, room, m->id);
	}
	if (m->stable_id.n && !m->moderates) {
		buf_addz(b, "<occupant-id xmlns='" NS_OCCUPANT "'");
		x_put_attr(b, "id", m->stable_id);
		buf_addz(b, "/>");
	}
	buf_addz(b, STANZA_END);
	return !b->err;
}

struct str front_xmpp_stanza_of(struct str room, struct message *m)
{
	struct buf b = BUF_INIT(STANZA_MAX);
	struct blob *form;

	if (m->form[WORLD_XMPP] &&
	    str_eq(m->form_type[WORLD_XMPP], FORM_STANZA))
		return blob_str(m->form[WORLD_XMPP]);
	form = blob_new(write_stanza(&b, room, m) ? buf_str(&b) : STR_NONE);
	buf_done(&b);
	blob_unref(m->form[WORLD_XMPP]);
	m->form[WORLD_XMPP] = form;
	m->form_type[WORLD_XMPP] = FORM_STANZA;
	return blob_str(form);
}

static void put_delayed(struct buf *b, const struct fx_session *s,
			struct str stanza, const struct message *m)
{
	buf_addz(b, "<message");
	buf_add(b, s->to);
	buf_add(b, str_of(stanza.p, stanza.n - strlen(STANZA_END)));
	if (!has_date(m))
		put_delay(b, s->room, m->time_ms);
	buf_addz(b, STANZA_END);
}

void fx_hold_history(struct fx_session *s, size_t max_chars)
{
	s->history = mem_new(sizeof(*s->history));
	s->history->max_chars = max_chars;
	buf_init(&s->history->text, HISTORY_MAX);
}

void fx_history_free(struct fx_session *s)
{
	if (!s->history)
		return;
	buf_done(&s->history->text);
	free(s->history->ends);
	free(s->history);
	s->history = NULL;
}

static void hold_back(struct fx_session *s, struct str stanza,
		      const struct message *m)
{
	struct fx_history *h = s->history;

	if (h->n == h->room) {
		h->room += HISTORY_GROWTH;
		h->ends = mem_resize(h->ends, h->room * sizeof(*h->ends));
	}
	put_delayed(&h->text, s, stanza, m);
	h->ends[h->n++] = h->text.n;
}

/* Only the device that said it knows it. */
static void tell_failed(struct fx_session *s, const struct message *m)
{
	struct pending p = {
	    .kind = PENDING_MESSAGE, .id = m->failed_id, .to = m->nick};

	if (m->failed_seat == s->seat.id)
		fx_message_failed(s, &p, m->failed);
}

void fx_message_event(struct fx_session *s, const struct seat_ev *ev)
{
	struct front_xmpp *f = s->f;
	struct buf *b = &f->out;
	struct str stanza;

	if (ev->msg->failed) {
		tell_failed(s, ev->msg);
		return;
	}
	stanza = front_xmpp_stanza_of(s->room, ev->msg);
	if (!stanza.n)
		return;
	if (ev->delayed && s->history) {
		hold_back(s, stanza, ev->msg);
		return;
	}
	buf_clear(b);
	if (ev->delayed) {
		put_delayed(b, s, stanza, ev->msg);
	} else {
		buf_addz(b, "<message");
		buf_add(b, s->to);
		buf_add(b, stanza);
	}
	fx_send_to(s);
}

/* Whole stanzas, the newest that fit, oldest first (XEP-0045 §7.2.14). */
static void send_history(struct fx_session *s)
{
	const struct fx_history *h = s->history;
	size_t first = h->n, at;

	while (first > 0) {
		at = first > 1 ? h->ends[first - 2] : 0;
		if (h->text.n - at > h->max_chars)
			break;
		first--;
	}
	at = first > 0 ? h->ends[first - 1] : 0;
	for (; first < h->n; first++) {
		buf_clear(&s->f->out);
		buf_add(&s->f->out,
			str_of(h->text.p + at, h->ends[first] - at));
		at = h->ends[first];
		fx_send_to(s);
	}
	fx_history_free(s);
}

void fx_subject_event(struct fx_session *s, const struct seat_ev *ev)
{
	const struct subject *subject = ev->subject;
	struct buf *b;

	if (s->history)
		send_history(s);
	b = fx_begin(s->f, "message", s->jid, s->room, subject->nick,
		     "groupchat", subject->id);
	buf_addc(b, '>');
	x_put_text(b, "subject", subject->text);
	if (ev->delayed && subject->time_ms)
		put_delay(b, s->room, subject->time_ms);
	if (!ev->delayed && subject->archive_id.n)
		put_stanza_id(b, s->room, subject->archive_id);
	if (subject->stable_id.n) {
		buf_addz(b, "<occupant-id xmlns='" NS_OCCUPANT "'");
		x_put_attr(b, "id", subject->stable_id);
		buf_addz(b, "/>");
	}
	buf_addz(b, STANZA_END);
	fx_send_to(s);
}

/* --- in --- */

static void say(struct fx_session *s, const struct muc_in *in,
		struct message *m)
{
	struct seat_cmd cmd = {.type = SEAT_SAY, .msg = m};
	struct pending p = {
	    .kind = PENDING_MESSAGE, .id = in->id, .to = in->to.resource};

	if (!fx_command(s, &cmd, &p))
		fx_refuse(s->f, str_z(s->domain->name), in, REASON_OVERLOAD);
}

static struct str form_of(const struct muc_in *in, bool private)
{
	if (!private)
		return FORM_GROUPCHAT;
	if (str_eq(in->type, FORM_CHAT))
		return FORM_CHAT;
	return str_eq(in->type, FORM_HEADLINE) ? FORM_HEADLINE : FORM_NORMAL;
}

/* The message with its payload kept; NULL: over a limit. */
static struct message *read_message(struct front_xmpp *f,
				    const struct muc_in *in, bool private)
{
	struct message *m = message_new(f->cfg.max_message);
	struct map_message_cfg cfg = {0};
	struct buf b = BUF_INIT(STANZA_MAX);

	m->private = private;
	if (map_stanza_to_message(in->stanza, &cfg, m) < 0) {
		message_unref(m);
		return NULL;
	}
	map_stanza_payload(&b, in->stanza, in->to.bare);
	m->form[WORLD_XMPP] = blob_new(buf_str(&b));
	m->form_type[WORLD_XMPP] = form_of(in, private);
	if (b.err) {
		message_unref(m);
		m = NULL;
	}
	buf_done(&b);
	return m;
}

static void on_subject(struct fx_session *s, const struct muc_in *in)
{
	struct str text =
	    x_text(x_child(in->stanza, "subject", NS_CLIENT), s->f->arena);
	struct message *m = message_new(s->f->cfg.max_message);
	struct seat_cmd cmd = {.type = SEAT_SUBJECT, .text = text, .msg = m};
	struct pending p = {
	    .kind = PENDING_SUBJECT, .id = in->id, .text = text};

	m->client_id = arena_dup(m->arena, in->id);
	m->subject = arena_dup(m->arena, text);
	m->has_subject = true;
	if (!fx_command(s, &cmd, &p))
		fx_refuse(s->f, str_z(s->domain->name), in, REASON_OVERLOAD);
	message_unref(m);
}

void fx_on_message(struct fx_domain *d, const struct muc_in *in)
{
	struct fx_session *s = fx_find(d->f, in->to.bare, in->from.full);
	const struct occupant *to = NULL;
	enum reason_code code = REASON_OK;
	struct message *m = NULL;

	d->f->stats.messages_in++;
	if (!s) {
		code = fx_outside(d->f, in->to.bare);
	} else if (in->kind == MUC_SUBJECT) {
		on_subject(s, in);
		return;
	} else if (in->kind == MUC_PRIVATE) {
		to = seat_by_nick(&s->seat, in->to.resource);
		if (!to)
			code = REASON_NO_OCCUPANT;
	}
	if (code == REASON_OK) {
		m = read_message(d->f, in, to != NULL);
		if (!m)
			code = REASON_TOO_BIG;
	}
	if (code != REASON_OK) {
		fx_refuse(d->f, str_z(d->name), in, code);
		return;
	}
	m->to = to ? to->id : 0;
	say(s, in, m);
	message_unref(m);
}

void fx_message_failed(struct fx_session *s, const struct pending *p,
		       enum reason_code code)
{
	struct buf *b;

	if (code == REASON_OK)
		return;
	b = fx_begin(s->f, "message", s->jid, s->room, p->to, "error", p->id);
	buf_addc(b, '>');
	if (p->kind == PENDING_SUBJECT)
		x_put_text(b, "subject", p->text);
	x_put_error(b, map_reason_to_error(code), STR_NONE,
		    str_z(reason_text(code)));
	buf_addz(b, STANZA_END);
	fx_send_to(s);
}
