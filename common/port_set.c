#include "common/port_set.h"

#include <stdio.h>
#include <string.h>

#include "common/parse.h"

void psd_port_set_clear(psd_port_set *set)
{
    memset(set, 0, sizeof(*set));
}

void psd_port_set_add(psd_port_set *set, unsigned first, unsigned last)
{
    for (unsigned port = first; port <= last && port <= PSD_PORT_MAX; port++)
        set->words[port / 64] |= UINT64_C(1) << (port % 64);
}

bool psd_port_set_is_empty(const psd_port_set *set)
{
    psd_port_range run;
    return !psd_port_set_next(set, 0, &run);
}

bool psd_port_set_equal(const psd_port_set *a, const psd_port_set *b)
{
    return memcmp(a->words, b->words, sizeof(a->words)) == 0;
}

/* First port at or after FROM whose bit is WANTED; PSD_PORT_MAX + 1 if none. */
static unsigned find(const psd_port_set *set, unsigned from, bool wanted)
{
    while (from <= PSD_PORT_MAX) {
        uint64_t word = wanted ? set->words[from / 64] : ~set->words[from / 64];
        word >>= from % 64;
        if (word != 0)
            return from + (unsigned)__builtin_ctzll(word);
        from = (from / 64 + 1) * 64;
    }
    return PSD_PORT_MAX + 1;
}

bool psd_port_set_next(const psd_port_set *set, unsigned from, psd_port_range *run)
{
    unsigned first = find(set, from, true);
    if (first > PSD_PORT_MAX)
        return false;
    run->first = (uint16_t)first;
    run->last = (uint16_t)(find(set, first, false) - 1);
    return true;
}

static int parse_port(const char *text, const char *part, uint64_t *port, psd_error *error)
{
    if (psd_parse_uint(text, 1, PSD_PORT_MAX, port, error) < 0)
        return psd_error_prefix(error, "port range '%s'", part);
    return 0;
}

/* Parses one part, without commas, in place. */
static int parse_part(psd_port_set *set, char *part, psd_error *error)
{
    char whole[64];
    snprintf(whole, sizeof(whole), "%s", part);
    char *sign = strpbrk(part, "-+");
    char kind = sign ? *sign : '\0';
    if (sign)
        *sign = '\0';
    uint64_t first = 0;
    uint64_t last = 0;
    if (parse_port(part, whole, &first, error) < 0)
        return -1;
    last = first;
    if (kind == '-' && parse_port(sign + 1, whole, &last, error) < 0)
        return -1;
    if (kind == '+') {
        uint64_t count = 0;
        if (parse_port(sign + 1, whole, &count, error) < 0)
            return -1;
        last = first + count - 1;
        if (last > PSD_PORT_MAX)
            return psd_error_set(error, PSD_INVALID_ARGUMENT, "port range '%s' ends after port %d", whole,
                                 PSD_PORT_MAX);
    }
    if (last < first)
        return psd_error_set(error, PSD_INVALID_ARGUMENT,
                             "port range '%s' ends before it begins: write %s-%s", whole, sign + 1, part);
    psd_port_set_add(set, (unsigned)first, (unsigned)last);
    return 0;
}

int psd_port_set_parse(psd_port_set *set, const char *text, psd_error *error)
{
    psd_port_set result = *set;
    const char *at = text;
    for (;;) {
        size_t length = strcspn(at, ",");
        char part[64];
        if (length >= sizeof(part))
            return psd_error_set(error, PSD_INVALID_ARGUMENT, "port range '%.40s...' is too long", at);
        memcpy(part, at, length);
        part[length] = '\0';
        if (length == 0)
            return psd_error_set(error, PSD_INVALID_ARGUMENT,
                                 "'%s' lacks a port range: write for example 5400,30000-32999", text);
        if (parse_part(&result, part, error) < 0)
            return -1;
        if (at[length] == '\0')
            break;
        at += length + 1;
    }
    *set = result;
    return 0;
}

size_t psd_port_set_format(const psd_port_set *set, char *text, size_t size)
{
    size_t used = 0;
    psd_port_range run;
    if (size > 0)
        text[0] = '\0';
    for (unsigned from = 0; psd_port_set_next(set, from, &run); from = run.last + 1U) {
        char part[32];
        int length = run.first == run.last
                         ? snprintf(part, sizeof(part), "%s%u", used ? "," : "", run.first)
                         : snprintf(part, sizeof(part), "%s%u-%u", used ? "," : "", run.first, run.last);
        if (used < size)
            snprintf(text + used, size - used, "%s", part);
        used += (size_t)length;
    }
    return used;
}
