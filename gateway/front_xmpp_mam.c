/* Questions to a room's archive (XEP-0313). The archive answers later; what is
 * needed for the answer waits in a struct asked. */
#include "base/rfc3339.h"
#include "base/xmltext.h"
#include "gateway/archive.h"
#include "gateway/front_xmpp_priv.h"
#include "xmpp/form.h"

#define NS_FORWARD  "urn:xmpp:forward:0"
#define NS_VALIDATE "http://jabber.org/protocol/xdata-validate"
#define STANZA_END  "</message>"
#define OPEN_MAX    4 /* questions of one user */
#define WAITING_MAX 65536
#define ID_MAX	    1024 /* of what is sent back with every message */

static const struct stanza_error bad_request = {"modify", "bad-request"};
static const struct stanza_error bad_jid = {"modify", "jid-malformed"};
static const struct stanza_error forbidden = {"auth", "forbidden"};
static const struct stanza_error not_found = {"cancel", "item-not-found"};
static const struct stanza_error unavailable = {"cancel",
						"service-unavailable"};
static const struct stanza_error unknown_field = {"cancel",
						  "feature-not-implemented"};
static const struct stanza_error busy = {"wait", "resource-constraint"};
static const struct stanza_error failed = {"wait", "internal-server-error"};

struct asked {
	struct fx_later later;
	TAILQ_ENTRY(asked) link;
	struct str bare; /* whose question it is */
	struct str query_id;
	bool flip, backwards, real_jids;
	/* of metadata: the first message, once it is known */
	bool metadata, has_first;
	struct str first_id;
	uint64_t first_ms;
};

void *fx_later_new(struct fx_domain *d, const struct muc_in *in, size_t size)
{
	struct arena *a = arena_new(WAITING_MAX);
	struct fx_later *l = arena_alloc(a, size);

	*l = (struct fx_later){
	    .f = d->f,
	    .domain = arena_dup(a, str_z(d->name)),
	    .room = arena_dup(a, in->to.bare),
	    .jid = arena_dup(a, in->from.full),
	    .id = arena_dup(a, in->id),
	    .arena = a,
	};
	return l;
}

static struct buf *begin_iq(const struct fx_later *l, const char *type)
{
	struct buf *b =
	    fx_begin(l->f, "iq", l->jid, l->room, STR_NONE, type, l->id);

	buf_addc(b, '>');
	return b;
}

static void end_iq(const struct fx_later *l)
{
	buf_addz(&l->f->out, "</iq>");
	fx_send(l->f, l->domain);
}

void fx_later_error(const struct fx_later *l, struct stanza_error e)
{
	x_put_error(begin_iq(l, "error"), e, STR_NONE, STR_NONE);
	end_iq(l);
}

/* --- answers --- */

static void free_asked(struct asked *k)
{
	TAILQ_REMOVE(&k->later.f->asked, k, link);
	arena_free(k->later.arena);
}

/* XEP-0313 §5.2, §7.1.2: the stanza as it was, from the occupant, to nobody. */
static void send_item(const struct asked *k, const struct archive_item *i)
{
	const struct fx_later *l = &k->later;
	struct buf *b =
	    fx_begin(l->f, "message", l->jid, l->room, STR_NONE, "", STR_NONE);
	char stamp[RFC3339_MAX];

	buf_addz(b, "><result xmlns='" NS_MAM "'");
	x_put_attr(b, "queryid", k->query_id);
	x_put_attr(b, "id", i->id);
	buf_addz(b, "><forwarded xmlns='" NS_FORWARD "'><delay xmlns='" NS_DELAY
		    "'");
	x_put_attr(b, "stamp", str_z(rfc3339_millis(i->time_ms, stamp)));
	buf_addz(b, "/><message xmlns='" NS_CLIENT "'");
	buf_add(b, str_of(i->stanza.p, i->stanza.n - strlen(STANZA_END)));
	if (k->real_jids && i->jid.n) {
		buf_addz(b, "<x xmlns='" NS_MUC_USER "'><item");
		x_put_attr(b, "jid", i->jid);
		buf_addz(b, "/></x>");
	}
	buf_addz(b, STANZA_END "</forwarded></result>" STANZA_END);
	fx_send(l->f, l->domain);
}

/* Who walks backwards gets no index: there are clients to which it means that
 * the end has come. */
static void put_set(struct buf *b, const struct asked *k,
		    const struct archive_page *p)
{
	buf_addz(b, "<set xmlns='" NS_RSM "'>");
	if (p->n) {
		buf_addz(b, "<first");
		if (!k->backwards)
			buf_addf(b, " index='%zu'", p->first_index);
		buf_addc(b, '>');
		xml_add_text(b, p->items[0].id);
		buf_addz(b, "</first>");
		x_put_text(b, "last", p->items[p->n - 1].id);
	}
	buf_addf(b, "<count>%zu</count></set>", p->count);
}

static void send_page(const struct asked *k, const struct archive_page *p)
{
	struct buf *b;

	for (size_t i = 0; i < p->n; i++)
		send_item(k, &p->items[k->flip ? p->n - 1 - i : i]);
	b = begin_iq(&k->later, "result");
	buf_addz(b, "<fin xmlns='" NS_MAM "'");
	if (p->complete)
		buf_addz(b, " complete='true'");
	buf_addc(b, '>');
	put_set(b, k, p);
	buf_addz(b, "</fin>");
	end_iq(&k->later);
}

static void put_end(struct buf *b, const char *name, struct str id,
		    uint64_t time_ms)
{
	char stamp[RFC3339_MAX];

	buf_addc(b, '<');
	buf_addz(b, name);
	x_put_attr(b, "id", id);
	x_put_attr(b, "timestamp", str_z(rfc3339_millis(time_ms, stamp)));
	buf_addz(b, "/>");
}

/* XEP-0313 §6 */
static void send_metadata(const struct asked *k,
			  const struct archive_item *last)
{
	struct buf *b = begin_iq(&k->later, "result");

	buf_addz(b, "<metadata xmlns='" NS_MAM "'>");
	if (last) {
		put_end(b, "start", k->first_id, k->first_ms);
		put_end(b, "end", last->id, last->time_ms);
	}
	buf_addz(b, "</metadata>");
	end_iq(&k->later);
}

static void on_page(void *user, const struct archive_page *page);

/* The first one is known: the last one is asked for. */
static bool ask_for_last(struct asked *k, const struct archive_item *first)
{
	struct archive_query q = {
	    .room = k->later.room, .max = 1, .last = true};

	k->has_first = true;
	k->first_id = arena_dup(k->later.arena, first->id);
	k->first_ms = first->time_ms;
	return archive_ask(k->later.f->cfg.archive, &q, on_page, k) == 0;
}

static void on_page(void *user, const struct archive_page *page)
{
	struct asked *k = user;

	if (!page)
		; /* the service ends */
	else if (page->err)
		fx_later_error(&k->later, failed);
	else if (page->not_found)
		fx_later_error(&k->later, not_found);
	else if (!k->metadata)
		send_page(k, page);
	else if (page->n == 0 || k->has_first)
		send_metadata(k, page->n ? &page->items[0] : NULL);
	else if (ask_for_last(k, &page->items[0]))
		return;
	else
		fx_later_error(&k->later, busy);
	free_asked(k);
}

void fx_archive_forget(struct front_xmpp *f)
{
	archive_forget(f->cfg.archive, on_page);
}

/* --- reading the question --- */

struct reading {
	struct front_xmpp *f;
	const struct muc_in *in;
	bool real_jids; /* he may see them */
	struct archive_query *q;
};

/* XEP-0313 §5.1.1: an occupant's address, or a real one for those who may know
 * it. The room's own means all. */
static const struct stanza_error *read_with(struct reading *r, struct str with)
{
	struct jid jid;

	if (jid_split(with, &jid) < 0)
		return &bad_jid;
	if (str_eq(jid.bare, r->in->to.bare)) {
		r->q->nick = jid.resource;
		return NULL;
	}
	r->q->jid = jid.bare;
	return r->real_jids ? NULL : &forbidden;
}

static const struct stanza_error *read_time(struct str text, bool *has,
					    uint64_t *time_ms)
{
	*has = true;
	return rfc3339_parse(text, time_ms) == 0 ? NULL : &bad_request;
}

static const struct stanza_error *read_field(struct reading *r,
					     const struct form_field *field)
{
	struct archive_query *q = r->q;
	struct str v = field->n_values ? field->values[0] : STR_NONE;

	if (str_eq(field->var, STR("start")))
		return read_time(v, &q->has_start, &q->start_ms);
	if (str_eq(field->var, STR("end")))
		return read_time(v, &q->has_end, &q->end_ms);
	if (str_eq(field->var, STR("with")))
		return read_with(r, v);
	if (str_eq(field->var, STR("after-id"))) {
		q->after_id = v;
	} else if (str_eq(field->var, STR("before-id"))) {
		q->before_id = v;
	} else if (str_eq(field->var, STR("ids"))) {
		q->ids = field->values;
		q->n_ids = field->n_values;
		return q->n_ids <= ARCHIVE_IDS_MAX ? NULL : &bad_request;
	} else {
		return &unknown_field;
	}
	return NULL;
}

static const struct stanza_error *read_form(struct reading *r)
{
	const struct xnode *x = x_child(r->in->payload, "x", NS_XDATA);
	const struct stanza_error *e = NULL;
	struct form form;

	if (!x)
		return NULL;
	if (form_read(x, r->f->arena, &form) < 0 ||
	    !str_eq(form.type, STR("submit")) ||
	    !str_eq(form.form_type, STR(NS_MAM)))
		return &bad_request;
	for (size_t i = 0; i < form.n_fields && !e; i++)
		e = read_field(r, &form.fields[i]);
	return e;
}

/* XEP-0059 §2 */
static const struct stanza_error *read_set(struct reading *r)
{
	const struct xnode *set = x_child(r->in->payload, "set", NS_RSM);
	const struct xnode *max = x_child(set, "max", NS_RSM);
	const struct xnode *before = x_child(set, "before", NS_RSM);
	const struct xnode *index = x_child(set, "index", NS_RSM);
	uint64_t n = ARCHIVE_PAGE_MAX, skip = 0;

	if (max && str_u64(x_text(max, r->f->arena), UINT64_MAX, &n) < 0)
		return &bad_request;
	if (index && str_u64(x_text(index, r->f->arena), INT64_MAX, &skip) < 0)
		return &bad_request;
	r->q->skip = before ? 0 : (size_t)skip;
	r->q->max = n < ARCHIVE_PAGE_MAX ? (size_t)n : ARCHIVE_PAGE_MAX;
	r->q->page_after = x_text(x_child(set, "after", NS_RSM), r->f->arena);
	r->q->page_before = x_text(before, r->f->arena);
	r->q->last = before != NULL;
	return NULL;
}

/* --- who may ask --- */

static bool may_read(struct fx_domain *d, const struct muc_in *in,
		     const struct fx_session *s)
{
	struct seat_join join = {
	    .room = in->to.bare,
	    .world = WORLD_XMPP,
	    .user = in->from.bare,
	    .jid = in->from.bare,
	};

	return s || d->f->cfg.admits(d->f->cfg.user, &join) == REASON_OK;
}

static bool sees_jids(const struct room *r, const struct muc_in *in,
		      struct fx_session *s)
{
	struct fx_asker who = fx_asker(s, in, r);

	return room_policy(r)->non_anonymous || who.role == ROLE_MODERATOR ||
	       who.affiliation >= AFF_ADMIN;
}

static size_t count_open(const struct front_xmpp *f, struct str bare)
{
	const struct asked *k;
	size_t n = 0;

	TAILQ_FOREACH (k, &f->asked, link)
		n += str_eq(k->bare, bare);
	return n;
}

static void put_question(struct fx_domain *d, const struct muc_in *in,
			 const struct archive_query *q, bool real_jids)
{
	struct asked *k = fx_later_new(d, in, sizeof(*k));
	struct arena *a = k->later.arena;

	k->bare = arena_dup(a, in->from.bare);
	k->query_id = arena_dup(a, x_attr(in->payload, "queryid"));
	k->flip = x_child(in->payload, "flip-page", NS_MAM) != NULL;
	k->metadata = x_is(in->payload, "metadata", NS_MAM);
	k->real_jids = real_jids;
	k->backwards = q->last;
	TAILQ_INSERT_TAIL(&d->f->asked, k, link);
	if (archive_ask(d->f->cfg.archive, q, on_page, k) == 0)
		return;
	fx_later_error(&k->later, busy);
	free_asked(k);
}

static void answer_form(struct fx_domain *d, const struct muc_in *in)
{
	struct buf *b = fx_begin(d->f, "iq", in->from.full, in->to.bare,
				 STR_NONE, "result", in->id);

	buf_addz(b, "><query xmlns='" NS_MAM "'>");
	form_begin(b, "form", NS_MAM);
	form_put(b, "with", "jid-single", NULL, STR_NONE);
	form_put(b, "start", "text-single", NULL, STR_NONE);
	form_put(b, "end", "text-single", NULL, STR_NONE);
	form_put(b, "before-id", "text-single", NULL, STR_NONE);
	form_put(b, "after-id", "text-single", NULL, STR_NONE);
	form_field_open(b, "ids", "list-multi", NULL);
	buf_addz(b, "<validate xmlns='" NS_VALIDATE
		    "' datatype='xs:string'><open/></validate>");
	form_field_close(b);
	form_end(b);
	buf_addz(b, "</query></iq>");
	fx_send(d->f, str_z(d->name));
}

static void on_query(struct fx_domain *d, const struct muc_in *in,
		     bool real_jids)
{
	struct archive_query q = {.room = in->to.bare};
	struct reading r = {d->f, in, real_jids, &q};
	const struct stanza_error *e = read_form(&r);

	if (!e)
		e = read_set(&r);
	if (!e &&
	    (in->id.n > ID_MAX || x_attr(in->payload, "queryid").n > ID_MAX))
		e = &bad_request;
	if (e)
		fx_error(d->f, str_z(d->name), in, *e, STR_NONE);
	else
		put_question(d, in, &q, real_jids);
}

void fx_on_archive_iq(struct fx_domain *d, const struct muc_in *in,
		      struct fx_session *s)
{
	const struct room *room = rooms_find(d->f->cfg.rooms, in->to.bare);
	const struct archive_query first = {.room = in->to.bare, .max = 1};
	const struct stanza_error *e = NULL;

	if (!archive_keeps(d->f->cfg.archive, room))
		e = &unavailable;
	else if (!may_read(d, in, s))
		e = &forbidden;
	else if (count_open(d->f, in->from.bare) >= OPEN_MAX)
		e = &busy;
	if (e)
		fx_error(d->f, str_z(d->name), in, *e, STR_NONE);
	else if (x_is(in->payload, "metadata", NS_MAM) && !in->set)
		put_question(d, in, &first, false);
	else if (!x_is(in->payload, "query", NS_MAM))
		fx_error(d->f, str_z(d->name), in, bad_request, STR_NONE);
	else if (in->set)
		on_query(d, in, sees_jids(room, in, s));
	else
		answer_form(d, in);
}
