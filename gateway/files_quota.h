/* How much each room, each user and all together have among the kept files, and
 * whether there may be more. Pure. */
#pragma once

#include "gateway/config.h"
#include "gateway/files_disk.h"

struct quotas {
	const struct config *config;
	struct table *rooms, *users; /* shares */
	uint64_t bytes;		     /* of all */
};
void quotas_init(struct quotas *q, const struct config *config); /* borrowed */
void quotas_done(struct quotas *q); /* all accounts are closed */

/* Of one file, kept or coming: on its room's and its user's share. */
struct account {
	struct share *room, *user;
	uint64_t bytes;
};
void account_open(struct quotas *q, struct account *a,
		  const struct file_head *h);
void account_close(struct quotas *q, struct account *a);
void account_charge(struct quotas *q, struct account *a, uint64_t bytes);
/* Less came than was announced. */
void account_give_back(struct quotas *q, struct account *a, uint64_t bytes);
/* 0, ERR_TOO_BIG (the file), ERR_FULL (a quota). */
int account_may_grow(const struct quotas *q, const struct account *a,
		     uint64_t more);
