#include "k8s/inputs/inputs.h"

#include <stdlib.h>
#include <string.h>

#include "common/backoff.h"
#include "common/cleanup.h"
#include "common/clock.h"
#include "common/failure_log.h"
#include "common/log.h"
#include "common/rpc/keyed_list.h"
#include "common/text.h"
#include "common/thread.h"
#include "k8s/reconciler.h"
#include "polarstack/v1/node_config.rpc.h"

enum {
    RETRY_FIRST_MS = 500,
    RETRY_MOST_MS = 30000,
    APPLY_TIMEOUT_MS = 10000,
};

struct psd_inputs {
    psd_client *daemon;
    psd_followed *config;
    int64_t stale_after_ms;
    psd_informer *informers[PSD_SOURCE_COUNT];
    psd_reconciler *reconciler;

    /* Of the reconciler's thread. */
    unsigned attempt;
    psd_failure_log log;

    pthread_mutex_t mutex; /* guards all below */
    psd_error failure;
};

psd_informer *psd_inputs_informer(psd_inputs *inputs, psd_source source)
{
    return inputs->informers[source];
}

psd_error psd_inputs_failure(psd_inputs *inputs)
{
    PSD_LOCKED(&inputs->mutex);
    return inputs->failure;
}

void psd_inputs_config_changed(psd_inputs *inputs)
{
    psd_reconciler_touch(inputs->reconciler, 0);
}

static void source_changed(void *arg)
{
    psd_reconciler_touch(((psd_inputs *)arg)->reconciler, 0);
}

/* ---- from the objects to a NodeConfig ---- */

typedef struct update {
    const psd_input_field *field;
    const char *what;
    int64_t stale_after_ms;
    Polarstack__V1__NodeConfig *config;
    bool is_known;
    int64_t overdue_in_ms; /* when the watch that is down will count as such */
} update;

static void update_field(void *arg, const psd_informer_view *view)
{
    update *u = arg;
    u->is_known = psd_input_field_update(u->field, u->what, view, u->stale_after_ms, psd_clock_unix_ms(),
                                         u->config);
    u->overdue_in_ms = view->current || view->lost_for_ms > u->stale_after_ms
                           ? PSD_RECONCILE_NEVER
                           : u->stale_after_ms - view->lost_for_ms + 1;
}

/* Brings CONFIG up to date. False: something is not known yet. *AGAIN_MS is when
 * to look again even if nothing changes. */
static bool update_all(psd_inputs *inputs, Polarstack__V1__NodeConfig *config, int64_t *again_ms)
{
    bool is_known = true;
    *again_ms = PSD_RECONCILE_NEVER;
    for (size_t i = 0; i < psd_input_field_count; i++) {
        psd_informer *informer = inputs->informers[psd_input_fields[i].source];
        update u = {.field = &psd_input_fields[i],
                    .what = psd_informer_what(informer),
                    .stale_after_ms = inputs->stale_after_ms,
                    .config = config};
        psd_informer_read(informer, update_field, &u);
        is_known = is_known && u.is_known;
        *again_ms = u.overdue_in_ms < *again_ms ? u.overdue_in_ms : *again_ms;
    }
    return is_known;
}

/* ---- from the NodeConfig to the daemon ---- */

static void drop_observation(Polarstack__V1__NodeConfig *config)
{
    if (config->observation)
        polarrpc__v1__observation__free_unpacked(config->observation, NULL);
    config->observation = NULL;
}

static bool has_stale_part(const Polarstack__V1__NodeConfig *config)
{
    for (size_t i = 0; i < config->n_provenance; i++) {
        if (config->provenance[i]->stale_reason[0])
            return true;
    }
    return false;
}

/* Whether the daemon has CONFIG already. One that it kept over its start is STALE
 * without a stale part: it wants to hear that it still holds. */
static bool is_applied(const Polarstack__V1__NodeConfig *current, const Polarstack__V1__NodeConfig *wanted)
{
    bool is_fresh = current->observation &&
                    current->observation->state == POLARRPC__V1__OBSERVATION_STATE__FRESH;
    return psd_message_equal(&current->base, &wanted->base) && (is_fresh || has_stale_part(wanted));
}

static void remember(psd_inputs *inputs, const psd_error *failure)
{
    if (failure->code == PSD_OK)
        psd_failure_is_over(&inputs->log);
    else if (psd_failure_is_new(&inputs->log, failure))
        psd_log(PSD_LOG_WARNING, "configuration not applied", "code=%s reason=\"%s\"",
                psd_code_name(failure->code), failure->text);
    PSD_LOCKED(&inputs->mutex);
    inputs->failure = *failure;
}

/* Ms after which to try again. */
static int64_t apply(psd_inputs *inputs, Polarstack__V1__NodeConfig *config)
{
    Polarstack__V1__ApplyNodeConfigRequest request = POLARSTACK__V1__APPLY_NODE_CONFIG_REQUEST__INIT;
    Polarstack__V1__ApplyNodeConfigResponse *response = NULL;
    psd_call_options options = {.timeout_ms = APPLY_TIMEOUT_MS};
    psd_error error = PSD_ERROR_INIT;
    request.config = config;
    int result = psd_node_config_apply_node_config(inputs->daemon, &request, &options, &response, &error);
    remember(inputs, &error);
    if (result == 0) {
        polarstack__v1__apply_node_config_response__free_unpacked(response, NULL);
        inputs->attempt = 0;
        psd_log(PSD_LOG_INFO, "configuration applied", "ranges=%zu versions=%zu client_nic=%s",
                config->n_port_ranges, config->n_core_versions, config->client_nic);
        return PSD_RECONCILE_NEVER;
    }
    /* What was refused will be refused again, until an object changes. */
    if (error.code == PSD_INVALID_ARGUMENT)
        return PSD_RECONCILE_NEVER;
    return psd_backoff_ms(inputs->attempt++, RETRY_FIRST_MS, RETRY_MOST_MS);
}

static int64_t reconcile(void *arg)
{
    psd_inputs *inputs = arg;
    int64_t lost_for_ms = 0;
    int64_t again_ms = PSD_RECONCILE_NEVER;
    PSD_AUTO_MESSAGE ProtobufCMessage *current = psd_followed_get(inputs->config, &lost_for_ms, NULL);
    if (!current || lost_for_ms > 0)
        return PSD_RECONCILE_NEVER; /* called again when the daemon is there */
    PSD_AUTO_MESSAGE ProtobufCMessage *wanted = psd_message_copy(current);
    if (!wanted)
        abort();
    Polarstack__V1__NodeConfig *config = (Polarstack__V1__NodeConfig *)wanted;
    if (!update_all(inputs, config, &again_ms) ||
        is_applied((const Polarstack__V1__NodeConfig *)current, config))
        return again_ms;
    drop_observation(config);
    int64_t retry_ms = apply(inputs, config);
    return retry_ms < again_ms ? retry_ms : again_ms;
}

/* ---- life ---- */

static int start_informer(psd_inputs *inputs, psd_kube *kube, const psd_inputs_options *options,
                          psd_source source, psd_error *error)
{
    const char *name = options->names[source];
    PSD_AUTO_TEXT what = PSD_TEXT_INIT;
    PSD_AUTO_TEXT path = PSD_TEXT_INIT;
    PSD_AUTO_TEXT selector = PSD_TEXT_INIT;
    psd_text_printf(&path, "/api/v1/namespaces/%s/configmaps", options->namespace);
    if (name) {
        psd_text_printf(&what, "ConfigMap %s/%s", options->namespace, name);
        psd_text_printf(&selector, "metadata.name=%s", name);
    } else {
        psd_text_printf(&what, "ConfigMaps in %s with labels %s", options->namespace,
                        options->core_version_labels);
    }
    psd_informer_options wanted = {.what = psd_text_string(&what),
                                   .path = psd_text_string(&path),
                                   .field_selector = name ? psd_text_string(&selector) : NULL,
                                   .label_selector = name ? NULL : options->core_version_labels,
                                   .changed = source_changed,
                                   .arg = inputs};
    return psd_informer_start(kube, &wanted, &inputs->informers[source], error);
}

int psd_inputs_start(psd_kube *kube, psd_client *daemon, psd_followed *config,
                     const psd_inputs_options *options, psd_inputs **inputs, psd_error *error)
{
    psd_inputs *made = calloc(1, sizeof(*made));
    if (!made)
        return psd_error_set(error, PSD_RESOURCE_EXHAUSTED, "out of memory");
    made->daemon = daemon;
    made->config = config;
    made->stale_after_ms = options->stale_after_ms;
    pthread_mutex_init(&made->mutex, NULL);
    psd_reconcile_item item = {reconcile, made};
    int result = psd_reconciler_new(&item, 1, &made->reconciler, error);
    for (psd_source source = 0; source < PSD_SOURCE_COUNT && result == 0; source++)
        result = start_informer(made, kube, options, source, error);
    if (result < 0) {
        psd_inputs_stop(made);
        return -1;
    }
    *inputs = made;
    return 0;
}

int psd_inputs_run(psd_inputs *inputs, psd_error *error)
{
    return psd_reconciler_start(inputs->reconciler, error);
}

void psd_inputs_stop(psd_inputs *inputs)
{
    if (!inputs)
        return;
    psd_reconciler_stop(inputs->reconciler);
    for (psd_source source = 0; source < PSD_SOURCE_COUNT; source++)
        psd_informer_stop(inputs->informers[source]);
    psd_reconciler_free(inputs->reconciler);
    pthread_mutex_destroy(&inputs->mutex);
    free(inputs);
}
