/* What the files of file transfers share:
 *   front_sip_transfer.c       the lines that offer them, and their ends
 *   front_sip_transfer_file.c  the file that comes */
#pragma once

#include "gateway/front_sip_transfer.h"

#include "gateway/front_sip_file.h"
#include "gateway/reach.h"
#include "sip/file_check.h"

#define TRANSFERS_MAX 8 /* of a call */

struct transfer {
	TAILQ_ENTRY(transfer) link;
	struct call *call;
	char *offer; /* selector and id, to know it again */
	char *type;
	struct buf name;
	struct sdp_file_line line;
	struct sdp_file offered; /* without its type, which is above */
	/* where we connect to, if we do: the rest of his line is not kept */
	struct sdp_media peer;
	char *peer_text; /* its strings */
	struct reach *reaching;
	bool connects, started, bound;
	struct msrp_session *session; /* NULL: it is over */
	struct timer timer;
	struct msrp_incoming *in; /* a long one that comes */
	struct stream *stream;	  /* NULL: nothing has come */
	struct filing *filing;
	struct file_check *check;
	uint64_t came;
	msrp_tx tx; /* the answer that is due, or 0 */
};

struct transfers {
	TAILQ_HEAD(, transfer) all;
	size_t n;
	struct sdp_file_line lines[TRANSFERS_MAX];
};

/* What has come of it so far. */
void transfer_drop_file(struct transfer *t);
/* Nothing more is held or awaited. */
void transfer_stop(struct transfer *t);
/* A call that was made for files alone ends with them; its peer has some time
 * to say so himself. */
void transfer_over(struct transfer *t);
/* The same user's place in the room, or NULL. */
struct call *transfer_speaker(struct call *c);
/* Tells him that his file is not passed on: "its hash is not ..". */
void transfer_tell(struct transfer *t, const char *why);

extern const struct msrp_session_ops transfer_session_ops;
