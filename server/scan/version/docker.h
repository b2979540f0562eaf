/*
 * docker.h - the images of dockerd, by the Docker Engine API.
 */
#ifndef PSD_SERVER_SCAN_VERSION_DOCKER_H
#define PSD_SERVER_SCAN_VERSION_DOCKER_H

#include "server/scan/version/http_unix.h"
#include "server/scan/version/image_set.h"

/* Adds all images to SET. -1: as psd_http_ask, UNIMPLEMENTED (another server of HTTP), or
 * INTERNAL (it cannot be read); SET may have some of them. */
int psd_docker_list(psd_http *http, const psd_wait *wait, psd_image_set *set,
                    psd_error *error) PSD_MUST_CHECK;

/* The name and version: "docker 20.10.24", cut to SIZE. */
int psd_docker_name(psd_http *http, const psd_wait *wait, char *name, size_t size,
                    psd_error *error) PSD_MUST_CHECK;

/* What the two read, by itself. JSON need not end in a zero byte. */
int psd_docker_read_images(const char *json, size_t length, psd_image_set *set,
                           psd_error *error) PSD_MUST_CHECK;
int psd_docker_read_name(const char *json, size_t length, char *name, size_t size,
                         psd_error *error) PSD_MUST_CHECK;

#endif
