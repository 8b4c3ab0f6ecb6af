/* The MSRP side of a call. */
#pragma once

#include "tests/bench/sip.h"

/* Connects to 127.0.0.1:port and binds the call's session by a bodiless SEND
 * (RFC 4975 §5.4). The socket, the caller's. */
int bind_session(uint16_t port, const struct call *call);
