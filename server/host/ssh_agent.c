#include "server/host/ssh_agent.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "common/cleanup.h"

static int refuse(int sys_errno, const char *path, psd_error *error)
{
    psd_error_set_errno(error, sys_errno, "cannot reach the ssh agent at %s ($SSH_AUTH_SOCK)", path);
    if (error)
        error->code = PSD_UNAUTHENTICATED;
    return -1;
}

int psd_ssh_agent_check(const psd_wait *wait, psd_error *error)
{
    /* A length of four bytes, then SSH_AGENTC_REQUEST_IDENTITIES. */
    static const char request[] = {0, 0, 0, 1, 11};
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const char *path = getenv("SSH_AUTH_SOCK");
    if (!path)
        return psd_error_set(
            error, PSD_UNAUTHENTICATED,
            "there is no ssh agent ($SSH_AUTH_SOCK is not set) and no key file: give one with "
            "--host-ssh-key-file");
    if (strlen(path) >= sizeof(address.sun_path))
        return refuse(ENAMETOOLONG, path, error);
    memcpy(address.sun_path, path, strlen(path));
    PSD_AUTO_CLOSE int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
        send(fd, request, sizeof(request), MSG_NOSIGNAL) != sizeof(request))
        return refuse(errno, path, error);
    struct pollfd answer = {.fd = fd, .events = POLLIN};
    while (!answer.revents) {
        if (psd_wait_poll(wait, &answer, 1, PSD_WAIT_ALWAYS, error) < 0)
            return psd_error_prefix(error, "waiting for the ssh agent at %s", path);
    }
    return 0;
}
