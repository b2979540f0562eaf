/*
 * fields.h - what each part of NodeConfig is read from. One row a part.
 *
 * A reader gets the objects of its source as the API server has them and fills
 * its part of a configuration that is empty otherwise. It knows nothing of
 * watches, of older values or of the daemon.
 */
#ifndef PSD_K8S_INPUTS_FIELDS_H
#define PSD_K8S_INPUTS_FIELDS_H

#include "common/error.h"
#include "k8s/api/json.h"
#include "polarstack/v1/node_config.pb-c.h"

/* The objects that are watched. */
typedef enum psd_source {
    PSD_SOURCE_MPD_CONTROLLER, /* ConfigMap with the port ranges in its annotations */
    PSD_SOURCE_CONTROLLER,     /* ConfigMap controller-config */
    PSD_SOURCE_CCM,            /* ConfigMap ccm-config */
    PSD_SOURCE_CORE_VERSIONS,  /* ConfigMaps by label, one version each */
    PSD_SOURCE_COUNT,
} psd_source;

typedef struct psd_input_field {
    const char *name; /* of the field in NodeConfig, and in its provenance */
    psd_source source;
    /* OBJECTS is an array with at least one element. -1 when they hold nothing
     * of use, with all faults in ERROR; CONFIG is then to be thrown away. */
    int (*read)(const cJSON *objects, Polarstack__V1__NodeConfig *config, psd_error *error);
    /* The value when the source does not exist and never did. NULL: then it is
     * not known. */
    void (*set_default)(Polarstack__V1__NodeConfig *config);
} psd_input_field;

extern const psd_input_field psd_input_fields[];
extern const size_t psd_input_field_count;

#endif
