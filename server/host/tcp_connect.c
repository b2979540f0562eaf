#include "server/host/tcp_connect.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>

#include "common/cleanup.h"

enum { IDLE_S = 15, PROBE_S = 5, PROBES = 3, UNACKNOWLEDGED_MS = 30000 };

typedef union address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
} address;

static int read_address(const char *text, uint16_t port, address *to, socklen_t *length, psd_error *error)
{
    memset(to, 0, sizeof(*to));
    if (inet_pton(AF_INET, text, &to->v4.sin_addr) == 1) {
        to->v4.sin_family = AF_INET;
        to->v4.sin_port = htons(port);
        *length = sizeof(to->v4);
        return 0;
    }
    if (inet_pton(AF_INET6, text, &to->v6.sin6_addr) == 1) {
        to->v6.sin6_family = AF_INET6;
        to->v6.sin6_port = htons(port);
        *length = sizeof(to->v6);
        return 0;
    }
    return psd_error_set(error, PSD_INVALID_ARGUMENT, "'%s' is not an IP address", text);
}

static int refuse(int sys_errno, psd_error *error)
{
    psd_error_set_errno(error, sys_errno, "cannot connect");
    if (error)
        error->code = PSD_UNAVAILABLE;
    return -1;
}

static void keep_alive(int fd)
{
    static const struct {
        int level, name, value;
    } options[] = {
        {SOL_SOCKET, SO_KEEPALIVE, 1},         {IPPROTO_TCP, TCP_KEEPIDLE, IDLE_S},
        {IPPROTO_TCP, TCP_KEEPINTVL, PROBE_S}, {IPPROTO_TCP, TCP_KEEPCNT, PROBES},
        {IPPROTO_TCP, TCP_NODELAY, 1},         {IPPROTO_TCP, TCP_USER_TIMEOUT, UNACKNOWLEDGED_MS},
    };
    for (size_t i = 0; i < PSD_ARRAY_SIZE(options); i++)
        setsockopt(fd, options[i].level, options[i].name, &options[i].value, sizeof(options[i].value));
}

static int await(int fd, const psd_wait *wait, psd_error *error)
{
    struct pollfd connected = {.fd = fd, .events = POLLOUT};
    while (!connected.revents) {
        if (psd_wait_poll(wait, &connected, 1, PSD_WAIT_ALWAYS, error) < 0)
            return -1;
    }
    int outcome = 0;
    socklen_t size = sizeof(outcome);
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &outcome, &size) < 0)
        outcome = errno;
    return outcome == 0 ? 0 : refuse(outcome, error);
}

int psd_tcp_connect(const char *text, uint16_t port, const psd_wait *wait, int *fd, psd_error *error)
{
    address to;
    socklen_t length = 0;
    if (read_address(text, port, &to, &length, error) < 0)
        return -1;
    PSD_AUTO_CLOSE int made = socket(to.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (made < 0)
        return refuse(errno, error);
    keep_alive(made);
    if (connect(made, &to.any, length) < 0) {
        if (errno != EINPROGRESS)
            return refuse(errno, error);
        if (await(made, wait, error) < 0)
            return -1;
    }
    *fd = psd_take_fd(&made);
    return 0;
}
