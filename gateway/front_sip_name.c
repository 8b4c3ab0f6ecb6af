/* Dialogs by their identifiers (RFC 3261 §12), as Replaces (RFC 3891) and
 * Target-Dialog (RFC 4538) name them. */
#include <stdlib.h>

#include "gateway/front_sip_name.h"
#include "gateway/front_sip_priv.h"

#include "base/mem.h"
#include "base/uri.h"

#define ENDED_MS	 32000 /* 64*T1: "just terminated", RFC 3891 §3 */
#define ENDED_MAX	 10000
#define DIALOG_NAMES_MAX 8 /* of a dial-out that forked */

struct dialog_name {
	char *key;
	struct dialog *dialog;	  /* NULL: its call has just ended */
	struct dialog_name *next; /* of the dialog */
	uint64_t until_ms;	  /* of an ended one */
	TAILQ_ENTRY(dialog_name) link;
};

struct dialog_names {
	struct loop *loop;
	struct table *by_key;
	TAILQ_HEAD(, dialog_name) ended; /* the oldest first */
	size_t n_ended;
	struct timer sweep;
};

struct dialog_names *dialog_names_new(struct loop *loop)
{
	struct dialog_names *n = mem_new(sizeof(*n));

	n->loop = loop;
	n->by_key = table_new();
	TAILQ_INIT(&n->ended);
	return n;
}

static void name_free(struct dialog_names *n, struct dialog_name *x)
{
	if (!x->dialog) {
		TAILQ_REMOVE(&n->ended, x, link);
		n->n_ended--;
	}
	table_del_str(n->by_key, str_z(x->key));
	free(x->key);
	free(x);
}

void dialog_names_free(struct dialog_names *n)
{
	timer_cancel(n->loop, &n->sweep);
	while (!TAILQ_EMPTY(&n->ended))
		name_free(n, TAILQ_FIRST(&n->ended));
	table_free(n->by_key);
	free(n);
}

static void put_key(struct buf *b, const struct dialog_id *id)
{
	buf_addf(b, "%.*s\n%.*s\n%.*s", STR_ARG(id->call_id),
		 STR_ARG(id->local), STR_ARG(id->remote));
}

static unsigned count(const struct dialog *d)
{
	unsigned n = 0;

	for (const struct dialog_name *x = d->names; x; x = x->next)
		n++;
	return n;
}

void dialog_learn(struct dialog *d, const struct dialog_id *id)
{
	struct dialog_names *n = d->f->names;
	struct buf key = BUF_INIT(8192);
	struct dialog_name *x;

	put_key(&key, id);
	if (!key.err && id->call_id.n && id->local.n && id->remote.n &&
	    !table_get_str(n->by_key, buf_str(&key)) &&
	    count(d) < DIALOG_NAMES_MAX) {
		x = mem_new(sizeof(*x));
		x->key = str_dup(buf_str(&key));
		x->dialog = d;
		x->next = d->names;
		d->names = x;
		table_put_str(n->by_key, str_z(x->key), x);
	}
	buf_done(&key);
}

static struct str tag_of(struct arena *a, struct str header)
{
	struct name_addr na;
	struct str tag = STR_NONE;

	if (name_addr_parse(header, a, &na) == 0)
		uri_param(na.params, STR("tag"), &tag);
	return tag;
}

void dialog_reported(struct dialog *d, const struct port_msg *m)
{
	struct arena *a;
	struct dialog_id id;

	if (d->reported)
		return;
	d->reported = true;
	a = arena_new(65536);
	id = (struct dialog_id){
	    .call_id = m->f[PORT_F_CALL_ID],
	    .local = tag_of(a, m->f[PORT_F_LOCAL]),
	    .remote = tag_of(a, m->f[PORT_F_REMOTE]),
	};
	dialog_learn(d, &id);
	arena_free(a);
}

static void sweep(void *user)
{
	struct dialog_names *n = user;
	uint64_t now = loop_now_ms(n->loop);
	struct dialog_name *x;

	while ((x = TAILQ_FIRST(&n->ended)) &&
	       (x->until_ms <= now || n->n_ended > ENDED_MAX))
		name_free(n, x);
	if (x)
		timer_set(n->loop, &n->sweep, x->until_ms - now, sweep, n);
}

void dialog_names_ended(struct dialog *d)
{
	struct dialog_names *n = d->f->names;
	struct dialog_name *x;

	while ((x = d->names)) {
		d->names = x->next;
		x->dialog = NULL;
		x->until_ms = loop_now_ms(n->loop) + ENDED_MS;
		TAILQ_INSERT_TAIL(&n->ended, x, link);
		n->n_ended++;
	}
	if (!timer_pending(&n->sweep) || n->n_ended > ENDED_MAX)
		sweep(n);
}

void dialog_names_drop(struct dialog *d)
{
	struct dialog_name *x;

	while ((x = d->names)) {
		d->names = x->next;
		name_free(d->f->names, x);
	}
}

struct dialog *dialog_named(struct front_sip *f, const struct dialog_id *id,
			    bool *ended)
{
	struct buf key = BUF_INIT(8192);
	struct dialog_name *x = NULL;

	put_key(&key, id);
	if (!key.err)
		x = table_get_str(f->names->by_key, buf_str(&key));
	buf_done(&key);
	*ended = x && !x->dialog;
	return x ? x->dialog : NULL;
}

bool dialog_id_read(struct str value, const char *local, const char *remote,
		    struct dialog_id *out)
{
	struct str params = value;

	out->call_id = str_trim_space(str_split(&params, ';'));
	return uri_param(params, str_z(local), &out->local) &&
	       uri_param(params, str_z(remote), &out->remote) &&
	       out->call_id.n && out->local.n && out->remote.n;
}
