/* What the two directions of mapping/message.h share. */
#pragma once

#include "mapping/message.h"

/* A part whose strings live as long as m already. False: there are enough. */
bool map_put_part(struct message *m, struct str type, struct str language,
		  struct str body);
/* A copy that lives as long as m, within what its sender may fill. False: too
 * big. */
bool map_keep(struct message *m, struct str s, struct str *out);
/* The value as a language tag; empty if it is none. */
struct str map_language(struct str value);
/* May a typing notice cross? (BODY-14) */
bool map_composing_allowed(const struct message *m,
			   const struct map_message_cfg *cfg);
