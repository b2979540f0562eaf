/*
 * template.h - text with $variables$.
 */
#ifndef PSD_GEN_TEMPLATE_H
#define PSD_GEN_TEMPLATE_H

#include "common/text.h"

typedef struct psd_variable {
    const char *name;
    const char *value;
} psd_variable;

/* Appends TEMPLATE with each $name$ replaced. VARIABLES ends with a NULL name.
 * A name that is not among them is a fault of the generator and ends it. */
void psd_template_write(psd_text *out, const char *template, const psd_variable *variables);

#endif
