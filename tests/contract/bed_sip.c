/* A room of a SIP conference elsewhere: its focus, which this plays in the SIP
 * process' place, and its switch, an MSRP peer (RFC 4579, RFC 7701). */
#include "bed.h"

#include <stdio.h>
#include <stdlib.h>

#include "gateway/back_sip.h"

#define ROOM	"sip:r@conf.test"
#define CONTACT "sip:r@10.0.0.9:5060"
#define PEOPLE	8
#define LEGS	4

struct person {
	char nick[64], uri[64], show[16], status[64];
};

/* What one of our users has here. */
struct call {
	bool in;
	uint64_t dlg, watch;
	uint32_t cseq;
	unsigned version;
	char nick[256], from[256];
	struct sip_user msrp;
	bool connected;
};

struct focus {
	struct bed *b;
	struct person people[PEOPLE];
	struct call calls[LEGS];
	struct buf subject, history;
	struct buf heard; /* "to\ttext\n" */
	int refusal;	  /* of the next INVITE */
	bool refuses_name, mutes;
};

static struct focus *focus_of(struct bed *b)
{
	return b->room;
}

/* --- who is there --- */

static struct person *person(struct focus *f, const char *nick)
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

static struct call *by_nick(struct focus *f, const char *nick)
{
	for (int i = 0; i < LEGS; i++)
		if (f->calls[i].in && strcmp(f->calls[i].nick, nick) == 0)
			return &f->calls[i];
	return NULL;
}

static const char *escaped(struct bed *b, const char *text)
{
	struct buf out = BUF_INIT(1u << 20);
	struct str z;

	x_put_text(&out, "t", str_z(text));
	z = arena_dup(b->s->arena, buf_str(&out));
	buf_done(&out);
	return arena_dup(b->s->arena, str_of(z.p + 3, z.n - 7)).p;
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

static void notify_all(struct focus *f, const char *content)
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
				 p->show, escaped(f->b, p->status))
			.p;
	return arena_printf(
		   f->b->s->arena,
		   "<user entity='%s' xcon:nickname='%s' state='full'>"
		   "<display-text>%s</display-text><roles><entry>participant"
		   "</entry></roles><endpoint entity='%s'><status>connected"
		   "</status></endpoint>%s</user>",
		   uri, escaped(f->b, nick), escaped(f->b, nick), uri, shown)
	    .p;
}

static const char *description(struct focus *f)
{
	return arena_printf(f->b->s->arena,
			    "<conference-description><subject>%s</subject>"
			    "</conference-description>",
			    escaped(f->b, buf_z(&f->subject)))
	    .p;
}

static void notify_full(struct focus *f, struct call *to)
{
	struct buf b = BUF_INIT(1u << 24);

	buf_addf(&b, "%s<users>", description(f));
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

static void present(struct focus *f, const struct person *p)
{
	notify_all(f, arena_printf(f->b->s->arena,
				   "<users state='partial'>%s</users>",
				   user_element(f, p->uri, p->nick, p))
			  .p);
}

static void absent(struct focus *f, struct person *p, const char *how,
		   const char *why)
{
	notify_all(
	    f, arena_printf(
		   f->b->s->arena,
		   "<users state='partial'><user entity='%s' "
		   "state='deleted'><endpoint "
		   "entity='%s' state='deleted'><status>disconnected</status>"
		   "<disconnection-method>%s</disconnection-method>"
		   "<disconnection-info><reason>%s</reason>"
		   "</disconnection-info></endpoint></user></users>",
		   p->uri, p->uri, how, escaped(f->b, why))
		   .p);
	*p->nick = '\0';
}

static void hang_up(struct focus *f, struct call *c, int cause,
		    const char *text)
{
	struct port_msg m = port_msg(PORT_REQUEST);

	m.f[PORT_F_SIP_REASON] = arena_printf(
	    f->b->s->arena, "SIP;cause=%d;text=\"%s\"", cause, text);
	request(f, c, c->dlg, &m, "BYE");
	c->in = false;
}

/* --- SIP from us --- */

static void call_done(struct call *c)
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

static void send_cpim(struct call *c, const char *from, const char *to,
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
	send_cpim(c, person(f, "Ann")->uri, ROOM,
		  "DateTime: 2026-01-01T00:00:00Z\r\n", buf_z(&f->history));
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
	notify_all(f, arena_printf(f->b->s->arena,
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

static bool take_sip(struct focus *f)
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
	if (f->refuses_name || person(f, nick) ||
	    (by_nick(f, nick) && by_nick(f, nick) != c)) {
		msrp_reply(&c->msrp, frame, "425 Nickname usage failed");
		return;
	}
	snprintf(c->nick, sizeof(c->nick), "%s", nick);
	msrp_reply(&c->msrp, frame, "200 OK");
	notify_all(f, arena_printf(f->b->s->arena,
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
			send_cpim(c, by->from, ROOM, "", z);
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

static bool take_msrp(struct focus *f)
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

/* --- the bed --- */

static void sip_settle(struct bed *b)
{
	struct focus *f = focus_of(b);

	while (take_sip(f) || take_msrp(f))
		;
	for (int i = 0; i < LEGS; i++)
		if (!f->calls[i].in)
			call_done(&f->calls[i]);
}

static struct person *add(struct focus *f, const char *nick)
{
	struct person *p = f->people;

	while (*p->nick)
		p++;
	assert_true(p < f->people + PEOPLE);
	*p = (struct person){0};
	snprintf(p->nick, sizeof(p->nick), "%s", nick);
	snprintf(p->uri, sizeof(p->uri), "sip:%s@sip.test", nick);
	return p;
}

static void sip_up(struct bed *b)
{
	struct focus *f = calloc(1, sizeof(*f));

	f->b = b;
	buf_init(&f->subject, 1u << 20);
	buf_init(&f->heard, 1u << 24);
	buf_init(&f->history, 1u << 20);
	buf_addz(&f->subject, "tea");
	b->room = f;
	add(f, "Ann");
	add(f, "Ben");
}

static void sip_down(struct bed *b)
{
	struct focus *f = b->room;

	for (int i = 0; i < LEGS; i++)
		call_done(&f->calls[i]);
	buf_done(&f->subject);
	buf_done(&f->heard);
	buf_done(&f->history);
	free(f);
}

static enum reason_code sip_refuse(struct bed *b, enum reason_code why)
{
	static const struct {
		enum reason_code why;
		int status;
	} refusals[] = {
	    {REASON_NO_ROOM, 404},	{REASON_FORBIDDEN, 403},
	    {REASON_PASSWORD, 401},	{REASON_MEMBERS_ONLY, 407},
	    {REASON_NOT_ACCEPTED, 488}, {REASON_UNAVAILABLE, 480},
	    {REASON_FAULT, 500},	{REASON_TIMEOUT, 504},
	    {REASON_MOVED, 302},	{REASON_DECLINED, 603},
	    {REASON_ROOM_GONE, 410},
	};
	struct focus *f = focus_of(b);

	f->refusal = 0;
	f->refuses_name = why == REASON_NICK_TAKEN;
	for (size_t i = 0; i < sizeof(refusals) / sizeof(*refusals); i++)
		if (refusals[i].why == why)
			f->refusal = refusals[i].status;
	return f->refusal || f->refuses_name ? why : REASON_OK;
}

static void sip_enter(struct bed *b, const char *nick)
{
	struct focus *f = focus_of(b);

	present(f, add(f, nick));
}

static void sip_go(struct bed *b, const char *nick, const char *why)
{
	absent(focus_of(b), person(focus_of(b), nick), "departed", why);
}

static void to_all(struct bed *b, const char *nick, const char *to,
		   const char *text)
{
	struct focus *f = focus_of(b);

	for (int i = 0; i < LEGS; i++) {
		struct call *c = &f->calls[i];

		if (c->in)
			send_cpim(c, person(f, nick)->uri, to ? to : c->from,
				  "", text);
	}
}

static void sip_say(struct bed *b, const char *nick, const char *text)
{
	to_all(b, nick, ROOM, text);
}

static void sip_whisper(struct bed *b, const char *nick, const char *text)
{
	to_all(b, nick, NULL, text);
}

static void sip_rename(struct bed *b, const char *nick, const char *to)
{
	struct person *p = person(focus_of(b), nick);

	snprintf(p->nick, sizeof(p->nick), "%s", to);
	present(focus_of(b), p);
}

static void sip_show(struct bed *b, const char *nick, const char *show,
		     const char *status)
{
	struct person *p = person(focus_of(b), nick);

	snprintf(p->show, sizeof(p->show), "%s", show);
	snprintf(p->status, sizeof(p->status), "%s", status);
	present(focus_of(b), p);
}

static void sip_subject(struct bed *b, const char *text)
{
	struct focus *f = focus_of(b);

	buf_clear(&f->subject);
	buf_addz(&f->subject, text);
	notify_all(f, description(f));
}

static void sip_kick(struct bed *b, const char *nick, const char *why)
{
	struct focus *f = focus_of(b);
	struct call *c = by_nick(f, nick);

	if (c)
		hang_up(f, c, 403, why);
	else
		absent(f, person(f, nick), "booted", why);
}

static void sip_close(struct bed *b, const char *why)
{
	struct focus *f = focus_of(b);

	for (int i = 0; i < LEGS; i++)
		if (f->calls[i].in)
			hang_up(f, &f->calls[i], 410, why);
}

static void sip_shut_down(struct bed *b)
{
	back_sip_shutdown(b->s->core.back_sip);
}

/* ADM-19 */
static bool sip_promote(struct bed *b)
{
	(void)b;
	return false;
}

static void sip_history(struct bed *b, const char *text)
{
	buf_addz(&focus_of(b)->history, text);
}

static void sip_mute(struct bed *b)
{
	focus_of(b)->mutes = true;
}

static void sip_hush(struct bed *b)
{
	(void)b;
}

static size_t sip_heard(struct bed *b, const char *to, const char *text)
{
	return lines_heard(buf_str(&focus_of(b)->heard), to, text);
}

static bool sip_sees(struct bed *b, const char *nick)
{
	return person(focus_of(b), nick) || by_nick(focus_of(b), nick);
}

static void discovered_up(struct bed *b)
{
	dns_server_srv(b->s->dns, "_sip._tcp.conf.test", 1, 1, 5060,
		       "x.conf.test");
	sip_up(b);
}

#define LISTENS	 "sip { listen = {\"tcp:127.0.0.1:5060\"} }\n"
#define OURS_TOO "domain \"chat.test\" { rooms = local secret = \"x\" }\n"

/* RFC 4575 has no place for who set the subject; who may not speak hears it
 * from the switch, by 403. */
#define SIP                                                                    \
	.room = "r@conf.test", .world = WORLD_XMPP, .subject_by = "",          \
	.promised = {REASON_FORBIDDEN, REASON_NOT_ALLOWED, REASON_NOT_ALLOWED, \
		     REASON_FORBIDDEN},                                        \
	.history = sip_history, .mute = sip_mute, .down = sip_down,            \
	.settle = sip_settle, .refuse = sip_refuse, .enter = sip_enter,        \
	.go = sip_go, .say = sip_say, .whisper = sip_whisper,                  \
	.rename = sip_rename, .show = sip_show, .subject = sip_subject,        \
	.kick = sip_kick, .close = sip_close, .shut_down = sip_shut_down,      \
	.promote = sip_promote, .hush = sip_hush, .heard = sip_heard,          \
	.sees = sip_sees

static const struct bed_kind sip = {
    .name = "remote SIP conference",
    .config = LISTENS OURS_TOO
    "domain \"conf.test\" { rooms = sip "
    "route = \"sip:10.0.0.9:5060;transport=tcp\" secret = \"x\" }\n",
    .up = sip_up,
    SIP};
/* The same, where nobody knows before that it is one (DNS-3). */
static const struct bed_kind found = {
    .name = "remote SIP conference, found by DNS",
    .config = LISTENS OURS_TOO
    "domain \"conf.test\" { rooms = discover secret = \"x\" }\n",
    .up = discovered_up,
    SIP};

const struct bed_kind *const bed_kinds[] = {&sip, &found};
const size_t n_bed_kinds = 2;
