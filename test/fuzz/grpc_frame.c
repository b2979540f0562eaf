/* A container runtime's answer to a call: header lines and trailers, then the frame. */
#include "server/scan/version/grpc_unary.h"

#include "test/fuzz/fuzz.h"

static void must_be_one_line(const char *text)
{
    for (const char *c = text; *c; c++)
        must(*c >= ' ' && *c <= '~');
}

/* Whether the status is 200; the part with the lines, each with its end; the body. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1)
        return 0;
    long http_status = data[0] ? 200 : 404;
    data++;
    size--;
    size_t length = 0;
    const uint8_t *lines = fuzz_part(&data, &size, &length);
    psd_grpc_status status = {0};
    while (length > 0) {
        const uint8_t *end = memchr(lines, '\n', length);
        size_t line = end ? (size_t)(end - lines) + 1 : length;
        char *copy = fuzz_text(lines, line); /* a read past its end shows */
        psd_grpc_status_line(&status, copy, line);
        free(copy);
        lines += line;
        length -= line;
    }
    must_be_one_line(status.message);
    psd_text body = PSD_TEXT_INIT;
    psd_text_append(&body, (const char *)data, size);
    psd_error error = PSD_ERROR_INIT;
    const uint8_t *message = NULL;
    if (psd_grpc_unwrap(http_status, &status, &body, &message, &length, &error) == 0) {
        must(http_status == 200 && status.is_grpc && status.has_code && status.code == PSD_OK);
        must(size == length + PSD_GRPC_HEAD && data[0] == 0);
        must(memcmp(message, data + PSD_GRPC_HEAD, length) == 0);
    } else {
        must(error.code != PSD_OK && error.text[0]);
        must_be_one_line(error.text);
    }
    psd_text_free(&body);
    return 0;
}
