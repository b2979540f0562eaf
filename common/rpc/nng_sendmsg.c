/*
 * A peer that connects and leaves at once must not end a listener.
 *
 * nng 1.5.2 turns EPIPE into NNG_ECLOSED. A peer that is gone before nng has
 * written its first bytes then looks to the listener as if the listener itself
 * had been closed, and it never accepts again (nanomsg/nng issue 1518). Any
 * local user could so silence the daemon.
 *
 * Programs that serve therefore have this sendmsg, which nng calls instead of
 * the C library's and which says ECONNRESET, an error that nng takes for what
 * it is. The only other effect is that name of the error, in the whole program.
 * test/system/early_disconnect.sh fails without it.
 */
#include <errno.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
    ssize_t sent = syscall(SYS_sendmsg, fd, message, flags);
    if (sent < 0 && errno == EPIPE)
        errno = ECONNRESET;
    return sent;
}
