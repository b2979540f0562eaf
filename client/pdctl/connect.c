#include <limits.h>

#include "client/pdctl/command.h"
#include "common/runtime_dir.h"

int psd_cli_connect(psd_cli_call *call, psd_error *error)
{
    if (call->client)
        return 0;
    const psd_cli_settings *settings = call->settings;
    char dir[PATH_MAX];
    PSD_AUTO_TEXT url = PSD_TEXT_INIT;
    psd_runtime_dir_find(settings->runtime_dir, dir);
    psd_text_printf(&url, "ipc://%s/%s", dir, PSD_DAEMON_SOCKET);
    const psd_client_options options = {
        .url = settings->url ? settings->url : psd_text_string(&url),
        .timeout_ms = (uint32_t)settings->timeout_ms,
    };
    return psd_client_open(&options, &call->client, error);
}
