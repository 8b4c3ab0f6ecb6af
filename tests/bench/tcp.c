#include "tests/bench/tcp.h"

#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/random.h"

static struct sockaddr_in loopback(uint16_t port)
{
	return (struct sockaddr_in){
	    .sin_family = AF_INET,
	    .sin_port = htons(port),
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
}

int tcp_listen(uint16_t *port)
{
	struct sockaddr_in a = loopback(0);
	socklen_t n = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0 ||
	    listen(fd, 4096) < 0 ||
	    getsockname(fd, (struct sockaddr *)&a, &n) < 0)
		err(1, "listen");
	*port = ntohs(a.sin_port);
	return fd;
}

uint16_t tcp_free_port(void)
{
	struct sockaddr_in a;
	int fd, taken;

	do {
		a = loopback((uint16_t)(10000 + random_u64() % 20000));
		fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (fd < 0)
			err(1, "socket");
		taken = bind(fd, (struct sockaddr *)&a, sizeof(a));
		close(fd);
	} while (taken);
	return ntohs(a.sin_port);
}

int tcp_connect(uint16_t port)
{
	struct sockaddr_in a = loopback(port);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int on = 1;

	if (fd < 0 || connect(fd, (struct sockaddr *)&a, sizeof(a)) < 0)
		err(1, "connect to port %u", port);
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	return fd;
}

void tcp_write(int fd, const void *p, size_t n)
{
	struct pollfd pfd = {.fd = fd, .events = POLLOUT};
	const char *at = p;
	ssize_t done;

	while (n) {
		done = send(fd, at, n, MSG_NOSIGNAL);
		if (done < 0 && (errno == EAGAIN || errno == EINTR)) {
			poll(&pfd, 1, 1000);
			continue;
		}
		if (done < 0)
			err(1, "send");
		at += done;
		n -= (size_t)done;
	}
}

void tcp_raise_limit(size_t n)
{
	struct rlimit r;

	if (getrlimit(RLIMIT_NOFILE, &r) < 0)
		err(1, "getrlimit");
	if (r.rlim_max < n) {
		r.rlim_max = n; /* takes a privilege; the check below tells */
		setrlimit(RLIMIT_NOFILE, &r);
		getrlimit(RLIMIT_NOFILE, &r);
	}
	r.rlim_cur = r.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &r) < 0 || r.rlim_cur < n)
		errx(1, "%zu descriptors are needed, the limit is %ju", n,
		     (uintmax_t)r.rlim_max);
}
