#include "tests/unit/fetch/https_peer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <openssl/ssl.h>

#define CONNECTION_MAX_S 30 /* no server outlives a test by more */

struct connection {
    int fd;
    SSL *ssl; /* NULL before TLS */
    SSL_CTX *ctx;
    struct https_record *record;
};

static uint64_t now_ns(void)
{
    struct timespec t;
    CHECK(clock_gettime(CLOCK_MONOTONIC, &t) == 0);
    return (uint64_t)t.tv_sec * 1000000000U + (uint64_t)t.tv_nsec;
}

static void pause_ms(size_t ms)
{
    struct timespec t = {(time_t)(ms / 1000), (long)(ms % 1000) * 1000000};
    (void)nanosleep(&t, NULL);
}

static bool put(struct connection *c, const char *at, size_t len)
{
    if (len == 0) {
        return true;
    }
    return c->ssl != NULL ? SSL_write(c->ssl, at, (int)len) == (int)len
                          : send(c->fd, at, len, MSG_NOSIGNAL) == (ssize_t)len;
}

static ssize_t get(struct connection *c, char *at, size_t len)
{
    return c->ssl != NULL ? SSL_read(c->ssl, at, (int)len) : recv(c->fd, at, len, 0);
}

static int note_sni(SSL *ssl, int *alert, void *arg)
{
    (void)alert;
    struct https_record *record = arg;
    const char *sni = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    (void)snprintf(record->sni, sizeof(record->sni), "%s", sni ? sni : "");
    return SSL_TLSEXT_ERR_OK;
}

static SSL_CTX *context_of(const struct https_peer_params *params, struct https_record *record)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
    CHECK(ctx != NULL);
    SSL_CTX_set_security_level(ctx, 0);
    CHECK(SSL_CTX_set_min_proto_version(ctx, TLS1_VERSION) == 1 &&
          SSL_CTX_set_max_proto_version(ctx, params->max_version) == 1);
    if (params->list_count > 0) {
        CHECK(SSL_CTX_use_certificate(ctx, params->list[0]) == 1 &&
              SSL_CTX_use_PrivateKey(ctx, params->key) == 1);
    }
    for (size_t i = 1; i < params->list_count; i++) {
        CHECK(SSL_CTX_add1_chain_cert(ctx, params->list[i]) == 1);
    }
    SSL_CTX_set_tlsext_servername_callback(ctx, note_sni);
    SSL_CTX_set_tlsext_servername_arg(ctx, record);
    if (params->want_client) {
        SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    }
    return ctx;
}

static bool begin_tls(struct connection *c)
{
    c->ssl = SSL_new(c->ctx);
    CHECK(c->ssl != NULL && SSL_set_fd(c->ssl, c->fd) == 1);
    return SSL_accept(c->ssl) == 1;
}

static bool hear(struct connection *c)
{
    char *request = c->record->request;
    size_t len = 0;
    while (len < sizeof(c->record->request) - 1) {
        ssize_t n = get(c, request + len, sizeof(c->record->request) - 1 - len);
        if (n <= 0) {
            return false;
        }
        len += (size_t)n;
        request[len] = '\0';
        if (strstr(request, "\r\n\r\n") != NULL) {
            return true;
        }
    }
    return false;
}

static bool fill(struct connection *c, size_t count)
{
    char octets[4096];
    memset(octets, 'a', sizeof(octets));
    bool going = true;
    for (size_t done = 0; going && done < count;) {
        size_t n = count - done < sizeof(octets) ? count - done : sizeof(octets);
        going = put(c, octets, n);
        done += n;
    }
    return going;
}

static bool repeat(struct connection *c, const char *text, size_t len, bool drip)
{
    size_t part = drip ? 1 : len;
    for (size_t at = 0; put(c, text + at, part); at = (at + part) % len) {
        if (drip) {
            pause_ms(10);
        }
    }
    return false;
}

/* Each call of SSL_do_handshake() sends one message; nothing is read. */
static bool flood_with(struct connection *c, enum https_act what)
{
    for (int sent = 1; sent == 1;) {
        bool asked = what == KEY_UPDATES ? SSL_key_update(c->ssl, SSL_KEY_UPDATE_NOT_REQUESTED) == 1
                     : what == TICKETS   ? SSL_new_session_ticket(c->ssl) == 1
                                         : SSL_renegotiate(c->ssl) == 1;
        sent = asked ? SSL_do_handshake(c->ssl) : 0;
    }
    return false;
}

static bool close_hard(struct connection *c)
{
    struct linger now = {.l_onoff = 1, .l_linger = 0};
    CHECK(setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now)) == 0);
    return false;
}

static bool wait_for_end(struct connection *c)
{
    char octets[4096];
    while (recv(c->fd, octets, sizeof(octets), 0) > 0) {
    }
    return false;
}

/* @return whether the script goes on. */
static bool act(struct connection *c, const struct https_step *s)
{
    switch (s->act) {
    case END:
        return wait_for_end(c);
    case TLS:
        return begin_tls(c);
    case HEAR:
        return hear(c);
    case SAY:
        return put(c, s->text, s->number > 0 ? s->number : strlen(s->text));
    case FILL:
        return fill(c, s->number);
    case FLOOD:
        return repeat(c, s->text, s->number > 0 ? s->number : strlen(s->text), false);
    case KEY_UPDATES:
    case TICKETS:
    case RENEGOTIATE:
        return flood_with(c, s->act);
    case DRIP:
        return repeat(c, s->text, strlen(s->text), true);
    case PAUSE:
        pause_ms(s->number);
        return true;
    case CLOSE_NOTIFY:
        return SSL_shutdown(c->ssl) >= 0;
    case CLOSE: /* what the client still says is read: a FIN and no RST */
        (void)shutdown(c->fd, SHUT_WR);
        return wait_for_end(c);
    case RESET:
        return close_hard(c);
    case ONCE:
        break;
    }
    UNREACHABLE("unknown https_act");
}

static void note_start(struct https_record *record)
{
    unsigned n = atomic_fetch_add(&record->connections, 1);
    if (n < HTTPS_STARTS_MAX) {
        record->starts_ns[n] = now_ns();
    }
    int open = atomic_fetch_add(&record->open, 1) + 1;
    int most = atomic_load(&record->open_max);
    while (open > most && !atomic_compare_exchange_weak(&record->open_max, &most, open)) {
    }
}

/* With its last words the connection is over: the client may know it before we see its end. */
static void serve(struct connection *c, const struct https_step *steps)
{
    bool over = false;
    bool more = true;
    alarm(CONNECTION_MAX_S);
    for (; more; steps++) {
        if (steps->act == ONCE) {
            steps += atomic_load(&c->record->connections) > 1 ? steps->number : 0;
            continue;
        }
        if (steps->act == SAY && steps[1].act == END) {
            over = true;
            atomic_fetch_sub(&c->record->open, 1);
        }
        more = act(c, steps);
    }
    atomic_fetch_sub(&c->record->open, over ? 0 : 1);
    (void)close(c->fd);
    _exit(0);
}

static void listen_on(int listener, const struct https_peer_params *params,
                      struct https_record *record)
{
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    (void)signal(SIGCHLD, SIG_IGN);
    (void)signal(SIGPIPE, SIG_IGN);
    SSL_CTX *ctx = context_of(params, record);
    for (;;) {
        struct sockaddr_in from = {0};
        socklen_t len = sizeof(from);
        struct connection c = {.ctx = ctx, .record = record};
        c.fd = accept(listener, (struct sockaddr *)&from, &len);
        CHECK(c.fd >= 0 &&
              inet_ntop(AF_INET, &from.sin_addr, record->client, sizeof(record->client)) != NULL);
        note_start(record);
        int one = 1;
        (void)setsockopt(c.fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
        pid_t pid = fork();
        CHECK(pid >= 0);
        if (pid == 0) {
            (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
            serve(&c, params->steps);
        }
        (void)close(c.fd);
    }
}

static int bound(uint16_t *port)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(at);
    CHECK(fd >= 0 && bind(fd, (struct sockaddr *)&at, len) == 0 &&
          getsockname(fd, (struct sockaddr *)&at, &len) == 0);
    *port = ntohs(at.sin_port);
    return fd;
}

struct https_peer https_peer_start(const struct https_peer_params *params)
{
    struct https_peer p = {0};
    p.record =
        mmap(NULL, sizeof(*p.record), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CHECK(p.record != MAP_FAILED);
    int listener = bound(&p.port);
    CHECK(listen(listener, 256) == 0);
    p.pid = fork();
    CHECK(p.pid >= 0);
    if (p.pid == 0) {
        listen_on(listener, params, p.record);
        _exit(1);
    }
    (void)close(listener);
    return p;
}

void https_peer_stop(struct https_peer *p)
{
    CHECK(kill(p->pid, SIGKILL) == 0 && waitpid(p->pid, NULL, 0) == p->pid);
    CHECK(munmap(p->record, sizeof(*p->record)) == 0);
}

uint16_t closed_port(void)
{
    uint16_t port = 0;
    (void)close(bound(&port));
    return port;
}
