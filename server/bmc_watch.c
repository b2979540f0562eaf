#include "server/bmc_watch.h"

#include "common/log.h"
#include "polarstack/v1/node_net.pb-c.h"
#include "server/host_config.h"

int psd_bmc_watch_init(psd_bmc_watch *watch, const psd_config *config, psd_net_state *net, psd_error *error)
{
    *watch = (psd_bmc_watch){.net = net, .said = POLARSTACK__V1__BMC_STATE__BMC_UNKNOWN};
    psd_bmc_control_init(&watch->control, true);
    return psd_host_open_configured(config, &watch->host, error);
}

/* One line for each new state. */
static void say(psd_bmc_watch *watch, const Polarstack__V1__Bmc *bmc)
{
    if (bmc->state == watch->said)
        return;
    watch->said = bmc->state;
    const ProtobufCEnumValue *name = protobuf_c_enum_descriptor_get_value(
        &polarstack__v1__bmc_state__descriptor, (int)bmc->state);
    bool is_bad = bmc->state == POLARSTACK__V1__BMC_STATE__BMC_FAILED;
    psd_log(is_bad ? PSD_LOG_WARNING : PSD_LOG_INFO, "bmc state", "state=%s address=%s reason=\"%s\"",
            name ? name->name : "?", bmc->address, bmc->error);
}

static int take(void *arg, const psd_look *look, psd_error *error)
{
    psd_bmc_watch *watch = arg;
    const Polarstack__V1__Bmc *bmc = (const Polarstack__V1__Bmc *)look->resource;
    say(watch, bmc);
    return psd_net_state_set_bmc(watch->net, bmc, error);
}

static void ended(void *arg PSD_UNUSED, int64_t duration_us PSD_UNUSED, const psd_error *error PSD_UNUSED)
{
}

static void looked(void *arg PSD_UNUSED, const psd_error *error PSD_UNUSED)
{
}

void psd_bmc_watch_follow(psd_bmc_watch *watch, const Polarstack__V1__NodeConfig *config)
{
    bool is_new = psd_bmc_follow_config(&watch->control, watch->host, config);
    if (is_new && watch->scanner)
        psd_scanner_ask(watch->scanner, looked, NULL);
}

int psd_bmc_watch_start(psd_bmc_watch *watch, const psd_config *config, psd_error *error)
{
    psd_bmc_settings settings = psd_bmc_settings_configured(config, watch->host, &watch->control);
    psd_sink sink = {.publish = take, .arg = watch};
    return psd_scanner_start(&psd_bmc_scanner, &settings, &sink, ended, watch, &watch->scanner, error);
}

void psd_bmc_watch_stop(psd_bmc_watch *watch)
{
    psd_scanner_stop(watch->scanner);
    watch->scanner = NULL;
    psd_host_close(watch->host);
    watch->host = NULL;
}
