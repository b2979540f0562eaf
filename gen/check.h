/*
 * check.h - what the generator refuses.
 */
#ifndef PSD_GEN_CHECK_H
#define PSD_GEN_CHECK_H

#include "common/text.h"
#include "gen/model.h"

/* Appends a line "file.proto:LINE: what is wrong, and what to do" to ERRORS
 * for each fault of FILE. */
void psd_check_file(psd_arena *arena, const psd_model_file *file, psd_text *errors);

#endif
