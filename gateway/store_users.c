/* The store's table of SIP users. */
#include "gateway/store_priv.h"

void store_user_put(struct store *s, const struct store_user *user)
{
	store_add(s, OP_PUT, ROW_USERS, 4,
		  (struct cell[]){cell_text(user->address),
				  cell_text(user->realm), cell_text(user->md5),
				  cell_text(user->sha256)},
		  false);
}

void store_user_delete(struct store *s, struct str address, struct str realm)
{
	store_add(s, OP_DELETE, ROW_USERS, 2,
		  (struct cell[]){cell_text(address), cell_text(realm)}, false);
}

struct users_call {
	void (*fn)(void *user, const struct store_user *row);
	void *user;
};

static void user_row(void *user, const struct cell *row)
{
	const struct users_call *call = user;

	call->fn(call->user, &(struct store_user){.address = row[0].s,
						  .realm = row[1].s,
						  .md5 = row[2].s,
						  .sha256 = row[3].s});
}

void store_users(struct store *s,
		 void (*fn)(void *user, const struct store_user *row),
		 void *user)
{
	struct users_call call = {fn, user};

	store_rows(s, ROW_USERS, user_row, &call);
}
