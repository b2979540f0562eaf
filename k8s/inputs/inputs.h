/*
 * inputs.h - what the cluster tells this node, brought to the daemon.
 *
 * Watches the objects that fields.h reads, joins them into one NodeConfig with
 * its provenance, and applies that to the daemon when it differs from what the
 * daemon has. What cannot be read keeps the daemon's last value and is marked
 * stale; nothing is ever emptied.
 */
#ifndef PSD_K8S_INPUTS_INPUTS_H
#define PSD_K8S_INPUTS_INPUTS_H

#include "common/rpc/client.h"
#include "k8s/api/informer.h"
#include "k8s/follow.h"
#include "k8s/inputs/fields.h"

typedef struct psd_inputs psd_inputs;

typedef struct psd_inputs_options {
    const char *namespace;               /* of the ConfigMaps */
    const char *names[PSD_SOURCE_COUNT]; /* of the ConfigMap; NULL: by labels */
    const char *core_version_labels;     /* label selector */
    int64_t stale_after_ms;              /* how long a watch may be down before its values are marked */
} psd_inputs_options;

/* Copies OPTIONS and begins to watch; nothing is applied before psd_inputs_run().
 * KUBE, DAEMON and CONFIG (the daemon's NodeConfig, whose owner calls
 * psd_inputs_config_changed) outlive the inputs. */
int psd_inputs_start(psd_kube *kube, psd_client *daemon, psd_followed *config,
                     const psd_inputs_options *options, psd_inputs **inputs, psd_error *error) PSD_MUST_CHECK;

/* Begins to apply. CONFIG is followed by now. */
int psd_inputs_run(psd_inputs *inputs, psd_error *error) PSD_MUST_CHECK;

/* The daemon's NodeConfig has changed. Any thread. */
void psd_inputs_config_changed(psd_inputs *inputs);

/* The informer of a source; owned by the inputs. */
psd_informer *psd_inputs_informer(psd_inputs *inputs, psd_source source);

/* Why the last NodeConfig was not applied; code OK when it was. */
psd_error psd_inputs_failure(psd_inputs *inputs);

/* NULL is ignored. */
void psd_inputs_stop(psd_inputs *inputs);

/* ---- for tests ---- */

/* Brings FIELD of CONFIG up to date with what is known of its source: WHAT names
 * it, VIEW is the informer's. False: wait, nothing is known of it yet. */
bool psd_input_field_update(const psd_input_field *field, const char *what, const psd_informer_view *view,
                            int64_t stale_after_ms, int64_t now_unix_ms, Polarstack__V1__NodeConfig *config);

#endif
