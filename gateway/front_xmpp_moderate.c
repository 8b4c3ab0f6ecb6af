/* Messages that a moderator removes (XEP-0425). The room hears of it by a
 * message of its own, which takes the other one back. */
#include "base/xmltext.h"
#include "gateway/archive.h"
#include "gateway/front_xmpp_priv.h"
#include "xmpp/moderated.h"

#define PAYLOAD_MAX 65536
#define REASON_MAX  1024

static const struct stanza_error bad_request = {"modify", "bad-request"};
static const struct stanza_error forbidden = {"auth", "forbidden"};
static const struct stanza_error not_found = {"cancel", "item-not-found"};
static const struct stanza_error busy = {"wait", "resource-constraint"};

/* A removal, while the archive looks for the message. */
struct removal {
	struct fx_later later;
	struct str target, why;
};

/* XEP-0425 §3.1 */
static void put_payload(struct buf *b, struct fx_session *s,
			const struct message *m)
{
	buf_addz(b, "<retract xmlns='" NS_RETRACT "'");
	x_put_attr(b, "id", m->retracts);
	buf_addc(b, '>');
	moderated_put(b, s->room, s->nick, s->stable_id, m->why);
	buf_addz(b, "</retract>");
}

/* What SIP users are told. */
static int put_notice(struct message *m, struct str author)
{
	struct buf b = BUF_INIT(PAYLOAD_MAX);
	int err;

	buf_addz(&b, "A message");
	if (author.n) {
		buf_addz(&b, " of ");
		buf_add(&b, author);
	}
	buf_addz(&b, " was removed by a moderator");
	if (m->why.n) {
		buf_addz(&b, ": ");
		buf_add(&b, m->why);
	} else {
		buf_addc(&b, '.');
	}
	err = message_add_part(m, STR("text/plain"), STR("en"), buf_str(&b));
	buf_done(&b);
	return err;
}

static bool say(struct fx_session *s, struct str iq_id, struct message *m)
{
	struct seat_cmd cmd = {.type = SEAT_SAY, .msg = m};
	struct pending p = {.kind = PENDING_IQ, .id = iq_id};

	return fx_command(s, &cmd, &p);
}

/* False: too much is under way. */
static bool remove_message(struct fx_session *s, struct str iq_id,
			   struct str target, struct str why, struct str author)
{
	struct message *m = message_new(s->f->cfg.max_message);
	struct buf payload = BUF_INIT(PAYLOAD_MAX);
	bool said = false;

	m->moderates = true;
	m->retracts = arena_dup(m->arena, target);
	m->why = arena_dup(m->arena, why);
	put_payload(&payload, s, m);
	if (put_notice(m, author) == 0 && !payload.err) {
		m->form[WORLD_XMPP] = blob_new(buf_str(&payload));
		m->form_type[WORLD_XMPP] = STR("groupchat");
		said = say(s, iq_id, m);
	}
	buf_done(&payload);
	message_unref(m);
	return said;
}

static void on_found(void *user, const struct archive_page *page)
{
	struct removal *w = user;
	const struct fx_later *l = &w->later;
	struct fx_session *s = page ? fx_find(l->f, l->room, l->jid) : NULL;

	if (!page)
		; /* the service ends */
	else if (!s)
		fx_later_error(l, forbidden);
	else if (page->err || page->n == 0)
		fx_later_error(l, page->err ? busy : not_found);
	else if (!remove_message(s, l->id, w->target, w->why,
				 page->items[0].nick))
		fx_later_error(l, busy);
	arena_free(l->arena);
}

void fx_moderate_forget(struct front_xmpp *f)
{
	archive_forget(f->cfg.archive, on_found);
}

/* NULL, or why not; the archive answers with on_found. */
static const struct stanza_error *look_up(struct fx_domain *d,
					  const struct muc_in *in,
					  struct str target, struct str why)
{
	struct archive_query q = {
	    .room = in->to.bare, .ids = &target, .n_ids = 1, .max = 1};
	struct removal *w;

	if (!d->f->cfg.archive)
		return &not_found;
	w = fx_later_new(d, in, sizeof(*w));
	w->target = arena_dup(w->later.arena, target);
	w->why = arena_dup(w->later.arena, why);
	if (archive_ask(d->f->cfg.archive, &q, on_found, w) == 0)
		return NULL;
	arena_free(w->later.arena);
	return &busy;
}

static bool is_moderator(struct fx_session *s)
{
	const struct occupant *self = s ? fx_self(s) : NULL;

	return self && self->role == ROLE_MODERATOR;
}

void fx_on_moderate_iq(struct fx_domain *d, const struct muc_in *in,
		       struct fx_session *s)
{
	const struct room *room = rooms_find(d->f->cfg.rooms, in->to.bare);
	struct str target = x_attr(in->payload, "id");
	struct str why =
	    x_text(x_child(in->payload, "reason", NS_MODERATE), d->f->arena);
	const struct stanza_error *e = NULL;
	const struct message *m;

	if (!is_moderator(s))
		e = &forbidden;
	else if (!in->set || !target.n || target.n > REASON_MAX ||
		 why.n > REASON_MAX ||
		 !x_child(in->payload, "retract", NS_RETRACT))
		e = &bad_request;
	else if (!(m = room_past(room, target)))
		e = look_up(d, in, target, why);
	else if (!remove_message(s, in->id, target, why, m->nick))
		e = &busy;
	if (e)
		fx_error(d->f, str_z(d->name), in, *e, STR_NONE);
}
