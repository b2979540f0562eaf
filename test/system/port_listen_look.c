/*
 * port_listen_look - between two full looks only listeners are looked at: new
 * ones are published at once, and one that is gone brings a full look, since
 * its connections may hold the port still.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "polarstack/v1/port_usage.pb-c.h"
#include "server/scan/port/port_scanner.h"
#include "test/support/port_namespace.h"

enum { PORT = 5400, OTHER_PORT = 5401, LISTEN_PERIOD_MS = 100, FULL_PERIOD_MS = 600000 };

#define CHECK(condition)                                        \
    do {                                                        \
        if (!(condition))                                       \
            psd_test_fail("line %d: %s", __LINE__, #condition); \
    } while (0)

static int new_listener(unsigned port)
{
    const struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK(bind(fd, (const struct sockaddr *)&any, sizeof(any)) == 0 && listen(fd, 4) == 0);
    return fd;
}

int main(void)
{
    psd_test_look *look = calloc(1, sizeof(*look));
    CHECK(look);
    psd_test_enter_namespace();
    void *scanner = psd_test_scanner_new(LISTEN_PERIOD_MS, FULL_PERIOD_MS);

    CHECK(psd_test_scan(scanner, false, look) == LISTEN_PERIOD_MS);
    int64_t first_full_ms = look->observed_at_ms;
    CHECK(look->looks == 1 && first_full_ms > 0);
    usleep(5000); /* so that another full look would have another time */

    int listener = new_listener(PORT);
    psd_test_scan(scanner, false, look);
    CHECK(look->looks == 2 && look->observed_at_ms == first_full_ms);
    CHECK(look->port_class[PORT] == POLARSTACK__V1__PORT_CLASS__LISTENING);
    CHECK(look->bindable[PORT] == POLARSTACK__V1__BIND_VERDICT__NOT_BINDABLE);

    psd_test_scan(scanner, false, look);
    CHECK(look->looks == 2); /* nothing changed: nothing is published */

    struct sockaddr_in server = {
        .sin_family = AF_INET, .sin_port = htons(PORT), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK(connect(client, (const struct sockaddr *)&server, sizeof(server)) == 0);
    int accepted = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    CHECK(accepted >= 0);
    close(listener);
    int other = new_listener(OTHER_PORT); /* as many listeners as before */
    psd_test_scan(scanner, false, look);
    CHECK(look->looks == 3 && look->observed_at_ms > first_full_ms);
    CHECK(look->port_class[PORT] == POLARSTACK__V1__PORT_CLASS__CONNECTED);
    CHECK(look->bindable[PORT] == POLARSTACK__V1__BIND_VERDICT__NOT_BINDABLE);
    CHECK(look->port_class[OTHER_PORT] == POLARSTACK__V1__PORT_CLASS__LISTENING);

    close(other);
    psd_test_scan(scanner, false, look);
    CHECK(look->looks == 4 && look->port_class[OTHER_PORT] == 0);

    int64_t observed_at_ms = look->observed_at_ms;
    usleep(5000);
    psd_test_scan(scanner, true, look); /* who asks gets a full look */
    CHECK(look->looks == 5 && look->observed_at_ms > observed_at_ms);

    close(accepted);
    close(client);
    psd_port_scanner.fini(scanner);
    free(look);
    printf("port_listen_look: passed\n");
    return 0;
}
