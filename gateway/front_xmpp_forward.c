#include "gateway/front_xmpp_forward.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/random.h"

#define ANSWER_MS 30000
/* Queries between occupants that wait for their answers. */
#define FORWARD_MAX 20000
/* of one client: many ask all occupants for their pictures on joining */
#define FORWARD_MAX_EACH 1000

#define NS_VCARD "vcard-temp"

static const struct stanza_error timed_out = {"wait", "remote-server-timeout"};

/* A query that waits for its answer. */
struct forward {
	TAILQ_ENTRY(forward) link;
	struct forwards *all;
	struct fx_domain *domain;
	char id[17];   /* ours */
	char *text;    /* the next five are parts */
	struct str to; /* who has to answer */
	struct str asker, asker_id, room, nick;
	uint64_t due_ms;
};

struct forwards {
	struct front_xmpp *f;
	struct table *by_id;
	TAILQ_HEAD(, forward) oldest_first;
	struct timer timer;
};

struct forwards *forwards_new(struct front_xmpp *f)
{
	struct forwards *all = mem_new(sizeof(*all));

	all->f = f;
	all->by_id = table_new();
	TAILQ_INIT(&all->oldest_first);
	return all;
}

static void forget(struct forward *w)
{
	struct forwards *all = w->all;
	struct fx_session *s = fx_find(all->f, w->room, w->asker);

	/* a session of that name may be a later one */
	if (s && s->n_forwards > 0)
		s->n_forwards--;
	table_del_str(all->by_id, str_z(w->id));
	TAILQ_REMOVE(&all->oldest_first, w, link);
	free(w->text);
	free(w);
}

void forwards_free(struct forwards *all)
{
	struct forward *w;

	if (!all)
		return;
	timer_cancel(all->f->loop, &all->timer);
	while ((w = TAILQ_FIRST(&all->oldest_first)))
		forget(w);
	table_free(all->by_id);
	free(all);
}

static struct buf *begin_answer(const struct forward *w, const char *type)
{
	struct buf *b = fx_begin(w->all->f, "iq", w->asker, w->room, w->nick,
				 type, w->asker_id);

	buf_addc(b, '>');
	return b;
}

static void end_answer(const struct forward *w)
{
	buf_addz(&w->all->f->out, "</iq>");
	fx_send(w->all->f, str_z(w->domain->name));
}

static void on_timer(void *user);

static void arm(struct forwards *all)
{
	const struct forward *w = TAILQ_FIRST(&all->oldest_first);
	uint64_t now_ms = loop_now_ms(all->f->loop);

	if (w && !timer_pending(&all->timer))
		timer_set(all->f->loop, &all->timer,
			  w->due_ms > now_ms ? w->due_ms - now_ms : 0, on_timer,
			  all);
}

static void on_timer(void *user)
{
	struct forwards *all = user;
	uint64_t now_ms = loop_now_ms(all->f->loop);
	struct forward *w;

	while ((w = TAILQ_FIRST(&all->oldest_first)) && w->due_ms <= now_ms) {
		x_put_error(begin_answer(w, "error"), timed_out, STR_NONE,
			    STR_NONE);
		end_answer(w);
		forget(w);
	}
	arm(all);
}

/* The client of his that was heard of last. */
static const struct fx_session *latest(struct front_xmpp *f, struct str room,
				       const struct occupant *who)
{
	const struct fx_session *best = NULL;

	for (const struct device *d = who->devices; d; d = d->next) {
		const struct fx_session *s = fx_find(f, room, d->label);

		if (s && (!best || s->heard_ms >= best->heard_ms))
			best = s;
	}
	return best;
}

static struct forward *remember(struct fx_session *s, const struct muc_in *in,
				struct str to)
{
	struct forwards *all = s->f->forwards;
	struct forward *w = mem_new(sizeof(*w));
	char *at;

	at = w->text = mem_new(to.n + s->jid.n + in->id.n + s->room.n +
			       in->to.resource.n + 1);
	w->all = all;
	w->domain = s->domain;
	w->to = str_pack(&at, to);
	w->asker = str_pack(&at, s->jid);
	w->asker_id = str_pack(&at, in->id);
	w->room = str_pack(&at, s->room);
	w->nick = str_pack(&at, in->to.resource);
	random_ident(w->id, sizeof(w->id) - 1);
	w->due_ms = loop_now_ms(s->f->loop) + ANSWER_MS;
	table_put_str(all->by_id, str_z(w->id), w);
	TAILQ_INSERT_TAIL(&all->oldest_first, w, link);
	s->n_forwards++;
	arm(all);
	return w;
}

void fx_forward(struct fx_session *s, const struct muc_in *in,
		const struct occupant *to)
{
	const struct fx_session *target = latest(s->f, s->room, to);
	/* the server has it, not the client; others' are not to be set */
	bool vcard = x_is(in->payload, "vCard", NS_VCARD);
	const struct forward *w;
	struct buf *b;

	if (!target || (vcard && in->set && to->id != s->occupant)) {
		fx_refuse(s->f, str_z(s->domain->name), in,
			  target ? REASON_NOT_ALLOWED : REASON_NO_OCCUPANT);
		return;
	}
	if (s->n_forwards == FORWARD_MAX_EACH ||
	    table_count(s->f->forwards->by_id) == FORWARD_MAX) {
		fx_refuse(s->f, str_z(s->domain->name), in, REASON_OVERLOAD);
		return;
	}
	w = remember(s, in, vcard && !in->set ? target->bare : target->jid);
	b = fx_begin(s->f, "iq", w->to, s->room, s->nick,
		     in->set ? "set" : "get", str_z(w->id));
	buf_addc(b, '>');
	x_write(b, in->payload, STR(NS_CLIENT));
	buf_addz(b, "</iq>");
	fx_send(s->f, str_z(s->domain->name));
}

/* What it says, less the name of who says it. */
static void put_error(struct buf *b, const struct xnode *error)
{
	buf_addz(b, "<error");
	x_put_attr(b, "type", x_attr(error, "type"));
	buf_addc(b, '>');
	for (const struct xnode *n = error->children; n; n = n->next)
		x_write(b, n, STR(NS_CLIENT));
	buf_addz(b, "</error>");
}

bool fx_forward_answered(struct fx_domain *d, const struct muc_in *in)
{
	struct forward *w = table_get_str(d->f->forwards->by_id, in->id);
	bool failed = str_eq(in->type, STR("error"));
	struct buf *b;

	if (!w || w->domain != d || !str_eq(w->to, in->from.full))
		return false;
	b = begin_answer(w, failed ? "error" : "result");
	for (const struct xnode *n = in->stanza->children; n; n = n->next) {
		if (failed && x_is(n, "error", NULL))
			put_error(b, n);
		else if (!failed)
			x_write(b, n, STR(NS_CLIENT));
	}
	end_answer(w);
	forget(w);
	return true;
}
