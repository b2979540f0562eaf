#include "server/host_config.h"

#include <arpa/inet.h>
#include <string.h>

#include "common/node_config_part.h"
#include "server/scan/net/ipmitool.h"

enum { FIRST_BACKOFF_MS = 5000, MOST_BACKOFF_MS = 3600000 };

/* NULL for an option that is not set or empty. */
static const char *given(const char *text)
{
    return text && *text ? text : NULL;
}

int psd_host_open_configured(const psd_config *config, psd_host **host, psd_error *error)
{
    psd_host_settings settings = {
        .access = (psd_host_access)config->host_access,
        .ssh = {.address = config->host_ssh_address,
                .port = (uint16_t)config->host_ssh_port,
                .user = given(config->host_ssh_user),
                .key_file = given(config->host_ssh_key_file),
                .known_hosts = config->host_ssh_known_hosts},
    };
    return psd_host_open(&settings, host, error);
}

psd_bmc_settings psd_bmc_settings_configured(const psd_config *config, psd_host *host,
                                             const psd_bmc_control *control)
{
    return (psd_bmc_settings){
        .host = host,
        .control = control,
        .program = config->ipmitool,
        .arguments = config->ipmitool_arguments,
        .channel = (unsigned)config->bmc_channel,
        .period_ms = config->bmc_period_ms,
        .first_backoff_ms = FIRST_BACKOFF_MS,
        .most_backoff_ms = MOST_BACKOFF_MS,
        .timeout_ms = config->bmc_timeout_ms,
    };
}

bool psd_bmc_follow_config(psd_bmc_control *control, psd_host *host, const Polarstack__V1__NodeConfig *config)
{
    bool check = !psd_node_config_part(config, "check_bmc") || config->check_bmc;
    bool is_new = psd_bmc_control_set_check(control, check);
    return psd_host_set_user(host, config->ssh_user) || is_new;
}

int psd_host_config_check(const psd_config *config, psd_error *error)
{
    struct in6_addr address;
    const char *text = config->host_ssh_address;
    if (inet_pton(AF_INET, text, &address) != 1 && inet_pton(AF_INET6, text, &address) != 1)
        return psd_error_set(error, PSD_INVALID_ARGUMENT, "--host-ssh-address: '%s' is not an IP address",
                             text);
    if (!given(config->host_ssh_known_hosts))
        return psd_error_set(
            error, PSD_INVALID_ARGUMENT,
            "--host-ssh-known-hosts: without a file of known hosts no server can be trusted");
    if (!given(config->ipmitool))
        return psd_error_set(error, PSD_INVALID_ARGUMENT, "--ipmitool: the name of a program is missing");
    if (config->ipmitool_arguments && psd_ipmitool_check_arguments(config->ipmitool_arguments, error) < 0)
        return psd_error_prefix(error, "--ipmitool-arguments");
    return 0;
}
