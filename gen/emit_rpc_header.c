#include "gen/comments.h"
#include "gen/emit.h"

static const char begin[] =
    "/*\n"
    " * Made by protoc-gen-polarrpc from $proto$; edits are lost.\n"
    " *\n"
    " * common/rpc/client.h and common/rpc/watch.h say how calls and watches behave.\n"
    " * The caller frees a response: protobuf_c_message_free_unpacked(&response->base, NULL).\n"
    " */\n"
    "#ifndef $guard$\n"
    "#define $guard$\n"
    "\n"
    "#include \"common/rpc/client.h\"\n"
    "#include \"common/rpc/service.h\"\n"
    "#include \"common/rpc/watch.h\"\n"
    "#include \"$base$.pb-c.h\"\n"
    "\n"
    "#ifdef __cplusplus\n"
    "extern \"C\" {\n"
    "#endif\n";

/* When there is nothing to call. */
static const char begin_messages[] = "/* Made by protoc-gen-polarrpc from $proto$; edits are lost. */\n"
                                     "#ifndef $guard$\n"
                                     "#define $guard$\n"
                                     "\n"
                                     "#include \"common/rpc/service.h\"\n"
                                     "#include \"$base$.pb-c.h\"\n"
                                     "\n"
                                     "#ifdef __cplusplus\n"
                                     "extern \"C\" {\n"
                                     "#endif\n";

static const char end[] = "\n"
                          "#ifdef __cplusplus\n"
                          "}\n"
                          "#endif\n"
                          "#endif\n";

static const char service_begin[] = "extern const psd_service psd_$snake$_service;\n"
                                    "extern const psd_method psd_$snake$_methods[$method_count$];\n"
                                    "\n"
                                    "/* Indexes into psd_$snake$_methods. */\n"
                                    "enum {\n";

static const char unary[] = "int $call$(\n"
                            "    psd_client *client, const $request$ *request,\n"
                            "    const psd_call_options *options, $response$ **response,\n"
                            "    psd_error *error) PSD_MUST_CHECK;\n"
                            "\n"
                            "typedef void (*$call$_done)(\n"
                            "    void *arg, const $response$ *response, const psd_error *error);\n"
                            "int $call$_async(\n"
                            "    psd_client *client, const $request$ *request,\n"
                            "    const psd_call_options *options, $call$_done done, void *arg,\n"
                            "    psd_error *error) PSD_MUST_CHECK;\n";

static const char streaming[] = "typedef void (*$call$_event)(\n"
                                "    void *arg, const psd_watch_event *event, const $response$ *resource);\n"
                                "int $call$(\n"
                                "    psd_client *client, const psd_watch_options *options,\n"
                                "    $call$_event callback, void *arg, psd_watch **watch,\n"
                                "    psd_error *error) PSD_MUST_CHECK;\n";

static void emit_resources(const psd_model_file *file, psd_text *out)
{
    for (size_t i = 0; i < file->schema->message_count; i++) {
        const psd_model_message *message = &file->schema->messages[i];
        if (message->file != file->proto || !message->is_resource)
            continue;
        psd_text_add(out, "\n");
        psd_comment_write(out, message->source.comment, "");
        psd_text_printf(out, "extern const psd_resource psd_%s_resource;\n", message->snake);
    }
}

static void emit_service(psd_arena *arena, const psd_model_service *service, psd_text *out)
{
    psd_text_add(out, "\n");
    psd_comment_write(out, service->source.comment, "");
    psd_template_write(out, service_begin, psd_emit_service_variables(arena, service));
    for (size_t i = 0; i < service->method_count; i++)
        psd_text_printf(out, "    %s = %zu,\n", service->methods[i].index, i);
    psd_text_add(out, "};\n");
    for (size_t i = 0; i < service->method_count; i++) {
        const psd_model_method *method = &service->methods[i];
        psd_text_add(out, "\n");
        psd_comment_write(out, method->source.comment, "");
        psd_template_write(out, method->streaming ? streaming : unary,
                           psd_emit_method_variables(arena, service, method));
    }
}

void psd_emit_rpc_header(psd_arena *arena, const psd_model_file *file, psd_text *out)
{
    psd_template_write(out, file->service_count > 0 ? begin : begin_messages,
                       psd_emit_file_variables(arena, file, "rpc"));
    emit_resources(file, out);
    for (size_t i = 0; i < file->service_count; i++)
        emit_service(arena, &file->services[i], out);
    psd_text_add(out, end);
}
