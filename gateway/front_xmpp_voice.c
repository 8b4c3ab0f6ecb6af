/* Requests for voice, and moderators' answers to them (XEP-0045 §7.13, §8.6).
 */
#include "gateway/front_xmpp_priv.h"
#include "mapping/presence.h"
#include "xmpp/form.h"

#define FORM_REQUEST NS_MUC "#request"

void fx_voice_asked(struct fx_session *s, const struct occupant *who)
{
	bool has_device = who->world == WORLD_XMPP && who->devices;
	struct buf *b =
	    fx_begin(s->f, "message", s->jid, s->room, STR_NONE, "", STR_NONE);

	buf_addc(b, '>');
	form_begin(b, "form", FORM_REQUEST);
	x_put_text(b, "title", STR("Voice request"));
	x_put_text(b, "instructions",
		   STR("Somebody asks for permission to speak in this room."));
	form_field_open(b, "muc#role", "list-single", "Requested role");
	form_put_value(b, STR("participant"));
	form_put_option(b, "Participant", STR("participant"));
	form_field_close(b);
	form_put(b, "muc#jid", "jid-single", "User",
		 has_device ? who->devices->label : who->jid);
	form_put(b, "muc#roomnick", "text-single", "Nickname", who->nick);
	form_put_bool(b, "muc#request_allow", "Grant voice?", false);
	form_end(b);
	buf_addz(b, "</message>");
	fx_send(s->f, str_z(s->domain->name));
}

static void refuse(struct fx_session *s, const struct muc_in *in,
		   enum reason_code code)
{
	fx_refuse(s->f, str_z(s->domain->name), in, code);
}

static void command(struct fx_session *s, const struct muc_in *in,
		    struct seat_cmd *cmd)
{
	struct pending p = {.kind = PENDING_MESSAGE, .id = in->id};

	if (!fx_command(s, cmd, &p))
		refuse(s, in, REASON_OVERLOAD);
}

/* A voice is all that he can be granted so. */
static void approve(struct fx_session *s, const struct muc_in *in,
		    const struct form *form)
{
	const struct occupant *self = fx_self(s), *who;
	struct seat_change voice = {.of_role = true, .role = ROLE_PARTICIPANT};
	struct seat_cmd cmd = {
	    .type = SEAT_MODERATE, .changes = &voice, .n_changes = 1};
	bool allow = false;

	who = seat_by_nick(&s->seat, form_value(form, "muc#roomnick"));
	if (!self || self->role != ROLE_MODERATOR)
		refuse(s, in, REASON_FORBIDDEN);
	else if (form_bool(form, "muc#request_allow", &allow) < 0)
		refuse(s, in, REASON_BAD_REQUEST);
	else if (allow && !who)
		refuse(s, in, REASON_NO_OCCUPANT);
	else if (allow && who->role == ROLE_VISITOR) {
		voice.target = who->id;
		command(s, in, &cmd);
	}
}

void fx_on_voice_form(struct fx_session *s, const struct muc_in *in)
{
	const struct xnode *x = x_child(in->stanza, "x", NS_XDATA);
	struct seat_cmd ask = {.type = SEAT_ASK_VOICE};
	struct str role;
	struct form form;

	if (form_read(x, s->f->arena, &form) < 0) {
		refuse(s, in, REASON_BAD_REQUEST);
		return;
	}
	role = form_value(&form, "muc#role");
	if (str_eq(form.type, STR("cancel")))
		return;
	if (!str_eq(form.type, STR("submit")) ||
	    (role.n && !str_eq(role, str_z(map_role_name(ROLE_PARTICIPANT)))))
		refuse(s, in, REASON_BAD_REQUEST);
	else if (form_field(&form, "muc#request_allow"))
		approve(s, in, &form);
	else
		command(s, in, &ask);
}
