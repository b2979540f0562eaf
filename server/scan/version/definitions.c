#include "server/scan/version/definitions.h"

#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/node_config_part.h"
#include "common/thread.h"

void psd_version_definitions_init(psd_version_definitions *definitions)
{
    *definitions = (psd_version_definitions){.changes = 1};
    pthread_mutex_init(&definitions->mutex, NULL);
}

void psd_version_definitions_free(psd_version_definitions *definitions)
{
    free(psd_take(definitions->packed));
    pthread_mutex_destroy(&definitions->mutex);
}

void psd_version_definitions_set_scanner(psd_version_definitions *definitions, psd_scanner *scanner)
{
    PSD_LOCKED(&definitions->mutex);
    definitions->scanner = scanner;
}

void psd_version_definitions_set_config(psd_version_definitions *definitions,
                                        const Polarstack__V1__NodeConfig *config)
{
    /* An entry without a time is of a source that could never be read: it says no "none". */
    const Polarstack__V1__ConfigProvenance *entry = psd_node_config_part(config, "core_versions");
    bool told = entry && (config->n_core_versions > 0 || entry->read_at_ms > 0);
    Polarstack__V1__NodeConfig part = POLARSTACK__V1__NODE_CONFIG__INIT;
    part.core_versions = config->core_versions;
    part.n_core_versions = told ? config->n_core_versions : 0;
    size_t length = polarstack__v1__node_config__get_packed_size(&part);
    PSD_AUTO_FREE uint8_t *packed = malloc(length + 1);
    if (!packed)
        abort(); /* as in text.h */
    polarstack__v1__node_config__pack(&part, packed);
    PSD_LOCKED(&definitions->mutex);
    if (told == definitions->told && length == definitions->length &&
        (length == 0 || memcmp(packed, definitions->packed, length) == 0))
        return;
    free(definitions->packed);
    definitions->told = told;
    definitions->packed = psd_take(packed);
    definitions->length = length;
    definitions->changes++;
    if (definitions->scanner) /* which cannot be stopped meanwhile: the mutex is held */
        psd_scanner_wake(definitions->scanner);
}

int psd_version_definitions_get(psd_version_definitions *definitions, psd_version_list *list,
                                psd_error *error)
{
    PSD_LOCKED(&definitions->mutex);
    if (list->seen == definitions->changes)
        return 0;
    Polarstack__V1__NodeConfig *config = polarstack__v1__node_config__unpack(NULL, definitions->length,
                                                                             definitions->packed);
    if (!config)
        return psd_error_set(error, PSD_RESOURCE_EXHAUSTED, "no memory for the versions");
    psd_version_list_free(list);
    *list = (psd_version_list){.told = definitions->told, .seen = definitions->changes, .config = config};
    return 0;
}

void psd_version_list_free(psd_version_list *list)
{
    if (list->config)
        polarstack__v1__node_config__free_unpacked(psd_take(list->config), NULL);
}
