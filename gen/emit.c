#include "gen/emit.h"

#include <string.h>

#include "gen/comments.h"
#include "gen/names.h"

static const psd_variable *keep(psd_arena *arena, const psd_variable *variables, size_t size)
{
    return memcpy(psd_arena_alloc(arena, size), variables, size);
}

const psd_variable *psd_emit_file_variables(psd_arena *arena, const psd_model_file *file, const char *kind)
{
    const psd_variable variables[] = {
        {"proto", file->proto->name},
        {"base", file->base},
        {"guard", psd_name_guard(arena, file->base, kind)},
        {NULL, NULL},
    };
    return keep(arena, variables, sizeof variables);
}

static const char *comment_literal(psd_arena *arena, psd_source source)
{
    return psd_string_literal(arena, psd_comment_flatten(arena, source.comment));
}

const psd_variable *psd_emit_service_variables(psd_arena *arena, const psd_model_service *service)
{
    const psd_variable variables[] = {
        {"snake", service->snake},
        {"full_name", service->full_name},
        {"comment", comment_literal(arena, service->source)},
        {"method_count", psd_arena_format(arena, "%zu", service->method_count)},
        {NULL, NULL},
    };
    return keep(arena, variables, sizeof variables);
}

const psd_variable *psd_emit_method_variables(psd_arena *arena, const psd_model_service *service,
                                              const psd_model_method *method)
{
    const psd_variable variables[] = {
        {"snake", service->snake},
        {"call", method->call},
        {"local", method->call + strlen("psd_")},
        {"member", method->member},
        {"index", method->index},
        {"request", method->request->c_type},
        {"response", method->response->c_type},
        {"full_name", method->full_name},
        {"name", method->proto->name},
        {"comment", comment_literal(arena, method->source)},
        {NULL, NULL},
    };
    return keep(arena, variables, sizeof variables);
}
