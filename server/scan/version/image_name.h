/*
 * image_name.h - image references, made whole as container runtimes make them.
 *
 * "repo" is docker.io/library/repo:latest, "a/b:t" is docker.io/a/b:t; a first
 * part with a dot or colon, or "localhost", is a registry. With a digest the
 * tag does not count: the digest alone says which image is meant.
 */
#ifndef PSD_SERVER_SCAN_VERSION_IMAGE_NAME_H
#define PSD_SERVER_SCAN_VERSION_IMAGE_NAME_H

#include "common/error.h"
#include "common/text.h"

/* Sets OUT to the whole name of REFERENCE: "registry/path:tag" or
 * "registry/path@sha256:…". INVALID_ARGUMENT says what is wrong with it. */
int psd_image_name_resolve(const char *reference, psd_text *out, psd_error *error) PSD_MUST_CHECK;

#endif
