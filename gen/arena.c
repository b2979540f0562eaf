#include "gen/arena.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct psd_arena_block {
    struct psd_arena_block *next;
    max_align_t bytes[];
};

void *psd_arena_alloc(psd_arena *arena, size_t size)
{
    struct psd_arena_block *block = calloc(1, sizeof *block + size);
    if (!block)
        abort();
    block->next = arena->blocks;
    arena->blocks = block;
    return block->bytes;
}

void *psd_arena_array(psd_arena *arena, size_t count, size_t size)
{
    return count ? psd_arena_alloc(arena, count * size) : NULL;
}

char *psd_arena_format(psd_arena *arena, const char *format, ...)
{
    va_list args;
    va_list again;
    va_start(args, format);
    va_copy(again, args);
    int length = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (length < 0)
        abort();
    char *string = psd_arena_alloc(arena, (size_t)length + 1);
    vsnprintf(string, (size_t)length + 1, format, again);
    va_end(again);
    return string;
}

char *psd_arena_copy(psd_arena *arena, const char *string)
{
    return psd_arena_format(arena, "%s", string);
}

void psd_arena_free(psd_arena *arena)
{
    while (arena->blocks) {
        struct psd_arena_block *block = arena->blocks;
        arena->blocks = block->next;
        free(block);
    }
}
