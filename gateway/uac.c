#include "gateway/uac.h"

#include <stdlib.h>

#include "base/blob.h"
#include "base/mem.h"
#include "base/random.h"
#include "base/table.h"
#include "sip/digest.h"

/* How often one request is answered with credentials: to a proxy, to the server
 * behind it, and to one of them again whose nonce had become old. */
#define ANSWERS_MAX  3
#define CNONCE_CHARS 16
#define HEADERS_MAX  65536
/* What the challenges of one request may take. */
#define ARENA_MAX (HEADERS_MAX * 2 * (ANSWERS_MAX + 1))

/* Who asks: in WWW-Authenticate or Proxy-Authenticate. */
enum asker { SERVER, PROXY, ASKERS };

static const struct {
	int status;
	struct str challenge;
	const char *answer;
} words[ASKERS] = {
    {401, {"WWW-Authenticate", 16}, "Authorization"},
    {407, {"Proxy-Authenticate", 18}, "Proxy-Authorization"},
};

struct uac {
	struct uac_cfg cfg;
	struct hops *hops;
	struct table *by_id, *by_req;
	uint64_t last_id;
};

struct request {
	struct uac *u;
	uint64_t id, req;
	struct blob *encoded; /* the first one, PORT_DIAL or PORT_SEND */
	char *domain, *user;
	struct arena *arena; /* NULL: nobody has asked */
	struct digest_asked asked[ASKERS];
	uint32_t nc[ASKERS]; /* how often answered; 0: not asked */
	unsigned answers;
	bool hung_up;
	uac_fn *fn;
	void *fn_user;
};

static bool event(struct uac *u, const struct port_msg *m);

static void to_process(void *user, const struct port_msg *m)
{
	struct uac *u = user;

	u->cfg.send(u->cfg.user, m);
}

static void nowhere(void *user, const struct port_msg *m)
{
	event(user, m);
}

struct uac *uac_new(const struct uac_cfg *cfg)
{
	struct uac *u = mem_new(sizeof(*u));

	u->cfg = *cfg;
	u->by_id = table_new();
	u->by_req = table_new();
	u->hops = hops_new(&(struct hops_cfg){
	    .loop = cfg->loop,
	    .dns = cfg->dns,
	    .config = cfg->config,
	    .send = to_process,
	    .answer = nowhere,
	    .user = u,
	});
	return u;
}

static void request_free(struct request *r)
{
	table_del(r->u->by_id, r->id);
	table_del(r->u->by_req, r->req);
	blob_unref(r->encoded);
	arena_free(r->arena);
	free(r->domain);
	free(r->user);
	free(r);
}

void uac_free(struct uac *u)
{
	struct request *r;

	if (!u)
		return;
	TABLE_FOREACH (u->by_id, it, r)
		request_free(r);
	hops_free(u->hops);
	table_free(u->by_id);
	table_free(u->by_req);
	free(u);
}

static void pass(struct request *r, const struct port_msg *m)
{
	if (m->type == PORT_DIAL)
		hops_send(r->u->hops, m);
	else
		r->u->cfg.send(r->u->cfg.user, m);
}

uint64_t uac_send(struct uac *u, const struct port_msg *m,
		  const struct uac_login *login, uac_fn *fn, void *user)
{
	struct request *r = mem_new(sizeof(*r));
	struct port_msg out = *m;

	r->u = u;
	r->id = ++u->last_id;
	r->req = out.req = u->cfg.request_id(u->cfg.user);
	r->encoded = port_encoded(m);
	r->domain = str_dup(login->domain);
	r->user = str_dup(login->user);
	r->fn = fn;
	r->fn_user = user;
	table_put(u->by_id, r->id, r);
	table_put(u->by_req, r->req, r);
	pass(r, &out);
	return r->id;
}

void uac_hang_up(struct uac *u, uint64_t request)
{
	struct request *r = request ? table_get(u->by_id, request) : NULL;
	struct port_msg m = port_msg(PORT_HANG_UP), sent;

	if (!r || !r->encoded || port_decode(blob_str(r->encoded), &sent) < 0)
		return;
	r->hung_up = true;
	m.dlg = sent.dlg;
	m.req = r->req;
	hops_send(u->hops, &m);
}

void uac_forget(struct uac *u, uint64_t request)
{
	struct request *r = request ? table_get(u->by_id, request) : NULL;

	if (r)
		r->fn = NULL;
}

bool uac_busy(const struct uac *u)
{
	return table_count(u->by_id) > 0;
}

/* --- credentials --- */

/* The best challenge that we can answer (RFC 8760 §2.4: the first of those with
 * the best algorithm). */
static bool find_challenge(struct str lines, struct str name, struct arena *a,
			   struct digest_asked *best)
{
	bool found = false;

	while (lines.n) {
		struct str line = str_split(&lines, '\n');
		struct str header = str_trim_space(str_split(&line, ':'));
		struct digest_asked c;

		if (!str_ieq(header, name) ||
		    digest_asked_parse(arena_dup(a, line), a, &c) < 0 ||
		    (found && c.algorithm <= best->algorithm))
			continue;
		*best = c;
		found = true;
	}
	return found;
}

/* nc: how often this one is answered, with this time. */
static void put_answer(struct buf *b, const char *name,
		       const struct digest_asked *c, uint32_t nc,
		       const struct login *l, const struct port_msg *request)
{
	char cnonce[CNONCE_CHARS + 1];
	struct digest_reply reply = {
	    .username = l->username,
	    .password = l->password,
	    .method = request->f[PORT_F_METHOD],
	    .uri = request->f[PORT_F_RURI],
	    .nc = nc,
	};

	random_ident(cnonce, CNONCE_CHARS);
	reply.cnonce = str_of(cnonce, CNONCE_CHARS);
	if (!reply.method.n)
		reply.method = STR("INVITE");
	buf_addf(b, "%s: ", name);
	digest_authorize(b, c, &reply);
	buf_addz(b, "\r\n");
}

/* The same request with all that was asked for so far. One outside a dialog
 * keeps its Call-ID and tag, in one the SIP process sees to that. */
static void send_again(struct request *r, const struct port_msg *challenge,
		       const struct login *l, struct port_msg *m)
{
	struct buf headers = BUF_INIT(PORT_BODY_MAX);

	table_del(r->u->by_req, r->req);
	r->req = m->req = r->u->cfg.request_id(r->u->cfg.user);
	table_put(r->u->by_req, r->req, r);
	buf_add(&headers, m->f[PORT_F_HEADERS]);
	for (int i = 0; i < ASKERS; i++)
		if (r->nc[i])
			put_answer(&headers, words[i].answer, &r->asked[i],
				   r->nc[i]++, l, m);
	m->f[PORT_F_HEADERS] = buf_str(&headers);
	if (m->type == PORT_DIAL && challenge->f[PORT_F_CALL_ID].n) {
		m->cseq = challenge->cseq;
		m->f[PORT_F_CALL_ID] = challenge->f[PORT_F_CALL_ID];
		m->f[PORT_F_FROM] = challenge->f[PORT_F_FROM];
	}
	pass(r, m);
	buf_done(&headers);
}

/* Does an error ask for credentials that we have? Then they are on their way.
 */
static bool answered(struct request *r, const struct port_msg *m)
{
	const struct login *l;
	struct digest_asked c;
	struct port_msg sent;
	int asker = 0;

	while (asker < ASKERS && words[asker].status != m->status)
		asker++;
	if (asker == ASKERS || r->hung_up || r->answers == ANSWERS_MAX ||
	    !r->encoded || port_decode(blob_str(r->encoded), &sent) < 0)
		return false;
	l = config_login(r->u->cfg.config, str_z(r->domain), str_z(r->user));
	if (!l)
		return false;
	if (!r->arena)
		r->arena = arena_new(ARENA_MAX);
	if (!find_challenge(m->f[PORT_F_HEADERS], words[asker].challenge,
			    r->arena, &c) ||
	    (r->nc[asker] && !c.stale))
		return false;
	r->asked[asker] = c;
	r->nc[asker] = 1;
	r->answers++;
	send_again(r, m, l, &sent);
	return true;
}

static bool event(struct uac *u, const struct port_msg *m)
{
	struct request *r = table_get(u->by_req, m->req);
	void *user;
	uac_fn *fn;

	if (!r)
		return false;
	if (m->type == PORT_RESPONSE && answered(r, m))
		return true;
	fn = r->fn;
	user = r->fn_user;
	if (m->type == PORT_RESPONSE)
		request_free(r);
	if (fn)
		fn(user, m);
	return true;
}

bool uac_event(struct uac *u, const struct port_msg *m)
{
	if (m->type == PORT_RESPONSE && hops_response(u->hops, m))
		return true;
	return event(u, m);
}
