/*
 * cluster.h - the other nodes: who they are, and what they answer.
 *
 * Nothing of the cluster is watched or kept: pods are listed when somebody asks,
 * and a list serves for a few seconds; connections stay for half a minute. Functions may be called from any
 * thread that may block.
 */
#ifndef PSD_K8S_CLUSTER_CLUSTER_H
#define PSD_K8S_CLUSTER_CLUSTER_H

#include "common/rpc/service.h"
#include "k8s/api/kube.h"
#include "polarstack/v1/cluster.pb-c.h"

typedef struct psd_cluster psd_cluster;

typedef struct psd_cluster_options {
    const char *namespace;  /* of the agents' pods */
    const char *pod_labels; /* selector of them */
    unsigned port;          /* that they listen on */
    const char *node;       /* this one */
    const char *daemon_url; /* where its agent answers */
} psd_cluster_options;

/* OPTIONS' texts and KUBE outlive the cluster. *CLUSTER is to be freed, also after
 * a failure. */
int psd_cluster_new(psd_kube *kube, const psd_cluster_options *options, psd_cluster **cluster,
                    psd_error *error) PSD_MUST_CHECK;
/* NULL is ignored. */
void psd_cluster_free(psd_cluster *cluster);

/* All nodes with an agent, asked of the API server or out of its last answer; the
 * caller frees them. NULL with that of psd_kube_call(). */
Polarstack__V1__ClusterNodes *psd_cluster_list(psd_cluster *cluster, psd_error *error) PSD_MUST_CHECK;

/* Asks each of NODES, all at once, METHOD, which is idempotent, and calls ANSWERED for each: with RESPONSE,
 * or with NULL and ERROR. Returns when all have answered or the time is up. */
typedef void (*psd_cluster_answered)(void *arg, Polarstack__V1__ClusterNode *node,
                                     const ProtobufCMessage *response, const psd_error *error);
void psd_cluster_ask(psd_cluster *cluster, const Polarstack__V1__ClusterNodes *nodes,
                     const psd_method *method, const ProtobufCMessage *request, uint32_t timeout_ms,
                     psd_cluster_answered answered, void *arg);

/* FAILED_PRECONDITION when NODE's agent calls itself NAME, and that is another one. */
int psd_cluster_is_from(const Polarstack__V1__ClusterNode *node, const char *name,
                        psd_error *error) PSD_MUST_CHECK;

/* The error's text, so short that thousands of nodes fit into one answer; free(). */
char *psd_cluster_short_text(const psd_error *error);

/* Asks each for its health, and notes version, status, and why one is not reachable. */
void psd_cluster_check_health(psd_cluster *cluster, Polarstack__V1__ClusterNodes *nodes, uint32_t timeout_ms);

#endif
