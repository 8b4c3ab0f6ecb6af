/* Participants who don't want to be known (RFC 3323, RFC 3325 §7, RFC 7701
 * §5.2): the room sees an address that stands for nobody else. */
#include "gateway/front_sip_call.h"
#include "gateway/front_sip_private.h"
#include "gateway/front_sip_subscription.h"

#include "base/uri.h"

#define NOWHERE STR("anonymous.invalid")
#define HIDDEN	STR("anonymous ") /* before the key of one who hides */

/* Each hides no more than what the focus, as the other end of the call, keeps
 * to itself anyway; id, user and header are also the wish for another name. */
static bool can_give(struct str value)
{
	return str_ieq(value, STR("id")) || str_ieq(value, STR("user")) ||
	       str_ieq(value, STR("header")) ||
	       str_ieq(value, STR("session")) ||
	       str_ieq(value, STR("history")) || str_ieq(value, STR("none"));
}

static bool wants_name(struct str value)
{
	return str_ieq(value, STR("id")) || str_ieq(value, STR("user")) ||
	       str_ieq(value, STR("header"));
}

static bool token_char(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
}

static void add_token(struct buf *b, struct str value)
{
	buf_addc(b, ' ');
	for (size_t i = 0; i < value.n; i++)
		if (token_char((unsigned char)value.p[i]))
			buf_addc(b, value.p[i]);
}

struct wish {
	bool hide, none, critical, unmet;
};

static struct wish read_privacy(struct str values, bool possible,
				struct buf *missing)
{
	struct wish w = {0};

	for (size_t i = 0; i < values.n;) {
		struct str value;
		size_t start = i;

		while (i < values.n && values.p[i] != ';' && values.p[i] != ',')
			i++;
		value = str_trim_space(str_of(values.p + start, i - start));
		i++;
		if (str_ieq(value, STR("critical"))) {
			w.critical = true;
		} else if (value.n) {
			w.none = w.none || str_ieq(value, STR("none"));
			w.hide = w.hide || wants_name(value);
			if (can_give(value) && (possible || !wants_name(value)))
				continue;
			w.unmet = true;
			add_token(missing, value);
		}
	}
	return w;
}

bool from_is_nobody(struct str from, struct arena *a, struct str *uri)
{
	struct name_addr na;
	struct uri u;

	*uri = STR_NONE;
	if (name_addr_parse(from, a, &na) < 0 || uri_parse(na.uri, &u) < 0)
		return false;
	*uri = na.uri;
	return str_ieq(u.host, NOWHERE);
}

static bool number_taken(const struct call *self, unsigned number)
{
	struct call *c;

	TAILQ_FOREACH (c, &self->f->calls, link)
		if (c != self && c->anonymous == number &&
		    str_eq(c->room, self->room))
			return true;
	return false;
}

/* All devices of one user have one number. */
static unsigned number_of(const struct call *self)
{
	struct call *c;
	unsigned n = 1;

	TAILQ_FOREACH (c, &self->f->calls, link)
		if (c != self && c->anonymous && str_eq(c->room, self->room) &&
		    str_eq(c->user, self->user))
			return c->anonymous;
	while (number_taken(self, n))
		n++;
	return n;
}

/* From here on nothing of the user is kept but the key that tells him from
 * others; it is no address, so nobody finds him by his (FOCUS-65). */
static void hide(struct call *c, bool nameless, struct str from)
{
	c->user = nameless ? arena_printf(c->arena, "%.*s%llx", STR_ARG(HIDDEN),
					  (unsigned long long)c->dialog->id)
			   : arena_printf(c->arena, "%.*s%.*s", STR_ARG(HIDDEN),
					  STR_ARG(c->user));
	c->anonymous = number_of(c);
	c->uri = arena_printf(c->arena, "sip:anonymous%u@%.*s", c->anonymous,
			      STR_ARG(NOWHERE));
	c->display = arena_printf(c->arena, "Anonymous%u", c->anonymous);
	c->n_identities = 0;
	c->identity[c->n_identities++] = user_key(c->arena, c->uri);
	if (from.n)
		c->identity[c->n_identities++] = user_key(c->arena, from);
}

struct str account_behind(struct str user)
{
	struct str key = str_from(user, HIDDEN.n);

	return str_starts(user, HIDDEN) && str_find(key, ':') >= 0 ? key
								   : STR_NONE;
}

int call_privacy(struct call *c, const struct port_msg *m, bool possible,
		 const char **why)
{
	struct buf text = BUF_INIT(512);
	struct str from;
	bool nowhere = from_is_nobody(m->f[PORT_F_FROM], c->arena, &from);
	struct wish w;

	buf_addz(&text, "Cannot keep private:");
	w = read_privacy(m->f[PORT_F_PRIVACY], possible, &text);
	if (w.critical && w.unmet)
		*why =
		    arena_printf(c->arena, "%.*s", STR_ARG(buf_str(&text))).p;
	buf_done(&text);
	if (w.critical && w.unmet)
		return 500;
	if ((!w.hide || w.none) && !nowhere)
		return 200;
	*why = "anonymous participation";
	if (!possible)
		return 403;
	hide(c, nowhere && !m->f[PORT_F_IDENTITY].n, nowhere ? from : STR_NONE);
	return 200;
}

static bool is_anonymous(struct str uri)
{
	ptrdiff_t at = str_find(uri, '@');

	return at >= 0 && str_ieq(str_from(uri, (size_t)at + 1), NOWHERE);
}

static const struct occupant *by_address(struct seat *s, struct str key)
{
	struct arena *a = arena_new(16384);
	const struct occupant *o;
	size_t it = 0;

	while ((o = seat_roster(s, &it))) {
		arena_reset(a);
		if (o->world == WORLD_SIP && is_anonymous(o->sip_uri) &&
		    str_eq(user_key(a, o->sip_uri), key))
			break;
	}
	arena_free(a);
	return o;
}

const struct occupant *user_in_room(struct seat *s, struct str key)
{
	const struct occupant *o = seat_by_user(s, key);

	return o || !is_anonymous(key) ? o : by_address(s, key);
}

bool call_has_identity(const struct call *c, struct str key)
{
	for (size_t i = 0; i < c->n_identities; i++)
		if (str_eq(c->identity[i], key))
			return true;
	return false;
}

const struct occupant *user_called(struct call *by, struct str key)
{
	const struct occupant *o = key.n ? user_in_room(&by->seat, key) : NULL;
	struct call *c;

	if (o || !key.n || is_anonymous(key))
		return o;
	TAILQ_FOREACH (c, &by->f->calls, link)
		if (c->n_identities > 1 && !c->anonymous &&
		    str_eq(c->room, by->room) && call_has_identity(c, key))
			return seat_by_user(&by->seat, c->user);
	return NULL;
}

static struct str without_mask(struct str user)
{
	return str_starts(user, HIDDEN) ? str_from(user, HIDDEN.n) : user;
}

bool is_of_person(const struct call *c, struct str user)
{
	return str_eq(without_mask(c->user), without_mask(user));
}

bool same_person(const struct call *a, const struct call *b)
{
	return is_of_person(a, b->user);
}

bool is_subscriber(const struct subscription *s, struct str user)
{
	struct str own = str_z(s->user);

	if (!own.n)
		return false;
	return str_eq(without_mask(user), without_mask(own));
}

bool is_hidden(struct str user)
{
	return str_starts(user, HIDDEN);
}

const struct occupant *subscriber_inside(struct subscription *s, bool other)
{
	struct str key = str_z(s->user);
	struct buf hidden = BUF_INIT(8192);
	const struct occupant *o;

	if (!key.n)
		return NULL;
	if (other && is_hidden(key)) {
		key = without_mask(key);
	} else if (other) {
		buf_add(&hidden, HIDDEN);
		buf_add(&hidden, key);
		key = buf_str(&hidden);
	}
	o = seat_by_user(&s->seat, key);
	buf_done(&hidden);
	return o;
}

struct str request_user(const struct dialog *d, const struct port_msg *m,
			struct arena *a)
{
	struct str lines = m->f[PORT_F_IDENTITY];
	struct name_addr na;

	if (d && d->call)
		return d->call->user;
	if (!lines.n)
		lines = m->f[PORT_F_FROM];
	if (name_addr_parse(str_trim_space(str_split(&lines, '\n')), a, &na) <
	    0)
		return STR_NONE;
	return user_key(a, na.uri);
}
