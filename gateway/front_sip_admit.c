/* Whom an INVITE comes from, which room it means, and may he come in? */
#include "gateway/front_sip_call.h"
#include "gateway/front_sip_private.h"

#include "base/err.h"
#include "base/uri.h"
#include "mapping/reason.h"

/* The identities that the request vouches for: P-Asserted-Identity where a
 * trusted peer sends it, else From (RFC 3325 §9.1, CHAT-23). The first is the
 * roster's. */
static int read_identity(struct call *c, const struct port_msg *m)
{
	struct str lines = m->f[PORT_F_IDENTITY];
	struct name_addr na;

	if (!lines.n)
		lines = m->f[PORT_F_FROM];
	while (lines.n && c->n_identities < CALL_IDENTITIES_MAX) {
		struct str line = str_trim_space(str_split(&lines, '\n'));
		struct str key;

		if (!line.n || name_addr_parse(line, c->arena, &na) < 0)
			continue;
		key = user_key(c->arena, na.uri);
		if (!key.n)
			continue;
		if (!c->n_identities) {
			c->user = key;
			c->uri = arena_dup(c->arena, na.uri);
			c->display = arena_dup(c->arena, na.name);
		}
		c->identity[c->n_identities++] = key;
	}
	if (!c->display.n &&
	    name_addr_parse(m->f[PORT_F_FROM], c->arena, &na) == 0)
		c->display = arena_dup(c->arena, na.name);
	return c->n_identities ? 0 : ERR_SYNTAX;
}

struct str bare_uri(struct arena *a, struct str uri)
{
	ptrdiff_t at = str_find(uri, '@');

	for (size_t i = at < 0 ? 0 : (size_t)at; i < uri.n; i++)
		if (uri.p[i] == ';' || uri.p[i] == '?') {
			uri.n = i;
			break;
		}
	return arena_dup(a, uri);
}

struct str call_dialled(struct call *c, const struct port_msg *m)
{
	struct name_addr na;
	struct str room;

	if (name_addr_parse(m->f[PORT_F_TO], c->arena, &na) == 0 &&
	    front_sip_room(c->f, na.uri, c->arena, &room) == 200 &&
	    str_eq(room, c->room))
		return arena_dup(c->arena, na.uri);
	return arena_dup(c->arena, m->f[PORT_F_RURI]);
}

/* Contact is the room's URI (FOCUS-1); scheme, port and transport that the user
 * had to write stay, for his client finds us by them. */
struct str call_contact(struct call *c, struct str dialled)
{
	struct str uri = c->room_uri, transport = STR_NONE;
	char port[16] = "";
	bool sips = false;
	struct uri u;

	if (uri_parse(dialled, &u) == 0) {
		sips = u.sips; /* RFC 3261 §12.1.1 */
		if (u.port)
			snprintf(port, sizeof(port), ":%u", u.port);
		uri_param(u.params, STR("transport"), &transport);
	}
	return arena_printf(c->arena,
			    "<%s%.*s%s%s%.*s>;isfocus;automata;message;"
			    "event=\"conference\";methods=\"INVITE,ACK,BYE,"
			    "CANCEL,OPTIONS,SUBSCRIBE,NOTIFY,UPDATE,REFER\"",
			    sips ? "sips:" : "sip:", STR_ARG(str_from(uri, 4)),
			    port, transport.n ? ";transport=" : "",
			    STR_ARG(transport));
}

/* The room that was dialled, or a new one (FOCUS-3). */
static enum reason_code find_room(struct call *c)
{
	struct back_local *back = c->f->cfg.back;

	if (!back_local_is_factory(back, c->room))
		return back_local_reachable(back, c->room, WORLD_SIP);
	c->room = back_local_new_address(back, c->room, c->arena);
	c->founds = true;
	return REASON_OK;
}

static uint64_t replaced_seat(const struct call *c)
{
	const struct dialog *d =
	    c->replaces ? table_get(c->f->dialogs, c->replaces) : NULL;

	return d && d->call ? d->call->seat.id : 0;
}

/* Whom the room has called need not know it. */
static struct str room_password(const struct call *c)
{
	const struct room_policy *p =
	    back_local_settings(c->f->cfg.back, c->room);

	return p ? p->password : STR_NONE;
}

struct seat_join call_join(const struct call *c)
{
	return (struct seat_join){
	    .room = c->room,
	    .world = WORLD_SIP,
	    .wants = SEAT_WANTS_MESSAGES,
	    .user = c->user,
	    .sip_uri = c->uri,
	    .display = c->display,
	    .device = c->device,
	    .private_messages = c->peer.private_messages,
	    .account = account_behind(c->user),
	    .replaces = replaced_seat(c),
	    .password = c->invited ? room_password(c) : STR_NONE,
	};
}

/* As far as it can be told before the session is there. */
static enum reason_code admits(struct call *c)
{
	struct seat_join join = call_join(c);

	return back_local_admits(c->f->cfg.back, &join);
}

int call_check(struct call *c, const struct port_msg *m, const char **why)
{
	int status =
	    front_sip_room(c->f, m->f[PORT_F_RURI], c->arena, &c->room);
	enum reason_code reason;

	c->device = arena_dup(c->arena, m->f[PORT_F_CONTACT]);
	*why = "no such room or domain";
	if (status != 200)
		return status;
	reason = call_is_bridged(c) ? REASON_OK : find_room(c);
	if (reason != REASON_OK) {
		*why = reason_text(reason);
		return map_reason_to_sip(reason);
	}
	*why = "no usable identity";
	if (read_identity(c, m) < 0)
		return 403;
	if (call_is_bridged(c)) {
		status = call_way(c, m, why);
		if (status != 200)
			return status;
	}
	status = call_privacy(
	    c, m, call_domain(c)->anonymous && !call_is_bridged(c), why);
	if (status != 200)
		return status;
	status = replaces_read(c, m, why);
	if (status != 200)
		return status;
	reason = call_is_bridged(c) ? REASON_OK : admits(c);
	if (reason != REASON_OK) {
		*why = reason_text(reason);
		return map_reason_to_sip(reason);
	}
	*why = "too many dialogs";
	if (c->f->n_calls > c->f->cfg.config->limits.dialogs)
		return 503;
	return 200;
}
