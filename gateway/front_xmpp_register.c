/* Registering with a room: a nickname of one's own, and with it membership
 * (XEP-0045 §7.10, XEP-0077). */
#include "gateway/front_xmpp_priv.h"
#include "xmpp/form.h"

#define FORM_REGISTER NS_MUC "#register"
#define FIELD_NICK    "muc#register_roomnick"

static const struct stanza_error bad_request = {"modify", "bad-request"};
static const struct stanza_error conflict = {"cancel", "conflict"};
static const struct stanza_error not_allowed = {"cancel", "not-allowed"};

/* Nobody becomes a member of a room for members by himself, nor gets a voice in
 * a moderated one. */
static bool may_register(const struct room *r, enum affiliation now)
{
	const struct room_policy *p = room_policy(r);

	if (!p->nicknames || now == AFF_OUTCAST)
		return false;
	return now >= AFF_MEMBER || (!p->members_only && !p->moderated);
}

static void ask(struct fx_domain *d, const struct muc_in *in,
		const struct room *r)
{
	struct str nick;
	enum affiliation now = room_affiliation_of(r, in->from.bare, &nick);
	struct buf *b;

	if (!nick.n && !may_register(r, now)) {
		fx_iq_error(d, in, not_allowed);
		return;
	}
	b = fx_iq_begin(d, in);
	buf_addz(b, "<query xmlns='" NS_REGISTER "'>");
	if (nick.n) {
		buf_addz(b, "<registered/>");
		x_put_text(b, "username", nick);
	} else {
		x_put_text(b, "instructions",
			   STR("Choose the nickname that is to be yours in "
			       "this room."));
		form_begin(b, "form", FORM_REGISTER);
		form_field_open(b, FIELD_NICK, "text-single", "Nickname");
		buf_addz(b, "<required/>");
		form_field_close(b);
		form_end(b);
	}
	buf_addz(b, "</query>");
	fx_iq_end(d);
}

static void answer(struct fx_domain *d, const struct muc_in *in,
		   enum reason_code code)
{
	if (code == REASON_OK)
		fx_iq_empty(d, in);
	else if (code == REASON_BAD_NICK)
		fx_iq_error(d, in, bad_request);
	else
		fx_refuse(d->f, str_z(d->name), in, code);
}

static bool is_others(const struct room *r, struct str nick, struct str user)
{
	const struct occupant *o = room_by_nick(r, nick);

	return o && !(o->world == WORLD_XMPP && str_eq(o->user, user));
}

/* What he registers before stays until another name does. */
static void submit(struct fx_domain *d, const struct muc_in *in, struct room *r,
		   const struct form *form)
{
	enum affiliation now = room_affiliation_of(r, in->from.bare, NULL);
	struct str nick = form_value(form, FIELD_NICK);

	if (!str_eq(form->type, STR("submit")) || !nick.n ||
	    !str_eq(form->form_type, STR(FORM_REGISTER))) {
		fx_iq_error(d, in, bad_request);
	} else if (!may_register(r, now)) {
		fx_iq_error(d, in, not_allowed);
	} else if (is_others(r, nick, in->from.bare)) {
		fx_iq_error(d, in, conflict);
	} else {
		answer(d, in, room_register(r, in->from.bare, nick));
	}
}

void fx_on_register_iq(struct fx_domain *d, const struct muc_in *in,
		       struct room *r)
{
	struct form form;

	if (!in->set)
		ask(d, in, r);
	else if (x_child(in->payload, "remove", NS_REGISTER))
		answer(d, in, room_register(r, in->from.bare, STR_NONE));
	else if (form_read(x_child(in->payload, "x", NS_XDATA), d->f->arena,
			   &form) < 0)
		fx_iq_error(d, in, bad_request);
	else if (str_eq(form.type, STR("cancel")))
		fx_iq_empty(d, in);
	else
		submit(d, in, r, &form);
}
