/* What the service does with what we send. */
#include "bed_muc_service.h"

#include <stdio.h>
#include <stdlib.h>

#include "tests/lib/xmlin.h"

/* --- stanzas to us --- */

void service_put(struct muc *m, const char *fmt, ...)
{
	struct buf *b = &m->out[m->n_out++];
	va_list ap;
	char *z;

	assert_true(m->n_out < sizeof(m->out) / sizeof(*m->out));
	va_start(ap, fmt);
	assert_true(vasprintf(&z, fmt, ap) >= 0);
	va_end(ap);
	buf_init(b, 1u << 24);
	buf_addz(b, z);
	free(z);
}

void service_deliver(struct muc *m, const struct buf *text)
{
	struct arena *a = arena_new(1u << 26);
	const struct xnode *n = xmlin_parse(a, buf_str(text));

	if (!n)
		fail_msg("no XML: %.200s", text->p);
	core_stanza(&m->b->s->core, STR("sip.test"), n);
	arena_free(a);
}

/* --- who is there --- */

struct session *service_by_nick(struct muc *m, struct str nick)
{
	for (int i = 0; i < SEATS; i++)
		if (m->at[i].in && str_eq(str_z(m->at[i].nick), nick))
			return &m->at[i];
	return NULL;
}

static struct session *by_jid(struct muc *m, struct str jid)
{
	for (int i = 0; i < SEATS; i++)
		if (m->at[i].in && str_eq(str_z(m->at[i].jid), jid))
			return &m->at[i];
	return NULL;
}

struct session *service_session_new(struct muc *m, struct str nick,
				    struct str jid, const char *role)
{
	struct session *s = m->at;

	while (s->in)
		s++;
	assert_true(s < m->at + SEATS);
	*s = (struct session){.in = true};
	snprintf(s->nick, sizeof(s->nick), "%.*s", STR_ARG(nick));
	snprintf(s->jid, sizeof(s->jid), "%.*s", STR_ARG(jid));
	snprintf(s->role, sizeof(s->role), "%s", role);
	return s;
}

static bool same_user(const struct session *s, struct str jid)
{
	struct str bare = str_z(s->jid);

	return str_eq(str_split(&bare, '/'), str_split(&jid, '/'));
}

static void present_to(struct muc *m, const struct session *who,
		       const struct session *to, const char *id)
{
	bool self = str_eq(str_z(who->nick), str_z(to->nick));

	service_put(m,
		    "<presence from='" ROOM "/%s' to='%s'%s%s%s><show>%s</show>"
		    "<status>%s</status><x xmlns='" NS_MUC_USER "'>"
		    "<item affiliation='none' role='%s'/>%s</x></presence>",
		    escaped(m->b, str_z(who->nick)), to->jid,
		    self && *id ? " id='" : "", self ? id : "",
		    self && *id ? "'" : "", who->show,
		    escaped(m->b, str_z(who->status)), who->role,
		    self ? "<status code='110'/>" : "");
}

void service_present(struct muc *m, const struct session *who, const char *id)
{
	TO_OURS(m, to)
	present_to(m, who, to, id);
}

void service_absent_to(struct muc *m, const struct session *who,
		       const struct session *to, const char *status,
		       const char *inner)
{
	service_put(m,
		    "<presence from='" ROOM "/%s' to='%s' type='unavailable'>%s"
		    "<x xmlns='" NS_MUC_USER "'>%s%s</x></presence>",
		    escaped(m->b, str_z(who->nick)), to->jid, status, inner,
		    str_eq(str_z(who->nick), str_z(to->nick))
			? "<status code='110'/>"
			: "");
}

void service_remove_one(struct muc *m, struct session *who, const char *status,
			const char *inner)
{
	struct session was = *who;

	if (*was.jid)
		service_absent_to(m, &was, &was, status, inner);
	who->in = false;
	if (service_by_nick(m, str_z(was.nick)))
		return;
	TO_OURS(m, to)
	service_absent_to(m, &was, to, status, inner);
}

static void note_heard(struct muc *m, const char *to, struct str text)
{
	buf_addf(&m->heard, "%s\t%.*s\n", to, STR_ARG(text));
}

/* --- what we send --- */

static void refuse(struct muc *m, const struct xnode *n, const char *inner,
		   const char *type, const char *condition)
{
	service_put(m,
		    "<%.*s from='%s' to='%s' id='%s' type='error'>%s"
		    "<error type='%s' by='" ROOM "'><%s xmlns='" NS_STANZAS
		    "'/></error></%.*s>",
		    STR_ARG(n->name), escaped(m->b, x_attr(n, "to")),
		    escaped(m->b, x_attr(n, "from")),
		    escaped(m->b, x_attr(n, "id")), inner, type, condition,
		    STR_ARG(n->name));
}

static const struct {
	enum reason_code why;
	const char *type, *condition;
} refusals[] = {
    {REASON_BANNED, "auth", "forbidden"},
    {REASON_MEMBERS_ONLY, "auth", "registration-required"},
    {REASON_PASSWORD, "auth", "not-authorized"},
    {REASON_FULL, "wait", "service-unavailable"},
    {REASON_NICK_TAKEN, "cancel", "conflict"},
    {REASON_NO_ROOM, "cancel", "item-not-found"},
    {REASON_NOT_ALLOWED, "cancel", "not-allowed"},
    {REASON_NOT_ACCEPTED, "modify", "not-acceptable"},
};

bool service_can_refuse(enum reason_code why)
{
	for (size_t i = 0; i < sizeof(refusals) / sizeof(*refusals); i++)
		if (refusals[i].why == why)
			return true;
	return false;
}

static bool refuses_join(struct muc *m, const struct xnode *n)
{
	for (size_t i = 0; i < sizeof(refusals) / sizeof(*refusals); i++)
		if (refusals[i].why == m->refusal) {
			refuse(m, n, "<x xmlns='" NS_MUC "'/>",
			       refusals[i].type, refusals[i].condition);
			return true;
		}
	return false;
}

static void on_join(struct muc *m, const struct xnode *n, struct str nick)
{
	struct str jid = x_attr(n, "from");
	struct session *holder = service_by_nick(m, nick), *s;
	const char *id = escaped(m->b, x_attr(n, "id"));

	if (refuses_join(m, n))
		return;
	if (holder && !same_user(holder, jid)) {
		refuse(m, n, "<x xmlns='" NS_MUC "'/>", "cancel", "conflict");
		return;
	}
	s = service_session_new(m, nick, jid, "participant");
	for (int i = 0; i < SEATS; i++)
		if (m->at[i].in && !str_eq(str_z(m->at[i].nick), nick))
			present_to(m, &m->at[i], s, "");
	service_present(m, s, id);
	if (m->history.n)
		service_put(
		    m,
		    "<message from='" ROOM "/Ann' to='%s' type='groupchat'>"
		    "<body>%s</body><delay xmlns='" NS_DELAY "' from='" ROOM
		    "' stamp='2026-01-01T00:00:00Z'/></message>",
		    s->jid, escaped(m->b, buf_str(&m->history)));
	service_put(m,
		    "<message from='" ROOM "/Ann' to='%s' type='groupchat'>"
		    "<subject>%s</subject></message>",
		    s->jid, escaped(m->b, buf_str(&m->subject)));
}

void service_new_nick(struct muc *m, struct session *s, const char *to)
{
	struct session was = *s;
	char inner[512];

	snprintf(inner, sizeof(inner),
		 "<item affiliation='none' role='participant' nick='%s'/>"
		 "<status code='303'/>",
		 escaped(m->b, str_z(to)));
	if (*was.jid)
		service_absent_to(m, &was, &was, "", inner);
	snprintf(s->nick, sizeof(s->nick), "%s", to);
	if (!service_by_nick(m, str_z(was.nick)))
		TO_OURS(m, o)
	if (o != s)
		service_absent_to(m, &was, o, "", inner);
	service_present(m, s, "");
}

static void child_text(struct muc *m, const struct xnode *n, const char *name,
		       char *out, size_t max)
{
	const struct xnode *c = x_child(n, name, NS_CLIENT);
	struct str text = c ? x_text(c, m->b->s->arena) : STR_NONE;

	snprintf(out, max, "%.*s", STR_ARG(text));
}

static void on_presence(struct muc *m, const struct xnode *n, struct str nick)
{
	struct session *s = by_jid(m, x_attr(n, "from")), *holder;
	char z[128];

	if (str_eq(x_attr(n, "type"), STR("unavailable"))) {
		if (s)
			service_remove_one(m, s, "", NO_ITEM);
		return;
	}
	if (!s) {
		if (x_child(n, "x", NS_MUC))
			on_join(m, n, nick);
		else /* XEP-0045 §7.2.18 */
			service_put(
			    m,
			    "<presence from='%s' to='%s' type='unavailable'>"
			    "<x xmlns='" NS_MUC_USER "'>" NO_ITEM
			    "<status code='110'/><status code='333'/>"
			    "<status code='307'/></x></presence>",
			    escaped(m->b, x_attr(n, "to")),
			    escaped(m->b, x_attr(n, "from")));
		return;
	}
	holder = service_by_nick(m, nick);
	if (holder && !same_user(holder, str_z(s->jid))) {
		refuse(m, n, "<x xmlns='" NS_MUC "'/>", "cancel", "conflict");
		return;
	}
	child_text(m, n, "show", s->show, sizeof(s->show));
	child_text(m, n, "status", s->status, sizeof(s->status));
	if (str_eq(str_z(s->nick), nick)) {
		service_present(m, s, escaped(m->b, x_attr(n, "id")));
	} else {
		snprintf(z, sizeof(z), "%.*s", STR_ARG(nick));
		service_new_nick(m, s, z);
	}
}

void service_to_all(struct muc *m, const char *nick, const char *id,
		    const char *payload)
{
	m->ids++;
	TO_OURS(m, to)
	service_put(
	    m,
	    "<message from='" ROOM "/%s' to='%s' type='groupchat' id='%s'>%s"
	    "<stanza-id xmlns='" NS_SID "' by='" ROOM "' id='s%u'/></message>",
	    escaped(m->b, str_z(nick)), to->jid, id, payload, m->ids);
}

static void on_groupchat(struct muc *m, const struct xnode *n,
			 struct session *s)
{
	const struct xnode *body = x_child(n, "body", NS_CLIENT);
	const struct xnode *subject = x_child(n, "subject", NS_CLIENT);
	struct buf payload = BUF_INIT(1u << 24);
	struct str text;

	if (subject && !body && m->hushed && strcmp(s->role, "moderator")) {
		refuse(m, n, "", "auth", "forbidden");
		return;
	}
	if (body) {
		text = x_text(body, m->b->s->arena);
		note_heard(m, "", text);
		x_put_text(&payload, "body", text);
	} else if (subject) {
		text = x_text(subject, m->b->s->arena);
		buf_clear(&m->subject);
		buf_add(&m->subject, text);
		x_put_text(&payload, "subject", text);
	}
	if (payload.n)
		service_to_all(m, s->nick, escaped(m->b, x_attr(n, "id")),
			       buf_z(&payload));
	buf_done(&payload);
}

static void on_message(struct muc *m, const struct xnode *n, struct str nick)
{
	struct session *s = by_jid(m, x_attr(n, "from"));
	const struct xnode *body = x_child(n, "body", NS_CLIENT);
	char to[128];

	if (str_eq(x_attr(n, "type"), STR("error")))
		return;
	if (!s) {
		refuse(m, n, "", "cancel", "not-acceptable");
	} else if (!nick.n) {
		if (str_eq(x_attr(n, "type"), STR("groupchat")))
			on_groupchat(m, n, s);
	} else if (!service_by_nick(m, nick)) {
		refuse(m, n, "", "cancel", "item-not-found");
	} else if (body) {
		snprintf(to, sizeof(to), "%.*s", STR_ARG(nick));
		note_heard(m, to, x_text(body, m->b->s->arena));
	}
}

static void result(struct muc *m, const struct xnode *n, const char *content)
{
	service_put(m,
		    "<iq from='" ROOM "' to='%s' id='%s' type='result'>%s</iq>",
		    escaped(m->b, x_attr(n, "from")),
		    escaped(m->b, x_attr(n, "id")), content);
}

static void on_admin(struct muc *m, const struct xnode *n,
		     const struct xnode *query)
{
	const struct session *s = by_jid(m, x_attr(n, "from"));
	const struct xnode *item = x_child(query, "item", NULL);
	struct session *target =
	    item ? service_by_nick(m, x_attr(item, "nick")) : NULL;
	char inner[512];

	if (!s || strcmp(s->role, "moderator") ||
	    !str_eq(x_attr(item, "role"), STR("none"))) {
		refuse(m, n, "", "auth", "forbidden");
	} else if (!target) {
		refuse(m, n, "", "cancel", "item-not-found");
	} else {
		snprintf(inner, sizeof(inner),
			 "<item affiliation='none' role='none'>"
			 "<actor nick='%s'/><reason>%s</reason></item>"
			 "<status code='307'/>",
			 s->nick,
			 escaped(m->b, x_text(x_child(item, "reason", NULL),
					      m->b->s->arena)));
		service_remove_one(m, target, "", inner);
		result(m, n, "");
	}
}

#define INFO                                                                   \
	"<query xmlns='" NS_DISCO_INFO "'><identity category='conference' "    \
	"type='text' name='Tea'/>"                                             \
	"<feature var='http://jabber.org/protocol/muc#stable_id'/></query>"

static void on_iq(struct muc *m, const struct xnode *n)
{
	const struct xnode *admin = x_child(n, "query", NS_MUC_ADMIN);

	if (!str_eq(x_attr(n, "type"), STR("get")) &&
	    !str_eq(x_attr(n, "type"), STR("set")))
		return;
	if (x_child(n, "query", NS_DISCO_INFO))
		result(m, n, INFO);
	else if (admin)
		on_admin(m, n, admin);
	else if (x_child(n, "ping", "urn:xmpp:ping"))
		result(m, n, "");
	else
		refuse(m, n, "", "auth", "forbidden");
}

void service_see(void *user, const struct xnode *n)
{
	struct muc *m = user;
	struct str to = x_attr(n, "to"), nick = to;

	if (!str_eq(str_split(&nick, '/'), STR(ROOM)))
		return;
	if (str_eq(n->name, STR("presence")))
		on_presence(m, n, nick);
	else if (str_eq(n->name, STR("message")))
		on_message(m, n, nick);
	else
		on_iq(m, n);
}
