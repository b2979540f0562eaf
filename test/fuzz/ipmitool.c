/* What ipmitool prints comes from a BMC, which is a small computer of somebody else's. */
#include "server/scan/net/ipmitool.h"

#include <arpa/inet.h>

#include "test/fuzz/fuzz.h"

static void must_be_one_line(const psd_error *error)
{
    must(error->code != PSD_OK && error->text[0]);
    for (const char *c = error->text; *c; c++)
        must(*c >= ' ' && *c <= '~');
}

static void check_address(const psd_command_result *result)
{
    psd_error error = PSD_ERROR_INIT;
    char address[INET_ADDRSTRLEN] = "";
    struct in_addr number;
    if (psd_ipmitool_read_address(result, address, &error) < 0) {
        must(!address[0]);
        must_be_one_line(&error);
        return;
    }
    must(result->exit_code == 0 && result->signal == 0 && !result->out.cut);
    must(inet_pton(AF_INET, address, &number) == 1);
    must(ntohl(number.s_addr) >> 24 != 0 && ntohl(number.s_addr) >> 28 < 14);
    must(strstr(result->out.text.data, "IP Address"));
}

static void check_power(const psd_command_result *result)
{
    psd_error error = PSD_ERROR_INIT;
    Polarstack__V1__PowerState power = POLARSTACK__V1__POWER_STATE__POWER_UNKNOWN;
    if (psd_ipmitool_read_power(result, &power, &error) < 0) {
        must(power == POLARSTACK__V1__POWER_STATE__POWER_UNKNOWN);
        must_be_one_line(&error);
    } else {
        must(power != POLARSTACK__V1__POWER_STATE__POWER_UNKNOWN);
    }
}

/* Exit code, signal, whether it was cut; the part on standard error; the rest. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 3)
        return 0;
    psd_command_result result = PSD_COMMAND_RESULT_INIT;
    size_t length = 0;
    result.exit_code = data[0];
    result.signal = data[1] == 0xff ? -1 : data[1] & 0x3f;
    result.out.cut = data[2] & 1;
    data += 3;
    size -= 3;
    const uint8_t *part = fuzz_part(&data, &size, &length);
    psd_text_append(&result.err.text, (const char *)part, length);
    psd_text_append(&result.out.text, (const char *)data, size);
    check_address(&result);
    check_power(&result);
    if (psd_ipmitool_lacks_device(&result))
        must(result.exit_code != 0);
    char *arguments = fuzz_text(data, size);
    psd_error error = PSD_ERROR_INIT;
    if (psd_ipmitool_check_arguments(arguments, &error) < 0)
        must(error.code == PSD_INVALID_ARGUMENT);
    free(arguments);
    psd_command_result_free(&result);
    return 0;
}
