/* What front_sip_roster.c makes documents of: the users of a watched room, one
 * by one or, for what several readers get, in sheets. */
#pragma once

#include "gateway/front_sip_watch.h"

/* Which users a document has. */
struct range {
	bool full;
	/* partial: up to where its reader has been told, and up to where
	 * before that */
	uint64_t told, before;
};

struct place {
	uint64_t turn;
	size_t at;
};

struct sheet {
	unsigned view;
	struct range range;
	uint64_t to; /* the turn that it was written in */
	struct blob *text;
	struct place *places; /* of users, as they follow each other */
	size_t n_places;
	bool farewells; /* has some */
};

/* The user's element; of one who has left, his last. Nothing if he is not in
 * the range. own: for this user himself. */
void roster_put_user(struct watched_room *w, struct buf *b,
		     struct watched_user *u, const struct range *r,
		     unsigned view, bool own);
/* The first user who has changed since that turn, or NULL. */
struct watched_user *roster_since(struct watched_room *w, uint64_t turn);
/* The first of the range, or NULL. */
struct watched_user *roster_first(struct watched_room *w,
				  const struct range *r);

/* All users of the range up to one turn; the room keeps it. NULL: it would be
 * too long. */
struct sheet *roster_sheet(struct watched_room *w, unsigned view,
			   const struct range *r);
/* Has m leave out what the sheet says of this user. */
void sheet_cut(const struct sheet *sheet, const struct watched_user *u,
	       struct port_msg *m);
