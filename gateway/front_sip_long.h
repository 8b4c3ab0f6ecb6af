/* Long messages through a call, passed on as they come (CHAT-14 to -17). */
#pragma once

#include "gateway/front_sip_call.h"

/* In operation ids of what says them; the rest is the upload's number. */
#define OP_UPLOAD (1ull << 61)

/* front_sip_upload.c: from the user */
void call_on_flow(void *call, struct msrp_incoming *in,
		  const struct msrp_message *m);
/* One that has waited is told (front_sip_turn.h). */
void upload_go_on(struct call *c, uint64_t number);
/* The room's answer to one. */
void upload_result(struct call *c, uint64_t number, enum reason_code code);

/* The call is over: those whose files are still being written. */
void uploads_drop(struct call *c);

/* front_sip_copy.c: to the user, from its beginning on */
void call_copy(struct call *c, struct message *m);
