#include "server/bmc_watch.h"

#include "polarstack/v1/node_net.pb-c.h"
#include "server/host_config.h"

int psd_bmc_watch_init(psd_bmc_watch *watch, const psd_config *config, psd_net_state *net, psd_error *error)
{
    *watch = (psd_bmc_watch){.net = net};
    psd_bmc_control_init(&watch->control, true);
    return psd_host_open_configured(config, &watch->host, error);
}

static int take(void *arg, const psd_look *look, psd_error *error)
{
    return psd_net_state_set_bmc(arg, (const Polarstack__V1__Bmc *)look->resource, error);
}

void psd_bmc_watch_follow(psd_bmc_watch *watch, const Polarstack__V1__NodeConfig *config)
{
    bool is_new = psd_bmc_follow_config(&watch->control, watch->host, config);
    if (is_new && watch->scanner)
        psd_scanner_wake(watch->scanner);
}

int psd_bmc_watch_start(psd_bmc_watch *watch, const psd_config *config, psd_error *error)
{
    psd_bmc_settings settings = psd_bmc_settings_configured(config, watch->host, &watch->control);
    psd_sink sink = {.publish = take, .arg = watch->net};
    return psd_scanner_start(&psd_bmc_scanner, &settings, &sink, NULL, NULL, &watch->scanner, error);
}

void psd_bmc_watch_stop(psd_bmc_watch *watch)
{
    psd_scanner_stop(watch->scanner);
    watch->scanner = NULL;
    psd_host_close(watch->host);
    watch->host = NULL;
}
