/* A loop whose clock a test moves, or that runs on the real one. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/loop.h"

/* ms go by on this clock, the loop's, through every timer that falls due. */
static inline void step_time(struct loop *loop, uint64_t *now_ms, uint64_t ms)
{
	uint64_t end = *now_ms + ms, at;

	loop_settle(loop);
	while ((at = loop_next_timer(loop)) <= end) {
		*now_ms = at > *now_ms ? at : *now_ms;
		loop_settle(loop);
	}
	*now_ms = end;
	loop_settle(loop);
}

static inline void step_give_up(void *user)
{
	(void)user;
	fail_msg("nothing happened for 20 s");
}

/* Runs on the real clock until a callback ends the loop. */
static inline void step_run(struct loop *loop)
{
	struct timer guard = {0};

	timer_set(loop, &guard, 20000, step_give_up, NULL);
	loop_run(loop);
	timer_cancel(loop, &guard);
}
