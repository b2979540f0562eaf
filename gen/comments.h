/*
 * comments.h - comments of the .proto as comments and strings of C.
 */
#ifndef PSD_GEN_COMMENTS_H
#define PSD_GEN_COMMENTS_H

#include "common/text.h"
#include "gen/arena.h"

/* Appends RAW, as protoc hands it over, as a C comment with INDENT before each
 * line. Nothing for NULL or a blank comment. */
void psd_comment_write(psd_text *out, const char *raw, const char *indent);

/* RAW with each paragraph on one line; "" for NULL. */
const char *psd_comment_flatten(psd_arena *arena, const char *raw);

/* STRING as a C string literal, with its quotes. */
const char *psd_string_literal(psd_arena *arena, const char *string);

#endif
