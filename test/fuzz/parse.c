/* Small texts: numbers, durations, port ranges, urls. What is taken is written
 * back and must be taken as the same. */
#include "common/parse.h"
#include "common/port_set.h"
#include "common/rpc/endpoint.h"
#include "test/fuzz/fuzz.h"

static void check_ports(const char *text)
{
    static char written[512 * 1024];
    psd_port_set set;
    psd_port_set again;
    psd_error error = PSD_ERROR_INIT;
    psd_port_set_clear(&set);
    psd_port_set_clear(&again);
    if (psd_port_set_parse(&set, text, &error) < 0) {
        must(error.code == PSD_INVALID_ARGUMENT && psd_port_set_is_empty(&set));
        return;
    }
    must(!psd_port_set_has(&set, 0) && !psd_port_set_is_empty(&set));
    must(psd_port_set_format(&set, written, sizeof(written)) == strlen(written));
    must(psd_port_set_parse(&again, written, NULL) == 0);
    must(memcmp(&set, &again, sizeof(set)) == 0);
}

static void check_duration(const char *text)
{
    char written[PSD_DURATION_TEXT_SIZE];
    int64_t ms = 0;
    int64_t again = -1;
    if (psd_parse_duration(text, &ms, NULL) < 0)
        return;
    must(ms >= 0);
    must(psd_parse_duration(psd_format_duration(ms, written), &again, NULL) == 0);
    must(ms == again);
}

static void check_url(const char *text)
{
    psd_endpoint endpoint;
    psd_error error = PSD_ERROR_INIT;
    if (psd_endpoint_parse(text, &endpoint, &error) < 0) {
        must(error.code == PSD_INVALID_ARGUMENT);
        return;
    }
    must(strcmp(endpoint.url, text) == 0);
    must(strcmp(endpoint.url, endpoint.stream_url) != 0);
    must(endpoint.is_ipc == (endpoint.path != NULL));
    must(!endpoint.is_ipc || endpoint.path[0] == '/');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = fuzz_text(data, size);
    uint64_t number = 0;
    bool truth = false;
    if (psd_parse_uint(text, 5, 500, &number, NULL) == 0)
        must(number >= 5 && number <= 500);
    psd_error error = PSD_ERROR_INIT;
    must(psd_parse_bool(text, &truth, &error) == 0 || error.code == PSD_INVALID_ARGUMENT);
    check_ports(text);
    check_duration(text);
    check_url(text);
    free(text);
    return 0;
}
