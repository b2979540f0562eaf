#include "common/settings.h"

#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"

static int parse_arguments(psd_options options, void *settings, int argc, char **argv, psd_error *error)
{
    PSD_AUTO_FREE const char **operands = calloc((size_t)argc + 1, sizeof(*operands));
    size_t count = 0;
    if (!operands)
        return psd_error_set(error, PSD_RESOURCE_EXHAUSTED, "out of memory");
    if (psd_options_parse(options, settings, argc, argv, 1, operands, &count, error) < 0)
        return -1;
    if (count > 0)
        return psd_error_set(error, PSD_INVALID_ARGUMENT,
                             "unexpected argument '%s': only options are taken, see --help", operands[0]);
    return 0;
}

int psd_settings_load(psd_options options, void *settings, size_t size, char *const *config_file, int argc,
                      char **argv, psd_error *error)
{
    memset(settings, 0, size);
    if (psd_options_init(options, settings, error) < 0 ||
        parse_arguments(options, settings, argc, argv, error) < 0)
        return -1;
    if (!*config_file)
        return 0;
    /* The command line is stronger than the file: read it once more. */
    if (psd_options_read_file(options, settings, *config_file, error) < 0)
        return -1;
    return parse_arguments(options, settings, argc, argv, error);
}
