#include "server/scan/port/tcp_iterator.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <malloc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/clock.h"
#include "server/scan/port/socket.h"

/* Where a value lies in a kernel structure. */
typedef struct field {
    uint32_t byte;
    uint8_t shift; /* of a bit field, in its byte */
    uint8_t width; /* of a bit field, in bits; 0 for any other field */
} field;

typedef struct layout {
    int function_id;  /* bpf_iter_tcp, in the kernel's type information */
    field meta;       /* in struct bpf_iter__tcp */
    field sk_common;  /* in struct bpf_iter__tcp */
    field seq;        /* in struct bpf_iter_meta */
    field skc_cookie; /* these in struct sock_common */
    field skc_state;
    field skc_reuse;
    field skc_ipv6only;
} layout;

/* What the program writes for each socket. */
typedef struct record {
    uint64_t cookie;
    uint8_t state;
    uint8_t reuse;  /* the byte that holds the bit field */
    uint8_t v6only; /* the same */
    uint8_t padding[5];
} record;

/* Set by load() before `loaded` says so, and never changed again. */
static pthread_once_t load_once = PTHREAD_ONCE_INIT;
static atomic_bool load_failed;
static psd_error load_error = PSD_ERROR_INIT;
static layout kernel;
static int link_fd = -1;

/* Finds a member by name, also inside of unnamed members. */
static bool find_member(const struct btf *btf, const struct btf_type *type, uint32_t base_bits,
                        const char *name, field *found)
{
    const struct btf_member *members = btf_members(type);
    for (uint32_t i = 0; i < btf_vlen(type); i++) {
        const char *member_name = btf__name_by_offset(btf, members[i].name_off);
        uint32_t bits = base_bits + btf_member_bit_offset(type, i);
        if (member_name[0] == '\0') {
            int id = btf__resolve_type(btf, members[i].type);
            const struct btf_type *inner = id >= 0 ? btf__type_by_id(btf, (uint32_t)id) : NULL;
            if (inner && btf_is_composite(inner) && find_member(btf, inner, bits, name, found))
                return true;
        } else if (strcmp(member_name, name) == 0) {
            uint32_t width = btf_member_bitfield_size(type, i);
            uint32_t shift = bits % 8;
            if (shift + width > 8 || (shift != 0 && width == 0))
                return false;
            if (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ && width != 0)
                shift = 8 - shift - width;
            *found = (field){.byte = bits / 8, .shift = (uint8_t)shift, .width = (uint8_t)width};
            return true;
        }
    }
    return false;
}

static int read_layout(const struct btf *btf, layout *found, psd_error *error)
{
    const struct wanted {
        const char *type;
        const char *member;
        field *place;
    } all_wanted[] = {
        {"bpf_iter__tcp", "meta", &found->meta},
        {"bpf_iter__tcp", "sk_common", &found->sk_common},
        {"bpf_iter_meta", "seq", &found->seq},
        {"sock_common", "skc_cookie", &found->skc_cookie},
        {"sock_common", "skc_state", &found->skc_state},
        {"sock_common", "skc_reuse", &found->skc_reuse},
        {"sock_common", "skc_ipv6only", &found->skc_ipv6only},
    };
    found->function_id = btf__find_by_name_kind(btf, "bpf_iter_tcp", BTF_KIND_FUNC);
    if (found->function_id < 0)
        return psd_error_set(error, PSD_UNIMPLEMENTED,
                             "this kernel has no iter/tcp (it came with Linux 5.9)");
    for (size_t i = 0; i < PSD_ARRAY_SIZE(all_wanted); i++) {
        const struct wanted *wanted = &all_wanted[i];
        int id = btf__find_by_name_kind(btf, wanted->type, BTF_KIND_STRUCT);
        if (id < 0 || !find_member(btf, btf__type_by_id(btf, (uint32_t)id), 0, wanted->member, wanted->place))
            return psd_error_set(error, PSD_UNIMPLEMENTED, "this kernel's struct %s has no usable %s",
                                 wanted->type, wanted->member);
    }
    return 0;
}

static int read_kernel_layout(layout *found, psd_error *error)
{
    struct btf *btf = btf__load_vmlinux_btf();
    if (!btf)
        return psd_error_set_errno(error, errno,
                                   "cannot read the kernel's type information "
                                   "(/sys/kernel/btf/vmlinux)");
    int result = read_layout(btf, found, error);
    btf__free(btf);
    malloc_trim(0); /* it took some megabytes, once */
    return result;
}

/* Instructions that the program is made of. */
static struct bpf_insn load_from(uint8_t size, uint8_t to, uint8_t from, size_t offset)
{
    return (struct bpf_insn){
        .code = BPF_LDX | BPF_MEM | size, .dst_reg = to & 0xf, .src_reg = from & 0xf, .off = (int16_t)offset};
}

static struct bpf_insn store_on_stack(uint8_t size, uint8_t from, size_t offset)
{
    return (struct bpf_insn){.code = BPF_STX | BPF_MEM | size,
                             .dst_reg = BPF_REG_10,
                             .src_reg = from & 0xf,
                             .off = (int16_t)((int)offset - (int)sizeof(record))};
}

static struct bpf_insn move_register(uint8_t to, uint8_t from)
{
    return (struct bpf_insn){.code = BPF_ALU64 | BPF_MOV | BPF_X, .dst_reg = to & 0xf, .src_reg = from & 0xf};
}

static struct bpf_insn with_constant(uint8_t code, uint8_t to, int32_t value)
{
    return (struct bpf_insn){.code = code, .dst_reg = to & 0xf, .imm = value};
}

/* The program: writes a record of the socket it is called for. */
static int load_program(const layout *at, psd_error *error)
{
    enum { set = BPF_ALU64 | BPF_MOV | BPF_K, add = BPF_ALU64 | BPF_ADD | BPF_K };
    const struct bpf_insn program[] = {
        load_from(BPF_DW, BPF_REG_6, BPF_REG_1, at->meta.byte),
        load_from(BPF_DW, BPF_REG_7, BPF_REG_1, at->sk_common.byte),
        /* Called without a socket at the end: skip to the end. */
        {.code = BPF_JMP | BPF_JEQ | BPF_K, .dst_reg = BPF_REG_7, .off = 15},
        with_constant(set, BPF_REG_1, 0),
        store_on_stack(BPF_DW, BPF_REG_1, offsetof(record, state)), /* and all behind it */
        load_from(BPF_DW, BPF_REG_1, BPF_REG_7, at->skc_cookie.byte),
        store_on_stack(BPF_DW, BPF_REG_1, offsetof(record, cookie)),
        load_from(BPF_B, BPF_REG_1, BPF_REG_7, at->skc_state.byte),
        store_on_stack(BPF_B, BPF_REG_1, offsetof(record, state)),
        load_from(BPF_B, BPF_REG_1, BPF_REG_7, at->skc_reuse.byte),
        store_on_stack(BPF_B, BPF_REG_1, offsetof(record, reuse)),
        load_from(BPF_B, BPF_REG_1, BPF_REG_7, at->skc_ipv6only.byte),
        store_on_stack(BPF_B, BPF_REG_1, offsetof(record, v6only)),
        load_from(BPF_DW, BPF_REG_1, BPF_REG_6, at->seq.byte),
        move_register(BPF_REG_2, BPF_REG_10),
        with_constant(add, BPF_REG_2, -(int32_t)sizeof(record)),
        with_constant(set, BPF_REG_3, sizeof(record)),
        with_constant(BPF_JMP | BPF_CALL, 0, BPF_FUNC_seq_write),
        with_constant(set, BPF_REG_0, 0),
        with_constant(BPF_JMP | BPF_EXIT, 0, 0),
    };
    LIBBPF_OPTS(bpf_prog_load_opts, options, .expected_attach_type = BPF_TRACE_ITER,
                .attach_btf_id = (uint32_t)at->function_id);
    /* bpf_seq_write is for programs under a GPL-compatible license only: these
     * few instructions may be used under either of the two. */
    int fd = bpf_prog_load(BPF_PROG_TYPE_TRACING, "psd_tcp_options", "Dual BSD/GPL", program,
                           PSD_ARRAY_SIZE(program), &options);
    if (fd < 0)
        return psd_error_set_errno(error, -fd, "cannot load a BPF iterator%s",
                                   fd == -EPERM ? " (it needs CAP_BPF and CAP_PERFMON, or CAP_SYS_ADMIN)"
                                                : "");
    return fd;
}

static int load_all(psd_error *error)
{
    libbpf_set_print(NULL); /* what fails is reported by us, once */
    if (read_kernel_layout(&kernel, error) < 0)
        return -1;
    PSD_AUTO_CLOSE int program_fd = load_program(&kernel, error);
    if (program_fd < 0)
        return -1;
    link_fd = bpf_link_create(program_fd, 0, BPF_TRACE_ITER, NULL);
    if (link_fd < 0)
        return psd_error_set_errno(error, -link_fd, "cannot attach a BPF iterator");
    return 0;
}

static void load(void)
{
    if (load_all(&load_error) < 0)
        atomic_store(&load_failed, true);
}

const char *psd_tcp_iterator_unavailable(void)
{
    return atomic_load(&load_failed) ? load_error.text : NULL;
}

static uint8_t decode_bits(uint8_t byte, const field *place)
{
    unsigned value = (unsigned)byte >> place->shift;
    if (place->width != 0)
        value &= (1U << place->width) - 1;
    return value != 0 ? PSD_SEEN_ON : PSD_SEEN_OFF;
}

static void pass_records(const record *records, size_t count,
                         void (*each)(void *arg, const psd_tcp_options *options), void *arg)
{
    for (size_t i = 0; i < count; i++) {
        const psd_tcp_options options = {
            .cookie = records[i].cookie,
            .state = records[i].state,
            .reuse = decode_bits(records[i].reuse, &kernel.skc_reuse),
            .v6only = decode_bits(records[i].v6only, &kernel.skc_ipv6only),
        };
        each(arg, &options);
    }
}

int psd_tcp_iterator_read(void (*each)(void *arg, const psd_tcp_options *options), void *arg,
                          int64_t deadline_ms, psd_error *error)
{
    pthread_once(&load_once, load);
    if (atomic_load(&load_failed))
        return psd_error_copy(error, &load_error);
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
