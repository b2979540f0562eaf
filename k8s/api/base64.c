#include "k8s/api/base64.h"

#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"

static int digit_value(char c)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *at = c ? strchr(digits, c) : NULL;
    return at ? (int)(at - digits) : -1;
}

int psd_base64_decode(const char *text, char **bytes, size_t *length)
{
    PSD_AUTO_FREE char *decoded = malloc(strlen(text) / 4 * 3 + 4);
    if (!decoded)
        return -1;
    size_t used = 0;
    uint32_t group = 0;
    unsigned digits = 0;
    unsigned padding = 0;
    for (; *text; text++) {
        if (isspace((unsigned char)*text))
            continue;
        int value = *text == '=' ? 0 : digit_value(*text);
        if (value < 0 || (padding > 0 && *text != '='))
            return -1;
        padding += *text == '=';
        group = group << 6 | (uint32_t)value;
        if (++digits < 4)
            continue;
        if (padding > 2)
            return -1;
        decoded[used++] = (char)(group >> 16 & 0xff);
        decoded[used++] = (char)(group >> 8 & 0xff);
        decoded[used++] = (char)(group & 0xff);
        digits = 0;
        group = 0;
    }
    if (digits != 0)
        return -1;
    used -= padding;
    decoded[used] = '\0';
    *length = used;
    *bytes = psd_take(decoded);
    return 0;
}
