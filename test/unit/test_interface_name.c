/* Names of network interfaces as people write them. */
#include "common/interface_name.h"

#include "common/macros.h"
#include "test/support/check.h"

static void valid_names(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *base;
    } cases[] = {
        {"eth0", "eth0"},
        {"bond0.100@bond0", "bond0.100"},
        {"fifteen-letters", "fifteen-letters"},
        {"fifteen-letters@fifteen.letters", "fifteen-letters"},
        {"br-lan_1+x", "br-lan_1+x"},
        {"a@b@c", "a@b"},
        {"veth0@if5", "veth0"},
    };
    for (size_t i = 0; i < PSD_ARRAY_SIZE(cases); i++) {
        char base[PSD_INTERFACE_NAME_SIZE];
        psd_error error = PSD_ERROR_INIT;
        assert_works(psd_interface_name_check(cases[i].text, &error), &error);
        assert_true(psd_interface_name_is_valid(cases[i].text));
        psd_interface_name_base(cases[i].text, base);
        assert_string_equal(base, cases[i].base);
    }
}

static void refused_names(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *part;
    } cases[] = {
        {"", "'' is empty: must be a kernel interface name"},
        {"sixteen--letters", "'sixteen--letters' has 16 bytes: at most 15"},
        {"sixteen--letters@x", "has 16 bytes: at most 15"},
        {"x@sixteen--letters", "has 16 bytes: at most 15"},
        {"a/b", "'a/b': must be"},
        {"eth 0", "'eth 0': must be"},
        {"eth0\n", "'eth0?': must be"},
        {"eth0;reboot", "'eth0;reboot': must be"},
        {"$(id)", "'$(id)': must be"},
        {"eth0:1", "'eth0:1': must be"},
        {"*", "'*': must be"},
        {"-x", "'-x': must be"},
        {".", "'.': must be"},
        {"..@x", "'..@x': must be"},
        {"x@..", "'x@..': must be"},
        {"@", "'@': must be"},
        {"@x", "'@x': must be"},
        {"x@", "'x@': must be"},
        {"b\xc3\xb6nd", "'b??nd': must be"},
    };
    for (size_t i = 0; i < PSD_ARRAY_SIZE(cases); i++) {
        psd_error error;
        assert_fails(psd_interface_name_check(cases[i].text, &error), &error, PSD_INVALID_ARGUMENT,
                     cases[i].part);
        assert_false(psd_interface_name_is_valid(cases[i].text));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(valid_names),
        cmocka_unit_test(refused_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
