#include "server/config.h"

static const psd_option rows[] = {
    {.name = "runtime-dir",
     .type = PSD_OPTION_STRING,
     .offset = offsetof(psd_config, runtime_dir),
     .value_name = "DIR",
     .help = "Folder of the socket and of the state. Default: $POLARSTACK_RUNTIME_DIR, else /run/polarstack, "
             "else $XDG_RUNTIME_DIR/polarstack."},
    {.name = "state-dir",
     .type = PSD_OPTION_STRING,
     .offset = offsetof(psd_config, state_dir),
     .value_name = "DIR",
     .help = "Folder of what must survive a restart. Default: 'state' in the runtime folder."},
    {.name = "listen",
     .type = PSD_OPTION_STRING,
     .offset = offsetof(psd_config, listen),
     .value_name = "URL",
     .help =
         "Listen on URL as well, for example tcp://127.0.0.1:9000 (loopback only; streams are on the next "
         "port)."},
    {.name = "node-name",
     .type = PSD_OPTION_STRING,
     .offset = offsetof(psd_config, node_name),
     .value_name = "NAME",
     .environment = "CURRENT_NODE_NAME",
     .help = "Name of this node in answers. Default: the host's name in lower case."},
    {.name = "port-ranges",
     .type = PSD_OPTION_PORTS,
     .offset = offsetof(psd_config, port_ranges),
     .value_name = "RANGES",
     .default_text = "1-65535",
     .help = "Ports to look at: '5400', '30000-32999', '36000+100', or a comma list of those."},
    {.name = "port-listen-period",
     .type = PSD_OPTION_DURATION,
     .offset = offsetof(psd_config, port_listen_period_ms),
     .value_name = "DURATION",
     .default_text = "500ms",
     .min = 10,
     .max = 3600000,
     .help = "Pause between two looks at the listening sockets."},
    {.name = "port-full-period",
     .type = PSD_OPTION_DURATION,
     .offset = offsetof(psd_config, port_full_period_ms),
     .value_name = "DURATION",
     .default_text = "2s",
     .min = 10,
     .max = 3600000,
     .help = "Pause between two looks at all sockets."},
    {.name = "max-in-flight",
     .type = PSD_OPTION_UINT,
     .offset = offsetof(psd_config, max_in_flight),
     .value_name = "N",
     .default_text = "64",
     .min = 1,
     .max = 4096,
     .help = "Requests answered at the same time; more of them wait."},
    PSD_PROGRAM_OPTIONS("POLARSTACK_CONFIG"),
};

psd_options psd_config_options(void)
{
    return (psd_options){rows, PSD_ARRAY_SIZE(rows)};
}
