/* What outlives the process: calls and subscriptions as they are kept, and how
 * they come back. */
#pragma once

#include "gateway/front_sip_priv.h"
#include "gateway/kept.h"

struct call;
struct subscription;

/* A saved call or subscription that waits for front_sip_restored. */
struct saved {
	uint64_t dlg, order;
	enum kept_kind kind;
	char *key;
	struct blob *value;
};

/* front_sip_keep.c */
struct kept_key {
	struct buf text;
};
#define KEPT_KEY_INIT ((struct kept_key){BUF_INIT(PORT_BODY_MAX)})
/* Under which a call (event_id NULL) or subscription is kept; k owns it. */
struct str kept_key(struct kept_key *k, uint64_t dlg, const char *event_id);
/* What is kept of a call in its room, if it has changed. */
void call_keep(struct call *c);
/* Likewise after a change of nickname, which all devices share. */
void call_keep_nick(struct call *c);
void call_unkeep(struct call *c);
void subscription_keep(struct subscription *s);
/* Before a document goes out. */
void subscription_keep_version(struct subscription *s);
void subscription_unkeep(struct subscription *s);

/* front_sip_restore.c */
/* The response to the re-INVITE after a restart. */
void call_renewed(struct call *c, const struct port_msg *m);
void restore_free(struct front_sip *f);
