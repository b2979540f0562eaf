#include "test/support/node_config_sample.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static void *allocate(size_t size)
{
    void *memory = calloc(1, size);
    if (!memory)
        abort();
    return memory;
}

static char *copy(const char *text)
{
    char *made = strdup(text);
    if (!made)
        abort();
    return made;
}

void psd_test_set(char **text, const char *value)
{
    if (*text != protobuf_c_empty_string)
        free(*text);
    *text = copy(value);
}

static Polarstack__V1__PortRange *range(uint32_t first, uint32_t last)
{
    Polarstack__V1__PortRange *made = allocate(sizeof(*made));
    polarstack__v1__port_range__init(made);
    made->first = first;
    made->last = last;
    return made;
}

static Polarstack__V1__CoreVersionImageName *image(const char *key, const char *name)
{
    Polarstack__V1__CoreVersionImageName *made = allocate(sizeof(*made));
    polarstack__v1__core_version_image_name__init(made);
    made->key = copy(key);
    made->image = copy(name);
    return made;
}

/* The second image is left out when SECOND is NULL. */
static Polarstack__V1__CoreVersionDefinition *version(const char *name, const char *second)
{
    Polarstack__V1__CoreVersionDefinition *made = allocate(sizeof(*made));
    polarstack__v1__core_version_definition__init(made);
    made->name = copy(name);
    made->config_map = copy("polardb-version");
    made->images = allocate(2 * sizeof(*made->images));
    made->images[made->n_images++] = image("pgEngineImage", "registry.example:5000/engine:1");
    if (second)
        made->images[made->n_images++] = image(second, "registry.example:5000/tool:1");
    return made;
}

static Polarstack__V1__ConfigProvenance *provenance(const char *field)
{
    Polarstack__V1__ConfigProvenance *made = allocate(sizeof(*made));
    polarstack__v1__config_provenance__init(made);
    made->field = copy(field);
    made->source = copy("ConfigMap kube-system/controller-config");
    made->resource_version = copy("4711");
    made->read_at_ms = 1700000000000;
    return made;
}

Polarstack__V1__NodeConfig *psd_test_node_config(void)
{
    static const char *const fields[] = {"check_bmc",   "client_nic",    "core_versions",
                                         "port_ranges", "publish_ports", "ssh_user"};
    enum { FIELDS = sizeof(fields) / sizeof(fields[0]) };
    Polarstack__V1__NodeConfig *config = allocate(sizeof(*config));
    polarstack__v1__node_config__init(config);
    config->port_ranges = allocate(2 * sizeof(*config->port_ranges));
    config->port_ranges[config->n_port_ranges++] = range(5400, 5800);
    config->port_ranges[config->n_port_ranges++] = range(30000, 32999);
    config->publish_ports = true;
    config->client_nic = copy("bond1");
    config->check_bmc = true;
    config->ssh_user = copy("root");
    config->core_versions = allocate(2 * sizeof(*config->core_versions));
    config->core_versions[config->n_core_versions++] = version("pg-11.9.20", "pgManagerImage");
    config->core_versions[config->n_core_versions++] = version("pg-14.1", NULL);
    config->provenance = allocate(FIELDS * sizeof(*config->provenance));
    for (size_t i = 0; i < FIELDS; i++)
        config->provenance[config->n_provenance++] = provenance(fields[i]);
    return config;
}

void psd_test_node_config_free(Polarstack__V1__NodeConfig *config)
{
    polarstack__v1__node_config__free_unpacked(config, NULL);
}
