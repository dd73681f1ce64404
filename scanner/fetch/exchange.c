#include "scanner/fetch/exchange.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <stdio.h>
#include <unistd.h>

#include "scanner/base/clock.h"
#include "scanner/base/memory.h"
#include "scanner/base/net_route.h"

#define NS_PER_MS     1000000U
#define BODY_KEPT_MAX (16U << 10) /* octets of body memory kept for reuse; our own bound */

/* Octets on the wire. A body of one octet a chunk and a record is 3 MB; what passes this is made
 * to never end: chunk extensions, tickets. */
#define WIRE_MAX (4U << 20)

/* Ends the transfer from inside of one of libcurl's callbacks. */
static size_t exchange_stop(struct exchange *x, enum policy_fetch outcome)
{
    x->outcome = outcome;
    return 0; /* never as many octets as there were */
}

static size_t on_trailer(struct exchange *x, size_t len)
{
    x->trailer_octets += (uint32_t)len;
    return x->trailer_octets > POLICY_HEAD_MAX ? exchange_stop(x, POLICY_FETCH_BODY_TOO_LARGE)
                                               : len;
}

static enum policy_fetch outcome_of_status(uint16_t status)
{
    return status >= 300 && status < 400 ? POLICY_FETCH_HTTP_REDIRECT : POLICY_FETCH_HTTP_STATUS;
}

static size_t on_head_line(char *at, size_t size, size_t count, void *arg)
{
    struct exchange *x = arg;
    size_t len = size * count;
    if (x->stage == EXCHANGE_BODY) {
        return on_trailer(x, len);
    }
    switch (response_head_line(&x->head, (struct span){(const uint8_t *)at, len})) {
    case HEAD_MORE:
        return len;
    case HEAD_MALFORMED:
        return exchange_stop(x, POLICY_FETCH_HTTP_MALFORMED);
    case HEAD_TOO_LARGE:
        return exchange_stop(x, POLICY_FETCH_HTTP_HEAD_TOO_LARGE);
    case HEAD_DONE:
        if (x->head.status != 200) {
            return exchange_stop(x, outcome_of_status(x->head.status));
        }
        x->stage = EXCHANGE_BODY;
        return len;
    }
    UNREACHABLE("unknown head_step");
}

static size_t on_body(char *at, size_t size, size_t count, void *arg)
{
    struct exchange *x = arg;
    struct span octets = {(const uint8_t *)at, size * count};
    size_t room = POLICY_BODY_MAX - x->body.len;
    (void)buf_append(&x->body, span_take(octets, room));
    return octets.len > room ? exchange_stop(x, POLICY_FETCH_BODY_TOO_LARGE) : octets.len;
}

static int bound_socket(const struct policy_address *to)
{
    int family = to->dial_address.family == 4 ? AF_INET : AF_INET6;
    int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_TCP);
    if (fd < 0) {
        return -errno;
    }
    int one = 1; /* the port is chosen at connect(): more than 28,000 connections at once */
    (void)setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof(one));
    struct sockaddr_storage local;
    socklen_t len = to->local.family != 0 ? net_addr_to_sockaddr(&to->local, 0, &local) : 0;
    if (len > 0 && bind(fd, (struct sockaddr *)&local, len) != 0) {
        int sys = -errno;
        (void)close(fd);
        return sys;
    }
    return fd;
}

/* Refuses whatever is not the address of this attempt: nothing that is answered here or in DNS can
 * lead elsewhere. */
static curl_socket_t on_open(void *arg, curlsocktype purpose, struct curl_sockaddr *to)
{
    struct exchange *x = arg;
    struct net_addr address;
    uint16_t port = 0;
    bool right = purpose == CURLSOCKTYPE_IPCXN && x->fd < 0 &&
                 net_addr_from_sockaddr(&to->addr, &address, &port) &&
                 net_addr_eq(&address, &x->address.dial_address) && port == x->address.dial_port;
    int fd = right ? bound_socket(&x->address) : -EACCES;
    int copy = fd >= 0 ? fcntl(fd, F_DUPFD_CLOEXEC, 0) : fd;
    if (fd >= 0 && copy < 0) {
        copy = -errno;
        (void)close(fd);
    }
    x->sys = copy < 0 ? copy : 0;
    x->fd = copy < 0 ? -1 : fd;
    return copy < 0 ? CURL_SOCKET_BAD : copy;
}

/* The connection ends here, whenever libcurl closes its own descriptor: 7.88 does so at once and tells
 * nobody where the connection was never made, 8.12 and later wait for the peer's close_notify. */
static void let_go(struct exchange *x)
{
    tls_evidence_detach(&x->tls);
    if (x->fd >= 0) {
        (void)shutdown(x->fd, SHUT_RDWR);
        (void)close(x->fd);
        x->fd = -1;
    }
}

/* TCP is connected, and TLS begins. */
static CURLcode on_ssl_ctx(CURL *easy, void *ssl, void *arg)
{
    (void)easy;
    struct exchange *x = arg;
    x->connected_ns = clock_monotonic_ns();
    x->stage = EXCHANGE_TLS;
    tls_evidence_install(&x->tls, ssl);
    return CURLE_OK;
}

/* The same without TLS, before the request is sent. */
static int on_request(void *arg, char *peer, char *local, int peer_port, int local_port)
{
    struct exchange *x = arg;
    (void)peer;
    (void)local;
    (void)peer_port;
    (void)local_port;
    x->connected_ns = clock_monotonic_ns();
    x->stage = EXCHANGE_HEAD;
    return CURL_PREREQFUNC_OK;
}

static void set_once(struct exchange *x)
{
    CURL *easy = x->easy;
    bool set =
        curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
        curl_easy_setopt(easy, CURLOPT_PRIVATE, x) == CURLE_OK &&
        curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, x->error) == CURLE_OK &&
        /* What is spoken. */
        curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, x->params->plain ? "http" : "https") ==
            CURLE_OK &&
        (!x->params->plain ||
         (curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, on_request) == CURLE_OK &&
          curl_easy_setopt(easy, CURLOPT_PREREQDATA, x) == CURLE_OK)) &&
        curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1) == CURLE_OK &&
        curl_easy_setopt(easy, CURLOPT_HTTP09_ALLOWED, 0L) == CURLE_OK &&
        curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK &&
        curl_easy_setopt(easy, CURLOPT_USERAGENT, x->params->user_agent) == CURLE_OK &&
        /* Nothing from the environment, nothing from before. An empty proxy is none at all. */
        curl_easy_setopt(easy, CURLOPT_PROXY, "") == CURLE_OK &&
        curl_easy_setopt(easy, CURLOPT_NOPROXY, "*") == CURLE_OK &&
        curl_easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED) == CURLE_OK &&
        curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L) == CURLE_OK &&
        curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L) == CURLE_OK &&
        curl_easy_setopt(easy, CURLOPT_DNS_CACHE_TIMEOUT, 0L) == CURLE_OK &&
        /* Certificates are evidence and judged elsewhere. Reading a bundle for each connection,
         * which the default CAPATH leads to, takes 30 ms. */
        curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 0L) == CURLE_OK &&
        curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 0L) == CURLE_OK &&
        curl_easy_setopt(easy, CURLOPT_CAPATH, NULL) == CURLE_OK &&
        curl_easy_setopt(easy, CURLOPT_CAINFO, NULL) == CURLE_OK &&
        curl_easy_setopt(easy, CURLOPT_SSL_SESSIONID_CACHE, 0L) == CURLE_OK &&
        curl_easy_setopt(easy, CURLOPT_SSL_CTX_FUNCTION, on_ssl_ctx) == CURLE_OK &&
        curl_easy_setopt(easy, CURLOPT_SSL_CTX_DATA, x) == CURLE_OK &&
        curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_open) == CURLE_OK &&
        curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, x) == CURLE_OK &&
        curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_head_line) == CURLE_OK &&
        curl_easy_setopt(easy, CURLOPT_HEADERDATA, x) == CURLE_OK &&
        curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body) == CURLE_OK &&
        curl_easy_setopt(easy, CURLOPT_WRITEDATA, x) == CURLE_OK;
    CHECK(set);
}

void exchange_init(struct exchange *x, const struct policy_fetcher_params *params, CURLM *multi,
                   const EVP_MD *sha256, EVP_MD_CTX *digest)
{
    *x = (struct exchange){
        .params = params,
        .multi = multi,
        .easy = curl_easy_init(),
        .fd = -1,
        .body = BUF_INIT(POLICY_BODY_MAX),
    };
    CHECK(x->easy != NULL);
    tls_evidence_init(&x->tls, sha256, digest);
    response_head_init(&x->head);
    set_once(x);
}

void exchange_deinit(struct exchange *x)
{
    curl_easy_cleanup(x->easy);
    curl_slist_free_all(x->connect_to);
    tls_evidence_deinit(&x->tls);
    response_head_deinit(&x->head);
    buf_deinit(&x->body);
}

/* Host and SNI stay those of the URL; whatever they are, the connection goes to one address. */
static bool set_target(struct exchange *x, const char *url)
{
    char to[NET_ADDR_TEXT_MAX + 16];
    char text[NET_ADDR_TEXT_MAX];
    (void)net_addr_format(&x->address.dial_address, text);
    bool v6 = x->address.dial_address.family == 6; /* in brackets, RFC 3986 section 3.2.2 */
    CHECK(snprintf(to, sizeof(to), "::%s%s%s:%u", v6 ? "[" : "", text, v6 ? "]" : "",
                   x->address.dial_port) < (int)sizeof(to));
    curl_slist_free_all(x->connect_to);
    x->connect_to = curl_slist_append(NULL, to);
    return x->connect_to != NULL && curl_easy_setopt(x->easy, CURLOPT_URL, url) == CURLE_OK &&
           curl_easy_setopt(x->easy, CURLOPT_CONNECT_TO, x->connect_to) == CURLE_OK;
}

void exchange_start(struct exchange *x, const char *url, const struct policy_address *to,
                    uint64_t total_ns)
{
    CHECK((x->stage == EXCHANGE_IDLE || x->stage == EXCHANGE_OVER) && x->fd < 0);
    tls_evidence_reset(&x->tls);
    response_head_reset(&x->head);
    buf_reset_trim(&x->body, BODY_KEPT_MAX);
    x->trailer_octets = 0;
    x->error[0] = '\0';
    x->address = *to;
    x->sys = 0;
    x->outcome = POLICY_FETCH_NOT_ASKED;
    x->stage = EXCHANGE_CONNECTING;
    x->started_ns = clock_monotonic_ns();
    x->connected_ns = 0;
    x->end_by_ns = x->started_ns + total_ns;
    if (!set_target(x, url) || curl_multi_add_handle(x->multi, x->easy) != CURLM_OK) {
        exchange_give_up(x, POLICY_FETCH_LOCAL_FAULT);
    }
}

/* The handshake has no callback of libcurl's at its end. */
static enum exchange_stage stage_now(const struct exchange *x)
{
    return x->stage == EXCHANGE_TLS && x->tls.ended_ns != 0 ? EXCHANGE_HEAD : x->stage;
}

static uint64_t after(uint64_t from_ns, uint32_t ms)
{
    return from_ns + (uint64_t)ms * NS_PER_MS;
}

/* The request went out. */
static uint64_t requested_ns(const struct exchange *x)
{
    return x->params->plain ? x->connected_ns : x->tls.ended_ns;
}

uint64_t exchange_due_ns(const struct exchange *x)
{
    const struct policy_fetcher_params *p = x->params;
    enum exchange_stage stage = stage_now(x);
    uint64_t due = stage == EXCHANGE_CONNECTING ? after(x->started_ns, p->connect_timeout_ms)
                   : stage == EXCHANGE_TLS      ? after(x->connected_ns, p->tls_timeout_ms)
                   : stage == EXCHANGE_HEAD     ? after(requested_ns(x), p->head_timeout_ms)
                                                : UINT64_MAX;
    return due < x->end_by_ns ? due : x->end_by_ns;
}

static enum policy_fetch timeout_at(enum exchange_stage stage)
{
    return stage == EXCHANGE_CONNECTING ? POLICY_FETCH_TCP_TIMEOUT
           : stage == EXCHANGE_TLS      ? POLICY_FETCH_TLS_TIMEOUT
           : stage == EXCHANGE_HEAD     ? POLICY_FETCH_HTTP_TIMEOUT
                                        : POLICY_FETCH_BODY_TIMEOUT;
}

/* Octets that came over TCP. Without TLS nothing of ours counts them: what libcurl tells of a body is
 * without the framing of its chunks. */
static uint64_t wire_octets(const struct exchange *x)
{
    struct tcp_info info = {0};
    socklen_t len = sizeof(info);
    if (!x->params->plain) {
        return x->tls.octets_in;
    }
    bool told = x->fd >= 0 && getsockopt(x->fd, IPPROTO_TCP, TCP_INFO, &info, &len) == 0;
    return told ? info.tcpi_bytes_received : 0;
}

bool exchange_check(struct exchange *x, uint64_t now_ns)
{
    if (now_ns >= exchange_due_ns(x)) {
        x->sys = stage_now(x) == EXCHANGE_CONNECTING ? -ETIMEDOUT : 0;
        exchange_give_up(x, timeout_at(stage_now(x)));
        return true;
    }
    if (x->tls.flooded) {
        exchange_give_up(x, POLICY_FETCH_TLS_FAILED); /* error_text says which bound it was */
        return true;
    }
    if (wire_octets(x) > WIRE_MAX) {
        exchange_give_up(x, x->stage == EXCHANGE_BODY ? POLICY_FETCH_BODY_TOO_LARGE
                                                      : POLICY_FETCH_HTTP_HEAD_TOO_LARGE);
        return true;
    }
    return false;
}

/* As session.c judges it. */
static enum policy_fetch conclude_connect(const struct exchange *x)
{
    const struct policy_address *a = &x->address;
    switch (-x->sys) {
    case ECONNREFUSED: /* a RST to our SYN */
        return POLICY_FETCH_TCP_REFUSED;
    case ETIMEDOUT:
        return POLICY_FETCH_TCP_TIMEOUT;
    case ECONNRESET:
        return POLICY_FETCH_TCP_RESET;
    case EHOSTUNREACH:
    case ENETUNREACH:
    case EACCES: /* ICMPv6 administratively prohibited */
        return net_route_exists(&a->dial_address, &a->local) ? POLICY_FETCH_TCP_UNREACHABLE
                                                             : POLICY_FETCH_LOCAL_FAULT;
    default: /* EMFILE, EADDRNOTAVAIL, ENOBUFS, EPERM, ...: never the target's doing */
        return POLICY_FETCH_LOCAL_FAULT;
    }
}

/* As handshake_outcome() judges it; this vocabulary has no word for "no shared cipher". */
static enum policy_fetch conclude_tls(struct exchange *x)
{
    struct seen_tls *seen = &x->tls.notes.seen;
    if (seen->alert_received >= 0) {
        return seen->alert_received == SSL_AD_PROTOCOL_VERSION ? POLICY_FETCH_TLS_NO_SHARED_VERSION
                                                               : POLICY_FETCH_TLS_ALERT;
    }
    switch (seen->error_code) {
    case 0:
        break;
    case SSL_R_UNSUPPORTED_PROTOCOL: /* the server answered with a version we did not offer */
    case SSL_R_WRONG_SSL_VERSION:
        return POLICY_FETCH_TLS_NO_SHARED_VERSION;
    default: /* OpenSSL's numbers */
        return POLICY_FETCH_TLS_FAILED;
    }
    if (x->tls.gone) {
        return POLICY_FETCH_TLS_CLOSED;
    }
    (void)snprintf(seen->error_text, sizeof(seen->error_text), "%.*s",
                   (int)sizeof(seen->error_text) - 1, x->error);
    return POLICY_FETCH_TLS_FAILED;
}

/* After the handshake: what is no fault of HTTP. */
static enum policy_fetch conclude_stream(const struct exchange *x, enum policy_fetch closed,
                                         enum policy_fetch otherwise)
{
    return x->tls.gone                             ? closed
           : x->tls.notes.seen.alert_sent >= 0     ? POLICY_FETCH_TLS_FAILED
           : x->tls.notes.seen.alert_received >= 0 ? closed
                                                   : otherwise;
}

/* A reset, without TLS between us and it. */
static bool is_cut_off(const struct exchange *x, CURLcode result)
{
    return x->params->plain && (result == CURLE_RECV_ERROR || result == CURLE_SEND_ERROR);
}

static enum policy_fetch conclude_head(const struct exchange *x, CURLcode result)
{
    /* A TLS 1.3 server judges what the client sent after the client is done with the handshake,
     * a missing certificate for one (RFC 8446 section 4.4.2.4). */
    if (x->tls.notes.seen.alert_received >= 0 && x->head.octets == 0) {
        return POLICY_FETCH_TLS_ALERT;
    }
    if (is_cut_off(x, result)) {
        return POLICY_FETCH_HTTP_CLOSED;
    }
    switch ((int)result) {
    case CURLE_OK:
    case CURLE_GOT_NOTHING:
        return POLICY_FETCH_HTTP_CLOSED;
    case CURLE_UNSUPPORTED_PROTOCOL: /* HTTP/0.9, or no HTTP at all */
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_BAD_CONTENT_ENCODING:
        return POLICY_FETCH_HTTP_MALFORMED;
    case CURLE_FILESIZE_EXCEEDED:
        return POLICY_FETCH_BODY_TOO_LARGE;
    case CURLE_OUT_OF_MEMORY: /* also said of a line that does not end */
    case 100:                 /* CURLE_TOO_LARGE, since libcurl 8.6 */
        return wire_octets(x) > POLICY_HEAD_MAX ? POLICY_FETCH_HTTP_HEAD_TOO_LARGE
                                                : POLICY_FETCH_LOCAL_FAULT;
    default:
        return conclude_stream(x, POLICY_FETCH_HTTP_CLOSED, POLICY_FETCH_HTTP_MALFORMED);
    }
}

static enum policy_fetch conclude_body(const struct exchange *x, CURLcode result)
{
    if (is_cut_off(x, result)) {
        return POLICY_FETCH_BODY_TRUNCATED;
    }
    switch ((int)result) {
    case CURLE_OK:
        return POLICY_FETCH_FETCHED;
    case CURLE_PARTIAL_FILE:
        return POLICY_FETCH_BODY_TRUNCATED;
    case CURLE_FILESIZE_EXCEEDED:
        return POLICY_FETCH_BODY_TOO_LARGE;
    case CURLE_OUT_OF_MEMORY:
        return POLICY_FETCH_LOCAL_FAULT;
    default: /* also: chunks that are none */
        return conclude_stream(x, POLICY_FETCH_BODY_TRUNCATED, POLICY_FETCH_HTTP_MALFORMED);
    }
}

static int system_error(const struct exchange *x)
{
    long error = 0;
    (void)curl_easy_getinfo(x->easy, CURLINFO_OS_ERRNO, &error);
    return -(int)error;
}

static enum policy_fetch exchange_conclude(struct exchange *x, CURLcode result)
{
    if (x->outcome != POLICY_FETCH_NOT_ASKED) {
        return x->outcome; /* by a callback */
    }
    if (x->tls.flooded) {
        return POLICY_FETCH_TLS_FAILED;
    }
    switch (stage_now(x)) {
    case EXCHANGE_CONNECTING:
        x->sys = x->sys != 0 ? x->sys : system_error(x);
        return conclude_connect(x);
    case EXCHANGE_TLS:
        return conclude_tls(x);
    case EXCHANGE_HEAD:
        return conclude_head(x, result);
    case EXCHANGE_BODY:
        return conclude_body(x, result);
    case EXCHANGE_IDLE:
    case EXCHANGE_OVER:
        break;
    }
    UNREACHABLE("an exchange that is not under way ended");
}

static void exchange_finish(struct exchange *x, enum policy_fetch outcome)
{
    x->outcome = outcome;
    x->ended_ns = clock_monotonic_ns();
    x->reached = stage_now(x);
    x->stage = EXCHANGE_OVER;
}

void exchange_ended(struct exchange *x, CURLcode result)
{
    exchange_finish(x, exchange_conclude(x, result));
    if (x->tls.reset && x->sys == 0) {
        x->sys = system_error(x);
    }
    CHECK(curl_multi_remove_handle(x->multi, x->easy) == CURLM_OK);
    let_go(x);
}

void exchange_give_up(struct exchange *x, enum policy_fetch outcome)
{
    exchange_finish(x, outcome);
    (void)curl_multi_remove_handle(x->multi, x->easy); /* or it was never added */
    let_go(x);
}
