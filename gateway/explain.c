#include "gateway/explain.h"

#include <string.h>

#include "base/uri.h"

#define ADDRESS_MAX 8192

static const char *other(enum world w)
{
	return w == WORLD_SIP ? "XMPP" : "SIP";
}

static const struct domain_config *own(const struct explain *e)
{
	return config_domain(e->config, e->domain);
}

static const struct domain_config *section(const struct explain *e)
{
	return config_section(e->config, e->domain);
}

/* A domain at which people can write rooms of other domains (ADDR-29). */
static struct str gate(const struct explain *e, enum world world)
{
	const struct config *c = e->config;

	for (size_t i = 0; i < c->n_domains; i++) {
		const struct domain_config *d = &c->domains[i];

		if (d->rooms == ROOMS_LOCAL &&
		    (world == WORLD_SIP || *d->secret))
			return str_z(d->name);
	}
	return world == WORLD_SIP ? str_z(c->sip.host) : STR_NONE;
}

/* --- rooms --- */

/* How somebody writes a room that lives elsewhere. */
static void add_written(const struct explain *e, enum world world,
			struct buf *b)
{
	const struct domain_config *d = own(e);
	struct str at = gate(e, world);
	struct buf native = BUF_INIT(ADDRESS_MAX), room = BUF_INIT(ADDRESS_MAX);

	buf_addf(&room, "ROOM@%.*s", STR_ARG(e->domain));
	map_room_to_sip(&native, buf_str(&room), STR_NONE);
	if (world == WORLD_SIP)
		buf_addf(b, "; they call %s where that reaches stoxd",
			 buf_z(&native));
	else if (d && *d->secret)
		buf_addf(b, "; they join %s", buf_z(&room));
	if (at.n && world == WORLD_SIP)
		buf_addf(b, ", or sip:ROOM%%40%s@%.*s",
			 buf_z(&native) + strlen("sip:ROOM@"), STR_ARG(at));
	else if (at.n)
		buf_addf(b, "%s ROOM\\40%.*s@%.*s",
			 d && *d->secret ? ", or" : "; they join",
			 STR_ARG(e->domain), STR_ARG(at));
	else if (world == WORLD_XMPP && !(d && *d->secret))
		buf_addz(b, "; but they have no address to write it by: no "
			    "domain with local rooms has a secret");
	buf_done(&native);
	buf_done(&room);
}

static void add_source(const struct explain *e, struct buf *b)
{
	const struct domain_config *d = section(e);
	struct addr addr;

	if (d->rooms == ROOMS_DISCOVER &&
	    addr_parse_host(e->domain, 0, &addr) == 0)
		buf_addf(b,
			 "an address in place of a name is taken for a SIP "
			 "server (rooms = discover in domain \"%s\")",
			 d->name);
	else if (d->rooms == ROOMS_DISCOVER)
		buf_addf(b,
			 "the answers below say so (rooms = discover in "
			 "domain \"%s\")",
			 d->name);
	else
		buf_addf(b, "rooms = %s in domain \"%s\"",
			 d->rooms == ROOMS_SIP ? "sip" : "xmpp", d->name);
}

static void add_refusal(const struct explain *e, enum world world,
			enum reason_code reason, struct buf *b)
{
	const struct domain_config *d = section(e);

	if (!d && config_other_domains(e->config))
		buf_addz(b, "allow-domains and deny-domains in domain \"*\" do "
			    "not open the domain");
	else if (!d)
		buf_addz(b, "no section of the configuration names the domain, "
			    "and there is no domain \"*\"");
	else if (d->rooms == ROOMS_NONE)
		buf_addf(b, "domain \"%s\" has no rooms", d->name);
	else if (d->rooms != ROOMS_DISCOVER)
		buf_addf(b,
			 "rooms = %s in domain \"%s\": %s users need no "
			 "gateway to get there",
			 world == WORLD_SIP ? "sip" : "xmpp", d->name,
			 world == WORLD_SIP ? "SIP" : "XMPP");
	else if (e->waits || reason == REASON_NO_ANSWER)
		buf_addz(b, "no server has told which protocol the domain "
			    "speaks; it is asked again");
	else if (reason == REASON_NO_SERVER)
		buf_addz(b, "the domain offers neither protocol, or does not "
			    "exist");
	else
		buf_addf(b,
			 "the domain speaks %s itself: no gateway is needed, "
			 "unless a section of its own has rooms = %s",
			 world == WORLD_SIP ? "SIP" : "XMPP",
			 world == WORLD_SIP ? "xmpp" : "sip");
}

enum back_kind explain_rooms(const struct explain *e, enum world world,
			     struct buf *why)
{
	struct buf room = BUF_INIT(ADDRESS_MAX);
	enum reason_code reason = REASON_NO_ROOM;
	enum back_kind kind;

	buf_addf(&room, "room@%.*s", STR_ARG(e->domain));
	kind = back_find(e->door, buf_str(&room), world, NULL);
	buf_done(&room);
	if (kind == BACK_ASK)
		kind = back_kind_found(e->waits ? SPEAKS_UNKNOWN : e->speaks,
				       world, &reason);
	if ((kind == BACK_MUC || kind == BACK_SIP) &&
	    !(section(e)->visitors &
	      (world == WORLD_SIP ? CREATE_SIP : CREATE_XMPP))) {
		buf_addf(why, "visitors in domain \"%s\" does not let them",
			 section(e)->name);
		return BACK_NONE;
	}
	if (kind == BACK_LOCAL) {
		buf_addf(why, "rooms = local in domain \"%s\"", own(e)->name);
	} else if (kind == BACK_NONE) {
		add_refusal(e, world, reason, why);
	} else {
		add_source(e, why);
		add_written(e, world, why);
		if (kind == BACK_MUC && !config_names_any_users(e->config))
			buf_addz(why, "; but they have no name in XMPP: a "
				      "domain with users = sip or foreign and "
				      "a secret would give them one");
		if (section(e)->access.n_allow || section(e)->access.n_deny)
			buf_addf(why,
				 "; allow and deny of domain \"%s\" say who "
				 "may",
				 section(e)->name);
	}
	return kind;
}

/* --- users --- */

bool explain_user(const struct explain *e, enum world his, struct buf *out)
{
	struct buf in = BUF_INIT(ADDRESS_MAX), to = BUF_INIT(ADDRESS_MAX);
	const char *condition;
	bool named;
	int status;

	buf_addz(&in, his == WORLD_SIP ? "sip:user@" : "user@");
	if (his == WORLD_SIP)
		map_domain_to_ascii(&in, e->domain);
	else
		buf_add(&in, e->domain);
	named =
	    his == WORLD_SIP
		? map_sip_to_jid(e->names, buf_str(&in), &to, &status) >= 0
		: map_jid_to_sip(e->names, buf_str(&in), &to, &condition) >= 0;
	if (named)
		buf_add(out, buf_str(&to));
	else if (his == WORLD_SIP)
		buf_addf(
		    out,
		    "no name in %s: a domain { users = sip } of that name, "
		    "or one with users = foreign, would give him one",
		    other(his));
	else
		buf_addf(out, "no name in %s", other(his));
	buf_done(&in);
	buf_done(&to);
	return named;
}
