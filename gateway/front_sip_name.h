/* Dialogs by their identifiers, for requests that name another dialog. */
#pragma once

#include "base/loop.h"
#include "sip/port.h"

struct dialog;
struct dialog_names;
struct front_sip;

struct dialog_id {
	struct str call_id, local, remote; /* the tags, as we see them */
};

struct dialog_names *dialog_names_new(struct loop *loop);
/* After the dialogs. */
void dialog_names_free(struct dialog_names *n);
/* The dialog is known by this, too. */
void dialog_learn(struct dialog *d, const struct dialog_id *id);
/* The SIP process tells of it (PORT_DIALOG). */
void dialog_reported(struct dialog *d, const struct port_msg *m);
/* Its call is over: for 64*T1 its names say so. */
void dialog_names_ended(struct dialog *d);
/* The dialog is freed. */
void dialog_names_drop(struct dialog *d);
/* The dialog of this name, or NULL; *ended: there was one a moment ago. */
struct dialog *dialog_named(struct front_sip *f, const struct dialog_id *id,
			    bool *ended);
/* "call-id;local=..;remote=.." with these names for the tags; false: one of the
 * three is missing. Slices of value. */
bool dialog_id_read(struct str value, const char *local, const char *remote,
		    struct dialog_id *out);
