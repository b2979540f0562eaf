/* The body of a response, as the client reads it. */
#include "common/rpc/wire.h"
#include "polarstack/v1/port_usage.pb-c.h"
#include "test/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    psd_error error = PSD_ERROR_INIT;
    ProtobufCMessage *envelope = psd_wire_unpack(&polarrpc__v1__response__descriptor, (psd_bytes){data, size},
                                                 "the response", &error);
    if (!envelope) {
        must(error.code == PSD_INVALID_ARGUMENT);
        return 0;
    }
    const Polarrpc__V1__Response *response = (const Polarrpc__V1__Response *)envelope;
    must(psd_code_name(psd_code_from_number(response->code)));
    psd_bytes payload = {response->payload.data, response->payload.len};
    ProtobufCMessage *usage = psd_wire_unpack(&polarstack__v1__port_usage__descriptor, payload, "the answer",
                                              NULL);
    if (usage)
        protobuf_c_message_free_unpacked(usage, NULL);
    protobuf_c_message_free_unpacked(envelope, NULL);
    return 0;
}
