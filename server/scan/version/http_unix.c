#include "server/scan/version/http_unix.h"

#include <curl/curl.h>
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>

#include "common/cleanup.h"
#include "common/clock.h"
#include "server/scan/version/unix_socket.h"

enum {
    MOST_HEADER_BYTES = 65536,
    /* Longer than any pause between two looks. A server may end it before. */
    KEPT_FOR_S = 2 * 86400,
    /* libcurl 7.88 reads HTTP/2 in pieces of 32 KiB. What of a piece does not fit into the
     * buffer of a transfer it may forget, and wait for more of what it has already. */
    BUFFER_BYTES = 131072,
};

struct psd_http {
    char *path;
    CURLM *multi;       /* NULL: no connection is kept */
    CURL *easy;         /* lives as long; making one anew costs more than a small answer */
    bool is_first;      /* no request was made with them yet */
    curl_socket_t kept; /* curl's own descriptor of the connection */
    unsigned connections;
};

/* One request under way. */
typedef struct http_exchange {
    const psd_http_request *request;
    psd_text *answer;
    size_t length; /* of the body */
    size_t header_length;
    bool too_large;
    char curl_text[CURL_ERROR_SIZE];
} http_exchange;

static pthread_once_t curl_once = PTHREAD_ONCE_INIT;

/* The first version that goes on with a kept connection of HTTP/2 when it is told of prior
 * knowledge. Earlier ones greet once more, which breaks it (curl's issue 10634); when they
 * are not told, they go on as it is. */
static const unsigned greets_once = 0x080000;
static bool curl_greets_again;

/* Without TLS, which a unix socket does not need. */
static void init_curl(void)
{
    curl_global_init(CURL_GLOBAL_NOTHING);
    curl_greets_again = curl_version_info(CURLVERSION_NOW)->version_num < greets_once;
}

psd_http *psd_http_new(const char *path)
{
    psd_http *http = calloc(1, sizeof(*http));
    if (!http)
        abort();
    http->path = psd_text_copy(path);
    return http;
}

/* Closes the kept connection as well. */
static void drop_connection(psd_http *http)
{
    if (http->easy)
        curl_easy_cleanup(http->easy);
    if (http->multi)
        curl_multi_cleanup(http->multi);
    http->easy = NULL;
    http->multi = NULL;
}

void psd_http_free(psd_http *http)
{
    if (!http)
        return;
    drop_connection(http);
    free(http->path);
    free(http);
}

/* That the server has closed it shows at once on a unix socket. */
static void drop_dead_connection(psd_http *http)
{
    struct pollfd kept = {.fd = http->kept, .events = POLLRDHUP};
    if (http->multi && (http->kept == CURL_SOCKET_BAD || (poll(&kept, 1, 0) > 0 && kept.revents)))
        drop_connection(http);
}

unsigned psd_http_connections(const psd_http *http)
{
    return http->connections;
}

/* ---- callbacks of curl ---- */

static size_t body_arrived(char *bytes, size_t size, size_t count, void *arg)
{
    http_exchange *exchange = arg;
    size_t length = size * count;
    if (length > exchange->request->most_bytes - exchange->length) {
        exchange->too_large = true;
        return 0;
    }
    exchange->length += length;
    psd_text_append(exchange->answer, bytes, length);
    return length;
}

static size_t header_arrived(char *line, size_t size, size_t count, void *arg)
{
    http_exchange *exchange = arg;
    size_t length = size * count;
    exchange->header_length += length;
    if (exchange->header_length > MOST_HEADER_BYTES) {
        exchange->too_large = true;
        return 0;
    }
    if (exchange->request->header)
        exchange->request->header(exchange->request->arg, line, length);
    return length;
}

/* ---- one request ---- */

static struct curl_slist *copy_headers(const char *const *headers)
{
    struct curl_slist *list = NULL;
    for (; headers && *headers; headers++) {
        struct curl_slist *longer = curl_slist_append(list, *headers);
        if (!longer)
            abort();
        list = longer;
    }
    return list;
}

/* What is the same for all requests. */
static void make_handles(psd_http *http)
{
    http->multi = curl_multi_init();
    http->easy = curl_easy_init();
    if (!http->multi || !http->easy)
        abort();
    http->is_first = true;
    curl_easy_setopt(http->easy, CURLOPT_UNIX_SOCKET_PATH, http->path);
    curl_easy_setopt(http->easy, CURLOPT_PROXY, ""); /* none of the environment's */
    curl_easy_setopt(http->easy, CURLOPT_NOPROXY, "");
    curl_easy_setopt(http->easy, CURLOPT_PROTOCOLS_STR, "http");
    curl_easy_setopt(http->easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(http->easy, CURLOPT_USERAGENT, "polarstack-daemon/" PSD_VERSION);
    curl_easy_setopt(http->easy, CURLOPT_BUFFERSIZE, (long)BUFFER_BYTES);
    curl_easy_setopt(http->easy, CURLOPT_MAXAGE_CONN, (long)KEPT_FOR_S);
    curl_easy_setopt(http->easy, CURLOPT_WRITEFUNCTION, body_arrived);
    curl_easy_setopt(http->easy, CURLOPT_HEADERFUNCTION, header_arrived);
}

static long http_version(const psd_http *http, bool http2)
{
    if (!http2)
        return CURL_HTTP_VERSION_1_1;
    return http->is_first || !curl_greets_again ? CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE
                                                : CURL_HTTP_VERSION_2TLS;
}

/* What is this request's; only http_exchange and HEADERS are borrowed for longer. */
static void set_request(psd_http *http, http_exchange *exchange, struct curl_slist *headers)
{
    const psd_http_request *request = exchange->request;
    PSD_AUTO_TEXT url = PSD_TEXT_INIT;
    psd_text_printf(&url, "http://localhost%s", request->target);
    curl_easy_setopt(http->easy, CURLOPT_URL, psd_text_string(&url));
    curl_easy_setopt(http->easy, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(http->easy, CURLOPT_HTTP_VERSION, http_version(http, request->http2));
    curl_easy_setopt(http->easy, CURLOPT_HTTPGET, 1L);
    if (request->body) {
        curl_easy_setopt(http->easy, CURLOPT_POST, 1L);
        curl_easy_setopt(http->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body->length);
        curl_easy_setopt(http->easy, CURLOPT_POSTFIELDS, psd_text_string(request->body));
    }
    curl_easy_setopt(http->easy, CURLOPT_WRITEDATA, exchange);
    curl_easy_setopt(http->easy, CURLOPT_HEADERDATA, exchange);
    curl_easy_setopt(http->easy, CURLOPT_ERRORBUFFER, exchange->curl_text);
    http->is_first = false;
}

/* Nothing of a request that is over is referred to. */
static void clear_request(psd_http *http)
{
    curl_easy_setopt(http->easy, CURLOPT_HTTPHEADER, NULL);
    curl_easy_setopt(http->easy, CURLOPT_POSTFIELDS, NULL);
    curl_easy_setopt(http->easy, CURLOPT_ERRORBUFFER, NULL);
    curl_easy_setopt(http->easy, CURLOPT_WRITEDATA, NULL);
    curl_easy_setopt(http->easy, CURLOPT_HEADERDATA, NULL);
}

/* Takes EASY through its transfer. -1: CANCELLED or DEADLINE_EXCEEDED. */
static int drive(CURLM *multi, const psd_wait *wait, CURLcode *result, psd_error *error)
{
    for (;;) {
        int running = 0;
        int left = 0;
        curl_multi_perform(multi, &running);
        const CURLMsg *message = curl_multi_info_read(multi, &left);
        if (message) {
            *result = message->data.result;
            return 0;
        }
        struct pollfd none = {.fd = -1};
        if (psd_wait_poll(wait, &none, 1, 0, error) < 0)
            return psd_socket_gave_up(error);
        int64_t left_ms = wait->deadline_ms - psd_clock_mono_ms();
        int pause_ms = left_ms <= 0 ? 0 : left_ms > INT_MAX ? INT_MAX : (int)left_ms;
        struct curl_waitfd stopped = {.fd = wait->stop ? wait->stop->fd : -1, .events = CURL_WAIT_POLLIN};
        curl_multi_poll(multi, &stopped, wait->stop ? 1 : 0, pause_ms, NULL);
    }
}

static int describe(CURL *easy, const http_exchange *exchange, CURLcode result, psd_error *error)
{
    long sys_errno = 0;
    if (exchange->too_large)
        return psd_error_set(error, PSD_RESOURCE_EXHAUSTED, "its answer is larger than %zu MiB",
                             exchange->request->most_bytes >> 20);
    if (result == CURLE_COULDNT_CONNECT &&
        curl_easy_getinfo(easy, CURLINFO_OS_ERRNO, &sys_errno) == CURLE_OK && sys_errno != 0)
        return psd_socket_refusal((int)sys_errno, error);
    psd_error_set(error, PSD_UNAVAILABLE, "it gave no whole answer: %s",
                  exchange->curl_text[0] ? exchange->curl_text : curl_easy_strerror(result));
    if (error)
        psd_text_flatten(error->text);
    return -1;
}

static int perform(psd_http *http, const http_exchange *exchange, const psd_wait *wait, long *status,
                   psd_error *error)
{
    CURLcode result = CURLE_OK;
    long connections = 0;
    if (curl_multi_add_handle(http->multi, http->easy) != CURLM_OK)
        return psd_error_set(error, PSD_INTERNAL, "libcurl refuses a transfer");
    int outcome = drive(http->multi, wait, &result, error);
    curl_easy_getinfo(http->easy, CURLINFO_NUM_CONNECTS, &connections);
    http->connections += (unsigned)connections;
    curl_easy_getinfo(http->easy, CURLINFO_RESPONSE_CODE, status);
    curl_easy_getinfo(http->easy, CURLINFO_ACTIVESOCKET, &http->kept);
    if (outcome == 0 && result != CURLE_OK)
        outcome = describe(http->easy, exchange, result, error);
    curl_multi_remove_handle(http->multi, http->easy);
    return outcome;
}

int psd_http_ask(psd_http *http, const psd_http_request *request, const psd_wait *wait, long *status,
                 psd_text *answer, psd_error *error)
{
    http_exchange exchange = {.request = request, .answer = answer};
    pthread_once(&curl_once, init_curl);
    drop_dead_connection(http);
    if (!http->multi)
        make_handles(http);
    struct curl_slist *headers = copy_headers(request->headers);
    set_request(http, &exchange, headers);
    int outcome = perform(http, &exchange, wait, status, error);
    clear_request(http);
    curl_slist_free_all(headers);
    if (outcome < 0)
        drop_connection(http);
    return outcome;
}
