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

/* ---- what is measured: a list, and an answer for each image of each version ---- */

static psd_image_set *list(psd_runtime *runtime)
{
    psd_error error = PSD_ERROR_INIT;
    psd_image_set *set = NULL;
    psd_runtime_facts facts;
    if (psd_runtime_list(runtime, psd_clock_mono_ms() + DEADLINE_MS, &set, &facts, &error) < 0)
        psd_bench_check(-1, error.text);
    return set;
}

/* What availability is computed from: an answer for each image of each version. */
static void look_up(const psd_image_set *set)
{
    char name[NAME_SIZE];
    for (size_t i = 0; i < (size_t)VERSIONS * IMAGES_EACH; i++) {
        psd_image_found found = {0};
        psd_bench_check(psd_image_set_find(set, image_name(i, name), &found, NULL), "find");
        psd_bench_check(found.present ? 0 : -1, name);
    }
}

static double time_scan(psd_runtime *runtime)
{
    double begin_us = (double)psd_clock_mono_us();
    psd_image_set *set = list(runtime);
    look_up(set);
    psd_image_set_free(set);
    return (double)psd_clock_mono_us() - begin_us;
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
    for (size_t i = 0; i < RUNS; i++) { /* in turns, so that both see the same machine */
        lists[i] = time_bare_list(multi);
        scans[i] = time_scan(runtime);
    }
    for (size_t i = 0; i < STATUS_RUNS; i++)
        statuses[i] = time_status_calls(multi);
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
