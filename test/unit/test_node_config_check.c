/* What a configuration must be like, and how its faults are told. */
#include "server/node_config/check.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/cleanup.h"
#include "common/macros.h"
#include "server/node_config/node_config.h"
#include "test/support/check.h"
#include "test/support/node_config_sample.h"

typedef Polarstack__V1__NodeConfig config;

static void the_sample_is_good(void **state)
{
    (void)state;
    psd_error error = PSD_ERROR_INIT;
    config *it = psd_test_node_config();
    assert_works(psd_node_config_check(it, &error), &error);
    psd_test_node_config_free(it);
    config empty = POLARSTACK__V1__NODE_CONFIG__INIT; /* nothing is known */
    assert_works(psd_node_config_check(&empty, &error), &error);
}

/* ---- one text ---- */

typedef char **(*find_text)(config *it);

static char **nic(config *it)
{
    return &it->client_nic;
}

static char **user(config *it)
{
    return &it->ssh_user;
}

static char **version_name(config *it)
{
    return &it->core_versions[1]->name;
}

static char **config_map(config *it)
{
    return &it->core_versions[1]->config_map;
}

static char **image_key(config *it)
{
    return &it->core_versions[1]->images[0]->key;
}

static char **image_name(config *it)
{
    return &it->core_versions[0]->images[1]->image;
}

static char **source(config *it)
{
    return &it->provenance[2]->source;
}

static char **resource_version(config *it)
{
    return &it->provenance[2]->resource_version;
}

static char **stale_reason(config *it)
{
    return &it->provenance[2]->stale_reason;
}

/* FAULT NULL: the text is good. */
static const struct text_case {
    find_text find;
    const char *text;
    const char *fault;
} text_cases[] = {
    {nic, "", NULL},
    {nic, "eth0", NULL},
    {nic, "bond0.100", NULL},
    {nic, "br-lan_1@x+y", NULL},
    {nic, "fifteen-letters", NULL},
    {nic, "sixteen--letters", "client_nic: 'sixteen--letters' has 16 bytes: at most 15"},
    {nic, "bond0.100@bond0", NULL},
    {nic, "fifteen-letters@fifteen.letters", NULL},
    {nic, "sixteen--letters@bond0", "client_nic: 'sixteen--letters@bond0' has 16 bytes: at most 15"},
    {nic, "vlan100@sixteen--letters", "client_nic: 'vlan100@sixteen--letters' has 16 bytes: at most 15"},
    {nic, "@bond0", "client_nic: '@bond0': must be a kernel interface name"},
    {nic, "eth0@", "client_nic: 'eth0@': must be a kernel interface name"},
    {nic, "eth0@-x", "client_nic: 'eth0@-x': must be a kernel interface name"},
    {nic, "..@bond0", "client_nic: '..@bond0': must be a kernel interface name"},
    {nic, ".", "client_nic: '.': must be a kernel interface name"},
    {nic, "..", "client_nic: '..': must be"},
    {nic, "a/b", "client_nic: 'a/b': must be"},
    {nic, "eth0:1", "client_nic: 'eth0:1': must be"},
    {nic, "eth 0", "client_nic: 'eth 0': must be"},
    {nic, "eth0\n", "client_nic: 'eth0': must be"},
    {nic, "eth\t0", "client_nic: 'eth?0': must be"},
    {nic, "eth\x7f", "client_nic: 'eth?': must be"},
    {nic, "b\xc3\xb6nd0", "client_nic: 'b\xc3\xb6nd0': must be"},
    {nic, "\xff", "client_nic: '?': must be"},
    {nic, "a;reboot", "client_nic: 'a;reboot': must be"},
    {nic, "$(reboot)", "client_nic: '$(reboot)': must be"},
    {nic, "a`b`", "client_nic: 'a`b`': must be"},
    {nic, "-eth0", "client_nic: '-eth0': must be"},
    {nic, "eth%d", "client_nic: 'eth%d': must be"},
    {user, "", NULL},
    {user, "polar-admin_1.x", NULL},
    {user, "-root", "ssh_user: '-root': must be a user name"},
    {user, "ro ot", "ssh_user: 'ro ot': must be"},
    {user, "root@host", "ssh_user: 'root@host': must be"},
    {user, "a\"b", "ssh_user: 'a\"b': must be"},
    {user, "abcdefghijklmnopqrstuvwxyz0123456",
     "ssh_user: 'abcdefghijklmnopqrstuvwxyz0123456' has 33 bytes: at most 32"},
    {version_name, "polardb_pg 14",
     "core_versions[1].name: 'polardb_pg 14': must be printable UTF-8 without blanks and commas"},
    {version_name, "pg-14,pg-15", "core_versions[1].name: 'pg-14,pg-15': must be"},
    {version_name, "pg-14\r", "core_versions[1].name: 'pg-14?': must be"},
    {version_name, "pg-\xc3\x28", "core_versions[1].name: 'pg-?(': must be"},
    {version_name, "pg-\xe7\x89\x88", NULL},
    {version_name, "", "core_versions[1].name: is empty"},
    {version_name, "pg-11.9.20", "core_versions[1].name: 'pg-11.9.20' stands there twice"},
    {version_name, "pg-1", "core_versions[1].name: 'pg-1' is not sorted: it belongs before 'pg-11.9.20'"},
    {config_map, "", NULL},
    {config_map, "a b", "core_versions[1].config_map: 'a b': must be"},
    {image_key, "", "core_versions[1].images[0].key: is empty"},
    {image_key, "a b", "core_versions[1].images[0].key: 'a b': must be"},
    {image_name, "", "core_versions[0].images[1].image: is empty"},
    {image_name, "engine: 1", "core_versions[0].images[1].image: 'engine: 1': must be"},
    {image_name, "engine:1\n", "core_versions[0].images[1].image: 'engine:1': must be"},
    {source, "", "provenance[2].source: is empty"},
    {source, "two\nlines", "provenance[2].source: 'two?lines': must be one line"},
    {resource_version, "", NULL},
    {resource_version, "1 2", "provenance[2].resource_version: '1 2': must be"},
    {stale_reason, "the API server: \xc3\xbc", NULL},
    {stale_reason, "\x1b[2J", "provenance[2].stale_reason: '?[2J': must be one line"},
};

static void texts(void **state)
{
    (void)state;
    for (size_t i = 0; i < PSD_ARRAY_SIZE(text_cases); i++) {
        const struct text_case *it = &text_cases[i];
        psd_error error = PSD_ERROR_INIT;
        config *made = psd_test_node_config();
        psd_test_set(it->find(made), it->text);
        int result = psd_node_config_check(made, &error);
        if (!it->fault)
            assert_works(result, &error);
        else if (result == 0 || error.code != PSD_INVALID_ARGUMENT ||
                 strncmp(error.text, it->fault, strlen(it->fault)) != 0 || strstr(error.text, "; "))
            fail_msg("'%s': got '%s', wanted '%s' alone", it->text, error.text, it->fault);
        psd_test_node_config_free(made);
    }
}

static void assert_too_long(find_text find, size_t most, const char *path)
{
    PSD_AUTO_FREE char *text = malloc(most + 2);
    char fault[128];
    psd_error error = PSD_ERROR_INIT;
    config *it = psd_test_node_config();
    assert_non_null(text);
    memset(text, 'x', most + 1);
    text[most + 1] = '\0';
    snprintf(fault, sizeof(fault), "...' has %zu bytes: at most %zu", most + 1, most);
    psd_test_set(find(it), text);
    assert_fails(psd_node_config_check(it, &error), &error, PSD_INVALID_ARGUMENT, fault);
    assert_int_equal(strncmp(error.text, path, strlen(path)), 0);
    psd_test_set(find(it), text + 1);
    assert_works(psd_node_config_check(it, &error), &error);
    psd_test_node_config_free(it);
}

static void lengths(void **state)
{
    (void)state;
    assert_too_long(version_name, PSD_NODE_CONFIG_NAME_MAX, "core_versions[1].name: ");
    assert_too_long(config_map, PSD_NODE_CONFIG_NAME_MAX, "core_versions[1].config_map: ");
    assert_too_long(image_key, PSD_NODE_CONFIG_NAME_MAX, "core_versions[1].images[0].key: ");
    assert_too_long(image_name, PSD_NODE_CONFIG_TEXT_MAX, "core_versions[0].images[1].image: ");
    assert_too_long(source, PSD_NODE_CONFIG_TEXT_MAX, "provenance[2].source: ");
    assert_too_long(stale_reason, PSD_NODE_CONFIG_TEXT_MAX, "provenance[2].stale_reason: ");
}

/* ---- ranges ---- */

static void ranges(void **state)
{
    (void)state;
    static const struct {
        uint32_t first, last; /* of the second range; the first one is 5400-5800 */
        const char *fault;
    } cases[] = {
        {5801, 5801, NULL},
        {65535, 65535, NULL},
        {0, 0, "port_ranges[1]: 0-0: ports are 1 to 65535"},
        {0, 6000, "port_ranges[1]: 0-6000: ports are 1 to 65535"},
        {70000, 70010, "port_ranges[1]: 70000-70010: ports are 1 to 65535"},
        {60000, 65536, "port_ranges[1]: 60000-65536: ports are 1 to 65535"},
        {60000, 4294967295, "port_ranges[1]: 60000-4294967295: ports are 1 to 65535"},
        {7000, 6999, "port_ranges[1]: 7000-6999: ends before it begins"},
        {5800, 5900, "port_ranges[1]: 5800-5900: not sorted or overlapping: begins before 5801"},
        {5400, 5800, "port_ranges[1]: 5400-5800: not sorted or overlapping"},
        {1, 10, "port_ranges[1]: 1-10: not sorted or overlapping"},
    };
    for (size_t i = 0; i < PSD_ARRAY_SIZE(cases); i++) {
        psd_error error = PSD_ERROR_INIT;
        config *it = psd_test_node_config();
        it->port_ranges[1]->first = cases[i].first;
        it->port_ranges[1]->last = cases[i].last;
        if (cases[i].fault)
            assert_fails(psd_node_config_check(it, &error), &error, PSD_INVALID_ARGUMENT, cases[i].fault);
        else
            assert_works(psd_node_config_check(it, &error), &error);
        psd_test_node_config_free(it);
    }
}

/* A faulty range says nothing about the order of those behind it. */
static void a_faulty_range_brings_no_further_faults(void **state)
{
    (void)state;
    psd_error error = PSD_ERROR_INIT;
    config *it = psd_test_node_config();
    it->port_ranges[0]->last = 70000;
    assert_fails(psd_node_config_check(it, &error), &error, PSD_INVALID_ARGUMENT,
                 "port_ranges[0]: 5400-70000: ports are 1 to 65535");
    assert_null(strstr(error.text, "; "));
    psd_test_node_config_free(it);
}

/* ---- provenance ---- */

static void remove_entry(config *it, size_t index)
{
    polarstack__v1__config_provenance__free_unpacked(it->provenance[index], NULL);
    memmove(&it->provenance[index], &it->provenance[index + 1],
            (--it->n_provenance - index) * sizeof(Polarstack__V1__ConfigProvenance *));
}

static void each_value_needs_its_provenance(void **state)
{
    (void)state;
    for (size_t i = 0; i < 6; i++) {
        psd_error error = PSD_ERROR_INIT;
        char fault[128];
        config *it = psd_test_node_config();
        snprintf(fault, sizeof(fault), "%s: has a value, but no provenance entry", it->provenance[i]->field);
        remove_entry(it, i);
        assert_fails(psd_node_config_check(it, &error), &error, PSD_INVALID_ARGUMENT, fault);
        assert_null(strstr(error.text, "; "));
        psd_test_node_config_free(it);
    }
}

static void a_part_may_be_read_and_have_no_value(void **state)
{
    (void)state;
    psd_error error = PSD_ERROR_INIT;
    config *it = psd_test_node_config();
    psd_test_set(&it->client_nic, "");
    psd_test_set(&it->ssh_user, "");
    it->publish_ports = it->check_bmc = false;
    size_t kept = it->n_port_ranges;
    it->n_port_ranges = 0;
    assert_works(psd_node_config_check(it, &error), &error);
    it->n_port_ranges = kept;
    psd_test_node_config_free(it);
}

static void entries(void **state)
{
    (void)state;
    psd_error error = PSD_ERROR_INIT;
    config *it = psd_test_node_config();
    psd_test_set(&it->provenance[1]->field, "client-nic");
    assert_fails(
        psd_node_config_check(it, &error), &error, PSD_INVALID_ARGUMENT,
        "provenance[1].field: 'client-nic' is no part of the configuration; client_nic: has a value");
    psd_test_set(&it->provenance[1]->field, "check_bmc");
    assert_fails(psd_node_config_check(it, &error), &error, PSD_INVALID_ARGUMENT,
                 "provenance[1].field: 'check_bmc' stands there twice; client_nic: has a value");
    psd_test_set(&it->provenance[1]->field, "ssh_user");
    psd_test_set(&it->provenance[5]->field, "client_nic");
    assert_fails(psd_node_config_check(it, &error), &error, PSD_INVALID_ARGUMENT,
                 "provenance[2].field: 'core_versions' is not sorted: it belongs before 'ssh_user'");
    psd_test_set(&it->provenance[1]->field, "client_nic");
    psd_test_set(&it->provenance[5]->field, "ssh_user");
    it->provenance[3]->read_at_ms = -1;
    assert_fails(psd_node_config_check(it, &error), &error, PSD_INVALID_ARGUMENT,
                 "provenance[3].read_at_ms: is negative");
    psd_test_node_config_free(it);
}

/* ---- amounts ---- */

static void images_are_needed_and_sorted(void **state)
{
    (void)state;
    psd_error error = PSD_ERROR_INIT;
    config *it = psd_test_node_config();
    psd_test_set(&it->core_versions[0]->images[1]->key, "pfsdImage");
    assert_fails(psd_node_config_check(it, &error), &error, PSD_INVALID_ARGUMENT,
                 "core_versions[0].images[1].key: 'pfsdImage' is not sorted");
    psd_test_set(&it->core_versions[0]->images[1]->key, "pgEngineImage");
    assert_fails(psd_node_config_check(it, &error), &error, PSD_INVALID_ARGUMENT,
                 "core_versions[0].images[1].key: 'pgEngineImage' stands there twice");
    it->core_versions[0]->n_images = 0;
    assert_fails(psd_node_config_check(it, &error), &error, PSD_INVALID_ARGUMENT,
                 "core_versions[0].images: is empty");
    it->core_versions[0]->n_images = 2;
    psd_test_node_config_free(it);
}

/* COUNT pointers to the same message: enough to be counted. */
static void **repeat(void *message, size_t count)
{
    void **list = malloc(count * sizeof(*list));
    assert_non_null(list);
    for (size_t i = 0; i < count; i++)
        list[i] = message;
    return list;
}

static void amounts(void **state)
{
    (void)state;
    psd_error error = PSD_ERROR_INIT;
    config *it = psd_test_node_config();
    config many = *it;
    PSD_AUTO_FREE void **ranges = repeat(it->port_ranges[0], 1001);
    PSD_AUTO_FREE void **versions = repeat(it->core_versions[0], 1001);
    PSD_AUTO_FREE void **images = repeat(it->core_versions[0]->images[0], 65);
    many.port_ranges = (Polarstack__V1__PortRange **)ranges;
    many.n_port_ranges = 1001;
    assert_fails(psd_node_config_check(&many, &error), &error, PSD_INVALID_ARGUMENT,
                 "port_ranges: 1001 of them: at most 1000");
    many = *it;
    many.core_versions = (Polarstack__V1__CoreVersionDefinition **)versions;
    many.n_core_versions = 1001;
    assert_fails(psd_node_config_check(&many, &error), &error, PSD_INVALID_ARGUMENT,
                 "core_versions: 1001 of them: at most 1000");
    Polarstack__V1__CoreVersionDefinition big = *it->core_versions[0];
    Polarstack__V1__CoreVersionDefinition *only = &big;
    big.images = (Polarstack__V1__CoreVersionImageName **)images;
    big.n_images = 65;
    many.core_versions = &only;
    many.n_core_versions = 1;
    assert_fails(psd_node_config_check(&many, &error), &error, PSD_INVALID_ARGUMENT,
                 "core_versions[0].images: 65 of them: at most 64");
    psd_test_node_config_free(it);
}

/* 1000 versions with 64 images of 512 bytes each are allowed one by one. */
static void the_whole_has_a_size(void **state)
{
    (void)state;
    psd_error error = PSD_ERROR_INIT;
    config *it = psd_test_node_config();
    char name[PSD_NODE_CONFIG_TEXT_MAX + 1];
    memset(name, 'x', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    psd_test_set(&it->core_versions[0]->images[0]->image, name);
    Polarstack__V1__CoreVersionDefinition big = *it->core_versions[0];
    PSD_AUTO_FREE void **images = repeat(big.images[0], 64);
    PSD_AUTO_FREE void **versions = repeat(&big, 40);
    big.images = (Polarstack__V1__CoreVersionImageName **)images;
    big.n_images = 64;
    config many = *it;
    many.core_versions = (Polarstack__V1__CoreVersionDefinition **)versions;
    many.n_core_versions = 40;
    assert_fails(psd_node_config_check(&many, &error), &error, PSD_INVALID_ARGUMENT,
                 " bytes: at most 983040; ");
    psd_test_node_config_free(it);
}

/* ---- several faults ---- */

static void all_faults_are_named(void **state)
{
    (void)state;
    psd_error error = PSD_ERROR_INIT;
    config *it = psd_test_node_config();
    it->port_ranges[1]->last = 70000;
    psd_test_set(&it->client_nic, "a b");
    psd_test_set(&it->ssh_user, "");
    remove_entry(it, 0);
    assert_fails(
        psd_node_config_check(it, &error), &error, PSD_INVALID_ARGUMENT,
        "port_ranges[1]: 30000-70000: ports are 1 to 65535; client_nic: 'a b': must be a kernel "
        "interface name of letters, digits and '._-+@', which does not begin with '-'; check_bmc: has "
        "a value, but no provenance entry");
    psd_test_node_config_free(it);
}

static void faults_without_room_are_counted(void **state)
{
    (void)state;
    psd_error error = PSD_ERROR_INIT;
    config *it = psd_test_node_config();
    config many = *it;
    it->port_ranges[0]->last = 70000;
    PSD_AUTO_FREE void **ranges = repeat(it->port_ranges[0], 1000);
    many.port_ranges = (Polarstack__V1__PortRange **)ranges;
    many.n_port_ranges = 1000;
    assert_int_equal(psd_node_config_check(&many, &error), -1);
    size_t named = 0;
    for (const char *at = error.text; (at = strstr(at, ": ports are 1 to 65535")); at++)
        named++;
    char end[64];
    snprintf(end, sizeof(end), ": ports are 1 to 65535; and %zu more", 1000 - named);
    size_t length = strlen(error.text);
    assert_true(named >= 5 && length < PSD_ERROR_TEXT_SIZE - 1);
    assert_string_equal(error.text + length - strlen(end), end);
    psd_test_node_config_free(it);
}

/* ---- freshness ---- */

static void stale_parts_are_named(void **state)
{
    (void)state;
    char text[PSD_ERROR_TEXT_SIZE];
    config *it = psd_test_node_config();
    assert_null(psd_node_config_stale_reason(it, text));
    psd_test_set(&it->provenance[1]->stale_reason, "ConfigMap kube-system/ccm-config is gone");
    psd_test_set(&it->provenance[3]->stale_reason, "timeout");
    assert_string_equal(psd_node_config_stale_reason(it, text),
                        "client_nic: ConfigMap kube-system/ccm-config is gone; port_ranges: timeout");
    char reason[PSD_NODE_CONFIG_TEXT_MAX + 1];
    memset(reason, 'r', sizeof(reason) - 1);
    reason[sizeof(reason) - 1] = '\0';
    for (size_t i = 0; i < it->n_provenance; i++)
        psd_test_set(&it->provenance[i]->stale_reason, reason);
    psd_error error = PSD_ERROR_INIT;
    assert_works(psd_node_config_check(it, &error), &error);
    assert_non_null(psd_node_config_stale_reason(it, text));
    assert_non_null(strstr(text, "check_bmc: rrr"));
    assert_string_equal(strstr(text, "; and "), "; and 4 more");
    psd_test_node_config_free(it);
}

/* ---- the copy that is applied ---- */

/* What a newer program sent beside it is not kept: it could not be checked. */
static void unknown_fields_are_left_out(void **state)
{
    (void)state;
    static const uint8_t extra[] = {0xa2, 0x06, 0x01, 'x'}; /* field 100, a text */
    psd_error error = PSD_ERROR_INIT;
    config *it = psd_test_node_config();
    Polarrpc__V1__Observation observation = POLARRPC__V1__OBSERVATION__INIT;
    config with = *it;
    with.observation = &observation;
    observation.node = (char[]){"somebody else"};
    size_t size = polarstack__v1__node_config__get_packed_size(&with);
    PSD_AUTO_FREE uint8_t *packed = malloc(size + sizeof(extra));
    assert_non_null(packed);
    polarstack__v1__node_config__pack(&with, packed);
    memcpy(packed + size, extra, sizeof(extra));
    config *sent = polarstack__v1__node_config__unpack(NULL, size + sizeof(extra), packed);
    assert_non_null(sent);
    assert_int_equal(sent->base.n_unknown_fields, 1);
    config *copy = psd_node_config_checked(sent, &error);
    assert_non_null(copy);
    assert_null(copy->observation);
    assert_int_equal(polarstack__v1__node_config__get_packed_size(copy),
                     polarstack__v1__node_config__get_packed_size(it));
    polarstack__v1__node_config__free_unpacked(copy, NULL);
    polarstack__v1__node_config__free_unpacked(sent, NULL);
    psd_test_node_config_free(it);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_sample_is_good),
        cmocka_unit_test(texts),
        cmocka_unit_test(lengths),
        cmocka_unit_test(ranges),
        cmocka_unit_test(a_faulty_range_brings_no_further_faults),
        cmocka_unit_test(each_value_needs_its_provenance),
        cmocka_unit_test(a_part_may_be_read_and_have_no_value),
        cmocka_unit_test(entries),
        cmocka_unit_test(images_are_needed_and_sorted),
        cmocka_unit_test(amounts),
        cmocka_unit_test(the_whole_has_a_size),
        cmocka_unit_test(all_faults_are_named),
        cmocka_unit_test(faults_without_room_are_counted),
        cmocka_unit_test(stale_parts_are_named),
        cmocka_unit_test(unknown_fields_are_left_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
