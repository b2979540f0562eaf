#include "server/host/ssh_session.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/text.h"
#include "server/host/ssh_agent.h"

enum { LOOK_MS = 500, IDLE_S = 15, PROBE_S = 5, PROBES = 3, UNACKNOWLEDGED_MS = 30000 };

struct psd_ssh_session {
    char *address;
    uint16_t port;
    char *key_file;
    char *known_hosts;
    char *user;         /* of the connection */
    ssh_session handle; /* NULL: none */
    ssh_event event;    /* handles what comes in; NULL until logged in */
};

/* A name would have to be looked up, and libssh waits for that without limit. */
static bool is_address(const char *text)
{
    struct in6_addr address;
    return inet_pton(AF_INET, text, &address) == 1 || inet_pton(AF_INET6, text, &address) == 1;
}

int psd_ssh_session_new(const psd_ssh_settings *settings, psd_ssh_session **session, psd_error *error)
{
    if (!is_address(settings->address))
        return psd_error_set(error, PSD_INVALID_ARGUMENT, "'%s' is not an IP address", settings->address);
    psd_ssh_session *made = calloc(1, sizeof(*made));
    if (!made)
        return psd_error_set(error, PSD_RESOURCE_EXHAUSTED, "out of memory");
    made->address = psd_text_copy(settings->address);
    made->port = settings->port;
    made->key_file = settings->key_file ? psd_text_copy(settings->key_file) : NULL;
    made->known_hosts = psd_text_copy(settings->known_hosts);
    *session = made;
    return 0;
}

void psd_ssh_session_free(psd_ssh_session *session)
{
    if (!session)
        return;
    psd_ssh_session_drop(session);
    free(session->address);
    free(session->key_file);
    free(session->known_hosts);
    free(session);
}

bool psd_ssh_session_is_connected(const psd_ssh_session *session)
{
    return session->handle && ssh_is_connected(session->handle);
}

ssh_session psd_ssh_session_handle(const psd_ssh_session *session)
{
    return session->handle;
}

void psd_ssh_session_drop(psd_ssh_session *session)
{
    if (session->event) {
        ssh_event_remove_session(session->event, session->handle);
        ssh_event_free(psd_take(session->event));
    }
    if (session->handle) {
        ssh_disconnect(session->handle);
        ssh_free(session->handle);
    }
    session->handle = NULL;
    free(psd_take(session->user));
}

int psd_ssh_session_error(const psd_ssh_session *session, psd_code code, const char *what, psd_error *error)
{
    char said[PSD_ERROR_TEXT_SIZE];
    snprintf(said, sizeof(said), "%s", ssh_get_error(session->handle));
    psd_text_flatten(said);
    return psd_error_set(error, code, "%s: %s", what, said[0] ? said : "the connection was lost");
}

int psd_ssh_session_pause(const psd_ssh_session *session, const psd_wait *wait, int64_t most_ms,
                          psd_error *error)
{
    bool is_writing = ssh_get_poll_flags(session->handle) & SSH_WRITE_PENDING;
    struct pollfd fd = {.fd = ssh_get_fd(session->handle),
                        .events = (short)(POLLIN | (is_writing ? POLLOUT : 0))};
    if (psd_wait_poll(wait, &fd, 1, most_ms, error) < 0)
        return -1;
    /* libssh's calls do not all handle packets: none reads them behind a channel's end.
     * That the connection is lost shows in its state. */
    if (session->event)
        ssh_event_dopoll(session->event, 0);
    return 0;
}

static int pause_once(const psd_ssh_session *session, const psd_wait *wait, psd_error *error)
{
    return psd_ssh_session_pause(session, wait, LOOK_MS, error);
}

/* ---- the server ---- */

/* "ssh-ed25519 SHA256:…" */
static int describe_key(const psd_ssh_session *session, char *text, size_t size, psd_error *error)
{
    ssh_key key = NULL;
    unsigned char *hash = NULL;
    size_t length = 0;
    int result = -1;
    if (ssh_get_server_publickey(session->handle, &key) == SSH_OK &&
        ssh_get_publickey_hash(key, SSH_PUBLICKEY_HASH_SHA256, &hash, &length) == 0) {
        char *print = ssh_get_fingerprint_hash(SSH_PUBLICKEY_HASH_SHA256, hash, length);
        snprintf(text, size, "%s %s", ssh_key_type_to_char(ssh_key_type(key)), print ? print : "?");
        ssh_string_free_char(print);
        result = 0;
    }
    ssh_clean_pubkey_hash(&hash);
    ssh_key_free(key);
    return result == 0 ? 0 : psd_ssh_session_error(session, PSD_UNAVAILABLE, "cannot read its key", error);
}

static int check_server(const psd_ssh_session *session, psd_error *error)
{
    char key[128] = "";
    if (access(session->known_hosts, R_OK) < 0) {
        psd_error_set_errno(error, errno, "cannot read the file of known hosts %s", session->known_hosts);
        if (error)
            error->code = PSD_FAILED_PRECONDITION;
        return -1;
    }
    if (describe_key(session, key, sizeof(key), error) < 0)
        return -1;
    switch (ssh_session_is_known_server(session->handle)) {
    case SSH_KNOWN_HOSTS_OK:
        return 0;
    case SSH_KNOWN_HOSTS_CHANGED:
    case SSH_KNOWN_HOSTS_OTHER:
        return psd_error_set(
            error, PSD_FAILED_PRECONDITION,
            "the host key has changed: it is now %s, which is not the one in %s. If the host was "
            "given a new key, replace its line there; if not, somebody else answers",
            key, session->known_hosts);
    case SSH_KNOWN_HOSTS_UNKNOWN:
    case SSH_KNOWN_HOSTS_NOT_FOUND:
        return psd_error_set(
            error, PSD_FAILED_PRECONDITION,
            "the host key %s is not in %s. Compare it with the host's own, then add the line "
            "that 'ssh-keyscan -p %u %s' prints",
            key, session->known_hosts, session->port, session->address);
    case SSH_KNOWN_HOSTS_ERROR:
    default:
        return psd_ssh_session_error(session, PSD_FAILED_PRECONDITION, "cannot check the host key", error);
    }
}

static int set_options(const psd_ssh_session *session, psd_error *error)
{
    unsigned port = session->port;
    bool no = false;
    const struct {
        enum ssh_options_e name;
        const void *value;
    } options[] = {
        {SSH_OPTIONS_PROCESS_CONFIG, &no},
        {SSH_OPTIONS_HOST, session->address},
        {SSH_OPTIONS_PORT, &port},
        {SSH_OPTIONS_USER, session->user},
        {SSH_OPTIONS_KNOWNHOSTS, session->known_hosts},
        {SSH_OPTIONS_GLOBAL_KNOWNHOSTS, "/dev/null"},
    };
    for (size_t i = 0; i < PSD_ARRAY_SIZE(options); i++) {
        if (ssh_options_set(session->handle, options[i].name, options[i].value) < 0)
            return psd_ssh_session_error(session, PSD_INVALID_ARGUMENT, "cannot use the ssh settings", error);
    }
    return 0;
}

/* A server that is gone breaks the connection within half a minute. */
static void keep_alive(int fd)
{
    static const struct {
        int level, name, value;
    } options[] = {
        {SOL_SOCKET, SO_KEEPALIVE, 1},         {IPPROTO_TCP, TCP_KEEPIDLE, IDLE_S},
        {IPPROTO_TCP, TCP_KEEPINTVL, PROBE_S}, {IPPROTO_TCP, TCP_KEEPCNT, PROBES},
        {IPPROTO_TCP, TCP_NODELAY, 1},         {IPPROTO_TCP, TCP_USER_TIMEOUT, UNACKNOWLEDGED_MS},
    };
    for (size_t i = 0; i < PSD_ARRAY_SIZE(options); i++)
        setsockopt(fd, options[i].level, options[i].name, &options[i].value, sizeof(options[i].value));
}

static int greet(const psd_ssh_session *session, const psd_wait *wait, psd_error *error)
{
    if (set_options(session, error) < 0)
        return -1;
    ssh_set_blocking(session->handle, 0);
    int result = ssh_connect(session->handle);
    fcntl(ssh_get_fd(session->handle), F_SETFD, FD_CLOEXEC);
    while (result == SSH_AGAIN) {
        if (pause_once(session, wait, error) < 0)
            return -1;
        result = ssh_connect(session->handle);
    }
    if (result != SSH_OK)
        return psd_ssh_session_error(session, PSD_UNAVAILABLE, "cannot connect", error);
    keep_alive(ssh_get_fd(session->handle));
    return 0;
}

/* ---- the user ---- */

static int judge(const psd_ssh_session *session, int result, const char *with, psd_error *error)
{
    switch (result) {
    case SSH_AUTH_SUCCESS:
        return 0;
    case SSH_AUTH_DENIED:
        return psd_error_set(error, PSD_UNAUTHENTICATED,
                             "the server refuses user '%s' with %s: add the public key to that user's "
                             "authorized_keys there",
                             session->user, with);
    case SSH_AUTH_PARTIAL:
        return psd_error_set(error, PSD_UNAUTHENTICATED, "the server wants more of user '%s' than a key",
                             session->user);
    default:
        return psd_ssh_session_error(
            session, ssh_is_connected(session->handle) ? PSD_UNAUTHENTICATED : PSD_UNAVAILABLE,
            "cannot log in", error);
    }
}

static int log_in_by_file(const psd_ssh_session *session, const psd_wait *wait, psd_error *error)
{
    ssh_key key = NULL;
    /* With an empty passphrase nobody is asked for one. */
    int imported = ssh_pki_import_privkey_file(session->key_file, "", NULL, NULL, &key);
    if (imported != SSH_OK)
        return psd_error_set(error, PSD_UNAUTHENTICATED, "cannot use the key file %s: %s", session->key_file,
                             imported == SSH_EOF ? "it is missing or may not be read"
                                                 : "it is no private key, or has a passphrase");
    int result = ssh_userauth_publickey(session->handle, NULL, key);
    int paused = 0;
    while (result == SSH_AUTH_AGAIN && paused == 0) {
        paused = pause_once(session, wait, error);
        if (paused == 0)
            result = ssh_userauth_publickey(session->handle, NULL, key);
    }
    ssh_key_free(key);
    char with[PSD_ERROR_TEXT_SIZE / 2];
    snprintf(with, sizeof(with), "key file %s", session->key_file);
    return paused < 0 ? -1 : judge(session, result, with, error);
}

static int log_in_by_agent(const psd_ssh_session *session, const psd_wait *wait, psd_error *error)
{
    if (psd_ssh_agent_check(wait, error) < 0)
        return -1;
    int result = ssh_userauth_agent(session->handle, NULL);
    while (result == SSH_AUTH_AGAIN) {
        if (pause_once(session, wait, error) < 0)
            return -1;
        result = ssh_userauth_agent(session->handle, NULL);
    }
    return judge(session, result, "the keys of the ssh agent", error);
}

static int connect_new(psd_ssh_session *session, const char *user, const psd_wait *wait, psd_error *error)
{
    session->handle = ssh_new();
    if (!session->handle)
        return psd_error_set(error, PSD_RESOURCE_EXHAUSTED, "out of memory");
    session->user = psd_text_copy(user);
    if (greet(session, wait, error) < 0 || check_server(session, error) < 0)
        return -1;
    if ((session->key_file ? log_in_by_file(session, wait, error) : log_in_by_agent(session, wait, error)) <
        0)
        return -1;
    ssh_event event = ssh_event_new();
    if (!event || ssh_event_add_session(event, session->handle) != SSH_OK) {
        ssh_event_free(event);
        return psd_error_set(error, PSD_RESOURCE_EXHAUSTED, "out of memory");
    }
    session->event = event;
    return 0;
}

int psd_ssh_session_connect(psd_ssh_session *session, const char *user, const psd_wait *wait,
                            psd_error *error)
{
    if (psd_ssh_session_is_connected(session) && strcmp(session->user, user) == 0)
        return 0;
    psd_ssh_session_drop(session);
    if (connect_new(session, user, wait, error) == 0)
        return 0;
    psd_ssh_session_drop(session);
    return psd_error_prefix(error, "ssh to %s port %u", session->address, session->port);
}
