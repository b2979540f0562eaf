#include "gen/check.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* A global name of the generated code, and who gave it. */
typedef struct given_name {
    struct given_name *next;
    const char *name;
    const char *giver; /* "method GetPortUsage of service PortUsageService" */
    int line;
} given_name;

typedef struct check_context {
    psd_arena *arena;
    const psd_model_file *file;
    psd_text *errors;
    given_name *names;
} check_context;

/* What is being checked, for the errors. */
typedef struct check_subject {
    const char *what; /* "method GetPortUsage of service PortUsageService" */
    psd_source source;
} check_subject;

static void refuse(const check_context *context, check_subject subject, const char *format, ...)
    PSD_PRINTF(3, 4);

static void refuse(const check_context *context, check_subject subject, const char *format, ...)
{
    char fault[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(fault, sizeof fault, format, args);
    va_end(args);
    psd_text_printf(context->errors, "%s%s:%d: %s %s", context->errors->length ? "\n" : "",
                    context->file->proto->name, subject.source.line, subject.what, fault);
}

/* False, and an error, when somebody gave the same name before. */
static bool give_name(check_context *context, check_subject subject, const char *name)
{
    for (const given_name *other = context->names; other; other = other->next) {
        if (strcmp(other->name, name) != 0)
            continue;
        refuse(context, subject, "gives the C name %s, and so does %s on line %d: rename one of them", name,
               other->giver, other->line);
        return false;
    }
    given_name *given = psd_arena_alloc(context->arena, sizeof *given);
    *given = (given_name){context->names, name, subject.what, subject.source.line};
    context->names = given;
    return true;
}

/* STEM with each of the suffixes; one error is enough. */
static bool give_names(check_context *context, check_subject subject, const char *stem,
                       const char *const *suffixes, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!give_name(context, subject, psd_arena_format(context->arena, "%s%s", stem, suffixes[i])))
            return false;
    return true;
}

static void check_role(const check_context *context, check_subject subject, const psd_model_method *method)
{
    if (method->role == 0)
        refuse(context, subject, "states no role: add option (polarrpc.v1.role) = READER, OPERATOR or ADMIN");
    else if (!psd_model_role_name(method->role))
        refuse(context, subject,
               "has the role %" PRIu64 ", which is none of READER (1), OPERATOR (2), ADMIN (3)",
               method->role);
}

static void check_streaming(const check_context *context, check_subject subject,
                            const psd_model_method *method)
{
    const char *message = method->response->full_name;
    if (!method->topic || !*method->topic)
        refuse(context, subject, "streams without a topic: add option (polarrpc.v1.topic) = \"%s\"", message);
    if (!method->response->is_resource)
        refuse(context, subject,
               "streams %s, which cannot tell its revision: give it the field "
               "`polarrpc.v1.Observation observation = 1`",
               message);
    if (!method->get)
        refuse(context, subject,
               "streams %s, but its service has no method to begin with: add rpc Get… returns (%s)", message,
               message);
}

static void check_method(check_context *context, const psd_model_service *service,
                         const psd_model_method *method)
{
    static const char *const unary_names[] = {"", "_async", "_done", "_reply"};
    static const char *const streaming_names[] = {"", "_event"};
    check_subject subject = {
        psd_arena_format(context->arena, "method %s of service %s", method->proto->name,
                         service->proto->name),
        method->source,
    };
    check_role(context, subject, method);
    if (method->proto->client_streaming)
        refuse(context, subject,
               "takes a stream, which calls cannot carry: make the request a plain message");
    if (method->streaming) {
        check_streaming(context, subject, method);
        give_names(context, subject, method->call, streaming_names, PSD_ARRAY_SIZE(streaming_names));
        return;
    }
    if (method->topic)
        refuse(context, subject,
               "has a topic but returns no stream: remove option (polarrpc.v1.topic), or return a stream");
    if (give_names(context, subject, method->call, unary_names, PSD_ARRAY_SIZE(unary_names)))
        give_name(context, subject,
                  psd_arena_format(context->arena, "psd_%s_handlers.%s", service->snake, method->member));
}

static void check_service(check_context *context, const psd_model_service *service)
{
    static const char *const names[] = {"_service", "_methods", "_handlers"};
    check_subject subject = {
        psd_arena_format(context->arena, "service %s", service->proto->name),
        service->source,
    };
    if (service->method_count == 0)
        refuse(context, subject, "has no method: add one, or remove the service");
    give_names(context, subject, psd_arena_format(context->arena, "psd_%s", service->snake), names,
               PSD_ARRAY_SIZE(names));
    for (size_t i = 0; i < service->method_count; i++)
        check_method(context, service, &service->methods[i]);
}

static bool is_key(const psd_proto_field *field)
{
    if (field->label == GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__LABEL__LABEL_REPEATED)
        return false;
    switch (field->type) {
    case GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_UINT32:
    case GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_UINT64:
    case GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_STRING:
        return true;
    default:
        return false;
    }
}

static void check_list(const check_context *context, const psd_model_message *message,
                       const psd_model_list *list)
{
    check_subject subject = {
        psd_arena_format(context->arena, "field %s of message %s", list->field->name, message->proto->name),
        list->source,
    };
    if (!list->element)
        refuse(context, subject,
               "has a list_key but is no list of messages: remove option "
               "(polarrpc.v1.list_key)");
    else if (!list->key)
        refuse(context, subject, "has the list_key \"%s\", but %s has no such field: name one of its fields",
               list->key_name, list->element->full_name);
    else if (!is_key(list->key))
        refuse(context, subject,
               "has the list_key \"%s\", which is no single uint32, uint64 or string: name a "
               "field of %s that is",
               list->key_name, list->element->full_name);
    else if (!message->is_resource)
        refuse(context, subject,
               "has a list_key, which only means something in a resource: remove option "
               "(polarrpc.v1.list_key), or give %s the field `polarrpc.v1.Observation observation = 1`",
               message->proto->name);
}

static void check_message(check_context *context, const psd_model_message *message)
{
    for (size_t i = 0; i < message->list_count; i++)
        check_list(context, message, &message->lists[i]);
    if (!message->is_resource)
        return;
    check_subject subject = {
        psd_arena_format(context->arena, "message %s", message->proto->name),
        message->source,
    };
    give_name(context, subject, psd_arena_format(context->arena, "psd_%s_resource", message->snake));
}

void psd_check_file(psd_arena *arena, const psd_model_file *file, psd_text *errors)
{
    check_context context = {.arena = arena, .file = file, .errors = errors};
    for (size_t i = 0; i < file->schema->message_count; i++)
        if (file->schema->messages[i].file == file->proto)
            check_message(&context, &file->schema->messages[i]);
    for (size_t i = 0; i < file->service_count; i++)
        check_service(&context, &file->services[i]);
}
