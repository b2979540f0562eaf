#include "server/scan/version/cri.h"

#include <stdio.h>

#include "runtime/v1/images.pb-c.h"
#include "server/scan/version/grpc_unary.h"

static const char *const packages[] = {[PSD_CRI_V1] = "runtime.v1", [PSD_CRI_V1ALPHA2] = "runtime.v1alpha2"};

int psd_cri_try(psd_cri_version *version, psd_cri_call call, void *arg, psd_error *error)
{
    psd_error first = PSD_ERROR_INIT;
    psd_error second = PSD_ERROR_INIT;
    if (call(arg, *version, &first) == 0)
        return 0;
    if (first.code != PSD_UNIMPLEMENTED || *version != PSD_CRI_V1)
        return psd_error_copy(error, &first);
    if (call(arg, PSD_CRI_V1ALPHA2, &second) < 0)
        return psd_error_copy(error, second.code == PSD_UNIMPLEMENTED ? &first : &second);
    *version = PSD_CRI_V1ALPHA2;
    return 0;
}

/* A call with a message of no fields, and its answer. */
typedef struct cri_call {
    psd_http *http;
    const char *method; /* "ImageService/ListImages" */
    const psd_wait *wait;
    const ProtobufCMessageDescriptor *type; /* of the answer */
    ProtobufCMessage *answer;
} cri_call;

static int call_version(void *arg, psd_cri_version version, psd_error *error)
{
    cri_call *call = arg;
    PSD_AUTO_TEXT bytes = PSD_TEXT_INIT;
    const uint8_t *message = NULL;
    size_t length = 0;
    char method[64];
    snprintf(method, sizeof(method), "/%s.%s", packages[version], call->method);
    if (psd_grpc_call(call->http, method, call->wait, &bytes, &message, &length, error) < 0)
        return -1;
    call->answer = protobuf_c_message_unpack(call->type, NULL, length, message);
    if (!call->answer)
        return psd_error_set(error, PSD_INTERNAL, "its answer to %s cannot be read", call->method);
    return 0;
}

int psd_cri_list(psd_http *http, psd_cri_version *version, const psd_wait *wait, psd_image_set *set,
                 psd_error *error)
{
    cri_call call = {http, "ImageService/ListImages", wait, &runtime__v1__list_images_response__descriptor,
                     NULL};
    if (psd_cri_try(version, call_version, &call, error) < 0)
        return -1;
    const Runtime__V1__ListImagesResponse *list = (const Runtime__V1__ListImagesResponse *)call.answer;
    for (size_t i = 0; i < list->n_images; i++) {
        const Runtime__V1__Image *image = list->images[i];
        for (size_t j = 0; j < image->n_repo_tags; j++)
            psd_image_set_add(set, image->repo_tags[j], image->pinned);
        for (size_t j = 0; j < image->n_repo_digests; j++)
            psd_image_set_add(set, image->repo_digests[j], image->pinned);
    }
    protobuf_c_message_free_unpacked(call.answer, NULL);
    return 0;
}

int psd_cri_name(psd_http *http, psd_cri_version *version, const psd_wait *wait, char *name, size_t size,
                 psd_error *error)
{
    cri_call call = {http, "RuntimeService/Version", wait, &runtime__v1__version_response__descriptor, NULL};
    if (psd_cri_try(version, call_version, &call, error) < 0)
        return -1;
    const Runtime__V1__VersionResponse *said = (const Runtime__V1__VersionResponse *)call.answer;
    snprintf(name, size, "%s%s%s", said->runtime_name, said->runtime_version[0] ? " " : "",
             said->runtime_version);
    psd_text_flatten(name);
    protobuf_c_message_free_unpacked(call.answer, NULL);
    return 0;
}
