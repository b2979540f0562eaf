#include "server/host/proc_text.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/parse.h"

/* A decimal number that ends before END_MARK. */
static bool read_number(const char *text, const char *end_marks, uint64_t max, uint64_t *value)
{
    char digits[24];
    size_t length = strcspn(text, end_marks);
    if (length >= sizeof(digits))
        return false;
    memcpy(digits, text, length);
    digits[length] = '\0';
    return psd_parse_uint(digits, 0, max, value, NULL) == 0;
}

bool psd_proc_socket_inode(const char *link, uint64_t *inode)
{
    static const char prefix[] = "socket:[";
    if (strncmp(link, prefix, sizeof(prefix) - 1) != 0)
        return false;
    link += sizeof(prefix) - 1;
    return strcmp(link + strcspn(link, "]"), "]") == 0 && read_number(link, "]", UINT64_MAX, inode);
}

bool psd_proc_start_ticks(const char *stat, uint64_t *ticks)
{
    enum { fields_after_name = 20 }; /* the name is field 2, the start time 22 */
    /* The name may hold anything, blanks and parentheses too. */
    const char *at = strrchr(stat, ')');
    for (int i = 0; at && i < fields_after_name; i++) {
        at = strchr(at, ' ');
        if (at)
            at++;
    }
    return at && read_number(at, " \n", UINT64_MAX, ticks);
}

bool psd_proc_boot_time(const char *stat, uint64_t *seconds)
{
    const char *line = strstr(stat, "\nbtime ");
    return line && read_number(line + strlen("\nbtime "), "\n", INT64_MAX / 1000, seconds);
}

/* Length of the printable UTF-8 character at AT; 0 when there is none. */
static size_t character_length(const unsigned char *at, size_t left)
{
    static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    if (at[0] < 0x80)
        return at[0] >= 0x20 && at[0] != 0x7f ? 1 : 0;
    size_t length = at[0] >= 0xf0 ? 4 : at[0] >= 0xe0 ? 3 : 2;
    if (at[0] < 0xc2 || at[0] > 0xf4 || length > left)
        return 0;
    uint32_t value = at[0] & (0x7fU >> length);
    for (size_t i = 1; i < length; i++) {
        if ((at[i] & 0xc0) != 0x80)
            return 0;
        value = value << 6 | (at[i] & 0x3f);
    }
    bool surrogate = value >= 0xd800 && value <= 0xdfff;
    bool control = value < 0xa0;
    return value < smallest[length] || value > 0x10ffff || surrogate || control ? 0 : length;
}

size_t psd_proc_printable(const char *text, size_t length, char *out, size_t size)
{
    size_t used = 0;
    while (length > 0 && (text[length - 1] == '\0' || text[length - 1] == '\n'))
        length--;
    for (size_t at = 0; at < length;) {
        const char *from = &text[at];
        size_t step = character_length((const unsigned char *)from, length - at);
        if (step == 0) {
            from = text[at] == '\0' ? " " : "?";
            step = 1;
        }
        if (used + step >= size)
            break;
        memcpy(out + used, from, step);
        used += step;
        at += step;
    }
    out[used] = '\0';
    return used;
}

/* Copies the uid that TEXT begins with. A static pod's uid may lack the
 * dashes. */
static bool copy_uid(const char *text, size_t length, char uid[PSD_POD_UID_SIZE])
{
    if (length < 32 || length >= PSD_POD_UID_SIZE)
        return false;
    for (size_t i = 0; i < length; i++) {
        bool dash = text[i] == '-' || text[i] == '_';
        if (!dash && !isxdigit((unsigned char)text[i]))
            return false;
        uid[i] = dash ? '-' : text[i];
    }
    uid[length] = '\0';
    return true;
}

/* One folder of a cgroup path: cgroupfs names it "pod<uid>", systemd
 * "kubepods-burstable-pod<uid>.slice". */
static bool folder_uid(const char *folder, size_t length, char uid[PSD_POD_UID_SIZE])
{
    static const char slice[] = ".slice";
    const size_t slice_length = sizeof(slice) - 1;
    if (length > 3 && strncmp(folder, "pod", 3) == 0)
        return copy_uid(folder + 3, length - 3, uid);
    if (length < slice_length || strncmp(folder + length - slice_length, slice, slice_length) != 0 ||
        !memmem(folder, length, "kubepods", strlen("kubepods")))
        return false;
    const char *pod = memmem(folder, length, "-pod", strlen("-pod"));
    return pod && copy_uid(pod + 4, length - slice_length - (size_t)(pod + 4 - folder), uid);
}

bool psd_proc_pod_uid(const char *cgroup, char uid[PSD_POD_UID_SIZE])
{
    bool in_kubepods = false;
    while (*cgroup != '\0') {
        size_t length = strcspn(cgroup, "/\n");
        if (memmem(cgroup, length, "kubepods", strlen("kubepods")))
            in_kubepods = true;
        if (in_kubepods && folder_uid(cgroup, length, uid))
            return true;
        if (cgroup[length] == '\n')
            in_kubepods = false;
        cgroup += length + (cgroup[length] != '\0');
    }
    return false;
}

bool psd_proc_local_port_range(const char *text, psd_port_range *range)
{
    uint64_t first = 0;
    uint64_t last = 0;
    size_t gap = strcspn(text, " \t");
    if (!read_number(text, " \t", PSD_PORT_MAX, &first))
        return false;
    gap += strspn(text + gap, " \t");
    if (!read_number(text + gap, "\n", PSD_PORT_MAX, &last) || first > last)
        return false;
    *range = (psd_port_range){.first = (uint16_t)first, .last = (uint16_t)last};
    return true;
}

bool psd_proc_reserved_ports(const char *text, psd_port_set *ports)
{
    psd_port_set_clear(ports);
    size_t length = strcspn(text, "\n");
    if (length == 0)
        return true;
    PSD_AUTO_FREE char *line = strndup(text, length);
    return line && psd_port_set_parse(ports, line, NULL) == 0;
}
