/* The administrator's socket in the file system. */
#pragma once

#include <sys/types.h>

struct admin_socket {
	char path[108]; /* "" = none */
	dev_t dev;
	ino_t ino;
};

/* Makes and binds it (mode 0660) and returns the listening descriptor,
 * non-blocking, or a negated errno value with a line in why. */
int admin_socket_open(struct admin_socket *s, const char *path, char why[256]);
/* Removes it, unless it has been replaced. */
void admin_socket_remove(struct admin_socket *s);
