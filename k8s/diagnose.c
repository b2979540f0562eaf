#include "k8s/diagnose.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/clock.h"
#include "common/rpc/diagnosis.h"
#include "common/text.h"

#define GOOD POLARSTACK__V1__FINDING_LEVEL__GOOD
#define WARNING POLARSTACK__V1__FINDING_LEVEL__WARNING
#define FAULT POLARSTACK__V1__FINDING_LEVEL__FAULT
#define NOT_CHECKED POLARSTACK__V1__FINDING_LEVEL__NOT_CHECKED

enum {
    SKEW_WARNING_MS = 2000, /* the server tells whole seconds */
    SKEW_FAULT_MS = 60000,
    MAX_NODES = 500,
};

typedef Polarstack__V1__Diagnosis diagnosis;

/* ---- the API server ---- */

static const char *advice_for(psd_code code)
{
    switch (code) {
    case PSD_UNAUTHENTICATED:
        return "check the token or client certificate, the CA and the dates of the certificates";
    case PSD_PERMISSION_DENIED:
        return "apply deploy/bridge-rbac.yaml";
    default:
        return "check the address, the network and whether the API server runs";
    }
}

/* False: nothing else can be asked. */
static bool check_api_server(psd_bridge *bridge, diagnosis *d)
{
    PSD_AUTO_KUBE_REPLY reply = {.status = 0};
    psd_error error = PSD_ERROR_INIT;
    psd_kube_request request = {.method = "GET", .path = "/version"};
    int64_t begin_ms = psd_clock_mono_ms();
    if (psd_kube_call(bridge->kube, &request, &reply, &error) < 0) {
        psd_diagnosis_add(d, FAULT, "api-server", advice_for(error.code), "%s (%s)", error.text,
                          psd_kube_origin(bridge->kube));
        return false;
    }
    const char *version = psd_json_string(reply.body, "gitVersion");
    psd_diagnosis_add(d, GOOD, "api-server", NULL, "%s answers in %" PRId64 " ms, version %s (%s)",
                      psd_kube_server(bridge->kube), psd_clock_mono_ms() - begin_ms,
                      version ? version : "not told", psd_kube_origin(bridge->kube));
    int64_t skew_ms = reply.server_time_ms > 0 ? psd_clock_unix_ms() - reply.server_time_ms : 0;
    int64_t size_ms = skew_ms < 0 ? -skew_ms : skew_ms;
    psd_diagnosis_add(d,
                      size_ms > SKEW_FAULT_MS     ? FAULT
                      : size_ms > SKEW_WARNING_MS ? WARNING
                                                  : GOOD,
                      "clock", size_ms > SKEW_WARNING_MS ? "set up time synchronization on this host" : NULL,
                      "this host's clock is %" PRId64 ".%" PRId64 " s %s that of the API server",
                      size_ms / 1000, size_ms % 1000 / 100, skew_ms < 0 ? "behind" : "ahead of");
    return true;
}

/* ---- rights ---- */

static const struct right {
    const char *verb;
    const char *resource;
    const char *subresource;
    bool namespaced;
} rights[] = {
    {"get", "configmaps", "", true},     {"list", "configmaps", "", true},
    {"watch", "configmaps", "", true},   {"create", "configmaps", "", true},
    {"patch", "configmaps", "", true},   {"get", "nodes", "", false},
    {"list", "nodes", "", false},        {"watch", "nodes", "", false},
    {"patch", "nodes", "status", false}, {"list", "pods", "", true},
};

/* 1 allowed, 0 not, -1 could not be asked. */
static int is_allowed(psd_bridge *bridge, const struct right *right, psd_error *error)
{
    PSD_AUTO_JSON cJSON *review = psd_json_new();
    psd_json_set_string(review, "apiVersion", "authorization.k8s.io/v1");
    psd_json_set_string(review, "kind", "SelfSubjectAccessReview");
    cJSON *attributes = psd_json_object(psd_json_object(review, "spec"), "resourceAttributes");
    psd_json_set_string(attributes, "verb", right->verb);
    psd_json_set_string(attributes, "resource", right->resource);
    if (right->subresource[0])
        psd_json_set_string(attributes, "subresource", right->subresource);
    if (right->namespaced)
        psd_json_set_string(attributes, "namespace", bridge->config.namespace);
    PSD_AUTO_FREE char *body = psd_json_print(review);
    PSD_AUTO_KUBE_REPLY reply = {.status = 0};
    psd_kube_request request = {.method = "POST",
                                .path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
                                .content_type = PSD_KUBE_JSON,
                                .body = body};
    if (psd_kube_call(bridge->kube, &request, &reply, error) < 0)
        return -1;
    return cJSON_IsTrue(psd_json_at(reply.body, "status/allowed"));
}

static void check_rights(psd_bridge *bridge, diagnosis *d)
{
    PSD_AUTO_TEXT missing = PSD_TEXT_INIT;
    for (size_t i = 0; i < PSD_ARRAY_SIZE(rights); i++) {
        psd_error error = PSD_ERROR_INIT;
        int allowed = is_allowed(bridge, &rights[i], &error);
        if (allowed < 0) {
            psd_diagnosis_add(d, NOT_CHECKED, "rbac", advice_for(error.code), "%s", error.text);
            return;
        }
        if (!allowed)
            psd_text_printf(&missing, "%s%s %s%s%s", missing.length > 0 ? ", " : "", rights[i].verb,
                            rights[i].resource, rights[i].subresource[0] ? "/" : "", rights[i].subresource);
    }
    if (missing.length > 0)
        psd_diagnosis_add(d, FAULT, "rbac", "apply deploy/bridge-rbac.yaml", "the bridge may not: %s",
                          psd_text_string(&missing));
    else
        psd_diagnosis_add(d, GOOD, "rbac", NULL, "all rights that the bridge needs are there");
}

/* ---- the Node ---- */

static const char *node_name(size_t index, const void *arg)
{
    const char *name = psd_json_string(cJSON_GetArrayItem(arg, (int)index), "metadata/name");
    return name ? name : "";
}

/* Whose name may have been meant. */
static void suggest_node(psd_bridge *bridge, diagnosis *d)
{
    PSD_AUTO_KUBE_REPLY reply = {.status = 0};
    psd_kube_request request = {.method = "GET", .path = "/api/v1/nodes", .query = "limit=500"};
    const char *near = NULL;
    const cJSON *items = NULL;
    if (psd_kube_call(bridge->kube, &request, &reply, NULL) == 0) {
        items = psd_json_at(reply.body, "items");
        near = psd_suggest(bridge->node, (size_t)cJSON_GetArraySize(items), node_name, items);
    }
    PSD_AUTO_TEXT mend = PSD_TEXT_INIT;
    psd_text_add(&mend, "start daemon and bridge with --node-name, or $CURRENT_NODE_NAME from the pod's "
                        "spec.nodeName");
    if (near)
        psd_text_printf(&mend, ": did you mean '%s'?", near);
    psd_diagnosis_add(d, FAULT, "node-name", psd_text_string(&mend), "the cluster has no Node '%s'",
                      bridge->node);
}

static void check_node(psd_bridge *bridge, diagnosis *d)
{
    PSD_AUTO_TEXT path = PSD_TEXT_INIT;
    PSD_AUTO_KUBE_REPLY reply = {.status = 0};
    psd_error error = PSD_ERROR_INIT;
    psd_text_printf(&path, "/api/v1/nodes/%s", bridge->node);
    psd_kube_request request = {.method = "GET", .path = psd_text_string(&path)};
    if (psd_kube_call(bridge->kube, &request, &reply, &error) == 0)
        psd_diagnosis_add(d, GOOD, "node-name", NULL, "the Node '%s' exists", bridge->node);
    else if (error.code == PSD_NOT_FOUND)
        suggest_node(bridge, d);
    else
        psd_diagnosis_add(d, NOT_CHECKED, "node-name", advice_for(error.code), "%s", error.text);
}

/* ---- inputs ---- */

typedef struct input_check {
    const char *what;
    psd_source source;
    diagnosis *d;
} input_check;

static const char *mend_for_missing(psd_source source)
{
    switch (source) {
    case PSD_SOURCE_MPD_CONTROLLER:
        return "without port ranges no port usage is published: is the operator installed? Other names: "
               "--mpd-controller-cm-name";
    case PSD_SOURCE_CORE_VERSIONS:
        return "no database version is known: other labels: --core-version-cm-labels";
    default:
        return NULL;
    }
}

static void check_source(void *arg, const psd_informer_view *view)
{
    const input_check *check = arg;
    const char *mend = mend_for_missing(check->source);
    if (!view->synced || !view->current)
        psd_diagnosis_add(check->d, FAULT, "inputs", advice_for(view->code), "%s cannot be watched: %s",
                          check->what, view->reason);
    else if (cJSON_GetArraySize(view->objects) == 0)
        psd_diagnosis_add(check->d, check->source == PSD_SOURCE_MPD_CONTROLLER ? FAULT : WARNING, "inputs",
                          mend ? mend : "defaults are in force: see 'pdctl get config'", "%s: there is none",
                          check->what);
    else
        psd_diagnosis_add(check->d, GOOD, "inputs", NULL, "%s is watched", check->what);
}

/* What was read and could not be used. */
static void check_config(psd_bridge *bridge, diagnosis *d)
{
    psd_error lost = PSD_ERROR_INIT;
    int64_t lost_for_ms = 0;
    PSD_AUTO_MESSAGE ProtobufCMessage *message = psd_followed_get(&bridge->node_config, &lost_for_ms, &lost);
    if (lost_for_ms > 0) {
        psd_diagnosis_add(d, FAULT, "daemon", "start polarstack-daemon, in the same runtime folder",
                          "the bridge does not reach the daemon at %s: %s", psd_client_url(bridge->daemon),
                          lost.text);
        return;
    }
    psd_diagnosis_add(d, GOOD, "daemon", NULL, "the bridge follows the daemon at %s",
                      psd_client_url(bridge->daemon));
    const Polarstack__V1__NodeConfig *config = (const Polarstack__V1__NodeConfig *)message;
    if (strcmp(config->observation->node, bridge->node) != 0)
        psd_diagnosis_add(d, FAULT, "node-name", "give both the same --node-name",
                          "the daemon calls this node '%s', the bridge '%s'", config->observation->node,
                          bridge->node);
    psd_error failure = psd_inputs_failure(bridge->inputs);
    if (failure.code != PSD_OK)
        psd_diagnosis_add(d, FAULT, "config", "mend the objects that it names", "the daemon refused: %s",
                          failure.text);
    for (size_t i = 0; i < config->n_provenance; i++) {
        if (config->provenance[i]->stale_reason[0])
            psd_diagnosis_add(d, WARNING, "config", "mend the object; the last good value is in force",
                              "%s: %s", config->provenance[i]->field, config->provenance[i]->stale_reason);
    }
}

Polarstack__V1__Diagnosis *psd_bridge_diagnose(psd_bridge *bridge)
{
    diagnosis *d = psd_diagnosis_new();
    if (check_api_server(bridge, d)) {
        check_rights(bridge, d);
        check_node(bridge, d);
    }
    for (psd_source source = 0; source < PSD_SOURCE_COUNT; source++) {
        psd_informer *informer = psd_inputs_informer(bridge->inputs, source);
        input_check check = {.what = psd_informer_what(informer), .source = source, .d = d};
        psd_informer_read(informer, check_source, &check);
    }
    check_config(bridge, d);
    return d;
}
