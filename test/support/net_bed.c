#include "test/support/net_bed.h"

#include <errno.h>
#include <net/if.h>
#include <poll.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/clock.h"
#include "common/rpc/keyed_list.h"
#include "test/support/port_namespace.h"
#include "test/support/temp_dir.h"

enum { MOST_WORDS = 32 };

static void run_ip(const char *const *words, const char *shown)
{
    pid_t child = 0;
    int status = 0;
    if (posix_spawnp(&child, "ip", NULL, NULL, (char *const *)(uintptr_t)words, environ) != 0 ||
        waitpid(child, &status, 0) != child)
        psd_test_fail("cannot run ip: install iproute2");
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        psd_test_fail("%s: failed", shown);
}

void psd_test_ip(const char *format, ...)
{
    char text[256];
    char shown[256];
    const char *words[MOST_WORDS] = {"ip"};
    size_t count = 1;
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    snprintf(shown, sizeof(shown), "ip %.250s", text);
    char *rest = text;
    for (char *word = strsep(&rest, " "); word && count + 1 < MOST_WORDS; word = strsep(&rest, " "))
        words[count++] = word;
    run_ip(words, shown);
}

void psd_test_ip_batch(unsigned count, void (*line)(unsigned number, char text[128]))
{
    char path[128];
    char *dir = psd_test_temp_dir();
    snprintf(path, sizeof(path), "%s/batch", dir);
    FILE *file = fopen(path, "we");
    if (!file)
        psd_test_fail("cannot write %s", path);
    for (unsigned i = 0; i < count; i++) {
        char text[128];
        line(i, text);
        fprintf(file, "%s\n", text);
    }
    fclose(file);
    const char *const words[] = {"ip", "-batch", path, NULL};
    run_ip(words, "ip -batch");
    psd_test_remove_dir(dir);
}

void psd_test_net_set_up(const char *name, bool up)
{
    PSD_AUTO_CLOSE int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    struct ifreq request = {.ifr_flags = 0};
    snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
    if (fd < 0 || ioctl(fd, SIOCGIFFLAGS, &request) < 0)
        psd_test_fail("cannot read the flags of %s: %s", name, strerror(errno));
    request.ifr_flags = (short)(up ? request.ifr_flags | IFF_UP : request.ifr_flags & ~IFF_UP);
    if (ioctl(fd, SIOCSIFFLAGS, &request) < 0)
        psd_test_fail("cannot set the flags of %s: %s", name, strerror(errno));
}

void psd_test_net_enter(void)
{
    psd_test_enter_namespace();
    psd_test_ip("link add eth0 type veth peer name peer0");
    psd_test_ip("addr add 10.1.0.2/16 dev eth0");
    psd_test_ip("link set peer0 up");
    psd_test_ip("link set eth0 up");
}

/* ---- the scanner ---- */

static int collect(void *arg, const psd_look *look, psd_error *error PSD_UNUSED)
{
    psd_test_net *it = arg;
    Polarstack__V1__NodeNetStatus *now = (Polarstack__V1__NodeNetStatus *)psd_message_copy(look->resource);
    if (!now || !now->client_nic || !now->bmc)
        psd_test_fail("a look without its parts");
    if (!it->seen || it->seen->client_nic->state != now->client_nic->state)
        it->shown_changes++;
    if (it->seen)
        polarstack__v1__node_net_status__free_unpacked(it->seen, NULL);
    it->seen = now;
    it->looks++;
    snprintf(it->limitation, sizeof(it->limitation), "%s",
             look->limitation_count > 0 ? look->limitations[0] : "");
    return 0;
}

psd_test_net *psd_test_net_start(const char *nic, int receive_buffer)
{
    psd_test_net *it = calloc(1, sizeof(*it));
    psd_error error = PSD_ERROR_INIT;
    if (!it || psd_net_state_init(&it->state, nic, &error) < 0)
        psd_test_fail("%s", error.text);
    const psd_net_scanner_settings settings = {
        .state = &it->state, .up_delay_ms = PSD_TEST_NET_DELAY_MS, .receive_buffer = receive_buffer};
    if (psd_net_scanner.init(&settings, &it->scanner, &error) < 0)
        psd_test_fail("%s", error.text);
    return it;
}

void psd_test_net_stop(psd_test_net *it)
{
    psd_net_scanner.fini(it->scanner);
    psd_net_state_free(&it->state);
    if (it->seen)
        polarstack__v1__node_net_status__free_unpacked(it->seen, NULL);
    free(it);
}

void psd_test_net_scan(psd_test_net *it)
{
    const psd_scan_request request = {.deadline_ms = psd_clock_mono_ms() + 10000};
    const psd_sink sink = {.publish = collect, .arg = it};
    psd_error error = PSD_ERROR_INIT;
    int64_t next_ms = 0;
    it->scans++;
    if (psd_net_scanner.scan(it->scanner, &request, &sink, &next_ms, &error) < 0) {
        it->failures++;
        snprintf(it->failure, sizeof(it->failure), "%s", error.text);
    }
    it->due_ms = next_ms == PSD_SCANNER_NEVER ? INT64_MAX : psd_clock_mono_ms() + next_ms;
}

void psd_test_net_run(psd_test_net *it, int64_t timeout_ms)
{
    struct pollfd events = {.fd = psd_net_scanner.descriptor(it->scanner), .events = POLLIN};
    int64_t now_ms = psd_clock_mono_ms();
    int64_t left_ms = it->due_ms == INT64_MAX ? timeout_ms : it->due_ms - now_ms;
    if (left_ms > timeout_ms)
        left_ms = timeout_ms;
    bool heard = poll(&events, 1, left_ms > 0 ? (int)left_ms : 0) > 0;
    if (heard || psd_clock_mono_ms() >= it->due_ms)
        psd_test_net_scan(it);
}

void psd_test_net_run_for(psd_test_net *it, int64_t timeout_ms)
{
    int64_t end_ms = psd_clock_mono_ms() + timeout_ms;
    for (int64_t now_ms = psd_clock_mono_ms(); now_ms < end_ms; now_ms = psd_clock_mono_ms())
        psd_test_net_run(it, end_ms - now_ms);
}
