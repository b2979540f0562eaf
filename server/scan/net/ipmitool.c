#include "server/scan/net/ipmitool.h"

#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

enum { QUOTE_SIZE = 100 };

/* A part of an output; not ended by a zero byte. */
typedef struct span {
    const char *data;
    size_t length;
} span;

static span whole(const psd_output *output)
{
    return (span){psd_text_string(&output->text), output->text.length};
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static span trimmed(span text)
{
    while (text.length > 0 && is_blank(text.data[0])) {
        text.data++;
        text.length--;
    }
    while (text.length > 0 && is_blank(text.data[text.length - 1]))
        text.length--;
    return text;
}

static bool equals(span text, const char *word)
{
    return text.length == strlen(word) && memcmp(text.data, word, text.length) == 0;
}

static bool ends_in(span text, const char *word)
{
    size_t length = strlen(word);
    return text.length >= length && memcmp(text.data + text.length - length, word, length) == 0;
}

/* Cuts a line off the front of REST. False at the end. */
static bool next_line(span *rest, span *line)
{
    if (rest->length == 0)
        return false;
    const char *end = memchr(rest->data, '\n', rest->length);
    size_t length = end ? (size_t)(end - rest->data) : rest->length;
    *line = (span){rest->data, length};
    size_t used = length + (end != NULL);
    rest->data += used;
    rest->length -= used;
    return true;
}

/* ---- what is told of a bad answer ---- */

static void quote(span text, char out[QUOTE_SIZE])
{
    size_t length = text.length < QUOTE_SIZE - 1 ? text.length : QUOTE_SIZE - 1;
    for (size_t i = 0; i < length; i++) {
        char c = text.data[i];
        out[i] = c >= ' ' && c <= '~' && c != '\'' && c != '"' ? c : '?';
    }
    out[length] = '\0';
}

static bool first_words(const psd_output *output, char out[QUOTE_SIZE])
{
    span rest = whole(output);
    span line = {NULL, 0};
    while (next_line(&rest, &line)) {
        line = trimmed(line);
        if (line.length == 0)
            continue;
        quote(line, out);
        return true;
    }
    return false;
}

static int refuse(const psd_command_result *result, const char *what, psd_error *error)
{
    char words[QUOTE_SIZE];
    if (first_words(&result->err, words) || first_words(&result->out, words))
        return psd_error_set(error, PSD_UNAVAILABLE, "%s: it printed '%s'", what, words);
    return psd_error_set(error, PSD_UNAVAILABLE, "%s: it printed nothing", what);
}

static int check_end(const psd_command_result *result, psd_error *error)
{
    char what[64];
    if (result->signal != 0) {
        const char *name = sigabbrev_np(result->signal);
        snprintf(what, sizeof(what), "ipmitool was ended by signal %s", name ? name : "(unknown)");
        return refuse(result, what, error);
    }
    if (result->exit_code != 0) {
        snprintf(what, sizeof(what), "ipmitool failed with exit code %d", result->exit_code);
        return refuse(result, what, error);
    }
    if (result->out.cut)
        return refuse(result, "ipmitool printed more than it ever should", error);
    if (result->out.text.length > 0 && memchr(result->out.text.data, '\0', result->out.text.length))
        return refuse(result, "ipmitool printed something that is no text", error);
    return 0;
}

/* ---- lan print ---- */

/* The value of a line "LABEL    : VALUE". */
static bool read_field(span line, const char *label, span *value)
{
    const char *colon = memchr(line.data, ':', line.length);
    if (!colon)
        return false;
    size_t before = (size_t)(colon - line.data);
    if (!equals(trimmed((span){line.data, before}), label))
        return false;
    *value = trimmed((span){colon + 1, line.length - before - 1});
    return true;
}

/* Why no host can have ADDRESS; NULL when one can. */
static const char *unusable(struct in_addr address)
{
    uint32_t number = ntohl(address.s_addr);
    if (number == 0)
        return "the BMC has no address (0.0.0.0)";
    if (number >> 24 == 0 || number >> 24 == 127 || number >> 28 >= 14)
        return "the BMC's address is not one that a host can have";
    return NULL;
}

static int check_address(span value, struct in_addr *address, psd_error *error)
{
    char words[QUOTE_SIZE];
    char text[INET_ADDRSTRLEN];
    quote(value, words);
    if (value.length >= sizeof(text))
        return psd_error_set(error, PSD_UNAVAILABLE, "ipmitool printed no IPv4 address but '%s'", words);
    memcpy(text, value.data, value.length);
    text[value.length] = '\0';
    if (inet_pton(AF_INET, text, address) != 1)
        return psd_error_set(error, PSD_UNAVAILABLE, "ipmitool printed no IPv4 address but '%s'", words);
    const char *reason = unusable(*address);
    return reason ? psd_error_set(error, PSD_UNAVAILABLE, "%s: ipmitool printed '%s'", reason, words) : 0;
}

int psd_ipmitool_read_address(const psd_command_result *result, char address[INET_ADDRSTRLEN],
                              psd_error *error)
{
    if (check_end(result, error) < 0)
        return -1;
    span rest = whole(&result->out);
    span line = {NULL, 0};
    span value = {NULL, 0};
    struct in_addr found = {0};
    bool is_found = false;
    while (next_line(&rest, &line)) {
        struct in_addr this = {0};
        if (!read_field(line, "IP Address", &value))
            continue;
        if (check_address(value, &this, error) < 0)
            return -1;
        if (is_found && this.s_addr != found.s_addr)
            return psd_error_set(error, PSD_UNAVAILABLE, "ipmitool printed two different addresses");
        found = this;
        is_found = true;
    }
    if (!is_found)
        return refuse(result, "ipmitool printed no line 'IP Address'", error);
    inet_ntop(AF_INET, &found, address, INET_ADDRSTRLEN);
    return 0;
}

/* ---- chassis power status ---- */

int psd_ipmitool_read_power(const psd_command_result *result, Polarstack__V1__PowerState *power,
                            psd_error *error)
{
    if (check_end(result, error) < 0)
        return -1;
    span rest = whole(&result->out);
    span line = {NULL, 0};
    bool on = false;
    bool off = false;
    while (next_line(&rest, &line)) {
        on = on || equals(trimmed(line), "Chassis Power is on");
        off = off || equals(trimmed(line), "Chassis Power is off");
    }
    if (on == off)
        return refuse(result, "ipmitool did not print whether the power is on", error);
    *power = on ? POLARSTACK__V1__POWER_STATE__POWER_ON : POLARSTACK__V1__POWER_STATE__POWER_OFF;
    return 0;
}

/* ---- the rest ---- */

bool psd_ipmitool_lacks_device(const psd_command_result *result)
{
    static const char opening[] = "Could not open device at ";
    static const char *const reasons[] = {": No such file or directory", ": No such device",
                                          ": No such device or address"};
    if (result->exit_code == 0)
        return false;
    span rest = whole(&result->err);
    span line = {NULL, 0};
    while (next_line(&rest, &line)) {
        line = trimmed(line);
        if (line.length < sizeof(opening) || memcmp(line.data, opening, sizeof(opening) - 1) != 0)
            continue;
        for (size_t i = 0; i < PSD_ARRAY_SIZE(reasons); i++) {
            if (ends_in(line, reasons[i]))
                return true;
        }
    }
    return false;
}

int psd_ipmitool_check_arguments(const char *arguments, psd_error *error)
{
    static const char secrets[] = "PkyYa"; /* password, key, or a question for one */
    for (const char *word = arguments; *word;) {
        size_t length = strcspn(word, " ");
        if (length >= 2 && word[0] == '-' && strchr(secrets, word[1]))
            return psd_error_set(
                error, PSD_INVALID_ARGUMENT,
                "'-%c' would show a secret to all users of the host, or ask for one: use '-f FILE'", word[1]);
        word += length;
        word += *word == ' ';
    }
    return 0;
}
