#include "server/store/page.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
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

/* The member of MESSAGE that FIELD's OFFSET tells. */
static void *member(ProtobufCMessage *message, unsigned offset)
{
    return (char *)message + offset;
}

/* Answers with those of the items that are wished for. */
static int reply_with_page(psd_call *call, const psd_snapshot *snapshot, const psd_page_wish *wish,
                           psd_error *error)
{
    const ProtobufCMessageDescriptor *type = snapshot->message->descriptor;
    const ProtobufCFieldDescriptor *list = protobuf_c_message_descriptor_get_field(type, wish->field);
    const ProtobufCFieldDescriptor *token = protobuf_c_message_descriptor_get_field_by_name(
        type, "next_page_token");
    PSD_AUTO_FREE ProtobufCMessage *answer = malloc(type->sizeof_message);
    if (!answer)
        return psd_error_set(error, PSD_RESOURCE_EXHAUSTED, "out of memory");
    memcpy(answer, snapshot->message, type->sizeof_message);
    size_t all = *(size_t *)member(answer, list->quantifier_offset);
    ProtobufCMessage **items = *(ProtobufCMessage ***)member(answer, list->offset);
    PSD_AUTO_FREE ProtobufCMessage **wanted = calloc(all + 1, sizeof(ProtobufCMessage *));
    if (!wanted)
        return psd_error_set(error, PSD_RESOURCE_EXHAUSTED, "out of memory");
    size_t count = 0;
    for (size_t i = 0; i < all; i++) {
        if (!wish->wants || wish->wants(wish->arg, items[i]))
            wanted[count++] = items[i];
    }
    psd_page page;
    if (psd_page_choose(wanted, count, wish->field, snapshot->observation, wish->page_size, wish->token,
                        &page, error) < 0)
        return -1;
    if (page.first > 0)
        protobuf_c_message_init(type, answer);
    *(size_t *)member(answer, list->quantifier_offset) = page.count;
    *(ProtobufCMessage ***)member(answer, list->offset) = wanted + page.first;
    *(char **)member(answer, token->offset) = page.next_token;
    psd_call_reply(call, answer);
    return 0;
}

void psd_page_reply(psd_call *call, const psd_snapshot *snapshot, const psd_page_wish *wish)
{
    psd_error error = PSD_ERROR_INIT;
    bool whole = !wish->wants && wish->page_size == 0 && !wish->token[0];
    if (whole && snapshot->packed_length <= PSD_WIRE_PAYLOAD_MAX)
        psd_call_reply_packed(call, snapshot->packed, snapshot->packed_length);
    else if (reply_with_page(call, snapshot, wish, &error) < 0)
        psd_call_fail(call, &error);
}
