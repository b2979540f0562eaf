#include "client/pdctl/resource.h"

#include <inttypes.h>
#include <stdlib.h>

#include "common/rpc/keyed_list.h"

ProtobufCMessage **psd_cli_elements(const psd_cli_resource *resource, const ProtobufCMessage *message,
                                    size_t *count)
{
    psd_list_view view = psd_list_view_of(&resource->watch->resource->lists[0], message);
    *count = *view.count;
    return *view.items;
}

const void **psd_cli_rows(const psd_cli_resource *resource, const ProtobufCMessage *message,
                          psd_cli_facts *facts, size_t *count)
{
    ProtobufCMessage **elements = NULL;
    if (resource->add_facts) {
        resource->add_facts(message, facts);
        *count = facts->count;
    } else {
        elements = psd_cli_elements(resource, message, count);
    }
    const void **rows = calloc(*count + 1, sizeof(*rows));
    if (!rows)
        abort();
    for (size_t i = 0; i < *count; i++)
        rows[i] = elements ? (const void *)elements[i] : &facts->items[i];
    return rows;
}

void psd_cli_add_name(const psd_cli_resource *resource, const void *row, psd_text *out)
{
    if (resource->add_facts) {
        psd_text_printf(out, "%s/%s", resource->kind, ((const psd_cli_fact *)row)->name);
        return;
    }
    const ProtobufCMessage *element = row;
    const ProtobufCFieldDescriptor *key = protobuf_c_message_descriptor_get_field(
        element->descriptor, resource->watch->resource->lists[0].key);
    const void *value = (const char *)element + key->offset;
    psd_text_printf(out, "%s/", resource->kind);
    if (key->type == PROTOBUF_C_TYPE_STRING)
        psd_cli_add_safe(out, *(char *const *)value);
    else if (key->type == PROTOBUF_C_TYPE_UINT64)
        psd_text_printf(out, "%" PRIu64, *(const uint64_t *)value);
    else
        psd_text_printf(out, "%" PRIu32, *(const uint32_t *)value);
}

psd_cli_color psd_cli_add_freshness(const Polarrpc__V1__Observation *observation, int64_t now_ms,
                                    psd_text *out)
{
    char age[PSD_CLI_AGE_SIZE];
    psd_cli_age(now_ms - observation->observed_at_ms, age);
    switch (observation->state) {
    case POLARRPC__V1__OBSERVATION_STATE__FRESH:
        psd_text_printf(out, "FRESH, observed %s ago, revision %" PRIu64 ", node ", age,
                        observation->revision);
        psd_cli_add_safe(out, observation->node);
        return PSD_CLI_GREEN;
    case POLARRPC__V1__OBSERVATION_STATE__STALE:
        psd_text_printf(out, "STALE for %s: ", age);
        psd_cli_add_safe(out, observation->reason);
        return PSD_CLI_RED;
    default:
        psd_text_add(out, "UNKNOWN: ");
        psd_cli_add_safe(out, observation->reason[0] ? observation->reason : "no complete look yet");
        return PSD_CLI_RED;
    }
}
