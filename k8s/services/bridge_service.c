#include "k8s/services/bridge_service.h"

#include <stdlib.h>

#include "common/cleanup.h"
#include "common/rpc/background.h"
#include "k8s/diagnose.h"
#include "polarstack/v1/bridge.server.h"
#include "polarstack/v1/diagnosis.server.h"

/* A call that asks the API server, on a thread of its own. */
typedef struct question {
    psd_call *call;
    psd_bridge *bridge;
} question;

static void answer_mirror(void *arg)
{
    PSD_AUTO_FREE question *q = arg;
    Polarstack__V1__Mirror *mirror = psd_mirror_describe(q->bridge->mirror);
    psd_bridge_get_mirror_reply(q->call, mirror);
    polarstack__v1__mirror__free_unpacked(mirror, NULL);
}

static void answer_diagnosis(void *arg)
{
    PSD_AUTO_FREE question *q = arg;
    Polarstack__V1__Diagnosis *diagnosis = psd_bridge_diagnose(q->bridge);
    psd_diagnosis_diagnose_reply(q->call, diagnosis);
    polarstack__v1__diagnosis__free_unpacked(diagnosis, NULL);
}

static void ask(psd_call *call, void (*answer)(void *arg), psd_bridge *bridge)
{
    psd_error error = PSD_ERROR_INIT;
    question *q = malloc(sizeof(*q));
    if (q)
        *q = (question){call, bridge};
    else
        psd_error_set(&error, PSD_RESOURCE_EXHAUSTED, "out of memory");
    if (!q || psd_background_run(answer, q, &error) < 0) {
        free(q);
        psd_call_fail(call, &error);
    }
}

static void get_mirror(psd_call *call, const Polarstack__V1__GetMirrorRequest *request PSD_UNUSED, void *arg)
{
    ask(call, answer_mirror, arg);
}

static void diagnose(psd_call *call, const Polarstack__V1__DiagnoseRequest *request PSD_UNUSED, void *arg)
{
    ask(call, answer_diagnosis, arg);
}

static const psd_bridge_handlers bridge_handlers = {.get_mirror = get_mirror};
static const psd_diagnosis_handlers diagnosis_handlers = {.diagnose = diagnose};

static const struct row {
    const psd_service *service;
    const void *handlers;
} table[] = {
    {&psd_bridge_service, &bridge_handlers},
    {&psd_diagnosis_service, &diagnosis_handlers},
};

int psd_bridge_services_add(psd_bridge *bridge, psd_error *error)
{
    for (size_t i = 0; i < PSD_ARRAY_SIZE(table); i++) {
        if (psd_server_add(bridge->server, table[i].service, table[i].handlers, bridge, error) < 0)
            return -1;
    }
    return 0;
}
