#include <limits.h>

#include "client/pdctl/command.h"
#include "common/runtime_dir.h"

/* URL, or SOCKET in the runtime folder. */
static int open_client(psd_cli_call *call, const char *url, const char *socket, psd_error *error)
{
    if (call->client)
        return 0;
    const psd_cli_settings *settings = call->settings;
    char dir[PATH_MAX];
    PSD_AUTO_TEXT found = PSD_TEXT_INIT;
    psd_runtime_dir_find(settings->runtime_dir, dir);
    psd_text_printf(&found, "ipc://%s/%s", dir, socket);
    const psd_client_options options = {
        .url = url ? url : psd_text_string(&found),
        .timeout_ms = (uint32_t)settings->timeout_ms,
    };
    return psd_client_open(&options, &call->client, error);
}

int psd_cli_connect(psd_cli_call *call, psd_error *error)
{
    return open_client(call, call->settings->url, PSD_DAEMON_SOCKET, error);
}

int psd_cli_connect_bridge(psd_cli_call *call, psd_error *error)
{
    if (open_client(call, call->settings->bridge_url, PSD_BRIDGE_SOCKET, error) == 0)
        return 0;
    return psd_error_append(error,
                            ": there is no polarstack-bridge there, the only one that sees Kubernetes");
}
