/* rows.h - the functions of the rows in objects.c. */
#ifndef PSD_K8S_MIRROR_ROWS_H
#define PSD_K8S_MIRROR_ROWS_H

#include "k8s/mirror/mirror.h"

/* config_map.c: nothing can be written yet, and why. */
void psd_map_wait(psd_wanted_map *wanted, const char *reason);

/* port_usage.c; its state is a psd_port_ledger. */
void psd_want_port_usage(const psd_mirror_source *source, psd_wanted_map *wanted);
void psd_free_port_usage(void *state);

/* core_versions.c */
void psd_want_core_versions(const psd_mirror_source *source, psd_wanted_map *wanted);
bool psd_same_core_versions(const char *key, const char *wanted, const char *found);

/* net_conditions.c: of the resource NodeNetStatus. */
void psd_want_client_ip(const psd_mirror_source *source, psd_wanted_condition *wanted);
void psd_tell_client_ip(const cJSON *found, const psd_wanted_condition *wanted, psd_events *events);
void psd_want_client_network(const psd_mirror_source *source, psd_wanted_condition *wanted);
void psd_tell_client_network(const cJSON *found, const psd_wanted_condition *wanted, psd_events *events);
void psd_want_oob_ip(const psd_mirror_source *source, psd_wanted_condition *wanted);

/* refresh.c: a sign of life, always the same. */
void psd_want_refresh(const psd_mirror_source *source, psd_wanted_condition *wanted);

#endif
