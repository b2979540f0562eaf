#include "common/rpc/diagnosis.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MESSAGE_SIZE = 1024 };

static void *checked(void *memory)
{
    if (!memory)
        abort();
    return memory;
}

Polarstack__V1__Diagnosis *psd_diagnosis_new(void)
{
    Polarstack__V1__Diagnosis *made = checked(malloc(sizeof(*made)));
    polarstack__v1__diagnosis__init(made);
    return made;
}

void psd_diagnosis_add(Polarstack__V1__Diagnosis *diagnosis, Polarstack__V1__FindingLevel level,
                       const char *check, const char *mend, const char *format, ...)
{
    char message[MESSAGE_SIZE];
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof(message), format, args);
    va_end(args);
    Polarstack__V1__Finding *finding = checked(malloc(sizeof(*finding)));
    polarstack__v1__finding__init(finding);
    finding->check = checked(strdup(check));
    finding->level = level;
    finding->message = checked(strdup(message));
    finding->mend = checked(strdup(mend ? mend : ""));
    diagnosis->findings = checked(
        realloc(diagnosis->findings, (diagnosis->n_findings + 1) * sizeof(Polarstack__V1__Finding *)));
    diagnosis->findings[diagnosis->n_findings++] = finding;
}
