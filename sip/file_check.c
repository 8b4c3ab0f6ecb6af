#include "sip/file_check.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

struct file_check {
	struct sdp_file offered;
	uint64_t came;
	EVP_MD_CTX *sha1, *sha256; /* NULL: none to compare with */
};

static EVP_MD_CTX *begin(const EVP_MD *md)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();

	if (ctx && EVP_DigestInit_ex(ctx, md, NULL) == 1)
		return ctx;
	EVP_MD_CTX_free(ctx);
	return NULL;
}

struct file_check *file_check_new(const struct sdp_file *offered)
{
	struct file_check *c = mem_new(sizeof(*c));

	c->offered = *offered;
	if (offered->has_sha1)
		c->sha1 = begin(EVP_sha1());
	if (offered->has_sha256)
		c->sha256 = begin(EVP_sha256());
	return c;
}

void file_check_free(struct file_check *c)
{
	if (!c)
		return;
	EVP_MD_CTX_free(c->sha1);
	EVP_MD_CTX_free(c->sha256);
	free(c);
}

static void add(EVP_MD_CTX *ctx, struct str data)
{
	if (ctx)
		EVP_DigestUpdate(ctx, data.p, data.n);
}

void file_check_add(struct file_check *c, struct str data)
{
	c->came += data.n;
	add(c->sha1, data);
	add(c->sha256, data);
}

static bool is(EVP_MD_CTX *ctx, const unsigned char *want, size_t n)
{
	unsigned char got[EVP_MAX_MD_SIZE];
	unsigned len = 0;

	if (!ctx)
		return true;
	return EVP_DigestFinal_ex(ctx, got, &len) == 1 && len == n &&
	       memcmp(got, want, n) == 0;
}

const char *file_check_end(struct file_check *c)
{
	const struct sdp_file *f = &c->offered;

	if (f->has_size && f->size != c->came)
		return "size";
	if (!is(c->sha1, f->sha1, sizeof(f->sha1)) ||
	    !is(c->sha256, f->sha256, sizeof(f->sha256)))
		return "hash";
	return NULL;
}
