/* Kept files over HTTP: GET and HEAD by whoever knows the link. */
#pragma once

#include "gateway/files.h"

struct files_http;

/* Listens where the configuration says: 0, or negative with a line in why. */
int files_http_new(struct loop *loop, const struct config *config,
		   struct files *files, struct files_http **out, char why[256]);
void files_http_free(struct files_http *h); /* NULL is fine */
/* For tests: where it listens. */
uint16_t files_http_port(const struct files_http *h);
