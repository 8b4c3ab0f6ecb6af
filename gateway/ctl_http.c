/* A request to the daemon, and its answer. */
#include "gateway/ctl_priv.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/err.h"
#include "base/scan.h"

#define ANSWER_MAX (64u << 20)
#define TIMEOUT_S  30

static int open_socket(const char *path, char why[256])
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	struct timeval timeout = {.tv_sec = TIMEOUT_S};
	int fd;

	if (strlen(path) >= sizeof(sa.sun_path)) {
		snprintf(why, 256, "%.150s: the name is too long", path);
		return -ENAMETOOLONG;
	}
	strcpy(sa.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 &&
	    connect(fd, (const struct sockaddr *)&sa, sizeof(sa)) == 0) {
		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout,
			   sizeof(timeout));
		setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout,
			   sizeof(timeout));
		return fd;
	}
	if (errno == ENOENT || errno == ECONNREFUSED)
		snprintf(why, 256, "%.150s: stoxd is not running", path);
	else
		snprintf(why, 256, "%.150s: %s", path, strerror(errno));
	if (fd >= 0)
		close(fd);
	return -1;
}

static int send_all(int fd, struct str s)
{
	while (s.n) {
		ssize_t n = send(fd, s.p, s.n, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		s = str_from(s, (size_t)n);
	}
	return 0;
}

/* Until the daemon closes. */
static int receive_all(int fd, struct buf *in)
{
	char *p;

	while ((p = buf_space(in, 65536))) {
		ssize_t n = recv(fd, p, 65536, 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN ? -ETIMEDOUT : -errno;
		if (n == 0)
			return 0;
		in->n += (size_t)n;
	}
	return in->err;
}

int ctl_http_parse(struct str in, struct str *body, char why[256])
{
	struct scan s = scan_of(in);
	uint64_t status;

	scan_expect_str(&s, STR("HTTP/1.1 "));
	status = scan_u64(&s, 999);
	scan_line(&s);
	while (!scan_done(&s) && scan_line(&s).n)
		;
	if (s.err) {
		snprintf(why, 256, "this is not stoxd's answer");
		return ERR_SYNTAX;
	}
	*body = scan_rest(&s);
	return (int)status;
}

static int talk(int fd, struct str request, struct buf *answer, char why[256])
{
	struct buf in = BUF_INIT(ANSWER_MAX);
	struct str body;
	int r = send_all(fd, request);

	if (r == 0)
		r = receive_all(fd, &in);
	if (r < 0)
		snprintf(why, 256, "no answer from stoxd: %s", err_text(r));
	else
		r = ctl_http_parse(buf_str(&in), &body, why);
	if (r > 0)
		buf_add(answer, body);
	buf_done(&in);
	return r;
}

int ctl_http(const char *socket_path, const char *method, const char *path,
	     const char *body, struct buf *answer, char why[256])
{
	struct buf request = BUF_INIT(ANSWER_MAX);
	int fd = open_socket(socket_path, why), r;

	if (fd < 0)
		return fd;
	buf_addf(&request,
		 "%s %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n",
		 method, path);
	if (body)
		buf_addf(&request,
			 "Content-Type: application/json\r\n"
			 "Content-Length: %zu\r\n",
			 strlen(body));
	buf_addz(&request, "\r\n");
	buf_addz(&request, body ? body : "");
	r = talk(fd, buf_str(&request), answer, why);
	buf_done(&request);
	close(fd);
	return r;
}
