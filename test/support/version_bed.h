/*
 * version_bed.h - a real containerd, the real daemon that asks it, and its
 * CoreVersionService, in a test with cmocka.
 */
#ifndef PSD_TEST_SUPPORT_VERSION_BED_H
#define PSD_TEST_SUPPORT_VERSION_BED_H

#include <stdbool.h>

#include "polarstack/v1/core_version.rpc.h"
#include "polarstack/v1/diagnosis.pb-c.h"
#include "polarstack/v1/health.rpc.h"
#include "test/support/config_client.h"
#include "test/support/container_runtime.h"

#define PRESENT POLARSTACK__V1__PRESENCE__PRESENT
#define ABSENT POLARSTACK__V1__PRESENCE__ABSENT
#define UNKNOWN POLARSTACK__V1__PRESENCE__PRESENCE_UNKNOWN
#define UNSPECIFIED POLARSTACK__V1__PRESENCE__PRESENCE_UNSPECIFIED
#define IS_FRESH POLARRPC__V1__OBSERVATION_STATE__FRESH
#define IS_STALE POLARRPC__V1__OBSERVATION_STATE__STALE
#define IS_UNKNOWN POLARRPC__V1__OBSERVATION_STATE__UNKNOWN
#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

/* The images of psd_test_node_config(): pg-11.9.20 needs both, pg-14.1 the first one. */
#define ENGINE "registry.example:5000/engine:1"
#define TOOL "registry.example:5000/tool:1"

enum { PSD_TEST_ENDPOINT_SIZE = 192 };

typedef Polarstack__V1__CoreVersionAvailability psd_test_availability;
typedef Polarstack__V1__CoreVersionCheck psd_test_check;

/* ---- the runtime: one for all tests of a program ---- */

extern psd_test_runtime psd_test_containerd;
extern char psd_test_versions_endpoint[PSD_TEST_ENDPOINT_SIZE]; /* by which the daemons know it */

/* Set-up and tear-down of the group. */
int psd_test_versions_begin(void **state);
int psd_test_versions_end(void **state);

/* The endpoint leads to this socket; at first to containerd's. */
void psd_test_versions_point_to(const char *path);

/* Returns when CRI lists the image, or does not any more. */
void psd_test_versions_add(const char *name);
void psd_test_versions_remove(const char *name);

/* By SIGSTOP and SIGCONT. */
void psd_test_versions_hang(bool does);

/* ---- the daemon ---- */

typedef struct psd_test_versions {
    psd_test_agent agent;
    psd_client *client;                 /* the agent's */
    Polarstack__V1__NodeConfig *config; /* a sample, not yet applied */
} psd_test_versions;

void psd_test_versions_start(psd_test_versions *f, const char *period, const char *timeout);
void psd_test_versions_stop(psd_test_versions *f);
void psd_test_versions_apply(psd_test_versions *f);

psd_test_availability *psd_test_versions_get(psd_client *client);
void psd_test_versions_forget(psd_test_availability *seen);
/* It is there. */
const Polarstack__V1__CoreVersion *psd_test_version_of(const psd_test_availability *seen, const char *name);

/* Waits until the resource is in STATE with a reason that holds PART. */
psd_test_availability *psd_test_versions_await(psd_client *client, Polarrpc__V1__ObservationState state,
                                               const char *part);
/* Waits until the version has this PRESENCE. */
void psd_test_version_await(psd_client *client, const char *name, Polarstack__V1__Presence presence);

int psd_test_versions_check(psd_client *client, bool no_wait, psd_test_check **done, psd_error *error);
void psd_test_check_forget(psd_test_check *it);
int psd_test_check_get(psd_client *client, const char *id, psd_test_check **it, psd_error *error);
/* Waits until the check ID is over. */
psd_test_check *psd_test_check_await(psd_client *client, const char *id);

/* How the daemon is, and its version scanner; without the texts. */
Polarstack__V1__ScannerHealth psd_test_versions_health(psd_client *client,
                                                       Polarstack__V1__ServingStatus *status);
/* How often it has looked. */
uint64_t psd_test_versions_scans(psd_client *client);

/* The diagnosis says MESSAGE at LEVEL, with this advice. */
void psd_test_versions_diagnosed(psd_client *client, Polarstack__V1__FindingLevel level, const char *message,
                                 const char *mend);

#endif
