/*
 * protoc-gen-messages - protoc-gen-c without its services.
 *
 * protoc-c makes a service structure of its own for each service, which nobody
 * uses here and which does not compile when a method is named by a word of C
 * ("Register"). So this plugin takes the services out of the request and
 * becomes protoc-gen-c.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "gen/plugin_io.h"

static void drop_services(psd_plugin_request *request)
{
    for (size_t i = 0; i < request->n_proto_file; i++) {
        Google__Protobuf__FileDescriptorProto *file = request->proto_file[i];
        for (size_t j = 0; j < file->n_service; j++)
            google__protobuf__service_descriptor_proto__free_unpacked(file->service[j], NULL);
        file->n_service = 0;
    }
}

/* Makes the packed REQUEST the standard input. */
static int become_stdin(const psd_plugin_request *request, psd_error *error)
{
    size_t length = google__protobuf__compiler__code_generator_request__get_packed_size(request);
    PSD_AUTO_FREE uint8_t *bytes = malloc(length + 1);
    if (!bytes)
        abort();
    google__protobuf__compiler__code_generator_request__pack(request, bytes);
    PSD_AUTO_CLOSE int fd = memfd_create("request", MFD_CLOEXEC);
    if (fd < 0)
        return psd_error_set_errno(error, errno, "cannot make a memory file");
    if (write(fd, bytes, length) != (ssize_t)length || lseek(fd, 0, SEEK_SET) < 0 ||
        dup2(fd, STDIN_FILENO) < 0)
        return psd_error_set_errno(error, errno, "cannot write the request for " PROTOC_C_PLUGIN);
    return 0;
}

static int run(psd_error *error)
{
    PSD_AUTO(psd_plugin_request_free) psd_plugin_request *request = NULL;
    if (psd_plugin_read_request(&request, error) < 0)
        return -1;
    drop_services(request);
    if (become_stdin(request, error) < 0)
        return -1;
    execl(PROTOC_C_PLUGIN, PROTOC_C_PLUGIN, (char *)NULL);
    return psd_error_set_errno(error, errno, "cannot run " PROTOC_C_PLUGIN);
}

int main(void)
{
    psd_error error = PSD_ERROR_INIT;
    run(&error); /* returns only when it fails */
    fprintf(stderr, "protoc-gen-messages: %s\n", error.text);
    return EXIT_FAILURE;
}
