#include "common/rpc/server_listener.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <nng/transport/ipc/ipc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/rpc/wire.h"

/* Opens and locks PATH.lock; the pid in it is for people. */
static int lock_path(const char *path, psd_error *error)
{
    char lock[PATH_MAX];
    snprintf(lock, sizeof(lock), "%s.lock", path);
    PSD_AUTO_CLOSE int fd = open(lock, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (fd < 0)
        return psd_error_set_errno(error, errno, "cannot open the lock file '%s'", lock);
    char pid[16] = "";
    if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
        if (errno != EWOULDBLOCK)
            return psd_error_set_errno(error, errno, "cannot lock '%s'", lock);
        ssize_t length = pread(fd, pid, sizeof(pid) - 1, 0);
        pid[length > 0 ? strcspn(pid, "\n") : 0] = '\0';
        return psd_error_set(error, PSD_ALREADY_EXISTS,
                             "'%s' is already served by a running daemon (pid %s): stop that one first, or "
                             "choose another folder with --runtime-dir",
                             path, pid[0] ? pid : "unknown");
    }
    int length = snprintf(pid, sizeof(pid), "%d\n", (int)getpid());
    if (ftruncate(fd, 0) < 0 || pwrite(fd, pid, (size_t)length, 0) != length)
        return psd_error_set_errno(error, errno, "cannot write to the lock file '%s'", lock);
    return psd_take_fd(&fd);
}

/* Under the lock, a socket file that exists is a dead server's. */
static int remove_stale(const char *url, psd_error *error)
{
    const char *path = url + strlen("ipc://");
    struct stat status;
    if (lstat(path, &status) < 0)
        return errno == ENOENT ? 0 : psd_error_set_errno(error, errno, "cannot look at '%s'", path);
    if (!S_ISSOCK(status.st_mode))
        return psd_error_set(
            error, PSD_ALREADY_EXISTS,
            "'%s' is in the socket's place and is no socket: move it away, or choose another path", path);
    if (unlink(path) < 0)
        return psd_error_set_errno(error, errno, "cannot replace the stale socket '%s'", path);
    return 0;
}

static int listen_on(nng_socket socket, const char *url, bool is_ipc, mode_t mode, nng_listener *listener,
                     psd_error *error)
{
    int result = nng_listener_create(listener, socket, url);
    if (result == 0 && is_ipc)
        result = nng_listener_set_int(*listener, NNG_OPT_IPC_PERMISSIONS, (int)mode);
    if (result == 0)
        result = nng_listener_start(*listener, 0);
    if (result != 0) {
        nng_listener_close(*listener);
        return psd_error_set_nng(error, result, "cannot listen on %s", url);
    }
    return 0;
}

int psd_listener_open(nng_socket requests, nng_socket streams, const char *url, mode_t mode,
                      psd_listener *listener, psd_error *error)
{
    *listener = (psd_listener){.lock_fd = -1};
    psd_endpoint endpoint;
    if (psd_endpoint_parse(url, &endpoint, error) < 0)
        return -1;
    if (!endpoint.is_ipc && !endpoint.is_loopback)
        return psd_error_set(error, PSD_PERMISSION_DENIED,
                             "'%s' is not on the loopback interface: without TLS the daemon listens only on "
                             "ipc:// and tcp://127.0.0.1 or tcp://[::1]",
                             url);
    PSD_AUTO_CLOSE int lock_fd = -1;
    if (endpoint.is_ipc) {
        lock_fd = lock_path(endpoint.path, error);
        if (lock_fd < 0 || remove_stale(endpoint.url, error) < 0 ||
            remove_stale(endpoint.stream_url, error) < 0)
            return -1;
    }
    /* Streams first: who can call can also subscribe. */
    if (listen_on(streams, endpoint.stream_url, endpoint.is_ipc, mode, &listener->streams, error) < 0)
        return -1;
    if (listen_on(requests, endpoint.url, endpoint.is_ipc, mode, &listener->requests, error) < 0) {
        nng_listener_close(listener->streams);
        return -1;
    }
    listener->lock_fd = psd_take_fd(&lock_fd);
    return 0;
}

void psd_listener_close(psd_listener *listener)
{
    nng_listener_close(listener->requests);
    nng_listener_close(listener->streams);
}

void psd_listener_unlock(psd_listener *listener)
{
    psd_cleanup_fd(&listener->lock_fd);
    listener->lock_fd = -1;
}
