/* What people want of a room, a file for each. */
#pragma once

#include "conference/room_priv.h"

/* The commands change the room and put events in line; what they return is the
 * seat's result. */

/* join.c */
enum reason_code room_join(struct room *r, void *join_task);

/* leave.c */
void room_leave(struct room *r, struct seat_rec *rec,
		const struct seat_cmd *cmd);

/* kick.c */
/* Out, with all his devices; all are told. */
void room_expel(struct room *r, struct occ *o, struct reason why);
void room_kick(struct room *r, struct seat_rec *rec,
	       const struct seat_cmd *cmd);

/* say.c */
/* The author as he is now. False: the message's arena is full. */
bool message_stamp(struct room *r, const struct occupant *by,
		   struct message *m);
/* Does the device take private messages, or this one at least? */
bool device_is_private(const struct seat_rec *rec, const struct message *m);
enum reason_code room_say(struct room *r, struct seat_rec *rec,
			  const struct seat_cmd *cmd);

/* retract.c */
/* What this message takes back goes, if its author may. */
void room_retract(struct room *r, struct message *by);

/* nick_change.c */
enum reason_code room_nick(struct room *r, struct seat_rec *rec,
			   const struct seat_cmd *cmd);

/* subject.c */
enum reason_code room_subject(struct room *r, struct seat_rec *rec,
			      const struct seat_cmd *cmd);
void subject_put(struct room *r, const struct subject *s);
void subject_tell(struct room *r, struct seat_rec *rec);

/* presence.c */
enum reason_code room_presence(struct room *r, struct seat_rec *rec,
			       const struct seat_cmd *cmd);
enum reason_code room_device(struct room *r, struct seat_rec *rec,
			     const struct seat_cmd *cmd);

/* lock.c */
void room_lock(struct room *r);
void lock_open(struct room *r);
enum reason_code room_unlock(struct room *r, struct seat_rec *rec);

/* moderate.c */
void room_moderate(struct room *r, struct seat_rec *rec,
		   const struct seat_cmd *cmd);

/* voice.c */
enum reason_code room_ask_voice(struct room *r, struct seat_rec *rec);
