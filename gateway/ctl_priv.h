/* Shared by the files of stoxctl. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "base/buf.h"

#define CTL_DONE    0
#define CTL_REFUSED 1
#define CTL_USAGE   2

#define CTL_ARGUMENTS_MAX 16384 /* octets, each with its end */

struct ctl {
	const char *socket;
	bool json; /* print answers as they are */
	bool password_stdin;
	FILE *in, *out, *err;
	char **args; /* behind the command's name */
	int n_args;
};

struct ctl_command {
	const char *name, *args, *help;
	int min, max; /* number of arguments; max < 0: any */
	int (*run)(struct ctl *c);
};
extern const struct ctl_command ctl_commands[]; /* up to one without a name */

/* --- ctl.c --- */

/* Says how the command is used; returns CTL_USAGE. */
int ctl_usage(struct ctl *c, const char *name);

/* --- ctl_password.c --- */

/* From standard input (its first line), or asked for twice on the terminal;
 * NULL after an error. free() it. */
char *ctl_password(struct ctl *c);

/* --- ctl_http.c --- */

/* One request to the daemon; body NULL: none. Its status, with the answer's
 * body added to answer; or negative with a line in why. */
int ctl_http(const char *socket, const char *method, const char *path,
	     const char *body, struct buf *answer, char why[256]);
/* Reads the answer of an HTTP server, whole: as above. */
int ctl_http_parse(struct str in, struct str *body, char why[256]);

/* --- ctl_table.c --- */

/* Rows of cells, written in aligned columns. A cell is cleaned of what would
 * disturb a terminal; an empty one shows as "-". */
struct ctl_table;

/* head: the columns' names up to a NULL, or NULL for a table of names and
 * values. */
struct ctl_table *ctl_table_new(size_t columns, const char *const *head);
void ctl_table_cell(struct ctl_table *t, const char *text);
void ctl_table_cellf(struct ctl_table *t, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* Prints and frees it. */
void ctl_table_print(struct ctl_table *t, FILE *out);
/* One cell's text, as the table writes it. */
void ctl_clean(struct buf *out, struct str text);

/* --- ctl_show.c: the answers as people read them --- */

void ctl_show_rooms(const json_t *j, FILE *out);
void ctl_show_room(const json_t *j, FILE *out);
void ctl_show_domains(const json_t *j, FILE *out);
void ctl_show_domain(const json_t *j, FILE *out);
void ctl_show_status(const json_t *j, FILE *out);
void ctl_show_users(const json_t *j, FILE *out);
void ctl_show_reload(const json_t *j, FILE *out);
