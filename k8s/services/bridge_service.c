#include "k8s/services/bridge_service.h"

#include "common/rpc/background.h"
#include "k8s/diagnose.h"
#include "polarstack/v1/bridge.server.h"
#include "polarstack/v1/diagnosis.server.h"

static void answer_mirror(psd_call *call, void *arg)
{
    psd_bridge *bridge = arg;
    Polarstack__V1__Mirror *mirror = psd_mirror_describe(bridge->mirror);
    psd_bridge_get_mirror_reply(call, mirror);
    polarstack__v1__mirror__free_unpacked(mirror, NULL);
}

static void answer_diagnosis(psd_call *call, void *arg)
{
    Polarstack__V1__Diagnosis *diagnosis = psd_bridge_diagnose(arg);
    psd_diagnosis_diagnose_reply(call, diagnosis);
    polarstack__v1__diagnosis__free_unpacked(diagnosis, NULL);
}

/* Both ask the API server, which takes its time. */
static void get_mirror(psd_call *call, const Polarstack__V1__GetMirrorRequest *request PSD_UNUSED, void *arg)
{
    psd_background_answer(call, answer_mirror, arg);
}

static void diagnose(psd_call *call, const Polarstack__V1__DiagnoseRequest *request PSD_UNUSED, void *arg)
{
    psd_background_answer(call, answer_diagnosis, arg);
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
    bridge->reflection = (psd_reflection){bridge->server, "polarstack-bridge " PSD_VERSION};
    if (psd_reflection_add(&bridge->reflection, error) < 0)
        return -1;
    for (size_t i = 0; i < PSD_ARRAY_SIZE(table); i++) {
        if (psd_server_add(bridge->server, table[i].service, table[i].handlers, bridge, error) < 0)
            return -1;
    }
    return 0;
}
