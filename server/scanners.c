#include "server/scanners.h"

#include <string.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/thread.h"
#include "server/scan/net/net_scanner.h"
#include "server/scan/port/port_scanner.h"
#include "server/scan/version/version_scanner.h"

static int start_port(psd_daemon *daemon, const psd_scanner_type *type, psd_watched *watched,
                      psd_error *error);

static int start_net(psd_daemon *daemon, const psd_scanner_type *type, psd_watched *watched,
                     psd_error *error);

static int start_version(psd_daemon *daemon, const psd_scanner_type *type, psd_watched *watched,
                         psd_error *error);

static const char see_log[] = "see the daemon's log";

static const struct row {
    const psd_scanner_type *type;
    psd_topic_number topic; /* that it publishes to */
    const char *mend;       /* what to do when it fails */
    int (*start)(psd_daemon *daemon, const psd_scanner_type *type, psd_watched *watched, psd_error *error);
} table[] = {
    {&psd_port_scanner, PSD_TOPIC_PORT_USAGE, see_log, start_port},
    {&psd_net_scanner, PSD_TOPIC_NODE_NET, see_log, start_net},
    {&psd_version_scanner, PSD_TOPIC_CORE_VERSIONS,
     "start containerd or dockerd, or name its socket with --runtime-endpoint", start_version},
};
_Static_assert(PSD_ARRAY_SIZE(table) == PSD_SCANNER_COUNT, "PSD_SCANNER_COUNT is the size of this table");

static void scan_ended(void *arg, int64_t duration_us, const psd_error *error)
{
    psd_watched *watched = arg;
    if (error && error->code == PSD_CANCELLED) /* by the daemon, which stops */
        return;
    if (error)
        psd_topic_mark_failed(watched->topic, error->text);
    PSD_LOCKED(&watched->mutex);
    if (error && psd_failure_is_new(&watched->trouble, error))
        psd_log(PSD_LOG_WARNING, "scan failed", "scanner=%s code=%s reason=\"%s\"", watched->name,
                psd_code_name(error->code), error->text);
    if (!error && psd_failure_is_over(&watched->trouble))
        psd_log(PSD_LOG_INFO, "scan is complete again", "scanner=%s", watched->name);
    watched->failures += error != NULL;
    watched->successes += error == NULL;
    if (!error) {
        watched->last_success_ms = psd_clock_unix_ms();
        watched->last_duration_us = (uint64_t)duration_us;
    }
}

static int start_port(psd_daemon *daemon, const psd_scanner_type *type, psd_watched *watched,
                      psd_error *error)
{
    psd_port_scanner_settings settings = {
        .ranges = &daemon->port_ranges,
        .listen_period_ms = daemon->config.port_listen_period_ms,
        .full_period_ms = daemon->config.port_full_period_ms,
    };
    psd_sink sink = {.publish = psd_topic_publish, .arg = watched->topic};
    return psd_scanner_start(type, &settings, &sink, scan_ended, watched, &watched->scanner, error);
}

static int start_net(psd_daemon *daemon, const psd_scanner_type *type, psd_watched *watched, psd_error *error)
{
    psd_net_scanner_settings settings = {.state = &daemon->net,
                                         .up_delay_ms = daemon->config.net_up_delay_ms};
    psd_sink sink = {.publish = psd_topic_publish, .arg = watched->topic};
    if (psd_scanner_start(type, &settings, &sink, scan_ended, watched, &watched->scanner, error) < 0)
        return -1;
    psd_net_state_set_scanner(&daemon->net, watched->scanner);
    return 0;
}

static int start_version(psd_daemon *daemon, const psd_scanner_type *type, psd_watched *watched,
                         psd_error *error)
{
    psd_version_scanner_settings settings = {.definitions = &daemon->versions,
                                             .endpoint = daemon->config.runtime_endpoint,
                                             .period_ms = daemon->config.version_period_ms,
                                             .timeout_ms = daemon->config.version_timeout_ms};
    psd_sink sink = {.publish = psd_topic_publish, .arg = watched->topic};
    if (psd_scanner_start(type, &settings, &sink, scan_ended, watched, &watched->scanner, error) < 0)
        return -1;
    psd_version_definitions_set_scanner(&daemon->versions, watched->scanner);
    return 0;
}

void psd_scanners_init(psd_daemon *daemon)
{
    for (size_t i = 0; i < PSD_SCANNER_COUNT; i++) {
        psd_watched *watched = &daemon->scanners[i];
        watched->name = table[i].type->name;
        watched->mend = table[i].mend;
        watched->topic = daemon->topics[table[i].topic];
        pthread_mutex_init(&watched->mutex, NULL);
    }
}

int psd_scanners_start(psd_daemon *daemon, psd_error *error)
{
    for (size_t i = 0; i < PSD_SCANNER_COUNT; i++) {
        if (table[i].start(daemon, table[i].type, &daemon->scanners[i], error) < 0)
            return -1;
    }
    return 0;
}

void psd_scanners_interrupt(psd_daemon *daemon)
{
    for (size_t i = 0; i < PSD_SCANNER_COUNT; i++) {
        if (daemon->scanners[i].scanner)
            psd_scanner_interrupt(daemon->scanners[i].scanner);
    }
}

void psd_scanners_stop(psd_daemon *daemon)
{
    psd_net_state_set_scanner(&daemon->net, NULL);
    psd_version_definitions_set_scanner(&daemon->versions, NULL);
    for (size_t i = 0; i < PSD_SCANNER_COUNT; i++) {
        psd_scanner_stop(daemon->scanners[i].scanner);
        daemon->scanners[i].scanner = NULL;
    }
}

psd_watched *psd_scanners_find(psd_daemon *daemon, const char *name)
{
    for (size_t i = 0; i < PSD_SCANNER_COUNT; i++) {
        if (strcmp(table[i].type->name, name) == 0)
            return &daemon->scanners[i];
    }
    return NULL;
}

bool psd_scanner_is_idle(psd_watched *watched, const Polarrpc__V1__Observation *seen)
{
    PSD_LOCKED(&watched->mutex);
    return seen->state == POLARRPC__V1__OBSERVATION_STATE__UNKNOWN && watched->successes > 0 &&
           watched->trouble.last.code == PSD_OK;
}

static void looked(void *arg PSD_UNUSED, const psd_error *error PSD_UNUSED)
{
}

void psd_scanners_look_now(psd_daemon *daemon, const char *name)
{
    psd_scanner *scanner = psd_scanners_find(daemon, name)->scanner;
    if (scanner)
        psd_scanner_ask(scanner, looked, NULL);
}
