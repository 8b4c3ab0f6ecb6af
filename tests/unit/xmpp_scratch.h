/* Where the tests of xmpp/ read trees and write text. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/lib/xmlin.h"

struct scratch {
	struct arena *a;
	struct buf b;
};

static inline int scratch_setup(void **state)
{
	struct scratch *f = test_malloc(sizeof(*f));

	f->a = arena_new(1 << 20);
	buf_init(&f->b, 1 << 20);
	*state = f;
	return 0;
}

static inline int scratch_teardown(void **state)
{
	struct scratch *f = *state;

	buf_done(&f->b);
	arena_free(f->a);
	test_free(f);
	return 0;
}
