/* What the files that keep rooms share. */
#pragma once

#include "gateway/persist.h"
#include "gateway/store_priv.h"

struct persist {
	struct persist_cfg cfg;
	bool stopping;
};

/* persist_settings.c */
void persist_put_settings(struct store *s, const struct room_state *st);
/* One setting of a row; what this version does not know is left out. */
void persist_read_setting(struct room_policy *p, const struct cell *row,
			  struct arena *a);

/* persist_history.c */
void persist_put_message(struct store *s, struct room *r, struct str room,
			 const struct message *m);
/* All messages, into the rooms that are there. */
void persist_read_history(struct persist *p);

/* persist_restore.c */
void persist_restore(struct persist *p);
