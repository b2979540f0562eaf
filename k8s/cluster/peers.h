/* peers.h - the agents of all nodes, found by their pods. Pure. */
#ifndef PSD_K8S_CLUSTER_PEERS_H
#define PSD_K8S_CLUSTER_PEERS_H

#include "k8s/api/json.h"
#include "polarstack/v1/cluster.pb-c.h"

/* Makes the nodes of PODS (an array of Pod objects), sorted and each once, with
 * node, pod, address and url set. A pod without a node, or one that has ended,
 * is none; of several pods on a node the one that runs counts, and of those the
 * one that was made last. An agent answers at PORT of its pod's address. OWN_NODE
 * is there in any case, at OWN_URL. The caller frees the message. */
Polarstack__V1__ClusterNodes *psd_peers_of(const cJSON *pods, const char *own_node, const char *own_url,
                                           unsigned port);

#endif
