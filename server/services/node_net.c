#include "server/daemon.h"
#include "server/services/handlers.h"

static void get_node_net_status(psd_call *call,
                                const Polarstack__V1__GetNodeNetStatusRequest *request PSD_UNUSED, void *arg)
{
    psd_daemon *daemon = arg;
    const psd_snapshot *snapshot = psd_topic_snapshot(daemon->topics[PSD_TOPIC_NODE_NET]);
    psd_call_reply_packed(call, snapshot->packed, snapshot->packed_length); /* its lists are limited */
    psd_snapshot_release(snapshot);
}

const psd_node_net_handlers psd_daemon_node_net_handlers = {.get_node_net_status = get_node_net_status};
