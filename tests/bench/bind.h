/* The MSRP side of a call. */
#pragma once

#include "tests/bench/sip.h"
#include "tests/bench/wire.h"

/* Connects to 127.0.0.1:port and binds the call's session by a bodiless SEND
 * (RFC 4975 §5.4). The stream,
 * the caller's; with TLS if the call wants it. */
struct wire bind_session(uint16_t port, const struct call *call);
