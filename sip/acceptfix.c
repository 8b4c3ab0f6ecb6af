/* Where no descriptor is left for a new connection, sofia tries again at once
 * and for ever. So such a connection is taken with the help of a descriptor
 * that was set aside, and closed: its client knows, and we do not spin. This
 * definition stands before the system's own. */
#include <dlfcn.h>
#include <errno.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sip/sip_priv.h"

void spare_open(void)
{
	int fd = eventfd(0, EFD_CLOEXEC);

	if (fd < 0 || fd == SPARE_FD)
		return;
	dup3(fd, SPARE_FD, O_CLOEXEC);
	close(fd);
}

int accept(int fd, struct sockaddr *from, socklen_t *n)
{
	int (*real)(int, struct sockaddr *, socklen_t *) =
	    dlsym(RTLD_NEXT, __func__);
	int s = real(fd, from, n);

	if (s >= 0 || (errno != EMFILE && errno != ENFILE))
		return s;
	close(SPARE_FD);
	s = real(fd, NULL, NULL);
	if (s >= 0)
		close(s);
	spare_open();
	errno = EAGAIN;
	return -1;
}
