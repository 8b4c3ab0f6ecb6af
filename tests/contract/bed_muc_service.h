/* A MUC service, which plays one room by XEP-0045. */
#pragma once

#include "bed.h"

#include <string.h>

#define ROOM  "r@muc.test"
#define SEATS 16

/* One session of somebody in the room; of ours the JID is known. */
struct session {
	bool in;
	char jid[256], nick[128], role[16], show[16], status[64];
};

struct muc {
	struct bed *b;
	struct session at[SEATS];
	struct buf subject, history;
	struct buf heard; /* "to\ttext\n" */
	enum reason_code refusal;
	bool hushed;
	unsigned ids;
	/* stanzas on their way to us */
	struct buf out[1024];
	size_t n_out;
};

static inline struct muc *muc_of(struct bed *b)
{
	return b->room;
}

#define TO_OURS(m, s)                                                          \
	for (struct session *s = (m)->at; s < (m)->at + SEATS; s++)            \
		if (s->in && *s->jid)

#define NO_ITEM "<item affiliation='none' role='none'/>"

/* A stanza is on its way to us. */
__attribute__((format(printf, 2, 3))) void service_put(struct muc *m,
						       const char *fmt, ...);
/* NULL: nobody. */
struct session *service_by_nick(struct muc *m, struct str nick);
struct session *service_session_new(struct muc *m, struct str nick,
				    struct str jid, const char *role);
/* Their presence to all of ours; id: of the one that is answered. */
void service_present(struct muc *m, const struct session *who, const char *id);
/* inner: of <x/>, but for 110. */
void service_absent_to(struct muc *m, const struct session *who,
		       const struct session *to, const char *status,
		       const char *inner);
/* All hear it; of several sessions under one name only that one goes. */
void service_remove_one(struct muc *m, struct session *who, const char *status,
			const char *inner);
/* Only this session moves; where others keep the name, only they are told of
 * the new one. */
void service_new_nick(struct muc *m, struct session *s, const char *to);
/* Is there an error for this reason? */
bool service_can_refuse(enum reason_code why);
/* A message of this occupant to all of ours. */
void service_to_all(struct muc *m, const char *nick, const char *id,
		    const char *payload);
/* To us, now. */
void service_deliver(struct muc *m, const struct buf *text);
/* A stanza of ours; user: the service (for xmpp_each). */
void service_see(void *user, const struct xnode *n);
