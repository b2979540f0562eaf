/* The BMC's scanner: against a simulated BMC, and against programs that do what no BMC does. */
#include "server/scan/net/bmc.h"

#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/clock.h"
#include "common/thread.h"
#include "polarstack/v1/node_net.pb-c.h"
#include "test/support/bmc_simulator.h"
#include "test/support/check.h"
#include "test/support/host_run.h"
#include "test/support/ssh_server.h"
#include "test/support/temp_dir.h"

enum { WAIT_MS = 20000, TIMEOUT_MS = 8000, HOUR_MS = 3600000 };

#define ANSWERING POLARSTACK__V1__BMC_STATE__BMC_ANSWERING
#define FAILED POLARSTACK__V1__BMC_STATE__BMC_FAILED
#define ABSENT POLARSTACK__V1__BMC_STATE__BMC_ABSENT
#define NOT_ASKED POLARSTACK__V1__BMC_STATE__BMC_NOT_ASKED
#define ON POLARSTACK__V1__POWER_STATE__POWER_ON
#define OFF POLARSTACK__V1__POWER_STATE__POWER_OFF
#define UNKNOWN POLARSTACK__V1__POWER_STATE__POWER_UNKNOWN

/* A running scanner and what it has published last. */
typedef struct watched_bmc {
    psd_host *host;
    psd_bmc_control control;
    psd_bmc_settings settings;
    psd_scanner *scanner;

    pthread_mutex_t mutex; /* guards all below */
    pthread_cond_t changed;
    unsigned looks;
    char address[64];
    char error[PSD_ERROR_TEXT_SIZE];
    int64_t observed_at_ms;
    Polarstack__V1__BmcState state;
    Polarstack__V1__PowerState power;
} watched_bmc;

static psd_test_bmc simulator;
static char *root; /* a folder with dev/ipmi0 */

static char *path_in(const char *dir, const char *name)
{
    static char path[256];
    snprintf(path, sizeof(path), "%s/%s", dir, name);
    return path;
}

static void make_file(const char *path, mode_t mode, const char *text)
{
    PSD_AUTO_FILE FILE *file = fopen(path, "we");
    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fchmod(fileno(file), mode), 0);
}

static int set_up(void **state)
{
    (void)state;
    signal(SIGPIPE, SIG_IGN);
    psd_test_bmc_start(&simulator);
    root = psd_test_temp_dir();
    mkdir(path_in(root, "dev"), 0755);
    make_file(path_in(root, "dev/ipmi0"), 0600, "");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    psd_test_bmc_stop(&simulator);
    psd_test_remove_dir(root);
    return 0;
}

/* ---- a scanner and its looks ---- */

static int publish(void *arg, const psd_look *look, psd_error *error PSD_UNUSED)
{
    watched_bmc *bmc = arg;
    const Polarstack__V1__Bmc *message = (const Polarstack__V1__Bmc *)look->resource;
    PSD_LOCKED(&bmc->mutex);
    snprintf(bmc->address, sizeof(bmc->address), "%s", message->address);
    snprintf(bmc->error, sizeof(bmc->error), "%s", message->error);
    bmc->observed_at_ms = message->observed_at_ms;
    bmc->state = message->state;
    bmc->power = message->power;
    bmc->looks++;
    pthread_cond_broadcast(&bmc->changed);
    return 0;
}

static void ended(void *arg PSD_UNUSED, int64_t duration_us PSD_UNUSED, const psd_error *error PSD_UNUSED)
{
}

static void prepare(watched_bmc *bmc, const char *program, const char *arguments)
{
    psd_error error = PSD_ERROR_INIT;
    psd_host_settings local = {.access = PSD_HOST_LOCAL};
    *bmc = (watched_bmc){.settings = {.program = program,
                                      .arguments = arguments,
                                      .channel = 1,
                                      .period_ms = HOUR_MS,
                                      .first_backoff_ms = HOUR_MS,
                                      .most_backoff_ms = HOUR_MS,
                                      .timeout_ms = TIMEOUT_MS,
                                      .root = root}};
    pthread_mutex_init(&bmc->mutex, NULL);
    psd_cond_init(&bmc->changed);
    psd_bmc_control_init(&bmc->control, true);
    assert_works(psd_host_open(&local, &bmc->host, &error), &error);
}

static void start(watched_bmc *bmc)
{
    psd_error error = PSD_ERROR_INIT;
    psd_sink sink = {.publish = publish, .arg = bmc};
    bmc->settings.host = bmc->host;
    bmc->settings.control = &bmc->control;
    assert_works(
        psd_scanner_start(&psd_bmc_scanner, &bmc->settings, &sink, ended, NULL, &bmc->scanner, &error),
        &error);
}

static void stop(watched_bmc *bmc)
{
    psd_scanner_stop(bmc->scanner);
    psd_host_close(bmc->host);
    pthread_cond_destroy(&bmc->changed);
    pthread_mutex_destroy(&bmc->mutex);
}

static void assert_looks(watched_bmc *bmc, unsigned count)
{
    PSD_LOCKED(&bmc->mutex);
    int64_t until_ms = psd_clock_mono_ms() + WAIT_MS;
    while (bmc->looks < count) {
        if (!psd_cond_wait_until(&bmc->changed, &bmc->mutex, until_ms))
            fail_msg("%u looks instead of %u", bmc->looks, count);
    }
}

static unsigned count_looks(watched_bmc *bmc)
{
    PSD_LOCKED(&bmc->mutex);
    return bmc->looks;
}

static void answered(void *arg, const psd_error *error)
{
    assert_null(error);
    *(atomic_bool *)arg = true;
}

static void look_again(watched_bmc *bmc)
{
    atomic_bool done = false;
    unsigned before = count_looks(bmc);
    psd_scanner_ask(bmc->scanner, answered, &done);
    assert_looks(bmc, before + 1);
    while (!done)
        usleep(1000);
}

static void assert_bmc(const watched_bmc *bmc, Polarstack__V1__BmcState state, const char *address,
                       Polarstack__V1__PowerState power, const char *error_part)
{
    if (bmc->state != state || strcmp(bmc->address, address) != 0 || bmc->power != power ||
        !strstr(bmc->error, error_part) || (!*error_part && *bmc->error))
        fail_msg("state %d, address '%s', power %d, error '%s'", (int)bmc->state, bmc->address,
                 (int)bmc->power, bmc->error);
}

/* Runs one look of SCRIPT, which stands in for ipmitool. */
static void look_with(watched_bmc *bmc, const char *script)
{
    static char path[256];
    char text[1024];
    snprintf(path, sizeof(path), "%s/ipmitool", root);
    snprintf(text, sizeof(text), "#!/bin/sh\n%s\n", script);
    make_file(path, 0700, text);
    prepare(bmc, path, NULL);
}

static void assert_script(const char *script, Polarstack__V1__BmcState state, const char *address,
                          Polarstack__V1__PowerState power, const char *error_part)
{
    watched_bmc bmc;
    look_with(&bmc, script);
    start(&bmc);
    assert_looks(&bmc, 1);
    assert_bmc(&bmc, state, address, power, error_part);
    stop(&bmc);
}

/* ---- a simulated BMC ---- */

static void address_and_power(void **state)
{
    (void)state;
    watched_bmc bmc;
    prepare(&bmc, "ipmitool", simulator.arguments);
    int64_t begin_ms = psd_clock_unix_ms();
    start(&bmc);
    assert_looks(&bmc, 1);
    assert_bmc(&bmc, ANSWERING, "10.20.30.40", ON, "");
    assert_true(bmc.observed_at_ms >= begin_ms && bmc.observed_at_ms <= psd_clock_unix_ms());
    psd_test_bmc_set(&simulator, "10.20.30.41", false);
    look_again(&bmc);
    assert_bmc(&bmc, ANSWERING, "10.20.30.41", OFF, "");
    psd_test_bmc_set(&simulator, "0.0.0.0", true);
    look_again(&bmc);
    assert_bmc(&bmc, FAILED, "10.20.30.41", UNKNOWN, "the BMC has no address (0.0.0.0)");
    psd_test_bmc_set(&simulator, "10.20.30.40", true);
    stop(&bmc);
}

static void a_bmc_that_is_gone_keeps_its_address(void **state)
{
    (void)state;
    watched_bmc bmc;
    prepare(&bmc, "ipmitool", simulator.arguments);
    start(&bmc);
    assert_looks(&bmc, 1);
    int64_t observed_at_ms = bmc.observed_at_ms;
    psd_test_bmc_kill(&simulator);
    look_again(&bmc);
    assert_bmc(&bmc, FAILED, "10.20.30.40", UNKNOWN, "ipmitool failed with exit code 1: it printed");
    assert_true(bmc.observed_at_ms == observed_at_ms);
    psd_test_bmc_restart(&simulator);
    look_again(&bmc);
    assert_bmc(&bmc, ANSWERING, "10.20.30.40", ON, "");
    assert_true(bmc.observed_at_ms > observed_at_ms);
    stop(&bmc);
}

static void a_bmc_that_hangs(void **state)
{
    (void)state;
    watched_bmc bmc;
    prepare(&bmc, "ipmitool", simulator.arguments);
    bmc.settings.timeout_ms = 900;
    start(&bmc);
    assert_looks(&bmc, 1);
    assert_bmc(&bmc, ANSWERING, "10.20.30.40", ON, "");
    kill(simulator.pid, SIGSTOP);
    int64_t begin_ms = psd_clock_mono_ms();
    look_again(&bmc);
    assert_true(psd_clock_mono_ms() - begin_ms < 2500);
    assert_bmc(&bmc, FAILED, "10.20.30.40", UNKNOWN, "it may take 900ms");
    kill(simulator.pid, SIGCONT);
    stop(&bmc);
}

static void a_wrong_channel(void **state)
{
    (void)state;
    watched_bmc bmc;
    prepare(&bmc, "ipmitool", simulator.arguments);
    bmc.settings.channel = 7;
    start(&bmc);
    assert_looks(&bmc, 1);
    assert_bmc(&bmc, FAILED, "", UNKNOWN, "exit code 1");
    stop(&bmc);
}

static void over_ssh(void **state)
{
    (void)state;
    psd_error error = PSD_ERROR_INIT;
    psd_test_ssh_server server;
    psd_test_ssh_server_start(&server);
    psd_host_settings settings = psd_test_ssh_settings(&server);
    watched_bmc bmc;
    prepare(&bmc, "ipmitool", simulator.arguments);
    psd_host_close(bmc.host);
    assert_works(psd_host_open(&settings, &bmc.host, &error), &error);
    start(&bmc);
    assert_looks(&bmc, 1);
    assert_bmc(&bmc, ANSWERING, "10.20.30.40", ON, "");
    psd_test_ssh_server_kill(&server);
    look_again(&bmc);
    assert_bmc(&bmc, FAILED, "10.20.30.40", UNKNOWN, "ssh to 127.0.0.1 port ");
    psd_test_ssh_server_restart(&server);
    look_again(&bmc);
    assert_bmc(&bmc, ANSWERING, "10.20.30.40", ON, "");
    stop(&bmc);
    prepare(&bmc, "no-such-ipmitool", NULL);
    psd_host_close(bmc.host);
    assert_works(psd_host_open(&settings, &bmc.host, &error), &error);
    start(&bmc);
    assert_looks(&bmc, 1);
    assert_bmc(&bmc, FAILED, "", UNKNOWN,
               "'no-such-ipmitool' is not on the host: install the package ipmitool");
    stop(&bmc);
    psd_test_ssh_server_stop(&server);
}

/* ---- hosts without ---- */

static void no_device(void **state)
{
    (void)state;
    watched_bmc bmc;
    prepare(&bmc, "ipmitool", NULL);
    char *empty = psd_test_temp_dir();
    bmc.settings.root = empty;
    start(&bmc);
    assert_looks(&bmc, 1);
    assert_bmc(&bmc, ABSENT, "", UNKNOWN, "this host has no IPMI device");
    /* The kernel has one, which does not show here: that is not absence. */
    mkdir(path_in(empty, "sys"), 0755);
    mkdir(path_in(empty, "sys/class"), 0755);
    mkdir(path_in(empty, "sys/class/ipmi"), 0755);
    mkdir(path_in(empty, "sys/class/ipmi/ipmi0"), 0755);
    look_again(&bmc);
    assert_bmc(&bmc, FAILED, "", UNKNOWN, "but /dev/ipmi0 is not here");
    stop(&bmc);
    psd_test_remove_dir(empty);
}

/* This host has none: the real ipmitool says so. */
static void ipmitool_tells_that_there_is_no_device(void **state)
{
    (void)state;
    if (access("/dev/ipmi0", F_OK) == 0)
        return;
    watched_bmc bmc;
    prepare(&bmc, "ipmitool", NULL);
    start(&bmc);
    assert_looks(&bmc, 1);
    assert_bmc(&bmc, ABSENT, "", UNKNOWN, "this host has no IPMI device");
    stop(&bmc);
}

static void no_ipmitool(void **state)
{
    (void)state;
    watched_bmc bmc;
    prepare(&bmc, "no-such-ipmitool", NULL);
    start(&bmc);
    assert_looks(&bmc, 1);
    assert_bmc(&bmc, FAILED, "", UNKNOWN,
               "install the package ipmitool, or name the program with --ipmitool");
    stop(&bmc);
}

/* ---- what no BMC does ---- */

static void stand_ins(void **state)
{
    (void)state;
    assert_script("echo 'IP Address : 10.0.0.9'; echo 'Chassis Power is on'", ANSWERING, "10.0.0.9", ON, "");
    assert_script("echo warning >&2; echo 'IP Address : 10.0.0.9'", ANSWERING, "10.0.0.9", UNKNOWN, "");
    assert_script("echo 'Error: no session' >&2", FAILED, "", UNKNOWN,
                  "no line 'IP Address': it printed 'Error: no session'");
    assert_script("echo 'IP Address : 10.0.0.9'; exit 1", FAILED, "", UNKNOWN, "exit code 1");
    assert_script("echo 'IP Address : 10.0.0.9'; kill -SEGV $$", FAILED, "", UNKNOWN, "signal SEGV");
    assert_script("head -c 4000 /dev/urandom", FAILED, "", UNKNOWN, "ipmitool printed ");
    assert_script("echo 'IP Address : 10.0.0.9'; yes | head -c 100000", FAILED, "", UNKNOWN,
                  "more than it ever should");
    assert_script("case $* in 'lan print 1') echo 'IP Address : 10.0.0.9';; *) exec sleep 60;; esac",
                  ANSWERING, "10.0.0.9", UNKNOWN, "");
}

/* ---- when it looks ---- */

static void failures_back_off(void **state)
{
    (void)state;
    watched_bmc bmc;
    look_with(&bmc, "exit 1");
    bmc.settings.first_backoff_ms = 20;
    bmc.settings.most_backoff_ms = 400;
    start(&bmc);
    assert_looks(&bmc, 3);
    /* Doubled up to the limit: from then on at least 200 ms lie between two looks. */
    assert_looks(&bmc, 7);
    unsigned before = count_looks(&bmc);
    usleep(1500000);
    unsigned more = count_looks(&bmc) - before;
    assert_true(more >= 2 && more <= 8);
    stop(&bmc);
}

static void success_waits_for_the_period(void **state)
{
    (void)state;
    watched_bmc bmc;
    look_with(&bmc, "echo 'IP Address : 10.0.0.9'");
    bmc.settings.first_backoff_ms = 10;
    bmc.settings.period_ms = 300;
    int64_t begin_ms = psd_clock_mono_ms();
    start(&bmc);
    assert_looks(&bmc, 3);
    assert_true(psd_clock_mono_ms() - begin_ms >= 600);
    stop(&bmc);
}

static void the_configuration_says_whether_to_ask(void **state)
{
    (void)state;
    watched_bmc bmc;
    char script[512];
    snprintf(script, sizeof(script), "echo x >>%s/ran; echo 'IP Address : 10.0.0.9'", root);
    look_with(&bmc, script);
    unlink(path_in(root, "ran"));
    psd_bmc_control_init(&bmc.control, false);
    start(&bmc);
    assert_looks(&bmc, 1);
    assert_bmc(&bmc, NOT_ASKED, "", UNKNOWN, "the configuration says not to ask");
    assert_int_equal(access(path_in(root, "ran"), F_OK), -1);
    assert_false(psd_bmc_control_set_check(&bmc.control, false));
    assert_true(psd_bmc_control_set_check(&bmc.control, true));
    look_again(&bmc);
    assert_bmc(&bmc, ANSWERING, "10.0.0.9", UNKNOWN, "");
    assert_int_equal(access(path_in(root, "ran"), F_OK), 0);
    assert_true(psd_bmc_control_set_check(&bmc.control, false));
    look_again(&bmc);
    assert_bmc(&bmc, NOT_ASKED, "10.0.0.9", UNKNOWN, "the configuration says not to ask");
    stop(&bmc);
}

static void stopping_does_not_wait_for_ipmitool(void **state)
{
    (void)state;
    watched_bmc bmc;
    char script[256];
    snprintf(script, sizeof(script), "echo x >%s/hangs; exec sleep 60", root);
    look_with(&bmc, script);
    bmc.settings.timeout_ms = 60000;
    start(&bmc);
    while (access(path_in(root, "hangs"), F_OK) < 0)
        usleep(1000);
    int64_t begin_ms = psd_clock_mono_ms();
    stop(&bmc);
    assert_true(psd_clock_mono_ms() - begin_ms < 1000);
    assert_int_equal(bmc.looks, 0);
}

static void a_secret_is_refused(void **state)
{
    (void)state;
    psd_error error = PSD_ERROR_INIT;
    watched_bmc bmc;
    prepare(&bmc, "ipmitool", "-I lanplus -P hunter2");
    bmc.settings.host = bmc.host;
    bmc.settings.control = &bmc.control;
    psd_sink sink = {.publish = publish, .arg = &bmc};
    assert_fails(psd_scanner_start(&psd_bmc_scanner, &bmc.settings, &sink, ended, NULL, &bmc.scanner, &error),
                 &error, PSD_INVALID_ARGUMENT, "use '-f FILE'");
    psd_host_close(bmc.host);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(address_and_power),
        cmocka_unit_test(a_bmc_that_is_gone_keeps_its_address),
        cmocka_unit_test(a_bmc_that_hangs),
        cmocka_unit_test(a_wrong_channel),
        cmocka_unit_test(over_ssh),
        cmocka_unit_test(no_device),
        cmocka_unit_test(ipmitool_tells_that_there_is_no_device),
        cmocka_unit_test(no_ipmitool),
        cmocka_unit_test(stand_ins),
        cmocka_unit_test(failures_back_off),
        cmocka_unit_test(success_waits_for_the_period),
        cmocka_unit_test(the_configuration_says_whether_to_ask),
        cmocka_unit_test(stopping_does_not_wait_for_ipmitool),
        cmocka_unit_test(a_secret_is_refused),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
