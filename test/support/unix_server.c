#include "test/support/unix_server.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/cleanup.h"

enum { MOST_STALLED = 64, ASKED_SIZE = 4096, LISTEN_MS = 1000 };

struct psd_test_unix_server {
    char path[sizeof(((struct sockaddr_un *)NULL)->sun_path)];
    const void *bytes;
    size_t length;
    psd_test_after after;
    atomic_size_t least;
    int listener;
    int stop; /* an eventfd */
    int stalled[MOST_STALLED];
    size_t stalled_count;
    pthread_t thread;
};

static _Noreturn void give_up(const char *what)
{
    perror(what);
    exit(99);
}

/* False when the server is to end. */
static bool wait_for(const psd_test_unix_server *server, int fd, short events)
{
    struct pollfd fds[] = {{.fd = fd, .events = events}, {.fd = server->stop, .events = POLLIN}};
    return poll(fds, 2, -1) > 0 && fds[1].revents == 0;
}

/* False: nothing was asked. */
static bool listen_to(const psd_test_unix_server *server, int fd)
{
    char asked[ASKED_SIZE];
    if (!wait_for(server, fd, POLLIN))
        return false;
    for (size_t heard = 0;;) {
        struct pollfd more = {.fd = fd, .events = POLLIN};
        ssize_t count = recv(fd, asked, sizeof(asked), 0);
        heard += count > 0 ? (size_t)count : 0;
        if (count <= 0 || heard >= server->least || poll(&more, 1, LISTEN_MS) <= 0)
            return heard > 0;
    }
}

void psd_test_unix_server_listen_longer(psd_test_unix_server *server, size_t least)
{
    server->least = least;
}

static void serve(psd_test_unix_server *server, int accepted)
{
    PSD_AUTO_CLOSE int fd = accepted;
    if (!listen_to(server, fd))
        return;
    do {
        if (!wait_for(server, fd, POLLOUT) ||
            send(fd, server->bytes, server->length, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
            return;
    } while (server->after == PSD_TEST_THEN_AGAIN);
    if (server->after == PSD_TEST_THEN_STALL && server->stalled_count < MOST_STALLED)
        server->stalled[server->stalled_count++] = psd_take_fd(&fd);
}

static void *run(void *arg)
{
    psd_test_unix_server *server = arg;
    while (wait_for(server, server->listener, POLLIN)) {
        int fd = accept4(server->listener, NULL, NULL, SOCK_CLOEXEC);
        if (fd >= 0)
            serve(server, fd);
    }
    return NULL;
}

psd_test_unix_server *psd_test_unix_server_start(const char *path, const void *bytes, size_t length,
                                                 psd_test_after after)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    psd_test_unix_server *server = calloc(1, sizeof(*server));
    if (!server)
        give_up("calloc");
    snprintf(server->path, sizeof(server->path), "%s", path);
    memcpy(address.sun_path, server->path, sizeof(address.sun_path));
    server->bytes = bytes;
    server->length = length;
    server->after = after;
    server->stop = eventfd(0, EFD_CLOEXEC);
    server->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    unlink(path);
    if (server->stop < 0 || server->listener < 0 ||
        bind(server->listener, (struct sockaddr *)&address, sizeof(address)) < 0 ||
        listen(server->listener, 16) < 0)
        give_up(path);
    if (pthread_create(&server->thread, NULL, run, server) != 0)
        give_up("pthread_create");
    return server;
}

void psd_test_unix_server_stop(psd_test_unix_server *server)
{
    eventfd_write(server->stop, 1);
    pthread_join(server->thread, NULL);
    for (size_t i = 0; i < server->stalled_count; i++)
        close(server->stalled[i]);
    close(server->listener);
    close(server->stop);
    unlink(server->path);
    free(server);
}
