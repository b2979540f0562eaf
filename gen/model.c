#include "gen/model.h"

#include <string.h>

#include "gen/names.h"
#include "gen/options.h"
#include "gen/source_info.h"

/* Field numbers of descriptor.proto, the steps of a source path. */
enum {
    FILE_MESSAGE_TYPE = 4,
    FILE_SERVICE = 6,
    MESSAGE_FIELD = 2,
    MESSAGE_NESTED_TYPE = 3,
    SERVICE_METHOD = 2,
};

const char *psd_model_role_name(uint64_t role)
{
    static const char *const names[] = {NULL, "READER", "OPERATOR", "ADMIN"};
    return role < PSD_ARRAY_SIZE(names) ? names[role] : NULL;
}

/* "scope.name"; the scope may be empty. */
static const char *join(psd_arena *arena, const char *scope, const char *name)
{
    return scope && *scope ? psd_arena_format(arena, "%s.%s", scope, name) : name;
}

static bool is_resource(const psd_proto_message *message)
{
    for (size_t i = 0; i < message->n_field; i++) {
        const psd_proto_field *field = message->field[i];
        if (field->number == 1)
            return strcmp(field->name, "observation") == 0 && field->type_name &&
                   strcmp(field->type_name, ".polarrpc.v1.Observation") == 0 &&
                   field->label == GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__LABEL__LABEL_OPTIONAL;
    }
    return false;
}

static size_t count_messages(psd_proto_message *const *messages, size_t count)
{
    size_t total = count;
    for (size_t i = 0; i < count; i++)
        total += count_messages(messages[i]->nested_type, messages[i]->n_nested_type);
    return total;
}

/* The message that a type_name (".polarstack.v1.PortUsage") means. */
static const psd_model_message *find_message(const psd_model_schema *schema, const char *type_name)
{
    for (size_t i = 0; i < schema->message_count; i++)
        if (strcmp(schema->messages[i].full_name, type_name + 1) == 0)
            return &schema->messages[i];
    return NULL;
}

static void add_lists(psd_arena *arena, psd_model_message *message, const psd_source_path *path)
{
    const psd_proto_message *proto = message->proto;
    message->lists = psd_arena_array(arena, proto->n_field, sizeof *message->lists);
    for (size_t i = 0; i < proto->n_field; i++) {
        const char *key_name = psd_option_list_key(arena, proto->field[i]);
        if (!key_name)
            continue;
        psd_source_path field_path = psd_source_path_join(path, MESSAGE_FIELD, i);
        message->lists[message->list_count++] = (psd_model_list){
            .field = proto->field[i],
            .source = psd_source_find(message->file, &field_path),
            .key_name = key_name,
        };
    }
}

/* Where add_messages() is: inside a file's package, or inside a message. */
typedef struct message_scope {
    const psd_proto_file *file;
    const char *full_name;
    const char *snake; /* NULL in the package */
    psd_source_path path;
} message_scope;

static void add_messages(psd_arena *arena, psd_model_schema *schema, const message_scope *scope,
                         psd_proto_message *const *messages, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const psd_proto_message *proto = messages[i];
        int32_t field = scope->snake ? MESSAGE_NESTED_TYPE : FILE_MESSAGE_TYPE;
        psd_source_path path = psd_source_path_join(&scope->path, field, i);
        const char *full_name = join(arena, scope->full_name, proto->name);
        const char *snake = psd_name_snake(arena, proto->name);
        psd_model_message *message = &schema->messages[schema->message_count++];
        *message = (psd_model_message){
            .file = scope->file,
            .proto = proto,
            .source = psd_source_find(scope->file, &path),
            .full_name = full_name,
            .c_type = psd_name_c_type(arena, full_name),
            .c_symbol = psd_name_c_symbol(arena, full_name),
            .is_resource = is_resource(proto),
            .snake = scope->snake ? psd_arena_format(arena, "%s_%s", scope->snake, snake) : snake,
        };
        add_lists(arena, message, &path);
        message_scope inside = {scope->file, full_name, message->snake, path};
        add_messages(arena, schema, &inside, proto->nested_type, proto->n_nested_type);
    }
}

static void resolve_list(const psd_model_schema *schema, psd_model_list *list)
{
    const psd_proto_field *field = list->field;
    if (field->label != GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__LABEL__LABEL_REPEATED ||
        field->type != GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_MESSAGE)
        return;
    list->element = find_message(schema, field->type_name);
    for (size_t i = 0; list->element && i < list->element->proto->n_field; i++)
        if (strcmp(list->element->proto->field[i]->name, list->key_name) == 0)
            list->key = list->element->proto->field[i];
}

void psd_model_schema_build(psd_arena *arena, const psd_plugin_request *request, psd_model_schema *schema)
{
    size_t total = 0;
    for (size_t i = 0; i < request->n_proto_file; i++)
        total += count_messages(request->proto_file[i]->message_type, request->proto_file[i]->n_message_type);
    *schema = (psd_model_schema){.messages = psd_arena_array(arena, total, sizeof *schema->messages)};
    for (size_t i = 0; i < request->n_proto_file; i++) {
        const psd_proto_file *file = request->proto_file[i];
        message_scope scope = {.file = file, .full_name = file->package};
        add_messages(arena, schema, &scope, file->message_type, file->n_message_type);
    }
    /* Elements may stand behind the lists that use them. */
    for (size_t i = 0; i < schema->message_count; i++)
        for (size_t j = 0; j < schema->messages[i].list_count; j++)
            resolve_list(schema, &schema->messages[i].lists[j]);
}

/* "PortUsageService" gives "port_usage". */
static const char *service_snake(psd_arena *arena, const char *name)
{
    static const char suffix[] = "Service";
    size_t length = strlen(name);
    size_t cut = sizeof suffix - 1;
    if (length > cut && strcmp(name + length - cut, suffix) == 0)
        name = psd_arena_format(arena, "%.*s", (int)(length - cut), name);
    return psd_name_snake(arena, name);
}

static void build_method(psd_arena *arena, const psd_model_schema *schema, const psd_model_service *service,
                         const psd_proto_method *proto, psd_model_method *method)
{
    const char *snake = psd_name_snake(arena, proto->name);
    const char *index = psd_arena_format(arena, "psd_%s_method_%s", service->snake, snake);
    *method = (psd_model_method){
        .proto = proto,
        .full_name = psd_arena_format(arena, "/%s/%s", service->full_name, proto->name),
        .call = psd_arena_format(arena, "psd_%s_%s", service->snake, snake),
        .member = psd_name_member(arena, snake),
        .index = psd_name_upper(arena, index),
        .request = find_message(schema, proto->input_type),
        .response = find_message(schema, proto->output_type),
        .role = psd_option_role(proto),
        .no_side_effects = proto->options &&
                           proto->options->idempotency_level ==
                               GOOGLE__PROTOBUF__METHOD_OPTIONS__IDEMPOTENCY_LEVEL__NO_SIDE_EFFECTS,
        .streaming = proto->server_streaming,
        .topic = psd_option_topic(arena, proto),
    };
}

/* The method that gives the whole of what METHOD streams. */
static const psd_model_method *find_get(const psd_model_service *service, const psd_model_method *method)
{
    for (size_t i = 0; i < service->method_count; i++) {
        const psd_model_method *get = &service->methods[i];
        if (!get->streaming && strncmp(get->proto->name, "Get", 3) == 0 && get->response == method->response)
            return get;
    }
    return NULL;
}

static void build_service(psd_arena *arena, const psd_model_file *file, const psd_source_path *path,
                          const psd_proto_service *proto, psd_model_service *service)
{
    *service = (psd_model_service){
        .proto = proto,
        .source = psd_source_find(file->proto, path),
        .full_name = join(arena, file->proto->package, proto->name),
        .snake = service_snake(arena, proto->name),
        .methods = psd_arena_array(arena, proto->n_method, sizeof *service->methods),
        .method_count = proto->n_method,
    };
    for (size_t i = 0; i < proto->n_method; i++) {
        psd_source_path method_path = psd_source_path_join(path, SERVICE_METHOD, i);
        build_method(arena, file->schema, service, proto->method[i], &service->methods[i]);
        service->methods[i].source = psd_source_find(file->proto, &method_path);
    }
    for (size_t i = 0; i < proto->n_method; i++)
        if (service->methods[i].streaming)
            service->methods[i].get = find_get(service, &service->methods[i]);
}

void psd_model_file_build(psd_arena *arena, const psd_model_schema *schema, const psd_proto_file *proto,
                          psd_model_file *file)
{
    *file = (psd_model_file){
        .proto = proto,
        .base = psd_name_base(arena, proto->name),
        .services = psd_arena_array(arena, proto->n_service, sizeof *file->services),
        .service_count = proto->n_service,
        .schema = schema,
    };
    for (size_t i = 0; i < proto->n_service; i++) {
        psd_source_path root = {.length = 0};
        psd_source_path path = psd_source_path_join(&root, FILE_SERVICE, i);
        build_service(arena, file, &path, proto->service[i], &file->services[i]);
    }
}
