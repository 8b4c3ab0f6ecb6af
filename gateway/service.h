/* The running daemon: a core with its SIP process, its component streams, and
 * the signals that end it. */
#pragma once

#include "gateway/config.h"

/* Runs until SIGTERM or SIGINT: 0; 1 when it could not start (a line on
 * standard error says why). program: the path of stoxd-sip. */
int service_run(const struct config *config, const char *program);
