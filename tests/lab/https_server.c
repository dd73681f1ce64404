#include "tests/lab/https_server.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/err.h>

#include "scanner/base/container.h"
#include "scanner/base/memory.h"
#include "tests/lab/address_plan.h"
#include "tests/lab/http_text.h"
#include "tests/lab/listener.h"
#include "tests/lab/name_text.h"

#define HELLO_MAX    17000 /* octets of a ClientHello: one record */
#define REQUEST_MAX  16384 /* octets of a request that are read */
#define ARRIVED_MAX  (64 * 1024)
#define LIFETIME_MS  300000
#define SLOWLY_MS    1000 /* between two octets */
#define AGAIN_MS     10   /* between two blocks of what has no end */
#define AGAIN_OCTETS 8192 /* a block at least */
#define ACCEPTS_MAX  64   /* per turn of the loop */
#define DEFAULT_NAMES \
    "default-web.mxlab.net" /* of the certificate for names that are no policy host */

enum exchange_state {
    EXCHANGE_HELLO,
    EXCHANGE_HANDSHAKE,
    EXCHANGE_REQUEST,
    EXCHANGE_ANSWER,
    EXCHANGE_DEAF, /* whatever comes is read and ignored */
};

/* One connection. */
struct exchange {
    struct source source;
    struct exchange *next;
    struct exchange *prev;
    struct https_server *server;
    struct net_addr address;
    enum exchange_state state;
    struct deadline latency;
    struct deadline pace; /* of what is sent slowly or again and again */
    struct deadline lifetime;
    struct buf arrived; /* waits for the latency */
    struct buf in;      /* the ClientHello, then the request */
    struct buf out;
    size_t out_sent;
    SSL *ssl;
    bool known; /* SNI is a policy host: */
    struct policy_host host;
    struct http_answer answer;
    size_t slowly_sent;
    bool write_watched;
    bool close_when_sent;
    bool counted_out;
    bool dead; /* to be freed by whoever called */
};

struct https_server {
    struct source source; /* the listener */
    struct loop *loop;
    struct https_server_params params;
    const struct world *world;
    struct tls_server *tls;
    struct counters *counters;
    struct exchange *first;
};

/* ---- ending ---- */

static void count_out(struct exchange *x)
{
    if (!x->counted_out) {
        x->counted_out = true;
        counters_end(x->server->counters, SIDE_POLICY, &x->address);
    }
}

static void exchange_free(struct exchange *x)
{
    struct https_server *s = x->server;
    count_out(x);
    if (x->prev != NULL) {
        x->prev->next = x->next;
    } else {
        s->first = x->next;
    }
    if (x->next != NULL) {
        x->next->prev = x->prev;
    }
    loop_clear(s->loop, &x->latency);
    loop_clear(s->loop, &x->pace);
    loop_clear(s->loop, &x->lifetime);
    loop_remove(s->loop, &x->source);
    (void)close(x->source.fd);
    SSL_free(x->ssl);
    http_answer_deinit(&x->answer);
    buf_deinit(&x->arrived);
    buf_deinit(&x->in);
    buf_deinit(&x->out);
    free(x);
}

static void exchange_reset(struct exchange *x)
{
    struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    (void)setsockopt(x->source.fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    x->dead = true;
}

/* ---- sending ---- */

static void watch_writes(struct exchange *x, bool on)
{
    if (x->write_watched != on) {
        x->write_watched = on;
        loop_change(x->server->loop, &x->source, EPOLLIN | (on ? (uint32_t)EPOLLOUT : 0));
    }
}

static void flush(struct exchange *x)
{
    while (!x->dead && x->out_sent < x->out.len) {
        ssize_t n =
            send(x->source.fd, x->out.at + x->out_sent, x->out.len - x->out_sent, MSG_NOSIGNAL);
        if (n < 0) {
            x->dead = x->dead || errno != EAGAIN;
            watch_writes(x, errno == EAGAIN);
            return;
        }
        x->out_sent += (size_t)n;
    }
    buf_reset(&x->out);
    x->out_sent = 0;
    watch_writes(x, false);
    x->dead = x->dead || x->close_when_sent;
}

static void move_tls_out(struct exchange *x)
{
    char *at;
    BIO *bio = SSL_get_wbio(x->ssl);
    long len = BIO_get_mem_data(bio, &at);
    if (len > 0) {
        buf_put(&x->out, (struct span){(const uint8_t *)at, (size_t)len});
        (void)BIO_reset(bio);
    }
}

static void say(struct exchange *x, struct span text)
{
    ERR_clear_error();
    if (text.len > 0 && SSL_write(x->ssl, text.at, (int)text.len) <= 0) {
        x->dead = true;
    }
    move_tls_out(x);
}

/* ---- HTTP ---- */

/* The announced end of TLS, so that the end of the body is no truncation. */
static void close_politely(struct exchange *x)
{
    ERR_clear_error();
    (void)SSL_shutdown(x->ssl);
    move_tls_out(x);
    x->close_when_sent = true;
}

static void say_again(struct exchange *x)
{
    struct buf block = BUF_INIT(BUF_NO_LIMIT);
    while (block.len < AGAIN_OCTETS) {
        buf_put(&block, buf_span(&x->answer.again));
    }
    say(x, buf_span(&block));
    buf_deinit(&block);
}

/* What is left of the answer once its first part is on its way. */
static void go_on(struct exchange *x)
{
    struct http_answer *a = &x->answer;
    if (x->slowly_sent < a->slowly.len) {
        say(x, (struct span){a->slowly.at + x->slowly_sent++, 1});
        loop_set(x->server->loop, &x->pace, SLOWLY_MS);
    } else if (a->again.len > 0) {
        if (x->out.len == 0) { /* no more than the client takes */
            say_again(x);
        }
        loop_set(x->server->loop, &x->pace, AGAIN_MS);
    } else if (a->close) {
        close_politely(x);
    }
}

static void on_request(struct exchange *x)
{
    struct https_server *s = x->server;
    struct buf body = BUF_INIT(BUF_NO_LIMIT);
    counters_add(s->counters, TOTAL_policy_requests);
    x->state = EXCHANGE_ANSWER;
    if (x->known && http_is_policy_request(buf_span(&x->in), x->host.name)) {
        world_policy_body(s->world, &x->host, &body);
        http_answer_policy(&x->host, buf_span(&body), &x->answer);
    } else {
        counters_add(s->counters, TOTAL_policy_other_requests);
        http_answer_status(404, &x->answer);
    }
    buf_deinit(&body);
    if (x->answer.reset) {
        exchange_reset(x);
        return;
    }
    say(x, buf_span(&x->answer.first));
    go_on(x);
}

static bool has_whole_head(const struct buf *in)
{
    static const char end[] = "\r\n\r\n";
    for (size_t i = 0; i + 4 <= in->len; i++) {
        if (memcmp(in->at + i, end, 4) == 0) {
            return true;
        }
    }
    return false;
}

static void read_decrypted(struct exchange *x)
{
    uint8_t plain[4096];
    while (!x->dead && !x->close_when_sent) {
        ERR_clear_error();
        int n = SSL_read(x->ssl, plain, sizeof(plain));
        if (n <= 0) {
            x->dead = x->dead || SSL_get_error(x->ssl, n) != SSL_ERROR_WANT_READ;
            return;
        }
        if (x->state != EXCHANGE_REQUEST) {
            continue;
        }
        if (!buf_append(&x->in, (struct span){plain, (size_t)n})) {
            http_answer_status(431, &x->answer);
            say(x, buf_span(&x->answer.first));
            close_politely(x);
        } else if (has_whole_head(&x->in)) {
            on_request(x);
        }
    }
}

/* ---- TLS ---- */

static void on_tls_data(struct exchange *x, struct span in)
{
    CHECK(BIO_write(SSL_get_rbio(x->ssl), in.at, (int)in.len) == (int)in.len);
    if (x->state == EXCHANGE_HANDSHAKE) {
        ERR_clear_error();
        int n = SSL_do_handshake(x->ssl);
        bool waits = n != 1 && SSL_want_read(x->ssl);
        move_tls_out(x); /* an alert included */
        if (n != 1) {
            x->close_when_sent = x->close_when_sent || !waits;
            return;
        }
        counters_add(x->server->counters, TOTAL_policy_established);
        x->state = EXCHANGE_REQUEST;
    }
    read_decrypted(x);
}

static void begin_handshake(struct exchange *x)
{
    struct buf hello = x->in;
    x->in = BUF_INIT(REQUEST_MAX);
    x->ssl = tls_server_session(x->server->tls, &x->host.server, &x->host.server.plain);
    x->state = EXCHANGE_HANDSHAKE;
    on_tls_data(x, buf_span(&hello));
    buf_deinit(&hello);
}

/* The first flight is made by the library, and then changed. */
static void send_changed_flight(struct exchange *x)
{
    struct buf flight = BUF_INIT(BUF_NO_LIMIT);
    size_t before = x->out.len;
    enum lab_tls_fate fate = x->host.server.tls_fate;
    begin_handshake(x);
    buf_put(&flight, span_drop(buf_span(&x->out), before));
    x->out.len = before;
    tls_put_changed_flight(x->server->tls, &x->out, buf_span(&flight), &x->host.server,
                           &x->host.server.plain, x->ssl);
    x->close_when_sent = fate == LAB_TLS_CLOSE_MIDWAY;
    x->state = EXCHANGE_DEAF;
    buf_deinit(&flight);
}

static void on_complete_hello(struct exchange *x)
{
    const struct service *tls = &x->host.server;
    switch (tls->tls_fate) {
    case LAB_TLS_OK:
        begin_handshake(x);
        return;
    case LAB_TLS_SILENT:
        x->state = EXCHANGE_DEAF;
        return;
    case LAB_TLS_CLOSE:
        x->dead = true;
        return;
    case LAB_TLS_RESET:
        exchange_reset(x);
        return;
    case LAB_TLS_ALERT:
        tls_put_alert(&x->out, true, tls->alert);
        x->close_when_sent = true;
        return;
    case LAB_TLS_SSLV3:
        tls_put_ssl3_hello(&x->out);
        x->state = EXCHANGE_DEAF;
        return;
    case LAB_TLS_GARBAGE:
        buf_put_text(&x->out, "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n");
        x->state = EXCHANGE_DEAF;
        return;
    case LAB_TLS_CLOSE_MIDWAY:
    case LAB_TLS_BAD_CERT:
    case LAB_TLS_NO_CERT:
    case LAB_TLS_BAD_LATER:
    case LAB_TLS_BAD_LIST:
    case LAB_TLS_GOST_LEAF:
    case LAB_TLS_LONG_REQUEST:
    case LAB_TLS_DH:
        send_changed_flight(x);
        return;
    case LAB_TLS_RAW:
        tls_put_alert(&x->out, true, tls->raw.refusal);
        x->close_when_sent = true;
        return;
    }
    UNREACHABLE("unknown lab_tls_fate");
}

/* Somebody else's web server: a sound certificate of its own, and no policy. */
static void be_a_stranger(struct exchange *x)
{
    policy_host_init(&x->host);
    x->host.server.plain.identity = POLICY_HOST_PORT;
    (void)snprintf(x->host.server.plain.names, sizeof(x->host.server.plain.names), DEFAULT_NAMES);
}

static void on_hello_data(struct exchange *x, struct span in)
{
    struct https_server *s = x->server;
    struct offer offer;
    if (!buf_append(&x->in, in)) {
        x->dead = true;
        return;
    }
    switch (tls_read_hello(buf_span(&x->in), &offer)) {
    case HELLO_MORE:
        return;
    case HELLO_BAD:
        tls_put_alert(&x->out, true, 10); /* unexpected_message */
        x->close_when_sent = true;
        return;
    case HELLO_COMPLETE:
        break;
    }
    struct span sni = offer.sni;
    x->known = sni.len > 0 && sni.len < LAB_NAME_MAX && world_policy(s->world, sni, &x->host);
    if (x->known) {
        counters_policy_visit(s->counters, sni);
    } else {
        counters_add(s->counters,
                     sni.len > 0 ? TOTAL_policy_unknown_names : TOTAL_policy_without_sni);
        be_a_stranger(x);
    }
    on_complete_hello(x);
}

/* ---- events ---- */

static void on_octets(struct exchange *x, struct span in)
{
    if (x->close_when_sent || x->dead || x->state == EXCHANGE_DEAF) {
        return;
    }
    if (x->state == EXCHANGE_HELLO) {
        on_hello_data(x, in);
    } else {
        on_tls_data(x, in);
    }
}

static void on_readable(struct exchange *x)
{
    uint8_t octets[16384];
    ssize_t n = recv(x->source.fd, octets, sizeof(octets), 0);
    if (n < 0 && errno == EAGAIN) {
        return;
    }
    if (n <= 0) {
        x->dead = true;
        return;
    }
    struct span in = {octets, (size_t)n};
    if (x->server->params.latency_ms == 0) {
        on_octets(x, in);
        return;
    }
    x->dead = !buf_append(&x->arrived, in);
    if (!wheel_is_set(&x->latency.timer)) {
        loop_set(x->server->loop, &x->latency, x->server->params.latency_ms);
    }
}

static void settle(struct exchange *x)
{
    if (!x->dead && (x->out.len > 0 || x->close_when_sent)) {
        flush(x);
    }
    if (x->dead) {
        exchange_free(x);
    }
}

static void on_event(struct source *source, uint32_t events)
{
    struct exchange *x = CONTAINER_OF(source, struct exchange, source);
    if (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) {
        on_readable(x);
    }
    settle(x);
}

static void on_latency_over(struct deadline *d)
{
    struct exchange *x = CONTAINER_OF(d, struct exchange, latency);
    struct buf arrived = x->arrived;
    x->arrived = BUF_INIT(ARRIVED_MAX);
    on_octets(x, buf_span(&arrived));
    buf_deinit(&arrived);
    settle(x);
}

static void on_pace(struct deadline *d)
{
    struct exchange *x = CONTAINER_OF(d, struct exchange, pace);
    go_on(x);
    settle(x);
}

static void on_lifetime_over(struct deadline *d)
{
    exchange_free(CONTAINER_OF(d, struct exchange, lifetime));
}

static bool find_address(struct https_server *s, int fd, struct net_addr *out)
{
    if (!listener_address(fd, out)) {
        return false;
    }
    if (world_policy_server(s->world, out)) {
        return true;
    }
    counters_add(s->counters, TOTAL_policy_unplanned);
    return false;
}

/* The client may have closed connections whose end this process has not come to yet. */
static void count_out_closed(struct https_server *s, const struct net_addr *address)
{
    struct net_addr network = net_addr_network(address);
    for (struct exchange *x = s->first; x != NULL; x = x->next) {
        struct net_addr other = net_addr_network(&x->address);
        struct tcp_info info;
        socklen_t len = sizeof(info);
        if (!x->counted_out && net_addr_eq(&network, &other) &&
            getsockopt(x->source.fd, IPPROTO_TCP, TCP_INFO, &info, &len) == 0 &&
            info.tcpi_state != TCP_ESTABLISHED) {
            count_out(x);
        }
    }
}

/* When the handshake of TCP was completed, which may be a while before it is accepted. */
static uint64_t start_of(const struct https_server *s, int fd)
{
    struct tcp_info info;
    socklen_t len = sizeof(info);
    uint64_t ago = 0;
    if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) == 0) {
        ago = info.tcpi_last_ack_recv;
    }
    return ago < s->loop->now_ms ? s->loop->now_ms - ago : 0;
}

static void begin_exchange(struct https_server *s, int fd)
{
    struct net_addr address;
    if (!find_address(s, fd, &address)) {
        (void)close(fd);
        return;
    }
    struct exchange *x = memory_new(1, sizeof(*x));
    int on = 1;
    x->source = (struct source){fd, on_event};
    x->server = s;
    x->address = address;
    if (!loop_add(s->loop, &x->source, EPOLLIN)) {
        (void)close(fd);
        free(x);
        return;
    }
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    x->latency.due = on_latency_over;
    x->pace.due = on_pace;
    x->lifetime.due = on_lifetime_over;
    x->arrived = BUF_INIT(ARRIVED_MAX);
    x->in = BUF_INIT(HELLO_MAX);
    x->out = BUF_INIT(BUF_NO_LIMIT);
    http_answer_init(&x->answer);
    if (counters_at_peak(s->counters, SIDE_POLICY, &x->address)) {
        count_out_closed(s, &x->address);
    }
    x->next = s->first;
    if (x->next != NULL) {
        x->next->prev = x;
    }
    s->first = x;
    (void)counters_begin(s->counters, SIDE_POLICY, &x->address, start_of(s, fd));
    loop_set(s->loop, &x->lifetime, LIFETIME_MS);
}

static void on_accept(struct source *source, uint32_t events)
{
    struct https_server *s = CONTAINER_OF(source, struct https_server, source);
    (void)events;
    for (int i = 0; i < ACCEPTS_MAX; i++) {
        int fd = accept4(source->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0) {
            return;
        }
        begin_exchange(s, fd);
    }
}

struct https_server *https_server_new(struct loop *loop, const struct https_server_params *params,
                                      const struct world *world, struct tls_server *tls,
                                      struct counters *counters)
{
    int fd = listener_tcp(params->device, params->local_port);
    if (fd < 0) {
        return NULL;
    }
    if (params->processes > 1 && params->device == NULL) {
        listener_pin(fd, params->processes);
    }
    struct https_server *s = memory_new(1, sizeof(*s));
    s->source = (struct source){fd, on_accept};
    s->loop = loop;
    s->params = *params;
    s->world = world;
    s->tls = tls;
    s->counters = counters;
    CHECK(loop_add(loop, &s->source, EPOLLIN));
    return s;
}

void https_server_free(struct https_server *s)
{
    if (s != NULL) {
        (void)close(s->source.fd);
        free(s);
    }
}
