/* A room of a MUC service elsewhere, which this plays by XEP-0045. */
#include "bed.h"

#include <stdio.h>
#include <stdlib.h>

#include "gateway/back_muc.h"
#include "tests/lib/xmlin.h"
#include "xmpp/stanza.h"

#define ROOM  "r@muc.test"
#define SEATS 16

/* One session of somebody in the room; of ours the JID is known. */
struct session {
	bool in;
	char jid[256], nick[128], role[16], show[16], status[64];
};

struct muc {
	struct bed *b;
	struct session at[SEATS];
	struct buf subject, history;
	struct buf heard; /* "to\ttext\n" */
	enum reason_code refusal;
	bool hushed;
	unsigned ids;
	/* stanzas on their way to us */
	struct buf out[1024];
	size_t n_out;
};

static struct muc *muc_of(struct bed *b)
{
	return b->room;
}

/* --- stanzas to us --- */

__attribute__((format(printf, 2, 3))) static void put(struct muc *m,
						      const char *fmt, ...)
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

static void deliver(struct muc *m, const struct buf *text)
{
	struct arena *a = arena_new(1u << 26);
	const struct xnode *n = xmlin_parse(a, buf_str(text));

	if (!n)
		fail_msg("no XML: %.200s", text->p);
	core_stanza(&m->b->s->core, STR("sip.test"), n);
	arena_free(a);
}

static const char *escaped(struct muc *m, struct str text)
{
	struct buf b = BUF_INIT(1u << 24);
	struct str z;

	x_put_text(&b, "t", text); /* <t>text</t> */
	z = arena_dup(m->b->s->arena, buf_str(&b));
	buf_done(&b);
	return arena_dup(m->b->s->arena, str_of(z.p + 3, z.n - 7)).p;
}

#define TO_OURS(m, s)                                                          \
	for (struct session *s = (m)->at; s < (m)->at + SEATS; s++)            \
		if (s->in && *s->jid)

/* --- who is there --- */

static struct session *by_nick(struct muc *m, struct str nick)
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

static struct session *session_new(struct muc *m, struct str nick,
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

	put(m,
	    "<presence from='" ROOM "/%s' to='%s'%s%s%s><show>%s</show>"
	    "<status>%s</status><x xmlns='" NS_MUC_USER "'>"
	    "<item affiliation='none' role='%s'/>%s</x></presence>",
	    escaped(m, str_z(who->nick)), to->jid, self && *id ? " id='" : "",
	    self ? id : "", self && *id ? "'" : "", who->show,
	    escaped(m, str_z(who->status)), who->role,
	    self ? "<status code='110'/>" : "");
}

static void present(struct muc *m, const struct session *who, const char *id)
{
	TO_OURS(m, to)
	present_to(m, who, to, id);
}

/* inner: of <x/>, but for 110 */
static void absent_to(struct muc *m, const struct session *who,
		      const struct session *to, const char *status,
		      const char *inner)
{
	put(m,
	    "<presence from='" ROOM "/%s' to='%s' type='unavailable'>%s"
	    "<x xmlns='" NS_MUC_USER "'>%s%s</x></presence>",
	    escaped(m, str_z(who->nick)), to->jid, status, inner,
	    str_eq(str_z(who->nick), str_z(to->nick)) ? "<status code='110'/>"
						      : "");
}

#define NO_ITEM "<item affiliation='none' role='none'/>"

/* Everybody hears it; of several sessions under one name only that one goes. */
static void remove_one(struct muc *m, struct session *who, const char *status,
		       const char *inner)
{
	struct session was = *who;

	if (*was.jid)
		absent_to(m, &was, &was, status, inner);
	who->in = false;
	if (by_nick(m, str_z(was.nick)))
		return;
	TO_OURS(m, to)
	absent_to(m, &was, to, status, inner);
}

static void note_heard(struct muc *m, const char *to, struct str text)
{
	buf_addf(&m->heard, "%s\t%.*s\n", to, STR_ARG(text));
}

/* --- what we send --- */

static void refuse(struct muc *m, const struct xnode *n, const char *inner,
		   const char *type, const char *condition)
{
	put(m,
	    "<%.*s from='%s' to='%s' id='%s' type='error'>%s"
	    "<error type='%s' by='" ROOM "'><%s xmlns='" NS_STANZAS
	    "'/></error></%.*s>",
	    STR_ARG(n->name), escaped(m, x_attr(n, "to")),
	    escaped(m, x_attr(n, "from")), escaped(m, x_attr(n, "id")), inner,
	    type, condition, STR_ARG(n->name));
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
	struct session *holder = by_nick(m, nick), *s;
	const char *id = escaped(m, x_attr(n, "id"));

	if (refuses_join(m, n))
		return;
	if (holder && !same_user(holder, jid)) {
		refuse(m, n, "<x xmlns='" NS_MUC "'/>", "cancel", "conflict");
		return;
	}
	s = session_new(m, nick, jid, "participant");
	for (int i = 0; i < SEATS; i++)
		if (m->at[i].in && !str_eq(str_z(m->at[i].nick), nick))
			present_to(m, &m->at[i], s, "");
	present(m, s, id);
	if (m->history.n)
		put(m,
		    "<message from='" ROOM "/Ann' to='%s' type='groupchat'>"
		    "<body>%s</body><delay xmlns='" NS_DELAY "' from='" ROOM
		    "' stamp='2026-01-01T00:00:00Z'/></message>",
		    s->jid, escaped(m, buf_str(&m->history)));
	put(m,
	    "<message from='" ROOM "/Ann' to='%s' type='groupchat'>"
	    "<subject>%s</subject></message>",
	    s->jid, escaped(m, buf_str(&m->subject)));
}

/* Only this session moves; where others keep the name, only they are told of
 * the new one. */
static void new_nick(struct muc *m, struct session *s, const char *to)
{
	struct session was = *s;
	char inner[512];

	snprintf(inner, sizeof(inner),
		 "<item affiliation='none' role='participant' nick='%s'/>"
		 "<status code='303'/>",
		 escaped(m, str_z(to)));
	if (*was.jid)
		absent_to(m, &was, &was, "", inner);
	snprintf(s->nick, sizeof(s->nick), "%s", to);
	if (!by_nick(m, str_z(was.nick)))
		TO_OURS(m, o)
	if (o != s)
		absent_to(m, &was, o, "", inner);
	present(m, s, "");
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
			remove_one(m, s, "", NO_ITEM);
		return;
	}
	if (!s) {
		if (x_child(n, "x", NS_MUC))
			on_join(m, n, nick);
		else /* XEP-0045 §7.2.18 */
			put(m,
			    "<presence from='%s' to='%s' type='unavailable'>"
			    "<x xmlns='" NS_MUC_USER "'>" NO_ITEM
			    "<status code='110'/><status code='333'/>"
			    "<status code='307'/></x></presence>",
			    escaped(m, x_attr(n, "to")),
			    escaped(m, x_attr(n, "from")));
		return;
	}
	holder = by_nick(m, nick);
	if (holder && !same_user(holder, str_z(s->jid))) {
		refuse(m, n, "<x xmlns='" NS_MUC "'/>", "cancel", "conflict");
		return;
	}
	child_text(m, n, "show", s->show, sizeof(s->show));
	child_text(m, n, "status", s->status, sizeof(s->status));
	if (str_eq(str_z(s->nick), nick)) {
		present(m, s, escaped(m, x_attr(n, "id")));
	} else {
		snprintf(z, sizeof(z), "%.*s", STR_ARG(nick));
		new_nick(m, s, z);
	}
}

static void to_all(struct muc *m, const char *nick, const char *id,
		   const char *payload)
{
	m->ids++;
	TO_OURS(m, to)
	put(m,
	    "<message from='" ROOM "/%s' to='%s' type='groupchat' id='%s'>%s"
	    "<stanza-id xmlns='" NS_SID "' by='" ROOM "' id='s%u'/></message>",
	    escaped(m, str_z(nick)), to->jid, id, payload, m->ids);
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
		to_all(m, s->nick, escaped(m, x_attr(n, "id")),
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
	} else if (!by_nick(m, nick)) {
		refuse(m, n, "", "cancel", "item-not-found");
	} else if (body) {
		snprintf(to, sizeof(to), "%.*s", STR_ARG(nick));
		note_heard(m, to, x_text(body, m->b->s->arena));
	}
}

static void result(struct muc *m, const struct xnode *n, const char *content)
{
	put(m, "<iq from='" ROOM "' to='%s' id='%s' type='result'>%s</iq>",
	    escaped(m, x_attr(n, "from")), escaped(m, x_attr(n, "id")),
	    content);
}

static void muc_kick(struct bed *b, const char *nick, const char *why);

static void on_admin(struct muc *m, const struct xnode *n,
		     const struct xnode *query)
{
	const struct session *s = by_jid(m, x_attr(n, "from"));
	const struct xnode *item = x_child(query, "item", NULL);
	struct session *target = item ? by_nick(m, x_attr(item, "nick")) : NULL;
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
			 escaped(m, x_text(x_child(item, "reason", NULL),
					   m->b->s->arena)));
		remove_one(m, target, "", inner);
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

static void see(void *user, const struct xnode *n)
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

/* --- the bed --- */

/* Stanza by stanza: what we say to one may cross the next. */
static void muc_settle(struct bed *b)
{
	struct muc *m = muc_of(b);
	bool more = true;

	while (more) {
		more = xmpp_each(b->s, see, m);
		for (size_t i = 0; i < m->n_out; i++) {
			deliver(m, &m->out[i]);
			buf_done(&m->out[i]);
			more = true;
		}
		m->n_out = 0;
		if (!more) { /* private messages wait for errors */
			scene_run(b->s, 1100);
			more = xmpp_each(b->s, see, m) || m->n_out;
		}
	}
}

static void muc_up(struct bed *b)
{
	struct muc *m = calloc(1, sizeof(*m));

	m->b = b;
	buf_init(&m->subject, 1u << 24);
	buf_init(&m->heard, 1u << 24);
	buf_init(&m->history, 1u << 24);
	buf_addz(&m->subject, "tea");
	session_new(m, STR("Ann"), STR_NONE, "moderator");
	session_new(m, STR("Ben"), STR_NONE, "participant");
	b->room = m;
}

static void muc_down(struct bed *b)
{
	struct muc *m = b->room;

	for (size_t i = 0; i < m->n_out; i++)
		buf_done(&m->out[i]);
	buf_done(&m->subject);
	buf_done(&m->heard);
	buf_done(&m->history);
	free(m);
}

static enum reason_code muc_refuse(struct bed *b, enum reason_code why)
{
	struct muc *m = muc_of(b);

	m->refusal = REASON_OK;
	for (size_t i = 0; i < sizeof(refusals) / sizeof(*refusals); i++)
		if (refusals[i].why == why)
			m->refusal = why;
	return m->refusal;
}

static struct session *person(struct bed *b, const char *nick)
{
	struct session *s = by_nick(muc_of(b), str_z(nick));

	assert_non_null(s);
	return s;
}

static void muc_enter(struct bed *b, const char *nick)
{
	struct muc *m = muc_of(b);

	present(m, session_new(m, str_z(nick), STR_NONE, "participant"), "");
}

static void muc_go(struct bed *b, const char *nick, const char *why)
{
	struct muc *m = muc_of(b);
	const char *status =
	    *why ? arena_printf(b->s->arena, "<status>%s</status>",
				escaped(m, str_z(why)))
		       .p
		 : "";

	remove_one(m, person(b, nick), status, NO_ITEM);
}

static void muc_say(struct bed *b, const char *nick, const char *text)
{
	struct muc *m = muc_of(b);

	to_all(m, nick, "",
	       arena_printf(b->s->arena, "<body>%s</body>",
			    escaped(m, str_z(text)))
		   .p);
}

static void muc_whisper(struct bed *b, const char *nick, const char *text)
{
	struct muc *m = muc_of(b);

	TO_OURS(m, to)
	put(m,
	    "<message from='" ROOM "/%s' to='%s' type='chat'><body>%s</body>"
	    "<x xmlns='" NS_MUC_USER "'/></message>",
	    nick, to->jid, escaped(m, str_z(text)));
}

static void muc_rename(struct bed *b, const char *nick, const char *to)
{
	new_nick(muc_of(b), person(b, nick), to);
}

static void muc_show(struct bed *b, const char *nick, const char *show,
		     const char *status)
{
	struct session *s = person(b, nick);

	snprintf(s->show, sizeof(s->show), "%s", show);
	snprintf(s->status, sizeof(s->status), "%s", status);
	present(muc_of(b), s, "");
}

static void muc_subject(struct bed *b, const char *text)
{
	struct muc *m = muc_of(b);

	buf_clear(&m->subject);
	buf_addz(&m->subject, text);
	to_all(m, "Ann", "",
	       arena_printf(b->s->arena, "<subject>%s</subject>",
			    escaped(m, str_z(text)))
		   .p);
}

static void muc_kick(struct bed *b, const char *nick, const char *why)
{
	struct muc *m = muc_of(b);
	const char *inner =
	    arena_printf(b->s->arena,
			 "<item affiliation='none' role='none'>"
			 "<actor nick='Ann'/><reason>%s</reason></item>"
			 "<status code='307'/>",
			 escaped(m, str_z(why)))
		.p;
	struct session *s;

	while ((s = by_nick(m, str_z(nick))))
		remove_one(m, s, "", inner);
}

static void muc_close(struct bed *b, const char *why)
{
	struct muc *m = muc_of(b);

	TO_OURS(m, to)
	absent_to(m, to, to, "",
		  arena_printf(b->s->arena,
			       NO_ITEM "<destroy><reason>%s</reason></destroy>",
			       escaped(m, str_z(why)))
		      .p);
	memset(m->at, 0, sizeof(m->at));
}

static void muc_shut_down(struct bed *b)
{
	back_muc_shutdown(b->s->core.back_muc);
}

static bool muc_promote(struct bed *b)
{
	struct muc *m = muc_of(b);

	TO_OURS(m, s)
	{
		snprintf(s->role, sizeof(s->role), "moderator");
		present(m, s, "");
	}
	return true;
}

static void muc_history(struct bed *b, const char *text)
{
	buf_addz(&muc_of(b)->history, text);
}

static void muc_mute(struct bed *b)
{
	struct muc *m = muc_of(b);

	TO_OURS(m, s)
	{
		snprintf(s->role, sizeof(s->role), "visitor");
		present(m, s, "");
	}
}

static void muc_hush(struct bed *b)
{
	muc_of(b)->hushed = true;
}

static size_t muc_heard(struct bed *b, const char *to, const char *text)
{
	return lines_heard(buf_str(&muc_of(b)->heard), to, text);
}

static bool muc_sees(struct bed *b, const char *nick)
{
	return by_nick(muc_of(b), str_z(nick));
}

static void discovered_up(struct bed *b)
{
	dns_server_srv(b->s->dns, "_xmpp-server._tcp.muc.test", 1, 1, 5269,
		       "x.muc.test");
	muc_up(b);
}

#define MUC                                                                    \
	.room = ROOM, .world = WORLD_SIP, .subject_by = "Ann",                 \
	.promised = {REASON_OK, REASON_FORBIDDEN, REASON_FORBIDDEN,            \
		     REASON_NO_VOICE},                                         \
	.history = muc_history, .mute = muc_mute, .tells_actor = true,         \
	.down = muc_down, .settle = muc_settle, .refuse = muc_refuse,          \
	.enter = muc_enter, .go = muc_go, .say = muc_say,                      \
	.whisper = muc_whisper, .rename = muc_rename, .show = muc_show,        \
	.subject = muc_subject, .kick = muc_kick, .close = muc_close,          \
	.shut_down = muc_shut_down, .promote = muc_promote, .hush = muc_hush,  \
	.heard = muc_heard, .sees = muc_sees

static const struct bed_kind muc = {
    .name = "remote MUC",
    .config = "domain \"sip.test\" { users = sip secret = \"x\" }\n"
	      "domain \"muc.test\" { rooms = xmpp create = none }\n",
    .up = muc_up,
    MUC};
/* The same, where nobody knows before that it is one (DNS-2). */
static const struct bed_kind found = {
    .name = "remote MUC, found by DNS",
    .config = "domain \"sip.test\" { users = sip secret = \"x\" }\n"
	      "domain \"muc.test\" { rooms = discover create = none }\n",
    .up = discovered_up,
    MUC};

const struct bed_kind *const bed_kinds[] = {&muc, &found};
const size_t n_bed_kinds = 2;
