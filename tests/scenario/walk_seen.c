/* What the clients of a walk are told, and whether it is what should be. */
#include "walk.h"

#include <stdio.h>

#include "mapping/addr.h"
#include "mapping/presence.h"
#include "sip/confinfo.h"

#define wrong(t, ...)                                                          \
	do {                                                                   \
		print_error("%s in %.*s: ", walk_name((t)->user),              \
			    STR_ARG((t)->w->room[(t)->room].address));         \
		fail_msg(__VA_ARGS__);                                         \
	} while (0)

#define put(array, s) snprintf(array, sizeof(array), "%.*s", STR_ARG(s))

/* --- rosters --- */

static struct walk_line *line_of(struct walk_view *v, struct str nick)
{
	for (size_t i = 0; i < v->n; i++)
		if (str_eq(nick, str_z(v->line[i].nick)))
			return &v->line[i];
	return NULL;
}

static struct walk_line *line_of_entity(struct walk_view *v, struct str entity)
{
	for (size_t i = 0; i < v->n; i++)
		if (str_eq(entity, str_z(v->line[i].entity)))
			return &v->line[i];
	return NULL;
}

static struct walk_line *add_line(struct walk_seat *t)
{
	struct walk_view *v = &t->view;

	if (v->n == sizeof(v->line) / sizeof(*v->line))
		wrong(t, "too many people");
	return &v->line[v->n++];
}

static void drop_line(struct walk_view *v, struct walk_line *l)
{
	*l = v->line[--v->n];
}

/* --- XMPP --- */

static struct walk_seat *seat_of_jid(struct walk *w, const struct xnode *n,
				     struct jid *from)
{
	assert_int_equal(jid_split(x_attr(n, "from"), from), 0);
	for (int r = 0; r < WALK_ROOMS; r++)
		for (int u = WALK_SIP_USERS; u < WALK_USERS; u++)
			if (str_eq(from->bare, w->room[r].address) &&
			    str_eq(x_attr(n, "to"), str_z(walk_jid(u))))
				return &w->seat[r][u];
	fail_msg("a stanza to nobody");
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

static void see_gone(struct walk_seat *t, const struct xnode *n,
		     struct str nick, const struct xnode *item)
{
	struct walk_line *l = line_of(&t->view, nick);
	bool renamed = x_has_status(n, "303");

	if (!l)
		wrong(t, "%.*s goes who was not there", STR_ARG(nick));
	drop_line(&t->view, l);
	if (!x_has_status(n, "110"))
		return;
	if (renamed)
		put(t->own_nick, x_attr(item, "nick"));
	t->inside = renamed;
}

static void see_presence(struct walk_seat *t, const struct xnode *n,
			 const struct jid *from)
{
	const struct xnode *x = x_child(n, "x", NS_MUC_USER);
	const struct xnode *item = x ? x_child(x, "item", NULL) : NULL;
	struct walk_line *l;

	if (str_eq(x_attr(n, "type"), STR("error"))) {
		t->refused = true;
		return;
	}
	assert_non_null(item);
	if (str_eq(x_attr(n, "type"), STR("unavailable"))) {
		see_gone(t, n, from->resource, item);
		return;
	}
	l = line_of(&t->view, from->resource);
	if (!l) {
		l = add_line(t);
		put(l->nick, from->resource);
	}
	see_item(l, item);
	if (x_has_status(n, "110")) {
		t->inside = true;
		put(t->own_nick, from->resource);
	}
}

/* --- messages --- */

static void next_due(struct walk_seat *t)
{
	struct walk_room *r = &t->w->room[t->room];

	/* a SIP user gets no copy of what he says (V-CHAT-9), but as history */
	while (walk_is_sip(t->user) && t->due >= t->history &&
	       t->due < r->n_said && r->said[t->due].user == t->user)
		t->due++;
}

void walk_address(const struct walk_seat *t, int user, const char *nick,
		  char z[256])
{
	struct str room = t->w->room[t->room].address;
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

static void hear(struct walk_seat *t, struct str from, struct str text)
{
	const struct walk_room *r = &t->w->room[t->room];
	char author[256];

	if (text.n && text.p[0] == 'p') {
		if (!str_eq(text, str_z(t->private)))
			wrong(t, "a private %.*s", STR_ARG(text));
		t->private[0] = '\0';
		return;
	}
	if (t->due == r->n_said)
		wrong(t, "one message too many: %.*s", STR_ARG(text));
	if (!str_eq(text, str_z(r->said[t->due].text)))
		wrong(t, "%.*s in place of %s", STR_ARG(text),
		      r->said[t->due].text);
	walk_address(t, r->said[t->due].user, r->said[t->due].nick, author);
	if (!str_eq(from, str_z(author)))
		wrong(t, "%.*s of %.*s, not of %s", STR_ARG(text),
		      STR_ARG(from), author);
	t->due++;
	next_due(t);
}

static void see_message(struct walk_seat *t, const struct xnode *n)
{
	const struct xnode *body = x_child(n, "body", NS_CLIENT);
	const struct xnode *subject = x_child(n, "subject", NS_CLIENT);

	if (str_eq(x_attr(n, "type"), STR("error")))
		t->refused = true;
	else if (body)
		hear(t, x_attr(n, "from"), x_text(body, t->w->s->arena));
	else if (subject)
		put(t->view.subject, x_text(subject, t->w->s->arena));
}

static void see_iq(struct walk_seat *t, const struct xnode *n)
{
	struct str type = x_attr(n, "type");

	if (str_eq(type, STR("get")))
		xmpp_put(t->w->s,
			 "<iq type='result' from='%s' to='%.*s' id='%.*s'/>",
			 walk_jid(t->user), STR_ARG(x_attr(n, "from")),
			 STR_ARG(x_attr(n, "id")));
	t->refused = t->refused || str_eq(type, STR("error"));
}

static void see_stanza(void *user, const struct xnode *n)
{
	struct jid from;
	struct walk_seat *t = seat_of_jid(user, n, &from);

	if (x_is(n, "presence", NULL))
		see_presence(t, n, &from);
	else if (x_is(n, "message", NULL))
		see_message(t, n);
	else
		see_iq(t, n);
}

/* --- MSRP --- */

static void acknowledge(struct sip_user *u, struct str frame)
{
	struct str id = str_from(frame, 5);
	ptrdiff_t from = str_search(frame, STR("From-Path: "));

	assert_true(from > 0);
	if (has(frame, "Failure-Report: no\r\n"))
		return;
	id = str_split(&id, ' ');
	frame = str_from(frame, (size_t)from + 11);
	frame = str_split(&frame, '\r');
	msrp_put(u, arena_printf(u->s->arena,
				 "MSRP %.*s 200 OK\r\nTo-Path: %.*s\r\n"
				 "From-Path: %s\r\n-------%.*s$\r\n",
				 STR_ARG(id), STR_ARG(frame), u->own_path,
				 STR_ARG(id)));
}

static struct str between(struct str s, const char *before, char end)
{
	ptrdiff_t at = str_search(s, str_z(before));

	if (at < 0)
		return STR_NONE;
	s = str_from(s, (size_t)at + strlen(before));
	return str_split(&s, end);
}

static struct str after_last_blank(struct str s)
{
	ptrdiff_t at;

	while ((at = str_search(s, STR("\r\n\r\n"))) >= 0)
		s = str_from(s, (size_t)at + 4);
	return s;
}

static bool take_frames(struct walk_seat *t)
{
	struct str frame;
	bool any = false;

	while (t->call.msrp && (frame = msrp_take(&t->call)).n) {
		ptrdiff_t end = str_search(frame, STR("\r\n-------"));
		struct str text;

		assert_true(has(frame, " SEND\r\n") && end > 0);
		text = after_last_blank(str_of(frame.p, (size_t)end));
		/* others are notices of the room itself */
		if (text.n && (text.p[0] == 'm' || text.p[0] == 'p'))
			hear(t,
			     between(between(frame, "\r\nFrom: ", '\r'), "<",
				     '>'),
			     text);
		acknowledge(&t->call, frame);
		any = true;
	}
	return any;
}

/* --- SIP --- */

static struct walk_seat *seat_of_dialog(struct walk *w, uint64_t dlg,
					bool watch)
{
	for (int r = 0; r < WALK_ROOMS; r++)
		for (int u = 0; u < WALK_SIP_USERS; u++) {
			struct walk_seat *t = &w->seat[r][u];

			if (dlg == (watch ? t->watch : t->call.dlg))
				return t;
		}
	return NULL;
}

static void see_user(struct walk_seat *t, const struct confinfo_user *u)
{
	struct walk_line *l = line_of_entity(&t->view, u->entity);

	if (u->state == CONFINFO_DELETED) {
		if (!l)
			wrong(t, "%.*s goes who was not there",
			      STR_ARG(u->entity));
		drop_line(&t->view, l);
		return;
	}
	if (u->state == CONFINFO_PARTIAL)
		return; /* how he goes */
	if (!l)
		l = add_line(t);
	put(l->entity, u->entity);
	put(l->nick, u->nickname.n ? u->nickname : u->display_text);
	map_role_from_confinfo(u->roles, u->n_roles, &l->role, &l->affiliation);
}

static void see_roster(struct walk_seat *t, const struct port_msg *m)
{
	struct confinfo_doc doc;

	assert_int_equal(
	    confinfo_parse(m->f[PORT_F_BODY], t->w->s->arena, &doc), 0);
	if (doc.version != ++t->version)
		wrong(t, "roster %u after %u", doc.version, t->version - 1);
	if (doc.state == CONFINFO_FULL)
		t->view.n = 0;
	for (struct confinfo_user_node *u = doc.users; u; u = u->next)
		see_user(t, &u->user);
	if (doc.has_description)
		put(t->view.subject, doc.subject);
	if (doc.has_conference_state)
		t->view.count = doc.user_count;
}

static void see_notify(struct walk *w, const struct port_msg *m)
{
	struct walk_seat *t;

	if (has(m->f[PORT_F_HEADERS], "Event: refer")) {
		t = seat_of_dialog(w, m->dlg, false);
		if (t && has(m->f[PORT_F_BODY], "SIP/2.0 4"))
			t->refused = true;
		return;
	}
	t = seat_of_dialog(w, m->dlg, true);
	assert_non_null(t);
	see_roster(t, m);
	if (has(m->f[PORT_F_HEADERS], "Subscription-State: terminated"))
		t->watch = 0;
}

static void see_bye(struct walk *w, const struct port_msg *m)
{
	struct walk_seat *t = seat_of_dialog(w, m->dlg, false);

	assert_non_null(t);
	take_frames(t);
	t->inside = false;
	sip_user_done(&t->call);
}

/* stoxd refreshes the session (RFC 4028 §10). */
static void see_reinvite(struct walk *w, const struct port_msg *sent)
{
	struct walk_seat *t = seat_of_dialog(w, sent->dlg, false);
	struct port_msg m = port_msg(PORT_RESPONSE);

	assert_non_null(t);
	m.dlg = sent->dlg;
	m.req = sent->req;
	m.status = 200;
	m.f[PORT_F_TYPE] = STR("application/sdp");
	m.f[PORT_F_BODY] = sip_user_offer(&t->call, WALK_SDP);
	scene_sip_event(w->s, &m);
}

static void see_request(struct walk *w, const struct port_msg *m)
{
	struct str method = m->f[PORT_F_METHOD];

	if (str_eq(method, STR("INVITE"))) {
		see_reinvite(w, m);
		return;
	}
	if (str_eq(method, STR("NOTIFY")))
		see_notify(w, m);
	else if (str_eq(method, STR("BYE")))
		see_bye(w, m);
	else
		fail_msg("a %.*s", STR_ARG(method));
	scene_sip_response(w->s, m, 200);
}

static bool take_sip(struct walk *w)
{
	struct port_msg m;
	bool any = false;

	while (scene_sip_next(w->s, &m)) {
		if (m.type == PORT_SEND)
			see_request(w, &m);
		any = true;
	}
	return any;
}

void walk_watch(struct walk_seat *t)
{
	struct sip_user u = t->call;
	struct port_msg m = port_msg(PORT_REQUEST);

	u.dlg = t->watch = ++t->w->s->ids;
	u.cseq = 0;
	t->version = 0;
	m.new_dialog = true;
	sip_user_request(&u, &m, "SUBSCRIBE");
	m.expires = 3600;
	m.f[PORT_F_EVENT] = STR("conference");
	scene_sip_event(t->w->s, &m);
	assert_int_equal(scene_sip(t->w->s, PORT_ANSWER, NULL).status, 200);
}

void walk_settle(struct walk *w)
{
	bool any;

	do {
		scene_run(w->s, 0);
		any = take_sip(w);
		any |= xmpp_each(w->s, see_stanza, w);
		for (int r = 0; r < WALK_ROOMS; r++)
			for (int u = 0; u < WALK_SIP_USERS; u++)
				any |= take_frames(&w->seat[r][u]);
	} while (any);
}

/* --- against the model --- */

static void check_line(struct walk_seat *t, const struct walk_seat *o)
{
	struct walk_line *l = line_of(&t->view, str_z(o->nick));
	enum affiliation a = t->w->room[t->room].affiliation[o->user];
	char entity[256];

	if (!l)
		wrong(t, "%s is missing", o->nick);
	if (l->role != o->role)
		wrong(t, "%s has the role %d, not %d", o->nick, l->role,
		      o->role);
	if (walk_is_sip(t->user)
		? (l->affiliation >= AFF_ADMIN) != (a >= AFF_ADMIN)
		: l->affiliation != a)
		wrong(t, "%s has the affiliation %d, not %d", o->nick,
		      l->affiliation, a);
	walk_address(t, o->user, o->nick, entity);
	if (walk_is_sip(t->user) && strcmp(l->entity, entity) != 0)
		wrong(t, "%s is %s, not %s", o->nick, l->entity, entity);
}

static void check_roster(struct walk_seat *t)
{
	size_t n = 0;

	for (int u = 0; u < WALK_USERS; u++)
		if (t->w->seat[t->room][u].in) {
			check_line(t, &t->w->seat[t->room][u]);
			n++;
		}
	if (n != t->view.n)
		wrong(t, "a roster of %zu, not %zu", t->view.n, n);
	if (walk_is_sip(t->user) && n != t->view.count)
		wrong(t, "a count of %zu, not %zu", t->view.count, n);
	if (strcmp(t->view.subject, t->w->room[t->room].subject) != 0)
		wrong(t, "the subject is %s, not %s", t->view.subject,
		      t->w->room[t->room].subject);
}

static void check_seat(struct walk_seat *t)
{
	if (t->inside != t->in)
		wrong(t, "%s", t->in ? "is out" : "is still in");
	if (t->in) {
		next_due(t);
		if (t->due < t->w->room[t->room].n_said)
			wrong(t, "did not hear %s",
			      t->w->room[t->room].said[t->due].text);
		if (!walk_is_sip(t->user) && strcmp(t->own_nick, t->nick) != 0)
			wrong(t, "is %s, not %s", t->own_nick, t->nick);
	}
	if (t->private[0])
		wrong(t, "did not hear the private %s", t->private);
	if (walk_is_sip(t->user) ? t->watch != 0 : t->in)
		check_roster(t);
}

void walk_check(struct walk *w)
{
	for (int r = 0; r < WALK_ROOMS; r++)
		for (int u = 0; u < WALK_USERS; u++)
			check_seat(&w->seat[r][u]);
}
