/* Occupants and a restart: a client whose room service has gone without a word
 * believes to be in its rooms; the next run tells it that it is not (SEED0-4).
 */
#include <stdlib.h>

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "gateway/front_xmpp_priv.h"

/* Exiles told at a time: more than that each second would fill the stream's
 * queue. */
#define BATCH	 100
#define BATCH_MS 20

/* The key of a session with a line end where that has a NUL. */
static char *kept_key(struct str session_key)
{
	char *z = str_dup(session_key);
	char *nul = memchr(z, '\0', session_key.n);

	if (nul)
		*nul = '\n';
	return z;
}

void fx_keep(struct fx_session *s)
{
	struct buf value = BUF_INIT(KEPT_BYTES_MAX);
	char *key = kept_key(s->key);
	struct kept_occupant o = {
	    .room = s->room,
	    .jid = s->jid,
	    .nick = s->nick,
	    .stable_id = s->stable_id,
	    .affiliation = s->affiliation,
	};

	kept_occupant_write(&value, &o);
	if (!value.err) {
		s->kept = true;
		keep_put(&s->f->cfg.keep, KEPT_OCCUPANT, str_z(key),
			 buf_str(&value));
	}
	buf_done(&value);
	free(key);
}

void fx_unkeep(struct fx_session *s)
{
	char *key;

	if (!s->kept)
		return;
	s->kept = false;
	key = kept_key(s->key);
	keep_drop(&s->f->cfg.keep, KEPT_OCCUPANT, str_z(key));
	free(key);
}

/* --- those of an earlier run --- */

void front_xmpp_restore(struct front_xmpp *f, struct str key, struct str value)
{
	struct kept_occupant o;
	struct fx_exile *e;
	int err = kept_occupant_read(value, &o);

	if (err < 0 || !o.jid.n || str_find(o.room, '@') < 0 ||
	    table_get_str(f->exiles, key)) {
		log_warn(f->log, "xmpp.restore", "key=%s why=%s", LOGQ(key),
			 err_name(err < 0 ? err : ERR_SYNTAX));
		keep_drop(&f->cfg.keep, KEPT_OCCUPANT, key);
		return;
	}
	e = mem_new(sizeof(*e));
	e->key = str_dup(key);
	e->value = blob_new(value);
	e->domain = fx_domain_of(f, str_after(o.room, '@'));
	TAILQ_INSERT_TAIL(&e->domain->exiles, e, link);
	table_put_str(f->exiles, str_z(e->key), e);
}

static void exile_free(struct front_xmpp *f, struct fx_exile *e)
{
	keep_drop(&f->cfg.keep, KEPT_OCCUPANT, str_z(e->key));
	TAILQ_REMOVE(&e->domain->exiles, e, link);
	table_del_str(f->exiles, str_z(e->key));
	blob_unref(e->value);
	free(e->key);
	free(e);
}

static void tell_some(void *user)
{
	struct fx_domain *d = user;
	struct kept_occupant o;
	struct fx_exile *e;

	for (size_t i = 0; i < BATCH && (e = TAILQ_FIRST(&d->exiles)); i++) {
		if (kept_occupant_read(blob_str(e->value), &o) == 0)
			fx_tell_restarted(d, &o);
		exile_free(d->f, e);
	}
	if (!TAILQ_EMPTY(&d->exiles) && !d->down)
		timer_set(d->f->loop, &d->exile_timer, BATCH_MS, tell_some, d);
}

void fx_tell_exiles(struct fx_domain *d)
{
	if (!TAILQ_EMPTY(&d->exiles))
		tell_some(d);
}

void fx_exile_returns(struct front_xmpp *f, struct str session_key)
{
	struct fx_exile *e;
	char *key;

	if (!table_count(f->exiles))
		return;
	key = kept_key(session_key);
	e = table_get_str(f->exiles, str_z(key));
	if (e)
		exile_free(f, e);
	free(key);
}

void fx_exiles_free(struct fx_domain *d)
{
	timer_cancel(d->f->loop, &d->exile_timer);
	while (!TAILQ_EMPTY(&d->exiles))
		exile_free(d->f, TAILQ_FIRST(&d->exiles));
}
