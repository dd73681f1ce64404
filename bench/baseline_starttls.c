/**
 * The bare loop of design section 8: what a STARTTLS session costs with libssl alone. Connects,
 * EHLO, STARTTLS, handshake, EHLO inside TLS, QUIT; verifies nothing, parses nothing but where
 * a reply ends, throws everything away.
 *
 *     baseline_starttls [-c AT-ONCE] TARGETS
 *
 * TARGETS has a line "ADDRESS PORT NAME" for each session: IPv4 address and port to dial, name for
 * SNI ("-": none). Each readable socket is read once, into a memory BIO: that takes a third of the
 * system calls of a socket BIO, so it is the harder loop to beat.
 *
 * Prints how many handshakes were completed, and the CPU time of the whole process. One thread, an
 * epoll loop, no timers: for the lab on loopback only.
 */

#include <arpa/inet.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "scanner/base/check.h"

#define AT_ONCE_DEFAULT 100
#define EVENTS_MAX      256
#define READ_MAX        (64 * 1024) /* octets taken from a socket at a time */
#define REPLY_MAX       4096        /* octets of a reply that are kept to find its end */
#define NAME_MAX_LEN    255

#define EHLO     "EHLO scanner.mxcensus.test\r\n"
#define STARTTLS "STARTTLS\r\n"
#define QUIT     "QUIT\r\n"

enum step {
    STEP_GREETING,
    STEP_EHLO,
    STEP_STARTTLS,
    STEP_HANDSHAKE,
    STEP_EHLO_TLS,
    STEP_QUIT
};

struct connection {
    int fd; /* -1: free */
    enum step step;
    SSL *ssl;
    size_t len;
    char reply[REPLY_MAX];
    char name[NAME_MAX_LEN + 1];
};

struct loop {
    FILE *targets;
    int epoll;
    SSL_CTX *ctx;
    size_t at_once;
    struct connection *connections;
    size_t open;
    unsigned long begun;
    unsigned long established;
    unsigned long finished; /* the reply to QUIT came as well */
    char scratch[READ_MAX];
};

static int accept_any(X509_STORE_CTX *store, void *arg)
{
    (void)store;
    (void)arg;
    return 1;
}

/* ---- octets ---- */

/* Whether the reply is complete: its last line has a space behind the code (RFC 5321 section 4.2.1). */
static bool reply_is_complete(const struct connection *c)
{
    if (c->len < 5 || c->reply[c->len - 1] != '\n') {
        return false;
    }
    const char *line = memrchr(c->reply, '\n', c->len - 1);
    line = line != NULL ? line + 1 : c->reply;
    return c->reply + c->len - line > 4 && line[3] == ' ';
}

static void reply_add(struct connection *c, const char *octets, size_t len)
{
    size_t room = sizeof(c->reply) - c->len;
    len = len < room ? len : room;
    memcpy(c->reply + c->len, octets, len);
    c->len += len;
}

/* Small and into an empty socket buffer: it takes everything, or the connection is gone. */
static bool send_all(const struct connection *c, const char *octets, size_t len)
{
    return len == 0 || send(c->fd, octets, len, MSG_NOSIGNAL) == (ssize_t)len;
}

static bool flush_tls(struct connection *c)
{
    char *at = NULL;
    long len = BIO_get_mem_data(SSL_get_wbio(c->ssl), &at);
    bool ok = send_all(c, at, (size_t)len);
    (void)BIO_reset(SSL_get_wbio(c->ssl));
    return ok;
}

static bool send_command(struct connection *c, const char *command)
{
    c->len = 0;
    if (c->ssl == NULL) {
        return send_all(c, command, strlen(command));
    }
    return SSL_write(c->ssl, command, (int)strlen(command)) > 0 && flush_tls(c);
}

/* ---- the dialogue: each returns whether it goes on ---- */

static bool on_tls(struct loop *l, struct connection *c);

static bool begin_tls(struct loop *l, struct connection *c)
{
    c->ssl = SSL_new(l->ctx);
    CHECK(c->ssl != NULL);
    BIO *in = BIO_new(BIO_s_mem());
    CHECK(in != NULL);
    BIO_set_mem_eof_return(in, -1);
    SSL_set_bio(c->ssl, in, BIO_new(BIO_s_mem()));
    if (c->name[0] != '-') {
        CHECK(SSL_set_tlsext_host_name(c->ssl, c->name) == 1);
    }
    c->step = STEP_HANDSHAKE;
    c->len = 0;
    return on_tls(l, c);
}

static bool on_reply(struct loop *l, struct connection *c)
{
    switch (c->step) {
    case STEP_GREETING:
        c->step = STEP_EHLO;
        return send_command(c, EHLO);
    case STEP_EHLO:
        c->step = STEP_STARTTLS;
        return send_command(c, STARTTLS);
    case STEP_STARTTLS:
        return c->reply[0] == '2' && begin_tls(l, c);
    case STEP_EHLO_TLS:
        c->step = STEP_QUIT;
        return send_command(c, QUIT);
    case STEP_QUIT:
        l->finished++;
        return false;
    case STEP_HANDSHAKE:
        break;
    }
    UNREACHABLE("a reply during the handshake");
}

static bool on_tls(struct loop *l, struct connection *c)
{
    if (c->step == STEP_HANDSHAKE) {
        int done = SSL_connect(c->ssl);
        if (done != 1) {
            return SSL_get_error(c->ssl, done) == SSL_ERROR_WANT_READ && flush_tls(c);
        }
        l->established++;
        c->step = STEP_EHLO_TLS;
        return send_command(c, EHLO);
    }
    char plain[REPLY_MAX];
    int len = 0;
    while ((len = SSL_read(c->ssl, plain, sizeof(plain))) > 0) {
        reply_add(c, plain, (size_t)len);
    }
    if (reply_is_complete(c)) {
        return on_reply(l, c);
    }
    return SSL_get_error(c->ssl, len) == SSL_ERROR_WANT_READ;
}

static bool on_readable(struct loop *l, struct connection *c)
{
    ssize_t len = recv(c->fd, l->scratch, sizeof(l->scratch), 0);
    if (len <= 0) {
        return false;
    }
    if (c->ssl != NULL) {
        return BIO_write(SSL_get_rbio(c->ssl), l->scratch, (int)len) == len && on_tls(l, c);
    }
    reply_add(c, l->scratch, (size_t)len);
    return !reply_is_complete(c) || on_reply(l, c);
}

/* ---- connections ---- */

/* @return false at the end of the targets. */
static bool open_next(struct loop *l, struct connection *c)
{
    char address[64];
    unsigned port = 0;
    if (fscanf(l->targets, "%63s %u %255s", address, &port, c->name) != 3) {
        return false;
    }
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    CHECK(inet_pton(AF_INET, address, &to.sin_addr) == 1);
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    CHECK(c->fd >= 0);
    (void)connect(c->fd, (struct sockaddr *)&to, sizeof(to)); /* how it went shows when reading */
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
    CHECK(epoll_ctl(l->epoll, EPOLL_CTL_ADD, c->fd, &event) == 0);
    c->step = STEP_GREETING;
    c->len = 0;
    c->ssl = NULL;
    l->open++;
    l->begun++;
    return true;
}

static void close_one(struct loop *l, struct connection *c)
{
    if (c->ssl != NULL) {
        SSL_set_quiet_shutdown(c->ssl, 1);
        SSL_free(c->ssl);
        ERR_clear_error();
    }
    (void)close(c->fd); /* which takes it out of the epoll set */
    c->fd = -1;
    l->open--;
}

static void run(struct loop *l)
{
    struct epoll_event events[EVENTS_MAX];
    for (size_t i = 0; i < l->at_once && open_next(l, &l->connections[i]); i++) {
    }
    while (l->open > 0) {
        int n = epoll_wait(l->epoll, events, EVENTS_MAX, -1);
        for (int i = 0; i < n; i++) {
            struct connection *c = events[i].data.ptr;
            if (!on_readable(l, c)) {
                close_one(l, c);
                (void)open_next(l, c);
            }
        }
    }
}

static double seconds_of(struct timeval t)
{
    return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

int main(int argc, char **argv)
{
    static struct loop l = {.at_once = AT_ONCE_DEFAULT};
    for (int option; (option = getopt(argc, argv, "c:")) != -1;) {
        if (option == 'c') {
            l.at_once = strtoul(optarg, NULL, 10);
        }
    }
    l.targets = optind < argc ? fopen(argv[optind], "r") : NULL;
    if (l.targets == NULL || l.at_once == 0) {
        (void)fprintf(stderr, "usage: baseline_starttls [-c AT-ONCE] TARGETS\n");
        return 2;
    }
    l.epoll = epoll_create1(EPOLL_CLOEXEC);
    l.ctx = SSL_CTX_new(TLS_client_method());
    l.connections = calloc(l.at_once, sizeof(*l.connections));
    CHECK(l.epoll >= 0 && l.ctx != NULL && l.connections != NULL);
    SSL_CTX_set_cert_verify_callback(l.ctx, accept_any, NULL);
    run(&l);
    struct rusage use;
    (void)getrusage(RUSAGE_SELF, &use);
    double user = seconds_of(use.ru_utime);
    double system = seconds_of(use.ru_stime);
    printf("%lu sessions, %lu established, %lu finished; CPU %.3f s (user %.3f, system %.3f)\n",
           l.begun, l.established, l.finished, user + system, user, system);
    free(l.connections);
    SSL_CTX_free(l.ctx);
    (void)close(l.epoll);
    (void)fclose(l.targets);
    return l.begun > 0 && l.established == l.begun ? 0 : 1;
}
