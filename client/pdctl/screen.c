#include "client/pdctl/screen.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool takes_color(psd_cli_color_when when, int fd)
{
    if (when != PSD_CLI_COLOR_AUTO)
        return when == PSD_CLI_COLOR_ALWAYS;
    const char *no_color = getenv("NO_COLOR");
    const char *term = getenv("TERM");
    return isatty(fd) && !(no_color && no_color[0]) && !(term && strcmp(term, "dumb") == 0);
}

psd_cli_screen psd_cli_screen_of(psd_cli_color_when when)
{
    return (psd_cli_screen){
        .color_out = takes_color(when, STDOUT_FILENO),
        .color_err = takes_color(when, STDERR_FILENO),
    };
}

void psd_cli_put(const psd_cli_screen *screen, FILE *stream, psd_cli_color color, const char *text)
{
    static const char *const codes[] = {
        [PSD_CLI_BOLD] = "\033[1m",
        [PSD_CLI_RED] = "\033[31m",
        [PSD_CLI_GREEN] = "\033[32m",
        [PSD_CLI_YELLOW] = "\033[33m",
    };
    bool colored = color != PSD_CLI_PLAIN && (stream == stdout ? screen->color_out : screen->color_err);
    if (colored)
        fputs(codes[color], stream);
    fputs(text, stream);
    if (colored)
        fputs("\033[0m", stream);
}

void psd_cli_say(const psd_cli_screen *screen, psd_cli_color color, const char *text)
{
    fflush(stdout);
    psd_cli_put(screen, stderr, color, text);
    fputs("\n", stderr);
}

void psd_cli_add_field(psd_text *out, const char *label, const char *value)
{
    psd_text_printf(out, "  %-15s %s\n", label, value);
}

void psd_cli_add_safe(psd_text *out, const char *text)
{
    for (const unsigned char *at = (const unsigned char *)text; *at; at++) {
        bool is_c1 = at[0] == 0xc2 && at[1] >= 0x80 && at[1] <= 0x9f; /* U+0080 to U+009F */
        if (*at < 0x20 || *at == 0x7f)
            psd_text_printf(out, "\\x%02x", *at);
        else if (is_c1)
            psd_text_printf(out, "\\x%02x", *++at);
        else
            psd_text_append(out, (const char *)at, 1);
    }
}

const char *psd_cli_age(int64_t ms, char text[PSD_CLI_AGE_SIZE])
{
    static const struct {
        int64_t seconds;
        char name;
    } units[] = {{86400, 'd'}, {3600, 'h'}, {60, 'm'}, {1, 's'}};
    if (ms < 0)
        ms = 0;
    if (ms < 60000) {
        snprintf(text, PSD_CLI_AGE_SIZE, "%" PRId64 ".%" PRId64 "s", ms / 1000, ms % 1000 / 100);
        return text;
    }
    size_t i = 0;
    int64_t seconds = ms / 1000;
    while (seconds < units[i].seconds)
        i++;
    snprintf(text, PSD_CLI_AGE_SIZE, "%" PRId64 "%c%" PRId64 "%c", seconds / units[i].seconds, units[i].name,
             seconds % units[i].seconds / units[i + 1].seconds, units[i + 1].name);
    return text;
}
