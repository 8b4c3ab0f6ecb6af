/* Queries to rooms and their answers, and the queries that proxies get. */
#include "gateway/back_muc_priv.h"

#include <stdlib.h>

#include "base/log.h"
#include "base/mem.h"
#include "mapping/reason.h"
#include "xmpp/disco.h"

#include <openssl/evp.h>

#define QUERY_MS    30000  /* COMP-14 */
#define SILENCE_MS  900000 /* S2X-24 */
#define RETRY_MS    60000
#define QUERIES_MAX 64 /* of a proxy at a time: nobody waits for so many */
#define CAPS_NODE   "urn:stoxd:proxy"
#define NS_CAPS	    "http://jabber.org/protocol/caps"

/* --- ours --- */

static void drop(struct proxy *p, struct query *q)
{
	TAILQ_REMOVE(&p->queries, q, link);
	free(q);
}

void proxy_drop_queries(struct proxy *p)
{
	while (!TAILQ_EMPTY(&p->queries))
		drop(p, TAILQ_FIRST(&p->queries));
}

void proxy_drop_pings(struct proxy *p)
{
	struct query *q, *next;

	for (q = TAILQ_FIRST(&p->queries); q; q = next) {
		next = TAILQ_NEXT(q, link);
		if (q->kind == QUERY_PING || q->kind == QUERY_CAUGHT_UP ||
		    q->kind == QUERY_ARCHIVE)
			drop(p, q);
	}
}

/* What says that he is in the room, and what says nothing (XEP-0410 §3.2). */
static const char *const joined[] = {
    "service-unavailable", "feature-not-implemented", "item-not-found"};
#define N_JOINED (sizeof(joined) / sizeof(joined[0]))
static const char *const unsure[] = {"remote-server-not-found",
				     "remote-server-timeout"};
#define N_UNSURE (sizeof(unsure) / sizeof(unsure[0]))

static bool is_one_of(const char *condition, const char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(condition, list[i]) == 0)
			return true;
	return false;
}

static void on_silence(void *user)
{
	struct proxy *p = user;

	timer_set(p->b->loop, &p->idle, SILENCE_MS, on_silence, p);
	proxy_ping(p, QUERY_PING);
}

void proxy_heard(struct proxy *p)
{
	timer_set(p->b->loop, &p->idle, SILENCE_MS, on_silence, p);
}

/* A service that has just started does not find the room either; if he is in it
 * after all, to join once more does no harm (XEP-0045 §17.3). */
static bool is_out(const struct proxy *p, const char *condition)
{
	return !is_one_of(condition, joined, N_JOINED) ||
	       (p->doubt && strcmp(condition, "item-not-found") == 0);
}

static void give_up_catching_up(struct proxy *p)
{
	proxy_unhold(p);
	p->catching_up = false;
	proxy_send_held(p);
}

/* NULL: none came. */
static void on_ping_answer(struct proxy *p, enum query_kind kind,
			   const struct muc_said *in)
{
	bool out, doubt;

	if (p->phase != PROXY_IN)
		return;
	if (!in || (in->kind == SAID_IQ_ERROR &&
		    is_one_of(in->error.condition, unsure, N_UNSURE))) {
		timer_set(p->b->loop, &p->idle, RETRY_MS, on_silence, p);
		give_up_catching_up(p);
		return;
	}
	out = in->kind == SAID_IQ_ERROR && is_out(p, in->error.condition);
	doubt = p->doubt;
	p->doubt = false;
	if (out) {
		proxy_come_again(p, REASON_SHUTDOWN, true);
	} else if (doubt) {
		p->catching_up = true;
		proxy_catch_up(p);
	} else if (kind == QUERY_CAUGHT_UP) {
		proxy_history_answered(p);
	}
}

/* in NULL: no answer came. */
static void finish(struct proxy *p, struct query *q, const struct muc_said *in)
{
	struct query done = *q;
	struct reason why = {.code = REASON_OK};

	drop(p, q);
	switch (done.kind) {
	case QUERY_INFO:
		if (in)
			proxy_info_answered(p, in);
		break;
	case QUERY_UNLOCK:
		proxy_unlocked(p, in && in->kind == SAID_RESULT);
		break;
	case QUERY_PING:
	case QUERY_CAUGHT_UP:
		on_ping_answer(p, done.kind, in);
		break;
	case QUERY_OCCUPANTS:
		proxy_occupants_answered(p, in);
		break;
	case QUERY_ARCHIVE:
		proxy_archive_answered(p, str_z(done.id), in);
		break;
	case QUERY_ADMIN:
		if (!in)
			why.code = REASON_TIMEOUT;
		else if (in->kind == SAID_IQ_ERROR)
			why.code = map_error_to_refusal(in->error);
		/* of others, not of him */
		if (why.code == REASON_BANNED)
			why.code = REASON_FORBIDDEN;
		if (why.code == REASON_NO_ROOM)
			why.code = REASON_NO_OCCUPANT;
		leg_result(p->leg, done.seat, done.op, why, NULL);
		break;
	}
}

struct query *query_new(struct proxy *p, enum query_kind kind)
{
	struct query *q = mem_new(sizeof(*q)), *old;
	size_t n = 0;

	TAILQ_FOREACH (old, &p->queries, link)
		n++;
	old = TAILQ_FIRST(&p->queries);
	for (; n >= QUERIES_MAX; n--, old = TAILQ_NEXT(old, link))
		old->due_ms = 0; /* not in here: it may be his end */
	q->kind = kind;
	q->due_ms = loop_now_ms(p->b->loop) + QUERY_MS;
	muc_uuid(q->id);
	TAILQ_INSERT_TAIL(&p->queries, q, link);
	proxy_watch_due(p);
	return q;
}

void proxy_on_reply(struct proxy *p, const struct muc_said *in)
{
	struct query *q;

	TAILQ_FOREACH (q, &p->queries, link)
		if (str_eq(str_z(q->id), in->id)) {
			finish(p, q, in);
			return;
		}
}

void proxy_expire_queries(struct proxy *p, uint64_t now_ms)
{
	struct query *q;

	while (!p->ended && (q = TAILQ_FIRST(&p->queries)) &&
	       now_ms >= q->due_ms)
		finish(p, q, NULL);
}

uint64_t proxy_queries_due(const struct proxy *p)
{
	const struct query *q = TAILQ_FIRST(&p->queries);

	return q ? q->due_ms : UINT64_MAX;
}

void proxy_ping(struct proxy *p, enum query_kind kind)
{
	struct query *q = query_new(p, kind);
	struct buf *b = muc_begin(p, "iq", buf_str(&p->nick), "get", q->id);

	buf_addz(b, "<ping xmlns='" NS_PING "'/></iq>");
	muc_send(p);
}

/* --- others' --- */

static const char *const features[] = {NS_CAPS, NS_DISCO_INFO, NS_MUC,
				       "jabber:x:conference", NS_PING};
#define N_FEATURES (sizeof(features) / sizeof(features[0]))

/* XEP-0115 §5.1; the features above are in its order. */
void muc_caps(char ver[CAPS_MAX])
{
	struct buf text = BUF_INIT(4096);
	unsigned char mac[EVP_MAX_MD_SIZE];
	unsigned n = 0;

	buf_addz(&text, "client/phone//stoxd<");
	for (size_t i = 0; i < N_FEATURES; i++)
		buf_addf(&text, "%s<", features[i]);
	if (!EVP_Digest(text.p, text.n, mac, &n, EVP_sha1(), NULL))
		abort(); /* nothing but memory can be missing */
	EVP_EncodeBlock((unsigned char *)ver, mac, (int)n);
	buf_done(&text);
}

void muc_put_caps(struct back_muc *b, struct buf *out)
{
	buf_addf(out,
		 "<c xmlns='" NS_CAPS "' hash='sha-1' node='" CAPS_NODE
		 "' ver='%s'/>",
		 b->caps);
}

static const struct stanza_error not_found = {"cancel", "item-not-found"};

static bool is_own_node(const struct back_muc *b, struct str node)
{
	struct str own = STR(CAPS_NODE "#");

	return !node.n || (str_starts(node, own) &&
			   str_eq(str_from(node, own.n), str_z(b->caps)));
}

/* DISCO-13 */
static void answer_info(struct back_muc *b, const struct muc_said *in)
{
	struct str node = x_attr(in->payload, "node");
	struct buf *out;

	if (!is_own_node(b, node)) {
		muc_error(b, in, "iq", not_found);
		return;
	}
	out = muc_answer(b, in, "iq", "result");
	buf_addz(out, "<query xmlns='" NS_DISCO_INFO "'");
	x_put_attr(out, "node", node);
	buf_addz(out, "><identity category='client' type='phone' "
		      "name='stoxd'/>");
	for (size_t i = 0; i < N_FEATURES; i++)
		buf_addf(out, "<feature var='%s'/>", features[i]);
	buf_addz(out, "</query></iq>");
	muc_answered(b, in);
}

static void answer_items(struct back_muc *b, const struct muc_said *in)
{
	struct buf *out = muc_answer(b, in, "iq", "result");

	disco_items_begin(out, x_attr(in->payload, "node"));
	disco_items_end(out);
	buf_addz(out, "</iq>");
	muc_answered(b, in);
}

static void answer_empty(struct back_muc *b, const struct muc_said *in)
{
	buf_addz(muc_answer(b, in, "iq", "result"), "</iq>");
	muc_answered(b, in);
}

void muc_on_iq(struct back_muc *b, const struct muc_said *in)
{
	bool get = str_eq(in->type, STR("get"));
	bool proxy = in->to.resource.n && muc_is_proxy(b, in->to.full);

	if (get && x_is(in->payload, "query", NS_DISCO_ITEMS) &&
	    (proxy || !in->to.resource.n))
		answer_items(b, in); /* DISCO-14 for a bare JID */
	else if (get && proxy && x_is(in->payload, "query", NS_DISCO_INFO))
		answer_info(b, in);
	else if (get && proxy && x_is(in->payload, "ping", NS_PING))
		answer_empty(b, in);
	else
		muc_error(b, in, "iq", muc_unavailable);
}
