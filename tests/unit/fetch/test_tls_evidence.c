/** What the callbacks below somebody else's client bound, and what outlives what. */

#include <criterion/criterion.h>
#include <openssl/bio.h>

#include "scanner/fetch/tls_evidence.h"

static const uint8_t octets[4096];

struct client {
    struct tls_evidence evidence;
    EVP_MD *sha256;
    EVP_MD_CTX *digest;
    SSL_CTX *ctx;
    SSL *ssl;
    BIO *in; /* what the server said */
};

/* A client that has sent its ClientHello. */
static struct client *client_new(void)
{
    struct client *c = calloc(1, sizeof(*c));
    cr_assert_not_null(c);
    c->sha256 = EVP_MD_fetch(NULL, "SHA2-256", NULL);
    c->digest = EVP_MD_CTX_new();
    tls_evidence_init(&c->evidence, c->sha256, c->digest);
    c->ctx = SSL_CTX_new(TLS_client_method());
    tls_evidence_install(&c->evidence, c->ctx);
    c->ssl = SSL_new(c->ctx);
    c->in = BIO_new(BIO_s_mem());
    SSL_set_bio(c->ssl, c->in, BIO_new(BIO_s_mem()));
    SSL_set_connect_state(c->ssl);
    cr_assert_lt(SSL_do_handshake(c->ssl), 0);
    cr_assert_neq(c->evidence.begun_ns, 0);
    return c;
}

static void client_free(struct client *c)
{
    SSL_free(c->ssl);
    SSL_CTX_free(c->ctx);
    tls_evidence_deinit(&c->evidence);
    EVP_MD_CTX_free(c->digest);
    EVP_MD_free(c->sha256);
    free(c);
}

/* As OpenSSL does in its loop: until there is nothing more. @return how many octets it got. */
static size_t read_on(struct client *c, size_t most)
{
    uint8_t room[sizeof(octets)];
    size_t got = 0;
    int n = 1;
    while (n > 0 && got < most) {
        cr_assert_eq(BIO_write(c->in, octets, sizeof(octets)), sizeof(octets));
        n = BIO_read(c->in, room, sizeof(room));
        got += n > 0 ? (size_t)n : 0;
    }
    cr_expect(n > 0 || BIO_should_retry(c->in), "as if nothing had come");
    return got;
}

Test(tls_evidence, a_turn_reads_its_share_and_no_more)
{
    struct client *c = client_new();
    cr_expect_eq(read_on(c, SIZE_MAX), SESSION_TURN_OCTETS);
    cr_expect_eq(read_on(c, SIZE_MAX), 0);
    cr_expect_not(c->evidence.gone);
    tls_evidence_begin_turn(&c->evidence);
    cr_expect_eq(read_on(c, SIZE_MAX), SESSION_TURN_OCTETS);
    client_free(c);
}

Test(tls_evidence, a_handshake_that_does_not_end_is_not_read_for_ever)
{
    struct client *c = client_new();
    for (size_t got = 0; got < SESSION_OCTETS_MAX;) {
        cr_assert_not(c->evidence.flooded);
        tls_evidence_begin_turn(&c->evidence);
        got += read_on(c, SIZE_MAX);
    }
    tls_evidence_begin_turn(&c->evidence);
    cr_expect_eq(read_on(c, SIZE_MAX), 0);
    cr_expect(c->evidence.flooded);
    cr_expect_str_eq(c->evidence.notes.seen.error_text, "more octets than a session needs");
    client_free(c);
}

/* Behind the handshake the exchange has its own bounds. */
Test(tls_evidence, octets_behind_the_handshake_are_counted_elsewhere)
{
    struct client *c = client_new();
    c->evidence.ended_ns = 1;
    for (size_t got = 0; got < 2 * SESSION_OCTETS_MAX;) {
        tls_evidence_begin_turn(&c->evidence);
        size_t more = read_on(c, SIZE_MAX);
        cr_assert_gt(more, 0);
        got += more;
    }
    cr_expect_not(c->evidence.flooded);
    client_free(c);
}

/* libcurl frees the connection when it likes, before or after the next one has begun. */
Test(tls_evidence, who_is_detached_hears_nothing_more)
{
    struct client *c = client_new();
    SSL_CTX *next = SSL_CTX_new(TLS_client_method());
    tls_evidence_reset(&c->evidence);
    tls_evidence_install(&c->evidence, next);
    cr_expect_eq(read_on(c, 4 * SESSION_TURN_OCTETS), 4 * SESSION_TURN_OCTETS, "no bound of ours");
    (void)SSL_do_handshake(c->ssl); /* an alert, an error */
    cr_expect_eq(c->evidence.octets_in, 0);
    cr_expect_eq(c->evidence.notes.seen.alert_sent, -1);
    cr_expect_eq(c->evidence.notes.seen.error_code, 0);
    SSL_CTX_free(next);
    client_free(c);
}
