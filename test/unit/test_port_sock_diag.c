/* The parser of sock_diag's answers: whole messages or an error. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <stdlib.h>
#include <string.h>

#include "server/scan/port/sock_diag.h"

enum { SEQUENCE = 7 };

/* A datagram being written. */
typedef struct datagram {
    _Alignas(struct nlmsghdr) char bytes[1024];
    size_t length;
} datagram;

static void append(datagram *to, const void *bytes, size_t length)
{
    memcpy(to->bytes + to->length, bytes, length);
    to->length += NLMSG_ALIGN(length);
}

static void append_message(datagram *to, uint16_t type, uint16_t flags, const void *payload, size_t length)
{
    const struct nlmsghdr header = {.nlmsg_len = (uint32_t)(NLMSG_HDRLEN + length),
                                    .nlmsg_type = type,
                                    .nlmsg_flags = flags,
                                    .nlmsg_seq = SEQUENCE};
    append(to, &header, sizeof(header));
    append(to, payload, length);
}

static struct inet_diag_msg listener(uint8_t family, uint16_t port)
{
    return (struct inet_diag_msg){.idiag_family = family,
                                  .idiag_state = PSD_TCP_LISTEN,
                                  .idiag_uid = 12,
                                  .idiag_inode = 34,
                                  .id = {.idiag_sport = htons(port), .idiag_cookie = {0x11, 0x22}}};
}

/* A socket message with one attribute of LENGTH bytes. */
static void append_socket(datagram *to, const struct inet_diag_msg *message, uint16_t type, uint16_t length,
                          uint8_t value)
{
    char payload[128] = {0};
    const struct nlattr attribute = {.nla_len = length, .nla_type = type};
    memcpy(payload, message, sizeof(*message));
    memcpy(payload + sizeof(*message), &attribute, sizeof(attribute));
    payload[sizeof(*message) + NLA_HDRLEN] = (char)value;
    append_message(to, SOCK_DIAG_BY_FAMILY, NLM_F_MULTI, payload, sizeof(*message) + NLA_HDRLEN + 1);
}

static void append_done(datagram *to, int32_t code)
{
    append_message(to, NLMSG_DONE, NLM_F_MULTI, &code, sizeof(code));
}

static int parse(const datagram *from, size_t length, psd_sockets *sockets, psd_dump_progress *progress,
                 psd_error *error)
{
    /* A copy of the exact size, so that a sanitizer sees any reading past it. */
    char *exact = malloc(length + 1);
    memcpy(exact, from->bytes, length);
    exact = realloc(exact, length ? length : 1);
    int result = psd_sock_diag_parse(exact, length, SEQUENCE, IPPROTO_TCP, sockets, progress, error);
    free(exact);
    return result;
}

static void sockets_are_read(void **state)
{
    (void)state;
    datagram made = {.length = 0};
    struct inet_diag_msg v4 = listener(AF_INET, 80);
    struct inet_diag_msg v6 = listener(AF_INET6, 443);
    v6.id.idiag_src[3] = htonl(1);
    v6.id.idiag_dport = htons(5000);
    append_message(&made, SOCK_DIAG_BY_FAMILY, 0, &v4, sizeof(v4));
    append_socket(&made, &v6, INET_DIAG_SKV6ONLY, NLA_HDRLEN + 1, 1);
    append_socket(&made, &v6, INET_DIAG_SKV6ONLY, NLA_HDRLEN + 1, 0);
    append_socket(&made, &v6, INET_DIAG_SHUTDOWN, NLA_HDRLEN + 1, 1);
    append_done(&made, 0);
    psd_sockets sockets = {0};
    psd_dump_progress progress = {0};
    psd_error error = PSD_ERROR_INIT;
    assert_int_equal(parse(&made, made.length, &sockets, &progress, &error), 0);
    assert_true(progress.ended);
    assert_false(progress.interrupted);
    assert_int_equal(sockets.count, 4);
    assert_int_equal(sockets.items[0].local_port, 80);
    assert_int_equal(sockets.items[0].v6only, PSD_SEEN_OFF);
    assert_int_equal(sockets.items[0].inode, 34);
    assert_int_equal(sockets.items[0].uid, 12);
    assert_true(sockets.items[0].cookie == UINT64_C(0x2200000011));
    assert_int_equal(sockets.items[1].v6only, PSD_SEEN_ON);
    assert_int_equal(sockets.items[1].remote_port, 5000);
    assert_int_equal(sockets.items[2].v6only, PSD_SEEN_OFF);
    assert_int_equal(sockets.items[3].v6only, PSD_UNSEEN);
    assert_int_equal(sockets.items[3].reuse, PSD_UNSEEN);
    char text[INET6_ADDRSTRLEN];
    assert_string_equal(psd_socket_address(&sockets.items[1], sockets.items[1].local, text), "::1");
    psd_sockets_free(&sockets);
}

static void a_mapped_address_is_never_v6only(void **state)
{
    (void)state;
    datagram made = {.length = 0};
    struct inet_diag_msg mapped = listener(AF_INET6, 80);
    mapped.idiag_state = PSD_TCP_TIME_WAIT;
    mapped.id.idiag_src[2] = htonl(0xffff);
    mapped.id.idiag_src[3] = htonl(INADDR_LOOPBACK);
    append_message(&made, SOCK_DIAG_BY_FAMILY, 0, &mapped, sizeof(mapped));
    psd_sockets sockets = {0};
    psd_dump_progress progress = {0};
    assert_int_equal(parse(&made, made.length, &sockets, &progress, NULL), 0);
    assert_false(progress.ended);
    assert_int_equal(sockets.items[0].v6only, PSD_SEEN_OFF);
    psd_sockets_free(&sockets);
}

static void an_interrupted_dump_is_noticed(void **state)
{
    (void)state;
    datagram made = {.length = 0};
    const int32_t code = 0;
    append_message(&made, NLMSG_DONE, NLM_F_DUMP_INTR, &code, sizeof(code));
    psd_sockets sockets = {0};
    psd_dump_progress progress = {0};
    assert_int_equal(parse(&made, made.length, &sockets, &progress, NULL), 0);
    assert_true(progress.interrupted && progress.ended);
}

/* A datagram cut anywhere, but between two messages, is an error. */
static void truncation_is_an_error(void **state)
{
    (void)state;
    datagram made = {.length = 0};
    struct inet_diag_msg v6 = listener(AF_INET6, 443);
    append_socket(&made, &v6, INET_DIAG_SKV6ONLY, NLA_HDRLEN + 1, 1);
    size_t first = made.length;
    append_done(&made, 0);
    for (size_t length = 0; length < made.length; length++) {
        psd_sockets sockets = {0};
        psd_dump_progress progress = {0};
        psd_error error = PSD_ERROR_INIT;
        /* The last three bytes of a message are padding. */
        bool whole = length > first - NLMSG_ALIGNTO && length <= first;
        assert_int_equal(parse(&made, length, &sockets, &progress, &error), whole ? 0 : -1);
        if (!whole)
            assert_int_equal(error.code, PSD_DATA_LOSS);
        assert_false(progress.ended);
        psd_sockets_free(&sockets);
    }
}

static void expect_error(const datagram *made, psd_code code, const char *part)
{
    psd_sockets sockets = {0};
    psd_dump_progress progress = {0};
    psd_error error = PSD_ERROR_INIT;
    assert_int_equal(parse(made, made->length, &sockets, &progress, &error), -1);
    assert_int_equal(error.code, code);
    if (!strstr(error.text, part))
        fail_msg("'%s' does not say '%s'", error.text, part);
    psd_sockets_free(&sockets);
}

static void refusals_are_errors(void **state)
{
    (void)state;
    static const struct {
        uint16_t type;
        int32_t code;
        psd_code expected;
        const char *part;
    } rows[] = {
        {NLMSG_ERROR, -ENOENT, PSD_FAILED_PRECONDITION, "tcp_diag"},
        {NLMSG_ERROR, -EPERM, PSD_PERMISSION_DENIED, "refused"},
        {NLMSG_ERROR, 0, PSD_DATA_LOSS, "acknowledgement"},
        {NLMSG_DONE, -ENOENT, PSD_FAILED_PRECONDITION, "tcp_diag"},
        {NLMSG_DONE, -EINVAL, PSD_INVALID_ARGUMENT, "refused"},
        {NLMSG_OVERRUN, 0, PSD_DATA_LOSS, "lost"},
        {99, 0, PSD_DATA_LOSS, "unknown type"},
    };
    for (size_t i = 0; i < PSD_ARRAY_SIZE(rows); i++) {
        datagram made = {.length = 0};
        append_message(&made, rows[i].type, 0, &rows[i].code, sizeof(rows[i].code));
        expect_error(&made, rows[i].expected, rows[i].part);
    }
}

static void malformed_messages_are_errors(void **state)
{
    (void)state;
    datagram short_attribute = {.length = 0};
    struct inet_diag_msg v6 = listener(AF_INET6, 443);
    append_socket(&short_attribute, &v6, INET_DIAG_SKV6ONLY, NLA_HDRLEN - 1, 1);
    expect_error(&short_attribute, PSD_DATA_LOSS, "attribute");

    datagram long_attribute = {.length = 0};
    append_socket(&long_attribute, &v6, INET_DIAG_SKV6ONLY, NLA_HDRLEN + 2, 1);
    expect_error(&long_attribute, PSD_DATA_LOSS, "attribute");

    datagram family = {.length = 0};
    struct inet_diag_msg other = listener(AF_UNIX, 1);
    append_message(&family, SOCK_DIAG_BY_FAMILY, 0, &other, sizeof(other));
    expect_error(&family, PSD_DATA_LOSS, "family");

    datagram short_socket = {.length = 0};
    append_message(&short_socket, SOCK_DIAG_BY_FAMILY, 0, &v6, sizeof(v6) - 4);
    expect_error(&short_socket, PSD_DATA_LOSS, "only 68 bytes");

    datagram sequence = {.length = 0};
    append_done(&sequence, 0);
    ((struct nlmsghdr *)sequence.bytes)->nlmsg_seq++;
    expect_error(&sequence, PSD_DATA_LOSS, "another answer");

    datagram after_end = {.length = 0};
    append_done(&after_end, 0);
    append_message(&after_end, SOCK_DIAG_BY_FAMILY, 0, &v6, sizeof(v6));
    expect_error(&after_end, PSD_DATA_LOSS, "another answer");

    datagram no_length = {.length = 0};
    append_done(&no_length, 0);
    ((struct nlmsghdr *)no_length.bytes)->nlmsg_len = 0;
    expect_error(&no_length, PSD_DATA_LOSS, "wrong length");

    datagram huge = {.length = 0};
    append_done(&huge, 0);
    ((struct nlmsghdr *)huge.bytes)->nlmsg_len = UINT32_MAX;
    expect_error(&huge, PSD_DATA_LOSS, "wrong length");
}

static void an_empty_v6only_attribute_tells_nothing(void **state)
{
    (void)state;
    datagram made = {.length = 0};
    struct inet_diag_msg v6 = listener(AF_INET6, 443);
    append_socket(&made, &v6, INET_DIAG_SKV6ONLY, NLA_HDRLEN, 1);
    ((struct nlmsghdr *)made.bytes)->nlmsg_len--; /* leaves the value out */
    made.length = NLMSG_ALIGN(made.length - NLMSG_ALIGNTO);
    psd_sockets sockets = {0};
    psd_dump_progress progress = {0};
    assert_int_equal(parse(&made, made.length, &sockets, &progress, NULL), 0);
    assert_int_equal(sockets.items[0].v6only, PSD_UNSEEN);
    psd_sockets_free(&sockets);
}

static void a_past_deadline_fails(void **state)
{
    (void)state;
    psd_sock_diag *diag = NULL;
    psd_sockets others = {0};
    psd_sockets listeners = {0};
    psd_error error = PSD_ERROR_INIT;
    assert_int_equal(psd_sock_diag_open(&diag, &error), 0);
    assert_int_equal(psd_sock_diag_all(diag, 0, &others, &listeners, &error), -1);
    assert_int_equal(error.code, PSD_DEADLINE_EXCEEDED);
    psd_sockets_free(&others);
    psd_sockets_free(&listeners);
    psd_sock_diag_close(diag);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sockets_are_read),
        cmocka_unit_test(a_mapped_address_is_never_v6only),
        cmocka_unit_test(an_interrupted_dump_is_noticed),
        cmocka_unit_test(truncation_is_an_error),
        cmocka_unit_test(refusals_are_errors),
        cmocka_unit_test(malformed_messages_are_errors),
        cmocka_unit_test(an_empty_v6only_attribute_tells_nothing),
        cmocka_unit_test(a_past_deadline_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
