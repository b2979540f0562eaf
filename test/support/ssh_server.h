/*
 * ssh_server.h - a real sshd on a loopback port, with its own host key and one user
 * key, for the user that runs the test. Failing to start ends the program.
 */
#ifndef PSD_TEST_SUPPORT_SSH_SERVER_H
#define PSD_TEST_SUPPORT_SSH_SERVER_H

#include <stdint.h>
#include <sys/types.h>

typedef struct psd_test_ssh_server {
    char *dir;
    pid_t pid;
    uint16_t port;
    char user[64];
    char key_file[128];    /* the user's, accepted by the server */
    char known_hosts[128]; /* has the host key */
} psd_test_ssh_server;

void psd_test_ssh_server_start(psd_test_ssh_server *server);

/* Starts it again after psd_test_ssh_server_kill(), on the same port. */
void psd_test_ssh_server_restart(psd_test_ssh_server *server);

/* Gives it another host key; it must be started again. */
void psd_test_ssh_server_change_key(const psd_test_ssh_server *server);

/* Sends SIGNAL to the processes of its connections, and to what they started; also to the
 * server itself when WHOLE. */
void psd_test_ssh_server_signal(const psd_test_ssh_server *server, int signal, int whole);

/* Ends all of its processes. */
void psd_test_ssh_server_kill(psd_test_ssh_server *server);

/* Ends it and removes its folder. */
void psd_test_ssh_server_stop(psd_test_ssh_server *server);

/* Makes a key pair in FILE and FILE.pub. */
void psd_test_ssh_make_key(const char *file, const char *passphrase);

#endif
