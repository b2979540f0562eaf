#include "server/scan/version/unix_socket.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "common/cleanup.h"

/* A client's greeting in HTTP/2, and a SETTINGS frame with no settings. */
static const char greeting[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0";

enum { FRAME_TYPE = 3, SETTINGS = 4, SETTING_SIZE = 6, MOST_SETTINGS = 256 };

psd_socket_kind psd_socket_kind_of(const void *bytes, size_t length)
{
    static const char http1[] = "HTTP/1.";
    const unsigned char *at = bytes;
    if (length < PSD_SOCKET_GREETING)
        return PSD_SOCKET_UNKNOWN;
    if (memcmp(at, http1, sizeof(http1) - 1) == 0)
        return PSD_SOCKET_HTTP1;
    size_t size = (size_t)at[0] << 16 | (size_t)at[1] << 8 | at[2];
    bool on_no_stream = !at[5] && !at[6] && !at[7] && !at[8];
    if (at[FRAME_TYPE] == SETTINGS && at[4] == 0 && on_no_stream && size % SETTING_SIZE == 0 &&
        size / SETTING_SIZE <= MOST_SETTINGS)
        return PSD_SOCKET_HTTP2;
    return PSD_SOCKET_UNKNOWN;
}

int psd_socket_refusal(int sys_errno, psd_error *error)
{
    switch (sys_errno) {
    case ENOENT:
        return psd_error_set(error, PSD_UNAVAILABLE,
                             "there is no such socket: the runtime is not running, "
                             "or has its socket elsewhere");
    case ECONNREFUSED:
        return psd_error_set(error, PSD_UNAVAILABLE,
                             "nobody listens on this socket: the runtime is not running");
    case EACCES:
    case EPERM:
        return psd_error_set(error, PSD_PERMISSION_DENIED,
                             "this user may not connect to it: run as root, or in the group of the socket");
    case EAGAIN:
        return psd_error_set(error, PSD_UNAVAILABLE,
                             "it takes no more connections: the runtime hangs or is overloaded");
    default:
        psd_error_set_errno(error, sys_errno, "cannot connect");
        if (error)
            error->code = PSD_UNAVAILABLE;
        return -1;
    }
}

int psd_socket_gave_up(psd_error *error)
{
    if (error && error->code == PSD_DEADLINE_EXCEEDED)
        return psd_error_set(error, PSD_DEADLINE_EXCEEDED,
                             "it gave no whole answer in time: the runtime hangs or is overloaded");
    if (error && error->code == PSD_CANCELLED)
        return psd_error_set(error, PSD_CANCELLED, "it was not waited for any longer: the daemon stops");
    return -1;
}

static int open_socket(const char *path, psd_error *error)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    PSD_AUTO_CLOSE int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return psd_error_set_errno(error, errno, "cannot make a socket");
    snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
        return psd_socket_refusal(errno, error);
    return psd_take_fd(&fd);
}

int psd_socket_probe(const char *path, const psd_wait *wait, psd_socket_kind *kind, psd_error *error)
{
    char got[PSD_SOCKET_GREETING];
    size_t length = 0;
    *kind = PSD_SOCKET_UNKNOWN;
    PSD_AUTO_CLOSE int fd = open_socket(path, error);
    if (fd < 0)
        return -1;
    /* So few bytes fit into the buffer of a new socket. A server that has closed it
     * already may have left an answer. */
    (void)send(fd, greeting, sizeof(greeting) - 1, MSG_NOSIGNAL);
    while (length < sizeof(got)) {
        struct pollfd readable = {.fd = fd, .events = POLLIN};
        if (psd_wait_poll(wait, &readable, 1, PSD_WAIT_ALWAYS, error) < 0)
            return psd_socket_gave_up(error);
        ssize_t count = recv(fd, got + length, sizeof(got) - length, 0);
        if (count > 0)
            length += (size_t)count;
        else if (count == 0 || (errno != EAGAIN && errno != EINTR))
            return psd_error_set(
                error, PSD_UNAVAILABLE,
                "it ends the connection without an answer: no container runtime listens there");
    }
    *kind = psd_socket_kind_of(got, length);
    if (*kind == PSD_SOCKET_UNKNOWN)
        return psd_error_set(
            error, PSD_UNAVAILABLE,
            "it speaks neither CRI nor the Docker Engine API: no container runtime listens there");
    return 0;
}
