#include "server/store/page.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/rpc/wire.h"

/* Left for the fields beside the list: observation, ranges, token. */
enum { BESIDE_THE_LIST = 64 * 1024 };

/* Reads the hexadecimal number at *AT up to END, and steps over both. */
static bool read_hex(const char **at, char end, uint64_t *value)
{
    size_t digits = strspn(*at, "0123456789abcdef");
    if (digits == 0 || digits > 16 || (*at)[digits] != end)
        return false;
    *value = strtoull(*at, NULL, 16);
    *at += digits + 1;
    return true;
}

static int read_token(const char *token, const Polarrpc__V1__Observation *observation, size_t item_count,
                      size_t *first, psd_error *error)
{
    uint64_t epoch = 0;
    uint64_t revision = 0;
    uint64_t index = 0;
    const char *at = token;
    if (!read_hex(&at, '-', &epoch) || !read_hex(&at, '-', &revision) || !read_hex(&at, '\0', &index))
        return psd_error_set(error, PSD_INVALID_ARGUMENT,
                             "'%.40s' is not a page token: send the next_page_token of the answer before",
                             token);
    if (epoch != observation->epoch || revision != observation->revision)
        return psd_error_set(error, PSD_ABORTED,
                             "the resource changed between two pages: begin again without a page token");
    if (index >= item_count)
        return psd_error_set(error, PSD_OUT_OF_RANGE, "page token '%.40s' is past the end", token);
    *first = (size_t)index;
    return 0;
}

int psd_page_choose(ProtobufCMessage *const *items, size_t item_count, unsigned field,
                    const Polarrpc__V1__Observation *observation, uint32_t page_size, const char *token,
                    psd_page *page, psd_error *error)
{
    *page = (psd_page){.first = 0};
    if (token[0] && read_token(token, observation, item_count, &page->first, error) < 0)
        return -1;
    size_t room = PSD_WIRE_PAYLOAD_MAX - BESIDE_THE_LIST;
    if (page_size > 0 && page_size < room)
        room = page_size;
    size_t used = 0;
    for (size_t i = page->first; i < item_count; i++) {
        used += psd_wire_field_size(field, protobuf_c_message_get_packed_size(items[i]));
        if (used > room && page->count > 0) {
            snprintf(page->next_token, sizeof(page->next_token), "%" PRIx64 "-%" PRIx64 "-%zx",
                     observation->epoch, observation->revision, i);
            return 0;
        }
        page->count++;
    }
    return 0;
}
