/* Who has left a room while its stream was down: those of whom it said nothing
 * when a proxy asked for its roster again. One proxy asks who is there
 * (XEP-0045 §6.4), for all of that room that want to know. */
#include "gateway/back_muc_priv.h"

#include <stdlib.h>

#include "base/log.h"
#include "base/mem.h"

struct roll {
	struct back_muc *b;
	char *room;
	struct proxy *asker;	       /* NULL: nobody's query is out */
	struct roll_list asked, later; /* those that the query is for, or not */
	struct deferred ask;
};

static void roll_free(struct roll *r)
{
	defer_cancel(r->b->loop, &r->ask);
	table_del_str(r->b->rolls, str_z(r->room));
	free(r->room);
	free(r);
}

static void ask(void *user)
{
	struct roll *r = user;
	struct proxy *p = TAILQ_FIRST(&r->later);
	struct query *q = query_new(p, QUERY_OCCUPANTS);
	struct buf *b = muc_begin(p, "iq", STR_NONE, "get", q->id);

	buf_addz(b, "<query xmlns='" NS_DISCO_ITEMS "'/></iq>");
	muc_send(p);
	r->asker = p;
	TAILQ_FOREACH (p, &r->later, roll_link)
		p->roll_asked = true;
	TAILQ_CONCAT(&r->asked, &r->later, roll_link);
}

/* With nobody's query out. */
static void go_on(struct roll *r)
{
	if (TAILQ_EMPTY(&r->later))
		roll_free(r);
	else
		defer(r->b->loop, &r->ask, ask, r);
}

static struct roll *roll_of(struct proxy *p)
{
	struct roll *r = table_get_str(p->b->rolls, p->room);

	if (r)
		return r;
	r = mem_new(sizeof(*r));
	r->b = p->b;
	r->room = str_dup(p->room);
	TAILQ_INIT(&r->asked);
	TAILQ_INIT(&r->later);
	table_put_str(p->b->rolls, str_z(r->room), r);
	return r;
}

void proxy_check_roster(struct proxy *p)
{
	size_t heard;

	proxy_leave_roll(p);
	if (!leg_roster_unheard(p->leg, &heard))
		return;
	p->roll = roll_of(p);
	p->roll_asked = false;
	TAILQ_INSERT_TAIL(&p->roll->later, p, roll_link);
	if (!p->roll->asker)
		go_on(p->roll);
}

void proxy_leave_roll(struct proxy *p)
{
	struct roll *r = p->roll;
	struct proxy *o;

	if (!r)
		return;
	p->roll = NULL;
	if (p->roll_asked)
		TAILQ_REMOVE(&r->asked, p, roll_link);
	else
		TAILQ_REMOVE(&r->later, p, roll_link);
	if (r->asker && r->asker != p)
		return;
	r->asker = NULL;
	TAILQ_FOREACH (o, &r->asked, roll_link)
		o->roll_asked = false;
	TAILQ_CONCAT(&r->later, &r->asked, roll_link);
	go_on(r);
}

/* The occupants' nicknames, as keys; NULL: it is no list of them, since the
 * asker himself is not in it. */
static struct table *read_list(const struct proxy *asker,
			       const struct muc_said *in)
{
	struct table *nicks;
	const struct xnode *item;
	struct jid jid;

	if (!in || in->kind != SAID_RESULT)
		return NULL;
	nicks = table_new();
	item = x_child(in->payload, "item", NS_DISCO_ITEMS);
	for (; item; item = x_next(item, "item", NS_DISCO_ITEMS))
		if (jid_split(x_attr(item, "jid"), &jid) == 0 && jid.resource.n)
			table_put_str(nicks, jid.resource, nicks);
	if (!table_get_str(nicks, buf_str(&asker->nick))) {
		table_free(nicks);
		nicks = NULL;
	}
	return nicks;
}

static bool is_listed(void *user, struct str nick)
{
	return table_get_str(user, nick);
}

/* Without a list he believes a room that has told him its roster anew: more
 * than an occupant's news that came just then. */
static void settle(struct proxy *p, struct table *nicks)
{
	size_t heard, unheard = leg_roster_unheard(p->leg, &heard);

	if (nicks || heard >= unheard)
		leg_roster_end(p->leg, REASON_LOST, nicks ? is_listed : NULL,
			       nicks);
	else
		log_info(p->b->log, "muc.roster_unsure", "room=%s jid=%s",
			 LOGQ(p->room), LOGQ(p->jid));
}

void proxy_occupants_answered(struct proxy *asker, const struct muc_said *in)
{
	struct roll *r = asker->roll;
	struct table *nicks;
	struct proxy *p;

	if (!r || r->asker != asker)
		return;
	nicks = read_list(asker, in);
	r->asker = NULL;
	while ((p = TAILQ_FIRST(&r->asked))) {
		TAILQ_REMOVE(&r->asked, p, roll_link);
		p->roll = NULL;
		settle(p, nicks);
	}
	table_free(nicks);
	go_on(r);
}
