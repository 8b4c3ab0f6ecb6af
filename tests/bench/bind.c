#include "tests/bench/bind.h"

#include <err.h>
#include <stdio.h>

#include "tests/bench/frame.h"

struct wire bind_session(uint16_t port, const struct call *call)
{
	struct wire w = wire_connect(port, call->tls);
	char text[600];
	struct frame f;
	size_t have = 0;
	ssize_t used = 0, got;
	int n = snprintf(text, sizeof(text),
			 "MSRP bind%06u SEND\r\nTo-Path: %s\r\n"
			 "From-Path: %s\r\nMessage-ID: bind%06u\r\n"
			 "-------bind%06u$\r\n",
			 call->user, call->path, call->own_path, call->user,
			 call->user);

	wire_write(&w, text, (size_t)n);
	while (used == 0) {
		got = wire_await(&w, text + have, sizeof(text) - have);
		if (got <= 0)
			errx(1, "MSRP: no answer to the first SEND");
		have += (size_t)got;
		used = frame_read(str_of(text, have), &f);
	}
	if (used != (ssize_t)have || !str_eq(f.method, STR("200")))
		errx(1, "MSRP: the first SEND got %.*s", (int)have, text);
	return w;
}
