/* Content that SIP users send on its way into a file, to be fetched by those
 * who can't be given it (CHAT-20). */
#pragma once

#include "conference/stream.h"
#include "gateway/files.h"
#include "gateway/front_sip_call.h"

struct cpim;
struct filing;
struct turn;

struct filing_cfg {
	struct files *files;
	struct file_head about;
	struct stream *stream; /* that nothing has been put into yet */
	size_t skip;	       /* its first octets are not the file's */
	bool has_size;
	uint64_t size; /* of the file */
	/* 0 and the link, or what went wrong (maybe before the stream is over).
	 * The filing is gone. */
	void (*done)(void *user, int err, struct str url);
	void *user;
};
/* NULL: it is too big, or there is no room for it. */
struct filing *filing_new(const struct filing_cfg *cfg);
void filing_drop(struct filing *k); /* NULL is fine */

/* Is content of this type, said by the call's user with this message, kept for
 * others? */
bool file_is_wanted(struct call *c, const struct message *m, struct str type);
/* What is to be said of it; the name as the sender gives it, if he does. b
 * keeps the name. */
struct file_head file_about(const struct call *c, const struct cpim *cpim,
			    struct buf *b);
/* A message that says where the file is: by the user himself, with From and To
 * of `head`, a CPIM entity's beginning. Not said yet. */
struct message *file_message(struct call *c, struct str head, struct str url,
			     struct str name, uint64_t size);

/* It has been said: if the room has refused it, the file of this link goes. */
void file_unless_said(struct call *c, const struct message *m, struct str url);

/* A message that has come whole: is its content, not for XMPP users, to be
 * kept? */
bool file_is_due(struct call *c, const struct message *m);
/* Then it is said with a link, if that can be had: t->filing until then. The
 * turn may be over when this returns. */
void file_keep(struct turn *t);
