#include "server/scan/version/image_name.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

enum {
    LONGEST_NAME = 255, /* registry and path */
    LONGEST_TAG = 128,
    LONGEST_SHOWN = 160, /* of a reference in an error */
    SHORT_ID_LENGTH = 64,
};

/* A piece of the reference; does not end in a zero byte. */
typedef struct piece {
    const char *at;
    size_t length;
} piece;

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_lower(char c)
{
    return c >= 'a' && c <= 'z';
}

static bool is_upper(char c)
{
    return c >= 'A' && c <= 'Z';
}

static bool is_small_alnum(char c)
{
    return is_lower(c) || is_digit(c);
}

static bool is_alnum(char c)
{
    return is_small_alnum(c) || is_upper(c);
}

static bool is(piece text, const char *word)
{
    return text.length == strlen(word) && memcmp(text.at, word, text.length) == 0;
}

/* Cuts off what is before C, and C itself. False when there is no C. */
static bool cut(piece *rest, char c, piece *before)
{
    const char *found = memchr(rest->at, c, rest->length);
    if (!found)
        return false;
    *before = (piece){rest->at, (size_t)(found - rest->at)};
    *rest = (piece){found + 1, rest->length - before->length - 1};
    return true;
}

static bool all_hex(piece text)
{
    for (size_t i = 0; i < text.length; i++) {
        if (!is_digit(text.at[i]) && (text.at[i] < 'a' || text.at[i] > 'f'))
            return false;
    }
    return true;
}

static int refuse(const char *reference, const char *why, psd_error *error)
{
    psd_error_set(error, PSD_INVALID_ARGUMENT, "'%.*s' is no image reference: %s", LONGEST_SHOWN, reference,
                  why);
    if (error)
        psd_text_flatten(error->text);
    return -1;
}

/* ---- the parts: what is wrong with them, or NULL ---- */

/* Letters and digits, with '-' between them. */
static bool is_host_label(piece label)
{
    if (label.length == 0 || !is_alnum(label.at[0]) || !is_alnum(label.at[label.length - 1]))
        return false;
    for (size_t i = 0; i < label.length; i++) {
        if (!is_alnum(label.at[i]) && label.at[i] != '-')
            return false;
    }
    return true;
}

/* Between the brackets of an IPv6 address, which nobody looks at closer. */
static bool is_in_brackets(piece host)
{
    if (host.length < 4 || host.at[0] != '[' || host.at[host.length - 1] != ']')
        return false;
    for (size_t i = 1; i + 1 < host.length; i++) {
        char c = host.at[i];
        if (!is_digit(c) && (c < 'a' || c > 'f') && (c < 'A' || c > 'F') && c != ':')
            return false;
    }
    return true;
}

static const char *check_registry(piece registry)
{
    static const char wrong[] = "the registry is no host with or without a port";
    piece host = registry;
    const char *colon = memrchr(registry.at, ':', registry.length);
    if (colon && registry.at[registry.length - 1] != ']') {
        host.length = (size_t)(colon - registry.at);
        piece port = {colon + 1, registry.length - host.length - 1};
        for (size_t i = 0; i < port.length; i++) {
            if (!is_digit(port.at[i]))
                return wrong;
        }
        if (port.length == 0)
            return wrong;
    }
    if (is_in_brackets(host))
        return NULL;
    piece label;
    while (cut(&host, '.', &label)) {
        if (!is_host_label(label))
            return wrong;
    }
    return is_host_label(host) ? NULL : wrong;
}

/* How much of TEXT is one separator inside a part of a path: ".", "_", "__" or any
 * number of "-". */
static size_t separator_length(const char *text, size_t left)
{
    size_t dashes = 0;
    if (left >= 2 && text[0] == '_' && text[1] == '_')
        return 2;
    if (text[0] == '.' || text[0] == '_')
        return 1;
    while (dashes < left && text[dashes] == '-')
        dashes++;
    return dashes;
}

static const char *check_path_part(piece part)
{
    static const char wrong[] = "a part of its path is not made of a-z and 0-9, with '.', '_', '__' or '-' "
                                "between them";
    size_t i = 0;
    if (part.length == 0)
        return "a part of its path is empty";
    for (;;) {
        size_t begin = i;
        while (i < part.length && is_small_alnum(part.at[i]))
            i++;
        if (i < part.length && is_upper(part.at[i]))
            return "its path has capital letters";
        if (i == begin)
            return wrong;
        if (i == part.length)
            return NULL;
        size_t separator = separator_length(part.at + i, part.length - i);
        if (separator == 0)
            return wrong;
        i += separator;
    }
}

static const char *check_path(piece path)
{
    const char *wrong = NULL;
    piece part;
    while (!wrong && cut(&path, '/', &part))
        wrong = check_path_part(part);
    return wrong ? wrong : check_path_part(path);
}

static const char *check_tag(piece tag)
{
    if (tag.length == 0)
        return "its tag is empty";
    if (tag.length > LONGEST_TAG)
        return "its tag has more than 128 characters";
    for (size_t i = 0; i < tag.length; i++) {
        bool between = i > 0 && (tag.at[i] == '.' || tag.at[i] == '-');
        if (!is_alnum(tag.at[i]) && tag.at[i] != '_' && !between)
            return "its tag is not made of letters, digits and '_', then '.' and '-', too";
    }
    return NULL;
}

static const char *check_digest(piece digest)
{
    static const struct {
        const char *name;
        size_t length;
    } kinds[] = {{"sha256", 64}, {"sha384", 96}, {"sha512", 128}};
    piece hex = digest;
    piece name;
    if (cut(&hex, ':', &name)) {
        for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
            if (is(name, kinds[i].name) && hex.length == kinds[i].length && all_hex(hex))
                return NULL;
        }
    }
    return "its digest is not sha256: and 64 (sha384: and 96, sha512: and 128) of 0-9 and a-f";
}

/* ---- the whole ---- */

typedef struct name_parts {
    piece registry, path, tag, digest; /* of length 0 where there is none */
    bool has_tag, has_digest;
} name_parts;

static bool is_registry(piece first)
{
    return memchr(first.at, '.', first.length) || memchr(first.at, ':', first.length) ||
           is(first, "localhost");
}

static void take_apart(const char *reference, name_parts *parts)
{
    piece rest = {reference, strlen(reference)};
    piece before = {reference, 0};
    if (cut(&rest, '@', &before)) {
        parts->has_digest = true;
        parts->digest = rest;
        rest = before;
    }
    piece after = rest;
    if (cut(&after, '/', &before) && is_registry(before)) {
        parts->registry = before;
        rest = after;
    }
    parts->path = rest;
    if (cut(&rest, ':', &before)) {
        parts->path = before;
        parts->tag = rest;
        parts->has_tag = true;
    }
}

/* An id names an image, too, but says nothing of the name that it should have. */
static bool is_id(const char *reference)
{
    piece id = {reference, strlen(reference)};
    piece before;
    if (strncmp(reference, "sha256:", 7) == 0)
        (void)cut(&id, ':', &before);
    return id.length == SHORT_ID_LENGTH && all_hex(id);
}

static const char *check(const char *reference, const name_parts *parts)
{
    const char *wrong = NULL;
    if (reference[0] == '\0')
        return "it is empty";
    if (is_id(reference))
        return "it is an image's id; a name is needed";
    if (parts->registry.length > 0)
        wrong = check_registry(parts->registry);
    if (!wrong)
        wrong = check_path(parts->path);
    if (!wrong && parts->has_tag)
        wrong = check_tag(parts->tag);
    if (!wrong && parts->has_digest)
        wrong = check_digest(parts->digest);
    return wrong;
}

int psd_image_name_resolve(const char *reference, psd_text *out, psd_error *error)
{
    name_parts parts = {.registry = {reference, 0}};
    take_apart(reference, &parts);
    const char *wrong = check(reference, &parts);
    if (wrong)
        return refuse(reference, wrong, error);
    bool is_hub = parts.registry.length == 0 || is(parts.registry, "docker.io") ||
                  is(parts.registry, "index.docker.io");
    out->length = 0;
    if (is_hub)
        psd_text_add(out, "docker.io");
    else
        psd_text_append(out, parts.registry.at, parts.registry.length);
    if (is_hub && !memchr(parts.path.at, '/', parts.path.length))
        psd_text_add(out, "/library");
    psd_text_add(out, "/");
    psd_text_append(out, parts.path.at, parts.path.length);
    if (out->length > LONGEST_NAME)
        return refuse(reference, "registry and path have more than 255 characters", error);
    if (parts.has_digest) {
        psd_text_add(out, "@");
        psd_text_append(out, parts.digest.at, parts.digest.length);
        return 0;
    }
    psd_text_add(out, ":");
    if (parts.has_tag)
        psd_text_append(out, parts.tag.at, parts.tag.length);
    else
        psd_text_add(out, "latest");
    return 0;
}
