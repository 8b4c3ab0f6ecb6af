/* sofia takes its certificate from a folder: agent.pem has the certificates and
 * the key, cafile.pem the authorities. The folder is ours alone, in memory
 * where the system has such a place, and gone once the listeners are up. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "sip/sip_priv.h"

#define PEM_MAX (4u << 20)

static int failed(char why[256], const char *file, const char *what)
{
	snprintf(why, 256, "tls %.180s: %.60s", file, what);
	return -1;
}

static int append(FILE *out, const char *from)
{
	char block[4096];
	size_t n, total = 0;
	FILE *in = fopen(from, "r");

	if (!in)
		return -1;
	while (total < PEM_MAX && (n = fread(block, 1, sizeof block, in)) > 0) {
		fwrite(block, 1, n, out);
		total += n;
	}
	explicit_bzero(block, sizeof block);
	fclose(in);
	fputc('\n', out); /* the file may lack its last line's end */
	return 0;
}

/* Joins two files, the second may be NULL, readable by us alone. */
static int join(const char *folder, const char *name, const char *first,
		const char *second, char why[256])
{
	char z[128];
	int fd;
	FILE *out;
	int r = 0;

	snprintf(z, sizeof z, "%s/%s", folder, name);
	fd = open(z, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	out = fd < 0 ? NULL : fdopen(fd, "w");
	if (!out)
		return failed(why, z, strerror(errno));
	if (append(out, first) < 0 || (second && append(out, second) < 0) ||
	    ferror(out))
		r = failed(why, first, strerror(errno));
	if (fclose(out) < 0)
		r = failed(why, z, strerror(errno));
	return r;
}

static int make_folder(struct sipproc *p)
{
	static const char *const places[] = {"/dev/shm", "/tmp"};

	for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
		snprintf(p->tls_folder, sizeof p->tls_folder,
			 "%s/stoxd-sip-XXXXXX", places[i]);
		if (mkdtemp(p->tls_folder))
			return 0;
	}
	*p->tls_folder = '\0';
	return -1;
}

int tls_open(struct sipproc *p, char why[256])
{
	struct sip_tls tls = {
	    .certificate = p->certificate, .key = p->key, .ca = p->ca};

	if (*p->tls_folder)
		return 0;
	/* sofia goes on without what it can't read, and tells only its log */
	if (sip_tls_check(&tls, why) < 0)
		return -1;
	if (make_folder(p) < 0)
		return failed(why, "/tmp", strerror(errno));
	if (join(p->tls_folder, "agent.pem", p->certificate, p->key, why) < 0)
		return -1;
	if (!*p->ca)
		return 0;
	return join(p->tls_folder, "cafile.pem", p->ca, NULL, why);
}

void tls_close(struct sipproc *p)
{
	static const char *const names[] = {"agent.pem", "cafile.pem"};
	char z[128];

	if (!*p->tls_folder)
		return;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		snprintf(z, sizeof z, "%s/%s", p->tls_folder, names[i]);
		unlink(z);
	}
	rmdir(p->tls_folder);
	*p->tls_folder = '\0';
}
