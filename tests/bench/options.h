/* A bench's command line. */
#pragma once

#include <stdbool.h>

#define LIST_MAX 8

struct list {
	unsigned v[LIST_MAX];
	unsigned n;
};

enum option_kind {
	OPTION_FLAG,   /* bool, set */
	OPTION_NUMBER, /* unsigned */
	OPTION_REAL,   /* double */
	OPTION_TEXT,   /* const char *, into argv */
	OPTION_LIST,   /* struct list: "1,16", numbers from 1 to max */
};

/* --name, and the place of its value. */
struct bench_option {
	const char *name;
	enum option_kind kind;
	void *to;
	unsigned max;
};

/* Known ends with a name of NULL. False: something is not known or has no
 * value, or stands behind the options. A list that is none ends the program. */
bool options_parse(const struct bench_option *known, int argc, char **argv);

/* The program ends with status 2, telling how it is called. */
_Noreturn void options_refuse(const char *usage);
