#include "server/topics.h"

#include "polarstack/v1/core_version.rpc.h"
#include "polarstack/v1/node_config.rpc.h"
#include "polarstack/v1/node_net.rpc.h"
#include "polarstack/v1/port_usage.rpc.h"

/* The streaming method of the service names topic and resource. */
static const psd_service *const table[PSD_TOPIC_COUNT] = {
    [PSD_TOPIC_PORT_USAGE] = &psd_port_usage_service,
    [PSD_TOPIC_NODE_CONFIG] = &psd_node_config_service,
    [PSD_TOPIC_NODE_NET] = &psd_node_net_service,
    [PSD_TOPIC_CORE_VERSIONS] = &psd_core_version_service,
};

static void send_event(void *arg, const char *topic, const void *bytes, size_t length)
{
    psd_daemon *daemon = arg;
    psd_server_publish(daemon->server, topic, bytes, length);
}

static const psd_method *stream_of(const psd_service *service)
{
    const psd_method *method = service->methods;
    while (!method->topic)
        method++;
    return method;
}

int psd_topics_init(psd_daemon *daemon, psd_error *error)
{
    for (size_t i = 0; i < PSD_TOPIC_COUNT; i++) {
        const psd_method *stream = stream_of(table[i]);
        if (psd_topic_new(stream->topic, stream->resource, daemon->node, daemon->epoch, send_event, daemon,
                          &daemon->topics[i], error) < 0)
            return -1;
    }
    return 0;
}

void psd_topics_heartbeat(psd_daemon *daemon)
{
    for (size_t i = 0; i < PSD_TOPIC_COUNT; i++)
        psd_topic_heartbeat(daemon->topics[i]);
}

void psd_topics_free(psd_daemon *daemon)
{
    for (size_t i = 0; i < PSD_TOPIC_COUNT; i++)
        psd_topic_free(daemon->topics[i]);
}
