#include "client/pdctl/diff.h"

#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/rpc/keyed_list.h"
#include "common/rpc/observation.h"

const char *psd_cli_change_name(psd_cli_change change)
{
    static const char *const names[] = {"ADDED", "MODIFIED", "DELETED"};
    return names[change];
}

void psd_cli_diff(const psd_keyed_list *list, const ProtobufCMessage *previous,
                  const ProtobufCMessage *current, psd_cli_change_visitor visit, void *arg)
{
    psd_list_view now = psd_list_view_of(list, current);
    psd_list_view before = psd_list_view_of(list, previous ? previous : current);
    size_t before_count = previous ? *before.count : 0;
    size_t i = 0;
    size_t k = 0;
    while (i < before_count || k < *now.count) {
        const ProtobufCMessage *old = i < before_count ? (*before.items)[i] : NULL;
        const ProtobufCMessage *new = k < *now.count ? (*now.items)[k] : NULL;
        int order = !old ? 1 : !new ? -1 : psd_list_compare(&now, old, new);
        if (order < 0)
            visit(arg, PSD_CLI_DELETED, old);
        else if (order > 0)
            visit(arg, PSD_CLI_ADDED, new);
        else if (!psd_message_equal(old, new))
            visit(arg, PSD_CLI_MODIFIED, new);
        i += order <= 0;
        k += order >= 0;
    }
}

/* For free(): it borrows all that MESSAGE points to. */
static ProtobufCMessage *without_observation(const ProtobufCMessage *message)
{
    ProtobufCMessage *shell = malloc(message->descriptor->sizeof_message);
    if (!shell)
        abort(); /* some hundred bytes */
    memcpy(shell, message, message->descriptor->sizeof_message);
    *psd_observation_slot(shell) = NULL;
    return shell;
}

bool psd_cli_same_data(const ProtobufCMessage *a, const ProtobufCMessage *b)
{
    PSD_AUTO_FREE ProtobufCMessage *left = without_observation(a);
    PSD_AUTO_FREE ProtobufCMessage *right = without_observation(b);
    return psd_message_equal(left, right);
}
