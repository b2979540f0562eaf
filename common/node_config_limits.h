/*
 * node_config_limits.h - how much a NodeConfig may hold. The daemon refuses what is
 * more, and the bridge, which makes one, keeps within it.
 */
#ifndef PSD_COMMON_NODE_CONFIG_LIMITS_H
#define PSD_COMMON_NODE_CONFIG_LIMITS_H

/* Bounds. The packed configuration fits into one message with its observation. */
enum {
    PSD_NODE_CONFIG_SIZE_MAX = 960 * 1024,
    PSD_NODE_CONFIG_RANGES_MAX = 1000,
    PSD_NODE_CONFIG_VERSIONS_MAX = 1000,
    PSD_NODE_CONFIG_IMAGES_MAX = 64,
    PSD_NODE_CONFIG_TEXT_MAX = 512, /* bytes of sources, reasons and image references */
    PSD_NODE_CONFIG_NAME_MAX = 253, /* bytes of names and keys, as in Kubernetes */
    PSD_NODE_CONFIG_USER_MAX = 32,  /* bytes */
};

#endif
