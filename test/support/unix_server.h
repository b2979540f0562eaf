/*
 * unix_server.h - a server on a unix socket that says the same to everybody, whatever it is
 * asked. Failures end the program.
 */
#ifndef PSD_TEST_SUPPORT_UNIX_SERVER_H
#define PSD_TEST_SUPPORT_UNIX_SERVER_H

#include <stdbool.h>
#include <stddef.h>

typedef enum psd_test_after {
    PSD_TEST_THEN_STALL, /* the connection stays open */
    PSD_TEST_THEN_CLOSE,
    PSD_TEST_THEN_AGAIN, /* says it on and on, as long as somebody takes it */
} psd_test_after;

typedef struct psd_test_unix_server psd_test_unix_server;

/* Listens on PATH, in place of a socket that is there. BYTES are the caller's, and are
 * said once something was asked. */
psd_test_unix_server *psd_test_unix_server_start(const char *path, const void *bytes, size_t length,
                                                 psd_test_after after);

/* From now on waits for LEAST bytes of a question, but not longer than a second. */
void psd_test_unix_server_listen_longer(psd_test_unix_server *server, size_t least);

/* Ends it and removes the socket. */
void psd_test_unix_server_stop(psd_test_unix_server *server);

#endif
