/* Any message as JSON and YAML: the proto3 JSON mapping. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "client/pdctl/document.h"
#include "client/pdctl/message_json.h"
#include "google/protobuf/descriptor.pb-c.h"
#include "polarrpc/v1/envelope.pb-c.h"
#include "polarrpc/v1/reflection.pb-c.h"
#include "polarstack/v1/port_usage.pb-c.h"

static void assert_line(const ProtobufCMessage *message, const char *expected)
{
    cJSON *tree = psd_message_json(message);
    psd_text text = PSD_TEXT_INIT;
    psd_document_json_line(tree, &text);
    assert_string_equal(psd_text_string(&text), expected);
    cJSON_Delete(tree);
    psd_text_free(&text);
}

static char *writable(const char *text)
{
    return (char *)(uintptr_t)text;
}

static void test_defaults_are_printed(void **state)
{
    (void)state;
    Polarstack__V1__Port port = POLARSTACK__V1__PORT__INIT;
    assert_line(&port.base, "{\"port\":0,\"class\":\"PORT_CLASS_UNSPECIFIED\",\"tcp4\":false,\"tcp6\":false,"
                            "\"udp4\":false,\"udp6\":false,\"bindable\":\"BIND_VERDICT_UNSPECIFIED\","
                            "\"bindableIpv4\":\"BIND_VERDICT_UNSPECIFIED\"}\n");
}

static void test_empty_message(void **state)
{
    (void)state;
    Polarrpc__V1__DescribeRequest empty = POLARRPC__V1__DESCRIBE_REQUEST__INIT;
    assert_line(&empty.base, "{}\n");
}

static void test_enums(void **state)
{
    (void)state;
    Polarrpc__V1__MethodDescription method = POLARRPC__V1__METHOD_DESCRIPTION__INIT;
    method.role = POLARRPC__V1__ROLE__ADMIN;
    assert_line(&method.base, "{\"fullName\":\"\",\"request\":\"\",\"response\":\"\",\"role\":\"ADMIN\","
                              "\"topic\":\"\",\"noSideEffects\":false,\"comment\":\"\"}\n");
    method.role = (Polarrpc__V1__Role)77; /* from a newer server */
    assert_line(&method.base, "{\"fullName\":\"\",\"request\":\"\",\"response\":\"\",\"role\":77,"
                              "\"topic\":\"\",\"noSideEffects\":false,\"comment\":\"\"}\n");
    assert_null(psd_enum_name(&polarrpc__v1__role__descriptor, 77));
    assert_string_equal(psd_enum_name(&polarrpc__v1__role__descriptor, 1), "READER");
}

static void test_64_bit_numbers_are_strings(void **state)
{
    (void)state;
    Polarrpc__V1__Observation observation = POLARRPC__V1__OBSERVATION__INIT;
    observation.epoch = UINT64_MAX;
    observation.revision = 17;
    observation.observed_at_ms = INT64_MIN;
    observation.changed_at_ms = -1;
    observation.state = POLARRPC__V1__OBSERVATION_STATE__STALE;
    char *limits[] = {writable("a"), writable("b")};
    observation.limitations = limits;
    observation.n_limitations = 2;
    assert_line(&observation.base,
                "{\"node\":\"\",\"epoch\":\"18446744073709551615\",\"revision\":\"17\","
                "\"observedAtMs\":\"-9223372036854775808\",\"changedAtMs\":\"-1\",\"state\":\"STALE\","
                "\"reason\":\"\",\"limitations\":[\"a\",\"b\"]}\n");
}

static void test_32_bit_numbers_keep_their_value(void **state)
{
    (void)state;
    Polarstack__V1__PortRange range = POLARSTACK__V1__PORT_RANGE__INIT;
    range.first = UINT32_MAX;
    range.last = 1;
    assert_line(&range.base, "{\"first\":4294967295,\"last\":1}\n");
    Polarstack__V1__PortProcess process = POLARSTACK__V1__PORT_PROCESS__INIT;
    process.pid = INT32_MIN;
    assert_line(&process.base, "{\"pid\":-2147483648,\"name\":\"\",\"command\":\"\",\"startedAtMs\":\"0\","
                               "\"podUid\":\"\"}\n");
}

static void test_nested_and_repeated(void **state)
{
    (void)state;
    Polarstack__V1__PortUsage usage = POLARSTACK__V1__PORT_USAGE__INIT;
    assert_line(&usage.base,
                "{\"ranges\":[],\"ports\":[],\"nextPageToken\":\"\"}\n"); /* unset message: left out */
    Polarrpc__V1__Observation observation = POLARRPC__V1__OBSERVATION__INIT;
    Polarstack__V1__PortRange ranges[] = {POLARSTACK__V1__PORT_RANGE__INIT, POLARSTACK__V1__PORT_RANGE__INIT};
    Polarstack__V1__PortRange *pointers[] = {&ranges[0], &ranges[1]};
    ranges[1].first = 5;
    usage.observation = &observation;
    usage.ranges = pointers;
    usage.n_ranges = 2;
    assert_line(&usage.base,
                "{\"observation\":{\"node\":\"\",\"epoch\":\"0\",\"revision\":\"0\",\"observedAtMs\":\"0\","
                "\"changedAtMs\":\"0\",\"state\":\"OBSERVATION_STATE_UNSPECIFIED\",\"reason\":\"\","
                "\"limitations\":[]},\"ranges\":[{\"first\":0,\"last\":0},{\"first\":5,\"last\":0}],"
                "\"ports\":[],\"nextPageToken\":\"\"}\n");
}

static void test_repeated_scalars(void **state)
{
    (void)state;
    Google__Protobuf__SourceCodeInfo__Location location = GOOGLE__PROTOBUF__SOURCE_CODE_INFO__LOCATION__INIT;
    int32_t path[] = {4, -1, 2};
    location.path = path;
    location.n_path = 3;
    location.trailing_comments = writable("");
    assert_line(&location.base, "{\"path\":[4,-1,2],\"span\":[],\"trailingComments\":\"\","
                                "\"leadingDetachedComments\":[]}\n");
}

static void test_bytes_are_base64(void **state)
{
    (void)state;
    static const char *const expected[] = {"", "/w==", "/wA=", "/wAQ", "/wAQgw=="};
    uint8_t data[] = {0xff, 0x00, 0x10, 0x83};
    for (size_t i = 0; i < 5; i++) {
        Polarrpc__V1__Delta delta = POLARRPC__V1__DELTA__INIT;
        delta.changed = (ProtobufCBinaryData){.len = i, .data = data};
        cJSON *tree = psd_message_json(&delta.base);
        assert_string_equal(cJSON_GetObjectItem(tree, "changed")->valuestring, expected[i]);
        cJSON_Delete(tree);
    }
}

static void test_real_numbers(void **state)
{
    (void)state;
    static const struct {
        double value;
        const char *expected;
    } cases[] = {{1.5, "{\"name\":[],\"doubleValue\":1.5}\n"},
                 {NAN, "{\"name\":[],\"doubleValue\":\"NaN\"}\n"},
                 {-INFINITY, "{\"name\":[],\"doubleValue\":\"-Infinity\"}\n"},
                 {INFINITY, "{\"name\":[],\"doubleValue\":\"Infinity\"}\n"}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        Google__Protobuf__UninterpretedOption option = GOOGLE__PROTOBUF__UNINTERPRETED_OPTION__INIT;
        option.has_double_value = true;
        option.double_value = cases[i].value;
        assert_line(&option.base, cases[i].expected);
    }
}

static void assert_string(const char *text, const char *expected)
{
    cJSON *node = psd_string_json(text);
    psd_text out = PSD_TEXT_INIT;
    psd_document_json_line(node, &out);
    assert_string_equal(psd_text_string(&out), expected);
    psd_text_free(&out);
    cJSON_Delete(node);
}

static void test_strings(void **state)
{
    (void)state;
    assert_string("a\"b\\c\n\t\x01\x1f", "\"a\\\"b\\\\c\\n\\t\\u0001\\u001f\"\n");
    assert_string("gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x90\x98",
                  "\"gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x90\x98\"\n");
    assert_string("a\xff"
                  "b",
                  "\"a\xef\xbf\xbd"
                  "b\"\n");
    assert_string("\xc3", "\"\xef\xbf\xbd\"\n");                                 /* cut short */
    assert_string("\xc0\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\"\n");                 /* overlong */
    assert_string("\xed\xa0\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"\n"); /* surrogate */
    assert_string("\xf4\x90\x80\x80",
                  "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"\n"); /* past the end */
}

static const char sample[] =
    "{\"a\":1,\"list\":[{\"x\":\"yes\",\"y\":[]},\"two words\",[1,2]],\"empty\":{},"
    "\"none\":null,\"deep\":{\"flag\":true,\"path\":\"polarstack.v1/X\",\"n\":\"17\"}}";

static void test_indented_json(void **state)
{
    (void)state;
    cJSON *tree = cJSON_Parse(sample);
    psd_text text = PSD_TEXT_INIT;
    psd_document_json(tree, &text);
    assert_string_equal(psd_text_string(&text),
                        "{\n  \"a\": 1,\n  \"list\": [\n    {\n      \"x\": \"yes\",\n"
                        "      \"y\": []\n    },\n    \"two words\",\n    [\n      1,\n"
                        "      2\n    ]\n  ],\n  \"empty\": {},\n  \"none\": null,\n"
                        "  \"deep\": {\n    \"flag\": true,\n"
                        "    \"path\": \"polarstack.v1/X\",\n    \"n\": \"17\"\n  }\n}\n");
    cJSON *again = cJSON_Parse(psd_text_string(&text));
    assert_true(cJSON_Compare(tree, again, true));
    cJSON_Delete(again);
    cJSON_Delete(tree);
    psd_text_free(&text);
}

static void test_yaml(void **state)
{
    (void)state;
    cJSON *tree = cJSON_Parse(sample);
    psd_text text = PSD_TEXT_INIT;
    psd_document_yaml(tree, &text);
    assert_string_equal(psd_text_string(&text),
                        "a: 1\nlist:\n  - x: \"yes\"\n    \"y\": []\n  - \"two words\"\n"
                        "  - - 1\n    - 2\nempty: {}\nnone: null\ndeep:\n  flag: true\n"
                        "  path: polarstack.v1/X\n  \"n\": \"17\"\n");
    cJSON_Delete(tree);
    psd_text_free(&text);
}

static void test_yaml_of_an_empty_message(void **state)
{
    (void)state;
    cJSON *tree = cJSON_CreateObject();
    psd_text text = PSD_TEXT_INIT;
    psd_document_yaml(tree, &text);
    assert_string_equal(psd_text_string(&text), "{}\n");
    cJSON_Delete(tree);
    psd_text_free(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults_are_printed),
        cmocka_unit_test(test_empty_message),
        cmocka_unit_test(test_enums),
        cmocka_unit_test(test_64_bit_numbers_are_strings),
        cmocka_unit_test(test_32_bit_numbers_keep_their_value),
        cmocka_unit_test(test_nested_and_repeated),
        cmocka_unit_test(test_repeated_scalars),
        cmocka_unit_test(test_bytes_are_base64),
        cmocka_unit_test(test_real_numbers),
        cmocka_unit_test(test_strings),
        cmocka_unit_test(test_indented_json),
        cmocka_unit_test(test_yaml),
        cmocka_unit_test(test_yaml_of_an_empty_message),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
