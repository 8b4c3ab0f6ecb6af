/* What the files of a scene share. */
#pragma once

#include "scene.h"

#include <stdlib.h>

#include "base/mem.h"

struct scene_out {
	TAILQ_ENTRY(scene_out) link;
	struct buf bytes;
};

static inline void scene_out_free(struct scene_outs *outs, struct scene_out *o)
{
	TAILQ_REMOVE(outs, o, link);
	buf_done(&o->bytes);
	free(o);
}

static inline void scene_outs_drop(struct scene_outs *outs)
{
	while (!TAILQ_EMPTY(outs))
		scene_out_free(outs, TAILQ_FIRST(outs));
}

/* The core's ways out (struct core_io); user: the scene. */
void scene_sip_captured(void *user, const struct port_msg *m);
int scene_xmpp_captured(void *user, struct str domain, struct str text);
