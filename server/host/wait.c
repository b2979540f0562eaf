#include "server/host/wait.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "common/clock.h"

int psd_stop_init(psd_stop *stop, psd_error *error)
{
    stop->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (stop->fd < 0)
        return psd_error_set_errno(error, errno, "cannot make an eventfd");
    return 0;
}

void psd_stop_raise(const psd_stop *stop)
{
    eventfd_write(stop->fd, 1);
}

void psd_stop_destroy(psd_stop *stop)
{
    if (stop->fd >= 0)
        close(stop->fd);
    stop->fd = -1;
}

static int pause_ms(int64_t left_ms, int64_t most_ms)
{
    if (most_ms >= 0 && most_ms < left_ms)
        left_ms = most_ms;
    return left_ms > INT_MAX ? INT_MAX : (int)left_ms;
}

int psd_wait_poll(const psd_wait *wait, struct pollfd *fds, size_t count, int64_t most_ms, psd_error *error)
{
    struct pollfd all[PSD_WAIT_FDS_MAX + 1];
    memcpy(all, fds, count * sizeof(*fds));
    all[count] = (struct pollfd){.fd = wait->stop ? wait->stop->fd : -1, .events = POLLIN};
    int64_t left_ms = wait->deadline_ms - psd_clock_mono_ms();
    int ready = poll(all, count + 1, left_ms > 0 ? pause_ms(left_ms, most_ms) : 0);
    if (ready < 0 && errno != EINTR)
        return psd_error_set_errno(error, errno, "cannot wait");
    for (size_t i = 0; i < count; i++)
        fds[i].revents = ready > 0 ? all[i].revents : 0;
    if (ready > 0 && all[count].revents)
        return psd_error_set(error, PSD_CANCELLED, "it was stopped");
    if (psd_clock_mono_ms() >= wait->deadline_ms)
        return psd_error_set(error, PSD_DEADLINE_EXCEEDED, "it did not end in time");
    return 0;
}
