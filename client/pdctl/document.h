/* document.h - writes a cJSON tree as JSON or YAML. */
#ifndef PSD_CLIENT_PDCTL_DOCUMENT_H
#define PSD_CLIENT_PDCTL_DOCUMENT_H

#include <cjson/cJSON.h>

#include "common/text.h"

/* Indented by two blanks, with a newline at the end. */
void psd_document_json(const cJSON *tree, psd_text *out);

/* On one line, with a newline at the end. */
void psd_document_json_line(const cJSON *tree, psd_text *out);

/* YAML 1.2 that YAML 1.1 readers understand the same way: a string stands
 * plain only where no reader could take it for anything else. */
void psd_document_yaml(const cJSON *tree, psd_text *out);

#endif
