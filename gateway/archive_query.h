/* A question to the archive, as the store's thread answers it. */
#pragma once

#include "base/arena.h"
#include "gateway/archive.h"
#include "gateway/store_priv.h"

struct archive_ask {
	struct store_job job;
	TAILQ_ENTRY(archive_ask) link; /* of the archive, while that is there */
	struct archive *archive;       /* NULL: nobody waits for it */
	struct arena *arena;
	struct archive_query query;
	struct archive_page page;
	archive_done *done;
	void *user;
};

/* Fills page. On the store's thread. */
void archive_answer(struct store_job *ask, struct db *db);
