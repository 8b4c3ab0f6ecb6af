/* A seat that writes down what it is told, a line per event:
 *
 *   joined Ann created renamed      joined -            (an observer)
 *   + Ben                           + Benny was Ben     (a device that moved)
 *   ~ Ben nick=Benny (was Ben)      ~ Ben presence=away/out devices=2
 *   - Ben REASON_LEFT bye
 *   Ann: hello                      Ann: psst (private) Ann: hello (delayed)
 *   subject 'tea' by Ann            subject '' by (delayed)
 *   room                            = REASON_OK         ended REASON_ROOM_GONE
 *
 * and " op=7" behind an event of its own operation. */
#pragma once

#include "base/buf.h"
#include "conference/seat.h"

struct fake_seat {
	struct seat seat;
	struct buf log;
	/* called after an event is written down, if not NULL */
	void (*then)(struct fake_seat *f, const struct seat_ev *ev);
	void *user;
};

void fake_seat_init(struct fake_seat *f);
void fake_seat_done(struct fake_seat *f);
/* What it was told since the last call; valid until the next event. */
const char *fake_seat_heard(struct fake_seat *f);
