/*
 * net_footprint: what the net scanner costs while nothing happens: its thread's
 * processor time and how often it woke up, over five minutes or $BENCH_SECONDS.
 * In a network namespace of its own, so that nothing does happen.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/clock.h"
#include "test/support/bench.h"
#include "test/support/daemon_process.h"
#include "test/support/net_bed.h"

enum { WARM_UP_S = 5, MEASURE_S = 300 };

/* One of the files of a thread of PROCESS. */
static FILE *open_file(pid_t process, const char *thread, const char *name)
{
    char path[512];
    snprintf(path, sizeof(path), "/proc/%d/task/%s/%s", (int)process, thread, name);
    return fopen(path, "re");
}

/* The number of the thread that is called NAME. */
static void find_thread(pid_t process, const char *name, char thread[32])
{
    char path[64];
    char found[64] = "";
    snprintf(path, sizeof(path), "/proc/%d/task", (int)process);
    DIR *tasks = opendir(path);
    if (!tasks) {
        psd_bench_check(-1, path);
        return;
    }
    for (const struct dirent *task = readdir(tasks); task; task = readdir(tasks)) {
        FILE *file = open_file(process, task->d_name, "comm");
        if (file && fgets(found, sizeof(found), file) && strncmp(found, name, strlen(name)) == 0)
            snprintf(thread, 32, "%.31s", task->d_name);
        if (file)
            fclose(file);
    }
    closedir(tasks);
    psd_bench_check(thread[0] ? 0 : -1, "finding the scanner's thread");
}

/* How often it slept and was woken again. */
static long wake_ups(pid_t process, const char *thread)
{
    static const char label[] = "voluntary_ctxt_switches:";
    char line[256];
    long count = -1;
    FILE *file = open_file(process, thread, "status");
    psd_bench_check(file ? 0 : -1, "reading the thread's status");
    while (count < 0 && fgets(line, sizeof(line), file)) {
        if (strncmp(line, label, sizeof(label) - 1) == 0)
            count = strtol(line + sizeof(label) - 1, NULL, 10);
    }
    fclose(file);
    psd_bench_check(count >= 0 ? 0 : -1, "reading the thread's context switches");
    return count;
}

static double cpu_us(pid_t process, const char *thread)
{
    char line[128];
    FILE *file = open_file(process, thread, "schedstat");
    psd_bench_check(file && fgets(line, sizeof(line), file) ? 0 : -1, "reading the thread's time");
    fclose(file);
    return (double)strtoll(line, NULL, 10) / 1000;
}

int main(void)
{
    static const char *const arguments[] = {"--client-nic", "eth0", NULL};
    const char *text = getenv("BENCH_SECONDS");
    long seconds = text ? strtol(text, NULL, 10) : MEASURE_S;
    psd_bench_check(seconds > 0 ? 0 : -1, "BENCH_SECONDS");
    char thread[32] = "";
    psd_test_daemon daemon;
    psd_test_net_enter();
    psd_test_daemon_start(&daemon, arguments);
    sleep(WARM_UP_S);
    find_thread(daemon.pid, "scan-net", thread);
    long woken = wake_ups(daemon.pid, thread);
    double used_us = cpu_us(daemon.pid, thread);
    int64_t begin_us = psd_clock_mono_us();
    sleep((unsigned)seconds);
    double lasted_us = (double)(psd_clock_mono_us() - begin_us);
    psd_bench_report("net_footprint", "idle", lasted_us / 1e6, "s");
    psd_bench_at_most("net_footprint", "wake_ups", (double)(wake_ups(daemon.pid, thread) - woken), "times",
                      0);
    psd_bench_at_most("net_footprint", "cpu", 100 * (cpu_us(daemon.pid, thread) - used_us) / lasted_us,
                      "percent of one core", 0.05);
    psd_test_daemon_stop(&daemon);
    return psd_bench_exit_code();
}
