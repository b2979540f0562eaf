#include "test/support/bench.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool missed;

void psd_bench_report(const char *bench, const char *metric, double value, const char *unit)
{
    printf("{\"bench\":\"%s\",\"metric\":\"%s\",\"value\":%.6g,\"unit\":\"%s\"}\n", bench, metric, value,
           unit);
    fflush(stdout);
}

static void report_bar(const char *bench, const char *metric, double value, const char *unit, double bar,
                       bool ok)
{
    printf("{\"bench\":\"%s\",\"metric\":\"%s\",\"value\":%.6g,\"unit\":\"%s\",\"bar\":%.6g,\"ok\":%s}\n",
           bench, metric, value, unit, bar, ok ? "true" : "false");
    fflush(stdout);
    missed = missed || !ok;
}

void psd_bench_at_least(const char *bench, const char *metric, double value, const char *unit, double bar)
{
    report_bar(bench, metric, value, unit, bar, value >= bar);
}

void psd_bench_at_most(const char *bench, const char *metric, double value, const char *unit, double bar)
{
    report_bar(bench, metric, value, unit, bar, value <= bar);
}

int psd_bench_exit_code(void)
{
    return missed ? 1 : 0;
}

static int compare(const void *a, const void *b)
{
    double left = *(const double *)a;
    double right = *(const double *)b;
    return (left > right) - (left < right);
}

double psd_bench_percentile(double *values, size_t count, double share)
{
    qsort(values, count, sizeof(*values), compare);
    size_t index = (size_t)(share * (double)count);
    return values[index < count ? index : count - 1];
}

long psd_bench_memory_kib(int pid, const char *line)
{
    char path[64];
    snprintf(path, sizeof(path), "/proc/%d/status", pid);
    FILE *file = fopen(path, "re");
    if (!file)
        return -1;
    char text[256];
    long kib = -1;
    while (kib < 0 && fgets(text, sizeof(text), file)) {
        if (strncmp(text, line, strlen(line)) == 0)
            kib = strtol(text + strlen(line), NULL, 10);
    }
    fclose(file);
    return kib;
}

int64_t psd_bench_cpu_us(int pid)
{
    /* Nanoseconds on a processor of each thread: the ticks of /proc/PID/stat are too coarse for a
     * daemon at rest. A thread that has ended is
     * not counted: keep the threads of a measured process alive. */
    char path[64];
    snprintf(path, sizeof(path), "/proc/%d/task", pid);
    DIR *tasks = opendir(path);
    if (!tasks)
        return -1;
    int64_t sum_ns = 0;
    for (const struct dirent *task = readdir(tasks); task; task = readdir(tasks)) {
        char file_path[512];
        snprintf(file_path, sizeof(file_path), "/proc/%d/task/%s/schedstat", pid, task->d_name);
        FILE *file = fopen(file_path, "re");
        long long ns = 0;
        if (file && fscanf(file, "%lld", &ns) == 1)
            sum_ns += ns;
        if (file)
            fclose(file);
    }
    closedir(tasks);
    return sum_ns / 1000;
}

void psd_bench_check(int result, const char *what)
{
    if (result == 0)
        return;
    fprintf(stderr, "bench: %s failed (%d)\n", what, result);
    exit(2);
}
