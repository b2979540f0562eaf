/* base64.h - strict decoding, as kubeconfig files need it. */
#ifndef PSD_K8S_API_BASE64_H
#define PSD_K8S_API_BASE64_H

#include <stddef.h>

#include "common/macros.h"

/* Decodes TEXT, in which line breaks and blanks may stand anywhere. *BYTES is
 * owned by the caller (free) and ends in a further zero byte. -1 when TEXT is
 * not base64, with its padding, or memory is out. */
int psd_base64_decode(const char *text, char **bytes, size_t *length) PSD_MUST_CHECK;

#endif
