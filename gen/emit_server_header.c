#include "gen/comments.h"
#include "gen/emit.h"

static const char begin[] =
    "/*\n"
    " * Made by protoc-gen-polarrpc from $proto$; edits are lost.\n"
    " *\n"
    " * common/rpc/server.h says what a handler may do. A handler that is NULL answers\n"
    " * UNIMPLEMENTED.\n"
    " */\n"
    "#ifndef $guard$\n"
    "#define $guard$\n"
    "\n"
    "#include \"$base$.rpc.h\"\n"
    "#include \"common/rpc/server.h\"\n";

static const char handler[] = "    void (*$member$)(psd_call *call, const $request$ *request, void *arg);\n";

static const char reply[] = "\n"
                            "static inline void $call$_reply(psd_call *call, const $response$ *response)\n"
                            "{\n"
                            "    psd_call_reply(call, &response->base);\n"
                            "}\n";

static void emit_service(psd_arena *arena, const psd_model_service *service, psd_text *out)
{
    const psd_variable *variables = psd_emit_service_variables(arena, service);
    psd_text_add(out, "\n");
    psd_comment_write(out, service->source.comment, "");
    psd_template_write(out, "typedef struct psd_$snake$_handlers {\n", variables);
    for (size_t i = 0; i < service->method_count; i++) {
        const psd_model_method *method = &service->methods[i];
        if (method->streaming)
            continue;
        psd_comment_write(out, method->source.comment, "    ");
        psd_template_write(out, handler, psd_emit_method_variables(arena, service, method));
    }
    psd_template_write(out, "} psd_$snake$_handlers;\n", variables);
    for (size_t i = 0; i < service->method_count; i++)
        if (!service->methods[i].streaming)
            psd_template_write(out, reply, psd_emit_method_variables(arena, service, &service->methods[i]));
}

void psd_emit_server_header(psd_arena *arena, const psd_model_file *file, psd_text *out)
{
    psd_template_write(out, begin, psd_emit_file_variables(arena, file, "server"));
    for (size_t i = 0; i < file->service_count; i++)
        emit_service(arena, &file->services[i], out);
    psd_text_add(out, "\n#endif\n");
}
