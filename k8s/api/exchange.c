/* exchange.c - one request as a curl transfer, and what its outcome means. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include <netinet/in.h>
#include <netinet/tcp.h>

#include "common/cleanup.h"
#include "common/text.h"
#include "k8s/api/kube_loop.h"

enum {
    MAX_ANSWER = 16 << 20,
    CONNECT_TIMEOUT_MS = 5000,
    /* Unanswered bytes end a connection after this. */
    TCP_TIMEOUT_MS = 20000,
    KEEPALIVE_IDLE_S = 15,
    KEEPALIVE_PERIOD_S = 5,
    CA_CACHE_S = 60, /* a changed CA file counts after that */
    MOST_RETRY_AFTER_S = 300,
};

/* ---- callbacks of curl ---- */

static size_t collect(psd_kube_exchange *exchange, const char *bytes, size_t length)
{
    if (exchange->collected_length + length > MAX_ANSWER) {
        exchange->too_large = true;
        return 0;
    }
    char *grown = realloc(exchange->collected, exchange->collected_length + length + 1);
    if (!grown)
        return 0;
    memcpy(grown + exchange->collected_length, bytes, length);
    exchange->collected = grown;
    exchange->collected_length += length;
    grown[exchange->collected_length] = '\0';
    return length;
}

static size_t body_arrived(char *bytes, size_t size, size_t count, void *arg)
{
    psd_kube_exchange *exchange = arg;
    if (exchange->cancelled)
        return 0;
    long status = 0;
    curl_easy_getinfo(exchange->easy, CURLINFO_RESPONSE_CODE, &status);
    if (!exchange->events.data || status != 200)
        return collect(exchange, bytes, size * count);
    exchange->events.data(exchange->events.arg, bytes, size * count);
    return exchange->cancelled ? 0 : size * count;
}

/* The value of header NAME in LINE, which does not end in a zero byte. */
static bool header_value(const char *line, size_t length, const char *name, char *value, size_t value_size)
{
    size_t name_length = strlen(name);
    if (length <= name_length || strncasecmp(line, name, name_length) != 0 || line[name_length] != ':')
        return false;
    const char *at = line + name_length + 1;
    const char *end = line + length;
    while (at < end && *at == ' ')
        at++;
    while (end > at && (end[-1] == '\r' || end[-1] == '\n'))
        end--;
    snprintf(value, value_size, "%.*s", (int)(end - at), at);
    return true;
}

static size_t header_arrived(char *line, size_t size, size_t count, void *arg)
{
    psd_kube_exchange *exchange = arg;
    char value[64];
    long status = 0;
    bool is_last = size * count <= 2 && line[0] == '\r';
    if (is_last && exchange->events.opened && !exchange->cancelled &&
        curl_easy_getinfo(exchange->easy, CURLINFO_RESPONSE_CODE, &status) == CURLE_OK && status == 200)
        exchange->events.opened(exchange->events.arg);
    if (header_value(line, size * count, "date", value, sizeof(value))) {
        time_t date = curl_getdate(value, NULL);
        exchange->server_time_ms = date > 0 ? (int64_t)date * 1000 : 0;
    } else if (header_value(line, size * count, "retry-after", value, sizeof(value))) {
        long seconds = strtol(value, NULL, 10);
        if (seconds > 0)
            exchange->retry_after_ms = 1000 * (seconds < MOST_RETRY_AFTER_S ? seconds : MOST_RETRY_AFTER_S);
    }
    return size * count;
}

static int set_up_socket(void *arg PSD_UNUSED, curl_socket_t fd, curlsocktype purpose PSD_UNUSED)
{
    unsigned timeout_ms = TCP_TIMEOUT_MS;
    setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &timeout_ms, sizeof(timeout_ms));
    return CURL_SOCKOPT_OK;
}

/* ---- the transfer ---- */

static void add_header(psd_kube_exchange *exchange, const char *header)
{
    struct curl_slist *longer = curl_slist_append(exchange->headers, header);
    if (!longer)
        abort();
    exchange->headers = longer;
}

static void set_pem(CURL *easy, const psd_pem *pem, CURLoption file, CURLoption blob)
{
    if (pem->data) {
        struct curl_blob bytes = {.data = pem->data, .len = strlen(pem->data), .flags = CURL_BLOB_COPY};
        curl_easy_setopt(easy, blob, &bytes);
    } else if (pem->file) {
        curl_easy_setopt(easy, file, pem->file);
    }
}

static void set_identity(psd_kube_exchange *exchange, const psd_kube_credentials *credentials,
                         const char *token)
{
    CURL *easy = exchange->easy;
    /* A CA that was given is the only one that counts. */
    if (credentials->ca.data || credentials->ca.file)
        curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
    set_pem(easy, &credentials->ca, CURLOPT_CAINFO, CURLOPT_CAINFO_BLOB);
    set_pem(easy, &credentials->certificate, CURLOPT_SSLCERT, CURLOPT_SSLCERT_BLOB);
    set_pem(easy, &credentials->key, CURLOPT_SSLKEY, CURLOPT_SSLKEY_BLOB);
    if (credentials->insecure) {
        curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 0L);
        curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 0L);
    }
    curl_easy_setopt(easy, CURLOPT_CA_CACHE_TIMEOUT, (long)CA_CACHE_S);
    if (token) {
        PSD_AUTO_TEXT header = PSD_TEXT_INIT;
        psd_text_printf(&header, "Authorization: Bearer %s", token);
        add_header(exchange, psd_text_string(&header));
        explicit_bzero(header.data, header.length);
    }
}

/* Where the certificate has another name than the address (tls-server-name), the url
 * names the one, and the connection goes to the other. */
static void set_url(psd_kube_exchange *exchange, const char *url, const char *server_name)
{
    if (!server_name) {
        curl_easy_setopt(exchange->easy, CURLOPT_URL, url);
        return;
    }
    CURLU *parts = curl_url();
    char *host = NULL;
    char *port = NULL;
    char *named = NULL;
    PSD_AUTO_TEXT address = PSD_TEXT_INIT;
    if (!parts)
        abort();
    if (curl_url_set(parts, CURLUPART_URL, url, 0) == CURLUE_OK &&
        curl_url_get(parts, CURLUPART_HOST, &host, 0) == CURLUE_OK &&
        curl_url_get(parts, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) == CURLUE_OK &&
        curl_url_set(parts, CURLUPART_HOST, server_name, 0) == CURLUE_OK &&
        curl_url_get(parts, CURLUPART_URL, &named, 0) == CURLUE_OK) {
        psd_text_printf(&address, "::%s:%s", host, port);
        exchange->connect_to = curl_slist_append(NULL, psd_text_string(&address));
        curl_easy_setopt(exchange->easy, CURLOPT_CONNECT_TO, exchange->connect_to);
    }
    /* A url that cannot be taken apart is refused by the transfer, with the reason. */
    curl_easy_setopt(exchange->easy, CURLOPT_URL, named ? named : url);
    curl_free(host);
    curl_free(port);
    curl_free(named);
    curl_url_cleanup(parts);
}

static void set_body(psd_kube_exchange *exchange, const psd_kube_request *request)
{
    if (!request->body)
        return;
    PSD_AUTO_TEXT type = PSD_TEXT_INIT;
    psd_text_printf(&type, "Content-Type: %s", request->content_type);
    add_header(exchange, psd_text_string(&type));
    exchange->sent = strdup(request->body);
    if (!exchange->sent)
        abort();
    curl_easy_setopt(exchange->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)strlen(exchange->sent));
    curl_easy_setopt(exchange->easy, CURLOPT_POSTFIELDS, exchange->sent);
}

static void set_connection(CURL *easy)
{
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "https,http");
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
    curl_easy_setopt(easy, CURLOPT_PIPEWAIT, 1L);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_TIMEOUT_MS);
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPIDLE, (long)KEEPALIVE_IDLE_S);
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPINTVL, (long)KEEPALIVE_PERIOD_S);
    curl_easy_setopt(easy, CURLOPT_SOCKOPTFUNCTION, set_up_socket);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "polarstack-bridge/" PSD_VERSION);
    curl_easy_setopt(easy, CURLOPT_PROXY, ""); /* an agent talks to its cluster directly */
}

psd_kube_exchange *psd_kube_exchange_new(psd_kube *kube, const psd_kube_credentials *credentials,
                                         const char *token, const psd_kube_request *request,
                                         uint32_t timeout_ms, const psd_kube_events *events)
{
    psd_kube_exchange *made = calloc(1, sizeof(*made));
    PSD_AUTO_TEXT url = PSD_TEXT_INIT;
    PSD_AUTO_TEXT what = PSD_TEXT_INIT;
    psd_text_printf(&what, "%s %s", request->method, request->path);
    psd_text_printf(&url, "%s%s%s%s", credentials->server, request->path, request->query ? "?" : "",
                    request->query ? request->query : "");
    if (!made || !(made->easy = curl_easy_init()) || !(made->what = strdup(psd_text_string(&what))))
        abort();
    made->kube = kube;
    made->events = *events;
    CURL *easy = made->easy;
    set_connection(easy);
    set_identity(made, credentials, token);
    set_url(made, psd_text_string(&url), credentials->server_name);
    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request->method);
    set_body(made, request);
    add_header(made, "Accept: application/json");
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, made->headers);
    if (timeout_ms != UINT32_MAX)
        curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)timeout_ms);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, made->curl_text);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, body_arrived);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, made);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, header_arrived);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, made);
    curl_easy_setopt(easy, CURLOPT_PRIVATE, made);
    return made;
}

void psd_kube_exchange_free(psd_kube_exchange *exchange)
{
    curl_easy_cleanup(exchange->easy);
    curl_slist_free_all(exchange->headers);
    curl_slist_free_all(exchange->connect_to);
    free(exchange->sent);
    free(exchange->what);
    free(exchange->collected);
    free(exchange);
}

/* ---- its outcome ---- */

static psd_code code_of_status(long status, const char *reason)
{
    switch (status) {
    case 400:
    case 422:
        return PSD_INVALID_ARGUMENT;
    case 401:
        return PSD_UNAUTHENTICATED;
    case 403:
        return PSD_PERMISSION_DENIED;
    case 404:
        return PSD_NOT_FOUND;
    case 409:
        return reason && strcmp(reason, "AlreadyExists") == 0 ? PSD_ALREADY_EXISTS : PSD_ABORTED;
    case 410:
        return PSD_OUT_OF_RANGE;
    case 413:
    case 429:
        return PSD_RESOURCE_EXHAUSTED;
    case 504:
        return PSD_DEADLINE_EXCEEDED;
    default:
        return status >= 500 ? PSD_UNAVAILABLE : PSD_UNKNOWN;
    }
}

/* The server's own words: a Status object, or plain text. */
static void describe_refusal(psd_kube_exchange *exchange, long status, psd_error *error)
{
    PSD_AUTO_JSON cJSON *body = exchange->collected
                                    ? cJSON_ParseWithLength(exchange->collected, exchange->collected_length)
                                    : NULL;
    const char *message = psd_json_string(body, "message");
    psd_error_set(error, code_of_status(status, psd_json_string(body, "reason")), "%s: HTTP %ld: %.300s",
                  exchange->what, status,
                  message               ? message
                  : exchange->collected ? exchange->collected
                                        : "no reason given");
    psd_text_flatten(error->text); /* a proxy in between may answer with a page of HTML */
    int64_t seconds = psd_json_integer(body, "details/retryAfterSeconds", 0);
    if (exchange->retry_after_ms == 0 && seconds > 0)
        exchange->retry_after_ms = 1000 * (seconds < MOST_RETRY_AFTER_S ? seconds : MOST_RETRY_AFTER_S);
}

static void describe_failure(psd_kube_exchange *exchange, CURLcode code, psd_error *error)
{
    const char *text = exchange->curl_text[0] ? exchange->curl_text : curl_easy_strerror(code);
    switch (code) {
    case CURLE_OPERATION_TIMEDOUT:
        psd_error_set(error, PSD_DEADLINE_EXCEEDED, "%s: the API server did not answer in time: %s",
                      exchange->what, text);
        return;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_ISSUER_ERROR:
        psd_error_set(error, PSD_UNAUTHENTICATED,
                      "%s: the TLS certificates do not fit (check the CA and the dates): %s",
                      psd_kube_server(exchange->kube), text);
        return;
    case CURLE_WRITE_ERROR:
        if (exchange->too_large) {
            psd_error_set(error, PSD_RESOURCE_EXHAUSTED, "%s: the answer is larger than %d MiB",
                          exchange->what, MAX_ANSWER >> 20);
            return;
        }
        break;
    default:
        break;
    }
    psd_error_set(error, PSD_UNAVAILABLE, "cannot reach the API server %s: %s",
                  psd_kube_server(exchange->kube), text);
}

static void tell(psd_kube_exchange *exchange, long status, const psd_error *error)
{
    psd_kube_result result = {.status = status,
                              .retry_after_ms = exchange->retry_after_ms,
                              .server_time_ms = exchange->server_time_ms,
                              .body = exchange->collected ? exchange->collected : "",
                              .body_length = exchange->collected_length,
                              .error = error};
    exchange->events.done(exchange->events.arg, &result);
}

void psd_kube_exchange_finish(psd_kube_exchange *exchange, CURLcode code, bool *is_dead)
{
    if (exchange->cancelled)
        return;
    long status = 0;
    curl_off_t connect_us = 0;
    long connections = 0;
    curl_easy_getinfo(exchange->easy, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(exchange->easy, CURLINFO_CONNECT_TIME_T, &connect_us);
    curl_easy_getinfo(exchange->easy, CURLINFO_NUM_CONNECTS, &connections);
    psd_error error = PSD_ERROR_INIT;
    if (code != CURLE_OK)
        describe_failure(exchange, code, &error);
    else if (status < 200 || status > 299)
        describe_refusal(exchange, status, &error);
    /* A new connection that cannot be made says nothing of the others. */
    *is_dead = *is_dead || (code == CURLE_OPERATION_TIMEDOUT && (connections == 0 || connect_us > 0));
    tell(exchange, code == CURLE_OK ? status : 0, error.code == PSD_OK ? NULL : &error);
}

void psd_kube_exchange_fail(psd_kube_exchange *exchange, psd_code code, const char *reason)
{
    if (exchange->cancelled)
        return;
    psd_error error = PSD_ERROR_INIT;
    psd_error_set(&error, code, "%s: %s", exchange->what, reason);
    tell(exchange, 0, &error);
}
