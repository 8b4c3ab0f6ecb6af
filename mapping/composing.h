/* isComposing documents (RFC 3994 §3.3). Pure. */
#pragma once

#include "base/buf.h"

#define MAP_COMPOSING_REFRESH_S 60 /* BODY-13 */

/* The document's state into *active. 0, ERR_SYNTAX, ERR_UNSUPPORTED (a DTD). */
int map_composing_read(struct str xml, bool *active);
void map_composing_write(struct buf *out, bool active);
