/* footprint: memory and processor time of the daemon at rest, default periods. */
#include <unistd.h>

#include "common/clock.h"
#include "test/support/bench.h"
#include "test/support/daemon_process.h"

enum { WARM_UP_S = 5, MEASURE_S = 30 };

int main(void)
{
    static const char *const defaults[] = {NULL};
    psd_test_daemon daemon;
    psd_test_daemon_start(&daemon, defaults);
    sleep(WARM_UP_S);
    int64_t cpu_us = psd_bench_cpu_us(daemon.pid);
    int64_t begin_us = psd_clock_mono_us();
    sleep(MEASURE_S);
    double used = (double)(psd_bench_cpu_us(daemon.pid) - cpu_us);
    double percent = 100 * used / (double)(psd_clock_mono_us() - begin_us);
    psd_bench_at_most("footprint", "resident", (double)psd_bench_memory_kib(daemon.pid, "VmRSS:") / 1024,
                      "MiB", 12);
    psd_bench_report("footprint", "resident_peak", (double)psd_bench_memory_kib(daemon.pid, "VmHWM:") / 1024,
                     "MiB");
    psd_bench_at_most("footprint", "cpu", percent, "percent of one core", 0.5);
    psd_test_daemon_stop(&daemon);
    return psd_bench_exit_code();
}
