#include "common/interface_name.h"

#include <stdio.h>
#include <string.h>

#include "common/text.h"

/* The '@' before the parent, or NULL. Kernel names hold it seldom, parents never
 * as `ip link` prints them: the last one counts. */
static const char *separator(const char *text)
{
    return strrchr(text, '@');
}

static bool is_one_name(const char *text, size_t length)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-+@";
    bool is_dots = (length == 1 && text[0] == '.') || (length == 2 && text[0] == '.' && text[1] == '.');
    return length > 0 && length <= PSD_INTERFACE_NAME_MAX && strspn(text, allowed) >= length &&
           text[0] != '-' && !is_dots;
}

size_t psd_interface_name_longest(const char *text)
{
    size_t length = strlen(text);
    const char *at = separator(text);
    if (!at || length <= PSD_INTERFACE_NAME_MAX)
        return length;
    size_t base = (size_t)(at - text);
    size_t parent = length - base - 1;
    return base > parent ? base : parent;
}

bool psd_interface_name_is_valid(const char *text)
{
    const char *at = separator(text);
    if (!at)
        return is_one_name(text, strlen(text));
    return is_one_name(text, (size_t)(at - text)) && is_one_name(at + 1, strlen(at + 1));
}

int psd_interface_name_check(const char *text, psd_error *error)
{
    char shown[48];
    snprintf(shown, sizeof(shown), "%s", text);
    psd_text_flatten(shown);
    size_t longest = psd_interface_name_longest(text);
    if (text[0] == '\0')
        return psd_error_set(error, PSD_INVALID_ARGUMENT, "'' is empty: must be " PSD_INTERFACE_NAME_WANTED);
    if (longest > PSD_INTERFACE_NAME_MAX)
        return psd_error_set(error, PSD_INVALID_ARGUMENT, "'%s' has %zu bytes: at most %d", shown, longest,
                             PSD_INTERFACE_NAME_MAX);
    if (!psd_interface_name_is_valid(text))
        return psd_error_set(error, PSD_INVALID_ARGUMENT, "'%s': must be " PSD_INTERFACE_NAME_WANTED, shown);
    return 0;
}

void psd_interface_name_base(const char *text, char base[PSD_INTERFACE_NAME_SIZE])
{
    const char *at = separator(text);
    int length = at ? (int)(at - text) : (int)strlen(text);
    snprintf(base, PSD_INTERFACE_NAME_SIZE, "%.*s", length, text);
}
