/*
 * port_ranges.h - the ports to look at, which change while the scanner runs:
 * those that are always looked at, and those that the cluster gives to
 * databases. Thread-safe.
 */
#ifndef PSD_SERVER_SCAN_PORT_PORT_RANGES_H
#define PSD_SERVER_SCAN_PORT_PORT_RANGES_H

#include <pthread.h>
#include <stdbool.h>

#include "common/port_set.h"

typedef struct psd_port_ranges {
    pthread_mutex_t mutex; /* guards all below */
    psd_port_set always;
    psd_port_set all;
} psd_port_ranges;

void psd_port_ranges_init(psd_port_ranges *ranges, const psd_port_set *always);

/* From now on, the ports of MORE in addition to the constant ones, instead of
 * the MORE before. True when that makes a difference. */
bool psd_port_ranges_set_more(psd_port_ranges *ranges, const psd_port_set *more);

/* Copies the ports to look at. */
void psd_port_ranges_get(psd_port_ranges *ranges, psd_port_set *all);

#endif
