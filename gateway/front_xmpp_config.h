/* A room's settings as the form that its owners get (XEP-0045 §10.2). */
#pragma once

#include "gateway/front_xmpp_priv.h"
#include "xmpp/form.h"

#define FORM_ROOMCONFIG NS_MUC "#roomconfig"

/* <query/> with the form, filled with what the settings are. */
void fx_config_write(struct front_xmpp *f, struct buf *b, const struct room *r);
/* What the form says of them, over *policy; strings live in f->arena. What it
 * does not name stays. ERR_SYNTAX: a value is none; *policy is unspecified. */
int fx_config_read(struct front_xmpp *f, const struct form *form,
		   struct str room, struct room_policy *policy);
/* The changes that make its lists of admins and owners true, into cmd.
 * ERR_SYNTAX, ERR_TOO_BIG. */
int fx_config_read_people(struct front_xmpp *f, const struct form *form,
			  const struct room *r, struct seat_cmd *cmd);
