#include "server/scan/version/image_set.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/text.h"
#include "server/scan/version/image_name.h"

enum { FIRST_CAPACITY = 64 };

/* A name: where it begins in the block of text, and whether its image is pinned. */
typedef struct set_entry {
    uint32_t offset;
    uint32_t pinned;
} set_entry;

struct psd_image_set {
    psd_text names; /* one after the other, each with its zero byte */
    set_entry *entries;
    size_t count;
    size_t capacity;
    psd_text resolved; /* while it is filled: the name in the making */
};

psd_image_set *psd_image_set_new(void)
{
    psd_image_set *set = calloc(1, sizeof(*set));
    if (!set)
        abort();
    return set;
}

void psd_image_set_free(psd_image_set *set)
{
    if (!set)
        return;
    psd_text_free(&set->names);
    psd_text_free(&set->resolved);
    free(set->entries);
    free(set);
}

static void resize(psd_image_set *set, size_t capacity)
{
    set_entry *entries = realloc(set->entries, (capacity > 0 ? capacity : 1) * sizeof(*entries));
    if (!entries)
        abort();
    set->entries = entries;
    set->capacity = capacity;
}

void psd_image_set_add(psd_image_set *set, const char *reference, bool pinned)
{
    if (psd_image_name_resolve(reference, &set->resolved, NULL) < 0)
        return;
    if (set->names.length + set->resolved.length >= UINT32_MAX)
        abort();
    if (set->count == set->capacity)
        resize(set, set->capacity > 0 ? 2 * set->capacity : FIRST_CAPACITY);
    set->entries[set->count++] = (set_entry){(uint32_t)set->names.length, pinned};
    psd_text_append(&set->names, set->resolved.data, set->resolved.length + 1);
}

static int compare_entries(const void *left, const void *right, void *names)
{
    const set_entry *a = left;
    const set_entry *b = right;
    return strcmp((const char *)names + a->offset, (const char *)names + b->offset);
}

void psd_image_set_seal(psd_image_set *set)
{
    size_t kept = 0;
    psd_text_free(&set->resolved);
    if (set->count > 0)
        qsort_r(set->entries, set->count, sizeof(*set->entries), compare_entries, set->names.data);
    for (size_t i = 0; i < set->count; i++) {
        if (kept > 0 && compare_entries(&set->entries[kept - 1], &set->entries[i], set->names.data) == 0)
            set->entries[kept - 1].pinned |= set->entries[i].pinned;
        else
            set->entries[kept++] = set->entries[i];
    }
    set->count = kept;
    resize(set, kept);
}

size_t psd_image_set_count(const psd_image_set *set)
{
    return set->count;
}

int psd_image_set_find(const psd_image_set *set, const char *reference, psd_image_found *found,
                       psd_error *error)
{
    PSD_AUTO_TEXT name = PSD_TEXT_INIT;
    size_t low = 0;
    size_t high = set->count;
    *found = (psd_image_found){false, false};
    if (psd_image_name_resolve(reference, &name, error) < 0)
        return -1;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(name.data, set->names.data + set->entries[middle].offset);
        if (order == 0) {
            *found = (psd_image_found){true, set->entries[middle].pinned != 0};
            return 0;
        }
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return 0;
}
