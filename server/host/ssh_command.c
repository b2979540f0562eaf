#include "server/host/ssh_command.h"

#include <inttypes.h>
#include <libssh/callbacks.h>
#include <signal.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/clock.h"
#include "server/host/shell_quote.h"

enum {
    READ_SIZE = 4096,
    LOOK_MS = 500,         /* libssh may hold something that the socket does not show */
    REUSED_OPEN_MS = 5000, /* for a connection that was idle, and may be dead */
    DRAIN_MS = 500,        /* for output that follows the exit status */
    CLOSE_MS = 1500, /* for the server to tell of a killed command's end: timeout(1) counts in seconds */
    CLOSE_LOOK_MS = 20,
};

/* What the server said of the command's end. */
typedef struct channel_end {
    bool is_told;
    int exit_code;
    int signal;
} channel_end;

static void exit_status(ssh_session session PSD_UNUSED, ssh_channel channel PSD_UNUSED, int status, void *arg)
{
    *(channel_end *)arg = (channel_end){.is_told = true, .exit_code = status};
}

/* NAME as ssh writes it: "TERM". */
static int signal_number(const char *name)
{
    for (int number = 1; number < NSIG; number++) {
        const char *known = sigabbrev_np(number);
        if (known && strcmp(known, name) == 0)
            return number;
    }
    return -1;
}

static void exit_signal(ssh_session session PSD_UNUSED, ssh_channel channel PSD_UNUSED, const char *name,
                        int core PSD_UNUSED, const char *message PSD_UNUSED, const char *language PSD_UNUSED,
                        void *arg)
{
    *(channel_end *)arg = (channel_end){.is_told = true, .exit_code = -1, .signal = signal_number(name)};
}

/* ---- start ---- */

static int pause_once(psd_ssh_session *session, const psd_wait *wait, psd_error *error)
{
    return psd_ssh_session_pause(session, wait, LOOK_MS, error);
}

static int open_channel(psd_ssh_session *session, const psd_wait *wait, ssh_channel *channel,
                        psd_error *error)
{
    *channel = ssh_channel_new(psd_ssh_session_handle(session));
    if (!*channel)
        return psd_ssh_session_error(session, PSD_UNAVAILABLE, "cannot open a channel", error);
    int result = ssh_channel_open_session(*channel);
    int paused = 0;
    while (result == SSH_AGAIN && paused == 0) {
        paused = pause_once(session, wait, error);
        if (paused == 0)
            result = ssh_channel_open_session(*channel);
    }
    if (paused == 0 && result == SSH_OK)
        return 0;
    if (paused == 0)
        psd_ssh_session_error(session, PSD_UNAVAILABLE, "cannot open a channel", error);
    ssh_channel_free(psd_take(*channel));
    return -1;
}

/* Nothing was asked of the server yet: what fails on an old connection may be tried
 * again on a new one. */
static int connect_and_open(psd_ssh_session *session, const char *user, const psd_wait *wait,
                            ssh_channel *channel, psd_error *error)
{
    bool was_connected = psd_ssh_session_is_connected(session);
    if (psd_ssh_session_connect(session, user, wait, error) < 0)
        return -1;
    if (was_connected) {
        psd_error why = PSD_ERROR_INIT;
        int64_t now_ms = psd_clock_mono_ms();
        int64_t half_ms = (wait->deadline_ms - now_ms) / 2;
        psd_wait shorter = {.deadline_ms = now_ms + (half_ms < REUSED_OPEN_MS ? half_ms : REUSED_OPEN_MS),
                            .stop = wait->stop};
        if (open_channel(session, &shorter, channel, &why) == 0)
            return 0;
        psd_ssh_session_drop(session);
        if (why.code == PSD_CANCELLED)
            return psd_error_copy(error, &why);
        if (psd_ssh_session_connect(session, user, wait, error) < 0)
            return -1;
    }
    return open_channel(session, wait, channel, error);
}

/* timeout(1) ends the command on the server, whatever becomes of the connection. It
 * may not be earlier than this side: hence the whole second more. */
static void command_line(const psd_command *command, const psd_wait *wait, psd_text *line)
{
    int64_t left_ms = wait->deadline_ms - psd_clock_mono_ms();
    int64_t limit_s = (left_ms > 0 ? left_ms : 0) / 1000 + 1;
    psd_text_printf(line, "exec env PATH=" PSD_COMMAND_PATH " LC_ALL=C timeout -s KILL %" PRId64 " ",
                    limit_s);
    psd_shell_quote_all(line, command->arguments);
}

static int start(psd_ssh_session *session, ssh_channel channel, const psd_command *command,
                 const psd_wait *wait, psd_error *error)
{
    PSD_AUTO_TEXT line = PSD_TEXT_INIT;
    command_line(command, wait, &line);
    int result = ssh_channel_request_exec(channel, line.data);
    while (result == SSH_AGAIN) {
        if (pause_once(session, wait, error) < 0)
            return -1;
        result = ssh_channel_request_exec(channel, line.data);
    }
    if (result == SSH_OK) {
        ssh_channel_send_eof(channel);
        return 0;
    }
    bool lives = psd_ssh_session_is_connected(session);
    return psd_ssh_session_error(session, lives ? PSD_PERMISSION_DENIED : PSD_UNAVAILABLE,
                                 lives ? "the server refuses the command" : "the command may have run",
                                 error);
}

/* ---- its life ---- */

/* Reads what is there. False when the connection is lost. */
static bool take_output(ssh_channel channel, bool is_err, psd_output *output, const psd_command *command,
                        bool *took)
{
    char bytes[READ_SIZE];
    int got = ssh_channel_read_nonblocking(channel, bytes, sizeof(bytes), is_err);
    if (got > 0) {
        psd_output_add(output, command, bytes, (size_t)got);
        *took = true;
    }
    return got != SSH_ERROR;
}

static int lost(const psd_ssh_session *session, psd_error *error)
{
    if (!psd_ssh_session_is_connected(session))
        return psd_ssh_session_error(session, PSD_UNAVAILABLE,
                                     "the connection was lost while the command ran", error);
    return psd_error_set(error, PSD_UNAVAILABLE, "the server closed the command without saying how it ended");
}

static int follow(psd_ssh_session *session, ssh_channel channel, const channel_end *end,
                  const psd_command *command, const psd_wait *wait, psd_command_result *result,
                  psd_error *error)
{
    int64_t end_ms = INT64_MAX; /* monotonic: no more output is waited for */
    for (;;) {
        bool took = false;
        bool lives = take_output(channel, false, &result->out, command, &took);
        lives = take_output(channel, true, &result->err, command, &took) && lives;
        if (end->is_told && end_ms == INT64_MAX)
            end_ms = psd_clock_mono_ms() + DRAIN_MS;
        bool is_over = !lives || ssh_channel_is_closed(channel) || ssh_channel_is_eof(channel);
        if (end->is_told && !took && (is_over || psd_clock_mono_ms() >= end_ms))
            return 0;
        if (!lives || (!took && ssh_channel_is_closed(channel)))
            return lost(session, error);
        int64_t most_ms = end->is_told ? CLOSE_LOOK_MS : LOOK_MS;
        /* With output there may be more of it already in libssh's buffer. */
        if (psd_ssh_session_pause(session, wait, took ? 0 : most_ms, error) < 0)
            return -1;
    }
}

static void free_channel(ssh_channel channel, struct ssh_channel_callbacks_struct *callbacks)
{
    ssh_remove_channel_callbacks(channel, callbacks);
    ssh_channel_free(channel);
}

/* Ends what still runs. The connection is kept if the server tells of the end in
 * time. Whatever happens, the channel is gone then. */
static void give_up(psd_ssh_session *session, ssh_channel channel, channel_end *end,
                    struct ssh_channel_callbacks_struct *callbacks, const psd_command *command)
{
    PSD_AUTO_RESULT ignored = PSD_COMMAND_RESULT_INIT;
    psd_wait wait = {.deadline_ms = psd_clock_mono_ms() + CLOSE_MS};
    if (psd_ssh_session_is_connected(session) && ssh_channel_request_send_signal(channel, "KILL") == SSH_OK &&
        follow(session, channel, end, command, &wait, &ignored, NULL) == 0)
        free_channel(channel, callbacks);
    else
        psd_ssh_session_drop(session); /* frees its channels */
}

int psd_ssh_run(psd_ssh_session *session, const char *user, const psd_command *command, const psd_wait *wait,
                psd_command_result *result, psd_error *error)
{
    ssh_channel channel = NULL;
    if (connect_and_open(session, user, wait, &channel, error) < 0)
        return -1;
    channel_end end = {0};
    struct ssh_channel_callbacks_struct callbacks = {.userdata = &end,
                                                     .channel_exit_status_function = exit_status,
                                                     .channel_exit_signal_function = exit_signal};
    ssh_callbacks_init(&callbacks);
    ssh_set_channel_callbacks(channel, &callbacks);
    if (start(session, channel, command, wait, error) < 0) {
        psd_ssh_session_drop(session);
        return -1;
    }
    if (follow(session, channel, &end, command, wait, result, error) < 0) {
        give_up(session, channel, &end, &callbacks, command);
        return -1;
    }
    result->exit_code = end.exit_code;
    result->signal = end.signal;
    free_channel(channel, &callbacks);
    return 0;
}
