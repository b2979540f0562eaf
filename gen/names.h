/*
 * names.h - from names of the .proto to names of C. Results belong to the
 * arena.
 */
#ifndef PSD_GEN_NAMES_H
#define PSD_GEN_NAMES_H

#include "gen/arena.h"

/* "GetPortUsage", "GetHTTPStatus" as "get_port_usage", "get_http_status". */
const char *psd_name_snake(psd_arena *arena, const char *name);

/* In capital letters. */
const char *psd_name_upper(psd_arena *arena, const char *name);

/* NAME, or NAME with a '_' behind it when C does not take NAME as the name of
 * a member. */
const char *psd_name_member(psd_arena *arena, const char *name);

/* The C type that protoc-c makes of a message's full name:
 * "polarstack.v1.Foo.Bar" as "Polarstack__V1__Foo__Bar". */
const char *psd_name_c_type(psd_arena *arena, const char *full_name);

/* The prefix of protoc-c's symbols for it: "polarstack__v1__foo__bar". */
const char *psd_name_c_symbol(psd_arena *arena, const char *full_name);

/* Path of a .proto without its suffix, as protoc-c cuts it. */
const char *psd_name_base(psd_arena *arena, const char *proto_path);

/* The include guard of a file with BASE and KIND ("rpc", "server"). */
const char *psd_name_guard(psd_arena *arena, const char *base, const char *kind);

#endif
