#include "gen/names.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/text.h"

/* Words of C, and macros of its headers and of gcc that a plain name would run
 * into. Sorted. */
static const char *const taken_words[] = {
    "asm",      "assert",   "auto",     "bool",     "break",  "case",     "char",   "const",
    "continue", "default",  "do",       "double",   "else",   "enum",     "errno",  "extern",
    "false",    "float",    "for",      "goto",     "if",     "inline",   "int",    "linux",
    "long",     "offsetof", "register", "restrict", "return", "short",    "signed", "sizeof",
    "static",   "stderr",   "stdin",    "stdout",   "struct", "switch",   "true",   "typedef",
    "typeof",   "union",    "unix",     "unsigned", "void",   "volatile", "while",
};

static int compare_words(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void add_char(psd_text *text, int c)
{
    char byte = (char)c;
    psd_text_append(text, &byte, 1);
}

static const char *finish(psd_arena *arena, const psd_text *text)
{
    return psd_arena_copy(arena, psd_text_string(text));
}

/* A capital begins a word after a small letter or digit, and after a capital
 * when a small letter follows: "HTTPStatus" is "http_status". */
static bool begins_word(const char *name, size_t i)
{
    if (i == 0 || !isupper((unsigned char)name[i]) || name[i - 1] == '_')
        return false;
    return !isupper((unsigned char)name[i - 1]) || islower((unsigned char)name[i + 1]);
}

const char *psd_name_snake(psd_arena *arena, const char *name)
{
    PSD_AUTO_TEXT text = PSD_TEXT_INIT;
    for (size_t i = 0; name[i]; i++) {
        if (begins_word(name, i))
            add_char(&text, '_');
        add_char(&text, tolower((unsigned char)name[i]));
    }
    return finish(arena, &text);
}

const char *psd_name_upper(psd_arena *arena, const char *name)
{
    char *upper = psd_arena_copy(arena, name);
    for (char *c = upper; *c; c++)
        *c = (char)toupper((unsigned char)*c);
    return upper;
}

const char *psd_name_member(psd_arena *arena, const char *name)
{
    bool taken = bsearch(&name, taken_words, PSD_ARRAY_SIZE(taken_words), sizeof taken_words[0],
                         compare_words) != NULL;
    return taken ? psd_arena_format(arena, "%s_", name) : name;
}

const char *psd_name_c_type(psd_arena *arena, const char *full_name)
{
    PSD_AUTO_TEXT text = PSD_TEXT_INIT;
    bool begin = true;
    for (const char *c = full_name; *c; c++) {
        if (*c == '.')
            psd_text_add(&text, "__");
        else if (*c != '_')
            add_char(&text, begin ? toupper((unsigned char)*c) : *c);
        begin = *c == '.' || *c == '_';
    }
    return finish(arena, &text);
}

/* Unlike psd_name_snake, a run of capitals is one word to protoc-c. */
const char *psd_name_c_symbol(psd_arena *arena, const char *full_name)
{
    PSD_AUTO_TEXT text = PSD_TEXT_INIT;
    bool was_upper = true;
    for (const char *c = full_name; *c; c++) {
        bool is_upper = isupper((unsigned char)*c) != 0;
        if (is_upper && !was_upper)
            add_char(&text, '_');
        if (*c == '.')
            psd_text_add(&text, "__");
        else
            add_char(&text, tolower((unsigned char)*c));
        was_upper = is_upper || *c == '.';
    }
    return finish(arena, &text);
}

const char *psd_name_base(psd_arena *arena, const char *proto_path)
{
    static const char *const suffixes[] = {".protodevel", ".proto"};
    char *base = psd_arena_copy(arena, proto_path);
    size_t length = strlen(base);
    for (size_t i = 0; i < PSD_ARRAY_SIZE(suffixes); i++) {
        size_t cut = strlen(suffixes[i]);
        if (length > cut && strcmp(base + length - cut, suffixes[i]) == 0) {
            base[length - cut] = '\0';
            break;
        }
    }
    return base;
}

const char *psd_name_guard(psd_arena *arena, const char *base, const char *kind)
{
    char *guard = psd_arena_format(arena, "PSD_%s_%s_H", base, kind);
    for (char *c = guard; *c; c++)
        *c = (char)(isalnum((unsigned char)*c) ? toupper((unsigned char)*c) : '_');
    return guard;
}
