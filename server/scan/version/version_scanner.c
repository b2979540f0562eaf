#include "server/scan/version/version_scanner.h"

#include <stdlib.h>

#include "common/backoff.h"
#include "common/cleanup.h"
#include "common/clock.h"
#include "server/scan/version/availability.h"
#include "server/scan/version/runtime.h"

enum {
    RETRY_FIRST_MS = 1000,
    RETRY_MOST_MS = 10000,
};

typedef struct version_scanner {
    psd_version_definitions *definitions;
    int64_t period_ms;
    int64_t timeout_ms;
    psd_runtime *runtime;

    psd_version_list list;
    Polarstack__V1__CoreVersionAvailability *seen; /* owned: the last look; NULL: there is none */
    int64_t answered_at_ms;                        /* Unix, by the runtime; 0: it never did */
    unsigned failures;                             /* in a row */
    bool is_provisional;                           /* what the runtime answered */
} version_scanner;

static void keep(version_scanner *scanner, Polarstack__V1__CoreVersionAvailability *look)
{
    if (scanner->seen)
        polarstack__v1__core_version_availability__free_unpacked(scanner->seen, NULL);
    scanner->seen = look;
}

static void free_images(psd_image_set **images)
{
    psd_image_set_free(*images);
}

static void fini(void *state)
{
    version_scanner *scanner = state;
    psd_runtime_free(scanner->runtime);
    psd_version_list_free(&scanner->list);
    keep(scanner, NULL);
    free(scanner);
}

static int init(const void *settings, void **state, psd_error *error)
{
    const psd_version_scanner_settings *wanted = settings;
    version_scanner *scanner = calloc(1, sizeof(*scanner));
    if (!scanner)
        return psd_error_set(error, PSD_RESOURCE_EXHAUSTED, "no memory for the version scanner");
    scanner->definitions = wanted->definitions;
    scanner->period_ms = wanted->period_ms;
    scanner->timeout_ms = wanted->timeout_ms;
    if (psd_runtime_new(wanted->endpoint, &scanner->runtime, error) < 0) {
        fini(scanner);
        return -1;
    }
    *state = scanner;
    return 0;
}

static void stop(void *state)
{
    psd_runtime_stop(((version_scanner *)state)->runtime);
}

static int publish(version_scanner *scanner, const psd_availability_facts *facts, const psd_sink *sink,
                   int64_t observed_at_ms, const char *stale_reason, psd_error *error)
{
    keep(scanner, psd_availability_make(facts, scanner->seen));
    const psd_look look = {
        .resource = &scanner->seen->base,
        .observed_at_ms = observed_at_ms,
        .stale_reason = stale_reason,
    };
    return sink->publish(sink->arg, &look, error);
}

/* There is nothing to ask the runtime for. */
static int publish_no_versions(version_scanner *scanner, const psd_sink *sink, psd_error *error)
{
    const psd_availability_facts facts = {
        .config = scanner->list.config, .runtime = "", .endpoint = "", .now_ms = psd_clock_unix_ms()};
    bool told = scanner->list.told;
    scanner->answered_at_ms = 0;
    return publish(scanner, &facts, sink, told ? facts.now_ms : 0,
                   told ? NULL : "the cluster has not told any versions yet", error);
}

static int64_t deadline_of(const version_scanner *scanner, const psd_scan_request *request)
{
    int64_t deadline_ms = psd_clock_mono_ms() + scanner->timeout_ms;
    return deadline_ms < request->deadline_ms ? deadline_ms : request->deadline_ms;
}

/* To whoever asked, the codes of a runtime would speak of the agent: UNIMPLEMENTED of an
 * older one, PERMISSION_DENIED of a role that is missing. */
static int fail(const psd_error *failure, psd_error *error)
{
    return psd_error_set(error, PSD_UNAVAILABLE, "%s", failure->text);
}

/* Of all images alike; the look's reason has the cause. */
static const char no_answer[] = "the container runtime did not answer";

static int scan_now(version_scanner *scanner, const psd_scan_request *request, const psd_sink *sink,
                    psd_error *error)
{
    if (psd_version_definitions_get(scanner->definitions, &scanner->list, error) < 0)
        return -1;
    if (scanner->list.config->n_core_versions == 0)
        return publish_no_versions(scanner, sink, error);
    PSD_AUTO(free_images) psd_image_set *images = NULL;
    psd_runtime_facts runtime = {.name = ""};
    psd_error failure = PSD_ERROR_INIT;
    int result = psd_runtime_list(scanner->runtime, deadline_of(scanner, request), &images, &runtime,
                                  &failure);
    if (result < 0 && failure.code == PSD_CANCELLED) /* it was not asked to the end */
        return psd_error_copy(error, &failure);
    scanner->is_provisional = runtime.is_provisional;
    const psd_availability_facts facts = {.config = scanner->list.config,
                                          .images = images,
                                          .fault = no_answer,
                                          .runtime = runtime.name,
                                          .endpoint = runtime.endpoint,
                                          .now_ms = psd_clock_unix_ms()};
    if (result == 0)
        scanner->answered_at_ms = facts.now_ms;
    if (publish(scanner, &facts, sink, scanner->answered_at_ms, result < 0 ? failure.text : NULL, error) < 0)
        return -1;
    return result < 0 ? fail(&failure, error) : 0;
}

static int scan(void *state, const psd_scan_request *request, const psd_sink *sink, int64_t *next_ms,
                psd_error *error)
{
    version_scanner *scanner = state;
    int64_t most_ms = scanner->period_ms < RETRY_MOST_MS ? scanner->period_ms : RETRY_MOST_MS;
    scanner->is_provisional = false;
    if (scan_now(scanner, request, sink, error) < 0) {
        *next_ms = psd_backoff_ms(scanner->failures++, RETRY_FIRST_MS, most_ms);
        return -1;
    }
    scanner->failures = 0;
    if (!scanner->list.told)
        *next_ms = PSD_SCANNER_NEVER;
    else
        *next_ms = scanner->is_provisional ? most_ms : scanner->period_ms;
    return 0;
}

const psd_scanner_type psd_version_scanner = {
    .name = "version",
    .init = init,
    .scan = scan,
    .stop = stop,
    .fini = fini,
};
