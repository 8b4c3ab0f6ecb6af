/* Who is in a room: occupants, and the seats that are their devices or only
 * look on. */
#pragma once

#include "conference/nick_priv.h"
#include "conference/room.h"

#define IDENTITY_MAX 4096 /* octets of user, sip_uri, jid, ... each */
#define DEVICES_MAX  32	  /* of one occupant */
#define TIDY_SHARE   4	  /* holes are closed when every fourth place is one */

struct room;
struct occ;

/* Who hears what: seats side by side, so that a fan-out walks one array. A seat
 * that goes leaves a hole, closed at the end of some turn. */
enum audience_kind {
	AUDIENCE_ALL,
	AUDIENCE_ROSTER,
	AUDIENCE_MESSAGES,
	AUDIENCE_SUBJECT,
	AUDIENCES
};

struct audience {
	struct seat **seats;
	size_t n, room, holes;
};

/* Who somebody is, for lists and reserved names. */
struct person {
	struct str user;	 /* occupant.user */
	struct str account, jid; /* as affiliations know him */
};

/* A seat as the room knows it; the front end's struct seat may go before. */
struct seat_rec {
	struct device device;
	TAILQ_ENTRY(seat_rec) link; /* room.recs */
	struct seat_rec *next;	    /* of the same occupant */
	struct room *room;
	struct seat *seat;    /* NULL: left or ended */
	bool ended;	      /* removed: SEAT_ENDED is on its way */
	bool own;	      /* see seat_join.own */
	struct occ *occ;      /* NULL: an observer */
	struct person person; /* an observer's, in person_text */
	char *person_text;
	char *label;
	struct presence presence; /* in presence_text */
	char *presence_text;
	uint64_t presence_turn;	 /* the occupant shows his latest */
	size_t place[AUDIENCES]; /* from 1; 0: not in it */
};

struct occ {
	struct occupant pub;
	struct nick nick;
	/* the block of user, sip_uri, jid, stable_id, display, person */
	char *identity;
	struct person person;
	bool role_set;	   /* by a moderator: the settings don't change it */
	uint64_t asked_ms; /* when he last wanted a voice; 0: never */
	bool scoped;	   /* rooms.nicks counts his nickname */
	struct seat_rec *devices;
	struct occ *same_user; /* the next one of this user */
	size_t place;	       /* in room.occs */
};

/* roster.c */
void roster_init(struct room *r);
void roster_done(struct room *r);
void roster_tidy(struct room *r);
struct occ *roster_by_id(const struct room *r, uint64_t id);
struct occ *roster_by_key(const struct room *r, struct str key);
struct occ *roster_by_user(const struct room *r, struct str user);
/* take_nick is consumed everywhere. */
/* A new occupant, without devices, whose world, user, sip_uri, jid, stable_id
 * and display are as in like. */
struct occ *roster_add(struct room *r, const struct occupant *like,
		       const struct person *who, struct nick take_nick,
		       bool chosen);
/* A person of one world, whatever his nickname. */
bool occ_same_user(const struct occ *a, const struct occ *b);
/* Out of the roster; its memory stays until the end of the turn. */
void roster_remove(struct room *r, struct occ *o);
void roster_rename(struct room *r, struct occ *o, struct nick take_nick);
struct seat_rec *rec_new(struct room *r, const struct seat_join *join,
			 struct seat *seat);
/* Out of the room; its memory stays until the end of the turn. */
void rec_remove(struct room *r, struct seat_rec *rec);
void occ_add_device(struct occ *o, struct seat_rec *rec);
void occ_remove_device(struct occ *o, struct seat_rec *rec);

/* admit.c */
struct person person_of(const struct seat_join *join);
enum reason_code person_admitted(const struct room *r,
				 const struct person *who);

/* presence.c */
/* True if what the occupant shows has changed. */
bool rec_set_presence(struct room *r, struct seat_rec *rec,
		      const struct presence *p);
bool occ_update_presence(struct occ *o);
