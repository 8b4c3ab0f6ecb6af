#include "mapping/roster.h"

#include "base/err.h"
#include "base/uri.h"
#include "mapping/addr.h"
#include "mapping/presence.h"
#include "xmpp/stanza.h"

#define ENTITY_MAX 8192

void map_occupant_entity(struct buf *out, struct str room,
			 const struct occupant *o, bool shown)
{
	if (o->world == WORLD_SIP || (shown && o->sip_uri.n))
		buf_add(out, o->sip_uri);
	else
		map_room_to_sip(out, room, o->nick);
}

/* RFC 4575 §5.8.5: as the device negotiated it and its user may use it
 * (CHAT-22). */
static struct str media_status(const struct device *d, enum role role)
{
	bool muted = d->muted || role == ROLE_VISITOR;

	if (d->held)
		return muted ? STR("inactive") : STR("sendonly");
	return muted ? STR("recvonly") : STR("sendrecv");
}

/* The device as an endpoint: what it is called is for its owner and moderators,
 * others get a key that says nothing (EVENT-25). */
static int put_endpoint(const struct device *d, enum role role,
			bool show_contacts, struct arena *a,
			struct confinfo_endpoint *e)
{
	*e = (struct confinfo_endpoint){
	    .state = CONFINFO_FULL,
	    .status = d->held ? STR("on-hold") : STR("connected"),
	    .joining_method = STR("dialed-in"),
	    .media_status = media_status(d, role),
	};
	if (show_contacts && d->label.n)
		e->entity = d->label;
	else
		e->entity =
		    arena_printf(a, "%016llx", (unsigned long long)d->seat);
	return e->entity.p ? 0 : ERR_TOO_BIG;
}

static bool xmpp_char(unsigned char c)
{
	return c == '@' || uri_user_char(c);
}

/* RFC 5122 §2.2 */
static struct str xmpp_uri(struct str jid, struct arena *a)
{
	struct buf b = BUF_INIT(ENTITY_MAX);
	struct str out;

	buf_addz(&b, "xmpp:");
	uri_escape(&b, jid, xmpp_char);
	out = b.err ? STR_NONE : arena_dup(a, buf_str(&b));
	buf_done(&b);
	return out;
}

int map_occupant_to_confinfo(const struct occupant *o,
			     const struct map_roster_cfg *cfg, struct arena *a,
			     struct confinfo_user *u)
{
	u->entity = cfg->entity;
	u->state = CONFINFO_FULL;
	/* a derived nickname was never registered (RFC 7701 §7.4), but all
	 * rosters show it: NICK-13 then takes display-text */
	u->nickname = o->nick_chosen ? o->nick : STR_NONE;
	u->display_text =
	    !cfg->name_in_display && o->nick_chosen && o->display.n ? o->display
								    : o->nick;
	u->associated_aor = STR_NONE;
	if (o->world == WORLD_XMPP && cfg->show_jid && o->jid.n) {
		u->associated_aor = xmpp_uri(o->jid, a);
		if (!u->associated_aor.n)
			return ERR_TOO_BIG;
	}
	u->n_roles = map_role_to_confinfo(o->role, o->affiliation, u->roles);
	u->show = map_show(o->presence.show);
	u->status = o->presence.status;
	u->n_endpoints = 0;
	u->endpoints = arena_alloc(a, o->n_devices * sizeof(*u->endpoints));
	if (!u->endpoints)
		return ERR_TOO_BIG;
	for (const struct device *d = o->devices;
	     d && u->n_endpoints < CONFINFO_ENDPOINTS_MAX; d = d->next)
		if (put_endpoint(d, o->role, cfg->show_contacts, a,
				 &u->endpoints[u->n_endpoints++]) < 0)
			return ERR_TOO_BIG;
	if (cfg->elsewhere && u->n_endpoints == 1 &&
	    !(cfg->show_contacts && o->devices->label.n))
		u->endpoints[0].entity = u->entity;
	return 0;
}

void map_occupant_item(struct buf *out, enum affiliation affiliation,
		       enum role role, struct str jid, struct str nick,
		       struct str reason, struct str actor)
{
	buf_addz(out, "<item");
	x_put_attr(out, "affiliation",
		   str_z(map_affiliation_name(affiliation)));
	x_put_attr(out, "role", str_z(map_role_name(role)));
	x_put_attr(out, "jid", jid);
	x_put_attr(out, "nick", nick);
	if (!reason.n && !actor.n) {
		buf_addz(out, "/>");
		return;
	}
	buf_addc(out, '>');
	if (actor.n) {
		buf_addz(out, "<actor");
		x_put_attr(out, "nick", actor);
		buf_addz(out, "/>");
	}
	if (reason.n)
		x_put_text(out, "reason", reason);
	buf_addz(out, "</item>");
}
