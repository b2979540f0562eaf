/*
 * arena.h - memory that lives as long as one run of the generator. Single
 * thread. Running out of memory ends the program.
 */
#ifndef PSD_GEN_ARENA_H
#define PSD_GEN_ARENA_H

#include <stddef.h>

#include "common/macros.h"

typedef struct psd_arena {
    struct psd_arena_block *blocks;
} psd_arena;

/* SIZE zeroed bytes, owned by the arena. */
void *psd_arena_alloc(psd_arena *arena, size_t size);

/* COUNT zeroed elements of SIZE bytes; NULL for none. */
void *psd_arena_array(psd_arena *arena, size_t count, size_t size);

/* A formatted string, owned by the arena. */
char *psd_arena_format(psd_arena *arena, const char *format, ...) PSD_PRINTF(2, 3);

/* A copy of STRING, owned by the arena. */
char *psd_arena_copy(psd_arena *arena, const char *string);

/* Frees all. Fits PSD_AUTO(psd_arena_free). */
void psd_arena_free(psd_arena *arena);

#endif
