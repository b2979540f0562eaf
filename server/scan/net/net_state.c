#include "server/scan/net/net_state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/node_config_part.h"
#include "common/thread.h"

/* NULL when out of memory. */
static Polarstack__V1__Bmc *copy_bmc(const Polarstack__V1__Bmc *bmc)
{
    size_t size = polarstack__v1__bmc__get_packed_size(bmc);
    PSD_AUTO_FREE uint8_t *packed = malloc(size + 1);
    if (!packed)
        return NULL;
    polarstack__v1__bmc__pack(bmc, packed);
    return polarstack__v1__bmc__unpack(NULL, size, packed);
}

int psd_net_state_init(psd_net_state *state, const char *option, psd_error *error)
{
    Polarstack__V1__Bmc unknown = POLARSTACK__V1__BMC__INIT;
    unknown.state = POLARSTACK__V1__BMC_STATE__BMC_UNKNOWN;
    *state = (psd_net_state){.bmc = copy_bmc(&unknown), .bmc_changes = 1};
    pthread_mutex_init(&state->mutex, NULL);
    if (!state->bmc)
        return psd_error_set(error, PSD_RESOURCE_EXHAUSTED, "out of memory");
    if (option) {
        snprintf(state->option.text, sizeof(state->option.text), "%s", option);
        snprintf(state->option.source, sizeof(state->option.source), "flag --client-nic");
    }
    return 0;
}

void psd_net_state_free(psd_net_state *state)
{
    if (!state->bmc)
        return;
    polarstack__v1__bmc__free_unpacked(psd_take(state->bmc), NULL);
    pthread_mutex_destroy(&state->mutex);
}

void psd_net_state_set_scanner(psd_net_state *state, psd_scanner *scanner)
{
    PSD_LOCKED(&state->mutex);
    state->scanner = scanner;
}

/* With the mutex held: the scanner cannot be stopped meanwhile. */
static void wake(const psd_net_state *state)
{
    if (state->scanner)
        psd_scanner_wake(state->scanner);
}

static const char *source_of_nic(const Polarstack__V1__NodeConfig *config)
{
    const Polarstack__V1__ConfigProvenance *part = psd_node_config_part(config, "client_nic");
    return part ? part->source : "NodeConfig";
}

void psd_net_state_set_config(psd_net_state *state, const Polarstack__V1__NodeConfig *config)
{
    psd_nic_choice choice = {.text = ""};
    if (config->client_nic[0]) {
        snprintf(choice.text, sizeof(choice.text), "%s", config->client_nic);
        snprintf(choice.source, sizeof(choice.source), "%s", source_of_nic(config));
    }
    PSD_LOCKED(&state->mutex);
    bool differs = strcmp(choice.text, state->config.text) != 0 ||
                   strcmp(choice.source, state->config.source) != 0;
    state->config = choice;
    if (differs && !state->option.text[0])
        wake(state);
}

int psd_net_state_set_bmc(psd_net_state *state, const Polarstack__V1__Bmc *bmc, psd_error *error)
{
    Polarstack__V1__Bmc *copy = copy_bmc(bmc);
    if (!copy)
        return psd_error_set(error, PSD_RESOURCE_EXHAUSTED, "no memory for what is known of the BMC");
    PSD_LOCKED(&state->mutex);
    polarstack__v1__bmc__free_unpacked(state->bmc, NULL);
    state->bmc = copy;
    state->bmc_changes++;
    wake(state);
    return 0;
}

void psd_net_state_nic(psd_net_state *state, psd_nic_choice *choice)
{
    PSD_LOCKED(&state->mutex);
    *choice = state->option.text[0] ? state->option : state->config;
}

bool psd_net_state_bmc(psd_net_state *state, uint64_t *seen, Polarstack__V1__Bmc **bmc)
{
    PSD_LOCKED(&state->mutex);
    if (*seen == state->bmc_changes)
        return false;
    Polarstack__V1__Bmc *copy = copy_bmc(state->bmc);
    if (!copy)
        return false; /* the next scan tries again */
    if (*bmc)
        polarstack__v1__bmc__free_unpacked(*bmc, NULL);
    *bmc = copy;
    *seen = state->bmc_changes;
    return true;
}
