/*
 * apply-versions - tells a daemon which versions the cluster knows, as a bridge would.
 *
 *   apply-versions URL [NAME[/CONFIG-MAP] KEY=IMAGE...]...
 *
 * A word with a '=' is an image of the version before it. Without a version: the
 * cluster knows none.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/clock.h"
#include "common/rpc/client.h"
#include "common/text.h"
#include "polarstack/v1/node_config.rpc.h"

typedef Polarstack__V1__NodeConfig config;
typedef Polarstack__V1__CoreVersionDefinition definition;

static void *allocate(size_t size)
{
    void *memory = calloc(1, size);
    if (!memory)
        abort();
    return memory;
}

static void add_version(config *it, char *word, size_t most)
{
    definition *made = allocate(sizeof(*made));
    polarstack__v1__core_version_definition__init(made);
    made->name = psd_text_copy(strsep(&word, "/"));
    if (word)
        made->config_map = psd_text_copy(word);
    made->images = allocate(most * sizeof(*made->images));
    it->core_versions[it->n_core_versions++] = made;
}

static int add_image(config *it, char *word)
{
    if (it->n_core_versions == 0)
        return -1;
    definition *version = it->core_versions[it->n_core_versions - 1];
    Polarstack__V1__CoreVersionImageName *made = allocate(sizeof(*made));
    polarstack__v1__core_version_image_name__init(made);
    made->key = psd_text_copy(strsep(&word, "="));
    made->image = psd_text_copy(word);
    version->images[version->n_images++] = made;
    return 0;
}

static config *read_words(char **words, size_t count)
{
    config *made = allocate(sizeof(*made));
    polarstack__v1__node_config__init(made);
    made->core_versions = allocate((count + 1) * sizeof(definition *));
    made->provenance = allocate(sizeof(Polarstack__V1__ConfigProvenance *));
    made->provenance[0] = allocate(sizeof(Polarstack__V1__ConfigProvenance));
    made->n_provenance = 1;
    polarstack__v1__config_provenance__init(made->provenance[0]);
    made->provenance[0]->field = psd_text_copy("core_versions");
    made->provenance[0]->source = psd_text_copy("apply-versions");
    made->provenance[0]->read_at_ms = psd_clock_unix_ms();
    for (size_t i = 0; i < count; i++) {
        if (!strchr(words[i], '=')) {
            add_version(made, words[i], count);
        } else if (add_image(made, words[i]) < 0) {
            polarstack__v1__node_config__free_unpacked(made, NULL);
            return NULL;
        }
    }
    return made;
}

static int by_name(const void *a, const void *b)
{
    return strcmp((*(definition *const *)a)->name, (*(definition *const *)b)->name);
}

static int by_key(const void *a, const void *b)
{
    return strcmp((*(Polarstack__V1__CoreVersionImageName *const *)a)->key,
                  (*(Polarstack__V1__CoreVersionImageName *const *)b)->key);
}

static void sort(config *it)
{
    qsort(it->core_versions, it->n_core_versions, sizeof(*it->core_versions), by_name);
    for (size_t i = 0; i < it->n_core_versions; i++)
        qsort(it->core_versions[i]->images, it->core_versions[i]->n_images,
              sizeof(*it->core_versions[i]->images), by_key);
}

static int apply(const char *url, config *it, psd_error *error)
{
    psd_client *client = NULL;
    Polarstack__V1__ApplyNodeConfigRequest request = POLARSTACK__V1__APPLY_NODE_CONFIG_REQUEST__INIT;
    Polarstack__V1__ApplyNodeConfigResponse *response = NULL;
    request.config = it;
    if (psd_client_open(&(psd_client_options){.url = url}, &client, error) < 0)
        return -1;
    int result = psd_node_config_apply_node_config(client, &request, NULL, &response, error);
    if (response)
        polarstack__v1__apply_node_config_response__free_unpacked(response, NULL);
    psd_client_close(client);
    return result;
}

int main(int argc, char **argv)
{
    psd_error error = PSD_ERROR_INIT;
    config *it = argc > 1 ? read_words(argv + 2, (size_t)argc - 2) : NULL;
    if (!it) {
        fputs("usage: apply-versions URL [NAME[/CONFIG-MAP] KEY=IMAGE...]...\n", stderr);
        return 2;
    }
    sort(it);
    int result = apply(argv[1], it, &error);
    if (result < 0)
        fprintf(stderr, "apply-versions: %s\n", error.text);
    polarstack__v1__node_config__free_unpacked(it, NULL);
    return result < 0;
}
