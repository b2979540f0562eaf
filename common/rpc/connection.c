#include "common/rpc/connection.h"

#include <unistd.h>

#include "common/clock.h"
#include "common/rpc/wire.h"
#include "common/thread.h"

enum {
    RECONNECT_FIRST_MS = 50,
    RECONNECT_MOST_MS = 1000,
    REVIVE_AFTER_MS = 3000,
    SETTLE_MS = 200,
};

/* A pipe that is refused (of another protocol) goes without having come, and an
 * old one may go after the new one has come: only the one that is up counts. */
static void pipe_changed(nng_pipe pipe, nng_pipe_ev event, void *arg)
{
    psd_connection *connection = arg;
    bool came = event == NNG_PIPE_EV_ADD_POST;
    int id = nng_pipe_id(pipe);
    if (came)
        atomic_store(&connection->pipe, id);
    else if (!atomic_compare_exchange_strong(&connection->pipe, &id, 0))
        return;
    if (connection->changed)
        connection->changed(connection->arg, came);
}

int psd_connection_init(psd_connection *connection, nng_socket socket, const char *url,
                        void (*changed)(void *arg, bool connected), void *arg, psd_error *error)
{
    *connection = (psd_connection){.socket = socket, .url = url, .changed = changed, .arg = arg};
    pthread_mutex_init(&connection->mutex, NULL);
    int result = nng_socket_set_size(socket, NNG_OPT_RECVMAXSZ, PSD_WIRE_MAX);
    if (result == 0)
        result = nng_socket_set_ms(socket, NNG_OPT_RECONNMINT, RECONNECT_FIRST_MS);
    if (result == 0)
        result = nng_socket_set_ms(socket, NNG_OPT_RECONNMAXT, RECONNECT_MOST_MS);
    if (result == 0)
        result = nng_pipe_notify(socket, NNG_PIPE_EV_ADD_POST, pipe_changed, connection);
    if (result == 0)
        result = nng_pipe_notify(socket, NNG_PIPE_EV_REM_POST, pipe_changed, connection);
    return result ? psd_error_set_nng(error, result, "cannot set up a socket for %s", url) : 0;
}

/* Ends a dial that takes too long. */
typedef struct watchdog {
    nng_dialer dialer;
    nng_aio *aio;
    atomic_bool fired;
} watchdog;

static void fire(void *arg)
{
    watchdog *dog = arg;
    if (nng_aio_result(dog->aio) != 0)
        return; /* stopped in time */
    atomic_store(&dog->fired, true);
    nng_dialer_close(dog->dialer);
}

int psd_connection_dial(psd_connection *connection, uint32_t timeout_ms, psd_error *error)
{
    watchdog dog = {.aio = NULL};
    int result = nng_dialer_create(&dog.dialer, connection->socket, connection->url);
    if (result == 0)
        result = nng_aio_alloc(&dog.aio, fire, &dog);
    if (result == 0) {
        nng_sleep_aio(timeout_ms < INT32_MAX ? (nng_duration)timeout_ms : INT32_MAX, dog.aio);
        result = nng_dialer_start(dog.dialer, 0);
        nng_aio_stop(dog.aio);
        nng_aio_free(dog.aio);
    }
    if (result != 0)
        nng_dialer_close(dog.dialer);
    if (atomic_load(&dog.fired))
        return psd_error_set(error, PSD_DEADLINE_EXCEEDED, "cannot reach %s: no answer within the timeout",
                             connection->url);
    /* Nobody closed the dialer but nng: the peer left during the handshake. */
    if (result != 0)
        return psd_error_set_nng(error, result == NNG_ECLOSED ? NNG_ECONNRESET : result, "cannot reach %s",
                                 connection->url);
    PSD_LOCKED(&connection->mutex);
    connection->dialer = dog.dialer;
    connection->dialing = true;
    connection->dialed_ms = psd_clock_mono_ms();
    return 0;
}

int psd_connection_dial_later(psd_connection *connection, psd_error *error)
{
    PSD_LOCKED(&connection->mutex);
    connection->dialed_ms = psd_clock_mono_ms();
    int result = nng_dial(connection->socket, connection->url, &connection->dialer, NNG_FLAG_NONBLOCK);
    connection->dialing = result == 0;
    return result ? psd_error_set_nng(error, result, "cannot dial %s", connection->url) : 0;
}

void psd_connection_revive(psd_connection *connection)
{
    PSD_LOCKED(&connection->mutex);
    int64_t now = psd_clock_mono_ms();
    if (psd_connection_is_up(connection) || now - connection->dialed_ms < REVIVE_AFTER_MS)
        return;
    if (connection->dialing)
        nng_dialer_close(connection->dialer);
    connection->dialed_ms = now;
    connection->dialing = nng_dial(connection->socket, connection->url, &connection->dialer,
                                   NNG_FLAG_NONBLOCK) == 0;
}

/* nng 1.5.2 never frees a connection whose handshake ends while its dialer is
 * closed: one that was dialled just now gets the time to come about. */
static void settle(psd_connection *connection)
{
    PSD_LOCKED(&connection->mutex);
    while (connection->dialing && !psd_connection_is_up(connection) &&
           psd_clock_mono_ms() - connection->dialed_ms < SETTLE_MS)
        usleep(500);
}

void psd_connection_close(psd_connection *connection)
{
    settle(connection);
    nng_close(connection->socket);
    pthread_mutex_destroy(&connection->mutex);
}
