/**
 * What one client handshake costs us: our engine against a bare libssl loop, both over memory
 * with the same server inside this process. The bare loop verifies nothing, parses nothing and
 * throws everything away.
 *
 *     bench_handshake [COUNT [naive|bare|engine|slow|short|probe [CASE]]]    default 400 of each case, 1 to 5
 *
 * naive: libssl as most programs use it, verifying against the system's roots and the name
 * slow: engine without fast public keys
 * short: the handshake of no-sni-short, up to where the server waits and our goodbye
 * probe: no handshake, but one ClientHello of a version probe, up to the answer and our goodbye
 *
 * Prints CPU time of the client's part alone. Instructions, which do not scatter (the smaller
 * count takes out what happens once):
 *
 *     for n in 5 25; do valgrind --tool=callgrind --callgrind-out-file=/dev/null \
 *         --toggle-collect='client_*' bench_handshake $n engine 1; done    # difference / 20
 *
 * A client's part is the handshake, EHLO and its reply inside TLS, and tickets that come with it.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/x509_vfy.h>

#include "scanner/base/memory.h"
#include "scanner/cert/crypto_process.h"
#include "scanner/tls/short_handshake.h"
#include "scanner/tls/version_probe.h"
#include "tests/unit/tls/peer.h"

#define COUNT_DEFAULT 400
#define WIRE_MAX      (64 * 1024)
#define EHLO          "EHLO scanner.test\r\n"
#define REPLY         "250-mx.test\r\n250-PIPELINING\r\n250-SIZE 10240000\r\n250 8BITMIME\r\n"

#define NOINLINE __attribute__((noinline)) /* callgrind knows these functions by their names */

/* Made before any context: see fast_public_key.h. */
struct chain {
    struct test_cert root;
    struct test_cert issuer;
    struct test_cert leaf;
};

/* A client under test. The functions called client_* hold all of its work. */
struct client {
    const char *name;
    bool fast;   /* engine only */
    bool verify; /* bare only */
    void *(*start)(void *context, struct buf *out);
    bool (*turn)(void *client, struct span in, struct buf *out); /* true: established */
    /* plain octets read; NULL: the client ends where another would be established */
    size_t (*talk)(void *client, struct span in, struct buf *out);
    void (*stop)(void *client);
};

NOINLINE static void *client_engine_start(void *context, struct buf *out)
{
    struct handshake *h = handshake_new(context, "mx.test");
    (void)handshake_step(h, (struct span){0}, out);
    return h;
}

NOINLINE static bool client_engine_turn(void *client, struct span in, struct buf *out)
{
    enum handshake_status status = handshake_step(client, in, out);
    CHECK(status != HANDSHAKE_FAILED);
    return status == HANDSHAKE_DONE && handshake_write(client, SPAN_LIT(EHLO), out);
}

NOINLINE static size_t client_engine_talk(void *client, struct span in, struct buf *out)
{
    struct buf plain = BUF_INIT(WIRE_MAX);
    bool closed = false;
    CHECK(handshake_read(client, in, &plain, out, &closed));
    handshake_shutdown(client, out);
    size_t len = plain.len;
    buf_deinit(&plain);
    return len;
}

NOINLINE static void client_engine_stop(void *client)
{
    handshake_free(client);
}

static int accept_any(X509_STORE_CTX *store, void *arg)
{
    (void)store;
    (void)arg;
    return 1;
}

static SSL_CTX *bare_context(bool verify, const struct test_cert *root)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    CHECK(ctx != NULL);
    if (!verify) {
        SSL_CTX_set_cert_verify_callback(ctx, accept_any, NULL);
        return ctx;
    }
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
    CHECK(SSL_CTX_set_default_verify_paths(ctx) == 1);
    CHECK(X509_VERIFY_PARAM_set1_host(SSL_CTX_get0_param(ctx), "mx.test", 0) == 1);
    CHECK(X509_STORE_add_cert(SSL_CTX_get_cert_store(ctx), root->cert) == 1);
    return ctx;
}

static void bare_drain(SSL *ssl, struct buf *out)
{
    char *at = NULL;
    long len = BIO_get_mem_data(SSL_get_wbio(ssl), &at);
    buf_put(out, (struct span){(const uint8_t *)at, (size_t)len});
    (void)BIO_reset(SSL_get_wbio(ssl));
}

NOINLINE static void *client_bare_start(void *context, struct buf *out)
{
    SSL *ssl = SSL_new(context);
    BIO *in = BIO_new(BIO_s_mem());
    CHECK(ssl != NULL && in != NULL);
    BIO_set_mem_eof_return(in, -1);
    SSL_set_bio(ssl, in, BIO_new(BIO_s_mem()));
    CHECK(SSL_set_tlsext_host_name(ssl, "mx.test") == 1);
    (void)SSL_connect(ssl);
    bare_drain(ssl, out);
    return ssl;
}

NOINLINE static bool client_bare_turn(void *client, struct span in, struct buf *out)
{
    CHECK(BIO_write(SSL_get_rbio(client), in.at, (int)in.len) == (int)in.len);
    int status = SSL_connect(client);
    bool done = status == 1;
    CHECK(done || SSL_get_error(client, status) == SSL_ERROR_WANT_READ);
    if (done) {
        CHECK(SSL_write(client, EHLO, (int)strlen(EHLO)) > 0);
    }
    bare_drain(client, out);
    return done;
}

NOINLINE static size_t client_bare_talk(void *client, struct span in, struct buf *out)
{
    char reply[4096];
    CHECK(BIO_write(SSL_get_rbio(client), in.at, (int)in.len) == (int)in.len);
    int len = SSL_read(client, reply, sizeof(reply));
    (void)SSL_shutdown(client);
    bare_drain(client, out);
    return len > 0 ? (size_t)len : 0;
}

NOINLINE static void client_bare_stop(void *client)
{
    SSL_free(client);
}

NOINLINE static void *client_short_start(void *context, struct buf *out)
{
    struct short_handshake *h = short_handshake_new(context);
    CHECK(h != NULL);
    short_handshake_hello(h, out);
    return h;
}

NOINLINE static bool client_short_turn(void *client, struct span in, struct buf *out)
{
    enum short_status status = short_handshake_feed(client, in, out);
    CHECK(status != SHORT_FELL);
    if (status == SHORT_DONE) {
        short_handshake_goodbye(client, out);
    }
    return status == SHORT_DONE;
}

NOINLINE static void client_short_stop(void *client)
{
    short_handshake_free(client);
}

NOINLINE static void *client_probe_start(void *context, struct buf *out)
{
    (void)context;
    struct version_probe *p = version_probe_new(TLS1_3_VERSION, "mx.test");
    version_probe_hello(p, out);
    return p;
}

NOINLINE static bool client_probe_turn(void *client, struct span in, struct buf *out)
{
    CHECK(version_probe_feed(client, in));
    CHECK(version_probe_seen(client)->answer == HELLO_ACCEPTED);
    version_probe_goodbye(client, out);
    return true;
}

NOINLINE static void client_probe_stop(void *client)
{
    version_probe_free(client);
}

static const struct client clients[] = {
    {"naive", false, true, client_bare_start, client_bare_turn, client_bare_talk, client_bare_stop},
    {"bare", false, false, client_bare_start, client_bare_turn, client_bare_talk, client_bare_stop},
    {"engine", true, false, client_engine_start, client_engine_turn, client_engine_talk,
     client_engine_stop},
    {"slow", false, false, client_engine_start, client_engine_turn, client_engine_talk,
     client_engine_stop},
    {"short", true, false, client_short_start, client_short_turn, NULL, client_short_stop},
    {"probe", false, false, client_probe_start, client_probe_turn, NULL, client_probe_stop},
};

struct bench_case {
    const char *name;
    int version;
    enum test_key leaf;
    enum test_key issuer;
    const char *groups; /* of the server; NULL: OpenSSL's */
};

static const struct bench_case cases[] = {
    {"TLS 1.3, P-256 under P-384", TLS1_3_VERSION, TEST_KEY_P256, TEST_KEY_P384, NULL},
    {"TLS 1.3, RSA 2048", TLS1_3_VERSION, TEST_KEY_RSA2048, TEST_KEY_RSA2048, NULL},
    {"TLS 1.2, P-256 under P-384", TLS1_2_VERSION, TEST_KEY_P256, TEST_KEY_P384, NULL},
    {"TLS 1.2, RSA 2048", TLS1_2_VERSION, TEST_KEY_RSA2048, TEST_KEY_RSA2048, NULL},
    /* The server asks for its key share: HelloRetryRequest. */
    {"TLS 1.3, P-256 asked for", TLS1_3_VERSION, TEST_KEY_P256, TEST_KEY_P384, "P-256"},
};

#define CASE_COUNT (sizeof(cases) / sizeof(cases[0]))

static struct chain chain_of(const struct bench_case *c)
{
    struct chain made;
    made.root =
        test_cert_new(NULL, &(struct test_cert_params){.cn = "Root", .ca = true, .key = c->issuer});
    made.issuer = test_cert_new(
        &made.root, &(struct test_cert_params){.cn = "Issuer", .ca = true, .key = c->issuer});
    made.leaf = test_cert_new(
        &made.issuer,
        &(struct test_cert_params){.cn = "mx.test", .san = "DNS:mx.test", .key = c->leaf});
    return made;
}

static double cpu_now(void)
{
    struct timespec t;
    CHECK(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t) == 0);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* EHLO and its reply inside TLS. @return CPU seconds of the client. */
static double run_talk(const struct client *client, void *c, struct peer *peer, struct span out)
{
    struct buf last = BUF_INIT(WIRE_MAX);
    struct buf in = BUF_INIT(WIRE_MAX);
    struct buf plain = BUF_INIT(WIRE_MAX);
    peer_step(peer, out, &in);
    peer_read(peer, (struct span){0}, &plain);
    CHECK(plain.len == strlen(EHLO));
    peer_write(peer, SPAN_LIT(REPLY), &in);
    double from = cpu_now();
    size_t len = client->talk(c, buf_span(&in), &last);
    double spent = cpu_now() - from;
    CHECK(len == strlen(REPLY));
    buf_deinit(&last);
    buf_deinit(&in);
    buf_deinit(&plain);
    return spent;
}

/* One session. @return CPU seconds of the client. */
static double run_session(const struct client *client, void *context, struct peer *peer)
{
    struct buf out = BUF_INIT(WIRE_MAX);
    struct buf in = BUF_INIT(WIRE_MAX);
    double from = cpu_now();
    void *c = client->start(context, &out);
    double spent = cpu_now() - from;
    for (bool done = false; !done;) {
        buf_reset(&in);
        peer_step(peer, buf_span(&out), &in);
        buf_reset(&out);
        from = cpu_now();
        done = client->turn(c, buf_span(&in), &out);
        spent += cpu_now() - from;
    }
    spent += client->talk != NULL ? run_talk(client, c, peer, buf_span(&out)) : 0;
    from = cpu_now();
    client->stop(c);
    spent += cpu_now() - from;
    buf_deinit(&out);
    buf_deinit(&in);
    return spent;
}

static void run_case(const struct client *client, void *context, const struct bench_case *c,
                     const struct chain *chain, size_t count)
{
    double best = 0;
    double total = 0;
    for (size_t i = 0; i < count; i++) {
        struct peer peer;
        peer_init(&peer, &(struct peer_params){.min_version = c->version,
                                               .max_version = c->version,
                                               .groups = c->groups,
                                               .leaf = &chain->leaf,
                                               .further = &chain->issuer.cert,
                                               .further_count = 1});
        double spent = run_session(client, context, &peer);
        total += spent;
        best = i == 0 || spent < best ? spent : best;
        peer_deinit(&peer);
    }
    printf("%-8s %-28s %8.0f us mean %8.0f us best\n", client->name, c->name,
           total / (double)count * 1e6, best * 1e6);
}

static void run_client(const struct client *client, const struct chain *chains, size_t first,
                       size_t end, size_t count)
{
    bool bare = client->start == client_bare_start;
    struct tls_context *engine = bare ? NULL : tls_context_new(client->fast);
    CHECK(bare || tls_context_enable_short_handshakes(engine));
    for (size_t i = first; i < end; i++) {
        SSL_CTX *ssl = bare ? bare_context(client->verify, &chains[i].root) : NULL;
        run_case(client, bare ? (void *)ssl : (void *)engine, &cases[i], &chains[i], count);
        SSL_CTX_free(ssl);
    }
    tls_context_free(engine);
}

int main(int argc, char **argv)
{
    size_t count = argc > 1 ? strtoul(argv[1], NULL, 10) : COUNT_DEFAULT;
    const char *only = argc > 2 ? argv[2] : NULL;
    size_t first = argc > 3 ? strtoul(argv[3], NULL, 10) - 1 : 0;
    size_t end = argc > 3 ? first + 1 : CASE_COUNT;
    CHECK(first < CASE_COUNT);
    struct chain chains[CASE_COUNT];
    if (only != NULL && strcmp(only, "naive") != 0 && strcmp(only, "bare") != 0) {
        crypto_process_init(); /* of the whole process, so not where a client of others is to be measured, too */
    }
    tls_process_init();
    for (size_t i = first; i < end; i++) {
        chains[i] = chain_of(&cases[i]);
    }
    printf("%s, %zu of each\n", OpenSSL_version(OPENSSL_VERSION), count);
    for (size_t j = 0; j < sizeof(clients) / sizeof(clients[0]) && count > 0; j++) {
        const struct client *client = &clients[j];
        if (only != NULL && strcmp(only, client->name) != 0) {
            continue;
        }
        run_client(client, chains, first, end, count);
    }
    for (size_t i = first; i < end; i++) {
        test_cert_free(&chains[i].root);
        test_cert_free(&chains[i].issuer);
        test_cert_free(&chains[i].leaf);
    }
    return 0;
}
