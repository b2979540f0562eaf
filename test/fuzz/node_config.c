/* The file that keeps the configuration: any bytes as the file, and as the
 * content of a file that is whole. What is accepted must be accepted again. */
#include "server/node_config/node_config.h"
#include "server/node_config/check.h"
#include "server/store/state_file.h"
#include "test/fuzz/fuzz.h"

static void check_accepted(const Polarstack__V1__NodeConfig *config)
{
    char reason[PSD_ERROR_TEXT_SIZE];
    psd_error error = PSD_ERROR_INIT;
    must(psd_node_config_check(config, &error) == 0);
    const char *stale = psd_node_config_stale_reason(config, reason);
    must(!stale || (stale[0] && !strchr(stale, '\n')));
    Polarstack__V1__NodeConfig *copy = psd_node_config_checked(config, &error);
    must(copy);
    Polarstack__V1__NodeConfig data = *config;
    data.observation = NULL;
    must(polarstack__v1__node_config__get_packed_size(copy) ==
         polarstack__v1__node_config__get_packed_size(&data));
    polarstack__v1__node_config__free_unpacked(copy, NULL);
}

static void check_content(psd_bytes content)
{
    psd_error error = PSD_ERROR_INIT;
    Polarstack__V1__NodeConfig *config = psd_node_config_parse(content, &error);
    if (!config) {
        must(error.code == PSD_DATA_LOSS && error.text[0] && !strchr(error.text, '\n'));
        return;
    }
    check_accepted(config);
    polarstack__v1__node_config__free_unpacked(config, NULL);
}

/* A file that was written is read as it was. */
static void check_round_trip(psd_bytes content)
{
    psd_bytes found = {NULL, 0};
    uint8_t *file = malloc(PSD_STATE_FILE_HEADER + content.length);
    must(file);
    psd_state_file_encode(content, file);
    if (content.length > 0)
        memcpy(file + PSD_STATE_FILE_HEADER, content.data, content.length);
    psd_bytes whole = {file, PSD_STATE_FILE_HEADER + content.length};
    must(psd_state_file_decode(whole, &found, NULL) == 0);
    must(found.length == content.length);
    free(file);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    psd_bytes input = {data, size};
    psd_bytes content;
    psd_error error = PSD_ERROR_INIT;
    if (psd_state_file_decode(input, &content, &error) == 0)
        check_content(content);
    else
        must(error.code == PSD_DATA_LOSS && error.text[0]);
    check_round_trip(input);
    check_content(input);
    return 0;
}
