#include "server/scan/port/tcp_iterator.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/clock.h"
#include "server/scan/port/bpf_code.h"
#include "server/scan/port/kernel_type.h"
#include "server/scan/port/socket.h"

/* What the program writes for each socket. */
typedef struct record {
    uint64_t cookie;
    uint8_t state;
    uint8_t reuse;  /* the byte that holds the bit field */
    uint8_t v6only; /* the same */
    uint8_t padding[5];
} record;

typedef struct layout {
    uint32_t function;         /* bpf_iter_tcp */
    psd_kernel_field meta;     /* in struct bpf_iter__tcp */
    psd_kernel_field socket;   /* in struct bpf_iter__tcp */
    psd_kernel_field seq_file; /* in struct bpf_iter_meta */
    psd_kernel_field cookie;   /* these in struct sock_common */
    psd_kernel_field state;
    psd_kernel_field reuse;
    psd_kernel_field v6only;
} layout;

/* Set by load, and never changed again. */
static layout kernel;
static int link_fd = -1;

static int read_layout(const struct btf *btf, layout *found, psd_error *error)
{
    const psd_kernel_member members[] = {
        {"bpf_iter__tcp", "meta", &found->meta},         {"bpf_iter__tcp", "sk_common", &found->socket},
        {"bpf_iter_meta", "seq", &found->seq_file},      {"sock_common", "skc_cookie", &found->cookie},
        {"sock_common", "skc_state", &found->state},     {"sock_common", "skc_reuse", &found->reuse},
        {"sock_common", "skc_ipv6only", &found->v6only},
    };
    if (psd_kernel_function(btf, "bpf_iter_tcp", &found->function, error) < 0)
        return -1;
    return psd_kernel_find_members(btf, members, PSD_ARRAY_SIZE(members), error);
}

/* Copies a field of the socket (register 7) into the record on the stack. */
static void copy_field(psd_bpf_code *code, uint8_t size, const psd_kernel_field *from, size_t to)
{
    psd_bpf_load(code, size, BPF_REG_1, BPF_REG_7, (int)from->byte);
    psd_bpf_store(code, size, BPF_REG_10, (int)to - (int)sizeof(record), BPF_REG_1);
}

/* The program: writes a record of the socket it is called for. */
static void write_program(psd_bpf_code *code, const layout *at)
{
    psd_bpf_load(code, BPF_DW, BPF_REG_6, BPF_REG_1, (int)at->meta.byte);
    psd_bpf_load(code, BPF_DW, BPF_REG_7, BPF_REG_1, (int)at->socket.byte);
    size_t at_end = psd_bpf_jump(code, BPF_JEQ, BPF_REG_7, 0); /* called once more without a socket */
    psd_bpf_set(code, BPF_REG_1, 0);
    psd_bpf_store(code, BPF_DW, BPF_REG_10, (int)offsetof(record, state) - (int)sizeof(record), BPF_REG_1);
    copy_field(code, BPF_DW, &at->cookie, offsetof(record, cookie));
    copy_field(code, BPF_B, &at->state, offsetof(record, state));
    copy_field(code, BPF_B, &at->reuse, offsetof(record, reuse));
    copy_field(code, BPF_B, &at->v6only, offsetof(record, v6only));
    psd_bpf_load(code, BPF_DW, BPF_REG_1, BPF_REG_6, (int)at->seq_file.byte);
    psd_bpf_move(code, BPF_REG_2, BPF_REG_10);
    psd_bpf_compute(code, BPF_ADD, BPF_REG_2, -(int32_t)sizeof(record));
    psd_bpf_set(code, BPF_REG_3, sizeof(record));
    psd_bpf_call(code, BPF_FUNC_seq_write);
    psd_bpf_land(code, at_end);
    psd_bpf_return_zero(code);
}

int psd_tcp_iterator_load(const struct btf *btf, psd_error *error)
{
    if (read_layout(btf, &kernel, error) < 0)
        return -1;
    psd_bpf_code code = {.count = 0};
    write_program(&code, &kernel);
    LIBBPF_OPTS(bpf_prog_load_opts, options, .expected_attach_type = BPF_TRACE_ITER,
                .attach_btf_id = kernel.function);
    PSD_AUTO_CLOSE int program = psd_bpf_load_program(&code, BPF_PROG_TYPE_TRACING, "psd_tcp_iterator",
                                                      &options, error);
    if (program < 0)
        return -1;
    link_fd = bpf_link_create(program, 0, BPF_TRACE_ITER, NULL);
    if (link_fd < 0)
        return psd_error_set_errno(error, -link_fd, "cannot attach a BPF iterator");
    return 0;
}

/* The fields were copied byte by byte: only their bits are left to take. */
static uint8_t decode(uint8_t byte, psd_kernel_field field)
{
    field.byte = 0;
    return psd_kernel_bits(&byte, &field) ? PSD_SEEN_ON : PSD_SEEN_OFF;
}

static void pass_records(const record *records, size_t count, psd_socket_read each, void *arg)
{
    for (size_t i = 0; i < count; i++) {
        const psd_socket_options options = {
            .cookie = records[i].cookie,
            .state = records[i].state,
            .reuse = decode(records[i].reuse, kernel.reuse),
            .v6only = decode(records[i].v6only, kernel.v6only),
        };
        each(arg, &options);
    }
}

int psd_tcp_iterator_read(psd_socket_read each, void *arg, int64_t deadline_ms, psd_error *error)
{
    PSD_AUTO_CLOSE int fd = bpf_iter_create(link_fd);
    if (fd < 0)
        return psd_error_set_errno(error, -fd, "cannot start a BPF iterator");
    record records[512];
    for (;;) {
        ssize_t length = read(fd, records, sizeof(records));
        if (length == 0)
            return 0;
        if (length < 0 && errno != EINTR && errno != EAGAIN)
            return psd_error_set_errno(error, errno, "cannot read a BPF iterator");
        if (length > 0 && (size_t)length % sizeof(record) != 0)
            return psd_error_set(error, PSD_DATA_LOSS, "a BPF iterator gave a part of a record");
        if (length > 0)
            pass_records(records, (size_t)length / sizeof(record), each, arg);
        if (psd_clock_mono_ms() >= deadline_ms)
            return psd_error_set(error, PSD_DEADLINE_EXCEEDED, "the BPF iterator did not end in time");
    }
}
