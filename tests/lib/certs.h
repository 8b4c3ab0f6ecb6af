/* Certificates for tests: an authority and whom it vouches for, as PEM files in
 * a folder of their own. */
#pragma once

#include "base/buf.h"

struct evp_pkey_st;
struct x509_st;

struct certs {
	char folder[64];
	char ca[96]; /* the authority's certificate */
	struct evp_pkey_st *ca_key;
	struct x509_st *ca_cert;
	long serial;
};

struct cert_wish {
	const char *names; /* SubjectAltName: "DNS:a.example,IP:127.0.0.1" */
	bool self_signed;  /* else by the authority */
	bool expired;
};

struct cert {
	char file[128], key[128];
	char fingerprint[128]; /* "sha-256 AB:CD" */
};

void certs_init(struct certs *c);
/* Removes the folder and what is in it. */
void certs_done(struct certs *c);
/* name: of the files; those of the same name are replaced. */
void certs_make(struct certs *c, const char *name, const struct cert_wish *w,
		struct cert *out);
/* "sha-256 AB:CD..." */
void certs_fingerprint(struct x509_st *x, char text[128]);
