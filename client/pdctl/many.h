/* many.h - one question to many daemons: which ones, and what they say. */
#ifndef PSD_CLIENT_PDCTL_MANY_H
#define PSD_CLIENT_PDCTL_MANY_H

#include "client/pdctl/command.h"
#include "common/rpc/ask_many.h"

/* One daemon that is asked. */
typedef struct psd_cli_target {
    char *node; /* "" while it is not known: --nodes names urls */
    char *url;  /* "" when the node has none */
    psd_answer answer;
} psd_cli_target;

typedef struct psd_cli_targets {
    psd_cli_target *items;
    size_t count;
} psd_cli_targets;

/* Whether --all-nodes or --nodes was given. */
bool psd_cli_wants_many(const psd_cli_settings *settings);

/* Refuses --url, --nodes and --all-nodes together. */
int psd_cli_targets_check(const psd_cli_settings *settings, psd_error *error) PSD_MUST_CHECK;

/* Finds the daemons: those of --nodes, or of all nodes that the bridge lists. */
int psd_cli_targets_find(psd_cli_call *call, psd_cli_targets *targets, psd_error *error) PSD_MUST_CHECK;

/* Asks them all within --timeout, with progress on a terminal. A node that answers
 * under another name than it is listed by has not answered. */
void psd_cli_targets_ask(const psd_cli_call *call, psd_cli_targets *targets, const psd_method *method,
                         const ProtobufCMessage *request);

/* On a terminal: "3 of 5 nodes" in place of the line before, of which nothing is
 * left when all are done. */
void psd_cli_show_progress(size_t done, size_t count);
void psd_cli_clear_progress(void);

/* For people: the node's name, else its url. */
const char *psd_cli_target_name(const psd_cli_target *target);

/* Says on stderr why a node did not answer. */
void psd_cli_target_report(const psd_cli_call *call, const psd_cli_target *target);

void psd_cli_targets_free(psd_cli_targets *targets);

/* The handler of `get` with --all-nodes or --nodes. */
int psd_cli_get_many(psd_cli_call *call, psd_error *error);

#endif
