/*
 * node_config.h - the configuration that the cluster gave this node: checked,
 * kept in the state folder, published.
 *
 * What is in force is what the topic's snapshot holds. A new configuration
 * comes in force only after it is on disk.
 */
#ifndef PSD_SERVER_NODE_CONFIG_NODE_CONFIG_H
#define PSD_SERVER_NODE_CONFIG_NODE_CONFIG_H

#include "common/error.h"
#include "common/rpc/wire.h"
#include "polarstack/v1/node_config.pb-c.h"
#include "server/store/topic.h"

#define PSD_NODE_CONFIG_FILE "node-config.pb"

typedef struct psd_node_config psd_node_config;

/* Told of each configuration just before it is published, one at a time; on the
 * thread of open or apply. CONFIG is borrowed for the call. */
typedef void (*psd_node_config_follower)(void *arg, const Polarstack__V1__NodeConfig *config);

/* Takes what is kept in STATE_DIR (copied) and publishes it to TOPIC, STALE
 * until it is applied anew. With nothing kept the topic is UNKNOWN; a damaged
 * file is renamed to ….corrupt, with a warning, and counts as nothing. */
int psd_node_config_open(const char *state_dir, psd_topic *topic, psd_node_config_follower follow, void *arg,
                         psd_node_config **config, psd_error *error) PSD_MUST_CHECK;
/* NULL is ignored. */
void psd_node_config_free(psd_node_config *config);

/* A checked copy of WANTED without observation and fields that this version
 * does not know; for polarstack__v1__node_config__free_unpacked(). NULL with
 * INVALID_ARGUMENT, which names all faults. */
Polarstack__V1__NodeConfig *psd_node_config_checked(const Polarstack__V1__NodeConfig *wanted,
                                                    psd_error *error) PSD_MUST_CHECK;

/* Puts WANTED, from psd_node_config_checked(), in force. Blocks for the disk;
 * thread-safe. On failure the old configuration stays, in memory and on disk:
 * RESOURCE_EXHAUSTED when there is no room, FAILED_PRECONDITION when the state
 * folder cannot be written. */
int psd_node_config_apply(psd_node_config *config, const Polarstack__V1__NodeConfig *wanted,
                          psd_error *error) PSD_MUST_CHECK;

/* Reads the content of the file: a packed, checked NodeConfig whose observation
 * holds nothing but the time of its apply. NULL with DATA_LOSS. */
Polarstack__V1__NodeConfig *psd_node_config_parse(psd_bytes content, psd_error *error) PSD_MUST_CHECK;

#endif
