/*
 * version_scan - a look at 20 versions of 5 images on a containerd that has 500, against
 * the bare list call over the same socket (libcurl, the same kind of connection, the answer
 * thrown away), and against one status call an image.
 */
#include <curl/curl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/text.h"
#include "server/scan/version/availability.h"
#include "server/scan/version/runtime.h"
#include "test/support/bench.h"
#include "test/support/container_runtime.h"

enum {
    IMAGES = 500,
    NAMES = 2,
    VERSIONS = 20,
    IMAGES_EACH = 5,
    RUNS = 51,
    STATUS_RUNS = 5,
    DEADLINE_MS = 60000,
    STEP_MS = 50,
    NAME_SIZE = 96,
    BUFFER_BYTES = 131072,
    HEAD = 5, /* a frame's, before the message */
};

static psd_test_runtime containerd;

static const char *image_name(size_t number, char name[NAME_SIZE])
{
    snprintf(name, NAME_SIZE, "registry.example.com/polardb/image-%zu:1.0.%zu", number, number);
    return name;
}

/* ---- what is measured: a list, and what it says of each image of each version ---- */

typedef Polarstack__V1__CoreVersionAvailability availability;

static void *must(void *memory)
{
    psd_bench_check(memory ? 0 : -1, "out of memory");
    return memory;
}

static char *numbered(const char *word, size_t number)
{
    char text[NAME_SIZE];
    snprintf(text, sizeof(text), "%s-%02zu", word, number);
    return psd_text_copy(text);
}

static psd_image_set *list(psd_runtime *runtime)
{
    psd_error error = PSD_ERROR_INIT;
    psd_image_set *set = NULL;
    psd_runtime_facts facts;
    if (psd_runtime_list(runtime, psd_clock_mono_ms() + DEADLINE_MS, &set, &facts, &error) < 0)
        psd_bench_check(-1, error.text);
    return set;
}

/* VERSIONS of IMAGES_EACH, all of them there. */
static Polarstack__V1__NodeConfig *define_versions(void)
{
    Polarstack__V1__NodeConfig *config = must(calloc(1, sizeof(*config)));
    polarstack__v1__node_config__init(config);
    config->core_versions = must(calloc(VERSIONS, sizeof(*config->core_versions)));
    for (size_t i = 0; i < VERSIONS; i++) {
        Polarstack__V1__CoreVersionDefinition *version = must(calloc(1, sizeof(*version)));
        polarstack__v1__core_version_definition__init(version);
        version->name = numbered("polardb-wrm", i);
        version->images = must(calloc(IMAGES_EACH, sizeof(*version->images)));
        for (size_t k = 0; k < IMAGES_EACH; k++) {
            Polarstack__V1__CoreVersionImageName *image = must(calloc(1, sizeof(*image)));
            char name[NAME_SIZE];
            polarstack__v1__core_version_image_name__init(image);
            image->key = numbered("image", k);
            image->image = psd_text_copy(image_name(i * IMAGES_EACH + k, name));
            version->images[version->n_images++] = image;
        }
        config->core_versions[config->n_core_versions++] = version;
    }
    return config;
}

/* What the scanner does for a look, as the one after another. */
static double time_scan(psd_runtime *runtime, const Polarstack__V1__NodeConfig *config, availability **seen)
{
    double begin_us = (double)psd_clock_mono_us();
    psd_image_set *set = list(runtime);
    const psd_availability_facts facts = {
        .config = config, .images = set, .runtime = "", .endpoint = "", .now_ms = psd_clock_unix_ms()};
    availability *now = psd_availability_make(&facts, *seen);
    psd_image_set_free(set);
    double us = (double)psd_clock_mono_us() - begin_us;
    psd_bench_check(now->n_versions == VERSIONS ? 0 : -1, "a version is missing");
    for (size_t i = 0; i < now->n_versions; i++)
        psd_bench_check(now->versions[i]->presence == POLARSTACK__V1__PRESENCE__PRESENT ? 0 : -1,
                        now->versions[i]->name);
    if (*seen)
        polarstack__v1__core_version_availability__free_unpacked(*seen, NULL);
    *seen = now;
    return us;
}

/* ---- what it is compared with ---- */

static size_t throw_away(const char *bytes, size_t size, size_t count, void *arg)
{
    (void)bytes;
    *(size_t *)arg += size * count;
    return size * count;
}

/* Calls METHOD with a frame; the connection of MULTI is kept, as the daemon's is. Its
 * second use must not be told of prior knowledge, and the buffer must be large (see http_unix.c). Returns the
 * bytes. */
static size_t call(CURLM *multi, bool is_first, const char *method, const psd_text *frame)
{
    char url[128];
    size_t length = 0;
    int running = 1;
    int left = 0;
    CURL *easy = curl_easy_init();
    struct curl_slist *headers = curl_slist_append(NULL, "content-type: application/grpc");
    headers = curl_slist_append(headers, "te: trailers");
    snprintf(url, sizeof(url), "http://localhost/runtime.v1.ImageService/%s", method);
    curl_easy_setopt(easy, CURLOPT_URL, url);
    curl_easy_setopt(easy, CURLOPT_UNIX_SOCKET_PATH, containerd.socket);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION,
                     (long)(is_first ? CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE : CURL_HTTP_VERSION_2TLS));
    curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, (long)BUFFER_BYTES);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE, (long)frame->length);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, frame->data);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, throw_away);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, &length);
    curl_multi_add_handle(multi, easy);
    for (;;) {
        curl_multi_perform(multi, &running);
        const CURLMsg *message = curl_multi_info_read(multi, &left);
        if (message) {
            psd_bench_check(message->data.result == CURLE_OK ? 0 : -1, method);
            break;
        }
        curl_multi_poll(multi, NULL, 0, DEADLINE_MS, NULL);
    }
    curl_multi_remove_handle(multi, easy);
    curl_easy_cleanup(easy);
    curl_slist_free_all(headers);
    return length;
}

static double time_bare_list(CURLM *multi)
{
    static const char no_fields[HEAD];
    psd_text frame = PSD_TEXT_INIT;
    psd_text_append(&frame, no_fields, sizeof(no_fields));
    double begin_us = (double)psd_clock_mono_us();
    size_t length = call(multi, false, "ListImages", &frame);
    double us = (double)psd_clock_mono_us() - begin_us;
    psd_bench_check(length > IMAGES * sizeof("registry.example.com") ? 0 : -1, "the list is too short");
    psd_text_free(&frame);
    return us;
}

/* ImageStatusRequest{image: ImageSpec{image: NAME}}, each for one image. */
static double time_status_calls(CURLM *multi)
{
    char name[NAME_SIZE];
    double begin_us = (double)psd_clock_mono_us();
    for (size_t i = 0; i < (size_t)VERSIONS * IMAGES_EACH; i++) {
        psd_text frame = PSD_TEXT_INIT;
        size_t length = strlen(image_name(i, name));
        const char head[] = {0, 0, 0, 0, (char)(length + 4), 0x0a, (char)(length + 2), 0x0a, (char)length};
        psd_text_append(&frame, head, sizeof(head));
        psd_text_append(&frame, name, length);
        size_t answered = call(multi, false, "ImageStatus", &frame);
        psd_bench_check(answered > length ? 0 : -1, "the image has no status");
        psd_text_free(&frame);
    }
    return (double)psd_clock_mono_us() - begin_us;
}

/* ---- the bench ---- */

static void add_images(void)
{
    char first[NAME_SIZE];
    char both[NAMES * NAME_SIZE];
    const char *names[IMAGES];
    for (size_t i = 0; i < IMAGES; i++) {
        snprintf(both, sizeof(both), "%s,docker.io/polardb/image-%zu:latest", image_name(i, first), i);
        names[i] = psd_text_copy(both);
    }
    psd_test_runtime_add(&containerd, names, IMAGES);
    for (size_t i = 0; i < IMAGES; i++)
        free((char *)(uintptr_t)names[i]);
}

/* CRI follows what was added. */
static void wait_for_images(psd_runtime *runtime)
{
    int64_t end_ms = psd_clock_mono_ms() + DEADLINE_MS;
    size_t count = 0;
    while (count < (size_t)IMAGES * NAMES) {
        psd_bench_check(psd_clock_mono_ms() < end_ms ? 0 : -1, "the images do not come");
        usleep(STEP_MS * 1000);
        psd_image_set *set = list(runtime);
        count = psd_image_set_count(set);
        psd_image_set_free(set);
    }
}

static void compare(psd_runtime *runtime, CURLM *multi)
{
    double scans[RUNS];
    double lists[RUNS];
    double statuses[STATUS_RUNS];
    availability *seen = NULL;
    Polarstack__V1__NodeConfig *config = define_versions();
    for (size_t i = 0; i < RUNS; i++) { /* in turns, so that both see the same machine */
        lists[i] = time_bare_list(multi);
        scans[i] = time_scan(runtime, config, &seen);
    }
    for (size_t i = 0; i < STATUS_RUNS; i++)
        statuses[i] = time_status_calls(multi);
    polarstack__v1__core_version_availability__free_unpacked(seen, NULL);
    polarstack__v1__node_config__free_unpacked(config, NULL);
    double scan_us = psd_bench_percentile(scans, RUNS, 0.5);
    double list_us = psd_bench_percentile(lists, RUNS, 0.5);
    double status_us = psd_bench_percentile(statuses, STATUS_RUNS, 0.5);
    psd_bench_report("version_scan", "scan", scan_us, "us");
    psd_bench_report("version_scan", "bare_list_call", list_us, "us");
    psd_bench_report("version_scan", "status_calls", status_us, "us");
    psd_bench_at_most("version_scan", "scan_to_bare_list", scan_us / list_us, "ratio", 1.5);
    psd_bench_at_most("version_scan", "scan_to_status_calls", scan_us / status_us, "ratio", 1);
}

int main(void)
{
    static const char no_fields[HEAD];
    psd_runtime *runtime = NULL;
    psd_text frame = PSD_TEXT_INIT;
    psd_text_append(&frame, no_fields, sizeof(no_fields));
    psd_test_runtime_start(&containerd, PSD_TEST_CONTAINERD);
    psd_bench_check(psd_runtime_new(containerd.endpoint, &runtime, NULL), "psd_runtime_new");
    add_images();
    wait_for_images(runtime);
    CURLM *multi = curl_multi_init();
    call(multi, true, "ListImages", &frame);
    compare(runtime, multi);
    curl_multi_cleanup(multi);
    psd_runtime_free(runtime);
    psd_text_free(&frame);
    psd_test_runtime_stop(&containerd);
    return psd_bench_exit_code();
}
