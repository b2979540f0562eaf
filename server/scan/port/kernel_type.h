/*
 * kernel_type.h - where values lie in the running kernel's structures, from
 * its own type information (/sys/kernel/btf/vmlinux).
 */
#ifndef PSD_SERVER_SCAN_PORT_KERNEL_TYPE_H
#define PSD_SERVER_SCAN_PORT_KERNEL_TYPE_H

#include <stddef.h>
#include <stdint.h>

#include "common/error.h"

struct btf;

typedef struct psd_kernel_field {
    uint32_t byte;
    uint8_t shift; /* of a bit field, in its byte */
    uint8_t width; /* of a bit field, in bits; 0 for any other field */
} psd_kernel_field;

/* A wanted field and where to put the answer. */
typedef struct psd_kernel_member {
    const char *type; /* name of a struct */
    const char *name; /* of its member, also inside of unnamed members */
    psd_kernel_field *place;
} psd_kernel_member;

/* Finds all or fails with UNIMPLEMENTED. A bit field that crosses bytes cannot
 * be used. */
int psd_kernel_find_members(const struct btf *btf, const psd_kernel_member *members, size_t count,
                            psd_error *error) PSD_MUST_CHECK;

int psd_kernel_struct_size(const struct btf *btf, const char *type, uint32_t *size,
                           psd_error *error) PSD_MUST_CHECK;

/* Id of a function; fails with UNIMPLEMENTED. */
int psd_kernel_function(const struct btf *btf, const char *name, uint32_t *id,
                        psd_error *error) PSD_MUST_CHECK;

/* The bit field or byte at FIELD of the structure at BYTES. */
static inline unsigned psd_kernel_bits(const uint8_t *bytes, const psd_kernel_field *field)
{
    unsigned value = (unsigned)bytes[field->byte] >> field->shift;
    return field->width == 0 ? value : value & ((1U << field->width) - 1);
}

#endif
