/* What an owner asks and sets: a room's end, its opening and its settings
 * (XEP-0045 §10). */
#include "gateway/front_xmpp_config.h"
#include "mapping/reason.h"

static const struct stanza_error bad_request = {"modify", "bad-request"};
static const struct stanza_error malformed = {"modify", "jid-malformed"};
static const struct stanza_error forbidden = {"auth", "forbidden"};
static const struct stanza_error not_found = {"cancel", "item-not-found"};
static const struct stanza_error not_acceptable = {"modify", "not-acceptable"};

static void in_seat(struct fx_session *s, const struct muc_in *in,
		    struct seat_cmd *cmd)
{
	struct pending p = {
	    .kind = cmd->type == SEAT_DESTROY ? PENDING_DESTROY : PENDING_IQ,
	    .id = in->id,
	};

	if (!fx_command(s, cmd, &p))
		fx_refuse(s->f, str_z(s->domain->name), in, REASON_OVERLOAD);
}

static void end_room(struct fx_domain *d, const struct muc_in *in,
		     struct fx_session *s, struct room *r, struct reason why)
{
	struct seat_cmd cmd = {
	    .type = SEAT_DESTROY,
	    .text = why.text,
	    .venue = why.venue,
	    .venue_password = why.venue_password,
	};

	if (s) {
		in_seat(s, in, &cmd);
	} else {
		room_destroy(r, why);
		fx_iq_empty(d, in);
	}
}

/* XEP-0045 §10.9 */
static void destroy(struct fx_domain *d, const struct muc_in *in,
		    struct fx_session *s, struct room *r,
		    const struct xnode *how)
{
	struct reason why = {
	    .text = x_text(x_child(how, "reason", NS_MUC_OWNER), d->f->arena),
	    .venue = x_attr(how, "jid"),
	    .venue_password =
		x_text(x_child(how, "password", NS_MUC_OWNER), d->f->arena),
	};
	struct jid venue;

	if (why.venue.n && jid_split(why.venue, &venue) < 0)
		fx_iq_error(d, in, malformed);
	else
		end_room(d, in, s, r, why);
}

static void configure(struct fx_domain *d, const struct muc_in *in,
		      struct fx_session *s, struct room *r,
		      const struct form *form)
{
	struct room_policy policy = *room_policy(r);
	struct seat_cmd cmd = {.type = SEAT_CONFIGURE, .policy = &policy};

	if (fx_config_read(d->f, form, in->to.bare, &policy) < 0 ||
	    fx_config_read_people(d->f, form, r, &cmd) < 0)
		fx_iq_error(d, in, not_acceptable);
	else
		fx_moderate(d, in, s, r, &cmd);
}

static void submit(struct fx_domain *d, const struct muc_in *in,
		   struct fx_session *s, struct room *r,
		   const struct form *form)
{
	struct seat_cmd unlock = {.type = SEAT_UNLOCK};

	if (form->n_fields)
		configure(d, in, s, r, form);
	else if (s)
		in_seat(s, in, &unlock);
	else
		fx_iq_empty(d, in);
}

/* A cancelled form closes a room that was never opened (XEP-0045 §10.1.3). */
static void set(struct fx_domain *d, const struct muc_in *in,
		struct fx_session *s, struct room *r, bool locked)
{
	const struct xnode *how = x_child(in->payload, "destroy", NS_MUC_OWNER);
	const struct xnode *x = x_child(in->payload, "x", NS_XDATA);
	struct form form;

	if (how)
		destroy(d, in, s, r, how);
	else if (form_read(x, d->f->arena, &form) < 0)
		fx_iq_error(d, in, bad_request);
	else if (str_eq(form.type, STR("cancel")) && locked)
		end_room(d, in, s, r, (struct reason){0});
	else if (str_eq(form.type, STR("cancel")))
		fx_iq_empty(d, in);
	else if (!str_eq(form.type, STR("submit")))
		fx_iq_error(d, in, bad_request);
	else if (form.form_type.n &&
		 !str_eq(form.form_type, STR(FORM_ROOMCONFIG)))
		fx_iq_error(d, in, not_acceptable);
	else
		submit(d, in, s, r, &form);
}

void fx_on_owner_iq(struct fx_domain *d, const struct muc_in *in,
		    struct fx_session *s, struct room *r)
{
	struct fx_asker asker = fx_asker(s, in, r);
	struct room_info info;

	room_info(r, &info);
	if (asker.affiliation != AFF_OWNER) {
		fx_iq_error(d, in, info.locked ? not_found : forbidden);
	} else if (in->set) {
		set(d, in, s, r, info.locked);
	} else {
		fx_config_write(d->f, fx_iq_begin(d, in), r);
		fx_iq_end(d);
	}
}
