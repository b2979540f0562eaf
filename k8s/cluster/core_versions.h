/*
 * core_versions.h - one check of all nodes: which database versions could start
 * where.
 *
 * The check is its answer, ClusterCoreVersionCheck, filled row by row. One thread at
 * a time uses it; it is freed with protobuf_c_message_free_unpacked().
 */
#ifndef PSD_K8S_CLUSTER_CORE_VERSIONS_H
#define PSD_K8S_CLUSTER_CORE_VERSIONS_H

#include "common/rpc/operations.h"
#include "k8s/cluster/cluster.h"

enum { PSD_CORE_CHECKS_REMEMBERED = 16 };

/* A check that begins now, with a new id. */
Polarstack__V1__ClusterCoreVersionCheck *psd_core_check_new(void);

/* Gives it a row for each of NODES; none has answered. */
void psd_core_check_expect(Polarstack__V1__ClusterCoreVersionCheck *check,
                           const Polarstack__V1__ClusterNodes *nodes);

/* Notes what NODE answered: a CoreVersionCheck, or NULL and ERROR. An answer that
 * makes no sense, or is another node's, becomes an error. */
void psd_core_check_take(Polarstack__V1__ClusterCoreVersionCheck *check,
                         const Polarstack__V1__ClusterNode *node, const ProtobufCMessage *response,
                         const psd_error *error);

/* Ends it. ERROR: why no node could be asked; NULL: they could. */
void psd_core_check_end(Polarstack__V1__ClusterCoreVersionCheck *check, const psd_error *error);

/* Puts the check as it is now into CHECKS. Fails as psd_operations_put(). */
int psd_core_check_remember(psd_operations *checks, const Polarstack__V1__ClusterCoreVersionCheck *check,
                            psd_error *error) PSD_MUST_CHECK;

/* Asks all NODES, and keeps CHECK and what CHECKS remembers of it up to date (NULL: it
 * is not to be seen before it has ended). Returns when all have answered or the time is
 * up; the check has not ended then. */
void psd_core_check_ask(Polarstack__V1__ClusterCoreVersionCheck *check, psd_operations *checks,
                        psd_cluster *cluster, const Polarstack__V1__ClusterNodes *nodes, uint32_t timeout_ms);

#endif
