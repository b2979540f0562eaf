#include "gen/emit.h"

static const char begin[] = "/* Made by protoc-gen-polarrpc from $proto$; edits are lost. */\n"
                            "#include \"$base$.rpc.h\"\n";

static const char unary[] = "\n"
                            "int $call$(\n"
                            "    psd_client *client, const $request$ *request,\n"
                            "    const psd_call_options *options, $response$ **response,\n"
                            "    psd_error *error)\n"
                            "{\n"
                            "    ProtobufCMessage *message = NULL;\n"
                            "    if (psd_client_call(client, &psd_$snake$_methods[$index$],\n"
                            "                        &request->base, options, &message, error) < 0)\n"
                            "        return -1;\n"
                            "    *response = ($response$ *)message;\n"
                            "    return 0;\n"
                            "}\n"
                            "\n"
                            "static void $local$_shim(\n"
                            "    psd_any_function done, void *arg, const ProtobufCMessage *response,\n"
                            "    const psd_error *error)\n"
                            "{\n"
                            "    (($call$_done)done)(arg, (const $response$ *)response, error);\n"
                            "}\n"
                            "\n"
                            "int $call$_async(\n"
                            "    psd_client *client, const $request$ *request,\n"
                            "    const psd_call_options *options, $call$_done done, void *arg,\n"
                            "    psd_error *error)\n"
                            "{\n"
                            "    return psd_client_call_async(client, &psd_$snake$_methods[$index$],\n"
                            "                                 &request->base, options, $local$_shim,\n"
                            "                                 (psd_any_function)done, arg, error);\n"
                            "}\n";

static const char streaming[] =
    "\n"
    "static void $local$_shim(\n"
    "    psd_any_function callback, void *arg, const psd_watch_event *event,\n"
    "    const ProtobufCMessage *resource)\n"
    "{\n"
    "    (($call$_event)callback)(arg, event, (const $response$ *)resource);\n"
    "}\n"
    "\n"
    "int $call$(\n"
    "    psd_client *client, const psd_watch_options *options,\n"
    "    $call$_event callback, void *arg, psd_watch **watch,\n"
    "    psd_error *error)\n"
    "{\n"
    "    return psd_client_watch(client, &psd_$snake$_methods[$index$],\n"
    "                            options, $local$_shim,\n"
    "                            (psd_any_function)callback, arg, watch, error);\n"
    "}\n";

void psd_emit_rpc_source(psd_arena *arena, const psd_model_file *file, psd_text *out)
{
    psd_template_write(out, begin, psd_emit_file_variables(arena, file, "rpc"));
    for (size_t i = 0; i < file->service_count; i++) {
        const psd_model_service *service = &file->services[i];
        for (size_t j = 0; j < service->method_count; j++) {
            const psd_model_method *method = &service->methods[j];
            psd_template_write(out, method->streaming ? streaming : unary,
                               psd_emit_method_variables(arena, service, method));
        }
    }
}
