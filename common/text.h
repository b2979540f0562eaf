/*
 * text.h - growing text, and words that were meant.
 */
#ifndef PSD_COMMON_TEXT_H
#define PSD_COMMON_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "common/macros.h"

/* A text that grows. Start with PSD_TEXT_INIT; `data` is NULL or ends in a
 * zero byte. Running out of memory ends the program: a node agent that cannot
 * get some hundred bytes cannot do anything useful either. */
typedef struct psd_text {
    char *data;
    size_t length;
    size_t capacity;
} psd_text;

#define PSD_TEXT_INIT \
    {                 \
        NULL, 0, 0    \
    }

void psd_text_append(psd_text *text, const char *bytes, size_t length);
void psd_text_add(psd_text *text, const char *string);
void psd_text_printf(psd_text *text, const char *format, ...) PSD_PRINTF(2, 3);

/* The text as a string, never NULL; owned by the text. */
const char *psd_text_string(const psd_text *text);

/* Frees the bytes and leaves an empty text. Fits PSD_AUTO(psd_text_free). */
void psd_text_free(psd_text *text);
#define PSD_AUTO_TEXT __attribute__((cleanup(psd_text_free))) psd_text

/* A copy of TEXT, never NULL; free(). */
char *psd_text_copy(const char *text);

/* Makes TEXT one line of printable ASCII, in place: a '?' for every other byte. */
void psd_text_flatten(char *text);

/* Of COUNT names that NAME(INDEX, ARG) gives, the one that WORD most likely
 * means: a typing error of at most two letters, or a beginning. NULL if none
 * is near. */
const char *psd_suggest(const char *word, size_t count, const char *(*name)(size_t index, const void *arg),
                        const void *arg);

#endif
