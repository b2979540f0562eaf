/* fuzz.h - what the fuzz targets share. */
#ifndef PSD_TEST_FUZZ_FUZZ_H
#define PSD_TEST_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What must hold whatever the input is. */
#define must(condition)                                                             \
    do {                                                                            \
        if (!(condition)) {                                                         \
            fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition); \
            abort();                                                                \
        }                                                                           \
    } while (0)

/* The input as a string of its own, so that a read past its end shows. */
static inline char *fuzz_text(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    if (!text)
        abort();
    if (size > 0)
        memcpy(text, data, size);
    text[size] = '\0';
    return text;
}

/* Cuts a part off the front whose length the first two bytes say; *DATA and
 * *SIZE are the rest. */
static inline const uint8_t *fuzz_part(const uint8_t **data, size_t *size, size_t *length)
{
    *length = *size >= 2 ? (size_t)(*data)[0] << 8 | (*data)[1] : 0;
    if (*size >= 2) {
        *data += 2;
        *size -= 2;
    }
    if (*length > *size)
        *length = *size;
    const uint8_t *part = *data;
    *data += *length;
    *size -= *length;
    return part;
}

#endif
