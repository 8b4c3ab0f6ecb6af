/* A peer may send many messages over one connection before we read: a proxy
 * does. sofia asks how many octets wait, makes room for all of them in the
 * first message, and calls that message too large and closes the connection
 * when they are more than a message may have (NTATAG_MAXSIZE). So it is told of
 * a part at a time; it asks again for the rest. This definition stands before
 * the library's own. */
#include <stdbool.h>
#include <sys/ioctl.h>

#include <sofia-sip/su.h>

#define PART_MAX 16384

static bool is_stream(su_socket_t s)
{
	int type = SOCK_DGRAM;
	socklen_t n = sizeof type;

	return getsockopt(s, SOL_SOCKET, SO_TYPE, &type, &n) == 0 &&
	       type == SOCK_STREAM;
}

issize_t su_getmsgsize(su_socket_t s)
{
	int n = -1;

	if (ioctl(s, FIONREAD, &n) < 0)
		return -1;
	return n > PART_MAX && is_stream(s) ? PART_MAX : n;
}
