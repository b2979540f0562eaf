/* gRPC's frame and status, whole and broken; and which version of CRI is asked. */
#include "server/scan/version/grpc_unary.h"

#include "server/scan/version/cri.h"
#include "server/scan/version/unix_socket.h"
#include "test/support/check.h"

static psd_grpc_status status_of(const char *const *lines)
{
    psd_grpc_status status = {0};
    for (; *lines; lines++)
        psd_grpc_status_line(&status, *lines, strlen(*lines));
    return status;
}

static psd_grpc_status good_status(void)
{
    return status_of((const char *const[]){"HTTP/2 200 \r\n", "content-type: application/grpc\r\n", "\r\n",
                                           "grpc-status: 0\r\n", "grpc-message: \r\n", "\r\n", NULL});
}

/* A body of LENGTH bytes; an assert about what is found in it follows. */
static int unwrap(const psd_grpc_status *status, const char *bytes, size_t length, const uint8_t **message,
                  size_t *message_length, psd_error *error)
{
    static psd_text body; /* the message points into it */
    psd_text_free(&body);
    psd_text_append(&body, bytes, length);
    return psd_grpc_unwrap(200, status, &body, message, message_length, error);
}

static void a_message_is_found(void **state)
{
    (void)state;
    psd_error error = PSD_ERROR_INIT;
    psd_grpc_status status = good_status();
    const uint8_t *message = NULL;
    size_t length = 7;
    assert_works(unwrap(&status, "\0\0\0\0\3abc", 8, &message, &length, &error), &error);
    assert_int_equal(length, 3);
    assert_memory_equal(message, "abc", 3);
    assert_works(unwrap(&status, "\0\0\0\0\0", 5, &message, &length, &error), &error);
    assert_int_equal(length, 0);
}

static void half_a_message_is_none(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t length;
        psd_code code;
        const char *part;
    } broken[] = {
        {"", 0, PSD_UNAVAILABLE, "half an answer: 0 bytes"},
        {"\0\0\0\0", 4, PSD_UNAVAILABLE, "half an answer: 4 bytes"},
        {"\0\0\0\0\3ab", 7, PSD_UNAVAILABLE, "half an answer: 2 bytes of 3"},
        {"\0\377\377\377\377abc", 8, PSD_UNAVAILABLE, "half an answer: 3 bytes of 4294967295"},
        {"\0\0\0\0\3abcd", 9, PSD_INTERNAL, "more than one message"},
        {"\1\0\0\0\3abc", 8, PSD_INTERNAL, "compressed"},
    };
    psd_error error = PSD_ERROR_INIT;
    psd_grpc_status status = good_status();
    const uint8_t *message = NULL;
    size_t length = 0;
    for (size_t i = 0; i < PSD_ARRAY_SIZE(broken); i++)
        assert_fails(unwrap(&status, broken[i].bytes, broken[i].length, &message, &length, &error), &error,
                     broken[i].code, broken[i].part);
}

static void assert_call_fails(long http_status, const char *const *lines, psd_code code, const char *part)
{
    psd_error error = PSD_ERROR_INIT;
    PSD_AUTO_TEXT body = PSD_TEXT_INIT;
    psd_grpc_status status = status_of(lines);
    const uint8_t *message = NULL;
    size_t length = 0;
    psd_text_append(&body, "\0\0\0\0", 5);
    assert_fails(psd_grpc_unwrap(http_status, &status, &body, &message, &length, &error), &error, code, part);
}

#define GRPC "content-type: application/grpc\r\n"

static void a_status_is_told(void **state)
{
    (void)state;
    assert_call_fails(
        200, (const char *const[]){GRPC, "grpc-status: 12\r\n", "grpc-message: unknown service x\r\n", NULL},
        PSD_UNIMPLEMENTED, "unknown service x");
    /* in capitals, without a blank, with another type of the family */
    assert_call_fails(200,
                      (const char *const[]){"Content-Type: application/grpc+proto\r\n", "GRPC-STATUS:5\r\n",
                                            "Grpc-Message:%6eone%20here \r\n", NULL},
                      PSD_NOT_FOUND, "it answers: none here");
    assert_call_fails(200, (const char *const[]){GRPC, "grpc-status: 16\r\n", NULL}, PSD_UNAUTHENTICATED,
                      "UNAUTHENTICATED");
    assert_call_fails(200, (const char *const[]){GRPC, "grpc-status: 99\r\n", NULL}, PSD_UNKNOWN, "UNKNOWN");
    /* what must not get into a line of the log */
    assert_call_fails(
        200,
        (const char *const[]){GRPC, "grpc-status: 2\r\n", "grpc-message: a%0Ab%00c%C3%A4%zz%4\r\n", NULL},
        PSD_UNKNOWN, "it answers: a?b?c??%zz%4");
}

static void a_long_message_is_cut(void **state)
{
    (void)state;
    char line[2000] = "grpc-message: ";
    psd_grpc_status status = {0};
    for (size_t i = strlen(line); i + 3 < sizeof(line); i += 3)
        memcpy(line + i, "%41", 4);
    psd_grpc_status_line(&status, line, strlen(line));
    assert_int_equal(strlen(status.message), PSD_GRPC_MESSAGE_SIZE - 1);
    assert_int_equal(strspn(status.message, "A"), PSD_GRPC_MESSAGE_SIZE - 1);
}

static void without_a_status_there_is_no_answer(void **state)
{
    (void)state;
    assert_call_fails(200, (const char *const[]){GRPC, NULL}, PSD_UNAVAILABLE, "no grpc-status");
    static const char *const no_numbers[] = {"grpc-status: \r\n",
                                             "grpc-status: x\r\n",
                                             "grpc-status: -0\r\n",
                                             "grpc-status: 0x0\r\n",
                                             "grpc-status: 00000000000000001\r\n",
                                             "grpc-status: 4294967296\r\n",
                                             "grpc-status\r\n",
                                             "grpc-statuss: 0\r\n"};
    for (size_t i = 0; i < PSD_ARRAY_SIZE(no_numbers); i++)
        assert_call_fails(200, (const char *const[]){GRPC, no_numbers[i], NULL}, PSD_UNAVAILABLE,
                          "no grpc-status");
    assert_call_fails(200, (const char *const[]){"content-type: text/html\r\n", "grpc-status: 0\r\n", NULL},
                      PSD_UNAVAILABLE, "not gRPC");
    assert_call_fails(200, (const char *const[]){NULL}, PSD_UNAVAILABLE, "not gRPC");
}

static void http_has_its_own_refusals(void **state)
{
    (void)state;
    static const struct {
        long status;
        psd_code code;
    } refusals[] = {{400, PSD_INTERNAL},      {401, PSD_UNAUTHENTICATED}, {403, PSD_PERMISSION_DENIED},
                    {404, PSD_UNIMPLEMENTED}, {429, PSD_UNAVAILABLE},     {500, PSD_UNAVAILABLE},
                    {503, PSD_UNAVAILABLE},   {301, PSD_UNAVAILABLE},     {0, PSD_UNAVAILABLE}};
    for (size_t i = 0; i < PSD_ARRAY_SIZE(refusals); i++)
        assert_call_fails(refusals[i].status, (const char *const[]){GRPC, "grpc-status: 0\r\n", NULL},
                          refusals[i].code, "HTTP ");
}

/* ---- which version of CRI ---- */

typedef struct fake_runtime {
    psd_code codes[2]; /* of v1, v1alpha2 */
    unsigned calls[2];
} fake_runtime;

static int fake_call(void *arg, psd_cri_version version, psd_error *error)
{
    fake_runtime *runtime = arg;
    runtime->calls[version]++;
    psd_code code = runtime->codes[version];
    return code == PSD_OK ? 0 : psd_error_set(error, code, "version %d", (int)version);
}

static void v1alpha2_is_called_where_v1_is_not_known(void **state)
{
    (void)state;
    psd_error error = PSD_ERROR_INIT;
    fake_runtime old = {{PSD_UNIMPLEMENTED, PSD_OK}, {0, 0}};
    psd_cri_version version = PSD_CRI_V1;
    assert_works(psd_cri_choose(fake_call, &old, &version, &error), &error);
    assert_int_equal(version, PSD_CRI_V1ALPHA2);
    assert_int_equal(old.calls[PSD_CRI_V1], 1);
    assert_int_equal(old.calls[PSD_CRI_V1ALPHA2], 1);
    /* one that was upgraded in between */
    fake_runtime current = {{PSD_OK, PSD_OK}, {0, 0}};
    assert_works(psd_cri_choose(fake_call, &current, &version, &error), &error);
    assert_int_equal(version, PSD_CRI_V1);
    assert_int_equal(current.calls[PSD_CRI_V1ALPHA2], 0);
}

static void other_failures_choose_no_version(void **state)
{
    (void)state;
    psd_error error = PSD_ERROR_INIT;
    psd_cri_version version = PSD_CRI_V1;
    fake_runtime down = {{PSD_UNAVAILABLE, PSD_OK}, {0, 0}};
    assert_fails(psd_cri_choose(fake_call, &down, &version, &error), &error, PSD_UNAVAILABLE, "version 0");
    assert_int_equal(down.calls[PSD_CRI_V1ALPHA2], 0);
    fake_runtime none = {{PSD_UNIMPLEMENTED, PSD_UNIMPLEMENTED}, {0, 0}};
    assert_fails(psd_cri_choose(fake_call, &none, &version, &error), &error, PSD_UNIMPLEMENTED, "version 0");
    /* Not knowing v1 and being slow must not look like not knowing both. */
    fake_runtime slow = {{PSD_UNIMPLEMENTED, PSD_DEADLINE_EXCEEDED}, {0, 0}};
    assert_fails(psd_cri_choose(fake_call, &slow, &version, &error), &error, PSD_DEADLINE_EXCEEDED,
                 "version 1");
}

/* ---- what listens ---- */

static void greetings_are_told_apart(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t length;
        psd_socket_kind kind;
    } greetings[] = {
        {"\0\0\0\4\0\0\0\0\0", 9, PSD_SOCKET_HTTP2},
        {"\0\0\6\4\0\0\0\0\0\0\5\0\0\100\0", 15, PSD_SOCKET_HTTP2},
        {"HTTP/1.1 400 Bad Request", 24, PSD_SOCKET_HTTP1},
        {"HTTP/1.0 ", 9, PSD_SOCKET_HTTP1},
        {"HTTP/2.0 ", 9, PSD_SOCKET_UNKNOWN},
        {"\0\0\7\4\0\0\0\0\0", 9, PSD_SOCKET_UNKNOWN}, /* half a setting */
        {"\0\0\6\4\1\0\0\0\0", 9, PSD_SOCKET_UNKNOWN}, /* an acknowledgement comes second */
        {"\0\0\6\4\0\0\0\0\1", 9, PSD_SOCKET_UNKNOWN},
        {"\0\0\6\0\0\0\0\0\0", 9, PSD_SOCKET_UNKNOWN},
        {"\377\377\374\4\0\0\0\0\0", 9, PSD_SOCKET_UNKNOWN},
        {"SSH-2.0-OpenSSH", 15, PSD_SOCKET_UNKNOWN},
        {"HTTP/1.", 7, PSD_SOCKET_UNKNOWN},
        {"", 0, PSD_SOCKET_UNKNOWN},
    };
    for (size_t i = 0; i < PSD_ARRAY_SIZE(greetings); i++)
        assert_int_equal(psd_socket_kind_of(greetings[i].bytes, greetings[i].length), greetings[i].kind);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_is_found),
        cmocka_unit_test(half_a_message_is_none),
        cmocka_unit_test(a_status_is_told),
        cmocka_unit_test(a_long_message_is_cut),
        cmocka_unit_test(without_a_status_there_is_no_answer),
        cmocka_unit_test(http_has_its_own_refusals),
        cmocka_unit_test(v1alpha2_is_called_where_v1_is_not_known),
        cmocka_unit_test(other_failures_choose_no_version),
        cmocka_unit_test(greetings_are_told_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
