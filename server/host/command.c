#include "server/host/command.h"

void psd_output_add(psd_output *output, const psd_command *command, const char *bytes, size_t length)
{
    size_t most = command->output_max > 0 ? command->output_max : PSD_COMMAND_OUTPUT_MAX;
    size_t room = most - output->text.length;
    if (length > room) {
        output->cut = true;
        length = room;
    }
    if (length > 0)
        psd_text_append(&output->text, bytes, length);
}

void psd_command_result_free(psd_command_result *result)
{
    psd_text_free(&result->out.text);
    psd_text_free(&result->err.text);
    *result = (psd_command_result)PSD_COMMAND_RESULT_INIT;
}
