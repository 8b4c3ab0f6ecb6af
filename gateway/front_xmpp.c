#include "gateway/front_xmpp.h"

#include <stdlib.h>

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/xmltext.h"
#include "gateway/front_xmpp_forward.h"
#include "gateway/front_xmpp_invite.h"
#include "mapping/reason.h"

#define READ_MAX  (1u << 20) /* what is made of one stanza while it is read */
#define WRITE_MAX (8u << 20)

struct front_xmpp *front_xmpp_new(const struct front_xmpp_cfg *cfg)
{
	struct front_xmpp *f = mem_new(sizeof(*f));

	f->cfg = *cfg;
	if (!f->cfg.ping_idle_ms)
		f->cfg.ping_idle_ms = 900000;
	if (!f->cfg.link_lost_ms)
		f->cfg.link_lost_ms = 60000;
	if (!f->cfg.max_sessions)
		f->cfg.max_sessions = 100000;
	if (!f->cfg.max_message)
		f->cfg.max_message = 262144;
	if (!f->cfg.max_answer)
		f->cfg.max_answer = 262144;
	f->loop = cfg->loop;
	f->log = loop_log(cfg->loop);
	f->domains = table_new();
	f->sessions = table_new();
	f->exiles = table_new();
	TAILQ_INIT(&f->silent_longest);
	TAILQ_INIT(&f->asked);
	f->arena = arena_new(READ_MAX);
	buf_init(&f->out, WRITE_MAX);
	for (int i = 0; i < FX_SHOWN; i++)
		buf_init(&f->shown.text[i], WRITE_MAX);
	buf_init(&f->key, WRITE_MAX);
	f->floods = floods_new();
	f->forwards = forwards_new(f);
	f->invites = invites_new(f);
	return f;
}

void front_xmpp_set_domains(struct front_xmpp *f,
			    const struct front_xmpp_domain *domains, size_t n)
{
	f->cfg.domains = domains;
	f->cfg.n_domains = n;
}

static void leave_all(struct fx_domain *d, enum reason_code code)
{
	struct fx_session *s;

	/* all at once: none has to hear of the others */
	TAILQ_FOREACH (s, &d->sessions, in_domain)
		s->silent = true;
	while ((s = TAILQ_FIRST(&d->sessions)))
		fx_leave(s, code, STR_NONE);
}

void front_xmpp_free(struct front_xmpp *f)
{
	struct fx_domain *d;

	if (!f)
		return;
	f->cfg.keep = (struct keep){0};
	fx_archive_forget(f);
	fx_moderate_forget(f);
	TABLE_FOREACH (f->domains, it, d) {
		leave_all(d, REASON_SHUTDOWN);
		fx_exiles_free(d);
		timer_cancel(f->loop, &d->lost);
		timer_cancel(f->loop, &d->mend);
		free(d->name);
		free(d);
	}
	timer_cancel(f->loop, &f->ping_timer);
	floods_free(f->floods);
	forwards_free(f->forwards);
	invites_free(f->invites);
	table_free(f->domains);
	table_free(f->sessions);
	table_free(f->exiles);
	arena_free(f->arena);
	buf_done(&f->out);
	for (int i = 0; i < FX_SHOWN; i++)
		buf_done(&f->shown.text[i]);
	buf_done(&f->key);
	free(f);
}

struct fx_domain *fx_domain_of(struct front_xmpp *f, struct str name)
{
	struct fx_domain *d = table_get_str(f->domains, name);

	if (d)
		return d;
	d = mem_new(sizeof(*d));
	d->name = str_dup(name);
	d->f = f;
	TAILQ_INIT(&d->sessions);
	TAILQ_INIT(&d->exiles);
	table_put_str(f->domains, str_z(d->name), d);
	return d;
}

const struct map_domains *fx_domains(struct front_xmpp *f)
{
	return f->cfg.domain_names(f->cfg.user);
}

bool fx_send(struct front_xmpp *f, struct str domain)
{
	bool taken = f->out.err ||
		     f->cfg.send(f->cfg.user, domain, buf_str(&f->out)) >= 0;

	if (f->out.err || !taken)
		f->stats.unsent++;
	else
		f->stats.stanzas_out++;
	return taken;
}

struct buf *fx_begin(struct front_xmpp *f, const char *name, struct str to,
		     struct str room, struct str nick, const char *type,
		     struct str id)
{
	struct buf *b = &f->out;

	buf_clear(b);
	buf_addc(b, '<');
	buf_addz(b, name);
	x_put_attr(b, "to", to);
	buf_addz(b, " from='");
	xml_add_attr(b, room);
	if (nick.n) {
		buf_addc(b, '/');
		xml_add_attr(b, nick);
	}
	buf_addc(b, '\'');
	x_put_attr(b, "type", str_z(type));
	x_put_attr(b, "id", id);
	return b;
}

static bool owes_no_error(const struct muc_in *in)
{
	return in->kind == MUC_BOUNCE || in->kind == MUC_IQ_REPLY ||
	       str_eq(in->type, STR("error"));
}

void fx_error(struct front_xmpp *f, struct str domain, const struct muc_in *in,
	      struct stanza_error e, struct str text)
{
	bool presence = x_is(in->stanza, "presence", NULL);
	const char *name = presence			  ? "presence"
			   : x_is(in->stanza, "iq", NULL) ? "iq"
							  : "message";
	struct buf *b;

	if (owes_no_error(in))
		return;
	b = fx_begin(f, name, in->from.full, in->to.bare, in->to.resource,
		     "error", in->id);
	buf_addc(b, '>');
	if (presence)
		buf_addz(b, "<x xmlns='" NS_MUC "'/>");
	x_put_error(b, e, presence ? in->to.bare : STR_NONE, text);
	buf_addz(b, "</");
	buf_addz(b, name);
	buf_addc(b, '>');
	fx_send(f, domain);
}

void fx_refuse(struct front_xmpp *f, struct str domain, const struct muc_in *in,
	       enum reason_code code)
{
	f->stats.refused++;
	f->stats.refused_for[code]++;
	fx_error(f, domain, in, map_reason_to_error(code),
		 str_z(reason_text(code)));
}

enum reason_code fx_outside(struct front_xmpp *f, struct str room)
{
	const struct room *r = rooms_find(f->cfg.rooms, room);
	struct room_info info;

	if (f->cfg.elsewhere && f->cfg.elsewhere(f->cfg.user, room))
		return REASON_NOT_JOINED;
	if (!r)
		return REASON_NO_ROOM;
	room_info(r, &info);
	return info.locked ? REASON_NO_ROOM : REASON_NOT_JOINED;
}

static void unsubscribed(struct fx_domain *d, const struct muc_in *in)
{
	struct buf *b = fx_begin(d->f, "presence", in->from.bare, in->to.bare,
				 STR_NONE, "unsubscribed", in->id);

	buf_addz(b, "/>");
	fx_send(d->f, str_z(d->name));
}

static void route(struct fx_domain *d, const struct muc_in *in,
		  struct fx_session *s)
{
	switch (in->kind) {
	case MUC_JOIN:
		fx_on_join(d, in);
		break;
	case MUC_PRESENCE:
		fx_on_presence(d, in);
		break;
	case MUC_LEAVE:
		fx_on_leave(d, in);
		break;
	case MUC_SUBSCRIBE:
		unsubscribed(d, in);
		break;
	case MUC_PROBE:
		fx_on_probe(d, in);
		break;
	case MUC_GROUPCHAT:
	case MUC_SUBJECT:
	case MUC_PRIVATE:
		fx_on_message(d, in);
		break;
	case MUC_INVITE:
		fx_on_invite(d, in, s);
		break;
	case MUC_DECLINE:
		fx_on_decline(d, in);
		break;
	case MUC_VOICE_REQUEST:
		if (s)
			fx_on_voice_form(s, in);
		else
			fx_refuse(d->f, str_z(d->name), in,
				  fx_outside(d->f, in->to.bare));
		break;
	case MUC_BAD_MESSAGE:
	case MUC_BAD_IQ:
		fx_error(d->f, str_z(d->name), in, in->error, STR_NONE);
		break;
	case MUC_BOUNCE:
		if (!fx_invite_bounced(d, in) && s)
			fx_on_bounce(s, in);
		break;
	case MUC_IQ:
		fx_on_iq(d, in);
		break;
	case MUC_IQ_REPLY:
		if (!fx_forward_answered(d, in) && s)
			fx_on_iq_reply(s, in);
		break;
	case MUC_IGNORE:
		break;
	}
}

/* After the shutdown: only what has to be answered is. */
static bool wants_answer(const struct muc_in *in)
{
	return in->kind == MUC_IQ || in->kind == MUC_BAD_IQ ||
	       in->kind == MUC_JOIN || x_is(in->stanza, "message", NULL);
}

void front_xmpp_stanza(struct front_xmpp *f, struct str domain,
		       const struct xnode *stanza)
{
	struct fx_domain *d = fx_domain_of(f, domain);
	struct fx_session *s;
	struct muc_in in;

	arena_reset(f->arena);
	/* a stanza that could not be answered from here is not ours */
	if (muc_classify(stanza, f->arena, loop_wall_ms(f->loop), &in) < 0 ||
	    !str_ieq(in.to.domain, domain))
		return;
	if (f->stopped) {
		if (wants_answer(&in))
			fx_refuse(f, domain, &in, REASON_SHUTDOWN);
		return;
	}
	s = fx_find(f, in.to.bare, in.from.full);
	if (s && in.kind != MUC_BOUNCE && in.kind != MUC_IQ_REPLY) {
		s->suspect = false;
		fx_heard(s);
	}
	if (!fx_floods(d, &in, s))
		route(d, &in, s);
}

void front_xmpp_link_up(struct front_xmpp *f, struct str domain, bool again)
{
	struct fx_domain *d = fx_domain_of(f, domain);
	struct fx_session *s;

	d->down = false;
	timer_cancel(f->loop, &d->lost);
	fx_tell_exiles(d);
	if (!again)
		return;
	TAILQ_FOREACH (s, &d->sessions, in_domain)
		fx_ping(s);
	fx_mend_later(d);
}

static void on_link_lost(void *user)
{
	struct fx_domain *d = user;

	log_warn(d->f->log, "xmpp.occupants_lost", "domain=%s", d->name);
	leave_all(d, REASON_LOST);
}

void front_xmpp_link_down(struct front_xmpp *f, struct str domain)
{
	struct fx_domain *d = fx_domain_of(f, domain);

	if (d->down)
		return;
	d->down = true;
	timer_set(f->loop, &d->lost, f->cfg.link_lost_ms, on_link_lost, d);
}

void front_xmpp_shutdown(struct front_xmpp *f)
{
	struct fx_domain *d;
	struct fx_session *s;

	f->stopped = true;
	TABLE_FOREACH (f->domains, it, d) {
		TAILQ_FOREACH (s, &d->sessions, in_domain) {
			struct reason why = {.code = REASON_SHUTDOWN};

			(s->joined ? fx_tell_gone : fx_join_failed)(s, why);
			/* the next run tells him who can't hear it now */
			if (d->down)
				s->kept = false;
		}
		leave_all(d, REASON_SHUTDOWN);
	}
}

struct front_xmpp_stats front_xmpp_stats(const struct front_xmpp *f)
{
	struct front_xmpp_stats st = f->stats;

	st.sessions = table_count(f->sessions);
	return st;
}
