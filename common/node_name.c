#include "common/node_name.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int psd_node_name(const char *given, char name[PSD_NODE_NAME_SIZE], psd_error *error)
{
    if (given && given[0]) {
        if (strlen(given) >= PSD_NODE_NAME_SIZE)
            return psd_error_set(error, PSD_INVALID_ARGUMENT, "--node-name is longer than %d bytes",
                                 PSD_NODE_NAME_SIZE - 1);
        snprintf(name, PSD_NODE_NAME_SIZE, "%s", given);
        return 0;
    }
    if (gethostname(name, PSD_NODE_NAME_SIZE) < 0 || !name[0])
        return psd_error_set(error, PSD_FAILED_PRECONDITION,
                             "this host has no name: give the Node's with --node-name");
    name[PSD_NODE_NAME_SIZE - 1] = '\0';
    for (char *at = name; *at; at++)
        *at = (char)tolower((unsigned char)*at);
    return 0;
}
