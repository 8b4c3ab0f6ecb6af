/* The order of what one SIP user's call says. A picture is said when it is kept
 * for XMPP users; what comes behind it waits, so that it is not overtaken. */
#pragma once

#include "base/buf.h"
#include "gateway/front_sip_call.h"

struct filing;

struct turn {
	TAILQ_ENTRY(turn) link;
	struct call *call;
	enum seat_cmd_type type; /* SEAT_SAY or SEAT_SUBJECT */
	uint64_t op;		 /* of an upload, its number */
	struct message *msg;	 /* NULL: an upload */
	/* its content is being kept (front_sip_file.h) */
	struct filing *filing;
	struct buf name;
	uint64_t size;
	bool linked; /* the message holds the link */
};

/* A message in cmd is said, or sets the subject, now or when what came before
 * it has been. Too much waits: call_on_result() with REASON_OVERLOAD. */
void turn_take(struct call *c, const struct seat_cmd *cmd);
/* Must this upload wait? upload_go_on() is called in its turn. */
bool turn_waits(struct call *c, uint64_t upload);
/* Says what need not wait. */
void turns_go_on(struct call *c);
/* The user leaves: what waits is said as it is. */
void turns_say_all(struct call *c);
/* The call is over. */
void turns_drop(struct call *c);
