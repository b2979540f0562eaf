#include "common/rpc/endpoint.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>

#include "common/parse.h"

static const char ipc_scheme[] = "ipc://";
static const char tcp_scheme[] = "tcp://";

static int parse_ipc(psd_endpoint *endpoint, psd_error *error)
{
    const char *path = endpoint->url + strlen(ipc_scheme);
    size_t length = strlen(path);
    size_t stem = length > 5 && strcmp(path + length - 5, ".sock") == 0 ? length - 5 : length;
    endpoint->is_ipc = true;
    endpoint->path = path;
    snprintf(endpoint->stream_url, PSD_URL_SIZE, "%s%.*s.stream%s", ipc_scheme, (int)stem, path, path + stem);
    if (path[0] != '/')
        return psd_error_set(error, PSD_INVALID_ARGUMENT,
                             "'%s' needs an absolute path, as in ipc:///run/x.sock", endpoint->url);
    size_t longest = sizeof(((struct sockaddr_un *)NULL)->sun_path) - 1;
    if (strlen(endpoint->stream_url) - strlen(ipc_scheme) > longest)
        return psd_error_set(error, PSD_INVALID_ARGUMENT,
                             "socket path '%s' is too long: a unix socket's path has at most %zu bytes, "
                             "'.stream' included; use a shorter folder",
                             path, longest);
    return 0;
}

static bool host_is_loopback(const char *host, size_t length)
{
    static const char *const names[] = {"localhost", "[::1]"};
    for (size_t i = 0; i < PSD_ARRAY_SIZE(names); i++) {
        if (length == strlen(names[i]) && strncmp(host, names[i], length) == 0)
            return true;
    }
    /* Digits and dots only: "127.evil.example" is a name, not an address. */
    return strncmp(host, "127.", 4) == 0 && strspn(host, "0123456789.") == length;
}

static int parse_tcp(psd_endpoint *endpoint, psd_error *error)
{
    const char *host = endpoint->url + strlen(tcp_scheme);
    const char *colon = strrchr(host, ':');
    uint64_t port = 0;
    if (!colon || colon == host)
        return psd_error_set(error, PSD_INVALID_ARGUMENT, "'%s' is not tcp://HOST:PORT", endpoint->url);
    if (psd_parse_uint(colon + 1, 1, 65534, &port, error) < 0)
        return psd_error_prefix(error, "port of '%s'", endpoint->url);
    endpoint->is_loopback = host_is_loopback(host, (size_t)(colon - host));
    snprintf(endpoint->stream_url, PSD_URL_SIZE, "%s%.*s:%u", tcp_scheme, (int)(colon - host), host,
             (unsigned)port + 1);
    return 0;
}

int psd_endpoint_parse(const char *url, psd_endpoint *endpoint, psd_error *error)
{
    *endpoint = (psd_endpoint){.is_ipc = false};
    /* Room for ".stream" and a longer port. */
    if (strlen(url) + 16 > PSD_URL_SIZE)
        return psd_error_set(error, PSD_INVALID_ARGUMENT, "url '%.40s...' is too long", url);
    snprintf(endpoint->url, sizeof(endpoint->url), "%s", url);
    if (strncmp(url, ipc_scheme, strlen(ipc_scheme)) == 0)
        return parse_ipc(endpoint, error);
    if (strncmp(url, tcp_scheme, strlen(tcp_scheme)) == 0)
        return parse_tcp(endpoint, error);
    return psd_error_set(error, PSD_INVALID_ARGUMENT, "url '%s' begins with neither ipc:// nor tcp://", url);
}
