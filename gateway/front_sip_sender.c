/* Which messages a device has sent to a room already (RFC 4975 §5.4, MSRP-39).
 */
#include <stdlib.h>

#include "gateway/front_sip_message.h"

#include "base/mem.h"

#define SEEN_MAX  1000 /* messages per device */
#define SEEN_STEP 32
#define IDLE_MAX  1000 /* devices remembered after their last call */

/* Device is a Contact: its parameters change from call to call. */
static struct str without_params(struct str uri)
{
	return str_split(&uri, ';');
}

/* Who sends one id to two rooms means two messages. */
struct sender *sender_of(const struct call *c)
{
	struct front_sip *f = c->f;
	struct buf key = BUF_INIT(65536);
	struct sender *s;

	buf_add(&key, c->room);
	buf_addc(&key, '\n');
	buf_add(&key, c->user);
	buf_addc(&key, '\n');
	buf_add(&key, without_params(c->device));
	s = table_get_str(f->senders, buf_str(&key));
	if (!s) {
		s = mem_new(sizeof(*s));
		s->key = str_dup(buf_str(&key));
		table_put_str(f->senders, str_z(s->key), s);
	} else if (s->calls == 0) {
		TAILQ_REMOVE(&f->idle_senders, s, link);
		f->n_idle_senders--;
	}
	s->calls++;
	buf_done(&key);
	return s;
}

static void forget(struct front_sip *f, struct sender *s)
{
	table_del_str(f->senders, str_z(s->key));
	free(s->key);
	free(s->seen);
	free(s);
}

void sender_release(struct front_sip *f, struct sender *s)
{
	if (!s || --s->calls)
		return;
	if (!s->n) {
		forget(f, s);
		return;
	}
	TAILQ_INSERT_TAIL(&f->idle_senders, s, link);
	if (++f->n_idle_senders > IDLE_MAX) {
		s = TAILQ_FIRST(&f->idle_senders);
		TAILQ_REMOVE(&f->idle_senders, s, link);
		f->n_idle_senders--;
		forget(f, s);
	}
}

static uint64_t hash(struct str message_id)
{
	return str_hash(message_id, 39);
}

bool sender_has_sent(const struct sender *s, struct str message_id)
{
	uint64_t h = hash(message_id);

	for (size_t i = 0; i < s->n; i++)
		if (s->seen[i] == h)
			return true;
	return false;
}

void sender_note(struct sender *s, struct str message_id)
{
	if (s->n < SEEN_MAX && s->n % SEEN_STEP == 0)
		s->seen =
		    mem_resize(s->seen, (s->n + SEEN_STEP) * sizeof(*s->seen));
	if (s->n < SEEN_MAX)
		s->n++;
	s->seen[s->next] = hash(message_id);
	s->next = (s->next + 1) % SEEN_MAX;
}

void senders_free(struct front_sip *f)
{
	struct sender *s;

	while ((s = TAILQ_FIRST(&f->idle_senders))) {
		TAILQ_REMOVE(&f->idle_senders, s, link);
		forget(f, s);
	}
	table_free(f->senders);
}
