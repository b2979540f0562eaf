#include "server/scan/version/cri.h"

#include <stdio.h>

#include "runtime/v1/images.pb-c.h"
#include "server/scan/version/grpc_unary.h"

static const char *const packages[] = {[PSD_CRI_V1] = "runtime.v1", [PSD_CRI_V1ALPHA2] = "runtime.v1alpha2"};

enum { METHOD_SIZE = 64 };

static const char list_images[] = "ImageService/ListImages";
static const char tell_version[] = "RuntimeService/Version";

int psd_cri_choose(psd_cri_call call, void *arg, psd_cri_version *version, psd_error *error)
{
    psd_error first = PSD_ERROR_INIT;
    psd_error second = PSD_ERROR_INIT;
    *version = PSD_CRI_V1;
    if (call(arg, *version, &first) == 0)
        return 0;
    if (first.code != PSD_UNIMPLEMENTED)
        return psd_error_copy(error, &first);
    *version = PSD_CRI_V1ALPHA2;
    if (call(arg, *version, &second) == 0)
        return 0;
    return psd_error_copy(error, second.code == PSD_UNIMPLEMENTED ? &first : &second);
}

static const char *method_of(psd_cri_version version, const char *method, char whole[METHOD_SIZE])
{
    snprintf(whole, METHOD_SIZE, "/%s.%s", packages[version], method);
    return whole;
}

typedef struct cri_question {
    psd_http *http;
    const psd_wait *wait;
} cri_question;

static int serves(void *arg, psd_cri_version version, psd_error *error)
{
    const cri_question *question = arg;
    char method[METHOD_SIZE];
    return psd_grpc_serves(question->http, method_of(version, list_images, method), question->wait, error);
}

int psd_cri_meet(psd_http *http, const psd_wait *wait, psd_cri_version *version, psd_error *error)
{
    cri_question question = {http, wait};
    return psd_cri_choose(serves, &question, version, error);
}

/* Calls METHOD with a message of no fields. NULL on failure; else an answer of TYPE, for
 * protobuf_c_message_free_unpacked(). */
static ProtobufCMessage *call(psd_http *http, psd_cri_version version, const char *method,
                              const psd_wait *wait, const ProtobufCMessageDescriptor *type, psd_error *error)
{
    PSD_AUTO_TEXT bytes = PSD_TEXT_INIT;
    const uint8_t *message = NULL;
    size_t length = 0;
    char whole[METHOD_SIZE];
    if (psd_grpc_call(http, method_of(version, method, whole), wait, &bytes, &message, &length, error) < 0)
        return NULL;
    ProtobufCMessage *answer = protobuf_c_message_unpack(type, NULL, length, message);
    if (!answer)
        psd_error_set(error, PSD_INTERNAL, "its answer to %s cannot be read", method);
    return answer;
}

int psd_cri_list(psd_http *http, psd_cri_version version, const psd_wait *wait, psd_image_set *set,
                 psd_error *error)
{
    ProtobufCMessage *answer = call(http, version, list_images, wait,
                                    &runtime__v1__list_images_response__descriptor, error);
    if (!answer)
        return -1;
    const Runtime__V1__ListImagesResponse *list = (const Runtime__V1__ListImagesResponse *)answer;
    for (size_t i = 0; i < list->n_images; i++) {
        const Runtime__V1__Image *image = list->images[i];
        for (size_t j = 0; j < image->n_repo_tags; j++)
            psd_image_set_add(set, image->repo_tags[j], image->pinned);
        for (size_t j = 0; j < image->n_repo_digests; j++)
            psd_image_set_add(set, image->repo_digests[j], image->pinned);
    }
    protobuf_c_message_free_unpacked(answer, NULL);
    return 0;
}

int psd_cri_name(psd_http *http, psd_cri_version version, const psd_wait *wait, char *name, size_t size,
                 psd_error *error)
{
    ProtobufCMessage *answer = call(http, version, tell_version, wait,
                                    &runtime__v1__version_response__descriptor, error);
    if (!answer)
        return -1;
    const Runtime__V1__VersionResponse *said = (const Runtime__V1__VersionResponse *)answer;
    snprintf(name, size, "%s%s%s", said->runtime_name, said->runtime_version[0] ? " " : "",
             said->runtime_version);
    psd_text_flatten(name);
    protobuf_c_message_free_unpacked(answer, NULL);
    return 0;
}
