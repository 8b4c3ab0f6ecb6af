/* Inviting somebody into a conference: the focus is asked to call him (RFC 7702
 * §5.7, RFC 4579 §5.5). */
#include <stdlib.h>

#include "base/uri.h"
#include "gateway/back_sip_priv.h"

static void result(struct bs_dialog *d, enum reason_code code)
{
	if (d->leg && d->op)
		leg_result(d->leg->leg, d->seat, d->op,
			   (struct reason){.code = code}, NULL);
	d->op = 0;
}

/* X2S-55: what says that he does not want to, or is not there. */
static bool is_decline(int status)
{
	return status == 480 || status == 486 || status >= 600;
}

static void outcome(struct bs_dialog *d, int status, struct str phrase)
{
	struct back_sip *b = d->b;
	uint64_t id = d->invitation;

	d->invitation = 0; /* one is all */
	if (id && b->cfg.invited)
		b->cfg.invited(b->cfg.user, id, status, phrase);
}

static void drop(void *user)
{
	struct bs_dialog *d = user;

	if (d->leg && d->leg->referring == d)
		d->leg->referring = NULL;
	bs_dialog_free(d);
}

static void await_notify(struct bs_dialog *d)
{
	timer_set(d->b->loop, &d->timer, SIP_REFER_SILENCE_MS, drop, d);
}

static void on_inside(void *user, const struct port_msg *m);

/* Once, in the call's dialog (X2S-52). */
static void ask_inside(struct bs_dialog *d)
{
	struct port_msg m = port_msg(PORT_SEND);
	struct buf headers = BUF_INIT(16384);

	d->inside = true;
	buf_addf(&headers, "Refer-To: <%s>\r\nReferred-By: <%.*s>\r\n",
		 d->refer_to, STR_ARG(d->leg->from));
	m.f[PORT_F_METHOD] = STR("REFER");
	m.f[PORT_F_HEADERS] = buf_str(&headers);
	d->leg->referring = d;
	d->request = bs_dialog_send(d->leg->call, &m, on_inside);
	buf_done(&headers);
}

/* The REFER has been answered for good. True: its NOTIFYs may follow. */
static bool answered(struct bs_dialog *d, const struct port_msg *m)
{
	if (m->status / 100 == 2) {
		await_notify(d);
		result(d, REASON_OK);
		return !d->over;
	}
	if (is_decline(m->status)) {
		result(d, REASON_OK);
		outcome(d, m->status, m->f[PORT_F_REASON]);
	} else {
		result(d, sip_refusal(m));
	}
	return false;
}

static void on_inside(void *user, const struct port_msg *m)
{
	struct bs_dialog *call = bs_dialog_of(user, m);
	struct bs_leg *l = call ? call->leg : NULL;
	struct bs_dialog *d = l ? l->referring : NULL;

	if (!d || m->type != PORT_RESPONSE)
		return;
	d->request = 0;
	if (!answered(d, m))
		drop(d);
}

static void on_referred(void *user, const struct port_msg *m)
{
	struct bs_dialog *d = bs_dialog_responded(user, m);

	if (!d)
		return;
	if (m->status / 100 == 2)
		bs_dialog_made(d, m);
	if ((m->status == 403 || m->status == 481) && d->leg &&
	    !d->leg->referring && !bs_has_gruu(d->leg))
		ask_inside(d);
	else if (!answered(d, m) || !d->leg || !d->target || !*d->target)
		bs_dialog_free(d);
}

/* The URI of a JID or URI; empty: it has none. */
static void refer_to(struct bs_leg *l, struct str whom, struct buf *out)
{
	const char *condition;
	struct uri u;

	if (uri_parse(whom, &u) == 0)
		buf_add(out, whom);
	else if (map_jid_to_sip(l->b->cfg.domain_names(l->b->cfg.user), whom,
				out, &condition) < 0)
		buf_clear(out);
}

static bool is_clean(struct str uri)
{
	for (size_t i = 0; i < uri.n; i++)
		if (uri.p[i] <= ' ' || uri.p[i] >= 0x7f ||
		    strchr("<>\"", uri.p[i]))
			return false;
	return uri.n > 0;
}

void bs_refer(struct bs_leg *l, uint64_t seat, const struct seat_cmd *cmd)
{
	struct port_msg m = port_msg(PORT_DIAL);
	struct buf uri = BUF_INIT(8192), headers = BUF_INIT(32768);
	struct bs_dialog *d;

	refer_to(l, cmd->text, &uri);
	if (!is_clean(buf_str(&uri))) {
		leg_result(l->leg, seat, cmd->op,
			   (struct reason){.code = REASON_BAD_REQUEST}, NULL);
		buf_done(&uri);
		return;
	}
	d = bs_dialog_new(l, BS_REFER);
	d->invitation = cmd->target;
	d->seat = seat;
	d->op = cmd->op;
	d->refer_to = str_dup(buf_str(&uri));
	buf_addf(&headers,
		 "Refer-To: <%s>\r\nReferred-By: <%.*s>\r\n"
		 "Target-Dialog: %s\r\nRequire: tdialog\r\n"
		 "Accept: message/sipfrag\r\n",
		 d->refer_to, STR_ARG(l->from), l->call->name);
	m.f[PORT_F_METHOD] = STR("REFER");
	m.f[PORT_F_RURI] = str_z(l->call->target);
	m.f[PORT_F_HEADERS] = headers.err ? STR_NONE : buf_str(&headers);
	bs_dialog_begin(d, &m, on_referred);
	buf_done(&uri);
	buf_done(&headers);
}

void bs_refer_end(struct bs_leg *l)
{
	struct bs_dialog *d;

	l->referring = NULL;
	while ((d = TAILQ_FIRST(&l->refers))) {
		TAILQ_REMOVE(&l->refers, d, link);
		if (!l->ended)
			result(d, REASON_LOST);
		d->leg = NULL;
		if (!d->request || d->inside)
			bs_dialog_free(d);
	}
}

void bs_refer_notify(struct bs_dialog *d, const struct port_msg *m)
{
	struct str phrase = STR_NONE;
	bool over = sip_is_last(m);
	int status = sip_fragment(m->f[PORT_F_BODY], &phrase);

	bs_answer(d->b, m, 200, NULL);
	if (d->use == BS_REFER)
		d->made = d->made || !d->inside;
	if (status >= 200)
		outcome(d, status, phrase);
	d->over = over;
	if (over && !d->request) /* else its response ends it */
		drop(d);
	else if (!over)
		await_notify(d);
}
