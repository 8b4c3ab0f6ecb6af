/* A user's copy of a long message on its way. */
#include <stdlib.h>

#include "gateway/front_sip_long.h"
#include "gateway/front_sip_message.h"

#include "base/err.h"
#include "base/mem.h"
#include "conference/stream.h"

struct copy {
	struct call *call;
	struct stream_listener listener;
	struct msrp_outgoing *out;
};

static void free_copy(struct copy *k)
{
	stream_leave(&k->listener);
	free(k);
}

static void on_more(void *user)
{
	struct copy *k = user;

	msrp_outgoing_more(k->out);
}

static void on_ended(void *user, enum stream_end how)
{
	struct copy *k = user;
	struct call *c = k->call;

	if (how == STREAM_WHOLE) {
		msrp_outgoing_end(k->out);
		return;
	}
	msrp_outgoing_abort(k->out, how == STREAM_SLOW);
	free_copy(k);
	if (how == STREAM_SLOW) { /* told when the session is writable */
		c->f->stats.messages_skipped++;
		c->skipped++;
	}
}

static const struct stream_listener_ops listener_ops = {
    .more = on_more,
    .ended = on_ended,
};

static struct str peek(void *user, bool *hyphens)
{
	struct copy *k = user;

	return stream_peek(&k->listener, hyphens);
}

static void took(void *user, size_t n)
{
	struct copy *k = user;

	stream_took(&k->listener, n);
}

static void done(void *user, bool whole)
{
	struct copy *k = user;

	if (whole)
		k->call->f->stats.messages_out++;
	free_copy(k);
}

static const struct msrp_outgoing_ops out_ops = {
    .peek = peek,
    .took = took,
    .done = done,
};

/* What he does not get is named to him. */
static void tell_missed(struct call *c, const struct message *m,
			const char *why)
{
	struct buf b = BUF_INIT(8192);

	buf_addf(&b, "%.*s sent %.*s", STR_ARG(m->nick),
		 STR_ARG(m->form_type[WORLD_SIP]));
	if (m->has_size)
		buf_addf(&b, " (%llu octets)", (unsigned long long)m->size);
	buf_addf(&b, ", %s.", why);
	if (!b.err)
		call_notice(c, buf_z(&b));
	buf_done(&b);
}

static void start(struct call *c, struct message *m)
{
	const struct domain_config *dom = call_domain(c);
	struct copy *k = mem_new(sizeof(*k));
	struct msrp_flow flow = {
	    .content_type = STR("message/cpim"),
	    .has_total = m->has_total,
	    .total = m->total,
	    .failure_report = dom && dom->copies_confirmed
				  ? MSRP_FAILURE_YES
				  : MSRP_FAILURE_PARTIAL,
	    .ops = &out_ops,
	    .user = k,
	};
	int err = msrp_session_flow(c->session, &flow, &k->out);

	k->call = c;
	if (err == 0 &&
	    stream_listen(m->stream, &k->listener, &listener_ops, k) == 0)
		return;
	if (err == 0)
		msrp_outgoing_abort(k->out, false);
	free(k);
	if (err == ERR_TOO_BIG) {
		tell_missed(c, m, "which is more than your client takes");
	} else {
		c->f->stats.messages_skipped++;
		c->skipped++;
	}
}

void call_copy(struct call *c, struct message *m)
{
	if (!c->session)
		return;
	if (!c->bound || c->pathless)
		tell_missed(c, m, "before you were connected");
	else if (c->plain)
		tell_missed(c, m, "which your client can't be given");
	else
		start(c, m);
}
