#include "gen/comments.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

/* One line of a comment, without the blanks around it. */
typedef struct comment_line {
    const char *text;
    size_t length;
} comment_line;

/* Takes the next line from *RAW. False at the end. */
static bool next_line(const char **raw, comment_line *line)
{
    const char *begin = *raw;
    if (!begin || !*begin)
        return false;
    size_t length = strcspn(begin, "\n");
    *raw = begin + length + (begin[length] == '\n');
    while (length > 0 && isspace((unsigned char)begin[length - 1]))
        length--;
    /* Further blanks in front are the author's layout. */
    if (length > 0 && *begin == ' ') {
        begin++;
        length--;
    }
    *line = (comment_line){begin, length};
    return true;
}

/* Keeps "*" and "/" apart, so that no comment ends or seems to begin. */
static void write_line(psd_text *out, comment_line line)
{
    for (size_t i = 0; i < line.length; i++) {
        char c = line.text[i];
        char before = i > 0 ? line.text[i - 1] : ' ';
        if ((c == '/' && before == '*') || (c == '*' && before == '/'))
            psd_text_add(out, " ");
        psd_text_append(out, &c, 1);
    }
}

void psd_comment_write(psd_text *out, const char *raw, const char *indent)
{
    comment_line line;
    bool open = false;
    size_t blank_lines = 0;
    while (next_line(&raw, &line)) {
        if (line.length == 0) {
            blank_lines++;
            continue;
        }
        if (!open) {
            psd_text_printf(out, "%s/* ", indent);
        } else {
            psd_text_add(out, "\n");
            if (blank_lines > 0)
                psd_text_printf(out, "%s *\n", indent);
            psd_text_printf(out, "%s * ", indent);
        }
        write_line(out, line);
        open = true;
        blank_lines = 0;
    }
    if (open)
        psd_text_add(out, " */\n");
}

const char *psd_comment_flatten(psd_arena *arena, const char *raw)
{
    PSD_AUTO_TEXT flat = PSD_TEXT_INIT;
    comment_line line;
    bool new_paragraph = false;
    while (next_line(&raw, &line)) {
        if (line.length == 0) {
            new_paragraph = true;
            continue;
        }
        if (flat.length > 0)
            psd_text_add(&flat, new_paragraph ? "\n" : " ");
        while (isspace((unsigned char)*line.text)) {
            line.text++;
            line.length--;
        }
        psd_text_append(&flat, line.text, line.length);
        new_paragraph = false;
    }
    return psd_arena_copy(arena, psd_text_string(&flat));
}

const char *psd_string_literal(psd_arena *arena, const char *string)
{
    PSD_AUTO_TEXT literal = PSD_TEXT_INIT;
    psd_text_add(&literal, "\"");
    for (const char *c = string; *c; c++) {
        if (*c == '"' || *c == '\\' || *c == '?') /* '?': no trigraphs */
            psd_text_printf(&literal, "\\%c", *c);
        else if (*c == '\n')
            psd_text_add(&literal, "\\n");
        else if (iscntrl((unsigned char)*c))
            psd_text_printf(&literal, "\\%03o", (unsigned)(unsigned char)*c);
        else
            psd_text_append(&literal, c, 1);
    }
    psd_text_add(&literal, "\"");
    return psd_arena_copy(arena, psd_text_string(&literal));
}
