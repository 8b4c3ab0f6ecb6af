/* Commands that can't run at once: they come from inside an event. */
#pragma once

#include "conference/seat.h"

struct seat_cmd_copy;

/* With its strings, a reference to its message and all else that it borrows. */
struct seat_cmd_copy *seat_cmd_copy(const struct seat_cmd *cmd);
const struct seat_cmd *seat_cmd_of(const struct seat_cmd_copy *c);
void seat_cmd_free(struct seat_cmd_copy *c); /* NULL is fine */
