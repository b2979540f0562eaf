#include "server/scan/port/bind_table.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>

#include "server/scan/port/bpf_code.h"
#include "server/scan/port/kernel_type.h"
#include "server/scan/port/socket.h"

enum {
    MAX_BUCKETS = 64, /* ports that share a hash bucket */
    MAX_STEPS = 256,  /* sockets and their groups (by address) on a port */
};

typedef struct layout {
    psd_kernel_field nsproxy;    /* in struct task_struct */
    psd_kernel_field net_ns;     /* in struct nsproxy */
    psd_kernel_field ipv4;       /* in struct net */
    psd_kernel_field hash_mix;   /* in struct net */
    psd_kernel_field death_row;  /* in struct netns_ipv4 */
    psd_kernel_field hashinfo;   /* in struct inet_timewait_death_row */
    psd_kernel_field bhash;      /* in struct inet_hashinfo */
    psd_kernel_field bhash_size; /* in struct inet_hashinfo */
    psd_kernel_field chain;      /* in struct inet_bind_hashbucket */
    psd_kernel_field bucket_net; /* these in struct inet_bind_bucket */
    psd_kernel_field bucket_port;
    psd_kernel_field bucket_node;
    psd_kernel_field bucket_groups;
    psd_kernel_field group_node; /* these in struct inet_bind2_bucket */
    psd_kernel_field group_owners;
    psd_kernel_field owner_node; /* these in struct sock_common */
    psd_kernel_field number;
    psd_kernel_field cookie;
    psd_kernel_field state;
    psd_kernel_field reuse;
    psd_kernel_field v6only;
    uint32_t hashbucket_size; /* of struct inet_bind_hashbucket */
    uint32_t socket_size;     /* of struct sock_common */
} layout;

/* Set by load, and never changed again. */
static layout kernel;
static int program_fd = -1;
static int map_fd = -1;

/* The map's value: MAX_STEPS times struct sock_common. For one reader at a
 * time, who leaves it empty. */
static pthread_mutex_t reading = PTHREAD_MUTEX_INITIALIZER;
static uint8_t *copies;

static int read_layout(const struct btf *btf, layout *found, psd_error *error)
{
    const psd_kernel_member members[] = {
        {"task_struct", "nsproxy", &found->nsproxy},
        {"nsproxy", "net_ns", &found->net_ns},
        {"net", "ipv4", &found->ipv4},
        {"net", "hash_mix", &found->hash_mix},
        {"netns_ipv4", "tcp_death_row", &found->death_row},
        {"inet_timewait_death_row", "hashinfo", &found->hashinfo},
        {"inet_hashinfo", "bhash", &found->bhash},
        {"inet_hashinfo", "bhash_size", &found->bhash_size},
        {"inet_bind_hashbucket", "chain", &found->chain},
        {"inet_bind_bucket", "ib_net", &found->bucket_net},
        {"inet_bind_bucket", "port", &found->bucket_port},
        {"inet_bind_bucket", "node", &found->bucket_node},
        {"inet_bind_bucket", "bhash2", &found->bucket_groups},
        {"inet_bind2_bucket", "bhash_node", &found->group_node},
        {"inet_bind2_bucket", "owners", &found->group_owners},
        {"sock_common", "skc_bind_node", &found->owner_node},
        {"sock_common", "skc_num", &found->number},
        {"sock_common", "skc_cookie", &found->cookie},
        {"sock_common", "skc_state", &found->state},
        {"sock_common", "skc_reuse", &found->reuse},
        {"sock_common", "skc_ipv6only", &found->v6only},
    };
    if (psd_kernel_find_members(btf, members, PSD_ARRAY_SIZE(members), error) < 0 ||
        psd_kernel_struct_size(btf, "inet_bind_hashbucket", &found->hashbucket_size, error) < 0)
        return -1;
    return psd_kernel_struct_size(btf, "sock_common", &found->socket_size, error);
}

/* Reads kernel memory at register BASE plus OFFSET into register 0. A fault
 * gives 0, which ends each of the lists below. Changes registers 1 to 5. */
static void read_kernel(psd_bpf_code *code, uint8_t size, uint8_t base, int offset)
{
    enum { scratch = -8 };
    psd_bpf_set(code, BPF_REG_2, size == BPF_DW ? 8 : size == BPF_W ? 4 : 2);
    psd_bpf_move(code, BPF_REG_3, base);
    psd_bpf_compute(code, BPF_ADD, BPF_REG_3, offset);
    psd_bpf_move(code, BPF_REG_1, BPF_REG_10);
    psd_bpf_compute(code, BPF_ADD, BPF_REG_1, scratch);
    psd_bpf_call(code, BPF_FUNC_probe_read_kernel);
    psd_bpf_load(code, size, BPF_REG_0, BPF_REG_10, scratch);
}

static void read_into(psd_bpf_code *code, uint8_t to, uint8_t size, uint8_t base, int offset)
{
    read_kernel(code, size, base, offset);
    psd_bpf_move(code, to, BPF_REG_0);
}

/* Register 8: the port, as given. Leaves the network namespace in register 7
 * and the first node of the port's hash bucket in register 6. */
static void write_hash(psd_bpf_code *code, const layout *at)
{
    psd_bpf_load(code, BPF_DW, BPF_REG_8, BPF_REG_1, 0);
    psd_bpf_call(code, BPF_FUNC_get_current_task);
    psd_bpf_move(code, BPF_REG_6, BPF_REG_0);
    read_into(code, BPF_REG_6, BPF_DW, BPF_REG_6, (int)at->nsproxy.byte);
    read_into(code, BPF_REG_7, BPF_DW, BPF_REG_6, (int)at->net_ns.byte);
    read_into(code, BPF_REG_6, BPF_DW, BPF_REG_7,
              (int)(at->ipv4.byte + at->death_row.byte + at->hashinfo.byte));
    read_into(code, BPF_REG_9, BPF_W, BPF_REG_7, (int)at->hash_mix.byte);
    psd_bpf_compute_register(code, BPF_ADD, BPF_REG_9, BPF_REG_8);
    read_kernel(code, BPF_W, BPF_REG_6, (int)at->bhash_size.byte);
    psd_bpf_compute(code, BPF_SUB, BPF_REG_0, 1);
    psd_bpf_compute_register(code, BPF_AND, BPF_REG_9, BPF_REG_0);
    psd_bpf_compute(code, BPF_MUL, BPF_REG_9, (int32_t)at->hashbucket_size);
    read_kernel(code, BPF_DW, BPF_REG_6, (int)at->bhash.byte);
    psd_bpf_compute_register(code, BPF_ADD, BPF_REG_9, BPF_REG_0);
    read_into(code, BPF_REG_6, BPF_DW, BPF_REG_9, (int)at->chain.byte);
}

/* Follows the chain to the port's bucket and leaves the first node of its
 * groups in register 7. */
static void write_search(psd_bpf_code *code, const layout *at)
{
    int to_bucket = -(int)at->bucket_node.byte;
    psd_bpf_set(code, BPF_REG_9, 0);
    size_t loop = code->count;
    size_t more = psd_bpf_jump(code, BPF_JNE, BPF_REG_6, 0);
    psd_bpf_return_zero(code);
    psd_bpf_land(code, more);
    size_t bounded = psd_bpf_jump(code, BPF_JLT, BPF_REG_9, MAX_BUCKETS);
    psd_bpf_return_zero(code);
    psd_bpf_land(code, bounded);
    psd_bpf_compute(code, BPF_ADD, BPF_REG_9, 1);
    read_kernel(code, BPF_DW, BPF_REG_6, to_bucket + (int)at->bucket_net.byte);
    size_t other_net = psd_bpf_jump_register(code, BPF_JNE, BPF_REG_0, BPF_REG_7);
    read_kernel(code, BPF_H, BPF_REG_6, to_bucket + (int)at->bucket_port.byte);
    size_t found = psd_bpf_jump_register(code, BPF_JEQ, BPF_REG_0, BPF_REG_8);
    psd_bpf_land(code, other_net);
    read_into(code, BPF_REG_6, BPF_DW, BPF_REG_6, 0); /* hlist_node.next */
    psd_bpf_jump_back(code, loop);
    psd_bpf_land(code, found);
    read_into(code, BPF_REG_7, BPF_DW, BPF_REG_6, to_bucket + (int)at->bucket_groups.byte);
}

/* Leaves the map's value in register 9. */
static void write_map_lookup(psd_bpf_code *code)
{
    psd_bpf_set(code, BPF_REG_1, 0);
    psd_bpf_store(code, BPF_W, BPF_REG_10, -8, BPF_REG_1);
    psd_bpf_move(code, BPF_REG_2, BPF_REG_10);
    psd_bpf_compute(code, BPF_ADD, BPF_REG_2, -8);
    /* NOLINTNEXTLINE(misc-redundant-expression): two of them are 0 */
    psd_bpf_emit(code, (struct bpf_insn){.code = BPF_LD | BPF_DW | BPF_IMM,
                                         .dst_reg = BPF_REG_1,
                                         .src_reg = BPF_PSEUDO_MAP_FD,
                                         .imm = map_fd});
    psd_bpf_emit(code, (struct bpf_insn){.code = 0}); /* its second half */
    psd_bpf_call(code, BPF_FUNC_map_lookup_elem);
    size_t there = psd_bpf_jump(code, BPF_JNE, BPF_REG_0, 0);
    psd_bpf_return_zero(code);
    psd_bpf_land(code, there);
    psd_bpf_move(code, BPF_REG_9, BPF_REG_0);
}

/* Copies the sockets of all groups. Register 6 is the next socket's node, 7
 * the next group's, 8 the step: each has its own place in the map's value,
 * which stays empty where the step went to another group. The result is the
 * number of steps. */
static void write_copies(psd_bpf_code *code, const layout *at)
{
    psd_bpf_set(code, BPF_REG_6, 0);
    psd_bpf_set(code, BPF_REG_8, 0);
    size_t loop = code->count;
    size_t full = psd_bpf_jump(code, BPF_JGE, BPF_REG_8, MAX_STEPS);
    size_t socket = psd_bpf_jump(code, BPF_JNE, BPF_REG_6, 0);
    size_t last = psd_bpf_jump(code, BPF_JEQ, BPF_REG_7, 0);
    read_into(code, BPF_REG_6, BPF_DW, BPF_REG_7, (int)at->group_owners.byte - (int)at->group_node.byte);
    read_into(code, BPF_REG_7, BPF_DW, BPF_REG_7, 0);
    psd_bpf_compute(code, BPF_ADD, BPF_REG_8, 1);
    psd_bpf_jump_back(code, loop);
    psd_bpf_land(code, socket);
    psd_bpf_move(code, BPF_REG_2, BPF_REG_8);
    psd_bpf_compute(code, BPF_MUL, BPF_REG_2, (int32_t)at->socket_size);
    psd_bpf_move(code, BPF_REG_1, BPF_REG_9);
    psd_bpf_compute_register(code, BPF_ADD, BPF_REG_1, BPF_REG_2);
    psd_bpf_set(code, BPF_REG_2, (int32_t)at->socket_size);
    psd_bpf_move(code, BPF_REG_3, BPF_REG_6);
    psd_bpf_compute(code, BPF_SUB, BPF_REG_3, (int32_t)at->owner_node.byte);
    psd_bpf_call(code, BPF_FUNC_probe_read_kernel);
    read_into(code, BPF_REG_6, BPF_DW, BPF_REG_6, 0);
    psd_bpf_compute(code, BPF_ADD, BPF_REG_8, 1);
    psd_bpf_jump_back(code, loop);
    psd_bpf_land(code, full);
    psd_bpf_land(code, last);
    psd_bpf_return(code, BPF_REG_8);
}

/* Makes the map and looks into it. */
static int map_copies(psd_error *error)
{
    uint32_t value_size = MAX_STEPS * kernel.socket_size;
    LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = BPF_F_MMAPABLE);
    map_fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "psd_bind_table", sizeof(uint32_t), value_size, 1, &options);
    if (map_fd < 0)
        return psd_error_set_errno(error, -map_fd, "cannot make a BPF map");
    void *mapped = mmap(NULL, value_size, PROT_READ | PROT_WRITE, MAP_SHARED, map_fd, 0);
    if (mapped == MAP_FAILED)
        return psd_error_set_errno(error, errno, "cannot map a BPF map");
    copies = mapped;
    return 0;
}

int psd_bind_table_load(const struct btf *btf, psd_error *error)
{
    if (read_layout(btf, &kernel, error) < 0 || map_copies(error) < 0)
        return -1;
    psd_bpf_code code = {.count = 0};
    write_hash(&code, &kernel);
    write_search(&code, &kernel);
    write_map_lookup(&code);
    write_copies(&code, &kernel);
    program_fd = psd_bpf_load_program(&code, BPF_PROG_TYPE_RAW_TRACEPOINT, "psd_bind_table", NULL, error);
    return program_fd < 0 ? -1 : 0;
}

/* Fills the copies; the number of places used, or -1. */
static int run(uint16_t port, psd_error *error)
{
    uint64_t context[1] = {port};
    LIBBPF_OPTS(bpf_test_run_opts, options, .ctx_in = context, .ctx_size_in = sizeof(context));
    int result = bpf_prog_test_run_opts(program_fd, &options);
    if (result < 0)
        return psd_error_set_errno(error, -result, "cannot read the kernel's bind table");
    return options.retval <= MAX_STEPS ? (int)options.retval : MAX_STEPS;
}

static void pass_copy(const uint8_t *copy, uint16_t port, psd_socket_read each, void *arg)
{
    uint16_t number = 0;
    psd_socket_options options = {.cookie = 0};
    memcpy(&number, copy + kernel.number.byte, sizeof(number));
    memcpy(&options.cookie, copy + kernel.cookie.byte, sizeof(options.cookie));
    if (number != port || options.cookie == 0)
        return;
    options.state = copy[kernel.state.byte];
    options.reuse = psd_kernel_bits(copy, &kernel.reuse) ? PSD_SEEN_ON : PSD_SEEN_OFF;
    options.v6only = psd_kernel_bits(copy, &kernel.v6only) ? PSD_SEEN_ON : PSD_SEEN_OFF;
    each(arg, &options);
}

int psd_bind_table_read(uint16_t port, psd_socket_read each, void *arg, psd_error *error)
{
    pthread_mutex_lock(&reading);
    int steps = run(port, error);
    for (int i = 0; i < steps; i++) {
        uint8_t *copy = copies + (size_t)i * kernel.socket_size;
        pass_copy(copy, port, each, arg);
        memset(copy, 0, kernel.socket_size);
    }
    pthread_mutex_unlock(&reading);
    return steps < 0 ? -1 : 0;
}
