/* REFER to the focus of a local room. */
#pragma once

#include "scene.h"

#define REFER_ROOM "sip:r@chat.test"

/* His next request, in the dialog of his call or (cseq 0) outside. */
static inline struct port_msg refer(const struct sip_user *u, const char *to)
{
	struct sip_user as = *u;
	struct port_msg m = port_msg(PORT_REQUEST);

	sip_user_request(&as, &m, "REFER");
	m.f[PORT_F_REFER_TO] = str_z(to);
	return m;
}

static inline int refer_status(const struct sip_user *u, const char *to)
{
	struct port_msg m = refer(u, to);

	return scene_sip_request(u->s, &m).status;
}
