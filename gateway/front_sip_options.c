/* OPTIONS: what a room, or the factory of rooms, can do (RFC 3261 §11). */
#include "gateway/front_sip_priv.h"

#include "base/uri.h"
#include "sip/sdp.h"

/* Our media, without a session (RFC 3264 §9). */
static void describe(struct front_sip *f, struct str room, struct buf *b)
{
	const struct room_policy *policy =
	    back_local_settings(f->cfg.back, room);
	const struct domain_config *dom = back_domain(f->cfg.door, room);
	struct sdp_local local = {
	    .host = STR("0.0.0.0"),
	    .secure = dom->force_tls || msrp_port(f->cfg.msrp, false) == 0,
	    .accept_wrapped = str_z(dom->types),
	    .max_size = f->cfg.config->msrp.max_message,
	    .nickname = !policy || policy->nicknames,
	    .private_messages = !policy || policy->private_messages,
	};

	sdp_write_offer(b, &local);
}

static bool is_there(struct front_sip *f, struct str room)
{
	return back_find(f->cfg.door, room, WORLD_SIP, NULL) != BACK_LOCAL ||
	       back_local_is_factory(f->cfg.back, room) ||
	       back_local_reachable(f->cfg.back, room, WORLD_SIP) == REASON_OK;
}

/* A keep-alive to the server itself names no room. */
void options_request(struct front_sip *f, const struct port_msg *m)
{
	struct answer a = ANSWER(200);
	struct arena *arena = arena_new(16384);
	struct buf sdp = BUF_INIT(SDP_BYTES_MAX);
	struct str ruri = m->f[PORT_F_RURI], room;
	struct uri u;
	int status = 200;

	if (uri_parse(ruri, &u) < 0)
		status = 400;
	else if (u.user.n)
		status = front_sip_room(f, ruri, arena, &room);
	if (status == 200 && u.user.n && !is_there(f, room))
		status = 404;
	if (status != 200) {
		front_sip_refuse(f, m, status, "no such room or domain");
	} else {
		a.headers = STR("Allow: " SIP_ALLOW "\r\n"
				"Allow-Events: " SIP_ALLOW_EVENTS "\r\n"
				"Accept: application/sdp\r\n");
		if (u.user.n) {
			a.contact = arena_printf(arena, "<sip:%.*s>;isfocus",
						 STR_ARG(room));
			describe(f, room, &sdp);
			a.type = STR("application/sdp");
			a.body = buf_str(&sdp);
		}
		front_sip_answer(f, m, &a);
	}
	buf_done(&sdp);
	arena_free(arena);
}
