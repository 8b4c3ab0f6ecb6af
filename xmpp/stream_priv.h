/* What the files of the component stream share; nobody else sees libstrophe. */
#pragma once

#include <strophe.h>

#include "xmpp/stanza.h"

/* Copies a stanza of libstrophe into the arena: the component's namespace reads
 * as "jabber:client", the attribute lang as "xml:lang". *size is the octets
 * that its text takes, but for escapes. NULL: deeper than X_DEPTH_MAX, too many
 * attributes, or over the arena's limit. */
struct xnode *stream_tree(struct arena *a, xmpp_stanza_t *stanza, size_t *size);

/* The condition of a stream error ("not-authorized"). */
const char *stream_error_name(const xmpp_stream_error_t *e);
/* Is it one that only an administrator can mend (COMP-6)? */
bool stream_error_lasts(const xmpp_stream_error_t *e);
