#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/blob.h"
#include "base/uri.h"
#include "sip/sip_priv.h"

#define TOMBSTONE_S 32 /* 64*T1 */
/* A seed's last report may be older than what reached the wire. */
#define CSEQ_LEAP 1000
#define CSEQ_MAX  0x7fffff00u

/* Under which a request without To tag finds the dialog it once made: a
 * dialog's first request is known by Call-ID, From tag and CSeq (RFC 3261
 * §8.2.2.2). */
static char *first_key(const char *call_id, const char *tag, uint32_t cseq)
{
	char *z;
	if (asprintf(&z, "%s\n%s\n%u", call_id, tag ? tag : "", cseq) < 0)
		abort();
	return z;
}

/* nta_leg_server_route takes the stored order of the route set and sets what
 * SIPTAG_ROUTE in nta_leg_tcreate would leave unset (loose routing). */
static int set_route(nta_leg_t *leg, const struct port_msg *state)
{
	su_home_t home[1] = {SU_HOME_INIT(home)};
	char *route = value_z(home, state->f[PORT_F_ROUTE]);
	char *target = value_z(home, state->f[PORT_F_TARGET]);
	sip_record_route_t *rr = NULL;
	sip_contact_t *m = NULL;
	int r = -1;

	if (route)
		rr = sip_record_route_make(home, route);
	if (target)
		m = sip_contact_make(home, su_sprintf(home, "<%s>", target));
	if (guard_contact(m) && !route == !rr)
		r = nta_leg_server_route(leg, rr, m);
	su_home_deinit(home);
	return r;
}

static nta_leg_t *leg_new(struct dialog *d, const struct port_msg *state)
{
	su_home_t home[1] = {SU_HOME_INIT(home)};
	uint32_t cseq = state->number[0] ? state->number[0] : 1;
	nta_leg_t *leg;
	char z[16];

	if (state->type == PORT_SEED && cseq < CSEQ_MAX)
		cseq += CSEQ_LEAP;
	snprintf(z, sizeof z, "%u", cseq);
	leg = nta_leg_tcreate(
	    d->p->agent, uas_inside, d,
	    SIPTAG_CALL_ID_STR(value_z(home, state->f[PORT_F_CALL_ID])),
	    SIPTAG_FROM_STR(value_z(home, state->f[PORT_F_LOCAL])),
	    SIPTAG_TO_STR(value_z(home, state->f[PORT_F_REMOTE])),
	    SIPTAG_CSEQ_STR(z), NTATAG_REMOTE_CSEQ(state->number[1]),
	    TAG_END());
	su_home_deinit(home);
	if (leg && set_route(leg, state) < 0) {
		nta_leg_destroy(leg);
		leg = NULL;
	}
	return leg;
}

static void remember_first(struct dialog *d, const struct port_msg *state)
{
	char *call_id = str_dup(state->f[PORT_F_CALL_ID]);
	const char *tag = nta_leg_get_rtag(d->leg);

	d->key = first_key(call_id, tag, state->cseq);
	free(call_id);
	table_put_str(d->p->initial, str_z(d->key), d);
}

static void bury(struct dialog *d)
{
	d->dead = true;
	d->until = su_now();
	d->until.tv_sec += TOMBSTONE_S;
	TAILQ_INSERT_TAIL(&d->p->dead, d, link);
}

struct dialog *dialog_new(struct sipproc *p, const struct port_msg *state)
{
	struct dialog *d = mem_new(sizeof(*d));

	d->p = p;
	d->id = state->dlg;
	d->routed = state->f[PORT_F_ROUTE].n > 0;
	if (!d->routed && state->f[PORT_F_PEER].n)
		d->hop = str_dup(state->f[PORT_F_PEER]);
	d->state = port_encoded(state);
	d->leg = d->state ? leg_new(d, state) : NULL;
	if (!d->leg) {
		blob_unref(d->state);
		free(d->hop);
		free(d);
		return NULL;
	}
	table_put(p->dialogs, d->id, d);
	if (state->type != PORT_DIALOG)
		remember_first(d, state);
	if (state->type == PORT_TOMBSTONE)
		bury(d);
	return d;
}

void dialog_free(struct dialog *d)
{
	struct sipproc *p = d->p;

	if (d->dead)
		TAILQ_REMOVE(&p->dead, d, link);
	table_del(p->dialogs, d->id);
	if (d->key && table_get_str(p->initial, str_z(d->key)) == d)
		table_del_str(p->initial, str_z(d->key));
	free(d->key);
	if (d->tport)
		tport_unref(d->tport);
	if (d->route)
		tport_unref(d->route);
	nta_leg_destroy(d->leg);
	blob_unref(d->state);
	free(d->hop);
	free(d);
}

struct dialog *dialog_get(struct sipproc *p, uint64_t id)
{
	return table_get(p->dialogs, id);
}

struct dialog *dialog_by_first(struct sipproc *p, const sip_t *sip)
{
	struct dialog *d;
	char *key;

	if (!table_count(p->initial))
		return NULL;
	key = first_key(sip->sip_call_id->i_id, sip->sip_from->a_tag,
			sip->sip_cseq->cs_seq);
	d = table_get_str(p->initial, str_z(key));
	free(key);
	return d;
}

bool dialog_same_host(struct str a, struct str b)
{
	struct uri x, y;

	return uri_parse(a, &x) == 0 && uri_parse(b, &y) == 0 &&
	       str_ieq(x.host, y.host) && x.port == y.port;
}

void dialog_report(struct dialog *d, uint32_t local_cseq, struct str target)
{
	struct port_msg m;
	struct blob *old = d->state, *state;

	if (port_decode(blob_str(old), &m) < 0)
		abort(); /* it is our own encoding */
	m.type = PORT_DIALOG;
	m.number[0] = local_cseq;
	m.number[1] = nta_leg_get_rseq(d->leg);
	if (target.n && !dialog_same_host(target, m.f[PORT_F_TARGET])) {
		m.f[PORT_F_PEER] = STR_NONE;
		free(d->hop);
		d->hop = NULL;
	}
	if (target.n)
		m.f[PORT_F_TARGET] = target;
	state = port_encoded(&m);
	if (state) {
		d->state = state;
		sipproc_report_encoded(d->p, state);
		blob_unref(old);
	}
}

void dialog_maybe_free(struct dialog *d)
{
	if (!d->forgotten || d->sends || d->dead)
		return;
	/* Of what an earlier process heard, nta knows no repetitions. */
	if (d->key)
		bury(d);
	else
		dialog_free(d);
}

void dialog_forget(struct dialog *d)
{
	d->forgotten = true;
	dialog_maybe_free(d);
}

/* Takes the reference. */
static void set_connection(tport_t **at, tport_t *tp)
{
	if (tp && !tport_is_secondary(tp)) {
		tport_unref(tp);
		tp = NULL;
	}
	if (*at)
		tport_unref(*at);
	*at = tp;
}

void dialog_came_by(struct dialog *d, nta_incoming_t *irq)
{
	set_connection(&d->tport,
		       nta_incoming_transport(d->p->agent, irq, NULL));
}

void dialog_goes_by(struct dialog *d, nta_outgoing_t *orq)
{
	set_connection(&d->route, nta_outgoing_transport(orq));
}

void dialog_sweep(struct sipproc *p)
{
	su_time_t now = su_now();
	struct dialog *d;

	while ((d = TAILQ_FIRST(&p->dead)) && su_time_cmp(d->until, now) <= 0)
		dialog_free(d);
}

const char *dialog_tag(const struct dialog *d)
{
	return nta_leg_get_tag(d->leg);
}

bool dialog_is_with(const struct dialog *d, const char *tag)
{
	const char *own = nta_leg_get_rtag(d->leg);

	return own && tag && strcasecmp(own, tag) == 0;
}
