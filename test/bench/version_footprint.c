/*
 * version_footprint: memory of the daemon while it scans a containerd with 500 images
 * for 20 versions of 5 images, above what it has at rest.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/clock.h"
#include "polarstack/v1/core_version.rpc.h"
#include "polarstack/v1/node_config.rpc.h"
#include "test/support/bench.h"
#include "test/support/container_runtime.h"
#include "test/support/daemon_process.h"
#include "test/support/node_config_sample.h"

enum {
    IMAGES = 500,
    VERSIONS = 20,
    IMAGES_OF_ONE = 5,
    CHECKS = 20,
    REST_S = 20, /* when the start is over, its memory is given back */
    LISTED_MS = 60000,
};

static char *name_of(size_t image)
{
    char *name = NULL;
    psd_bench_check(asprintf(&name, "registry.example:5000/polardb/polardb_pg_engine:%03zu", image) < 0,
                    "a name");
    return name;
}

static void fill(const psd_test_runtime *runtime)
{
    char *names[IMAGES];
    for (size_t i = 0; i < IMAGES; i++)
        names[i] = name_of(i);
    psd_test_runtime_add(runtime, (const char *const *)names, IMAGES);
    for (size_t i = 0; i < IMAGES; i++)
        free(names[i]);
}

/* ---- the versions ---- */

static Polarstack__V1__CoreVersionDefinition *version_of(size_t number)
{
    Polarstack__V1__CoreVersionDefinition *made = calloc(1, sizeof(*made));
    char text[32];
    polarstack__v1__core_version_definition__init(made);
    snprintf(text, sizeof(text), "pg-%02zu", number);
    made->name = strdup(text);
    made->config_map = strdup("polardb-versions");
    made->images = calloc(IMAGES_OF_ONE, sizeof(*made->images));
    for (size_t i = 0; i < IMAGES_OF_ONE; i++) {
        Polarstack__V1__CoreVersionImageName *image = calloc(1, sizeof(*image));
        polarstack__v1__core_version_image_name__init(image);
        snprintf(text, sizeof(text), "image%zu", i);
        image->key = strdup(text);
        image->image = name_of(number * IMAGES_OF_ONE + i);
        made->images[made->n_images++] = image;
    }
    return made;
}

static void apply_versions(psd_client *client)
{
    Polarstack__V1__NodeConfig *config = psd_test_node_config();
    while (config->n_core_versions > 0)
        polarstack__v1__core_version_definition__free_unpacked(
            config->core_versions[--config->n_core_versions], NULL);
    free(config->core_versions);
    config->core_versions = calloc(VERSIONS, sizeof(*config->core_versions));
    for (size_t i = 0; i < VERSIONS; i++)
        config->core_versions[config->n_core_versions++] = version_of(i);
    Polarstack__V1__ApplyNodeConfigRequest request = POLARSTACK__V1__APPLY_NODE_CONFIG_REQUEST__INIT;
    Polarstack__V1__ApplyNodeConfigResponse *response = NULL;
    psd_error error = PSD_ERROR_INIT;
    request.config = config;
    psd_bench_check(psd_node_config_apply_node_config(client, &request, NULL, &response, &error), error.text);
    polarstack__v1__apply_node_config_response__free_unpacked(response, NULL);
    psd_test_node_config_free(config);
}

/* How many versions are present. */
static size_t check(psd_client *client)
{
    Polarstack__V1__CheckCoreVersionsRequest request = POLARSTACK__V1__CHECK_CORE_VERSIONS_REQUEST__INIT;
    Polarstack__V1__CoreVersionCheck *it = NULL;
    psd_error error = PSD_ERROR_INIT;
    psd_bench_check(psd_core_version_check_core_versions(client, &request, NULL, &it, &error), error.text);
    size_t count = it->n_present;
    polarstack__v1__core_version_check__free_unpacked(it, NULL);
    return count;
}

/* CRI lists what was imported a moment later. */
static void wait_for_all(psd_client *client)
{
    int64_t end_ms = psd_clock_mono_ms() + LISTED_MS;
    while (check(client) < VERSIONS) {
        psd_bench_check(psd_clock_mono_ms() < end_ms ? 0 : -1, "the images are not listed");
        usleep(100000);
    }
}

/* From now on VmHWM is the peak since now. */
static void forget_peak(pid_t process)
{
    char path[64];
    snprintf(path, sizeof(path), "/proc/%d/clear_refs", (int)process);
    FILE *file = fopen(path, "we");
    psd_bench_check(file && fputs("5", file) >= 0 && fclose(file) == 0 ? 0 : -1, path);
}

static void measure(const psd_test_daemon *daemon, psd_client *client)
{
    sleep(REST_S);
    forget_peak(daemon->pid);
    double rest = (double)psd_bench_memory_kib(daemon->pid, "VmRSS:") / 1024;
    for (int i = 0; i < CHECKS; i++)
        psd_bench_check(check(client) == VERSIONS ? 0 : -1, "an image was not found");
    double peak = (double)psd_bench_memory_kib(daemon->pid, "VmHWM:") / 1024;
    psd_bench_report("version_footprint", "rest", rest, "MiB");
    psd_bench_at_most("version_footprint", "peak_above_rest", peak - rest, "MiB", 4);
}

int main(void)
{
    psd_test_runtime runtime;
    psd_test_daemon daemon;
    psd_client *client = NULL;
    psd_error error = PSD_ERROR_INIT;
    psd_test_runtime_start(&runtime, PSD_TEST_CONTAINERD);
    fill(&runtime);
    const char *const arguments[] = {"--runtime-endpoint", runtime.endpoint, NULL};
    psd_test_daemon_start(&daemon, arguments);
    psd_client_options options = {.url = daemon.url};
    psd_bench_check(psd_client_open(&options, &client, &error), error.text);
    apply_versions(client);
    wait_for_all(client);
    measure(&daemon, client);
    psd_client_close(client);
    psd_test_daemon_stop(&daemon);
    psd_test_runtime_stop(&runtime);
    return psd_bench_exit_code();
}
