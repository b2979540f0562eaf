#include "common/program.h"

#include <stdio.h>

#include "common/settings.h"
#include "common/text.h"

static int fail(const psd_program *program, const psd_error *error, int code)
{
    fprintf(stderr, "%s: %s\n", program->name, error->text);
    return code;
}

static void print_help(const psd_program *program)
{
    PSD_AUTO_TEXT options = PSD_TEXT_INIT;
    psd_options_help(program->options, &options);
    printf("Usage: %s [OPTIONS]\n\n%s\nOptions:\n%s\n%s", program->name, program->purpose,
           psd_text_string(&options), program->exit_codes);
}

static void print_config(const psd_program *program)
{
    PSD_AUTO_TEXT dump = PSD_TEXT_INIT;
    psd_options_dump(program->options, program->settings, &dump);
    fputs(psd_text_string(&dump), stdout);
}

/* Signals are blocked before any thread exists, so that only who asks gets them. */
static int serve(const psd_program *program)
{
    psd_error error = PSD_ERROR_INIT;
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
    signal(SIGPIPE, SIG_IGN);
    int code = program->serve(&signals, &error);
    return code == 0 ? 0 : fail(program, &error, code);
}

/* With the settings read. */
static int run(const psd_program *program)
{
    psd_error error = PSD_ERROR_INIT;
    const psd_program_settings *common = program->settings;
    if (common->help) {
        print_help(program);
        return 0;
    }
    if (common->version) {
        printf("%s %s\n", program->name, PSD_VERSION);
        return 0;
    }
    if (program->check && program->check(program->settings, &error) < 0)
        return fail(program, &error, PSD_EXIT_USAGE_ERROR);
    if (common->print_config) {
        print_config(program);
        return 0;
    }
    psd_log_set_level((psd_log_level)common->log_level);
    return serve(program);
}

int psd_program_main(const psd_program *program, int argc, char **argv)
{
    psd_error error = PSD_ERROR_INIT;
    const psd_program_settings *common = program->settings;
    bool is_read = psd_settings_load(program->options, program->settings, program->size, &common->config_file,
                                     argc, argv, &error) == 0;
    int code = is_read ? run(program) : fail(program, &error, PSD_EXIT_USAGE_ERROR);
    psd_options_free(program->options, program->settings);
    return code;
}
