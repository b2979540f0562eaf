/*
 * bench.h - numbers of the benches: one JSON object a line on stdout.
 *
 * A bench exits with psd_bench_exit_code(), which is 1 when a bar was missed.
 */
#ifndef PSD_TEST_SUPPORT_BENCH_H
#define PSD_TEST_SUPPORT_BENCH_H

#include <stddef.h>
#include <stdint.h>

/* {"bench":…,"metric":…,"value":…,"unit":…} */
void psd_bench_report(const char *bench, const char *metric, double value, const char *unit);

/* The same with "bar" and "ok". */
void psd_bench_at_least(const char *bench, const char *metric, double value, const char *unit, double bar);
void psd_bench_at_most(const char *bench, const char *metric, double value, const char *unit, double bar);

int psd_bench_exit_code(void);

/* Sorts VALUES; the value below which SHARE (0 to 1) of them lie. COUNT > 0. */
double psd_bench_percentile(double *values, size_t count, double share);

/* Memory of a process in KiB: a line of /proc/PID/status, for example
 * "VmRSS:" or "VmHWM:". */
long psd_bench_memory_kib(int pid, const char *line);

/* CPU time that a process has used, in microseconds. */
int64_t psd_bench_cpu_us(int pid);

/* Ends the program with a message when RESULT is not 0. */
void psd_bench_check(int result, const char *what);

#endif
