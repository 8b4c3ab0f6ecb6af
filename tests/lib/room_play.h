/* Plays bytes as the doings of a handful of users from both worlds in one room,
 * also from inside event handlers, an administrator's among them, and asserts
 * what must always hold:
 *
 * - every seat hears the same events in the same order from its join on;
 * - a roster kept by events is the room's roster;
 * - messages come once, none missing, history before and in order;
 * - each operation has one result, unless its seat has gone;
 * - nicknames are unique;
 * - a seat that has left or ended is never touched (its memory is freed). */
#pragma once

#include <stddef.h>
#include <stdint.h>

void room_play(const uint8_t *data, size_t n);
