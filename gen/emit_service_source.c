#include "gen/comments.h"
#include "gen/emit.h"
#include "gen/names.h"

static const char begin[] = "/* Made by protoc-gen-polarrpc from $proto$; edits are lost. */\n"
                            "#include \"$base$.server.h\"\n";

static const char invoke[] =
    "\n"
    "static bool $local$_invoke(\n"
    "    const void *handlers, struct psd_call *call, const ProtobufCMessage *request, void *arg)\n"
    "{\n"
    "    const psd_$snake$_handlers *typed = handlers;\n"
    "    if (!typed->$member$)\n"
    "        return false;\n"
    "    typed->$member$(call, (const $request$ *)request, arg);\n"
    "    return true;\n"
    "}\n";

static const char method_begin[] = "    [$index$] = {\n"
                                   "        .full_name = \"$full_name$\",\n"
                                   "        .name = \"$name$\",\n"
                                   "        .comment = $comment$,\n";

static const char service_constant[] = "\n"
                                       "const psd_service psd_$snake$_service = {\n"
                                       "    .full_name = \"$full_name$\",\n"
                                       "    .comment = $comment$,\n"
                                       "    .methods = psd_$snake$_methods,\n"
                                       "    .method_count = $method_count$,\n"
                                       "};\n";

static bool streams(const psd_model_file *file, const psd_model_message *message)
{
    for (size_t i = 0; i < file->service_count; i++)
        for (size_t j = 0; j < file->services[i].method_count; j++)
            if (file->services[i].methods[j].streaming && file->services[i].methods[j].response == message)
                return true;
    return false;
}

/* Of the files whose resources this file streams. The messages of a file stand
 * together in the schema. */
static void emit_includes(psd_arena *arena, const psd_model_file *file, psd_text *out)
{
    const psd_proto_file *included = NULL;
    for (size_t i = 0; i < file->schema->message_count; i++) {
        const psd_model_message *message = &file->schema->messages[i];
        if (message->file == file->proto || message->file == included || !streams(file, message))
            continue;
        included = message->file;
        psd_text_printf(out, "#include \"%s.rpc.h\"\n", psd_name_base(arena, included->name));
    }
}

static void emit_resource(const psd_model_message *message, psd_text *out)
{
    if (message->list_count > 0) {
        psd_text_printf(out, "\nstatic const psd_keyed_list %s_lists[] = {\n", message->snake);
        for (size_t i = 0; i < message->list_count; i++)
            psd_text_printf(out, "    { .field = %d, .key = %d }, /* %s, %s */\n",
                            message->lists[i].field->number, message->lists[i].key->number,
                            message->lists[i].field->name, message->lists[i].key->name);
        psd_text_add(out, "};\n");
    }
    psd_text_printf(out,
                    "\n"
                    "const psd_resource psd_%s_resource = {\n"
                    "    .message = &%s__descriptor,\n",
                    message->snake, message->c_symbol);
    if (message->list_count > 0)
        psd_text_printf(out,
                        "    .lists = %s_lists,\n"
                        "    .list_count = %zu,\n",
                        message->snake, message->list_count);
    psd_text_add(out, "};\n");
}

static void emit_method(psd_arena *arena, const psd_model_service *service, const psd_model_method *method,
                        psd_text *out)
{
    const psd_variable *variables = psd_emit_method_variables(arena, service, method);
    psd_template_write(out, method_begin, variables);
    psd_text_printf(out, "        .role = PSD_ROLE_%s,\n", psd_model_role_name(method->role));
    if (method->no_side_effects)
        psd_text_add(out, "        .no_side_effects = true,\n");
    psd_text_printf(out,
                    "        .request = &%s__descriptor,\n"
                    "        .response = &%s__descriptor,\n",
                    method->request->c_symbol, method->response->c_symbol);
    if (method->streaming)
        psd_text_printf(out,
                        "        .topic = %s,\n"
                        "        .resource = &psd_%s_resource,\n"
                        "        .get = &psd_%s_methods[%s],\n",
                        psd_string_literal(arena, method->topic), method->response->snake, service->snake,
                        method->get->index);
    else
        psd_template_write(out, "        .invoke = $local$_invoke,\n", variables);
    psd_text_add(out, "    },\n");
}

static void emit_service(psd_arena *arena, const psd_model_service *service, psd_text *out)
{
    for (size_t i = 0; i < service->method_count; i++)
        if (!service->methods[i].streaming)
            psd_template_write(out, invoke, psd_emit_method_variables(arena, service, &service->methods[i]));
    const psd_variable *variables = psd_emit_service_variables(arena, service);
    psd_template_write(out, "\nconst psd_method psd_$snake$_methods[$method_count$] = {\n", variables);
    for (size_t i = 0; i < service->method_count; i++)
        emit_method(arena, service, &service->methods[i], out);
    psd_text_add(out, "};\n");
    psd_template_write(out, service_constant, variables);
}

void psd_emit_service_source(psd_arena *arena, const psd_model_file *file, psd_text *out)
{
    psd_template_write(out, begin, psd_emit_file_variables(arena, file, "rpc"));
    emit_includes(arena, file, out);
    for (size_t i = 0; i < file->schema->message_count; i++) {
        const psd_model_message *message = &file->schema->messages[i];
        if (message->file == file->proto && message->is_resource)
            emit_resource(message, out);
    }
    for (size_t i = 0; i < file->service_count; i++)
        emit_service(arena, &file->services[i], out);
}
