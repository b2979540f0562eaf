/*
 * protoc-gen-polarrpc - a protoc plugin that makes typed C stubs of services.
 * protoc gives a CodeGeneratorRequest on stdin and takes a
 * CodeGeneratorResponse from stdout; faults of the .proto files go into the
 * response, anything else to stderr.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "gen/check.h"
#include "gen/emit.h"
#include "gen/plugin_io.h"

typedef Google__Protobuf__Compiler__CodeGeneratorResponse plugin_response;
typedef Google__Protobuf__Compiler__CodeGeneratorResponse__File plugin_file;

/* The generated files of one .proto. */
static const struct output {
    const char *suffix;
    void (*emit)(psd_arena *arena, const psd_model_file *file, psd_text *out);
} outputs[] = {
    {".rpc.h", psd_emit_rpc_header},
    {".rpc.c", psd_emit_rpc_source},
    {".server.h", psd_emit_server_header},
    {".service.c", psd_emit_service_source},
};

static const psd_proto_file *find_file(const psd_plugin_request *request, const char *name)
{
    for (size_t i = 0; i < request->n_proto_file; i++)
        if (strcmp(request->proto_file[i]->name, name) == 0)
            return request->proto_file[i];
    return NULL;
}

static void emit_files(psd_arena *arena, const psd_model_file *file, plugin_response *response)
{
    for (size_t i = 0; i < PSD_ARRAY_SIZE(outputs); i++) {
        PSD_AUTO_TEXT content = PSD_TEXT_INIT;
        outputs[i].emit(arena, file, &content);
        plugin_file *out = psd_arena_alloc(arena, sizeof *out);
        google__protobuf__compiler__code_generator_response__file__init(out);
        out->name = psd_arena_format(arena, "%s%s", file->base, outputs[i].suffix);
        out->content = psd_arena_copy(arena, psd_text_string(&content));
        response->file[response->n_file++] = out;
    }
}

/* All errors, or all files. */
static void generate(psd_arena *arena, const psd_plugin_request *request, plugin_response *response)
{
    psd_model_schema schema;
    psd_model_schema_build(arena, request, &schema);
    psd_model_file *files = psd_arena_array(arena, request->n_file_to_generate, sizeof *files);
    PSD_AUTO_TEXT errors = PSD_TEXT_INIT;
    for (size_t i = 0; i < request->n_file_to_generate; i++) {
        const psd_proto_file *proto = find_file(request, request->file_to_generate[i]);
        if (!proto)
            abort(); /* protoc promises to send it */
        psd_model_file_build(arena, &schema, proto, &files[i]);
        psd_check_file(arena, &files[i], &errors);
    }
    if (errors.length > 0) {
        response->error = psd_arena_copy(arena, psd_text_string(&errors));
        return;
    }
    response->file = psd_arena_array(arena, request->n_file_to_generate * PSD_ARRAY_SIZE(outputs),
                                     sizeof *response->file);
    for (size_t i = 0; i < request->n_file_to_generate; i++)
        emit_files(arena, &files[i], response);
}

static int run(psd_error *error)
{
    PSD_AUTO(psd_plugin_request_free) psd_plugin_request *request = NULL;
    if (psd_plugin_read_request(&request, error) < 0)
        return -1;

    PSD_AUTO(psd_arena_free) psd_arena arena = {NULL};
    plugin_response response = GOOGLE__PROTOBUF__COMPILER__CODE_GENERATOR_RESPONSE__INIT;
    generate(&arena, request, &response);

    size_t length = google__protobuf__compiler__code_generator_response__get_packed_size(&response);
    uint8_t *output = psd_arena_alloc(&arena, length);
    google__protobuf__compiler__code_generator_response__pack(&response, output);
    if (fwrite(output, 1, length, stdout) != length || fflush(stdout) != 0)
        return psd_error_set_errno(error, errno, "cannot write the response to stdout");
    return 0;
}

int main(void)
{
    psd_error error = PSD_ERROR_INIT;
    if (run(&error) == 0)
        return EXIT_SUCCESS;
    fprintf(stderr, "protoc-gen-polarrpc: %s\n", error.text);
    return EXIT_FAILURE;
}
