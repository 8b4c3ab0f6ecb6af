/* What SIP clients of a walk are told: MSRP, dialogs and rosters. */
#include "walk.h"

#include <stdio.h>

#include "mapping/presence.h"
#include "tests/lib/confinfo_whole.h"

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
			walk_hear(t,
				  between(between(frame, "\r\nFrom: ", '\r'),
					  "<", '>'),
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
	WALK_EACH_SEAT(t, w)
	if (walk_is_sip(t->user) && dlg == (watch ? t->watch : t->call.dlg))
		return t;
	return NULL;
}

static void see_user(struct walk_seat *t, const struct confinfo_user *u)
{
	struct walk_line *l = walk_line(&t->view, STR_NONE, u->entity);

	if (u->state == CONFINFO_DELETED) {
		if (!l)
			walk_wrong(t, "%.*s goes who was not there",
				   STR_ARG(u->entity));
		*l = t->view.line[--t->view.n];
		return;
	}
	if (u->state == CONFINFO_PARTIAL)
		return; /* how he goes */
	if (!l)
		l = walk_add_line(t);
	WALK_COPY(l->entity, u->entity);
	WALK_COPY(l->nick, u->nickname.n ? u->nickname : u->display_text);
	map_role_from_confinfo(u->roles, u->n_roles, &l->role, &l->affiliation);
}

static void see_roster(struct walk_seat *t, const struct port_msg *m)
{
	struct confinfo_doc doc;

	assert_int_equal(
	    confinfo_parse(m->f[PORT_F_BODY], t->w->s->arena, &doc), 0);
	if (doc.version != ++t->version)
		walk_wrong(t, "roster %u after %u", doc.version,
			   t->version - 1);
	if (doc.state == CONFINFO_FULL)
		t->view.n = 0;
	for (struct confinfo_user_node *u = doc.users; u; u = u->next)
		see_user(t, &u->user);
	if (doc.has_description)
		WALK_COPY(t->view.subject, doc.subject);
	if (has(m->f[PORT_F_BODY], "<user-count>")) /* of nobody, too */
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

/* His answer to an INVITE of stoxd. */
static void answer_invite(struct walk_seat *t, const struct port_msg *sent)
{
	struct port_msg m = port_msg(PORT_RESPONSE);

	m.dlg = sent->dlg;
	m.req = sent->req;
	m.status = 200;
	m.f[PORT_F_CONTACT] = STR("sip:him@10.0.0.5");
	m.f[PORT_F_TYPE] = STR("application/sdp");
	m.f[PORT_F_BODY] = sip_user_offer(&t->call, WALK_SDP);
	scene_sip_event(t->w->s, &m);
}

/* Of a refresh of the session (RFC 4028 §10). */
static void see_reinvite(struct walk *w, const struct port_msg *sent)
{
	struct walk_seat *t = seat_of_dialog(w, sent->dlg, false);

	assert_non_null(t);
	answer_invite(t, sent);
}

static struct walk_seat *seat_of_callee(struct walk *w,
					const struct port_msg *dial)
{
	WALK_EACH_SEAT(t, w)
	if (!t->device && walk_is_sip(t->user) &&
	    has(dial->f[PORT_F_TO], walk_name(t->user)) &&
	    has(dial->f[PORT_F_FROM], walk_room(t)->uri))
		return t;
	fail_msg("a call to %.*s", STR_ARG(dial->f[PORT_F_TO]));
	return NULL;
}

/* Whom somebody has invited comes, or does not want to. */
static void see_call(struct walk *w, const struct port_msg *dial)
{
	struct walk_seat *t = seat_of_callee(w, dial);
	struct sip_user *u = &t->call;
	enum reason_code why;

	if (t->occ || walk_pick(w, 2)) {
		scene_sip_response(w->s, dial, 486);
		return;
	}
	why = model_admits(t, NULL, walk_room(t)->rules.password);
	walk_call_init(t);
	u->dlg = dial->dlg;
	u->cseq = 1;
	u->path = between(dial->f[PORT_F_BODY], "a=path:", '\r');
	t->inside = true;
	if (why == REASON_OK)
		model_join(t, NULL);
	answer_invite(t, dial);
	if (why == REASON_OK)
		walk_begin_msrp(t);
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

bool walk_take_sip(struct walk *w)
{
	struct port_msg m;
	bool any = false;

	while (scene_sip_next(w->s, &m)) {
		if (m.type == PORT_SEND)
			see_request(w, &m);
		else if (m.type == PORT_DIAL)
			see_call(w, &m);
		any = true;
	}
	return any;
}

bool walk_take_msrp(struct walk *w)
{
	bool any = false;

	WALK_EACH_SEAT(t, w)
	any |= take_frames(t);
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
