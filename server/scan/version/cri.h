/*
 * cri.h - the images of a runtime that speaks CRI, the Kubernetes container runtime
 * interface: containerd, CRI-O, cri-dockerd.
 */
#ifndef PSD_SERVER_SCAN_VERSION_CRI_H
#define PSD_SERVER_SCAN_VERSION_CRI_H

#include "server/scan/version/http_unix.h"
#include "server/scan/version/image_set.h"

/* Newest first. */
typedef enum psd_cri_version {
    PSD_CRI_V1,
    PSD_CRI_V1ALPHA2,
} psd_cri_version;

/* Finds the newest version that CALL succeeds with, v1 or, where that is UNIMPLEMENTED,
 * v1alpha2. CALL returns 0 or -1. UNIMPLEMENTED: neither is served. */
typedef int (*psd_cri_call)(void *arg, psd_cri_version version, psd_error *error);
int psd_cri_choose(psd_cri_call call, void *arg, psd_cri_version *version, psd_error *error) PSD_MUST_CHECK;

/* Asks which version the server has: once, for as long as its answers hold.
 * UNIMPLEMENTED: this server has no CRI; the rest as psd_grpc_serves. */
int psd_cri_meet(psd_http *http, const psd_wait *wait, psd_cri_version *version,
                 psd_error *error) PSD_MUST_CHECK;

/* Adds all images to SET. Errors: psd_grpc_call. On -1 SET may have some of them. */
int psd_cri_list(psd_http *http, psd_cri_version version, const psd_wait *wait, psd_image_set *set,
                 psd_error *error) PSD_MUST_CHECK;

/* The runtime's name and version: "containerd 1.6.20", cut to SIZE. */
int psd_cri_name(psd_http *http, psd_cri_version version, const psd_wait *wait, char *name, size_t size,
                 psd_error *error) PSD_MUST_CHECK;

#endif
