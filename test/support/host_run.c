#include "test/support/host_run.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/clock.h"
#include "common/parse.h"

enum { WAIT_MS = 20000 };

psd_host_settings psd_test_ssh_settings(const psd_test_ssh_server *server)
{
    return (psd_host_settings){.access = PSD_HOST_SSH,
                               .ssh = {.address = "127.0.0.1",
                                       .port = server->port,
                                       .user = server->user,
                                       .key_file = server->key_file,
                                       .known_hosts = server->known_hosts}};
}

psd_host *psd_test_open_host(const psd_host_settings *settings)
{
    psd_error error = PSD_ERROR_INIT;
    psd_host *host = NULL;
    if (psd_host_open(settings, &host, &error) == 0)
        return host;
    fprintf(stderr, "%s\n", error.text);
    exit(99);
}

int psd_test_run_shell(psd_host *host, const char *script, int64_t timeout_ms, psd_command_result *result,
                       psd_error *error)
{
    const char *const arguments[] = {"sh", "-c", script, NULL};
    psd_command command = {.arguments = arguments, .timeout_ms = timeout_ms};
    return psd_host_run(host, &command, result, error);
}

size_t psd_test_count_descriptors(void)
{
    size_t count = 0;
    PSD_AUTO_DIR DIR *entries = opendir("/proc/self/fd");
    while (readdir(entries))
        count++;
    return count;
}

pid_t psd_test_read_pid(const char *dir, const char *file)
{
    char path[256];
    char line[32];
    uint64_t pid = 0;
    snprintf(path, sizeof(path), "%s/%s", dir, file);
    int64_t end_ms = psd_clock_mono_ms() + WAIT_MS;
    while (psd_clock_mono_ms() < end_ms) {
        PSD_AUTO_FILE FILE *stream = fopen(path, "re");
        if (stream && fgets(line, sizeof(line), stream) && strchr(line, '\n')) {
            line[strcspn(line, "\n")] = '\0';
            if (psd_parse_uint(line, 1, INT32_MAX, &pid, NULL) == 0)
                return (pid_t)pid;
        }
        usleep(5000);
    }
    fprintf(stderr, "%s holds no number\n", path);
    exit(99);
}
