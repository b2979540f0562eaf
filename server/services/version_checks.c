#include "server/services/version_checks.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/cleanup.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/thread.h"
#include "polarstack/v1/core_version.server.h"

enum { REMEMBERED = 64 };

typedef Polarstack__V1__CoreVersionCheck core_version_check;

/* What one call asked for; waits for the scan. */
typedef struct question {
    psd_version_checks *checks;
    psd_topic *topic;
    psd_call *call;  /* NULL: it is answered already */
    uint64_t number; /* of the scan */
    char id[PSD_OPERATION_ID_SIZE];
    int64_t started_at_ms;
} question;

int psd_version_checks_init(psd_version_checks *checks, psd_error *error)
{
    *checks = (psd_version_checks){.operations = psd_operations_new(REMEMBERED)};
    if (!checks->operations)
        return psd_error_set(error, PSD_RESOURCE_EXHAUSTED, "out of memory");
    pthread_mutex_init(&checks->mutex, NULL);
    return 0;
}

void psd_version_checks_free(psd_version_checks *checks)
{
    if (!checks->operations)
        return;
    psd_operations_free(psd_take(checks->operations));
    pthread_mutex_destroy(&checks->mutex);
}

static void release(const psd_snapshot **snapshot)
{
    psd_snapshot_release(*snapshot);
}

/* The part of CHECK for versions of this presence. */
static void add_version(core_version_check *check, const Polarstack__V1__CoreVersion *version)
{
    switch (version->presence) {
    case POLARSTACK__V1__PRESENCE__PRESENT:
        check->present[check->n_present++] = version->name;
        break;
    case POLARSTACK__V1__PRESENCE__ABSENT:
        check->absent[check->n_absent++] = version->name;
        break;
    default:
        check->unknown[check->n_unknown++] = version->name;
    }
}

/* What AVAILABILITY says; the texts stay its own. NAMES has room for three times its
 * versions. */
static void fill(core_version_check *check, const Polarstack__V1__CoreVersionAvailability *availability,
                 char **names)
{
    check->present = names;
    check->absent = names + availability->n_versions;
    check->unknown = names + 2 * availability->n_versions;
    for (size_t i = 0; i < availability->n_versions; i++)
        add_version(check, availability->versions[i]);
    check->runtime = availability->runtime;
    check->observation = availability->observation;
}

/* A look without a fault that leaves the resource UNKNOWN had nothing to look for. */
static const psd_error *judge(const psd_error *error, const Polarrpc__V1__Observation *seen, psd_error *idle)
{
    if (error || seen->state != POLARRPC__V1__OBSERVATION_STATE__UNKNOWN)
        return error;
    psd_error_set(idle, PSD_FAILED_PRECONDITION, "%s", seen->reason);
    return idle;
}

static void answer(const question *asked, const core_version_check *check, const psd_error *error)
{
    if (!asked->call)
        return;
    if (error)
        psd_call_fail(asked->call, error);
    else
        psd_core_version_check_core_versions_reply(asked->call, check);
}

static void remember(psd_version_checks *checks, const core_version_check *check)
{
    psd_error error = PSD_ERROR_INIT;
    if (psd_operations_put(checks->operations, check->operation_id, &check->base, check->done, &error) < 0)
        psd_log(PSD_LOG_WARNING, "check of the versions is not remembered", "reason=\"%s\"", error.text);
}

/* The scan is over. The mutex: psd_version_checks_begin() has told the question
 * which check it belongs to. */
static void scan_done(void *arg, const psd_error *error)
{
    PSD_AUTO_FREE question *asked = arg;
    PSD_LOCKED(&asked->checks->mutex);
    PSD_AUTO(release) const psd_snapshot *snapshot = psd_topic_snapshot(asked->topic);
    const Polarstack__V1__CoreVersionAvailability *availability =
        (const Polarstack__V1__CoreVersionAvailability *)snapshot->message;
    PSD_AUTO_FREE char **names = calloc(3 * availability->n_versions + 1, sizeof(*names));
    if (!names)
        abort(); /* as in text.h */
    core_version_check check = POLARSTACK__V1__CORE_VERSION_CHECK__INIT;
    psd_error idle = PSD_ERROR_INIT;
    const psd_error *outcome = judge(error, snapshot->observation, &idle);
    check.operation_id = asked->id;
    check.done = true;
    check.started_at_ms = asked->started_at_ms;
    check.ended_at_ms = psd_clock_unix_ms();
    if (outcome) {
        check.code = outcome->code;
        check.error = (char *)(uintptr_t)outcome->text;
    }
    fill(&check, availability, names);
    if (asked->checks->remembered != asked->number) /* the others say the same */
        remember(asked->checks, &check);
    asked->checks->remembered = asked->number;
    answer(asked, &check, outcome);
}

/* The youngest check is that of the scan NUMBER from now on. With the mutex held. */
static void begin_check(psd_version_checks *checks, uint64_t number)
{
    if (checks->scan == number)
        return;
    core_version_check check = POLARSTACK__V1__CORE_VERSION_CHECK__INIT;
    checks->scan = number;
    checks->started_at_ms = psd_clock_unix_ms();
    psd_operation_id(checks->id);
    check.operation_id = checks->id;
    check.started_at_ms = checks->started_at_ms;
    remember(checks, &check);
}

/* Answers CALL with the check that has begun. */
static void answer_at_once(psd_version_checks *checks, psd_call *call)
{
    core_version_check check = POLARSTACK__V1__CORE_VERSION_CHECK__INIT;
    check.operation_id = checks->id;
    check.started_at_ms = checks->started_at_ms;
    psd_core_version_check_core_versions_reply(call, &check);
}

void psd_version_checks_begin(psd_version_checks *checks, psd_scanner *scanner, psd_topic *topic,
                              psd_call *call, bool wait)
{
    PSD_LOCKED(&checks->mutex); /* the scan may be over before the check has begun */
    if (!wait && checks->scan == psd_scanner_next(scanner)) { /* somebody asked for it already */
        answer_at_once(checks, call);
        return;
    }
    question *asked = malloc(sizeof(*asked));
    if (asked)
        *asked = (question){.checks = checks, .topic = topic, .call = wait ? call : NULL};
    uint64_t number = asked ? psd_scanner_ask(scanner, scan_done, asked) : 0;
    if (number == 0) {
        psd_error error = PSD_ERROR_INIT;
        psd_error_set(&error, PSD_RESOURCE_EXHAUSTED, "out of memory");
        psd_call_fail(call, &error);
        free(asked);
        return;
    }
    begin_check(checks, number);
    snprintf(asked->id, sizeof(asked->id), "%s", checks->id);
    asked->number = number;
    asked->started_at_ms = checks->started_at_ms;
    if (!wait)
        answer_at_once(checks, call);
}
