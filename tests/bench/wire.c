#include "tests/bench/wire.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "tests/bench/tcp.h"

static _Noreturn void tls_failed(const char *what)
{
	ERR_print_errors_fp(stderr);
	errx(1, "TLS: %s", what);
}

/* The peer's certificate is the bench's own: nobody looks at it. */
static SSL *tls_new(int fd, const char *certificate, const char *key)
{
	SSL_CTX *ctx = SSL_CTX_new(certificate ? TLS_server_method()
					       : TLS_client_method());
	SSL *tls;

	if (!ctx)
		tls_failed("no context");
	if (certificate &&
	    (SSL_CTX_use_certificate_chain_file(ctx, certificate) != 1 ||
	     SSL_CTX_use_PrivateKey_file(ctx, key, SSL_FILETYPE_PEM) != 1))
		tls_failed(certificate);
	tls = SSL_new(ctx);
	SSL_CTX_free(ctx);
	if (!tls || SSL_set_fd(tls, fd) != 1)
		tls_failed("no session");
	SSL_set_mode(tls, SSL_MODE_ENABLE_PARTIAL_WRITE |
			      SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
			      SSL_MODE_RELEASE_BUFFERS);
	if ((certificate ? SSL_accept(tls) : SSL_connect(tls)) != 1)
		tls_failed("handshake");
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
	return tls;
}

struct wire wire_connect(uint16_t port, bool tls)
{
	struct wire w = {.fd = tcp_connect(port)};

	if (tls)
		w.tls = tls_new(w.fd, NULL, NULL);
	return w;
}

struct wire wire_accept(int listener, const char *certificate, const char *key)
{
	struct wire w = {.fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC)};
	int on = 1;

	if (w.fd < 0)
		err(1, "accept");
	setsockopt(w.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (certificate)
		w.tls = tls_new(w.fd, certificate, key);
	return w;
}

void wire_close(struct wire *w)
{
	SSL_free(w->tls);
	close(w->fd);
}

static void wait_for(const struct wire *w, int result)
{
	int why = SSL_get_error(w->tls, result);
	struct pollfd p = {.fd = w->fd,
			   .events =
			       why == SSL_ERROR_WANT_WRITE ? POLLOUT : POLLIN};

	if (why != SSL_ERROR_WANT_WRITE && why != SSL_ERROR_WANT_READ)
		tls_failed("connection lost");
	poll(&p, 1, 1000);
}

void wire_write(struct wire *w, const void *p, size_t n)
{
	const char *at = p;

	if (!w->tls) {
		tcp_write(w->fd, p, n);
		return;
	}
	while (n) {
		int done = SSL_write(w->tls, at, (int)n);

		if (done <= 0) {
			wait_for(w, done);
			continue;
		}
		at += done;
		n -= (size_t)done;
	}
}

ssize_t wire_read(struct wire *w, void *p, size_t n)
{
	size_t have = 0;
	int got = 0;

	if (!w->tls)
		return recv(w->fd, p, n, MSG_DONTWAIT);
	/* a record at a time */
	while (have < n &&
	       (got = SSL_read(w->tls, (char *)p + have, (int)(n - have))) > 0)
		have += (size_t)got;
	if (have)
		return (ssize_t)have;
	errno = EAGAIN;
	return SSL_get_error(w->tls, got) == SSL_ERROR_WANT_READ ? -1 : 0;
}

ssize_t wire_await(struct wire *w, void *p, size_t n)
{
	struct pollfd pfd = {.fd = w->fd, .events = POLLIN};
	ssize_t got;

	while ((got = wire_read(w, p, n)) < 0 && errno == EAGAIN)
		poll(&pfd, 1, 1000);
	return got;
}
