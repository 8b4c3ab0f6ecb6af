/* Stanzas read as a small read-only tree in an arena, written as text. Pure. */
#pragma once

#include "base/arena.h"
#include "base/buf.h"

struct xattr {
	struct str name; /* "id"; "xml:lang" for that one */
	struct str value;
	const struct xattr *next;
};

/* An element, or a run of text (name empty, text set). */
struct xnode {
	struct str name;
	struct str
	    ns; /* namespace; the component's own reads as "jabber:client" */
	struct str text;
	const struct xattr *attrs;
	const struct xnode *children, *next;
};

#define NS_CLIENT      "jabber:client"
#define NS_MUC	       "http://jabber.org/protocol/muc"
#define NS_MUC_USER    "http://jabber.org/protocol/muc#user"
#define NS_MUC_ADMIN   "http://jabber.org/protocol/muc#admin"
#define NS_MUC_OWNER   "http://jabber.org/protocol/muc#owner"
#define NS_STANZAS     "urn:ietf:params:xml:ns:xmpp-stanzas"
#define NS_DELAY       "urn:xmpp:delay"
#define NS_SID	       "urn:xmpp:sid:0"
#define NS_OCCUPANT    "urn:xmpp:occupant-id:0"
#define NS_PING	       "urn:xmpp:ping"
#define NS_DISCO_INFO  "http://jabber.org/protocol/disco#info"
#define NS_DISCO_ITEMS "http://jabber.org/protocol/disco#items"
#define NS_XDATA       "jabber:x:data"
#define NS_REGISTER    "jabber:iq:register"
#define NS_XHTML_IM    "http://jabber.org/protocol/xhtml-im"
#define NS_CHATSTATES  "http://jabber.org/protocol/chatstates"
#define NS_RSM	       "http://jabber.org/protocol/rsm"
#define NS_MAM	       "urn:xmpp:mam:2"
#define NS_OOB	       "jabber:x:oob"

/* The attribute's value; empty if absent. */
struct str x_attr(const struct xnode *n, const char *name);
bool x_has_attr(const struct xnode *n, const char *name);
/* The first child element; ns NULL = any, name NULL = any. */
const struct xnode *x_child(const struct xnode *n, const char *name,
			    const char *ns);
/* The next sibling element of the same sort. */
const struct xnode *x_next(const struct xnode *n, const char *name,
			   const char *ns);
bool x_is(const struct xnode *n, const char *name, const char *ns);
/* All text directly inside the element, joined in the arena. */
struct str x_text(const struct xnode *n, struct arena *a);

/* Elements may nest this deep in a tree: whoever builds one refuses more, so
 * that whoever reads or writes it may recurse. */
#define X_DEPTH_MAX 64

/* Building a tree (for the stream and for tests). NULL over the arena's limit,
 * and for an element of the two namespaces that nobody can declare: a stanza
 * with one could not be passed on without ending the stream. */
struct xnode *x_new(struct arena *a, struct str name, struct str ns);
/* The same for a namespace that lives as long as the arena's content. */
struct xnode *x_new_in(struct arena *a, struct str name, struct str ns);
struct xnode *x_new_text(struct arena *a, struct str text);
/* In front of the attributes that are there. 0, ERR_TOO_BIG over the arena's
 * limit. */
int x_add_attr(struct arena *a, struct xnode *n, struct str name,
	       struct str value);
/* All of it, in this arena; NULL over its limit. */
struct xnode *x_copy(struct arena *a, const struct xnode *n);
/* After last, the child added before; NULL for the first. */
void x_add_child(struct xnode *parent, struct xnode *last, struct xnode *child);

/* Writes the element as text, declaring a namespace only where it differs from
 * its parent's (around: the namespace at the place of insertion). Text is
 * cleaned. */
void x_write(struct buf *b, const struct xnode *n, struct str around);

/* "<name from=.. to=.. type=.. id=..": without the closing '>', so that
 * attributes may follow; empty values are left out. */
void x_open(struct buf *b, const char *name, struct str from, struct str to,
	    struct str type, struct str id);
/* " name='value'", escaped; nothing for an empty value. */
void x_put_attr(struct buf *b, const char *name, struct str value);
/* All in the message of a mediated invitation, or of its decline, and its end:
 * what ("invite", "decline") concerns whom, by the attribute to or from
 * (XEP-0045 §7.8.2). */
void x_put_mediated(struct buf *b, const char *what, const char *attr,
		    struct str whom, struct str reason);
/* "<name>text</name>", escaped. */
void x_put_text(struct buf *b, const char *name, struct str text);

/* A stanza error's type and condition ("cancel", "item-not-found"). */
struct stanza_error {
	const char *type, *condition;
};
/* What the <error/> of a stanza says; empty strings where it says nothing. They
 * live in the arena. */
void x_read_error(const struct xnode *stanza, struct arena *a,
		  struct stanza_error *out);
/* <error type=.. by=..><condition/><text/></error>; by and text may be empty.
 */
void x_put_error(struct buf *b, struct stanza_error e, struct str by,
		 struct str text);
/* Likewise of gone or redirect, which name a new address (RFC 6120 §8.3.3.5);
 * empty: they don't. */
void x_put_error_at(struct buf *b, struct stanza_error e, struct str by,
		    struct str text, struct str address);

/* RFC 6120 §8.3.3.8: the error of a stanza whose `to` is no address, which can
 * only come from the bare domain (ERR-13). False: `to` is one. True, and
 * nothing is added to out: none is owed, or nobody to send it to. */
bool x_put_misaddressed(struct buf *out, const struct xnode *stanza,
			struct str domain);

/* A JID's parts: slices, not prepared (the server has done that). */
struct jid {
	struct str node, domain, resource;
	struct str bare; /* node@domain or domain */
	struct str full; /* all of it */
};
/* 0, ERR_SYNTAX (empty domain, empty node or resource, a part over 1023
 * octets). */
int jid_split(struct str s, struct jid *out);
/* Of a stanza's `from` and `to`. */
int x_addresses(const struct xnode *stanza, struct jid *from, struct jid *to);
