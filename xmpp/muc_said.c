#include "xmpp/muc_said.h"

#include "base/err.h"
#include "base/rfc3339.h"

#define NS_CONFERENCE "jabber:x:conference"
#define NS_FORWARD    "urn:xmpp:forward:0"

static const struct {
	struct str code;
	unsigned bit;
} codes[] = {
    {{"100", 3}, SAID_NON_ANONYMOUS},  {{"104", 3}, SAID_CONFIGURED},
    {{"110", 3}, SAID_SELF},	       {{"170", 3}, SAID_LOGGED},
    {{"171", 3}, SAID_NOT_LOGGED},     {{"172", 3}, SAID_NON_ANONYMOUS},
    {{"173", 3}, SAID_SEMI_ANONYMOUS}, {{"174", 3}, SAID_SEMI_ANONYMOUS},
    {{"201", 3}, SAID_CREATED},	       {{"210", 3}, SAID_RENAMED},
    {{"301", 3}, SAID_BANNED},	       {{"303", 3}, SAID_NEW_NICK},
    {{"307", 3}, SAID_KICKED},	       {{"321", 3}, SAID_NOT_MEMBER},
    {{"322", 3}, SAID_MEMBERS_ONLY},   {{"332", 3}, SAID_SHUTDOWN},
    {{"333", 3}, SAID_FAILED},
};

static bool is_type(const struct muc_said *in, const char *type)
{
	return str_eq(in->type, str_z(type));
}

static unsigned read_codes(const struct xnode *x)
{
	const struct xnode *s = x_child(x, "status", NS_MUC_USER);
	unsigned bits = 0;

	for (; s; s = x_next(s, "status", NS_MUC_USER))
		for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
			if (str_eq(x_attr(s, "code"), codes[i].code))
				bits |= codes[i].bit;
	return bits;
}

static void read_item(struct muc_said *in, const struct xnode *x,
		      struct arena *a)
{
	const struct xnode *item = x_child(x, "item", NS_MUC_USER);

	if (!item)
		return;
	in->affiliation = x_attr(item, "affiliation");
	in->role = x_attr(item, "role");
	in->item_jid = x_attr(item, "jid");
	in->new_nick = x_attr(item, "nick");
	in->actor = x_attr(x_child(item, "actor", NS_MUC_USER), "nick");
	in->reason = x_text(x_child(item, "reason", NS_MUC_USER), a);
}

static void read_destroy(struct muc_said *in, const struct xnode *x,
			 struct arena *a)
{
	const struct xnode *d = x_child(x, "destroy", NS_MUC_USER);

	if (!d)
		return;
	in->destroyed = true;
	in->venue = x_attr(d, "jid");
	in->password = x_text(x_child(d, "password", NS_MUC_USER), a);
	in->reason = x_text(x_child(d, "reason", NS_MUC_USER), a);
}

static void read_refusal(struct muc_said *in, struct arena *a)
{
	const struct xnode *error = x_child(in->stanza, "error", NS_CLIENT);

	in->kind = SAID_REFUSED;
	x_read_error(in->stanza, a, &in->error);
	in->reason = x_text(x_child(error, "text", NS_STANZAS), a);
}

static void read_presence(struct muc_said *in, struct arena *a)
{
	const struct xnode *x = x_child(in->stanza, "x", NS_MUC_USER);

	if (is_type(in, "error")) {
		read_refusal(in, a);
		return;
	}
	if (is_type(in, "subscribe"))
		in->kind = SAID_SUBSCRIBE;
	else if (is_type(in, "unavailable"))
		in->kind = SAID_GONE;
	else if (!in->type.n)
		in->kind = SAID_PRESENCE;
	in->codes = read_codes(x);
	read_item(in, x, a);
	read_destroy(in, x, a);
	in->show = x_text(x_child(in->stanza, "show", NS_CLIENT), a);
	in->status = x_text(x_child(in->stanza, "status", NS_CLIENT), a);
	in->stable_id =
	    x_attr(x_child(in->stanza, "occupant-id", NS_OCCUPANT), "id");
}

/* Else it is its sender's, who tells when he wrote a message that is new. */
static bool is_by_room(const struct muc_said *in, const struct xnode *delay)
{
	return !x_has_attr(delay, "from") ||
	       str_ieq(x_attr(delay, "from"), in->from.bare);
}

static void read_marks(struct muc_said *in)
{
	const struct xnode *c = x_child(in->stanza, NULL, NULL);
	uint64_t at;

	for (; c; c = x_next(c, NULL, NULL)) {
		if (x_is(c, "origin-id", NS_SID)) {
			in->origin_id = x_attr(c, "id");
		} else if (x_is(c, "stanza-id", NS_SID) &&
			   str_ieq(x_attr(c, "by"), in->from.bare)) {
			in->stanza_id = x_attr(c, "id");
		} else if (x_is(c, "delay", NS_DELAY)) {
			if (is_by_room(in, c))
				in->delayed = true;
			if (rfc3339_parse(x_attr(c, "stamp"), &at) == 0)
				in->time_ms = at;
		}
	}
}

/* XEP-0045 §7.8.2 and §7.9. */
static bool read_mediated(struct muc_said *in, struct arena *a)
{
	const struct xnode *x = x_child(in->stanza, "x", NS_MUC_USER);
	const struct xnode *i = x_child(x, "invite", NS_MUC_USER);
	const struct xnode *d = x_child(x, "decline", NS_MUC_USER);
	const struct xnode *c;

	if (in->from.resource.n || (!i && !d))
		return false;
	in->kind = i ? SAID_INVITE : SAID_DECLINE;
	in->room = in->from.bare;
	in->by = x_attr(i ? i : d, "from");
	in->reason = x_text(x_child(i ? i : d, "reason", NS_MUC_USER), a);
	in->password = x_text(x_child(x, "password", NS_MUC_USER), a);
	c = x_child(i, "continue", NS_MUC_USER);
	in->continues = c;
	in->thread = x_attr(c, "thread");
	return true;
}

static bool read_direct(struct muc_said *in)
{
	const struct xnode *x = x_child(in->stanza, "x", NS_CONFERENCE);

	if (!x || !x_has_attr(x, "jid"))
		return false;
	in->kind = SAID_INVITE;
	in->direct = true;
	in->room = x_attr(x, "jid");
	in->by = in->from.bare;
	in->reason = x_attr(x, "reason");
	in->password = x_attr(x, "password");
	in->continues = str_eq(x_attr(x, "continue"), STR("true")) ||
			str_eq(x_attr(x, "continue"), STR("1"));
	in->thread = x_attr(x, "thread");
	return true;
}

static void read_groupchat(struct muc_said *in, struct arena *a)
{
	const struct xnode *m = in->stanza;
	const struct xnode *subject = x_child(m, "subject", NS_CLIENT);
	bool body = x_child(m, "body", NS_CLIENT);

	in->codes = read_codes(x_child(m, "x", NS_MUC_USER));
	if (subject && !body && !x_child(m, "thread", NS_CLIENT)) {
		in->kind = SAID_SUBJECT;
		in->subject = x_text(subject, a);
	} else if (!in->from.resource.n && !body && in->codes) {
		in->kind = SAID_STATUS;
	} else {
		in->kind = SAID_TO_ALL;
	}
}

/* XEP-0313 §4.2: what somebody said to all of this room, which alone may answer
 * with it. */
static void read_archived(struct muc_said *in, const struct xnode *result)
{
	const struct xnode *f = x_child(result, "forwarded", NS_FORWARD);
	const struct xnode *delay = x_child(f, "delay", NS_DELAY);
	const struct xnode *m = x_child(f, "message", NS_CLIENT);
	struct jid from;

	if (!m || in->from.resource.n ||
	    jid_split(x_attr(m, "from"), &from) < 0 || !from.resource.n ||
	    !str_eq(from.bare, in->from.bare) ||
	    !str_eq(x_attr(m, "type"), STR("groupchat")) ||
	    !x_child(m, "body", NS_CLIENT))
		return;
	in->kind = SAID_ARCHIVED;
	in->query = x_attr(result, "queryid");
	in->stanza = m;
	in->from = from;
	in->id = x_attr(m, "id");
	in->type = x_attr(m, "type");
	read_marks(in);
	in->stanza_id = x_attr(result, "id");
	in->delayed = true;
	rfc3339_parse(x_attr(delay, "stamp"), &in->time_ms);
}

static void read_message(struct muc_said *in, struct arena *a)
{
	const struct xnode *m = in->stanza;
	const struct xnode *result = x_child(m, "result", NS_MAM);
	bool body = x_child(m, "body", NS_CLIENT);

	if (result) {
		read_archived(in, result);
		return;
	}
	read_marks(in);
	if (is_type(in, "error")) {
		in->kind = SAID_BOUNCE;
		x_read_error(m, a, &in->error);
	} else if (is_type(in, "groupchat")) {
		read_groupchat(in, a);
	} else if (read_mediated(in, a) || read_direct(in)) {
		return;
	} else if (!in->from.resource.n && !is_type(in, "chat")) {
		in->codes = read_codes(x_child(m, "x", NS_MUC_USER));
		in->kind = body	       ? SAID_NOTICE
			   : in->codes ? SAID_STATUS
				       : SAID_NOTHING;
	} else {
		in->kind = SAID_PRIVATE;
	}
}

static void read_iq(struct muc_said *in, struct arena *a)
{
	const struct xnode *child = x_child(in->stanza, NULL, NULL);

	if (is_type(in, "result")) {
		in->kind = SAID_RESULT;
		in->payload = child;
	} else if (is_type(in, "error")) {
		in->kind = SAID_IQ_ERROR;
		x_read_error(in->stanza, a, &in->error);
	} else if ((is_type(in, "get") || is_type(in, "set")) && in->id.n &&
		   child && !x_next(child, NULL, NULL)) {
		in->kind = SAID_IQ;
		in->payload = child;
	} else {
		in->kind = SAID_BAD_IQ;
	}
}

int muc_said_read(const struct xnode *stanza, struct arena *a,
		  struct muc_said *out)
{
	struct muc_said in = {.kind = SAID_NOTHING, .stanza = stanza};

	in.error = (struct stanza_error){"", ""};
	if (x_addresses(stanza, &in.from, &in.to) < 0)
		return ERR_SYNTAX;
	in.id = x_attr(stanza, "id");
	in.type = x_attr(stanza, "type");
	if (x_is(stanza, "presence", NS_CLIENT))
		read_presence(&in, a);
	else if (x_is(stanza, "message", NS_CLIENT))
		read_message(&in, a);
	else if (x_is(stanza, "iq", NS_CLIENT))
		read_iq(&in, a);
	*out = in;
	return 0;
}
