/*
 * port_set.h - a set of ports 0..65535, and the texts that describe one.
 *
 * A value type of 8 KiB without owned memory: copy it by assignment.
 */
#ifndef PSD_COMMON_PORT_SET_H
#define PSD_COMMON_PORT_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/error.h"

enum { PSD_PORT_MAX = 65535 };

typedef struct psd_port_set {
    uint64_t words[1024];
} psd_port_set;

/* Both ends included. */
typedef struct psd_port_range {
    uint16_t first;
    uint16_t last;
} psd_port_range;

static inline bool psd_port_set_has(const psd_port_set *set, unsigned port)
{
    return port <= PSD_PORT_MAX && (set->words[port / 64] >> (port % 64) & 1);
}

void psd_port_set_clear(psd_port_set *set);

/* FIRST and LAST from 0 to 65535, FIRST <= LAST. */
void psd_port_set_add(psd_port_set *set, unsigned first, unsigned last);

bool psd_port_set_is_empty(const psd_port_set *set);

bool psd_port_set_equal(const psd_port_set *a, const psd_port_set *b);

/* Finds the first run of ports at or after FROM. False when there is none. */
bool psd_port_set_next(const psd_port_set *set, unsigned from, psd_port_range *run);

/* Reads "5400", "30000-32999" (both ends included), "36000+100" (100 ports) or
 * a comma list of those, and adds it to the set. Ports are 1 to 65535. On
 * failure the set is unchanged and the error names the faulty part. An empty
 * text is an error. */
int psd_port_set_parse(psd_port_set *set, const char *text, psd_error *error) PSD_MUST_CHECK;

/* Writes the set as "5400,30000-32999". Returns the length of the whole text,
 * as snprintf does. */
size_t psd_port_set_format(const psd_port_set *set, char *text, size_t size);

#endif
