/*
 * watch_ports.c - prints the ports in use, then N changes (default: no end).
 *
 *   cc watch_ports.c $(pkg-config --cflags --libs polarstack) -o watch_ports
 */
#include <polarstack.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>

static sem_t changes;

static void print_ports(const char *title, const Polarstack__V1__PortUsage *usage)
{
    printf("%s, revision %lu:", title, (unsigned long)usage->observation->revision);
    for (size_t i = 0; i < usage->n_ports; i++)
        printf(" %u", usage->ports[i]->port);
    printf("\n");
    fflush(stdout);
}

/* Runs on a thread of the library. */
static void changed(void *arg, const psd_watch_event *event, const Polarstack__V1__PortUsage *usage)
{
    (void)arg;
    if (event->kind == PSD_WATCH_LOST)
        fprintf(stderr, "lost the daemon: %s\n", event->reason);
    if (event->kind == PSD_WATCH_SYNCED)
        print_ports("in sync", usage);
    if (event->kind == PSD_WATCH_CHANGED) {
        print_ports("changed", usage);
        sem_post(&changes);
    }
}

int main(int argc, char **argv)
{
    psd_error error = PSD_ERROR_INIT;
    psd_client *client = NULL;
    psd_watch *watch = NULL;
    Polarstack__V1__PortUsage *usage = NULL;
    Polarstack__V1__GetPortUsageRequest request = POLARSTACK__V1__GET_PORT_USAGE_REQUEST__INIT;
    sem_init(&changes, 0, 0);
    if (psd_client_open(NULL, &client, &error) < 0 ||
        psd_port_usage_get_port_usage(client, &request, NULL, &usage, &error) < 0) {
        fprintf(stderr, "watch_ports: %s\n", error.text);
        psd_client_close(client);
        return 1;
    }
    print_ports("in use", usage);
    protobuf_c_message_free_unpacked(&usage->base, NULL);
    if (psd_port_usage_watch_port_usage(client, NULL, changed, NULL, &watch, &error) < 0)
        fprintf(stderr, "watch_ports: %s\n", error.text);
    for (long left = argc > 1 ? atol(argv[1]) : -1; watch && left != 0; left -= left > 0)
        sem_wait(&changes);
    psd_watch_stop(watch);
    psd_client_close(client);
    return watch ? 0 : 1;
}
