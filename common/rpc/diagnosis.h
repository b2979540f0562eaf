/* diagnosis.h - collecting what a diagnosis finds. */
#ifndef PSD_COMMON_RPC_DIAGNOSIS_H
#define PSD_COMMON_RPC_DIAGNOSIS_H

#include "common/macros.h"
#include "polarstack/v1/diagnosis.pb-c.h"

/* An empty diagnosis; the caller's to free. Running out of memory ends the
 * program, as in text.h. */
Polarstack__V1__Diagnosis *psd_diagnosis_new(void);

/* Adds a finding of CHECK ("rbac"). MEND may be NULL or "". */
void psd_diagnosis_add(Polarstack__V1__Diagnosis *diagnosis, Polarstack__V1__FindingLevel level,
                       const char *check, const char *mend, const char *format, ...) PSD_PRINTF(5, 6);

#endif
