/* A config file: read it, write what was read, read that: nothing changed. */
#include "common/options.h"

#include <sys/mman.h>
#include <unistd.h>

#include "test/fuzz/fuzz.h"

typedef struct settings {
    char *name;
    char *ports;
    char *nic;
    bool verbose;
    uint64_t count;
    int64_t period_ms;
    int output;
} settings;

static const char *const outputs[] = {"table", "json", NULL};

static const psd_option rows[] = {
    {.name = "name",
     .type = PSD_OPTION_STRING,
     .offset = offsetof(settings, name),
     .value_name = "NAME",
     .help = "."},
    {.name = "ports",
     .type = PSD_OPTION_PORTS,
     .offset = offsetof(settings, ports),
     .value_name = "RANGES",
     .default_text = "1-65535",
     .help = "."},
    {.name = "nic",
     .type = PSD_OPTION_INTERFACE,
     .offset = offsetof(settings, nic),
     .value_name = "NAME",
     .help = "."},
    {.name = "verbose",
     .letter = 'v',
     .type = PSD_OPTION_BOOL,
     .offset = offsetof(settings, verbose),
     .help = "."},
    {.name = "count",
     .type = PSD_OPTION_UINT,
     .offset = offsetof(settings, count),
     .value_name = "N",
     .min = 1,
     .max = 1000,
     .default_text = "3",
     .help = "."},
    {.name = "period",
     .type = PSD_OPTION_DURATION,
     .offset = offsetof(settings, period_ms),
     .value_name = "DURATION",
     .default_text = "500ms",
     .help = "."},
    {.name = "output",
     .type = PSD_OPTION_CHOICE,
     .offset = offsetof(settings, output),
     .value_name = "FORMAT",
     .choices = outputs,
     .default_text = "table",
     .help = "."},
};
static const psd_options table = {rows, PSD_ARRAY_SIZE(rows)};

static int read_bytes(settings *values, const void *bytes, size_t size)
{
    char path[64];
    int fd = memfd_create("config", MFD_CLOEXEC);
    must(fd >= 0 && write(fd, bytes, size) == (ssize_t)size);
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    psd_error error = PSD_ERROR_INIT;
    memset(values, 0, sizeof(*values));
    must(psd_options_init(table, values, &error) == 0);
    int result = psd_options_read_file(table, values, path, &error);
    must(result == 0 || (error.text[0] && !strchr(error.text, '\n')));
    close(fd);
    return result;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    settings values;
    if (read_bytes(&values, data, size) == 0) {
        PSD_AUTO_TEXT first = PSD_TEXT_INIT;
        PSD_AUTO_TEXT second = PSD_TEXT_INIT;
        settings again;
        psd_options_dump(table, &values, &first);
        must(read_bytes(&again, first.data, first.length) == 0);
        psd_options_dump(table, &again, &second);
        must(strcmp(first.data, second.data) == 0);
        psd_options_free(table, &again);
    }
    psd_options_free(table, &values);
    return 0;
}
