/* listener.h - a TCP socket that listens on 127.0.0.1. */
#ifndef PSD_TEST_SUPPORT_LISTENER_H
#define PSD_TEST_SUPPORT_LISTENER_H

/* Listens on a port that the kernel chooses, or on *PORT if that is not 0; sets
 * *PORT. Returns the socket; ends the program on failure. */
int psd_test_listen(unsigned *port);

#endif
