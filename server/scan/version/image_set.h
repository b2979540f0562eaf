/*
 * image_set.h - the images that a runtime has, by all their names.
 *
 * Filled once, sealed, then only asked. Holds one block of text and an array,
 * whatever the number of images.
 */
#ifndef PSD_SERVER_SCAN_VERSION_IMAGE_SET_H
#define PSD_SERVER_SCAN_VERSION_IMAGE_SET_H

#include <stdbool.h>
#include <stddef.h>

#include "common/error.h"

typedef struct psd_image_set psd_image_set;

psd_image_set *psd_image_set_new(void);
void psd_image_set_free(psd_image_set *set); /* NULL is ignored */

/* Adds a name or digest reference as the runtime tells it; one that is no image
 * reference ("<none>:<none>") is left out. */
void psd_image_set_add(psd_image_set *set, const char *reference, bool pinned);

/* Ends filling. */
void psd_image_set_seal(psd_image_set *set);

/* Distinct names. */
size_t psd_image_set_count(const psd_image_set *set);

typedef struct psd_image_found {
    bool present;
    bool pinned;
} psd_image_found;

/* Looks for REFERENCE, resolved as image_name.h says. INVALID_ARGUMENT: it is no
 * image reference. */
int psd_image_set_find(const psd_image_set *set, const char *reference, psd_image_found *found,
                       psd_error *error) PSD_MUST_CHECK;

#endif
