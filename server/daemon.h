/*
 * daemon.h - what the parts of the daemon share: settings, store, scanners, configuration.
 */
#ifndef PSD_SERVER_DAEMON_H
#define PSD_SERVER_DAEMON_H

#include <pthread.h>
#include <stdint.h>

#include "common/failure_log.h"
#include "common/node_name.h"
#include "common/program.h"
#include "common/rpc/reflection.h"
#include "common/rpc/server.h"
#include "server/bmc_watch.h"
#include "server/node_config/node_config.h"
#include "server/scan/net/net_state.h"
#include "server/scan/port/port_ranges.h"
#include "server/scan/scanner.h"
#include "server/scan/version/definitions.h"
#include "server/services/version_checks.h"
#include "server/store/topic.h"

/* Settings as options and config file give them (server/config.c). */
typedef struct psd_config {
    psd_program_settings program; /* first */
    char *runtime_dir;
    char *state_dir;
    char *listen;
    int listen_role; /* psd_role less READER */
    char *node_name;
    char *port_ranges;
    int64_t port_listen_period_ms;
    int64_t port_full_period_ms;
    char *client_nic;
    int64_t net_up_delay_ms;
    uint64_t max_in_flight;
    int host_access; /* psd_host_access */
    char *host_ssh_address;
    uint64_t host_ssh_port;
    char *host_ssh_user;
    char *host_ssh_key_file;
    char *host_ssh_known_hosts;
    int64_t bmc_period_ms;
    int64_t bmc_timeout_ms;
    uint64_t bmc_channel;
    char *ipmitool;
    char *ipmitool_arguments;
    char *runtime_endpoint;
    int64_t version_period_ms;
    int64_t version_timeout_ms;
} psd_config;

/* The rows of the table in topics.c. */
typedef enum psd_topic_number {
    PSD_TOPIC_PORT_USAGE,
    PSD_TOPIC_NODE_CONFIG,
    PSD_TOPIC_NODE_NET,
    PSD_TOPIC_CORE_VERSIONS,
    PSD_TOPIC_COUNT,
} psd_topic_number;

/* One row of the table in scanners.c, running: a scanner, the topic that it
 * publishes to, and how it fares. */
typedef struct psd_watched {
    const char *name;
    const char *mend; /* what to do when it fails, one line */
    psd_topic *topic; /* of psd_daemon.topics */
    psd_scanner *scanner;

    pthread_mutex_t mutex;   /* guards all below */
    psd_failure_log trouble; /* of scans that fail */
    uint64_t successes;
    uint64_t failures;
    int64_t last_success_ms; /* Unix */
    uint64_t last_duration_us;
} psd_watched;

enum { PSD_SCANNER_COUNT = 3 };

typedef struct psd_daemon {
    psd_config config;
    char node[PSD_NODE_NAME_SIZE];
    uint64_t epoch;
    int64_t started_at_ms;
    psd_port_ranges port_ranges;
    psd_net_state net;
    psd_version_definitions versions;
    psd_version_checks checks;
    psd_role listen_role; /* of who comes over TCP */
    psd_bmc_watch bmc;
    psd_server *server;
    psd_reflection reflection;
    psd_topic *topics[PSD_TOPIC_COUNT];
    psd_node_config *node_config;
    psd_watched scanners[PSD_SCANNER_COUNT];
} psd_daemon;

#endif
