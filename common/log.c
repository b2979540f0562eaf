#include "common/log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/clock.h"

static const char *const level_names[] = {"ERROR", "WARNING", "INFO", "DEBUG"};
const char *const psd_log_level_names[] = {"error", "warning", "info", "debug", NULL};
static atomic_int threshold = PSD_LOG_INFO;

void psd_log_set_level(psd_log_level level)
{
    atomic_store(&threshold, (int)level);
}

int psd_log_parse_level(const char *text, psd_log_level *level, psd_error *error)
{
    for (size_t i = 0; psd_log_level_names[i]; i++) {
        if (strcmp(text, psd_log_level_names[i]) == 0) {
            *level = (psd_log_level)i;
            return 0;
        }
    }
    return psd_error_set(error, PSD_INVALID_ARGUMENT,
                         "'%s' is not a log level: use error, warning, info or debug", text);
}

/* Copies FROM with control characters made visible. Returns the length. */
static size_t copy_printable(char *to, size_t size, const char *from)
{
    size_t used = 0;
    for (; *from != '\0' && used + 5 < size; from++) {
        unsigned char c = (unsigned char)*from;
        if (c < 0x20 || c == 0x7f)
            used += (size_t)snprintf(to + used, size - used, "\\x%02x", c);
        else
            to[used++] = (char)c;
    }
    to[used] = '\0';
    return used;
}

void psd_log(psd_log_level level, const char *message, const char *pairs_format, ...)
{
    if ((int)level > atomic_load(&threshold))
        return;
    char pairs[1024] = "";
    if (pairs_format) {
        va_list args;
        va_start(args, pairs_format);
        vsnprintf(pairs, sizeof(pairs), pairs_format, args);
        va_end(args);
    }
    char time_text[PSD_CLOCK_TEXT_SIZE];
    char line[2048];
    int used = snprintf(line, sizeof(line), "%s %s %s%s", psd_clock_format(psd_clock_unix_ms(), time_text),
                        level_names[level], message, pairs[0] ? " " : "");
    size_t length = (size_t)used;
    length += copy_printable(line + length, sizeof(line) - length - 1, pairs);
    line[length++] = '\n';
    /* One write for one line: lines of several threads cannot mix. Nothing can
     * be done when stderr is gone. */
    ssize_t written = write(STDERR_FILENO, line, length);
    (void)written;
}
