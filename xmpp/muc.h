/* What a stanza to a room service means (XEP-0045). Pure. */
#pragma once

#include "xmpp/stanza.h"

enum muc_kind {
	MUC_IGNORE,   /* nothing is owed */
	MUC_JOIN,     /* presence with <x muc/> */
	MUC_PRESENCE, /* available presence without <x/>: update, nick change or
			 X2S-3 */
	MUC_LEAVE,
	MUC_SUBSCRIBE, /* owes unsubscribed */
	MUC_PROBE,
	MUC_GROUPCHAT, /* to the bare room, with any payload */
	MUC_SUBJECT, /* groupchat with <subject/> and neither body nor thread */
	MUC_PRIVATE, /* chat, normal or headline to room/nick */
	MUC_INVITE,
	MUC_DECLINE,
	MUC_VOICE_REQUEST, /* to the bare room */
	MUC_BAD_MESSAGE,   /* owes the error in `error` */
	MUC_BOUNCE,   /* message or presence of type error; `error` is what it
			 says */
	MUC_IQ,	      /* get or set: payload is its child */
	MUC_IQ_REPLY, /* result or error */
	MUC_BAD_IQ,   /* owes modify/bad-request */
};

struct muc_in {
	enum muc_kind kind;
	struct jid from, to; /* to.node = room, to.resource = nick */
	struct str id, type, lang;
	const struct xnode *stanza;
	const struct xnode
	    *x; /* <x muc/> of a join, <x muc#user/> of an invite, .. */
	const struct xnode *payload; /* iq: the child */
	struct str password;
	bool history_none; /* maxchars=0 or maxstanzas=0 */
	bool has_max_chars, has_max_stanzas,
	    has_since; /* seconds reads as since */
	size_t max_chars, max_stanzas;
	uint64_t since_ms;
	bool set; /* iq */
	struct stanza_error error;
};

/* now_ms: wall clock, for history seconds. 0, or ERR_SYNTAX for a stanza
 * without usable from or to (drop it). */
int muc_classify(const struct xnode *stanza, struct arena *a, uint64_t now_ms,
		 struct muc_in *out);
