/* The lines of a description that offer files. */
#include "gateway/front_sip_transfer_priv.h"
#include "gateway/media.h"

#include <stdlib.h>

#include "base/mem.h"

/* --- the end of one --- */

void transfer_drop_file(struct transfer *t)
{
	filing_drop(t->filing);
	t->filing = NULL;
	file_check_free(t->check);
	t->check = NULL;
	stream_unref(t->stream);
	t->stream = NULL;
}

void transfer_stop(struct transfer *t)
{
	timer_cancel(t->call->f->loop, &t->timer);
	reach_cancel(t->reaching);
	t->reaching = NULL;
	transfer_drop_file(t);
	if (t->session)
		msrp_session_free(t->session);
	t->session = NULL;
}

static void free_transfer(struct transfer *t)
{
	transfer_stop(t);
	TAILQ_REMOVE(&t->call->transfers->all, t, link);
	t->call->transfers->n--;
	buf_done(&t->name);
	free(t->offer);
	free(t->type);
	free(t->peer_text);
	free(t);
}

void transfers_free(struct call *c)
{
	struct transfer *t;

	if (!c->transfers)
		return;
	while ((t = TAILQ_FIRST(&c->transfers->all)))
		free_transfer(t);
	free(c->transfers);
	c->transfers = NULL;
}

static void end_call_for_files(void *user)
{
	call_bye(user, REASON_LEFT, STR_NONE);
}

void transfer_over(struct transfer *t)
{
	struct call *c = t->call;

	transfer_stop(t);
	TAILQ_FOREACH (t, &c->transfers->all, link)
		if (t->session)
			return;
	if (c->courier && c->confirmed)
		timer_set(c->f->loop, &c->timer, BIND_TIMEOUT_MS,
			  end_call_for_files, c);
}

static void timeout(void *user)
{
	transfer_over(user);
}

/* --- its line --- */

static char *offer_of(const struct sdp_media *m)
{
	struct buf b = BUF_INIT(SDP_BYTES_MAX * 2);
	char *out;

	buf_add(&b, m->file_selector);
	buf_addc(&b, '\n');
	buf_add(&b, m->file_transfer_id);
	out = str_dup(buf_str(&b));
	buf_done(&b);
	return out;
}

static struct transfer *find(struct call *c, size_t line)
{
	struct transfer *t;

	if (!c->transfers)
		return NULL;
	TAILQ_FOREACH (t, &c->transfers->all, link)
		if (t->line.line == line)
			return t;
	return NULL;
}

static bool is_same(const struct transfer *t, const struct sdp_media *m)
{
	char *offer = offer_of(m);
	bool same = strcmp(offer, t->offer) == 0;

	free(offer);
	return same;
}

static struct msrp_session *new_session(struct transfer *t,
					const struct sdp_media *m, bool secure)
{
	struct call *c = t->call;
	struct msrp_session *s;
	struct msrp_session_cfg cfg = {
	    .secure = secure,
	    .max_message = c->f->cfg.config->files.max_size,
	    .peer_sends = true,
	    .ops = &transfer_session_ops,
	    .user = t,
	};

	return media_session_new(c->f->cfg.msrp, &cfg, m, &s) < 0 ? NULL : s;
}

static void describe(struct transfer *t, const struct sdp_media *m)
{
	struct call *c = t->call;
	struct msrp_uri u = {0};

	msrp_uri_parse(msrp_session_uri(t->session), &u);
	t->line.port = u.port;
	t->line.path = msrp_session_uri(t->session);
	t->line.setup = sdp_answer_setup(m->setup);
	t->line.max_size = c->f->cfg.config->files.max_size;
	if (u.secure)
		t->line.fingerprints = msrp_fingerprints(c->f->cfg.msrp);
	t->connects = t->line.setup == SDP_SETUP_ACTIVE;
}

/* What reach() reads. */
static void keep_peer(struct transfer *t, const struct sdp_media *m)
{
	size_t n = m->path.n;

	t->peer_text = mem_new(n + m->connection.n + 1);
	memcpy(t->peer_text, m->path.p, n);
	if (m->connection.n)
		memcpy(t->peer_text + n, m->connection.p, m->connection.n);
	t->peer = (struct sdp_media){
	    .path = str_of(t->peer_text, n),
	    .connection = str_of(t->peer_text + n, m->connection.n),
	    .port = m->port,
	    .cema = m->cema,
	};
}

static void add(struct call *c, const struct sdp_media *m, size_t line,
		bool secure)
{
	struct transfer *t = mem_new(sizeof(*t));
	struct buf name = BUF_INIT(SDP_BYTES_MAX);
	struct sdp_file about;

	t->call = c;
	t->line.line = line;
	t->offer = offer_of(m);
	sdp_read_file(m, &name, &about);
	t->type = str_dup(about.type);
	t->offered = about;
	t->offered.type = STR_NONE;
	buf_init(&t->name, 1024);
	file_name_clean(&t->name, buf_str(&name), about.type);
	buf_done(&name);
	TAILQ_INSERT_TAIL(&c->transfers->all, t, link);
	c->transfers->n++;
	if (!about.has_size || about.size <= c->f->cfg.config->files.max_size)
		t->session = new_session(t, m, secure);
	if (t->session)
		describe(t, m);
	if (!t->session || (t->connects && reach_check(m) < 0)) {
		free_transfer(t);
		return;
	}
	keep_peer(t, m);
	timer_set(c->f->loop, &t->timer, BIND_TIMEOUT_MS + ACK_TIMEOUT_MS,
		  timeout, t);
}

static bool is_push(const struct call *c, const struct sdp_media *m,
		    bool *secure)
{
	const struct domain_config *dom = call_domain(c);

	return sdp_media_is_push(m, secure) &&
	       msrp_port(c->f->cfg.msrp, *secure) != 0 &&
	       (*secure || !dom || !dom->force_tls);
}

int transfers_offer(struct call *c, const struct sdp *offer)
{
	bool away = false, secure;

	if (!c->f->cfg.files)
		return 200;
	for (size_t i = 0; i < offer->n_media; i++) {
		const struct sdp_media *m = &offer->media[i];
		struct transfer *t = find(c, i);
		bool push = is_push(c, m, &secure);

		if (t && push && is_same(t, m))
			continue;
		if (t)
			free_transfer(t);
		if (!push)
			continue;
		if (!c->transfers) {
			c->transfers = mem_new(sizeof(*c->transfers));
			TAILQ_INIT(&c->transfers->all);
		}
		if (!transfer_speaker(c))
			away = true;
		else if (c->transfers->n < TRANSFERS_MAX)
			add(c, m, i, secure);
	}
	return away ? 403 : 200;
}

void transfers_describe(const struct call *c, struct sdp_local *local)
{
	struct transfer *t;

	if (!c->transfers)
		return;
	local->files = c->transfers->lines;
	TAILQ_FOREACH (t, &c->transfers->all, link)
		if (t->session)
			c->transfers->lines[local->n_files++] = t->line;
}

size_t transfers_count(const struct call *c)
{
	return c->transfers ? c->transfers->n : 0;
}

static void on_reach(void *user, enum reach_result result,
		     enum dns_status status, const struct addr *addr, size_t n)
{
	struct transfer *t = user;

	t->reaching = NULL;
	if (result == REACH_FOUND) {
		msrp_session_connect_to(t->session, addr, n);
		return;
	}
	log_info(t->call->f->log, "sip.unresolved",
		 "dlg=%llx path=%s why=\"%s\"",
		 (unsigned long long)t->call->dialog->id, LOGQ(t->peer.path),
		 dns_status_text(status));
	transfer_tell(t, "the host that its offer names can't be reached");
	transfer_over(t);
}

void transfers_start(struct call *c)
{
	struct transfer *t;

	if (!c->transfers)
		return;
	TAILQ_FOREACH (t, &c->transfers->all, link) {
		if (t->session && t->connects && !t->started)
			t->reaching =
			    reach(c->f->cfg.dns, &t->peer, on_reach, t);
		t->started = true;
	}
}
