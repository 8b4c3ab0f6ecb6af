#include "gateway/users.h"

#include <stdlib.h>
#include <sys/queue.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/table.h"
#include "base/uri.h"
#include "gateway/store.h"

/* A record of the store has the digests of both names, the user part's first,
 * with a space between them. */
#define MD5_HEX	   32
#define SHA256_HEX 64

struct entry {
	struct user user; /* its strings are the entry's */
	char *address, *uri;
	struct str local;
	LIST_ENTRY(entry) link; /* of those with this user part */
};

LIST_HEAD(entries, entry);

struct users {
	struct store *store;
	char *realm;
	struct table *by_address;
	struct table *by_local; /* of struct entries */
};

static void free_entry(struct entry *e)
{
	if (!e)
		return;
	free(e->address);
	free(e->uri);
	free(e);
}

/* --- addresses --- */

static bool address_char(unsigned char c)
{
	return c > ' ' && c != 0x7f && !strchr(":\"\\/<>", c);
}

static bool domain_char(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' ||
	       c >= 0x80;
}

/* "User@Domain" as it is kept, malloc'd; NULL: no address. */
static char *normal(struct str address)
{
	ptrdiff_t at = str_rfind(address, '@');
	char *z;

	if (at <= 0 || (size_t)at + 1 == address.n ||
	    str_find(address, '@') != at)
		return NULL;
	for (size_t i = 0; i < address.n; i++)
		if (i > (size_t)at ? !domain_char((unsigned char)address.p[i])
				   : !address_char((unsigned char)address.p[i]))
			return NULL;
	z = str_dup(address);
	for (size_t i = (size_t)at; i < address.n; i++)
		if (z[i] >= 'A' && z[i] <= 'Z')
			z[i] = (char)(z[i] + 'a' - 'A');
	return z;
}

static struct entry *new_entry(char *take_address)
{
	struct entry *e = mem_new(sizeof(*e));
	struct buf uri = BUF_INIT(4 * USER_ADDRESS_MAX);
	struct str rest = str_z(take_address);

	buf_addz(&uri, "sip:");
	uri_escape(&uri, str_split(&rest, '@'), uri_user_char);
	buf_addc(&uri, '@');
	buf_add(&uri, rest);
	e->address = take_address;
	e->local = str_z(take_address);
	e->local = str_split(&e->local, '@');
	e->uri = buf_take(&uri, NULL);
	e->user.address = str_z(e->address);
	e->user.uri = str_z(e->uri);
	return e;
}

static struct entry *take_entry(struct users *u, struct str address)
{
	struct entry *e = table_del_str(u->by_address, address);
	struct entries *same;

	if (!e)
		return NULL;
	/* the table's key is the first one's */
	same = table_del_str(u->by_local, e->local);
	LIST_REMOVE(e, link);
	if (LIST_EMPTY(same))
		free(same);
	else
		table_put_str(u->by_local, LIST_FIRST(same)->local, same);
	return e;
}

static void put_entry(struct users *u, struct entry *e)
{
	struct entries *same;

	free_entry(take_entry(u, e->user.address));
	table_put_str(u->by_address, e->user.address, e);
	same = table_del_str(u->by_local, e->local);
	if (!same) {
		same = mem_new(sizeof(*same));
		LIST_INIT(same);
	}
	LIST_INSERT_HEAD(same, e, link);
	table_put_str(u->by_local, e->local, same);
}

/* --- the store's records --- */

static void write_digests(struct buf *b, const struct user *user,
			  enum digest_algorithm a)
{
	buf_addf(b, "%s %s", user->ha1[USER_NAME_LOCAL][a],
		 user->ha1[USER_NAME_ADDRESS][a]);
}

static void store_entry(struct users *u, const struct entry *e)
{
	struct buf md5 = BUF_INIT(256), sha256 = BUF_INIT(256);

	write_digests(&md5, &e->user, DIGEST_MD5);
	write_digests(&sha256, &e->user, DIGEST_SHA256);
	store_user_put(u->store, &(struct store_user){
				     .address = e->user.address,
				     .realm = str_z(u->realm),
				     .md5 = buf_str(&md5),
				     .sha256 = buf_str(&sha256),
				 });
	buf_done(&md5);
	buf_done(&sha256);
}

static bool read_digests(struct user *user, enum digest_algorithm a,
			 struct str text, size_t digits)
{
	for (size_t i = 0; i < USER_NAMES; i++) {
		struct str hex = str_split(&text, ' ');

		if (hex.n != digits)
			return false;
		memcpy(user->ha1[i][a], hex.p, digits);
	}
	return true;
}

static void load(void *user, const struct store_user *row)
{
	struct users *u = user;
	struct entry *e;
	char *address;

	if (!str_eq(row->realm, str_z(u->realm)) ||
	    row->address.n > USER_ADDRESS_MAX)
		return;
	address = normal(row->address);
	if (!address)
		return;
	e = new_entry(address);
	if (read_digests(&e->user, DIGEST_MD5, row->md5, MD5_HEX) &&
	    read_digests(&e->user, DIGEST_SHA256, row->sha256, SHA256_HEX))
		put_entry(u, e);
	else
		free_entry(e);
}

/* --- users --- */

struct users *users_new(struct store *store, struct str realm)
{
	struct users *u = mem_new(sizeof(*u));

	u->store = store;
	u->realm = str_dup(realm);
	u->by_address = table_new();
	u->by_local = table_new();
	store_users(store, load, u);
	return u;
}

void users_free(struct users *u)
{
	struct entries *same;
	struct entry *e;

	if (!u)
		return;
	TABLE_FOREACH (u->by_local, it, same)
		free(same);
	TABLE_FOREACH (u->by_address, it, e)
		free_entry(e);
	table_free(u->by_local);
	table_free(u->by_address);
	free(u->realm);
	free(u);
}

int users_set(struct users *u, struct str address, struct str password)
{
	struct entry *e;
	char *z;

	if (address.n > USER_ADDRESS_MAX || password.n > USER_PASSWORD_MAX)
		return ERR_TOO_BIG;
	if (!password.n)
		return ERR_MISSING;
	z = normal(address);
	if (!z)
		return ERR_SYNTAX;
	e = new_entry(z);
	for (int a = 0; a < DIGEST_ALGORITHMS; a++) {
		digest_ha1((enum digest_algorithm)a, e->local, str_z(u->realm),
			   password, e->user.ha1[USER_NAME_LOCAL][a]);
		digest_ha1((enum digest_algorithm)a, e->user.address,
			   str_z(u->realm), password,
			   e->user.ha1[USER_NAME_ADDRESS][a]);
	}
	put_entry(u, e);
	store_entry(u, e);
	return 0;
}

int users_delete(struct users *u, struct str address)
{
	char *z = normal(address);
	struct entry *e = z ? take_entry(u, str_z(z)) : NULL;

	free(z);
	if (!e)
		return ERR_GONE;
	store_user_delete(u->store, e->user.address, str_z(u->realm));
	free_entry(e);
	return 0;
}

const struct user *users_find(const struct users *u, struct str address)
{
	char *z = normal(address);
	struct entry *e = z ? table_get_str(u->by_address, str_z(z)) : NULL;

	free(z);
	return e ? &e->user : NULL;
}

const struct user *users_named(const struct users *u, struct str local)
{
	struct entries *same = table_get_str(u->by_local, local);
	struct entry *e = same ? LIST_FIRST(same) : NULL;

	return e && !LIST_NEXT(e, link) ? &e->user : NULL;
}

const struct user *users_next(const struct users *u, size_t *it)
{
	struct entry *e = table_next(u->by_address, it);

	return e ? &e->user : NULL;
}
