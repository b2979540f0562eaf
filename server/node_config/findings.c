#include "server/node_config/findings.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* For "; and 12345678 more". */
enum { RESERVED = 32, ROOM = PSD_ERROR_TEXT_SIZE - RESERVED };

psd_findings psd_findings_in(char text[PSD_ERROR_TEXT_SIZE])
{
    text[0] = '\0';
    return (psd_findings){.text = text};
}

void psd_findings_add(psd_findings *findings, const char *format, ...)
{
    char one[PSD_ERROR_TEXT_SIZE];
    va_list args;
    va_start(args, format);
    int length = vsnprintf(one, sizeof(one), format, args);
    va_end(args);
    const char *separator = findings->count > 0 ? "; " : "";
    findings->count++;
    size_t needed = strlen(separator) + (size_t)length;
    if (length < 0 || findings->left_out > 0 || findings->length + needed >= ROOM) {
        findings->left_out++;
        return;
    }
    findings->length += (size_t)snprintf(findings->text + findings->length, ROOM - findings->length, "%s%s",
                                         separator, one);
}

void psd_findings_end(psd_findings *findings)
{
    if (findings->left_out > 0)
        snprintf(findings->text + findings->length, PSD_ERROR_TEXT_SIZE - findings->length, "%s%zu more",
                 findings->length > 0 ? "; and " : "", findings->left_out);
}
