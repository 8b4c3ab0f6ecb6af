/* Service discovery answers of a room service and its rooms (XEP-0030, XEP-0045
 * §6). Pure: each writes the <query/> payload. */
#pragma once

#include "xmpp/stanza.h"

struct disco_room {
	struct str name; /* title; empty: none */
	bool public, persistent, members_only, moderated, anonymous, password;
	bool archive;	   /* it has one that one may ask */
	bool elsewhere;	   /* nobody moderates or registers here */
	bool show_details; /* subject and occupants may be told (DISCO-6) */
	struct str description, subject, lang;
	const struct str *contacts; /* JIDs, for all to see */
	size_t n_contacts;
	size_t n_occupants;
	size_t max_history;
	bool occupants_change_subject;
};

void disco_service_info(struct buf *b, struct str service_name);
void disco_room_info(struct buf *b, const struct disco_room *r);
/* What nickname is reserved for who asks; empty: none (XEP-0045 §7.12). */
void disco_reserved_nick(struct buf *b, struct str nick);
/* A participant who is a SIP user, answered for by us (DISCO-10). */
void disco_sip_user_info(struct buf *b);
/* Items: open, any number of items, close. */
void disco_items_begin(struct buf *b, struct str node);
void disco_item(struct buf *b, struct str jid, struct str name);
/* What part of the whole list the items are (XEP-0059 §2.5): the first one's
 * and the last one's JID (empty: none), the first one's index, how many there
 * are in all. */
void disco_items_set(struct buf *b, struct str first, size_t index,
		     struct str last, size_t count);
void disco_items_end(struct buf *b);
