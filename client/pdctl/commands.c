/* commands.c - the tables: commands, their options, exit codes. */
#include "client/pdctl/command.h"

#include "client/pdctl/bridge.h"
#include "client/pdctl/complete.h"
#include "client/pdctl/help.h"
#include "client/pdctl/manual.h"
#include "client/pdctl/ports.h"
#include "client/pdctl/resource.h"
#include "client/pdctl/server.h"
#include "client/pdctl/versions.h"
#include "common/macros.h"

const char *const psd_cli_exit_meanings[] = {
    [PSD_CLI_OK] = "The question was answered. A watch was ended by a signal, a limit or its reader.",
    [PSD_CLI_NEGATIVE] = "The answer is negative: DEGRADED, UNKNOWN, a difference, or a fault.",
    [PSD_CLI_USAGE] = "The command line is wrong; nothing was asked.",
    [PSD_CLI_UNREACHABLE] = "The daemon cannot be reached.",
    [PSD_CLI_FAILED] = "The daemon refused the call or failed in it.",
    [PSD_CLI_TIMEOUT] = "No answer came within --timeout.",
    [PSD_CLI_LOCAL] = "Something failed on this side: the output could not be written.",
};
const size_t psd_cli_exit_count = PSD_ARRAY_SIZE(psd_cli_exit_meanings);

/* ---- options ---- */

static const char *const color_choices[] = {"auto", "always", "never", NULL};
static const char *const list_formats[] = {"table", "wide", "json", "yaml", "name", NULL};
static const char *const stream_formats[] = {"table", "json", NULL};
static const char *const report_formats[] = {"table", "wide", "json", "yaml", NULL};
static const char *const text_formats[] = {"text", "json", "yaml", NULL};

static const psd_option global_rows[] = {
    {
        .name = "runtime-dir",
        .type = PSD_OPTION_STRING,
        .offset = offsetof(psd_cli_settings, runtime_dir),
        .value_name = "DIR",
        .help = "Folder with the daemon's socket. Otherwise $POLARSTACK_RUNTIME_DIR, /run/polarstack or "
                "$XDG_RUNTIME_DIR/polarstack.",
    },
    {
        .name = "url",
        .type = PSD_OPTION_STRING,
        .offset = offsetof(psd_cli_settings, url),
        .value_name = "URL",
        .help = "Address of the daemon, for example ipc:///run/polarstack/daemon.sock.",
    },
    {
        .name = "timeout",
        .type = PSD_OPTION_DURATION,
        .offset = offsetof(psd_cli_settings, timeout_ms),
        .value_name = "DURATION",
        .default_text = "10s",
        .min = 1,
        .max = 3600000,
        .help = "How long to wait for an answer.",
    },
    {
        .name = "color",
        .type = PSD_OPTION_CHOICE,
        .offset = offsetof(psd_cli_settings, color),
        .value_name = "WHEN",
        .default_text = "auto",
        .choices = color_choices,
        .help = "Colour; auto means on a terminal, unless $NO_COLOR is set.",
    },
    {
        .name = "help",
        .letter = 'h',
        .type = PSD_OPTION_BOOL,
        .offset = offsetof(psd_cli_settings, help),
        .help = "Show the help of the command.",
    },
};
const psd_options psd_cli_global_options = {global_rows, PSD_ARRAY_SIZE(global_rows)};

/* Rows that several commands share. */
#define OUTPUT_ROW(CHOICES, DEFAULT)                                                                     \
    {                                                                                                    \
        .name = "output", .letter = 'o', .type = PSD_OPTION_CHOICE,                                      \
        .offset = offsetof(psd_cli_settings, output), .value_name = "FORMAT", .default_text = (DEFAULT), \
        .choices = (CHOICES), .help = "How to print the answer."                                         \
    }
#define RANGE_ROW                                                                                \
    {                                                                                            \
        .name = "range", .type = PSD_OPTION_PORTS, .offset = offsetof(psd_cli_settings, ranges), \
        .value_name = "RANGES",                                                                  \
        .help = "Only these ports: 5400, 30000-32999, 36000+100 or a comma list of those."       \
    }
#define NO_HEADERS_ROW                                                                                   \
    {                                                                                                    \
        .name = "no-headers", .type = PSD_OPTION_BOOL, .offset = offsetof(psd_cli_settings, no_headers), \
        .help = "Leave out the head of the table."                                                       \
    }
#define COUNT_ROW                                                                              \
    {                                                                                          \
        .name = "count", .type = PSD_OPTION_UINT, .offset = offsetof(psd_cli_settings, count), \
        .value_name = "N", .min = 1, .help = "End after N changes."                            \
    }
#define FOR_ROW                                                                                        \
    {                                                                                                  \
        .name = "for", .type = PSD_OPTION_DURATION, .offset = offsetof(psd_cli_settings, duration_ms), \
        .value_name = "DURATION", .min = 1, .help = "End after this time."                             \
    }

#define BRIDGE_URL_ROW                                                                                     \
    {                                                                                                      \
        .name = "bridge-url", .type = PSD_OPTION_STRING, .offset = offsetof(psd_cli_settings, bridge_url), \
        .value_name = "URL", .help = "Address of the bridge. Otherwise its socket in the runtime folder."  \
    }
#define ALL_NODES_ROW                                                                                  \
    {                                                                                                  \
        .name = "all-nodes", .type = PSD_OPTION_BOOL, .offset = offsetof(psd_cli_settings, all_nodes), \
        .help = "Ask the daemons of all nodes, which the bridge lists."                                \
    }
#define NODES_ROW                                                                                \
    {                                                                                            \
        .name = "nodes", .type = PSD_OPTION_STRING, .offset = offsetof(psd_cli_settings, nodes), \
        .value_name = "URL,...", .help = "Ask the daemons at these addresses."                   \
    }
#define MANY_ROWS ALL_NODES_ROW, NODES_ROW, BRIDGE_URL_ROW

#define NAME_ROW                                                                                \
    {                                                                                           \
        .name = "name", .type = PSD_OPTION_STRING, .offset = offsetof(psd_cli_settings, names), \
        .value_name = "NAME,...", .help = "Only these versions."                                \
    }
#define NO_WAIT_ROW                                                                                \
    {                                                                                              \
        .name = "no-wait", .type = PSD_OPTION_BOOL, .offset = offsetof(psd_cli_settings, no_wait), \
        .help = "Only start the check, and print its id."                                          \
    }
#define OPERATION_ROW                                                                                    \
    {                                                                                                    \
        .name = "operation", .type = PSD_OPTION_STRING, .offset = offsetof(psd_cli_settings, operation), \
        .value_name = "ID", .help = "Start none, but show how this one stands."                          \
    }

static const psd_option list_ports_rows[] = {OUTPUT_ROW(list_formats, "table"), RANGE_ROW, NO_HEADERS_ROW,
                                             MANY_ROWS};
static const psd_option scan_ports_rows[] = {OUTPUT_ROW(list_formats, "table"), RANGE_ROW, NO_HEADERS_ROW};
static const psd_option list_rows[] = {OUTPUT_ROW(list_formats, "table"), NO_HEADERS_ROW, MANY_ROWS};
static const psd_option list_nodes_rows[] = {OUTPUT_ROW(list_formats, "table"), NO_HEADERS_ROW,
                                             BRIDGE_URL_ROW};
static const psd_option watch_ports_rows[] = {OUTPUT_ROW(stream_formats, "table"), RANGE_ROW, NO_HEADERS_ROW,
                                              COUNT_ROW, FOR_ROW};
static const psd_option watch_rows[] = {OUTPUT_ROW(stream_formats, "table"), NO_HEADERS_ROW, COUNT_ROW,
                                        FOR_ROW};
static const psd_option list_versions_rows[] = {OUTPUT_ROW(list_formats, "table"), NAME_ROW, NO_HEADERS_ROW,
                                                MANY_ROWS};
static const psd_option watch_versions_rows[] = {OUTPUT_ROW(stream_formats, "table"), NAME_ROW,
                                                 NO_HEADERS_ROW, COUNT_ROW, FOR_ROW};
static const psd_option check_versions_rows[] = {OUTPUT_ROW(report_formats, "table"), NO_HEADERS_ROW,
                                                 NO_WAIT_ROW, OPERATION_ROW, MANY_ROWS};
static const psd_option text_rows[] = {OUTPUT_ROW(text_formats, "text")};
static const psd_option bridge_rows[] = {
    OUTPUT_ROW(text_formats, "text"),
    BRIDGE_URL_ROW,
};

#define OPTIONS(ROWS)                \
    {                                \
        (ROWS), PSD_ARRAY_SIZE(ROWS) \
    }

/* ---- operands ---- */

static const psd_cli_operand port_operand = {
    .name = "PORT", .help = "A port, 1 to 65535.", .least = 1, .most = 1};
static const psd_cli_operand version_operand = {
    .name = "NAME", .help = "Name of a version, as 'pdctl get versions' lists it.", .least = 1, .most = 1};
static const psd_cli_operand shell_operand = {
    .name = "SHELL", .help = "bash, zsh or fish.", .least = 1, .most = 1, .choices = psd_cli_shells};
static const psd_cli_operand command_operand = {
    .name = "COMMAND", .help = "Words of a command.", .least = 0, .most = 8, .is_command = true};
static const psd_cli_operand raw_operand = {.name = "WORD", .least = 0, .most = 10000, .is_raw = true};

/* ---- commands ---- */

#define MANY_TEXT                                                                                         \
    "With --all-nodes or --nodes many daemons are asked at once, within --timeout, and the list has the " \
    "node's name before each line; JSON and YAML have one entry for each node, with its answer or the "   \
    "error. The exit code is 1 when a node did not answer."

#define EXAMPLES(...) ((const char *const[]){__VA_ARGS__, NULL})

const psd_cli_command psd_cli_commands[] = {
    {
        .words = "get ports",
        .summary = "List the ports in use",
        .text =
            "Lists the ports that have a socket, as the last complete look of the daemon saw them. A port "
            "that "
            "is scanned and not listed is free.\n"
            "BINDABLE says whether a server could bind the port now on [::] for both families, BINDABLE-IPV4 "
            "whether on 0.0.0.0.\n"
            "How fresh the list is stands on stderr, so that pipes carry the list alone; JSON and YAML hold "
            "it "
            "in the observation. While the ports are not known at all the exit code is 1 and no list is "
            "shown.\n" MANY_TEXT,
        .examples = EXAMPLES(
            "pdctl get ports", "pdctl get ports --range 30000-32999,5400 -o wide",
            "pdctl get ports --all-nodes --range 30010",
            "pdctl get ports -o json | jq -r '.ports[] | select(.class == \"LISTENING\") | .port'"),
        .options = OPTIONS(list_ports_rows),
        .role = PSD_ROLE_READER,
        .run = psd_cli_get,
        .resource = &psd_cli_ports,
    },
    {
        .words = "watch ports",
        .summary = "Follow the ports in use, a line for each change",
        .text =
            "Prints each port in use as ADDED, then a line for each change: ADDED, MODIFIED or DELETED.\n"
            "Goes on when the daemon restarts, and says when it synchronized anew: states in between may "
            "then "
            "have been skipped, the last one never is.\n"
            "With -o json each line is an object whose type is ADDED, MODIFIED or DELETED (with the port as "
            "object), SYNC (the whole resource was read; the lines that follow lead to it), OBSERVATION (the "
            "data became stale, or fresh again) or LOST (the daemon cannot be reached).\n"
            "SIGINT, SIGTERM and a closed pipe end it with exit code 0.",
        .examples = EXAMPLES("pdctl watch ports", "pdctl watch ports --range 30000-32999",
                             "pdctl watch ports -o json | jq -c 'select(.type == \"ADDED\") | .object.port'"),
        .options = OPTIONS(watch_ports_rows),
        .role = PSD_ROLE_READER,
        .run = psd_cli_watch,
        .resource = &psd_cli_ports,
    },
    {
        .words = "get config",
        .summary = "Show what the cluster told this node, and how old that is",
        .text =
            "Shows each part of the configuration in force with its source and the time since it was first "
            "read there; a part that the cluster has not told is 'not known'. JSON and YAML hold the whole "
            "configuration.\n"
            "It is STALE after a start of the daemon until it is applied anew, and while a source cannot be "
            "read. As long as none was applied the exit code is 1.\n" MANY_TEXT,
        .examples = EXAMPLES("pdctl get config", "pdctl get config -o wide",
                             "pdctl get config -o json | jq -r '.coreVersions[].name'"),
        .options = OPTIONS(list_rows),
        .role = PSD_ROLE_READER,
        .run = psd_cli_get,
        .resource = &psd_cli_config,
    },
    {
        .words = "watch config",
        .summary = "Follow what the cluster tells this node, a line for each changed part",
        .text =
            "Prints each part of the configuration as ADDED, then a line for each part that changed: "
            "MODIFIED.\n"
            "With -o json each line is an object as of 'watch ports'; object is the whole configuration.\n"
            "SIGINT, SIGTERM and a closed pipe end it with exit code 0.",
        .examples = EXAMPLES("pdctl watch config",
                             "pdctl watch config -o json | jq -c '.object.portRanges // empty'"),
        .options = OPTIONS(watch_rows),
        .role = PSD_ROLE_READER,
        .run = psd_cli_watch,
        .resource = &psd_cli_config,
    },
    {
        .words = "get net",
        .summary = "Show whether the client network works, and the address of the BMC",
        .text =
            "Shows the client NIC: UP, DOWN, ABSENT or UNKNOWN, its link, its default gateway and the "
            "address that clients use. UP shows only after it has been so for --net-up-delay of the daemon, "
            "anything "
            "else at once; the address stays for as long after it has gone.\n"
            "With -o wide each line has a note: where the name comes from, why the state is what it is, why "
            "this address was chosen and no other one. JSON and YAML hold the whole resource.\n"
            "The daemon is told by the kernel, and does not look again as long as nothing changes: FRESH "
            "holds however long ago that was.\n" MANY_TEXT,
        .examples = EXAMPLES("pdctl get net", "pdctl get net -o wide", "pdctl get net --all-nodes",
                             "pdctl get net -o json | jq -r '.clientNic.clientAddress'"),
        .options = OPTIONS(list_rows),
        .role = PSD_ROLE_READER,
        .run = psd_cli_get,
        .resource = &psd_cli_net,
    },
    {
        .words = "watch net",
        .summary = "Follow the client network, a line for each changed part",
        .text =
            "Prints each part as of 'get net' as ADDED, then a line for each part that changed: MODIFIED.\n"
            "With -o json each line is an object as of 'watch ports'; object is the whole resource.\n"
            "SIGINT, SIGTERM and a closed pipe end it with exit code 0.",
        .examples = EXAMPLES("pdctl watch net",
                             "pdctl watch net -o json | jq -c '.object.clientNic.state // empty'"),
        .options = OPTIONS(watch_rows),
        .role = PSD_ROLE_READER,
        .run = psd_cli_watch,
        .resource = &psd_cli_net,
    },
    {
        .words = "get versions",
        .summary = "List the versions, and whether this host has their images",
        .text =
            "Lists the database versions that the cluster defines. PRESENT: all images are here. ABSENT: one "
            "surely is "
            "not. UNKNOWN: the container runtime could not be asked, or an image has a name that is "
            "none; what "
            "was last known stands beside it.\n"
            "IMAGES counts those that are here, AGE is how long PRESENCE has been so. With -o wide "
            "NOT-PRESENT "
            "names the images that are missing, with a '?' those that are unknown.\n"
            "How fresh the list is stands on stderr; JSON and YAML hold it in the observation. While "
            "nothing is "
            "known at all the exit code is 1 and no list is shown.\n" MANY_TEXT,
        .examples = EXAMPLES(
            "pdctl get versions", "pdctl get versions -o wide", "pdctl get versions --all-nodes",
            "pdctl get versions -o json | jq -r '.versions[] | select(.presence == \"ABSENT\") | .name'"),
        .options = OPTIONS(list_versions_rows),
        .role = PSD_ROLE_READER,
        .run = psd_cli_get,
        .resource = &psd_cli_versions,
    },
    {
        .words = "watch versions",
        .summary = "Follow the versions of this host, a line for each change",
        .text = "Prints each version as of 'get versions' as ADDED, then a line for each change: ADDED, "
                "MODIFIED or "
                "DELETED.\n"
                "With -o json each line is an object as of 'watch ports'; object is the version.\n"
                "SIGINT, SIGTERM and a closed pipe end it with exit code 0.",
        .examples = EXAMPLES("pdctl watch versions",
                             "pdctl watch versions -o json | jq -c '.object | {name, presence}'"),
        .options = OPTIONS(watch_versions_rows),
        .role = PSD_ROLE_READER,
        .run = psd_cli_watch,
        .resource = &psd_cli_versions,
    },
    {
        .words = "get nodes",
        .summary = "List the nodes that have a daemon, and whether it answers",
        .text = "Asks the bridge, which finds the daemons' pods in Kubernetes and asks each daemon for its "
                "health, all at once.\n"
                "The exit code is 1 when one does not answer.",
        .examples = EXAMPLES("pdctl get nodes", "pdctl get nodes -o wide",
                             "pdctl get nodes -o json | jq -r '.nodes[] | select(.reachable | not) | .node'"),
        .options = OPTIONS(list_nodes_rows),
        .role = PSD_ROLE_READER,
        .run = psd_cli_get_nodes,
    },
    {
        .words = "why port",
        .summary = "Tell why a port is free or not, and who holds it",
        .text = "Looks at one port now: its sockets, the processes that hold them, and whether the kernel "
                "may hand "
                "the port out by itself. The exit code is 0 whether the port is free or not.",
        .examples = EXAMPLES("pdctl why port 30010", "pdctl why port 30010 -o json | jq .port.bindable"),
        .options = OPTIONS(text_rows),
        .operand = &port_operand,
        .role = PSD_ROLE_READER,
        .run = psd_cli_why_port,
    },
    {
        .words = "why version",
        .summary = "Tell which images of a version are here, and what to do about it",
        .text = "Shows what was last seen of one version: each image with its state, the ConfigMap that "
                "defines the "
                "version, the container runtime, and how fresh that is; then how to get a missing image, and "
                "whether the kubelet could remove one that is here.\n"
                "The exit code is 0 when the version is PRESENT, and 1 when it is ABSENT, UNKNOWN or not "
                "defined.",
        .examples = EXAMPLES("pdctl why version 15.2",
                             "pdctl why version 15.2 -o json | jq -r '.versions[].images[] | .image'"),
        .options = OPTIONS(text_rows),
        .operand = &version_operand,
        .role = PSD_ROLE_READER,
        .run = psd_cli_why_version,
        .resource = &psd_cli_versions,
    },
    {
        .words = "scan ports",
        .summary = "Scan the ports now, then list those in use",
        .text = "Makes the daemon scan all its ports at once, waits for the result and shows it as 'get "
                "ports' does.",
        .examples = EXAMPLES("pdctl scan ports --range 5400"),
        .options = OPTIONS(scan_ports_rows),
        .role = PSD_ROLE_OPERATOR,
        .run = psd_cli_scan_ports,
        .resource = &psd_cli_ports,
    },
    {
        .words = "check versions",
        .summary = "Ask the container runtimes now which versions are there",
        .text =
            "Asks the daemon of this host, with --nodes those at the given addresses, with --all-nodes those "
            "of "
            "all nodes, by the bridge; all at once, within --timeout (of which the bridge takes 30s at the "
            "most). A line for each node: whether its runtime was asked and answered, how many versions are "
            "PRESENT, ABSENT and UNKNOWN (with -o wide which ones), or the error.\n"
            "With --no-wait the checks are only started, and their ids printed; --operation shows how one "
            "stands, --all-nodes with it one of the bridge.\n"
            "The exit code is 0 when all nodes were checked, whatever they have, and 1 when one was not, or "
            "is "
            "not yet.",
        .examples = EXAMPLES(
            "pdctl check versions", "pdctl check versions --all-nodes -o wide",
            "pdctl check versions --nodes tcp://10.0.0.1:9000,tcp://10.0.0.2:9000",
            "pdctl check versions --all-nodes -o json | jq -r '.nodes[] | select(.checked | not) | .node'"),
        .options = OPTIONS(check_versions_rows),
        .role = PSD_ROLE_OPERATOR,
        .run = psd_cli_check_versions,
    },
    {
        .words = "diff",
        .summary = "Show what the daemon knows beside what Kubernetes holds",
        .text =
            "Asks the bridge, which reads each object that it keeps in Kubernetes and compares it with what "
            "should stand there: '-' is found, '+' is wanted.\n"
            "The exit code is 0 when all objects are as they should be: IN_SYNC, or DISABLED or NOT_WRITTEN "
            "because that is wanted. Else it is 1.",
        .examples = EXAMPLES("pdctl diff",
                             "pdctl diff -o json | jq -r '.objects[] | .name + \" \" + .state'"),
        .options = OPTIONS(bridge_rows),
        .role = PSD_ROLE_READER,
        .run = psd_cli_diff_mirror,
    },
    {
        .words = "doctor",
        .summary = "Check what goes wrong most often, and say the mend",
        .text =
            "Asks the daemon about this host, and the bridge about the way to Kubernetes: sockets, rights, "
            "the Node's name, missing ConfigMaps, port ranges, clocks. Without a bridge the rest is "
            "checked.\n"
            "The exit code is 1 when there is a fault, else 0.",
        .examples = EXAMPLES("pdctl doctor",
                             "pdctl doctor -o json | jq '.findings[] | select(.level == \"FAULT\")'"),
        .options = OPTIONS(bridge_rows),
        .role = PSD_ROLE_READER,
        .run = psd_cli_doctor,
    },
    {
        .words = "describe",
        .summary = "List the services, methods, roles and topics of the daemon",
        .text = "Shows what the running daemon offers, as it says itself.",
        .examples = EXAMPLES("pdctl describe",
                             "pdctl describe -o json | jq -r '.services[].methods[].fullName'"),
        .options = OPTIONS(text_rows),
        .role = PSD_ROLE_READER,
        .run = psd_cli_describe,
    },
    {
        .words = "health",
        .summary = "Tell how the daemon and its scanners are",
        .text = "The exit code is 0 when the daemon is SERVING and 1 when it is DEGRADED: at least one "
                "resource is "
                "STALE or UNKNOWN.",
        .examples = EXAMPLES("pdctl health", "pdctl health -o yaml"),
        .options = OPTIONS(text_rows),
        .role = PSD_ROLE_READER,
        .run = psd_cli_health,
    },
    {
        .words = "version",
        .summary = "Show the versions of pdctl and, if it can be reached, of the daemon",
        .examples = EXAMPLES("pdctl version", "pdctl version -o json"),
        .options = OPTIONS(text_rows),
        .role = PSD_ROLE_READER,
        .run = psd_cli_version,
    },
    {
        .words = "completion",
        .summary = "Print the completion script of a shell",
        .text = "Packages install these scripts already. By hand: for bash source it from ~/.bashrc; for zsh "
                "save it "
                "as _pdctl in a folder of $fpath; for fish save it as ~/.config/fish/completions/pdctl.fish.",
        .examples = EXAMPLES("source <(pdctl completion bash)"),
        .operand = &shell_operand,
        .run = psd_cli_completion,
    },
    {
        .words = "help",
        .summary = "Show the help of pdctl or of a command",
        .examples = EXAMPLES("pdctl help", "pdctl help get ports"),
        .operand = &command_operand,
        .run = psd_cli_help,
    },
    {
        .words = "complete",
        .summary = "Print what may stand in place of the last of the words, for the completion scripts",
        .operand = &raw_operand,
        .hidden = true,
        .run = psd_cli_complete,
    },
    {
        .words = "man",
        .summary = "Print the manual page",
        .hidden = true,
        .run = psd_cli_manual,
    },
};
const size_t psd_cli_command_count = PSD_ARRAY_SIZE(psd_cli_commands);
