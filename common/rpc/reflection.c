#include "common/rpc/reflection.h"

#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "polarrpc/v1/reflection.server.h"

/* The whole answer in one piece of memory: constants of the generated code and
 * pointers to them. */
typedef struct description {
    Polarrpc__V1__MethodDescription *methods;
    Polarrpc__V1__MethodDescription **method_pointers;
    Polarrpc__V1__ServiceDescription *services;
    Polarrpc__V1__ServiceDescription **service_pointers;
} description;

static void free_description(description *d)
{
    free(d->methods);
    free(d->method_pointers);
    free(d->services);
    free(d->service_pointers);
}

/* protobuf-c declares strings it only reads as char *. */
static char *text(const char *constant)
{
    return (char *)(uintptr_t)constant;
}

static void describe_method(const psd_method *method, Polarrpc__V1__MethodDescription *out)
{
    polarrpc__v1__method_description__init(out);
    out->full_name = text(method->full_name);
    out->request = text(method->request->name);
    out->response = text(method->response->name);
    out->role = (Polarrpc__V1__Role)method->role;
    out->no_side_effects = method->no_side_effects;
    out->comment = text(method->comment);
    if (method->topic)
        out->topic = text(method->topic);
}

static int by_name(const void *a, const void *b)
{
    const Polarrpc__V1__ServiceDescription *const *left = a;
    const Polarrpc__V1__ServiceDescription *const *right = b;
    return strcmp((*left)->full_name, (*right)->full_name);
}

static size_t count_methods(const psd_service *const *services, size_t count)
{
    size_t methods = 0;
    for (size_t i = 0; i < count; i++)
        methods += services[i]->method_count;
    return methods;
}

static void describe(psd_call *call, const Polarrpc__V1__DescribeRequest *request PSD_UNUSED, void *arg)
{
    const psd_reflection *reflection = arg;
    const psd_service *const *services = NULL;
    size_t count = psd_server_services(reflection->server, &services);
    size_t method_count = count_methods(services, count);
    PSD_AUTO(free_description)
    description d = {
        .methods = calloc(method_count, sizeof(*d.methods)),
        .method_pointers = calloc(method_count, sizeof(*d.method_pointers)),
        .services = calloc(count, sizeof(*d.services)),
        .service_pointers = calloc(count, sizeof(*d.service_pointers)),
    };
    if (!d.methods || !d.method_pointers || !d.services || !d.service_pointers) {
        psd_error error = PSD_ERROR_INIT;
        psd_error_set(&error, PSD_RESOURCE_EXHAUSTED, "out of memory");
        psd_call_fail(call, &error);
        return;
    }
    for (size_t i = 0, m = 0; i < count; i++) {
        Polarrpc__V1__ServiceDescription *service = d.service_pointers[i] = &d.services[i];
        polarrpc__v1__service_description__init(service);
        service->full_name = text(services[i]->full_name);
        service->comment = text(services[i]->comment);
        service->methods = &d.method_pointers[m];
        service->n_methods = services[i]->method_count;
        for (size_t k = 0; k < services[i]->method_count; k++, m++) {
            d.method_pointers[m] = &d.methods[m];
            describe_method(&services[i]->methods[k], &d.methods[m]);
        }
    }
    qsort(d.service_pointers, count, sizeof(Polarrpc__V1__ServiceDescription *), by_name);
    Polarrpc__V1__ServerDescription server = POLARRPC__V1__SERVER_DESCRIPTION__INIT;
    server.server = text(reflection->program);
    server.services = d.service_pointers;
    server.n_services = count;
    psd_reflection_describe_reply(call, &server);
}

static const psd_reflection_handlers handlers = {.describe = describe};

int psd_reflection_add(const psd_reflection *reflection, psd_error *error)
{
    return psd_server_add(reflection->server, &psd_reflection_service, &handlers,
                          (void *)(uintptr_t)reflection, error);
}
