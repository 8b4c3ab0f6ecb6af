/* What the clients of a walk are told, and whether it is what should be. */
#include "walk.h"

#include <stdio.h>
#include <stdlib.h>

#include "mapping/addr.h"
#include "mapping/presence.h"

/* --- rosters --- */

struct walk_line *walk_line(struct walk_view *v, struct str nick,
			    struct str entity)
{
	for (size_t i = 0; i < v->n; i++)
		if (nick.n ? str_eq(nick, str_z(v->line[i].nick))
			   : str_eq(entity, str_z(v->line[i].entity)))
			return &v->line[i];
	return NULL;
}

struct walk_line *walk_add_line(struct walk_seat *t)
{
	struct walk_view *v = &t->view;

	if (v->n == sizeof(v->line) / sizeof(*v->line))
		walk_wrong(t, "too many people");
	return &v->line[v->n++];
}

/* --- presence --- */

static struct walk_seat *seat_of_jid(struct walk *w, struct str room,
				     struct str jid)
{
	WALK_EACH_SEAT(t, w)
	if (!walk_is_sip(t->user) && str_eq(room, walk_room(t)->address) &&
	    str_eq(jid, str_z(walk_jid(t))))
		return t;
	fail_msg("a stanza to %.*s", STR_ARG(jid));
	return NULL;
}

static void see_item(struct walk_line *l, const struct xnode *item)
{
	for (enum role i = ROLE_NONE; i <= ROLE_MODERATOR; i++)
		if (str_eq(x_attr(item, "role"), str_z(map_role_name(i))))
			l->role = i;
	for (enum affiliation i = AFF_OUTCAST; i <= AFF_OWNER; i++)
		if (str_eq(x_attr(item, "affiliation"),
			   str_z(map_affiliation_name(i))))
			l->affiliation = i;
}

/* How it says that somebody goes. */
static int code_of(const struct xnode *n, const struct xnode *x)
{
	static const char *const codes[] = {"301", "307", "321",
					    "322", "332", "333"};

	if (x_child(x, "destroy", NULL))
		return WALK_DESTROYED;
	for (size_t i = 0; i < sizeof(codes) / sizeof(*codes); i++)
		if (x_has_status(n, codes[i]))
			return atoi(codes[i]);
	return 0;
}

static void check_gone(struct walk_seat *t, const char *nick, int code)
{
	const struct walk_room *r = walk_room(t);

	for (size_t i = 0; i < r->n_gone; i++)
		if (strcmp(r->gone[i].nick, nick) == 0 &&
		    r->gone[i].code == code)
			return;
	walk_wrong(t, "%s goes with the status %d", nick, code);
}

static void see_gone(struct walk_seat *t, const struct xnode *n,
		     struct str nick, const struct xnode *x)
{
	struct walk_line *l = walk_line(&t->view, nick, STR_NONE);
	bool renamed = x_has_status(n, "303"), self = x_has_status(n, "110");

	if (!l)
		walk_wrong(t, "%.*s goes who was not there", STR_ARG(nick));
	if (!renamed)
		check_gone(t, l->nick, code_of(n, x));
	*l = t->view.line[--t->view.n];
	if (self && renamed)
		WALK_COPY(t->own_nick,
			  x_attr(x_child(x, "item", NULL), "nick"));
	if (self)
		t->inside = renamed;
}

static void see_error(struct walk_seat *t, const struct xnode *n)
{
	const struct xnode *e =
	    x_child(x_child(n, "error", NULL), NULL, NS_STANZAS);

	t->refused = true;
	if (t->condition && (!e || !str_eq(e->name, str_z(t->condition))))
		walk_wrong(t, "%.*s, not %s", STR_ARG(e ? e->name : STR("?")),
			   t->condition);
}

static void see_presence(struct walk_seat *t, const struct xnode *n,
			 struct str nick)
{
	const struct xnode *x = x_child(n, "x", NS_MUC_USER);
	const struct xnode *item = x ? x_child(x, "item", NULL) : NULL;
	struct walk_line *l;

	if (str_eq(x_attr(n, "type"), STR("error"))) {
		see_error(t, n);
		return;
	}
	assert_non_null(item);
	if (str_eq(x_attr(n, "type"), STR("unavailable"))) {
		see_gone(t, n, nick, x);
		return;
	}
	l = walk_line(&t->view, nick, STR_NONE);
	if (!l) {
		l = walk_add_line(t);
		WALK_COPY(l->nick, nick);
	}
	see_item(l, item);
	if (x_has_status(n, "110")) {
		t->inside = true;
		WALK_COPY(t->own_nick, nick);
	}
}

/* --- messages --- */

/* A SIP user gets no copy of what he says with this device (V-CHAT-9), but as
 * history. */
void walk_next_due(struct walk_seat *t)
{
	struct walk_room *r = walk_room(t);

	while (walk_is_sip(t->user) && t->due >= t->history &&
	       t->due < r->n_said && r->said[t->due].by == t)
		t->due++;
}

void walk_address(const struct walk_seat *t, int user, const char *nick,
		  char z[256])
{
	struct str room = walk_room(t)->address;
	struct buf b = BUF_INIT(256);

	if (!walk_is_sip(t->user))
		buf_addf(&b, "%.*s/%s", STR_ARG(room), nick);
	else if (walk_is_sip(user))
		buf_addf(&b, "sip:%s@sip.test", walk_name(user));
	else
		map_room_to_sip(&b, room, str_z(nick));
	snprintf(z, 256, "%.*s", (int)b.n, b.p);
	buf_done(&b);
}

void walk_hear(struct walk_seat *t, struct str from, struct str text)
{
	const struct walk_room *r = walk_room(t);
	const struct walk_said *m = &t->private;
	char author[256];

	if (text.n && text.p[0] != 'p') {
		if (t->due == r->n_said)
			walk_wrong(t, "one message too many: %.*s",
				   STR_ARG(text));
		m = &r->said[t->due++];
	}
	if (!str_eq(text, str_z(m->text)))
		walk_wrong(t, "%.*s in place of %s", STR_ARG(text), m->text);
	walk_address(t, m->user, m->nick, author);
	if (!str_eq(from, str_z(author)))
		walk_wrong(t, "%.*s of %.*s, not of %s", STR_ARG(text),
			   STR_ARG(from), author);
	if (m == &t->private)
		t->private.text[0] = '\0';
	walk_next_due(t);
}

static void see_message(struct walk_seat *t, const struct xnode *n)
{
	const struct xnode *body = x_child(n, "body", NS_CLIENT);
	const struct xnode *subject = x_child(n, "subject", NS_CLIENT);

	if (str_eq(x_attr(n, "type"), STR("error")))
		see_error(t, n);
	else if (body)
		walk_hear(t, x_attr(n, "from"), x_text(body, t->w->s->arena));
	else if (subject)
		WALK_COPY(t->view.subject, x_text(subject, t->w->s->arena));
	else if (x_child(n, "x", NS_XDATA) && t->asked-- == 0)
		walk_wrong(t, "a request for a voice");
}

static void see_iq(struct walk_seat *t, const struct xnode *n)
{
	struct str type = x_attr(n, "type");

	if (str_eq(type, STR("get")))
		xmpp_put(t->w->s,
			 "<iq type='result' from='%s' to='%.*s' id='%.*s'/>",
			 walk_jid(t), STR_ARG(x_attr(n, "from")),
			 STR_ARG(x_attr(n, "id")));
	else if (str_eq(type, STR("error")))
		see_error(t, n);
}

static void see_invitation(struct walk *w, struct str room, struct str jid)
{
	for (int r = 0; r < WALK_ROOMS; r++)
		for (int u = WALK_SIP_USERS; u < WALK_USERS; u++)
			if (str_eq(room, w->room[r].address) &&
			    str_eq(jid, str_z(walk_bare(w, u))) &&
			    w->room[r].invited[u]-- > 0)
				return;
	fail_msg("%.*s is invited", STR_ARG(jid));
}

static void see_stanza(void *user, const struct xnode *n)
{
	struct str to = x_attr(n, "to");
	struct walk *w = user;
	struct walk_seat *t;
	struct jid from;

	assert_int_equal(jid_split(x_attr(n, "from"), &from), 0);
	if (str_find(to, '/') < 0) {
		/* else somebody declines whom he has invited before he left */
		if (x_child(x_child(n, "x", NS_MUC_USER), "invite", NULL))
			see_invitation(w, from.bare, to);
		return;
	}
	t = seat_of_jid(w, from.bare, to);
	if (x_is(n, "presence", NULL))
		see_presence(t, n, from.resource);
	else if (x_is(n, "message", NULL))
		see_message(t, n);
	else
		see_iq(t, n);
}

void walk_settle(struct walk *w)
{
	bool any;

	model_tidy(w);
	do {
		scene_run(w->s, 0);
		any = walk_take_sip(w);
		any |= xmpp_each(w->s, see_stanza, w);
		any |= walk_take_msrp(w);
	} while (any);
}

void walk_pass(struct walk *w, uint64_t ms)
{
	walk_settle(w);
	scene_run(w->s, ms);
	walk_settle(w);
}

/* --- against the model --- */

static void check_line(struct walk_seat *t, const struct walk_occ *o)
{
	struct walk_line *l = walk_line(&t->view, str_z(o->nick), STR_NONE);
	enum affiliation a = o->affiliation;
	char entity[256];

	if (!l)
		walk_wrong(t, "%s is missing", o->nick);
	if (l->role != o->role)
		walk_wrong(t, "%s has the role %d, not %d", o->nick, l->role,
			   o->role);
	if (walk_is_sip(t->user)
		? (l->affiliation >= AFF_ADMIN) != (a >= AFF_ADMIN)
		: l->affiliation != a)
		walk_wrong(t, "%s has the affiliation %d, not %d", o->nick,
			   l->affiliation, a);
	walk_address(t, o->user, o->nick, entity);
	if (walk_is_sip(t->user) && strcmp(l->entity, entity) != 0)
		walk_wrong(t, "%s is %s, not %s", o->nick, l->entity, entity);
}

static void check_roster(struct walk_seat *t)
{
	struct walk_room *r = walk_room(t);
	size_t n = model_count(r);

	WALK_EACH_OCC(o, r)
	check_line(t, o);
	if (n != t->view.n)
		walk_wrong(t, "a roster of %zu, not %zu", t->view.n, n);
	if (walk_is_sip(t->user) && n != t->view.count)
		walk_wrong(t, "a count of %zu, not %zu", t->view.count, n);
	if (strcmp(t->view.subject, r->subject) != 0)
		walk_wrong(t, "the subject is %s, not %s", t->view.subject,
			   r->subject);
}

static void check_ears(struct walk_seat *t)
{
	const struct walk_room *r = walk_room(t);

	walk_next_due(t);
	if (t->due < r->n_said)
		walk_wrong(t, "did not hear %s", r->said[t->due].text);
	if (t->private.text[0])
		walk_wrong(t, "did not hear the private %s", t->private.text);
	if (t->asked)
		walk_wrong(t, "was not asked for a voice");
}

static void check_seat(struct walk_seat *t)
{
	if (t->inside != (t->occ != NULL))
		walk_wrong(t, "%s", t->occ ? "is out" : "is still in");
	if (t->occ && !t->lost_until_ms)
		check_ears(t);
	if (t->occ && !walk_is_sip(t->user) &&
	    strcmp(t->own_nick, t->occ->nick) != 0)
		walk_wrong(t, "is %s, not %s", t->own_nick, t->occ->nick);
	if (walk_is_sip(t->user) ? t->watch != 0 : t->occ != NULL)
		check_roster(t);
}

void walk_check(struct walk *w)
{
	for (int r = 0; r < WALK_ROOMS; r++)
		for (int u = 0; u < WALK_USERS; u++)
			if (w->room[r].invited[u])
				fail_msg("%s is not invited", walk_name(u));
	WALK_EACH_SEAT(t, w)
	check_seat(t);
}
