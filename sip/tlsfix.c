/* What sofia-sip's TLS lacks, put right where it calls OpenSSL: these
 * definitions stand before the library's own, and nobody else in this process
 * uses it.
 *
 * - it frees no SSL object: some 23 KB a connection;
 * - it names no oldest version, and suites without forward secrecy;
 * - it sends its own certificate without those between it and the root;
 * - it looks for authorities in the folder of the key too, which is gone by
 *   then, so that whoever made a folder of that name could add some;
 * - it tells nobody that a server's handshake or certificate is no good: who
 *   waits for a response would wait until his time is over;
 * - it looks for an open connection by the address alone, and would say to one
 *   what is meant for another name that leads there. */
#include <dlfcn.h>
#include <errno.h>
#include <strings.h>

#include <openssl/ssl.h>

#include <sofia-sip/tport.h>

#define CIPHERS "ECDHE+AESGCM:ECDHE+CHACHA20:DHE+AESGCM"

/* As for MSRP (MSRP-77). */
SSL_CTX *SSL_CTX_new(const SSL_METHOD *method)
{
	SSL_CTX *(*real)(const SSL_METHOD *) = dlsym(RTLD_NEXT, __func__);
	SSL_CTX *ctx = real(method);

	if (!ctx)
		return NULL;
	SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
	SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION |
				     SSL_OP_IGNORE_UNEXPECTED_EOF);
	return ctx;
}

int SSL_CTX_set_cipher_list(SSL_CTX *ctx, const char *list)
{
	int (*real)(SSL_CTX *, const char *) = dlsym(RTLD_NEXT, __func__);

	(void)list;
	return real(ctx, CIPHERS);
}

int SSL_CTX_use_certificate_file(SSL_CTX *ctx, const char *file, int type)
{
	(void)type;
	return SSL_CTX_use_certificate_chain_file(ctx, file);
}

/* No file: whom the system believes. */
int SSL_CTX_load_verify_locations(SSL_CTX *ctx, const char *file,
				  const char *folder)
{
	(void)folder;
	return file ? SSL_CTX_load_verify_file(ctx, file)
		    : SSL_CTX_set_default_verify_paths(ctx);
}

/* sofia calls it when it is done with a connection, and frees the BIO and (by
 * mistake) the context afterwards: those references are made up for. */
int SSL_shutdown(SSL *s)
{
	int (*real)(SSL *) = dlsym(RTLD_NEXT, __func__);
	int r = real(s);

	BIO_up_ref(SSL_get_rbio(s));
	SSL_CTX_up_ref(SSL_get_SSL_CTX(s));
	SSL_free(s);
	return r;
}

/* The transport that makes connections instead: it does look whether one of
 * those that are there has proven to be of this name, too. */
tport_t *tport_by_name(tport_t const *self, tp_name_t const *wanted)
{
	tport_t *(*real)(tport_t const *, tp_name_t const *) =
	    dlsym(RTLD_NEXT, __func__);
	tport_t *found = real(self, wanted);

	if (found && tport_is_secondary(found) && tport_has_tls(found) &&
	    strcasecmp(tport_name(found)->tpn_canon, wanted->tpn_canon) != 0)
		return tport_primary_by_name(self, wanted);
	return found;
}

/* The library's, which no header of it has. */
void tport_close(tport_t *self);
void tport_error_report(tport_t *self, int error, void const *from);

void tport_close(tport_t *self)
{
	void (*real)(tport_t *) = dlsym(RTLD_NEXT, __func__);

	if (tport_is_secondary(self) && tport_has_tls(self) &&
	    !tport_is_connected(self))
		tport_error_report(self, EPROTO, NULL);
	real(self);
}
