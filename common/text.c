#include "common/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void reserve(psd_text *text, size_t more)
{
    size_t need = text->length + more + 1;
    if (need <= text->capacity)
        return;
    size_t capacity = text->capacity ? text->capacity : 64;
    while (capacity < need)
        capacity *= 2;
    char *data = realloc(text->data, capacity);
    if (!data)
        abort();
    text->data = data;
    text->capacity = capacity;
}

void psd_text_append(psd_text *text, const char *bytes, size_t length)
{
    reserve(text, length);
    memcpy(text->data + text->length, bytes, length);
    text->length += length;
    text->data[text->length] = '\0';
}

void psd_text_add(psd_text *text, const char *string)
{
    psd_text_append(text, string, strlen(string));
}

void psd_text_printf(psd_text *text, const char *format, ...)
{
    va_list args;
    va_list again;
    va_start(args, format);
    va_copy(again, args);
    int length = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (length > 0) {
        reserve(text, (size_t)length);
        vsnprintf(text->data + text->length, (size_t)length + 1, format, again);
        text->length += (size_t)length;
    }
    va_end(again);
}

const char *psd_text_string(const psd_text *text)
{
    return text->data ? text->data : "";
}

void psd_text_free(psd_text *text)
{
    free(text->data);
    *text = (psd_text)PSD_TEXT_INIT;
}

char *psd_text_copy(const char *text)
{
    char *copy = strdup(text);
    if (!copy)
        abort();
    return copy;
}

void psd_text_flatten(char *text)
{
    for (; *text; text++) {
        if (*text < ' ' || *text > '~')
            *text = '?';
    }
}

enum { MAX_WORD = 48 };

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Edit distance with swapped neighbours counted once. Words are short: three
 * rows are enough. */
static size_t distance(const char *a, const char *b)
{
    size_t length_a = strlen(a);
    size_t length_b = strlen(b);
    if (length_a >= MAX_WORD || length_b >= MAX_WORD)
        return MAX_WORD;
    size_t rows[3][MAX_WORD + 1];
    for (size_t j = 0; j <= length_b; j++)
        rows[0][j] = j;
    for (size_t i = 1; i <= length_a; i++) {
        size_t *now = rows[i % 3];
        const size_t *last = rows[(i - 1) % 3];
        now[0] = i;
        for (size_t j = 1; j <= length_b; j++) {
            now[j] = smaller(smaller(last[j], now[j - 1]) + 1, last[j - 1] + (a[i - 1] != b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                now[j] = smaller(now[j], rows[(i - 2) % 3][j - 2] + 1);
        }
    }
    return rows[length_a % 3][length_b];
}

const char *psd_suggest(const char *word, size_t count, const char *(*name)(size_t index, const void *arg),
                        const void *arg)
{
    size_t length = strlen(word);
    size_t best = length > 3 ? 3 : 2; /* one letter too many for a match */
    const char *found = NULL;
    for (size_t i = 0; i < count; i++) {
        const char *candidate = name(i, arg);
        size_t apart = length >= 2 && strncmp(candidate, word, length) == 0 ? 1 : distance(word, candidate);
        if (apart < best) {
            best = apart;
            found = candidate;
        }
    }
    return found;
}
