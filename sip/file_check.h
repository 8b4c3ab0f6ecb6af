/* Is what has come the file that its offer described (RFC 5547 §8.3.1)? Pure.
 */
#pragma once

#include "sip/sdp.h"

struct file_check;

struct file_check *file_check_new(const struct sdp_file *offered);
void file_check_free(struct file_check *c); /* NULL is fine */
/* The next octets of the file. */
void file_check_add(struct file_check *c, struct str data);
/* All has come: NULL, or in what it differs ("size", "hash"). To be asked once.
 */
const char *file_check_end(struct file_check *c);
