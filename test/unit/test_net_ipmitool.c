/* What ipmitool prints, and what it might: only a plain answer counts. */
#include "server/scan/net/ipmitool.h"

#include <signal.h>
#include <stdio.h>

#include "test/support/check.h"

/* As ipmitool 1.8.19 prints it. */
#define BEFORE                                                 \
    "Set in Progress         : Set Complete\n"                 \
    "Auth Type Support       : NONE MD2 MD5 PASSWORD \n"       \
    "Auth Type Enable        : Callback : MD2 MD5 PASSWORD \n" \
    "                        : OEM      : \n"                  \
    "IP Address Source       : Static Address\n"
#define AFTER                                                                  \
    "Subnet Mask             : 255.255.255.0\n"                                \
    "MAC Address             : 0c:c4:7a:11:22:33\n"                            \
    "SNMP Community String   : public\n"                                       \
    "IP Header               : TTL=0x00 Flags=0x00 Precedence=0x00 TOS=0x00\n" \
    "Default Gateway IP      : 10.20.30.1\n"                                   \
    "Default Gateway MAC     : 00:00:00:00:00:00\n"                            \
    "802.1q VLAN ID          : Disabled\n"                                     \
    "Bad Password Threshold  : Not Available\n"
#define ADDRESS_LINE "IP Address              : 10.20.30.40\n"

static const char no_device[] = "Could not open device at /dev/ipmi0 or /dev/ipmi/0 or /dev/ipmidev/0: ";

static psd_command_result printed(const char *out, const char *err)
{
    psd_command_result result = PSD_COMMAND_RESULT_INIT;
    psd_text_add(&result.out.text, out);
    psd_text_add(&result.err.text, err);
    return result;
}

static void assert_address(const char *out, const char *wanted)
{
    psd_error error = PSD_ERROR_INIT;
    char address[INET_ADDRSTRLEN] = "";
    PSD_AUTO_RESULT result = printed(out, "");
    assert_works(psd_ipmitool_read_address(&result, address, &error), &error);
    assert_string_equal(address, wanted);
}

static void assert_result_refused(const psd_command_result *result, const char *part)
{
    psd_error error = PSD_ERROR_INIT;
    char address[INET_ADDRSTRLEN] = "before";
    assert_fails(psd_ipmitool_read_address(result, address, &error), &error, PSD_UNAVAILABLE, part);
    assert_string_equal(address, "before");
}

static void assert_refused(const char *out, const char *err, const char *part)
{
    PSD_AUTO_RESULT result = printed(out, err);
    assert_result_refused(&result, part);
}

static void addresses(void **state)
{
    (void)state;
    assert_address(BEFORE ADDRESS_LINE AFTER, "10.20.30.40");
    assert_address("IP Address : 172.19.64.2", "172.19.64.2");
    assert_address("IP Address\t:\t192.168.1.1  \r\nrest", "192.168.1.1");
    assert_address(ADDRESS_LINE ADDRESS_LINE, "10.20.30.40");
}

static void no_addresses(void **state)
{
    (void)state;
    assert_refused("", "", "no line 'IP Address': it printed nothing");
    assert_refused(BEFORE AFTER, "", "no line 'IP Address': it printed 'Set in Progress");
    assert_refused("IP Address 10.20.30.40\n", "", "no line 'IP Address'");
    assert_refused("The IP Address : 10.20.30.40\n", "", "no line 'IP Address'");
    assert_refused("IP Address Source : 10.20.30.40\n", "", "no line 'IP Address'");
    assert_refused("ip address : 10.20.30.40\n", "", "no line 'IP Address'");
    /* Something on standard error, and exit code 0. */
    assert_refused("", "Get Channel Info command failed\n", "it printed 'Get Channel Info command failed'");
}

static void addresses_that_no_host_has(void **state)
{
    (void)state;
    static const struct {
        const char *value, *part;
    } cases[] = {
        {"0.0.0.0", "the BMC has no address (0.0.0.0)"},
        {"0.1.2.3", "not one that a host can have"},
        {"127.0.0.1", "not one that a host can have"},
        {"224.0.0.1", "not one that a host can have"},
        {"255.255.255.255", "not one that a host can have"},
        {"", "no IPv4 address but ''"},
        {"10.20.30", "no IPv4 address but '10.20.30'"},
        {"10.20.30.256", "no IPv4 address"},
        {"10.20.30.40/24", "no IPv4 address"},
        {"10.20.30.40 x", "no IPv4 address"},
        {"10.20.30.040.1.1.1.1.1.1.1.1.1.1", "no IPv4 address"},
        {"fe80::1", "no IPv4 address but 'fe80::1'"},
        {"\x1b[31m'\"\xff", "no IPv4 address but '?[31m?\?\?'"},
    };
    for (size_t i = 0; i < PSD_ARRAY_SIZE(cases); i++) {
        char out[256];
        snprintf(out, sizeof(out), "IP Address              : %s\n", cases[i].value);
        assert_refused(out, "", cases[i].part);
    }
    assert_refused(ADDRESS_LINE "IP Address : 10.20.30.41\n", "", "two different addresses");
    assert_refused(ADDRESS_LINE "IP Address : garbage\n", "", "no IPv4 address but 'garbage'");
}

static void ends_that_do_not_count(void **state)
{
    (void)state;
    PSD_AUTO_RESULT result = printed(BEFORE ADDRESS_LINE AFTER, "\n  Error: \"session\" lost\nmore\n");
    result.exit_code = 1;
    assert_result_refused(&result, "exit code 1: it printed 'Error: ?session? lost'");
    result.exit_code = -1;
    result.signal = SIGSEGV;
    assert_result_refused(&result, "ended by signal SEGV");
    result.signal = -1;
    assert_result_refused(&result, "ended by signal (unknown)");
    result.signal = 0;
    result.exit_code = 0;
    result.out.cut = true;
    assert_result_refused(&result, "more than it ever should");
}

static void zero_bytes(void **state)
{
    (void)state;
    PSD_AUTO_RESULT result = PSD_COMMAND_RESULT_INIT;
    static const char text[] = "IP Address : 10.20.30.40\0.5\n";
    psd_text_append(&result.out.text, text, sizeof(text) - 1);
    assert_result_refused(&result, "no text: it printed 'IP Address : 10.20.30.40?.5'");
}

static void long_lines_are_cut_in_the_reason(void **state)
{
    (void)state;
    psd_error error = PSD_ERROR_INIT;
    char address[INET_ADDRSTRLEN];
    PSD_AUTO_RESULT result = PSD_COMMAND_RESULT_INIT;
    for (int i = 0; i < 1000; i++)
        psd_text_add(&result.err.text, "0123456789");
    assert_fails(psd_ipmitool_read_address(&result, address, &error), &error, PSD_UNAVAILABLE, "'0123456789");
    assert_true(strlen(error.text) < 200);
}

static void power(void **state)
{
    (void)state;
    static const struct {
        const char *out;
        int wanted; /* -1: refused */
    } cases[] = {
        {"Chassis Power is on\n", POLARSTACK__V1__POWER_STATE__POWER_ON},
        {"Chassis Power is off\n", POLARSTACK__V1__POWER_STATE__POWER_OFF},
        {"Chassis Power is off", POLARSTACK__V1__POWER_STATE__POWER_OFF},
        {"", -1},
        {"Chassis Power is unknown\n", -1},
        {"Chassis Power is on and on\n", -1},
        {"Chassis Power is on\nChassis Power is off\n", -1},
        {"on\n", -1},
    };
    for (size_t i = 0; i < PSD_ARRAY_SIZE(cases); i++) {
        psd_error error = PSD_ERROR_INIT;
        Polarstack__V1__PowerState state_read = POLARSTACK__V1__POWER_STATE__POWER_UNKNOWN;
        PSD_AUTO_RESULT result = printed(cases[i].out, "");
        if (cases[i].wanted < 0) {
            assert_fails(psd_ipmitool_read_power(&result, &state_read, &error), &error, PSD_UNAVAILABLE,
                         "whether the power is on");
            assert_int_equal(state_read, POLARSTACK__V1__POWER_STATE__POWER_UNKNOWN);
        } else {
            assert_works(psd_ipmitool_read_power(&result, &state_read, &error), &error);
            assert_int_equal(state_read, cases[i].wanted);
        }
    }
    psd_error error = PSD_ERROR_INIT;
    Polarstack__V1__PowerState state_read = POLARSTACK__V1__POWER_STATE__POWER_UNKNOWN;
    PSD_AUTO_RESULT failed = printed("Chassis Power is on\n", "");
    failed.exit_code = 1;
    assert_fails(psd_ipmitool_read_power(&failed, &state_read, &error), &error, PSD_UNAVAILABLE,
                 "exit code 1");
}

static bool lacks_device(const char *reason, int exit_code)
{
    char err[256];
    snprintf(err, sizeof(err), "%s%s\n", no_device, reason);
    PSD_AUTO_RESULT result = printed("", err);
    result.exit_code = exit_code;
    return psd_ipmitool_lacks_device(&result);
}

static void devices(void **state)
{
    (void)state;
    assert_true(lacks_device("No such file or directory", 1));
    assert_true(lacks_device("No such device", 1));
    assert_true(lacks_device("No such device or address", 1));
    assert_false(lacks_device("Permission denied", 1));
    assert_false(lacks_device("No such file or directory", 0));
    PSD_AUTO_RESULT other = printed("", "Error: Unable to establish IPMI v2 / RMCP+ session\n");
    other.exit_code = 1;
    assert_false(psd_ipmitool_lacks_device(&other));
}

static void arguments(void **state)
{
    (void)state;
    psd_error error = PSD_ERROR_INIT;
    assert_works(psd_ipmitool_check_arguments("", &error), &error);
    assert_works(psd_ipmitool_check_arguments("-I lanplus -H 10.0.0.1 -p 623 -U admin -f /etc/bmc", &error),
                 &error);
    assert_fails(psd_ipmitool_check_arguments("-U admin -P hunter2", &error), &error, PSD_INVALID_ARGUMENT,
                 "use '-f FILE'");
    assert_null(strstr(error.text, "hunter2"));
    assert_fails(psd_ipmitool_check_arguments("-Phunter2", &error), &error, PSD_INVALID_ARGUMENT,
                 "'-P' would");
    assert_null(strstr(error.text, "hunter2"));
    assert_fails(psd_ipmitool_check_arguments("-a", &error), &error, PSD_INVALID_ARGUMENT, "-f FILE");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses),
        cmocka_unit_test(no_addresses),
        cmocka_unit_test(addresses_that_no_host_has),
        cmocka_unit_test(ends_that_do_not_count),
        cmocka_unit_test(zero_bytes),
        cmocka_unit_test(long_lines_are_cut_in_the_reason),
        cmocka_unit_test(power),
        cmocka_unit_test(devices),
        cmocka_unit_test(arguments),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
