#include "gen/plugin_io.h"

#include <errno.h>
#include <stdio.h>

#include "common/text.h"

int psd_plugin_read_request(psd_plugin_request **request, psd_error *error)
{
    PSD_AUTO_TEXT input = PSD_TEXT_INIT;
    char buffer[65536];
    size_t length;
    while ((length = fread(buffer, 1, sizeof buffer, stdin)) > 0)
        psd_text_append(&input, buffer, length);
    if (ferror(stdin))
        return psd_error_set_errno(error, errno, "cannot read the request from stdin");
    *request = google__protobuf__compiler__code_generator_request__unpack(
        NULL, input.length, (const uint8_t *)psd_text_string(&input));
    if (!*request)
        return psd_error_set(error, PSD_INVALID_ARGUMENT,
                             "stdin holds no CodeGeneratorRequest: this program is a plugin, run protoc");
    return 0;
}

void psd_plugin_request_free(psd_plugin_request **request)
{
    google__protobuf__compiler__code_generator_request__free_unpacked(*request, NULL);
}
