/* stoxctl: the administrator's command. */
#pragma once

#include <stdio.h>

/* Runs one command line. 0: done; 1: refused, or no daemon; 2: wrong usage.
 * What is asked for on the terminal (a password) is not read from in. */
int ctl_run(int argc, char **argv, FILE *in, FILE *out, FILE *err);
