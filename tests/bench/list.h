/* Lists of numbers among a bench's options. */
#pragma once

#define LIST_MAX 8

struct list {
	unsigned v[LIST_MAX];
	unsigned n;
};

/* "1,16" into l: numbers from 1 to max; else the program ends with status 2 and
 * says why. */
void list_parse(struct list *l, const char *text, unsigned max);
