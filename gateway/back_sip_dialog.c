/* Dialogs with a focus, and requests in them. */
#include <stdlib.h>

#include "base/mem.h"
#include "base/uri.h"
#include "gateway/back_sip_priv.h"

#define LAST_NOTIFY_MS 32000 /* RFC 6665 §4.1.2.2, timer N */

struct bs_dialog *bs_dialog_new(struct bs_leg *l, enum bs_use use)
{
	struct bs_dialog *d = mem_new(sizeof(*d));

	d->b = l->b;
	d->leg = l;
	d->use = use;
	d->id = l->b->cfg.request_id(l->b->cfg.user);
	d->domain = str_dup(l->domain);
	d->user = str_dup(l->user);
	table_put(l->b->dialogs, d->id, d);
	if (use == BS_REFER)
		TAILQ_INSERT_TAIL(&l->refers, d, link);
	return d;
}

void bs_dialog_free(struct bs_dialog *d)
{
	struct port_msg m = port_msg(PORT_FORGET);
	struct back_sip *b = d->b;

	if (d->made) {
		m.dlg = d->id;
		b->cfg.send(b->cfg.user, &m);
	}
	if (d->use == BS_REFER && d->leg)
		TAILQ_REMOVE(&d->leg->refers, d, link);
	uac_forget(b->uac, d->request);
	timer_cancel(b->loop, &d->timer);
	table_del(b->dialogs, d->id);
	free(d->target);
	free(d->name);
	free(d->domain);
	free(d->user);
	free(d->refer_to);
	free(d);
}

static struct uac_login login_of(const struct bs_dialog *d)
{
	return (struct uac_login){str_z(d->domain), str_z(d->user)};
}

void bs_dialog_begin(struct bs_dialog *d, struct port_msg *m, uac_fn *fn)
{
	struct bs_leg *l = d->leg;
	const struct domain_config *dom = bs_domain(l);
	struct uac_login login = login_of(d);

	m->dlg = d->id;
	if (!m->f[PORT_F_FROM].n)
		m->f[PORT_F_FROM] = l->from_value;
	m->f[PORT_F_TO] = l->to_value;
	m->f[PORT_F_CONTACT] = l->contact;
	m->f[PORT_F_ROUTE] = str_z(dom ? dom->route : "");
	d->request = uac_send(d->b->uac, m, &login, fn, d->b);
}

uint64_t bs_dialog_send(struct bs_dialog *d, struct port_msg *m, uac_fn *fn)
{
	struct uac_login login = login_of(d);

	m->dlg = d->id;
	m->f[PORT_F_RURI] = str_z(d->target);
	return uac_send(d->b->uac, m, &login, fn, d->b);
}

void bs_dialog_made(struct bs_dialog *d, const struct port_msg *m)
{
	struct buf b = BUF_INIT(65536);

	d->made = true;
	free(d->target);
	d->target = str_dup(m->f[PORT_F_CONTACT]);
	buf_addf(&b, "%.*s;local-tag=%.*s;remote-tag=%.*s",
		 STR_ARG(m->f[PORT_F_CALL_ID]), STR_ARG(m->f[PORT_F_FROM_TAG]),
		 STR_ARG(m->f[PORT_F_TO_TAG]));
	free(d->name);
	d->name = b.err ? NULL : str_dup(buf_str(&b));
	buf_done(&b);
}

struct bs_dialog *bs_dialog_of(void *back_sip, const struct port_msg *m)
{
	const struct back_sip *b = back_sip;

	return table_get(b->dialogs, m->dlg);
}

struct bs_dialog *bs_dialog_responded(void *back_sip, const struct port_msg *m)
{
	struct bs_dialog *d = bs_dialog_of(back_sip, m);

	if (!d || m->type != PORT_RESPONSE)
		return NULL;
	d->request = 0;
	return d;
}

static void no_notify(void *user)
{
	bs_dialog_free(user);
}

/* The end of a subscription is notified, too (RFC 6665 §4.1.2.3). */
static void ended(void *user, const struct port_msg *m)
{
	struct bs_dialog *d = bs_dialog_responded(user, m);

	if (!d)
		return;
	if (d->use == BS_WATCH && m->status / 100 == 2 && !d->over)
		timer_set(d->b->loop, &d->timer, LAST_NOTIFY_MS, no_notify, d);
	else
		bs_dialog_free(d);
}

void bs_dialog_end(struct bs_dialog *d, struct port_msg *m)
{
	uac_forget(d->b->uac, d->request);
	d->leg = NULL;
	d->request = bs_dialog_send(d, m, ended);
}

bool bs_has_gruu(const struct bs_leg *l)
{
	struct str unused;
	struct uri u;

	return l->call && l->call->target &&
	       uri_parse(str_z(l->call->target), &u) == 0 &&
	       uri_param(u.params, STR("gr"), &unused);
}

void bs_answer(struct back_sip *b, const struct port_msg *request, int status,
	       const struct port_msg *more)
{
	struct port_msg m = more ? *more : port_msg(PORT_ANSWER);

	m.type = PORT_ANSWER;
	m.req = request->req;
	m.dlg = request->dlg;
	m.status = status;
	b->cfg.send(b->cfg.user, &m);
}
