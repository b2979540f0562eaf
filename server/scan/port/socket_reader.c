#include "server/scan/port/socket_reader.h"

#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <stdatomic.h>

#include "server/scan/port/bind_table.h"
#include "server/scan/port/tcp_iterator.h"

/* The results of loading: `done` is set after the errors, which stay. */
static pthread_once_t load_once = PTHREAD_ONCE_INIT;
static atomic_bool done;
static psd_error iterator_error = PSD_ERROR_INIT;
static psd_error bind_table_error = PSD_ERROR_INIT;

static void load(void)
{
    libbpf_set_print(NULL); /* what fails is reported by us, once */
    struct btf *btf = btf__load_vmlinux_btf();
    if (!btf)
        psd_error_set_errno(&iterator_error, errno,
                            "cannot read the kernel's type information (/sys/kernel/btf/vmlinux)");
    if (!btf || psd_tcp_iterator_load(btf, &iterator_error) < 0)
        psd_error_copy(&bind_table_error, &iterator_error);
    else if (psd_bind_table_load(btf, &bind_table_error) < 0)
        psd_error_prefix(&bind_table_error, "bind table");
    btf__free(btf);
    malloc_trim(0); /* it took some megabytes, once */
    atomic_store(&done, true);
}

static int ready(const psd_error *load_error, psd_error *error)
{
    pthread_once(&load_once, load);
    return load_error->code == PSD_OK ? 0 : psd_error_copy(error, load_error);
}

int psd_socket_reader_connections(psd_socket_read each, void *arg, int64_t deadline_ms, psd_error *error)
{
    if (ready(&iterator_error, error) < 0)
        return -1;
    return psd_tcp_iterator_read(each, arg, deadline_ms, error);
}

int psd_socket_reader_port(uint16_t port, psd_socket_read each, void *arg, psd_error *error)
{
    if (ready(&bind_table_error, error) < 0)
        return -1;
    return psd_bind_table_read(port, each, arg, error);
}

const char *psd_socket_reader_unavailable(bool bound)
{
    const psd_error *error = bound ? &bind_table_error : &iterator_error;
    return atomic_load(&done) && error->code != PSD_OK ? error->text : NULL;
}
