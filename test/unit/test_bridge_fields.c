/* What each part of NodeConfig is read from: every form, every nonsense. */
#include "k8s/inputs/fields.h"

#include <stdio.h>

#include "common/cleanup.h"
#include "common/text.h"
#include "server/node_config/check.h"
#include "test/support/check.h"

typedef Polarstack__V1__NodeConfig node_config;

static void clean_config(node_config **config)
{
    if (*config)
        polarstack__v1__node_config__free_unpacked(*config, NULL);
}
#define AUTO_CONFIG __attribute__((cleanup(clean_config))) node_config

static node_config *new_config(void)
{
    node_config *config = malloc(sizeof(*config));
    assert_non_null(config);
    polarstack__v1__node_config__init(config);
    return config;
}

static const psd_input_field *field_of(const char *name)
{
    for (size_t i = 0; i < psd_input_field_count; i++) {
        if (strcmp(psd_input_fields[i].name, name) == 0)
            return &psd_input_fields[i];
    }
    fail_msg("there is no field %s", name);
    return NULL;
}

/* Reads FIELD from JSON; NULL and a one-line ERROR when that fails. */
static node_config *read_field(const char *field, const char *json, psd_error *error)
{
    PSD_AUTO_JSON cJSON *objects = cJSON_Parse(json);
    if (!objects)
        fail_msg("no JSON: %s", json);
    AUTO_CONFIG *config = new_config();
    *error = (psd_error)PSD_ERROR_INIT;
    return field_of(field)->read(objects, config, error) == 0 ? psd_take(config) : NULL;
}

static void ranges_text(const node_config *config, char *text, size_t size)
{
    size_t used = 0;
    text[0] = '\0';
    for (size_t i = 0; i < config->n_port_ranges; i++)
        used += (size_t)snprintf(text + used, size - used, "%s%u-%u", i ? "," : "",
                                 config->port_ranges[i]->first, config->port_ranges[i]->last);
}

/* The ranges of one annotation. */
static node_config *read_annotation(const char *value, psd_error *error)
{
    PSD_AUTO_JSON cJSON *text = cJSON_CreateString(value);
    PSD_AUTO_FREE char *quoted = psd_json_print(text);
    PSD_AUTO_FREE char *json = NULL;
    assert_true(asprintf(&json, "[{\"metadata\":{\"annotations\":{\"datamax.port.range\":%s}}}]", quoted) >
                0);
    return read_field("port_ranges", json, error);
}

static void each_form_of_a_range_is_taken(void **state)
{
    (void)state;
    static const struct {
        const char *value;
        const char *ranges;
    } taken[] = {{"5400", "5400-5400"},
                 {"5400-5800", "5400-5800"},
                 {"1-65535", "1-65535"},
                 {"65535", "65535-65535"},
                 {"7-7", "7-7"},
                 {"36000+100", "36000-36099"},
                 {"65535+1", "65535-65535"},
                 {"1+65535", "1-65535"},
                 {"5400,30000-32999,36000+10", "5400-5400,30000-32999,36000-36009"},
                 {"9,8,7", "7-9"},
                 {"10-20,15-30,31", "10-31"},
                 {" 5400 , 30000 - 32999 ,\t36000\n+ 10\r\n", "5400-5400,30000-32999,36000-36009"}};
    for (size_t i = 0; i < PSD_ARRAY_SIZE(taken); i++) {
        psd_error error;
        AUTO_CONFIG *config = read_annotation(taken[i].value, &error);
        if (!config)
            fail_msg("'%s': %s", taken[i].value, error.text);
        char text[200];
        ranges_text(config, text, sizeof(text));
        assert_string_equal(text, taken[i].ranges);
    }
}

static void nonsense_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *value;
        const char *part;
    } refused[] = {
        {"70000", "annotation 'datamax.port.range': port range '70000': "},
        {"65536", "'65536' is not a whole number from 1 to 65535"},
        {"0", "'0' is not a whole number from 1 to 65535"},
        {"0-5", "port range '0-5'"},
        {"9-", "port range '9-'"},
        {"-9", "port range '-9'"},
        {"+9", "port range '+9'"},
        {"9+", "port range '9+'"},
        {"9+0", "port range '9+0'"},
        {"65535+2", "port range '65535+2' ends after port 65535"},
        {"a-b", "port range 'a-b'"},
        {"5-3", "port range '5-3' ends before it begins: write 3-5"},
        {"1-2-3", "port range '1-2-3'"},
        {"1.5", "port range '1.5'"},
        {"0x10", "port range '0x10'"},
        {"5 400", "port range '5 400'"},
        {"5400\n5500", "port range '5400 5500'"},
        {",", "lacks a port range"},
        {"5400,", "lacks a port range"},
        {",5400", "lacks a port range"},
        {"5400,,5500", "lacks a port range"},
        {"1234567890123456789012345678901234567890123456789012345678901234567890", "is too long"},
    };
    for (size_t i = 0; i < PSD_ARRAY_SIZE(refused); i++) {
        psd_error error;
        AUTO_CONFIG *config = read_annotation(refused[i].value, &error);
        if (config || error.code != PSD_INVALID_ARGUMENT || !strstr(error.text, refused[i].part))
            fail_msg("'%s': got %s '%s', wanted '%s'", refused[i].value, psd_code_name(error.code),
                     error.text, refused[i].part);
    }
}

static void all_faults_are_named(void **state)
{
    (void)state;
    psd_error error;
    AUTO_CONFIG *config = read_field("port_ranges",
                                     "[{\"metadata\":{\"annotations\":{\"a.port.range\":\"70000,5400,9-\","
                                     "\"b.port.range\":\"100-200\",\"c.port.ranges\":\"5-3\"}}}]",
                                     &error);
    assert_null(config);
    static const char *const parts[] = {"'a.port.range': port range '70000'",
                                        "'a.port.range': port range '9-'",
                                        "'c.port.ranges': port range '5-3'", "; "};
    for (size_t i = 0; i < PSD_ARRAY_SIZE(parts); i++) {
        if (!strstr(error.text, parts[i]))
            fail_msg("'%s' does not name %s", error.text, parts[i]);
    }
    assert_null(strstr(error.text, "b.port.range"));
    assert_null(strstr(error.text, "5400"));
}

static void known_annotations_are_joined_and_others_ignored(void **state)
{
    (void)state;
    psd_error error;
    AUTO_CONFIG *config = read_field(
        "port_ranges",
        "[{\"metadata\":{\"annotations\":{"
        "\"polarbox.mpd.engine.port.range\":\"30000-32999\",\"polarbox.mpd.external.port.range\":\"36000-"
        "39999\","
        "\"polarbox.mpd.maxscale.port.range\":\"33000-35999\",\"polarbox.novip.engine.port.range\":\"5400-"
        "5800\","
        "\"polarbox.novip.maxscale.port.range\":\"15400-15800\",\"datamax.port.range\":\"16000-16400\","
        "\"polarbox.mpd.reserved.port.ranges\":\"\",\"kubectl.kubernetes.io/last-applied\":\"1-2\","
        "\"port.range.old\":\"nonsense\",\"x.port.rangess\":\"7\",\"number.port.range\":7}},"
        "\"data\":{\"Pbx.Next.Engine.Port\":\"30001\",\"a.port.range\":\"1-10\"}}]",
        &error);
    assert_non_null(config);
    char text[200];
    ranges_text(config, text, sizeof(text));
    assert_string_equal(text, "5400-5800,15400-15800,16000-16400,30000-39999");
}

static void no_ranges_are_a_fault_and_never_an_empty_list(void **state)
{
    (void)state;
    static const char *const objects[] = {
        "[{}]",
        "[null]",
        "[3]",
        "[{\"metadata\":{}}]",
        "[{\"metadata\":{\"annotations\":{}}}]",
        "[{\"metadata\":{\"annotations\":[\"1-2\"]}}]",
        "[{\"metadata\":{\"annotations\":\"port.range\"}}]",
        "[{\"metadata\":{\"annotations\":{\"a.port.range\":\"\",\"b.port.ranges\":\" \\n\"}}}]"};
    for (size_t i = 0; i < PSD_ARRAY_SIZE(objects); i++) {
        psd_error error;
        AUTO_CONFIG *config = read_field("port_ranges", objects[i], &error);
        if (config ||
            !strstr(error.text, "no annotation whose name ends in port.range or port.ranges has ports"))
            fail_msg("%s: '%s'", objects[i], error.text);
    }
    PSD_AUTO_TEXT many = PSD_TEXT_INIT;
    for (unsigned i = 0; i < 1001; i++)
        psd_text_printf(&many, "%s%u", i ? "," : "", 1000 + 2 * i);
    psd_error error;
    AUTO_CONFIG *config = read_annotation(psd_text_string(&many), &error);
    assert_null(config);
    assert_non_null(strstr(error.text, "the annotations have 1001 ranges: at most 1000"));
}

static void words_switch_things_off(void **state)
{
    (void)state;
    static const char *const yes[] = {"1", "T", "y", "TRUE", "Yes", "true\\n", ""};
    static const char *const no[] = {"0", "f", "N", "False", "NO", " no", "false\\n"};
    static const char *const keys[][2] = {{"publish_ports", "enablePrintPort"},
                                          {"check_bmc", "isCheckOObIP"}};
    psd_error error;
    char json[200];
    for (size_t k = 0; k < PSD_ARRAY_SIZE(keys); k++) {
        for (size_t i = 0; i < 2 * PSD_ARRAY_SIZE(yes); i++) {
            bool wanted = i % 2 == 0;
            snprintf(json, sizeof(json), "[{\"data\":{\"%s\":\"%s\"}}]", keys[k][1],
                     wanted ? yes[i / 2] : no[i / 2]);
            AUTO_CONFIG *config = read_field(keys[k][0], json, &error);
            if (!config || (k == 0 ? config->publish_ports : config->check_bmc) != wanted)
                fail_msg("%s: %s", json, error.text);
        }
        snprintf(json, sizeof(json), "[{\"data\":{\"%s\":\"secret-word\"}}]", keys[k][1]);
        AUTO_CONFIG *nonsense = read_field(keys[k][0], json, &error);
        assert_null(nonsense);
        assert_non_null(strstr(error.text, keys[k][1]));
        assert_non_null(strstr(error.text, "is none of true, false, yes, no, 1, 0"));
        assert_null(strstr(error.text, "secret-word"));
        AUTO_CONFIG *missing = read_field(keys[k][0], "[{\"data\":{\"other\":\"no\"}}]", &error);
        assert_non_null(missing);
        assert_true(k == 0 ? missing->publish_ports : missing->check_bmc);
    }
}

static void names_are_read_and_checked(void **state)
{
    (void)state;
    psd_error error;
    AUTO_CONFIG *user = read_field("ssh_user", "[{\"data\":{\"sshUser\":\"root\\n\",\"sshPassword\":\"x\"}}]",
                                   &error);
    assert_string_equal(user->ssh_user, "root");
    AUTO_CONFIG *nobody = read_field("ssh_user", "[{\"data\":{}}]", &error);
    assert_string_equal(nobody->ssh_user, "");
    AUTO_CONFIG *nic = read_field("client_nic", "[{\"data\":{\"NET_CARD_NAME\":\" bond0.12 \"}}]", &error);
    assert_string_equal(nic->client_nic, "bond0.12");
    AUTO_CONFIG *pair = read_field("client_nic", "[{\"data\":{\"NET_CARD_NAME\":\"bond0.1234@bond0\"}}]",
                                   &error);
    assert_string_equal(pair->client_nic, "bond0.1234@bond0");
    AUTO_CONFIG *empty = read_field("client_nic", "[{\"data\":{\"NET_CARD_NAME\":\"\"}}]", &error);
    assert_null(empty);
    assert_string_equal(error.text, "NET_CARD_NAME '' is no interface name");
    AUTO_CONFIG *missing = read_field("client_nic", "[{\"metadata\":{}}]", &error);
    assert_string_equal(missing->client_nic, "bond1");
    static const char *const bad[] = {"a b", "$(x)",    "-x", "abcdefghijklmnopqrstuvwxyzabcdefghi",
                                      "x;y", "\xc3\xa4"};
    char json[200];
    for (size_t i = 0; i < PSD_ARRAY_SIZE(bad); i++) {
        snprintf(json, sizeof(json), "[{\"data\":{\"NET_CARD_NAME\":\"%s\",\"sshUser\":\"%s\"}}]", bad[i],
                 bad[i]);
        AUTO_CONFIG *no_nic = read_field("client_nic", json, &error);
        assert_null(no_nic);
        assert_non_null(strstr(error.text, "is no interface name"));
        AUTO_CONFIG *no_user = read_field("ssh_user", json, &error);
        assert_null(no_user);
        assert_string_equal(error.text, "sshUser is no user name");
    }
}

static void defaults_are_those_of_v1(void **state)
{
    (void)state;
    AUTO_CONFIG *config = new_config();
    for (size_t i = 0; i < psd_input_field_count; i++) {
        if (psd_input_fields[i].set_default)
            psd_input_fields[i].set_default(config);
        else
            assert_true(strcmp(psd_input_fields[i].name, "port_ranges") == 0 ||
                        strcmp(psd_input_fields[i].name, "core_versions") == 0);
    }
    assert_true(config->publish_ports);
    assert_true(config->check_bmc);
    assert_string_equal(config->client_nic, "bond1");
    assert_string_equal(config->ssh_user, "");
    assert_int_equal(config->n_core_versions, 0);
    assert_int_equal(config->n_port_ranges, 0);
}

static void versions_are_sorted_with_their_images(void **state)
{
    (void)state;
    static const char objects[] =
        "[{\"metadata\":{\"name\":\"cm-b\"},\"data\":{\"name\":\"2.0\",\"pgEngineImage\":\"e:2\","
        "\"pfsdImage\":\"p:2\\n\",\"note\":\"x\",\"pgManagerImage\":\"\"}},"
        "{\"metadata\":{\"name\":\"cm-root\"},\"data\":{\"latestVersion\":\"2.0\"}},"
        "{\"metadata\":{\"name\":\"cm-unnamed\"},\"data\":{\"pgEngineImage\":\"e:9\"}},"
        "{\"metadata\":{\"name\":\"cm-empty-name\"},\"data\":{\"name\":\"\",\"pgEngineImage\":\"e:9\"}},"
        "{\"metadata\":{\"name\":\"cm-no-image\"},\"data\":{\"name\":\"3.0\",\"Image\":\"e:9\","
        "\"Imag\":\"e:9\",\"pgimage\":\"e:9\"}},"
        "{\"metadata\":{\"name\":\"cm-bare\"}},{\"metadata\":{\"name\":\"cm-list\"},\"data\":[\"name\"]},"
        "{\"metadata\":{\"name\":\"cm-a\"},\"data\":{\"name\":\"1.0\\n\",\"myImageName\":\"e:1\","
        "\"ImageImage\":\"e:0\"}}]";
    psd_error error;
    AUTO_CONFIG *config = read_field("core_versions", objects, &error);
    assert_non_null(config);
    assert_int_equal(config->n_core_versions, 2);
    assert_string_equal(config->core_versions[0]->name, "1.0");
    assert_string_equal(config->core_versions[0]->config_map, "cm-a");
    assert_int_equal(config->core_versions[0]->n_images, 2);
    assert_string_equal(config->core_versions[0]->images[0]->key, "ImageImage");
    assert_string_equal(config->core_versions[0]->images[1]->key, "myImageName");
    assert_string_equal(config->core_versions[1]->name, "2.0");
    assert_int_equal(config->core_versions[1]->n_images, 2);
    assert_string_equal(config->core_versions[1]->images[0]->key, "pfsdImage");
    assert_string_equal(config->core_versions[1]->images[0]->image, "p:2");
    assert_string_equal(config->core_versions[1]->images[1]->image, "e:2");
}

static void of_two_versions_with_one_name_the_first_counts(void **state)
{
    (void)state;
    static const char objects[] =
        "[{\"metadata\":{\"name\":\"cm-z\"},\"data\":{\"name\":\"1.0\",\"aImage\":\"z\"}},"
        "{\"metadata\":{\"name\":\"cm-a\"},\"data\":{\"name\":\"1.0\",\"aImage\":\"a\"}},"
        "{\"metadata\":{\"name\":\"cm-m\"},\"data\":{\"name\":\"1.0\",\"aImage\":\"m\"}}]";
    psd_error error;
    AUTO_CONFIG *config = read_field("core_versions", objects, &error);
    assert_non_null(config);
    assert_int_equal(config->n_core_versions, 1);
    assert_string_equal(config->core_versions[0]->config_map, "cm-a");
    assert_string_equal(config->core_versions[0]->images[0]->image, "a");
}

static void a_faulty_version_does_not_cost_the_others(void **state)
{
    (void)state;
    static const char objects[] =
        "[{\"metadata\":{\"name\":\"comma\"},\"data\":{\"name\":\"1,0\",\"aImage\":\"a\"}},"
        "{\"metadata\":{\"name\":\"blank\"},\"data\":{\"name\":\"1 0\",\"aImage\":\"a\"}},"
        "{\"metadata\":{\"name\":\"image\"},\"data\":{\"name\":\"1.1\",\"aImage\":\"a b\"}},"
        "{\"metadata\":{\"name\":\"sound\"},\"data\":{\"name\":\"1.2\",\"aImage\":\"a\"}}]";
    static const char root[] = "[{\"metadata\":{\"name\":\"x-root\"},\"data\":{\"latestVersion\":\"1\"}}]";
    psd_error error;
    AUTO_CONFIG *config = read_field("core_versions", objects, &error);
    assert_non_null(config);
    assert_int_equal(config->n_core_versions, 1);
    assert_string_equal(config->core_versions[0]->name, "1.2");
    AUTO_CONFIG *none = read_field("core_versions", root, &error);
    assert_null(none);
    assert_string_equal(error.text, "none of them defines a version (name and images)");
}

/* What the readers take, the daemon takes. */
static void the_daemon_takes_what_was_read(void **state)
{
    (void)state;
    static char field_name[] = "core_versions";
    static char source[] = "test";
    static const char *const images[] = {"registry.example.com:5000/polardb/pg@sha256:0123", "x",
                                         "a/b:c_d-e+f"};
    PSD_AUTO_TEXT json = PSD_TEXT_INIT;
    psd_text_add(&json, "[");
    for (size_t count = 63; count <= 65; count++) {
        psd_text_printf(&json, "%s{\"metadata\":{\"name\":\"cm-%zu\"},\"data\":{\"name\":\"v%zu\"",
                        count > 63 ? "," : "", count, count);
        for (size_t i = 0; i < count; i++)
            psd_text_printf(&json, ",\"p%zuImage\":\"%s\"", i, images[i % PSD_ARRAY_SIZE(images)]);
        psd_text_add(&json, "}}");
    }
    psd_text_add(&json, "]");
    psd_error error;
    AUTO_CONFIG *config = read_field("core_versions", psd_text_string(&json), &error);
    assert_non_null(config);
    assert_int_equal(config->n_core_versions, 2); /* 65 images are too many */
    Polarstack__V1__ConfigProvenance entry = POLARSTACK__V1__CONFIG_PROVENANCE__INIT;
    Polarstack__V1__ConfigProvenance *entries[] = {&entry};
    entry.field = field_name;
    entry.source = source;
    config->provenance = entries;
    config->n_provenance = 1;
    int result = psd_node_config_check(config, &error);
    config->provenance = NULL;
    config->n_provenance = 0;
    assert_works(result, &error);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_form_of_a_range_is_taken),
        cmocka_unit_test(nonsense_is_refused),
        cmocka_unit_test(all_faults_are_named),
        cmocka_unit_test(known_annotations_are_joined_and_others_ignored),
        cmocka_unit_test(no_ranges_are_a_fault_and_never_an_empty_list),
        cmocka_unit_test(words_switch_things_off),
        cmocka_unit_test(names_are_read_and_checked),
        cmocka_unit_test(defaults_are_those_of_v1),
        cmocka_unit_test(versions_are_sorted_with_their_images),
        cmocka_unit_test(of_two_versions_with_one_name_the_first_counts),
        cmocka_unit_test(a_faulty_version_does_not_cost_the_others),
        cmocka_unit_test(the_daemon_takes_what_was_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
