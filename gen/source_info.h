/*
 * source_info.h - lines and comments of a .proto.
 */
#ifndef PSD_GEN_SOURCE_INFO_H
#define PSD_GEN_SOURCE_INFO_H

#include "gen/model.h"

/* protoc names a declaration by field numbers and indexes from the file's
 * descriptor on: { 6, 0, 2, 1 } is the second method of the first service. */
typedef struct psd_source_path {
    int32_t steps[96];
    size_t length;
} psd_source_path;

/* PATH with two more steps. protoc limits the nesting, so there is room. */
psd_source_path psd_source_path_join(const psd_source_path *path, int32_t field, size_t index);

/* Line and comment of the declaration: the comment above it or, when there is
 * none, the one behind it. */
psd_source psd_source_find(const psd_proto_file *file, const psd_source_path *path);

#endif
