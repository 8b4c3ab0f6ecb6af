/* Queries: service discovery, pings, the owner's of a new room (XEP-0030,
 * XEP-0199, XEP-0410, XEP-0045 §6, §10, XEP-0054). */
#include "gateway/front_xmpp_forward.h"
#include "mapping/account.h"
#include "mapping/reason.h"
#include "gateway/archive.h"
#include "xmpp/disco.h"
#include "xmpp/moderated.h"

#define NS_VCARD     "vcard-temp"
#define NS_VERSION   "jabber:iq:version"
#define PAGE	     100
#define CONTACTS_MAX 20

static const struct stanza_error not_found = {"cancel", "item-not-found"};
static const struct stanza_error unavailable = {"cancel",
						"service-unavailable"};
static const struct stanza_error not_acceptable = {"cancel", "not-acceptable"};
static const struct stanza_error bad_request = {"modify", "bad-request"};
static const struct stanza_error not_allowed = {"cancel", "not-allowed"};

/* --- answers --- */

struct buf *fx_iq_begin(struct fx_domain *d, const struct muc_in *in)
{
	struct buf *b = fx_begin(d->f, "iq", in->from.full, in->to.bare,
				 in->to.resource, "result", in->id);

	buf_addc(b, '>');
	return b;
}

void fx_iq_end(struct fx_domain *d)
{
	buf_addz(&d->f->out, "</iq>");
	fx_send(d->f, str_z(d->name));
}

void fx_iq_empty(struct fx_domain *d, const struct muc_in *in)
{
	fx_iq_begin(d, in);
	fx_iq_end(d);
}

void fx_iq_error(struct fx_domain *d, const struct muc_in *in,
		 struct stanza_error e)
{
	fx_error(d->f, str_z(d->name), in, e, STR_NONE);
}

/* The question stands beside the error (XEP-0030 §7). */
static void answer_no_node(struct fx_domain *d, const struct muc_in *in)
{
	struct buf *b = fx_begin(d->f, "iq", in->from.full, in->to.bare,
				 in->to.resource, "error", in->id);

	buf_addz(b, "><query");
	x_put_attr(b, "xmlns", in->payload->ns);
	x_put_attr(b, "node", x_attr(in->payload, "node"));
	buf_addz(b, "/>");
	x_put_error(b, not_found, STR_NONE, STR_NONE);
	fx_iq_end(d);
}

/* Nothing is listed of a room, nor of an occupant. */
static void answer_no_items(struct fx_domain *d, const struct muc_in *in)
{
	struct buf *b = fx_iq_begin(d, in);

	disco_items_begin(b, STR_NONE);
	disco_items_end(b);
	fx_iq_end(d);
}

/* XEP-0054: one field to read, nothing to change. */
static void answer_vcard(struct fx_domain *d, const struct muc_in *in,
			 const char *field, struct str value)
{
	struct buf *b;

	if (in->set) {
		fx_iq_error(d, in, not_allowed);
		return;
	}
	b = fx_iq_begin(d, in);
	buf_addz(b, "<vCard xmlns='" NS_VCARD "'>");
	if (value.n)
		x_put_text(b, field, value);
	buf_addz(b, "</vCard>");
	fx_iq_end(d);
}

static bool asks(const struct muc_in *in, const char *name, const char *ns)
{
	return !in->set && x_is(in->payload, name, ns);
}

static bool asks_disco(const struct muc_in *in)
{
	return asks(in, "query", NS_DISCO_INFO) ||
	       asks(in, "query", NS_DISCO_ITEMS);
}

/* --- the service --- */

static struct str service_name(const struct fx_domain *d)
{
	const struct front_xmpp_cfg *cfg = &d->f->cfg;

	for (size_t i = 0; i < cfg->n_domains; i++)
		if (str_ieq(str_z(cfg->domains[i].domain), str_z(d->name)))
			return str_z(cfg->domains[i].name);
	return str_z(d->name);
}

static bool is_listed(const struct fx_domain *d, const struct room_info *info)
{
	ptrdiff_t at = str_find(info->address, '@');

	return info->public && !info->locked && at >= 0 &&
	       str_eq(str_from(info->address, (size_t)at + 1), str_z(d->name));
}

/* What people are shown as the room's name. */
static struct str room_name(const struct room_info *info)
{
	struct str address = info->address;

	return info->name.n ? info->name : str_split(&address, '@');
}

/* One page of the list (XEP-0059 §2.2, §2.6). */
struct page {
	bool wanted;	  /* the client speaks of pages */
	struct str after; /* the last of the page before */
	uint64_t max;
	bool found; /* after has been passed */
	size_t count, first_index, n;
	struct str first, last;
};

static struct page read_page(struct front_xmpp *f, const struct muc_in *in)
{
	const struct xnode *set = x_child(in->payload, "set", NS_RSM);
	struct page p = {.wanted = set != NULL, .max = PAGE};
	uint64_t max;

	if (str_u64(x_text(x_child(set, "max", NS_RSM), f->arena), PAGE,
		    &max) == 0)
		p.max = max;
	p.after = x_text(x_child(set, "after", NS_RSM), f->arena);
	p.found = p.after.n == 0;
	return p;
}

static void put_room(struct buf *b, struct page *p,
		     const struct room_info *info)
{
	size_t index = p->count++;

	if (!p->found) {
		p->found = str_eq(p->after, info->address);
		return;
	}
	if (p->n >= p->max)
		return;
	if (p->n++ == 0) {
		p->first = info->address;
		p->first_index = index;
	}
	p->last = info->address;
	disco_item(b, info->address, room_name(info));
}

static void list_rooms(struct fx_domain *d, const struct muc_in *in)
{
	struct page p = read_page(d->f, in);
	struct buf *b = fx_iq_begin(d, in);
	struct room_info info;
	struct room *r;
	size_t it = 0;

	disco_items_begin(b, STR_NONE);
	while ((r = rooms_next(d->f->cfg.rooms, &it))) {
		room_info(r, &info);
		if (is_listed(d, &info))
			put_room(b, &p, &info);
	}
	if (p.wanted || p.count > p.n)
		disco_items_set(b, p.first, p.first_index, p.last, p.count);
	disco_items_end(b);
	if (p.found)
		fx_iq_end(d);
	else
		fx_iq_error(d, in, not_found);
}

static void on_service_iq(struct fx_domain *d, const struct muc_in *in)
{
	if (asks_disco(in) && x_attr(in->payload, "node").n) {
		answer_no_node(d, in);
	} else if (asks(in, "query", NS_DISCO_INFO)) {
		disco_service_info(fx_iq_begin(d, in), service_name(d));
		fx_iq_end(d);
	} else if (asks(in, "query", NS_DISCO_ITEMS)) {
		list_rooms(d, in);
	} else if (asks(in, "ping", NS_PING)) {
		fx_iq_empty(d, in);
	} else {
		fx_iq_error(d, in, unavailable);
	}
}

/* --- a room --- */

static bool is_owner(struct fx_session *s)
{
	const struct occupant *self = s ? fx_self(s) : NULL;

	return self && self->affiliation == AFF_OWNER;
}

/* The owners, as far as everybody in the room may know who they are. */
static void find_contacts(struct front_xmpp *f, const struct room *room,
			  struct disco_room *out)
{
	struct str *all = arena_alloc(f->arena, CONTACTS_MAX * sizeof(*all));
	const struct room_affiliation *a;
	struct buf jid = BUF_INIT(8192);
	size_t it = 0;

	if (!room_policy(room)->non_anonymous || !all)
		return;
	out->contacts = all;
	while (out->n_contacts < CONTACTS_MAX &&
	       (a = room_affiliations(room, &it))) {
		buf_clear(&jid);
		if (a->affiliation == AFF_OWNER && !a->hidden &&
		    map_account_to_jid(fx_domains(f), a->user, &jid) == 0)
			all[out->n_contacts++] =
			    arena_dup(f->arena, buf_str(&jid));
	}
	buf_done(&jid);
}

static void room_disco_info(struct fx_domain *d, const struct muc_in *in,
			    const struct room *room,
			    const struct room_info *info, bool inside)
{
	struct disco_room r = {
	    .name = room_name(info),
	    .public = info->public,
	    .persistent = info->persistent,
	    .members_only = info->members_only,
	    .moderated = info->moderated,
	    .password = info->has_password,
	    .anonymous = !info->non_anonymous,
	    .archive = room && archive_keeps(d->f->cfg.archive, room),
	    .description = info->description,
	    .lang = info->language,
	    .show_details = (info->public && !info->members_only) || inside,
	    .subject = info->subject.text,
	    .n_occupants = info->n_occupants,
	    .max_history =
		info->max_history == SIZE_MAX ? 0 : info->max_history,
	    .elsewhere = !room,
	    .occupants_change_subject = room && !info->subject_by_moderators,
	};

	if (r.show_details && room)
		find_contacts(d->f, room, &r);
	disco_room_info(fx_iq_begin(d, in), &r);
	fx_iq_end(d);
}

static void room_node(struct fx_domain *d, const struct muc_in *in,
		      const struct room *r, struct str node)
{
	struct str nick;

	if (str_eq(node, STR("http://jabber.org/protocol/muc#traffic"))) {
		fx_iq_error(d, in, unavailable);
	} else if (str_eq(node, STR("x-roomuser-item")) &&
		   asks(in, "query", NS_DISCO_INFO)) {
		room_affiliation_of(r, in->from.bare, &nick);
		disco_reserved_nick(fx_iq_begin(d, in), nick);
		fx_iq_end(d);
	} else {
		answer_no_node(d, in);
	}
}

/* A room on another server: what we know of it ourselves. */
static void on_distant_room_iq(struct fx_domain *d, const struct muc_in *in,
			       struct fx_session *s)
{
	struct room_info info = {.address = in->to.bare, .persistent = true};

	if (s)
		seat_info(&s->seat, &info);
	if (asks_disco(in) && x_attr(in->payload, "node").n) {
		answer_no_node(d, in);
	} else if (asks(in, "query", NS_DISCO_INFO)) {
		room_disco_info(d, in, NULL, &info, s != NULL);
	} else if (asks(in, "query", NS_DISCO_ITEMS)) {
		answer_no_items(d, in);
	} else if (asks(in, "ping", NS_PING)) {
		fx_iq_empty(d, in);
	} else if (x_is(in->payload, "query", NS_MUC_OWNER) ||
		   x_is(in->payload, "query", NS_MUC_ADMIN)) {
		fx_iq_error(d, in, not_allowed);
	} else {
		fx_iq_error(d, in, unavailable);
	}
}

static void on_room_iq(struct fx_domain *d, const struct muc_in *in,
		       struct fx_session *s)
{
	struct room *r = rooms_find(d->f->cfg.rooms, in->to.bare);
	struct room_info info = {0};

	if (r)
		room_info(r, &info);
	if (!r || (info.locked && !is_owner(s))) {
		fx_iq_error(d, in, not_found);
	} else if (asks_disco(in) && x_attr(in->payload, "node").n) {
		room_node(d, in, r, x_attr(in->payload, "node"));
	} else if (asks(in, "query", NS_DISCO_INFO)) {
		room_disco_info(d, in, r, &info, s != NULL);
	} else if (asks(in, "query", NS_DISCO_ITEMS)) {
		answer_no_items(d, in);
	} else if (asks(in, "ping", NS_PING)) {
		fx_iq_empty(d, in);
	} else if (x_is(in->payload, "vCard", NS_VCARD)) {
		answer_vcard(d, in, "DESC", info.description);
	} else if (x_is(in->payload, NULL, NS_MAM)) {
		fx_on_archive_iq(d, in, s);
	} else if (x_is(in->payload, "moderate", NS_MODERATE)) {
		fx_on_moderate_iq(d, in, s);
	} else if (x_is(in->payload, "query", NS_MUC_OWNER)) {
		fx_on_owner_iq(d, in, s, r);
	} else if (x_is(in->payload, "query", NS_MUC_ADMIN)) {
		fx_on_admin_iq(d, in, s, r);
	} else if (x_is(in->payload, "query", NS_REGISTER)) {
		fx_on_register_iq(d, in, r);
	} else {
		fx_iq_error(d, in, unavailable);
	}
}

void fx_iq_done(struct fx_session *s, const struct pending *p,
		enum reason_code code)
{
	bool fine = code == REASON_OK;
	struct buf *b = fx_begin(s->f, "iq", s->jid, s->room, STR_NONE,
				 fine ? "result" : "error", p->id);

	buf_addc(b, '>');
	if (!fine)
		x_put_error(b, map_reason_to_error(code), STR_NONE, STR_NONE);
	fx_iq_end(s->domain);
}

/* --- an occupant --- */

/* A SIP user has no client that could answer (IQ-5). */
static void for_sip_user(struct fx_domain *d, const struct muc_in *in,
			 const struct occupant *who)
{
	struct buf *b;

	if (asks_disco(in) && x_attr(in->payload, "node").n) {
		answer_no_node(d, in);
	} else if (asks(in, "ping", NS_PING)) {
		fx_iq_empty(d, in);
	} else if (asks(in, "query", NS_DISCO_INFO)) {
		disco_sip_user_info(fx_iq_begin(d, in));
		fx_iq_end(d);
	} else if (asks(in, "query", NS_DISCO_ITEMS)) {
		answer_no_items(d, in);
	} else if (x_is(in->payload, "vCard", NS_VCARD)) {
		answer_vcard(d, in, "FN", who->nick);
	} else if (asks(in, "query", NS_VERSION)) {
		b = fx_iq_begin(d, in);
		buf_addz(b, "<query xmlns='" NS_VERSION "'><name>stoxd</name>"
			    "<version>" STOX_VERSION "</version></query>");
		fx_iq_end(d);
	} else {
		fx_iq_error(d, in, unavailable);
	}
}

static void on_occupant_iq(struct fx_domain *d, const struct muc_in *in,
			   struct fx_session *s)
{
	const struct occupant *who;

	if (!s) {
		fx_iq_error(d, in,
			    asks_disco(in) ? bad_request : not_acceptable);
		return;
	}
	who = seat_by_nick(&s->seat, in->to.resource);
	if (!who)
		fx_iq_error(d, in, not_found);
	else if (who->world == WORLD_SIP)
		for_sip_user(d, in, who);
	else if (who->id == s->occupant && asks(in, "ping", NS_PING))
		fx_iq_empty(d, in);
	else
		fx_forward(s, in, who);
}

void fx_on_iq(struct fx_domain *d, const struct muc_in *in)
{
	struct fx_session *s = fx_find(d->f, in->to.bare, in->from.full);

	if (!in->to.node.n)
		on_service_iq(d, in);
	else if (in->to.resource.n)
		on_occupant_iq(d, in, s);
	else if (d->f->cfg.elsewhere &&
		 d->f->cfg.elsewhere(d->f->cfg.user, in->to.bare))
		on_distant_room_iq(d, in, s);
	else
		on_room_iq(d, in, s);
}
