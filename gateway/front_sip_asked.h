/* A REFER of ours that asks somebody into a room. */
#pragma once

#include "gateway/front_sip_priv.h"

/* One goes out that is to make this dialog; cfg.invited hears what comes of it.
 */
void asked_new(struct dialog *d, uint64_t invitation);
void asked_free(struct dialog *d); /* of one without any it is fine, too */
/* The final response to it. May end what is asked, not the dialog. */
void asked_response(struct dialog *d, const struct port_msg *m);
/* A NOTIFY in the dialog, where something is asked: it is answered. May free
 * the dialog. */
void asked_notified(struct dialog *d, const struct port_msg *m);
