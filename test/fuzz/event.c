/* The body of an event, as a watcher takes it: topic, Event, then a snapshot or
 * a delta to the resource that it holds. */
#include "common/rpc/delta.h"
#include "common/rpc/wire.h"
#include "polarstack/v1/port_usage.rpc.h"
#include "test/fuzz/fuzz.h"

static ProtobufCMessage *held(void)
{
    static Polarstack__V1__Port ports[] = {POLARSTACK__V1__PORT__INIT, POLARSTACK__V1__PORT__INIT};
    static Polarstack__V1__Port *list[] = {&ports[0], &ports[1]};
    static Polarstack__V1__PortUsage usage = POLARSTACK__V1__PORT_USAGE__INIT;
    ports[0].port = 22;
    ports[1].port = 5432;
    usage.ports = list;
    usage.n_ports = 2;
    return &usage.base;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *topic = NULL;
    psd_bytes packed = {NULL, 0};
    if (psd_wire_split_event((psd_bytes){data, size}, &topic, &packed, NULL) < 0)
        return 0;
    must(strlen(topic) + 1 + packed.length == size);
    ProtobufCMessage *message = psd_wire_unpack(&polarrpc__v1__event__descriptor, packed, "the event", NULL);
    if (!message)
        return 0;
    const Polarrpc__V1__Event *event = (const Polarrpc__V1__Event *)message;
    psd_bytes payload = {event->payload.data, event->payload.len};
    ProtobufCMessage *resource = NULL;
    if (event->kind == POLARRPC__V1__EVENT_KIND__SNAPSHOT)
        resource = psd_wire_unpack(&polarstack__v1__port_usage__descriptor, payload, "the snapshot", NULL);
    else
        resource = psd_delta_apply(&psd_port_usage_resource, held(), event->payload, NULL);
    if (resource)
        protobuf_c_message_free_unpacked(resource, NULL);
    protobuf_c_message_free_unpacked(message, NULL);
    return 0;
}
