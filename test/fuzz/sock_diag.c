/* A netlink datagram of a socket dump; the first byte chooses the protocol. */
#include "server/scan/port/sock_diag.h"

#include "server/scan/port/port_table.h"
#include "test/fuzz/fuzz.h"

enum { SEQUENCE = 1 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    uint8_t protocol = data[0] % 2 ? IPPROTO_UDP : IPPROTO_TCP;
    size_t length = size - 1;
    char *datagram = fuzz_text(data + 1, length); /* aligned, as the kernel's buffer is */
    psd_sockets sockets = {.items = NULL};
    psd_dump_progress progress = {.ended = false};
    psd_error error = PSD_ERROR_INIT;
    int result = psd_sock_diag_parse(datagram, length, SEQUENCE, protocol, &sockets, &progress, &error);
    must(result == 0 || error.text[0]);
    for (size_t i = 0; i < sockets.count; i++) {
        char text[INET6_ADDRSTRLEN];
        psd_port_facts facts = {.port_class = 0};
        must(psd_socket_state_name(&sockets.items[i])[0]);
        must(psd_socket_address(&sockets.items[i], sockets.items[i].local, text)[0]);
        psd_port_facts_add(&facts, &sockets.items[i]);
        Polarstack__V1__Port port = POLARSTACK__V1__PORT__INIT;
        psd_port_facts_describe(&facts, sockets.items[i].local_port, &port);
    }
    psd_sockets_free(&sockets);
    free(datagram);
    return 0;
}
