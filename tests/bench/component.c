#include "tests/bench/component.h"

#include <assert.h>
#include <err.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/evp.h>

#include "tests/bench/tcp.h"

#define IN_SIZE	 (1u << 20)
#define STALL_MS 30000

static const char stream[] =
    "<?xml version='1.0'?><stream:stream xmlns='jabber:component:accept' "
    "xmlns:stream='http://etherx.jabber.org/streams' %s>";

static void init(struct component *c, int fd)
{
	*c = (struct component){.fd = fd, .in = malloc(IN_SIZE)};
	if (fd < 0 || !c->in)
		err(1, "component");
}

static void fill(struct component *c)
{
	struct pollfd p = {.fd = c->fd, .events = POLLIN};
	ssize_t n;

	if (c->n == IN_SIZE)
		errx(1, "a stanza of over %u octets", IN_SIZE);
	n = poll(&p, 1, STALL_MS);
	if (n == 0)
		errx(1, "the stream is silent");
	if (n > 0)
		n = recv(c->fd, c->in + c->n, IN_SIZE - c->n, 0);
	if (n == 0)
		errx(1, "the stream has ended");
	if (n < 0 && errno != EINTR)
		err(1, "recv");
	if (n > 0) {
		c->n += (size_t)n;
		c->octets += (size_t)n;
	}
}

static void drop(struct component *c, size_t n)
{
	memmove(c->in, c->in + n, c->n - n);
	c->n -= n;
}

/* Reads up to and with this text; what was read is at c->in, to be dropped. */
static size_t await(struct component *c, const char *text)
{
	const char *found;

	while (!(found = memmem(c->in, c->n, text, strlen(text))))
		fill(c);
	return (size_t)(found - c->in) + strlen(text);
}

static void open_stream(struct component *c, const char *attrs)
{
	char text[300];

	component_send(c, text,
		       (size_t)snprintf(text, sizeof(text), stream, attrs));
}

void component_accept(struct component *c, int listener)
{
	int on = 1;

	init(c, accept4(listener, NULL, NULL, SOCK_CLOEXEC));
	setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	drop(c, await(c, "jabber:component:accept"));
	drop(c, await(c, ">"));
	open_stream(c, "from='" BENCH_USERS "' id='1'");
	drop(c, await(c, "</handshake>"));
	component_send(c, "<handshake/>", strlen("<handshake/>"));
}

/* XEP-0114 §3: SHA-1 of the stream's id and the secret, in lower-case hex. */
static void shake_hands(struct component *c, struct str id)
{
	unsigned char sum[EVP_MAX_MD_SIZE];
	char text[200] = "<handshake>";
	unsigned n;
	EVP_MD_CTX *md = EVP_MD_CTX_new();

	if (!md || !EVP_DigestInit(md, EVP_sha1()) ||
	    !EVP_DigestUpdate(md, id.p, id.n) ||
	    !EVP_DigestUpdate(md, BENCH_SECRET, strlen(BENCH_SECRET)) ||
	    !EVP_DigestFinal(md, sum, &n))
		errx(1, "SHA-1");
	EVP_MD_CTX_free(md);
	for (unsigned i = 0; i < n; i++)
		sprintf(text + strlen(text), "%02x", sum[i]);
	strcat(text, "</handshake>");
	component_send(c, text, strlen(text));
}

void component_connect(struct component *c, uint16_t port)
{
	size_t n;

	init(c, tcp_connect(port));
	open_stream(c, "to='" BENCH_USERS "'");
	drop(c, await(c, "<stream:stream"));
	n = await(c, ">");
	shake_hands(c, component_attr(str_of(c->in, n), "id"));
	drop(c, n);
	drop(c, await(c, "<handshake"));
	drop(c, await(c, ">"));
}

void component_close(struct component *c)
{
	close(c->fd);
	free(c->in);
}

void component_send(struct component *c, const char *text, size_t n)
{
	tcp_write(c->fd, text, n);
}

struct str component_attr(struct str stanza, const char *name)
{
	char quoted[2][32];
	ptrdiff_t end = str_find(stanza, '>');
	struct str tag = end < 0 ? stanza : str_of(stanza.p, (size_t)end);

	for (int i = 0; i < 2; i++) {
		int n = snprintf(quoted[i], sizeof(quoted[i]), " %s=%c", name,
				 i ? '"' : '\'');
		const char *at = memmem(tag.p, tag.n, quoted[i], (size_t)n);
		struct str rest;

		if (!at)
			continue;
		rest = str_from(tag, (size_t)(at - tag.p) + (size_t)n);
		return str_split(&rest, i ? '"' : '\'');
	}
	return STR_NONE;
}

/* Its end tag, with the name that begins it; 0: it is not whole. */
static size_t stanza_length(struct str s)
{
	ptrdiff_t tag = str_find(s, '>');
	char end[40];
	size_t n = 1;
	const char *at;

	if (tag > 0 && s.p[tag - 1] == '/')
		return (size_t)tag + 1;
	while (n < s.n && s.p[n] >= 'a' && s.p[n] <= 'z')
		n++;
	if (n == s.n)
		return 0;
	if (s.p[0] != '<' || n > 20)
		errx(1, "no stanza: %.*s", s.n < 80 ? (int)s.n : 80, s.p);
	sprintf(end, "</%.*s>", (int)n - 1, s.p + 1);
	at = memmem(s.p, s.n, end, n + 2);
	return at ? (size_t)(at - s.p) + n + 2 : 0;
}

void component_read(struct component *c,
		    void (*stanza)(void *user, struct str text), void *user)
{
	struct str rest;
	size_t n;

	fill(c);
	rest = str_of(c->in, c->n);
	while (rest.n) {
		if (rest.p[0] == ' ' || rest.p[0] == '\n') {
			rest = str_from(rest, 1);
			continue;
		}
		n = stanza_length(rest);
		if (!n)
			break;
		stanza(user, str_of(rest.p, n));
		rest = str_from(rest, n);
	}
	drop(c, c->n - rest.n);
}
