#include "server/scan/net/bmc.h"

#include <dirent.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/backoff.h"
#include "common/cleanup.h"
#include "common/clock.h"
#include "common/failure_log.h"
#include "common/log.h"
#include "polarstack/v1/node_net.pb-c.h"
#include "server/scan/net/ipmitool.h"

enum {
    ARGUMENTS_MAX = 32,    /* further ones */
    COMMAND_WORDS_MAX = 4, /* "chassis power status" */
    NOT_FOUND_EXIT = 127,  /* of a shell that cannot start a program */
    PATH_SIZE = 256,
};

typedef struct bmc_scanner {
    psd_host *host;
    const psd_bmc_control *control;
    char *program;
    char *arguments;                                            /* cut into words */
    const char *command[ARGUMENTS_MAX + COMMAND_WORDS_MAX + 2]; /* begins with the program and these words */
    size_t prefix;                                              /* so many */
    char channel[8];
    char *root;
    int64_t period_ms;
    int64_t first_backoff_ms;
    int64_t most_backoff_ms;
    int64_t timeout_ms;
    psd_stop stop;

    /* Only the scanner's thread uses what follows. */
    char address[INET_ADDRSTRLEN]; /* the last one told; empty: never */
    int64_t observed_at_ms;
    unsigned failures; /* in a row */
    psd_failure_log failure_log;
} bmc_scanner;

/* What one look found. */
typedef struct finding {
    Polarstack__V1__BmcState state;
    Polarstack__V1__PowerState power;
    psd_error why; /* the address is not current */
} finding;

void psd_bmc_control_init(psd_bmc_control *control, bool check)
{
    atomic_init(&control->check, check);
}

bool psd_bmc_control_set_check(psd_bmc_control *control, bool check)
{
    return atomic_exchange(&control->check, check) != check;
}

/* ---- life ---- */

static void fini(void *state)
{
    bmc_scanner *bmc = state;
    psd_stop_destroy(&bmc->stop);
    free(bmc->program);
    free(bmc->arguments);
    free(bmc->root);
    free(bmc);
}

static void stop(void *state)
{
    bmc_scanner *bmc = state;
    psd_stop_raise(&bmc->stop);
}

static int split_arguments(bmc_scanner *bmc, psd_error *error)
{
    bmc->command[bmc->prefix++] = bmc->program;
    char *place = NULL;
    for (char *word = strtok_r(bmc->arguments, " ", &place); word; word = strtok_r(NULL, " ", &place)) {
        if (bmc->prefix > ARGUMENTS_MAX)
            return psd_error_set(error, PSD_INVALID_ARGUMENT, "ipmitool gets at most %d further arguments",
                                 ARGUMENTS_MAX);
        bmc->command[bmc->prefix++] = word;
    }
    return 0;
}

static int init(const void *settings, void **state, psd_error *error)
{
    const psd_bmc_settings *wanted = settings;
    const char *arguments = wanted->arguments ? wanted->arguments : "";
    if (psd_ipmitool_check_arguments(arguments, error) < 0)
        return -1;
    bmc_scanner *made = calloc(1, sizeof(*made));
    if (!made)
        return psd_error_set(error, PSD_RESOURCE_EXHAUSTED, "out of memory");
    made->stop.fd = -1;
    made->host = wanted->host;
    made->control = wanted->control;
    made->root = psd_text_copy(wanted->root ? wanted->root : "");
    made->period_ms = wanted->period_ms;
    made->first_backoff_ms = wanted->first_backoff_ms;
    made->most_backoff_ms = wanted->most_backoff_ms;
    made->timeout_ms = wanted->timeout_ms;
    snprintf(made->channel, sizeof(made->channel), "%u", wanted->channel);
    made->program = psd_text_copy(wanted->program);
    made->arguments = psd_text_copy(arguments);
    if (split_arguments(made, error) < 0 || psd_stop_init(&made->stop, error) < 0) {
        fini(made);
        return -1;
    }
    *state = made;
    return 0;
}

/* ---- one look ---- */

static bool exists(const bmc_scanner *bmc, const char *path)
{
    char whole[PATH_SIZE];
    snprintf(whole, sizeof(whole), "%s%s", bmc->root, path);
    return access(whole, F_OK) == 0;
}

/* Whether ipmitool would find the device that it opens where nothing else is said. False sets
 * STATE and WHY. */
static bool has_device(const bmc_scanner *bmc, finding *found)
{
    static const char *const devices[] = {"/dev/ipmi0", "/dev/ipmi/0", "/dev/ipmidev/0"};
    for (size_t i = 0; i < PSD_ARRAY_SIZE(devices); i++) {
        if (exists(bmc, devices[i]))
            return true;
    }
    if (exists(bmc, "/sys/class/ipmi/ipmi0")) {
        found->state = POLARSTACK__V1__BMC_STATE__BMC_FAILED;
        psd_error_set(
            &found->why, PSD_FAILED_PRECONDITION,
            "the host has an IPMI device, but /dev/ipmi0 is not here: make it available to the daemon");
    } else {
        found->state = POLARSTACK__V1__BMC_STATE__BMC_ABSENT;
    }
    return false;
}

static int run(bmc_scanner *bmc, const char *const *words, psd_command_result *result, psd_error *error)
{
    size_t count = bmc->prefix;
    for (size_t i = 0; words[i]; i++)
        bmc->command[count++] = words[i];
    bmc->command[count] = NULL;
    psd_command command = {.arguments = bmc->command, .timeout_ms = bmc->timeout_ms, .stop = &bmc->stop};
    if (psd_host_run(bmc->host, &command, result, error) < 0) {
        if (error->code == PSD_NOT_FOUND)
            psd_error_set(
                error, PSD_NOT_FOUND,
                "'%s' is not there: install the package ipmitool, or name the program with --ipmitool",
                bmc->program);
        return -1;
    }
    if (psd_host_get_access(bmc->host) == PSD_HOST_SSH && result->exit_code == NOT_FOUND_EXIT)
        return psd_error_set(
            error, PSD_NOT_FOUND,
            "'%s' is not on the host: install the package ipmitool there, or name the program "
            "with --ipmitool",
            bmc->program);
    return 0;
}

static void ask_power(bmc_scanner *bmc, finding *found, psd_error *error)
{
    static const char *const words[] = {"chassis", "power", "status", NULL};
    PSD_AUTO_RESULT result = PSD_COMMAND_RESULT_INIT;
    if (run(bmc, words, &result, error) < 0 || psd_ipmitool_read_power(&result, &found->power, error) < 0)
        psd_log(PSD_LOG_DEBUG, "the BMC does not tell the power's state", "reason=\"%s\"", error->text);
}

/* -1 only when it was stopped. */
static int ask(bmc_scanner *bmc, finding *found, psd_error *error)
{
    const char *const words[] = {"lan", "print", bmc->channel, NULL};
    PSD_AUTO_RESULT result = PSD_COMMAND_RESULT_INIT;
    bool is_device = psd_host_get_access(bmc->host) == PSD_HOST_LOCAL && bmc->prefix == 1;
    if (is_device && !has_device(bmc, found))
        return 0;
    found->state = POLARSTACK__V1__BMC_STATE__BMC_FAILED;
    if (run(bmc, words, &result, &found->why) < 0)
        return found->why.code == PSD_CANCELLED ? psd_error_copy(error, &found->why) : 0;
    if (psd_ipmitool_lacks_device(&result)) {
        found->state = POLARSTACK__V1__BMC_STATE__BMC_ABSENT;
        return 0;
    }
    if (psd_ipmitool_read_address(&result, bmc->address, &found->why) < 0)
        return 0;
    found->state = POLARSTACK__V1__BMC_STATE__BMC_ANSWERING;
    bmc->observed_at_ms = psd_clock_unix_ms();
    psd_error why = PSD_ERROR_INIT;
    ask_power(bmc, found, &why);
    return why.code == PSD_CANCELLED ? psd_error_copy(error, &why) : 0;
}

static int look(bmc_scanner *bmc, finding *found, psd_error *error)
{
    if (!atomic_load(&bmc->control->check)) {
        found->state = POLARSTACK__V1__BMC_STATE__BMC_NOT_ASKED;
        psd_error_set(&found->why, PSD_FAILED_PRECONDITION, "the configuration says not to ask the BMC");
        return 0;
    }
    if (ask(bmc, found, error) < 0)
        return -1;
    if (found->state == POLARSTACK__V1__BMC_STATE__BMC_ABSENT)
        psd_error_set(&found->why, PSD_NOT_FOUND, "this host has no IPMI device");
    psd_text_flatten(found->why.text);
    return 0;
}

/* ---- what follows from it ---- */

static int publish(const bmc_scanner *bmc, finding *found, const psd_sink *sink, psd_error *error)
{
    Polarstack__V1__Bmc message = POLARSTACK__V1__BMC__INIT;
    message.address = (char *)bmc->address;
    message.error = found->why.text;
    message.observed_at_ms = bmc->observed_at_ms;
    message.state = found->state;
    message.power = found->power;
    psd_look whole = {.resource = &message.base, .observed_at_ms = psd_clock_unix_ms()};
    return sink->publish(sink->arg, &whole, error);
}

static void log_change(bmc_scanner *bmc, const finding *found)
{
    if (found->state == POLARSTACK__V1__BMC_STATE__BMC_FAILED) {
        if (psd_failure_is_new(&bmc->failure_log, &found->why))
            psd_log(PSD_LOG_WARNING, "the BMC does not tell its address", "code=%s reason=\"%s\"",
                    psd_code_name(found->why.code), found->why.text);
    } else if (psd_failure_is_over(&bmc->failure_log)) {
        psd_log(PSD_LOG_INFO, "the BMC is no longer failing", "address=%s", bmc->address);
    }
}

static int64_t pause_after(bmc_scanner *bmc, Polarstack__V1__BmcState state)
{
    if (state != POLARSTACK__V1__BMC_STATE__BMC_FAILED)
        bmc->failures = 0;
    if (state == POLARSTACK__V1__BMC_STATE__BMC_ANSWERING)
        return bmc->period_ms;
    if (state != POLARSTACK__V1__BMC_STATE__BMC_FAILED)
        return bmc->most_backoff_ms;
    int64_t pause_ms = psd_backoff_ms(bmc->failures++, bmc->first_backoff_ms, bmc->most_backoff_ms);
    return pause_ms < bmc->most_backoff_ms ? pause_ms : bmc->most_backoff_ms;
}

static int scan(void *state, const psd_scan_request *request PSD_UNUSED, const psd_sink *sink,
                int64_t *next_ms, psd_error *error)
{
    bmc_scanner *bmc = state;
    finding found = {.power = POLARSTACK__V1__POWER_STATE__POWER_UNKNOWN, .why = PSD_ERROR_INIT};
    *next_ms = bmc->first_backoff_ms;
    if (look(bmc, &found, error) < 0)
        return -1;
    log_change(bmc, &found);
    *next_ms = pause_after(bmc, found.state);
    return publish(bmc, &found, sink, error);
}

const psd_scanner_type psd_bmc_scanner = {
    .name = "bmc", .init = init, .scan = scan, .stop = stop, .fini = fini};
