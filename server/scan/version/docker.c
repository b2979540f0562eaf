#include "server/scan/version/docker.h"

#include <cjson/cJSON.h>
#include <stdio.h>

#include "common/cleanup.h"

enum { MOST_BYTES = 16 << 20, LONGEST_SAID = 160 };

static void cleanup_json(cJSON **document)
{
    cJSON_Delete(*document);
}
#define AUTO_JSON PSD_AUTO(cleanup_json) cJSON

static int refuse(const char *why, psd_error *error)
{
    return psd_error_set(error, PSD_INTERNAL, "its answer cannot be read: %s", why);
}

/* ---- reading ---- */

/* The whole of JSON, and nothing behind it. */
static cJSON *parse(const char *json, size_t length)
{
    const char *end = NULL;
    cJSON *document = cJSON_ParseWithLengthOpts(json, length, &end, 0);
    if (!document)
        return NULL;
    for (; end < json + length; end++) {
        if (*end != ' ' && *end != '\t' && *end != '\r' && *end != '\n') {
            cJSON_Delete(document);
            return NULL;
        }
    }
    return document;
}

/* The names in member NAME: an array, or null when there are none. */
static int add_names(const cJSON *image, const char *member, psd_image_set *set, psd_error *error)
{
    const cJSON *names = cJSON_GetObjectItemCaseSensitive(image, member);
    const cJSON *name = NULL;
    if (!names)
        return refuse("an image lacks its names", error);
    if (cJSON_IsNull(names))
        return 0;
    if (!cJSON_IsArray(names))
        return refuse("an image's names are no list", error);
    cJSON_ArrayForEach(name, names)
    {
        if (!cJSON_IsString(name))
            return refuse("an image's name is no text", error);
        psd_image_set_add(set, name->valuestring, false);
    }
    return 0;
}

int psd_docker_read_images(const char *json, size_t length, psd_image_set *set, psd_error *error)
{
    AUTO_JSON *images = parse(json, length);
    const cJSON *image = NULL;
    if (!images)
        return refuse("it is no JSON", error);
    if (!cJSON_IsArray(images))
        return refuse("it is no list", error);
    cJSON_ArrayForEach(image, images)
    {
        if (!cJSON_IsObject(image))
            return refuse("an image is no object", error);
        if (add_names(image, "RepoTags", set, error) < 0 || add_names(image, "RepoDigests", set, error) < 0)
            return -1;
    }
    return 0;
}

int psd_docker_read_name(const char *json, size_t length, char *name, size_t size, psd_error *error)
{
    AUTO_JSON *said = parse(json, length);
    const char *version = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(said, "Version"));
    if (!version)
        return refuse("it tells no version", error);
    snprintf(name, size, "docker %s", version);
    psd_text_flatten(name);
    return 0;
}

/* ---- asking ---- */

static int describe(long status, const psd_text *answer, psd_error *error)
{
    AUTO_JSON *said = parse(psd_text_string(answer), answer->length);
    const char *message = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(said, "message"));
    psd_error_set(error, status == 404 ? PSD_UNIMPLEMENTED : PSD_UNAVAILABLE, "it answers: HTTP %ld: %.*s",
                  status, LONGEST_SAID, message ? message : "no reason given");
    if (error)
        psd_text_flatten(error->text);
    return -1;
}

static int get(psd_http *http, const char *target, const psd_wait *wait, psd_text *answer, psd_error *error)
{
    psd_http_request request = {.target = target, .most_bytes = MOST_BYTES};
    long status = 0;
    if (psd_http_ask(http, &request, wait, &status, answer, error) < 0)
        return -1;
    return status == 200 ? 0 : describe(status, answer, error);
}

int psd_docker_list(psd_http *http, const psd_wait *wait, psd_image_set *set, psd_error *error)
{
    PSD_AUTO_TEXT answer = PSD_TEXT_INIT;
    if (get(http, "/images/json", wait, &answer, error) < 0)
        return -1;
    return psd_docker_read_images(psd_text_string(&answer), answer.length, set, error);
}

int psd_docker_name(psd_http *http, const psd_wait *wait, char *name, size_t size, psd_error *error)
{
    PSD_AUTO_TEXT answer = PSD_TEXT_INIT;
    if (get(http, "/version", wait, &answer, error) < 0)
        return -1;
    return psd_docker_read_name(psd_text_string(&answer), answer.length, name, size, error);
}
