/* Values of numbers ("12;") and strings ("5:hello") in a fixed order, the
 * version of that order first. */
#include "gateway/kept.h"

#include <stdio.h>

#include "base/err.h"
#include "base/scan.h"

#define CALL_VERSION	     1
#define SUBSCRIPTION_VERSION 1
#define OCCUPANT_VERSION     1
#define HEARD_VERSION	     1

void keep_put(const struct keep *k, enum kept_kind kind, struct str key,
	      struct str value)
{
	if (k->keep)
		k->keep(k->user, kind, key, value);
}

void keep_drop(const struct keep *k, enum kept_kind kind, struct str key)
{
	if (k->keep)
		k->drop(k->user, kind, key);
}

struct str kept_dialog_key(char z[KEPT_ID_CHARS + 1], uint64_t dlg)
{
	snprintf(z, KEPT_ID_CHARS + 1, "%016llx", (unsigned long long)dlg);
	return str_of(z, KEPT_ID_CHARS);
}

uint64_t kept_dialog_id(struct str key)
{
	uint64_t id = 0;

	if (key.n < KEPT_ID_CHARS)
		return 0;
	for (size_t i = 0; i < KEPT_ID_CHARS; i++) {
		char c = key.p[i];

		if (c >= '0' && c <= '9')
			id = id << 4 | (uint64_t)(c - '0');
		else if (c >= 'a' && c <= 'f')
			id = id << 4 | (uint64_t)(c - 'a' + 10);
		else
			return 0;
	}
	return id;
}

static void put_number(struct buf *b, uint64_t n)
{
	buf_addu(b, n);
	buf_addc(b, ';');
}

static void put_text(struct buf *b, struct str s)
{
	buf_addu(b, s.n);
	buf_addc(b, ':');
	buf_add(b, s);
}

static uint64_t number(struct scan *s, uint64_t max)
{
	uint64_t n = scan_u64(s, max);

	scan_expect(s, ';');
	return n;
}

static bool flag(struct scan *s)
{
	return number(s, 1) != 0;
}

static struct str text(struct scan *s)
{
	uint64_t n = scan_u64(s, KEPT_BYTES_MAX);
	struct str out;

	scan_expect(s, ':');
	out = scan_rest(s);
	if (!s->err && n > out.n)
		scan_fail(s, ERR_SYNTAX);
	if (s->err)
		return STR_NONE;
	out.n = (size_t)n;
	s->p += n;
	return out;
}

static void version(struct scan *s, uint64_t known)
{
	if (number(s, UINT32_MAX) != known && !s->err)
		scan_fail(s, ERR_UNSUPPORTED);
}

static int end(struct scan *s)
{
	if (!s->err && s->p != s->end)
		scan_fail(s, ERR_SYNTAX);
	return s->err;
}

/* --- calls --- */

static void put_peer(struct buf *b, const struct sdp_media *m)
{
	put_text(b, m->accept_types);
	put_number(b, m->has_accept_types);
	put_text(b, m->accept_wrapped);
	put_number(b, m->max_size);
	put_number(b, m->direction);
	put_number(b, m->chatroom);
	put_number(b, m->nickname);
	put_number(b, m->private_messages);
}

static struct sdp_media peer(struct scan *s)
{
	struct sdp_media m = {.accept_types = text(s)};

	m.has_accept_types = flag(s);
	m.accept_wrapped = text(s);
	m.max_size = (size_t)number(s, SIZE_MAX);
	m.direction = (enum sdp_direction)number(s, SDP_INACTIVE);
	m.chatroom = flag(s);
	m.nickname = flag(s);
	m.private_messages = flag(s);
	return m;
}

void kept_call_write(struct buf *b, const struct kept_call *c)
{
	put_number(b, CALL_VERSION);
	put_number(b, c->order);
	put_text(b, c->room);
	put_text(b, c->dialled);
	put_text(b, c->contact);
	put_text(b, c->uri);
	put_text(b, c->display);
	put_text(b, c->user);
	put_text(b, c->device);
	put_number(b, c->n_identities);
	for (size_t i = 0; i < c->n_identities; i++)
		put_text(b, c->identity[i]);
	put_number(b, c->anonymous);
	put_text(b, c->nick);
	put_number(b, c->nick_chosen);
	put_number(b, c->invited);
	put_text(b, c->invited_by);
	put_number(b, c->joined_ms);
	put_text(b, c->sdp);
	put_number(b, c->sdp_id);
	put_number(b, c->sdp_version);
	put_number(b, c->media);
	put_number(b, c->plain);
	put_peer(b, &c->peer);
	put_number(b, c->interval_s);
	put_number(b, c->min_se_s);
	put_number(b, c->ours);
	put_number(b, c->peer_supports);
	put_number(b, c->update);
}

int kept_call_read(struct str in, struct kept_call *c)
{
	struct scan s = scan_of(in);

	*c = (struct kept_call){0};
	version(&s, CALL_VERSION);
	c->order = number(&s, UINT64_MAX);
	c->room = text(&s);
	c->dialled = text(&s);
	c->contact = text(&s);
	c->uri = text(&s);
	c->display = text(&s);
	c->user = text(&s);
	c->device = text(&s);
	c->n_identities = (size_t)number(&s, KEPT_IDENTITIES_MAX);
	for (size_t i = 0; i < c->n_identities; i++)
		c->identity[i] = text(&s);
	c->anonymous = number(&s, UINT32_MAX);
	c->nick = text(&s);
	c->nick_chosen = flag(&s);
	c->invited = flag(&s);
	c->invited_by = text(&s);
	c->joined_ms = number(&s, UINT64_MAX);
	c->sdp = text(&s);
	c->sdp_id = number(&s, UINT64_MAX);
	c->sdp_version = number(&s, UINT64_MAX);
	c->media = flag(&s);
	c->plain = flag(&s);
	c->peer = peer(&s);
	c->interval_s = number(&s, UINT32_MAX);
	c->min_se_s = number(&s, UINT32_MAX);
	c->ours = flag(&s);
	c->peer_supports = flag(&s);
	c->update = flag(&s);
	return end(&s);
}

/* --- subscriptions and occupants --- */

void kept_subscription_write(struct buf *b, const struct kept_subscription *s)
{
	put_number(b, SUBSCRIPTION_VERSION);
	put_text(b, s->room);
	put_text(b, s->event_id);
	put_text(b, s->user);
	put_text(b, s->contact);
	put_number(b, s->version);
	put_number(b, s->expires_ms);
	put_number(b, s->full_only);
}

int kept_subscription_read(struct str in, struct kept_subscription *out)
{
	struct scan s = scan_of(in);

	*out = (struct kept_subscription){0};
	version(&s, SUBSCRIPTION_VERSION);
	out->room = text(&s);
	out->event_id = text(&s);
	out->user = text(&s);
	out->contact = text(&s);
	out->version = number(&s, UINT32_MAX);
	out->expires_ms = number(&s, UINT64_MAX);
	out->full_only = flag(&s);
	return end(&s);
}

void kept_occupant_write(struct buf *b, const struct kept_occupant *o)
{
	put_number(b, OCCUPANT_VERSION);
	put_text(b, o->room);
	put_text(b, o->jid);
	put_text(b, o->nick);
	put_text(b, o->stable_id);
	put_number(b, o->affiliation);
}

int kept_occupant_read(struct str in, struct kept_occupant *out)
{
	struct scan s = scan_of(in);

	*out = (struct kept_occupant){0};
	version(&s, OCCUPANT_VERSION);
	out->room = text(&s);
	out->jid = text(&s);
	out->nick = text(&s);
	out->stable_id = text(&s);
	out->affiliation = (enum affiliation)number(&s, AFF_OWNER);
	return end(&s);
}

/* --- what was heard of a room --- */

void kept_put_mark(struct buf *b, uint64_t mark)
{
	char octets[KEPT_MARK];

	for (size_t i = 0; i < KEPT_MARK; i++)
		octets[i] = (char)(mark >> 8 * i);
	buf_add(b, str_of(octets, sizeof(octets)));
}

uint64_t kept_mark(const struct kept_heard *h, size_t i)
{
	uint64_t mark = 0;

	for (size_t k = KEPT_MARK; k-- > 0;)
		mark = mark << 8 | (unsigned char)h->marks.p[i * KEPT_MARK + k];
	return mark;
}

void kept_heard_write(struct buf *b, const struct kept_heard *h)
{
	put_number(b, HEARD_VERSION);
	put_number(b, h->seed);
	put_number(b, h->last_ms);
	put_text(b, h->marks);
}

int kept_heard_read(struct str in, struct kept_heard *out)
{
	struct scan s = scan_of(in);

	*out = (struct kept_heard){0};
	version(&s, HEARD_VERSION);
	out->seed = number(&s, UINT64_MAX);
	out->last_ms = number(&s, UINT64_MAX);
	out->marks = text(&s);
	if (!s.err && out->marks.n % KEPT_MARK)
		scan_fail(&s, ERR_SYNTAX);
	return end(&s);
}
