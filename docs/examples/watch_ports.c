/* watch_ports.c - prints the ports in use, then each change, until interrupted.
 *   cc watch_ports.c $(pkg-config --cflags --libs polarstack) -o watch_ports */
#include <polarstack.h>
#include <stdio.h>
#include <unistd.h>

/* As a watch's callback it runs on a thread of the library. */
static void print_ports(void *arg, const psd_watch_event *event, const Polarstack__V1__PortUsage *usage)
{
    (void)arg;
    if (event->kind == PSD_WATCH_LOST)
        fprintf(stderr, "lost the daemon: %s\n", event->reason);
    if (event->kind != PSD_WATCH_SYNCED && event->kind != PSD_WATCH_CHANGED)
        return;
    printf("revision %lu:", (unsigned long)usage->observation->revision);
    for (size_t i = 0; i < usage->n_ports; i++)
        printf(" %u", usage->ports[i]->port);
    printf("\n");
    fflush(stdout);
}

int main(void)
{
    psd_error error = PSD_ERROR_INIT;
    psd_client *client = NULL;
    psd_watch *watch = NULL;
    Polarstack__V1__PortUsage *usage = NULL;
    Polarstack__V1__GetPortUsageRequest request = POLARSTACK__V1__GET_PORT_USAGE_REQUEST__INIT;
    if (psd_client_open(NULL, &client, &error) < 0 ||
        psd_port_usage_get_port_usage(client, &request, NULL, &usage, &error) < 0 ||
        psd_port_usage_watch_port_usage(client, NULL, print_ports, NULL, &watch, &error) < 0) {
        fprintf(stderr, "watch_ports: %s\n", error.text);
        return 1;
    }
    printf("%zu ports are in use on %s\n", usage->n_ports, usage->observation->node);
    protobuf_c_message_free_unpacked(&usage->base, NULL);
    pause();
    return 0; /* psd_watch_stop() and psd_client_close() for a program that goes on */
}
