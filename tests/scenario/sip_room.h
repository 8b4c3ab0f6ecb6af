/* The local room that SIP users' tests take place in, with nobody inside. */
#pragma once

#include "scene.h"

#define ROOM "sip:r@chat.test"
#define DOMAIN                                                                 \
	"domain \"chat.test\" { secret = \"x\" rooms = local notify-interval " \
	"= 0 }\n"

static inline int with_config(void **state, const char *config)
{
	*state = scene_new(config);
	return 0;
}

static inline int setup(void **state)
{
	return with_config(state, DOMAIN);
}

/* He has sent nothing yet. */
static inline struct sip_user stranger(struct scene *s, const char *name)
{
	struct sip_user u;

	sip_user_init(&u, s, name, ROOM);
	return u;
}
