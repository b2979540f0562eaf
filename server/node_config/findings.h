/*
 * findings.h - a list of what was found, on one line that fits into an error:
 * "a; b; and 3 more".
 */
#ifndef PSD_SERVER_NODE_CONFIG_FINDINGS_H
#define PSD_SERVER_NODE_CONFIG_FINDINGS_H

#include <stddef.h>

#include "common/error.h"

typedef struct psd_findings {
    char *text; /* of PSD_ERROR_TEXT_SIZE bytes; somebody else's */
    size_t length;
    size_t count;
    size_t left_out;
} psd_findings;

/* TEXT becomes empty. */
psd_findings psd_findings_in(char text[PSD_ERROR_TEXT_SIZE]);

/* Adds one. Once one does not fit, the later ones are only counted. */
void psd_findings_add(psd_findings *findings, const char *format, ...) PSD_PRINTF(2, 3);

/* Ends the text with the number of those left out. */
void psd_findings_end(psd_findings *findings);

#endif
