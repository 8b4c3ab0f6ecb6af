/* What a restart of the whole daemon finds of calls and subscriptions: written
 * when it changes, not when somebody talks. */
#include "gateway/front_sip_call.h"
#include "gateway/front_sip_keep.h"
#include "gateway/front_sip_subscription.h"

#include "gateway/kept.h"

/* Documents that a subscription may send before it is written again. */
#define VERSIONS_AHEAD 256
#define VERSIONS_NEAR  128

struct str kept_key(struct kept_key *k, uint64_t dlg, const char *event_id)
{
	char z[KEPT_ID_CHARS + 1];

	buf_clear(&k->text);
	buf_add(&k->text, kept_dialog_key(z, dlg));
	if (event_id)
		buf_addf(&k->text, " %s", event_id);
	return buf_str(&k->text);
}

/* --- calls --- */

static void describe(struct call *c, struct kept_call *k)
{
	const struct occupant *self = seat_by_user(&c->seat, c->user);
	const struct session_timer *t = &c->session_timer;

	*k = (struct kept_call){
	    .order = c->order,
	    .room = c->room,
	    .dialled = c->dialled,
	    .contact = c->contact,
	    .uri = c->uri,
	    .display = c->display,
	    .user = c->user,
	    .device = c->device,
	    .n_identities = c->n_identities,
	    .anonymous = c->anonymous,
	    .nick = c->nick,
	    .nick_chosen = c->nick_chosen,
	    .invited = c->invited,
	    .invited_by = c->invited_by,
	    .joined_ms = c->joined_ms,
	    .sdp = str_z(c->answer),
	    .sdp_id = c->sdp_id,
	    .sdp_version = c->sdp_version,
	    .media = c->session != NULL,
	    .plain = c->plain,
	    .peer = c->peer,
	    .interval_s = t->interval_s,
	    .min_se_s = t->min_se_s,
	    .ours = t->ours,
	    .peer_supports = t->peer_supports,
	    .update = t->update,
	};
	for (size_t i = 0; i < c->n_identities; i++)
		k->identity[i] = c->identity[i];
	if (self) {
		k->nick = self->nick;
		k->nick_chosen = self->nick_chosen;
	}
}

static uint64_t next_order(struct front_sip *f)
{
	uint64_t now = loop_wall_ms(f->loop);

	f->last_order = now > f->last_order ? now : f->last_order + 1;
	return f->last_order;
}

void call_keep(struct call *c)
{
	struct buf value = BUF_INIT(KEPT_BYTES_MAX);
	struct kept_key key = KEPT_KEY_INIT;
	struct kept_call k;
	uint64_t hash;

	if (!c->f->cfg.keep.keep || !seat_in_room(&c->seat))
		return;
	if (!c->order)
		c->order = next_order(c->f);
	describe(c, &k);
	kept_call_write(&value, &k);
	hash = str_hash(buf_str(&value), 0) | 1;
	if (!value.err && hash != c->kept) {
		c->kept = hash;
		keep_put(&c->f->cfg.keep, KEPT_CALL,
			 kept_key(&key, c->dialog->id, NULL), buf_str(&value));
	}
	buf_done(&value);
	buf_done(&key.text);
}

void call_keep_nick(struct call *c)
{
	const struct occupant *self = seat_by_user(&c->seat, c->user);
	struct call *other;

	call_keep(c);
	if (!self || self->n_devices < 2)
		return;
	TAILQ_FOREACH (other, &c->f->calls, link)
		if (other != c && other->kept && str_eq(other->user, c->user) &&
		    str_eq(other->room, c->room))
			call_keep(other);
}

void call_unkeep(struct call *c)
{
	struct kept_key key = KEPT_KEY_INIT;

	if (c->kept)
		keep_drop(&c->f->cfg.keep, KEPT_CALL,
			  kept_key(&key, c->dialog->id, NULL));
	c->kept = 0;
	buf_done(&key.text);
}

/* --- subscriptions --- */

void subscription_keep(struct subscription *s)
{
	struct front_sip *f = s->f;
	struct buf value = BUF_INIT(KEPT_BYTES_MAX);
	struct kept_key key = KEPT_KEY_INIT;
	struct kept_subscription k = {
	    .room = str_z(s->room),
	    .event_id = str_z(s->event_id),
	    .user = str_z(s->user),
	    .contact = str_z(s->contact),
	    .version = s->version + VERSIONS_AHEAD,
	    .expires_ms =
		loop_wall_ms(f->loop) + s->expires_at_ms - loop_now_ms(f->loop),
	    .full_only = s->full_only,
	};

	if (!f->cfg.keep.keep || s->ended)
		return;
	kept_subscription_write(&value, &k);
	if (!value.err) {
		s->kept_version = (uint32_t)k.version;
		keep_put(&f->cfg.keep, KEPT_SUBSCRIPTION,
			 kept_key(&key, s->dialog->id, s->event_id),
			 buf_str(&value));
	}
	buf_done(&value);
	buf_done(&key.text);
}

void subscription_keep_version(struct subscription *s)
{
	if (s->kept_version && s->kept_version - s->version < VERSIONS_NEAR)
		subscription_keep(s);
}

void subscription_unkeep(struct subscription *s)
{
	struct kept_key key = KEPT_KEY_INIT;

	if (s->kept_version)
		keep_drop(&s->f->cfg.keep, KEPT_SUBSCRIPTION,
			  kept_key(&key, s->dialog->id, s->event_id));
	s->kept_version = 0;
	buf_done(&key.text);
}
