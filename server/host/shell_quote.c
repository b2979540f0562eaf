#include "server/host/shell_quote.h"

#include <string.h>

/* Inside single quotes every byte means itself, save the quote, which cannot
 * stand there: it is written as '\'' between two quoted parts. */
void psd_shell_quote(psd_text *line, const char *argument)
{
    psd_text_add(line, "'");
    for (;;) {
        size_t length = strcspn(argument, "'");
        psd_text_append(line, argument, length);
        argument += length;
        if (!*argument)
            break;
        psd_text_add(line, "'\\''");
        argument++;
    }
    psd_text_add(line, "'");
}

void psd_shell_quote_all(psd_text *line, const char *const *arguments)
{
    for (size_t i = 0; arguments[i]; i++) {
        if (i > 0)
            psd_text_add(line, " ");
        psd_shell_quote(line, arguments[i]);
    }
}
