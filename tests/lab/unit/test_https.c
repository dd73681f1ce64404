/* The policy hosts of the cases, asked over loopback. */

#include <arpa/inet.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <criterion/criterion.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "scanner/base/container.h"
#include "scanner/base/hash.h"
#include "tests/lab/address_plan.h"
#include "tests/lab/cases.h"
#include "tests/lab/https_server.h"
#include "tests/lab/unit/key_pool.h"

#define NOW         1790035200 /* 2026-09-22 */
#define PORT_FIRST  19000
#define PORT_TRIES  100
#define ANSWER_MAX  300000 /* octets read of an answer */
#define TIMEOUT_SEC 5

struct running {
    struct world world;
    struct loop loop;
    struct source stop;
    int stop_pipe[2];
    char folder[32];
    struct cert_store *certs;
    struct tls_server *tls;
    struct counters *counters;
    struct https_server *server;
    uint16_t port;
    pthread_t thread;
};

static void on_stop(struct source *s, uint32_t events)
{
    (void)events;
    CONTAINER_OF(s, struct running, stop)->loop.stop = true;
}

static void *turn(void *arg)
{
    loop_run(&((struct running *)arg)->loop);
    return NULL;
}

static void open_world(struct world *w)
{
    struct buf error = BUF_INIT(BUF_NO_LIMIT);
    (void)signal(SIGPIPE, SIG_IGN); /* servers close early */
    hash_secret_init();
    *w =
        (struct world){.seed = 7, .domains = 10, .server_domains = 10, .oversample = 1, .now = NOW};
    cr_assert(params_read(MXLAB_PRESETS "/tranco1m.params", &w->params, &error));
    world_finish(w);
    buf_deinit(&error);
}

static void start(struct running *r)
{
    open_world(&r->world);
    (void)snprintf(r->folder, sizeof(r->folder), "/tmp/mxlab-https-XXXXXX");
    cr_assert_not_null(mkdtemp(r->folder));
    r->certs = unit_cert_store(NOW);
    r->counters = counters_create(r->folder, 10);
    cr_assert(r->certs != NULL && r->counters != NULL && loop_init(&r->loop));
    r->tls = tls_server_new(r->certs);
    for (int i = 0; i < PORT_TRIES && r->server == NULL; i++) {
        r->port = (uint16_t)(PORT_FIRST + (getpid() + i) % 1000);
        const struct https_server_params params = {.local_port = r->port, .processes = 1};
        r->server = https_server_new(&r->loop, &params, &r->world, r->tls, r->counters);
    }
    cr_assert_not_null(r->server);
    cr_assert_eq(pipe(r->stop_pipe), 0);
    r->stop = (struct source){r->stop_pipe[0], on_stop};
    cr_assert(loop_add(&r->loop, &r->stop, EPOLLIN));
    cr_assert_eq(pthread_create(&r->thread, NULL, turn, r), 0);
}

static void stop(struct running *r)
{
    static const char *const files[] = {"counters", "offenders"};
    cr_assert_eq(write(r->stop_pipe[1], "x", 1), 1);
    (void)pthread_join(r->thread, NULL);
    https_server_free(r->server);
    tls_server_free(r->tls);
    cert_store_close(r->certs);
    counters_close(r->counters);
    loop_deinit(&r->loop);
    world_deinit(&r->world);
    (void)close(r->stop_pipe[0]);
    (void)close(r->stop_pipe[1]);
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        char path[64];
        (void)snprintf(path, sizeof(path), "%s/%s", r->folder, files[i]);
        (void)unlink(path);
    }
    (void)rmdir(r->folder);
}

/* Connects to server 2 of a case, where its policy host is. */
static int dial(const struct running *r, const char *case_name)
{
    size_t index = 0;
    while (strcmp(case_table[index].name, case_name) != 0) {
        cr_assert_lt(++index, case_table_count);
    }
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(r->port)};
    to.sin_addr.s_addr = htonl(0x7f000002U + ((uint32_t)index << 8));
    const struct timeval wait = {.tv_sec = TIMEOUT_SEC};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    cr_assert_geq(fd, 0);
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
    cr_assert_eq(connect(fd, (const struct sockaddr *)&to, sizeof(to)), 0);
    return fd;
}

struct asked {
    bool established;
    int reason;    /* of OpenSSL, where it is not */
    bool for_name; /* the certificate has the name asked for */
    bool whole;    /* the peer announced the end */
    struct buf answer;
};

/* @param name of SNI and Host */
static void ask(const struct running *r, const char *case_name, const char *name, const char *path,
                struct asked *out)
{
    char request[400];
    char octets[4096];
    int n;
    int fd = dial(r, case_name);
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    SSL *ssl = SSL_new(ctx);
    *out = (struct asked){.answer = BUF_INIT(BUF_NO_LIMIT)};
    cr_assert(SSL_set_fd(ssl, fd) == 1 && SSL_set_tlsext_host_name(ssl, name) == 1);
    ERR_clear_error();
    out->established = SSL_connect(ssl) == 1;
    out->reason = ERR_GET_REASON(ERR_peek_error());
    if (out->established) {
        X509 *leaf = SSL_get1_peer_certificate(ssl);
        out->for_name = X509_check_host(leaf, name, 0, 0, NULL) == 1;
        X509_free(leaf);
        int len =
            snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\nHost: %s\r\n\r\n", path, name);
        cr_assert_eq(SSL_write(ssl, request, len), len);
        while (out->answer.len < ANSWER_MAX && (n = SSL_read(ssl, octets, sizeof(octets))) > 0) {
            buf_put(&out->answer, (struct span){(const uint8_t *)octets, (size_t)n});
        }
        out->whole = (SSL_get_shutdown(ssl) & SSL_RECEIVED_SHUTDOWN) != 0;
    }
    SSL_free(ssl);
    SSL_CTX_free(ctx);
    (void)close(fd);
}

static void ask_case(const struct running *r, const char *case_name, struct asked *out)
{
    char name[LAB_NAME_MAX];
    (void)snprintf(name, sizeof(name), "mta-sts.case-%s.mxlab.net", case_name);
    ask(r, case_name, name, POLICY_PATH, out);
}

Test(https_server, each_behaviour_is_seen_by_a_client)
{
    static const struct {
        const char *name;
        int reason; /* the handshake fails so; 0: it does not */
        bool for_name;
        bool whole;
        const char *begin; /* of the answer */
        size_t least;      /* octets of it */
    } rows[] = {
        {"sts-good", 0, true, true, "HTTP/1.1 200 OK\r\n", 100},
        {"sts-tls12", 0, true, true, "HTTP/1.1 200 OK\r\n", 100},
        {"sts-cert-name", 0, false, true, "HTTP/1.1 200 OK\r\n", 100},
        {"sts-http-404", 0, true, true, "HTTP/1.1 404 ", 50},
        {"sts-http-301", 0, true, true, "HTTP/1.1 301 ", 50},
        {"sts-http-garbage", 0, true, true, "220 ", 4},
        {"sts-http-endless", 0, true, false, "HTTP/1.1 200 OK\r\n", ANSWER_MAX},
        {"sts-http-header-flood", 0, true, false, "HTTP/1.1 200 OK\r\n", ANSWER_MAX},
        {"sts-http-endless-1xx", 0, true, false, "HTTP/1.1 103 ", ANSWER_MAX},
        {"sts-http-close", 0, true, true, "", 0},
        {"sts-body-64k", 0, true, true, "HTTP/1.1 200 OK\r\n", 65536},
        {"sts-tls-alert", SSL_AD_REASON_OFFSET + 112, false, false, "", 0},
        {"sts-tls-internal", SSL_AD_REASON_OFFSET + 80, false, false, "", 0},
        {"sts-tls-garbage", SSL_R_WRONG_VERSION_NUMBER, false, false, "", 0},
    };
    struct running r = {0};
    struct asked a;
    start(&r);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        ask_case(&r, rows[i].name, &a);
        struct span begin = span_of(rows[i].begin);
        cr_expect_eq(a.established, rows[i].reason == 0, "%s", rows[i].name);
        cr_expect(a.established || a.reason == rows[i].reason, "%s: %d", rows[i].name, a.reason);
        cr_expect_eq(a.for_name, rows[i].for_name, "%s", rows[i].name);
        cr_expect_eq(a.whole, rows[i].whole, "%s", rows[i].name);
        cr_expect(a.answer.len >= rows[i].least, "%s: %zu", rows[i].name, a.answer.len);
        cr_expect(a.answer.len >= begin.len &&
                      span_eq(span_take(buf_span(&a.answer), begin.len), begin),
                  "%s", rows[i].name);
        buf_deinit(&a.answer);
    }
    stop(&r);
}

Test(https_server, counts_what_clients_do)
{
    struct running r = {0};
    struct asked a;
    start(&r);
    ask_case(&r, "sts-good", &a); /* as it should be */
    buf_deinit(&a.answer);
    ask_case(&r, "sts-good", &a); /* once more than needed */
    buf_deinit(&a.answer);
    ask(&r, "sts-good", "mta-sts.case-sts-good.mxlab.net", "/",
        &a); /* another path, a third time */
    cr_expect(span_eq(span_take(buf_span(&a.answer), 13), SPAN_LIT("HTTP/1.1 404 ")));
    buf_deinit(&a.answer);
    ask(&r, "sts-good", "www.example.com", POLICY_PATH, &a); /* nobody's name */
    cr_expect(a.established && !a.for_name);
    cr_expect(span_eq(span_take(buf_span(&a.answer), 13), SPAN_LIT("HTTP/1.1 404 ")));
    buf_deinit(&a.answer);
    ask(&r, "good", "mta-sts.case-sts-good.mxlab.net", POLICY_PATH, &a); /* not that address */
    cr_expect_not(a.established);
    buf_deinit(&a.answer);
    cr_expect_eq(counters_total(r.counters, TOTAL_policy_connections), 4);
    cr_expect_eq(counters_total(r.counters, TOTAL_policy_requests), 4);
    cr_expect_eq(counters_total(r.counters, TOTAL_policy_other_requests), 2);
    cr_expect_eq(counters_total(r.counters, TOTAL_policy_repeated), 2);
    cr_expect_eq(counters_total(r.counters, TOTAL_policy_unknown_names), 1);
    cr_expect_eq(counters_total(r.counters, TOTAL_policy_unplanned), 1);
    cr_expect_eq(counters_total(r.counters, TOTAL_policy_open_max), 1);
    cr_expect_eq(counters_total(r.counters, TOTAL_connections), 0);
    stop(&r);
}
