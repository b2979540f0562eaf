/* bridge_service.c - how the bridge sees Kubernetes, and what is wrong there. */
#include "common/rpc/background.h"
#include "k8s/diagnose.h"
#include "k8s/services/services.h"

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

const psd_bridge_handlers psd_bridge_bridge_handlers = {.get_mirror = get_mirror};
const psd_diagnosis_handlers psd_bridge_diagnosis_handlers = {.diagnose = diagnose};
