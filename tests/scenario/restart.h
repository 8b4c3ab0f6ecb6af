/* A SIP user who is called back by the next core. */
#pragma once

#include "scene.h"

/* An offer or answer's path. */
static inline struct str path_of(struct str sdp)
{
	ptrdiff_t at = str_search(sdp, STR("a=path:"));

	assert_true(at >= 0);
	sdp = str_from(sdp, (size_t)at + 7);
	return str_split(&sdp, '\r');
}

/* He answers the re-INVITE of the new core. */
static inline struct port_msg take_offer(struct sip_user *u)
{
	struct port_msg m = scene_sip(u->s, PORT_SEND, "INVITE");

	assert_true(m.dlg == u->dlg);
	u->sdp = m.f[PORT_F_BODY];
	u->path = path_of(u->sdp);
	return m;
}

static inline void respond(struct sip_user *u, const struct port_msg *sent,
			   int status, struct str sdp)
{
	struct port_msg m = port_msg(PORT_RESPONSE);

	m.dlg = sent->dlg;
	m.req = sent->req;
	m.status = status;
	m.f[PORT_F_TYPE] = sdp.n ? STR("application/sdp") : STR_NONE;
	m.f[PORT_F_BODY] = sdp;
	m.f[PORT_F_SESSION_EXPIRES] = STR("1800;refresher=uac");
	scene_sip_event(u->s, &m);
}

static inline void bind_again(struct sip_user *u)
{
	sip_user_connect(u);
	msrp_request(u, "SEND", "Message-ID: b2\r\nByte-Range: 1-0/0\r\n");
	assert_int_equal(msrp_status(u), 200);
}

/* Answers, connects, binds: he is in again. */
static inline void come_back(struct sip_user *u)
{
	struct port_msg m = take_offer(u);

	snprintf(u->own_path, sizeof(u->own_path), "msrp://10.0.0.5:9/%s2;tcp",
		 u->name);
	respond(u, &m, 200, sip_user_offer(u, "a=chatroom\r\n"));
	bind_again(u);
}
