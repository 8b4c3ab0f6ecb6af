/* What the focus does with what we send. */
#include "bed_sip_focus.h"

#include <stdio.h>
#include <stdlib.h>

/* --- who is there --- */

struct person *focus_person(struct focus *f, const char *nick)
{
	for (int i = 0; i < PEOPLE; i++)
		if (*nick && strcmp(f->people[i].nick, nick) == 0)
			return &f->people[i];
	return NULL;
}

static struct call *by_dialog(struct focus *f, uint64_t dlg)
{
	for (int i = 0; i < LEGS; i++)
		if (f->calls[i].in &&
		    (f->calls[i].dlg == dlg || f->calls[i].watch == dlg))
			return &f->calls[i];
	return NULL;
}

struct call *focus_by_nick(struct focus *f, const char *nick)
{
	for (int i = 0; i < LEGS; i++)
		if (f->calls[i].in && strcmp(f->calls[i].nick, nick) == 0)
			return &f->calls[i];
	return NULL;
}

/* --- SIP to us --- */

static void answer(struct focus *f, const struct port_msg *to, int status,
		   struct str sdp)
{
	struct port_msg m = port_msg(PORT_RESPONSE);

	m.dlg = to->dlg;
	m.req = to->req;
	m.status = status;
	m.cseq = 1;
	m.expires = status == 200 && to->expires > 0 ? to->expires : -1;
	m.f[PORT_F_CALL_ID] = STR("call1");
	m.f[PORT_F_FROM] = to->f[PORT_F_FROM];
	m.f[PORT_F_FROM_TAG] = STR("ours");
	m.f[PORT_F_TO_TAG] = STR("theirs");
	m.f[PORT_F_CONTACT] = STR(CONTACT);
	if (sdp.n) {
		m.f[PORT_F_TYPE] = STR("application/sdp");
		m.f[PORT_F_BODY] = sdp;
	}
	scene_sip_event(f->b->s, &m);
}

static void request(struct focus *f, struct call *c, uint64_t dlg,
		    struct port_msg *m, const char *method)
{
	m->type = PORT_REQUEST;
	m->dlg = dlg;
	m->req = ++f->b->s->ids;
	m->cseq = ++c->cseq;
	m->f[PORT_F_METHOD] = str_z(method);
	scene_sip_event(f->b->s, m);
}

static void notify(struct focus *f, struct call *c, const char *state,
		   const char *content)
{
	struct port_msg m = port_msg(PORT_REQUEST);

	if (!c->in || !c->watch)
		return;
	m.f[PORT_F_EVENT] = STR("conference");
	m.f[PORT_F_SUB_STATE] = STR("active;expires=3600");
	m.f[PORT_F_TYPE] = STR("application/conference-info+xml");
	m.f[PORT_F_BODY] = arena_printf(
	    f->b->s->arena,
	    "<conference-info "
	    "xmlns='urn:ietf:params:xml:ns:conference-info' "
	    "xmlns:xcon='urn:ietf:params:xml:ns:xcon-conference-info' "
	    "entity='" ROOM "' version='%u' state='%s'>%s</conference-info>",
	    c->version++, state, content);
	request(f, c, c->watch, &m, "NOTIFY");
}

void focus_notify_all(struct focus *f, const char *content)
{
	for (int i = 0; i < LEGS; i++)
		notify(f, &f->calls[i], "partial", content);
}

static const char *user_element(struct focus *f, const char *uri,
				const char *nick, const struct person *p)
{
	const char *shown = "";

	if (p && (*p->show || *p->status))
		shown =
		    arena_printf(f->b->s->arena,
				 "<show xmlns='jabber:client'>%s</show>"
				 "<status xmlns='jabber:client'>%s</status>",
				 p->show, escaped(f->b, str_z(p->status)))
			.p;
	return arena_printf(
		   f->b->s->arena,
		   "<user entity='%s' xcon:nickname='%s' state='full'>"
		   "<display-text>%s</display-text><roles><entry>participant"
		   "</entry></roles><endpoint entity='%s'><status>connected"
		   "</status></endpoint>%s</user>",
		   uri, escaped(f->b, str_z(nick)), escaped(f->b, str_z(nick)),
		   uri, shown)
	    .p;
}

const char *focus_description(struct focus *f)
{
	return arena_printf(f->b->s->arena,
			    "<conference-description><subject>%s</subject>"
			    "</conference-description>",
			    escaped(f->b, str_z(buf_z(&f->subject))))
	    .p;
}

static void notify_full(struct focus *f, struct call *to)
{
	struct buf b = BUF_INIT(1u << 24);

	buf_addf(&b, "%s<users>", focus_description(f));
	for (int i = 0; i < PEOPLE; i++)
		if (*f->people[i].nick)
			buf_addz(&b, user_element(f, f->people[i].uri,
						  f->people[i].nick,
						  &f->people[i]));
	for (int i = 0; i < LEGS; i++)
		if (f->calls[i].in && *f->calls[i].nick)
			buf_addz(&b, user_element(f, f->calls[i].from,
						  f->calls[i].nick, NULL));
	buf_addz(&b, "</users>");
	notify(f, to, "full", buf_z(&b));
	buf_done(&b);
}

void focus_present(struct focus *f, const struct person *p)
{
	focus_notify_all(f, arena_printf(f->b->s->arena,
					 "<users state='partial'>%s</users>",
					 user_element(f, p->uri, p->nick, p))
				.p);
}

void focus_absent(struct focus *f, struct person *p, const char *how,
		  const char *why)
{
	focus_notify_all(
	    f, arena_printf(
		   f->b->s->arena,
		   "<users state='partial'><user entity='%s' "
		   "state='deleted'><endpoint "
		   "entity='%s' state='deleted'><status>disconnected</status>"
		   "<disconnection-method>%s</disconnection-method>"
		   "<disconnection-info><reason>%s</reason>"
		   "</disconnection-info></endpoint></user></users>",
		   p->uri, p->uri, how, escaped(f->b, str_z(why)))
		   .p);
	*p->nick = '\0';
}

void focus_hang_up(struct focus *f, struct call *c, int cause, const char *text)
{
	struct port_msg m = port_msg(PORT_REQUEST);

	m.f[PORT_F_SIP_REASON] = arena_printf(
	    f->b->s->arena, "SIP;cause=%d;text=\"%s\"", cause, text);
	request(f, c, c->dlg, &m, "BYE");
	c->in = false;
}

/* --- SIP from us --- */

void focus_call_done(struct call *c)
{
	if (c->connected)
		sip_user_done(&c->msrp);
	c->connected = false;
}

static void on_invite(struct focus *f, const struct port_msg *m)
{
	struct scene *s = f->b->s;
	struct str body = m->f[PORT_F_BODY], uri = m->f[PORT_F_FROM];
	struct call *c = f->calls;
	int refusal = f->refusal;

	if (refusal) {
		answer(f, m, refusal, STR_NONE);
		return;
	}
	while (c < f->calls + LEGS && (c->in || c->connected))
		c++;
	assert_true(c < f->calls + LEGS);
	*c = (struct call){.in = true, .dlg = m->dlg, .connected = true};
	uri = str_after(uri, '<');
	uri = str_split(&uri, '>');
	snprintf(c->from, sizeof(c->from), "%.*s", STR_ARG(uri));
	sip_user_init(&c->msrp, s, "switch", ROOM);
	snprintf(c->msrp.own_path, sizeof(c->msrp.own_path),
		 "msrp://10.0.0.5:9/s%llu;tcp", (unsigned long long)m->dlg);
	body = str_from(body, (size_t)str_search(body, STR("a=path:")) + 7);
	c->msrp.path = str_split(&body, '\r');
	answer(f, m, 200,
	       arena_printf(s->arena,
			    "v=0\r\no=- 1 1 IN IP4 10.0.0.5\r\ns=-\r\n"
			    "c=IN IP4 10.0.0.5\r\nt=0 0\r\n"
			    "m=message 9 TCP/MSRP *\r\n"
			    "a=accept-types:message/cpim\r\n"
			    "a=accept-wrapped-types:*\r\na=path:%s\r\n"
			    "a=setup:active\r\n"
			    "a=chatroom:nickname private-messages\r\n",
			    c->msrp.own_path));
	sip_user_connect(&c->msrp);
	msrp_request(&c->msrp, "SEND",
		     "Message-ID: bind\r\nByte-Range: 1-0/0\r\n");
}

void focus_send_cpim(struct call *c, const char *from, const char *to,
		     const char *date, const char *text)
{
	msrp_send_cpim(&c->msrp, NULL, "",
		       arena_printf(c->msrp.s->arena,
				    "From: <%s>\r\nTo: <%s>\r\n%s\r\n"
				    "Content-Type: text/plain\r\n\r\n%s",
				    from, to, date, text));
}

static void send_old(struct focus *f, struct call *c)
{
	focus_send_cpim(c, focus_person(f, "Ann")->uri, ROOM,
			"DateTime: 2026-01-01T00:00:00Z\r\n",
			buf_z(&f->history));
}

static void on_subscribe(struct focus *f, const struct port_msg *m)
{
	for (int i = 0; i < LEGS; i++) {
		struct call *c = &f->calls[i];

		if (!c->in || c->watch || !has(m->f[PORT_F_FROM], c->from))
			continue;
		c->watch = m->dlg;
		if (f->history.n)
			send_old(f, c);
		answer(f, m, 200, STR_NONE);
		notify_full(f, c);
		return;
	}
	answer(f, m, 481, STR_NONE);
}

static void on_dial(struct focus *f, const struct port_msg *m)
{
	if (str_eq(m->f[PORT_F_METHOD], STR("SUBSCRIBE")))
		on_subscribe(f, m);
	else if (str_eq(m->f[PORT_F_METHOD], STR("REFER")))
		answer(f, m, 603, STR_NONE);
	else
		on_invite(f, m);
}

static void hung_up(struct focus *f, struct call *c)
{
	c->in = false;
	focus_notify_all(
	    f, arena_printf(f->b->s->arena,
			    "<users state='partial'><user entity='%s' "
			    "state='deleted'/></users>",
			    c->from)
		   .p);
}

static void on_send(struct focus *f, const struct port_msg *m)
{
	struct call *c = by_dialog(f, m->dlg);

	if (c && str_eq(m->f[PORT_F_METHOD], STR("BYE")))
		hung_up(f, c);
	scene_sip_response(f->b->s, m, 200);
}

/* A 200 may have crossed it. */
static void on_hang_up(struct focus *f, const struct port_msg *m)
{
	struct port_msg r = port_msg(PORT_RESPONSE);

	if (by_dialog(f, m->dlg))
		return;
	r.dlg = m->dlg;
	r.req = m->req;
	r.status = 487;
	scene_sip_event(f->b->s, &r);
}

bool focus_take_sip(struct focus *f)
{
	struct port_msg m;
	bool any = false;

	while (scene_sip_next(f->b->s, &m)) {
		any = true;
		if (m.type == PORT_DIAL)
			on_dial(f, &m);
		else if (m.type == PORT_SEND)
			on_send(f, &m);
		else if (m.type == PORT_HANG_UP)
			on_hang_up(f, &m);
	}
	return any;
}

/* --- MSRP --- */

static void take_name(struct focus *f, struct call *c, struct str frame)
{
	struct str rest = str_after(frame, '"'), name = str_split(&rest, '"');
	char nick[256];

	snprintf(nick, sizeof(nick), "%.*s", STR_ARG(name));
	if (f->refuses_name || focus_person(f, nick) ||
	    (focus_by_nick(f, nick) && focus_by_nick(f, nick) != c)) {
		msrp_reply(&c->msrp, frame, "425 Nickname usage failed");
		return;
	}
	snprintf(c->nick, sizeof(c->nick), "%s", nick);
	msrp_reply(&c->msrp, frame, "200 OK");
	focus_notify_all(f, arena_printf(f->b->s->arena,
					 "<users state='partial'>%s</users>",
					 user_element(f, c->from, nick, NULL))
				.p);
}

/* The value of a CPIM header. */
static struct str header(struct str cpim, const char *name)
{
	struct str v = str_from(cpim, (size_t)str_search(cpim, str_z(name)) +
					  strlen(name));

	return str_split(&v, '\r');
}

static const char *whom(struct focus *f, struct str to)
{
	for (int i = 0; i < PEOPLE; i++)
		if (*f->people[i].nick && has(to, f->people[i].uri))
			return f->people[i].nick;
	return has(to, "<" ROOM ">") ? "" : NULL;
}

static void add_text(struct buf *out, struct str text)
{
	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] != '\r')
			buf_addc(out, text.p[i]);
}

/* To his other sessions, as to everybody's. */
static void forward(struct focus *f, struct call *by, struct str text)
{
	const char *z = arena_dup(f->b->s->arena, text).p;

	for (int i = 0; i < LEGS; i++) {
		struct call *c = &f->calls[i];

		if (c != by && c->in && c->connected)
			focus_send_cpim(c, by->from, ROOM, "", z);
	}
}

/* A message in one piece; those in several are too long to be looked for. */
static void take_message(struct focus *f, struct call *c, struct str frame)
{
	struct str body;
	ptrdiff_t at = str_search(frame, STR("\r\n\r\n"));
	const char *to;

	if (!has(frame, "Content-Type: message/cpim") ||
	    !has(frame, "Byte-Range: 1-")) {
		msrp_reply(&c->msrp, frame, "200 OK");
		return;
	}
	body = str_from(frame, (size_t)at + 4);
	if (f->mutes) {
		msrp_reply(&c->msrp, frame, "403 Forbidden");
		return;
	}
	to = whom(f, header(body, "To: "));
	if (!to) {
		msrp_reply(&c->msrp, frame, "404 Not found");
		return;
	}
	at = str_search(body, STR("\r\n\r\n"));
	body = str_from(body, (size_t)at + 4);
	at = str_search(body, STR("\r\n\r\n"));
	body = str_from(body, (size_t)at + 4);
	body.n = (size_t)str_rfind(body, '\r'); /* of the end line */
	body.n = (size_t)str_rfind(body, '\r');
	buf_addf(&f->heard, "%s\t", to);
	add_text(&f->heard, body);
	buf_addc(&f->heard, '\n');
	msrp_reply(&c->msrp, frame, "200 OK");
	if (!*to)
		forward(f, c, body);
}

bool focus_take_msrp(struct focus *f)
{
	struct str frame;
	bool any = false;

	for (int i = 0; i < LEGS; i++) {
		struct call *c = &f->calls[i];

		while (c->connected && (frame = msrp_take(&c->msrp)).n) {
			struct str line = frame;

			any = true;
			line = str_split(&line, '\r');
			if (str_ends(line, STR(" SEND")))
				take_message(f, c, frame);
			else if (str_ends(line, STR(" NICKNAME")))
				take_name(f, c, frame);
		}
	}
	return any;
}
