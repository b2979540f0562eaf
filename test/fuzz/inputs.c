/* Objects of the cluster as JSON, read and brought into a NodeConfig: the daemon
 * must take what comes of it. */
#include "k8s/inputs/inputs.h"

#include "server/node_config/check.h"
#include "test/fuzz/fuzz.h"

static void update_all(const cJSON *objects, bool overdue, Polarstack__V1__NodeConfig *config)
{
    psd_informer_view view = {
        .synced = true, .current = !overdue, .reason = "lost\n\xff", .objects = objects};
    view.lost_for_ms = overdue ? 2 : 0;
    for (size_t i = 0; i < psd_input_field_count; i++)
        must(psd_input_field_update(&psd_input_fields[i], "ConfigMap x/y", &view, 1, 1000, config));
    psd_error error = PSD_ERROR_INIT;
    if (psd_node_config_check(config, &error) < 0) {
        fprintf(stderr, "%s\n", error.text);
        must(strstr(error.text, "the configuration has "));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = fuzz_text(data, size);
    cJSON *objects = cJSON_ParseWithLength(text, size);
    cJSON *none = cJSON_CreateArray();
    Polarstack__V1__NodeConfig *config = malloc(sizeof(*config));
    must(none && config);
    polarstack__v1__node_config__init(config);
    if (cJSON_IsArray(objects)) {
        update_all(objects, false, config);
        size_t ranges = config->n_port_ranges;
        size_t versions = config->n_core_versions;
        update_all(none, true, config);
        must(config->n_port_ranges == ranges && config->n_core_versions == versions);
    }
    polarstack__v1__node_config__free_unpacked(config, NULL);
    cJSON_Delete(none);
    cJSON_Delete(objects);
    free(text);
    return 0;
}
