/* diff.h - the changes of a keyed list between two states of a resource. */
#ifndef PSD_CLIENT_PDCTL_DIFF_H
#define PSD_CLIENT_PDCTL_DIFF_H

#include "common/rpc/service.h"

typedef enum psd_cli_change { PSD_CLI_ADDED, PSD_CLI_MODIFIED, PSD_CLI_DELETED } psd_cli_change;

/* "ADDED", "MODIFIED", "DELETED" */
const char *psd_cli_change_name(psd_cli_change change);

/* ELEMENT is the new one, or the last one when it was deleted. */
typedef void (*psd_cli_change_visitor)(void *arg, psd_cli_change change, const ProtobufCMessage *element);

/* Visits every change in the order of the keys. PREVIOUS NULL: nothing was
 * there, all elements were added. */
void psd_cli_diff(const psd_keyed_list *list, const ProtobufCMessage *previous,
                  const ProtobufCMessage *current, psd_cli_change_visitor visit, void *arg);

/* Whether two states of a resource differ in nothing but their observation. */
bool psd_cli_same_data(const ProtobufCMessage *a, const ProtobufCMessage *b);

#endif
