#include <criterion/criterion.h>

#include "tests/unit/tls/peer.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

TestSuite(limit_key, .init = tls_process_init);

enum leaves {
    BOTH,
    RSA_ONLY,
    EC_ONLY,
};

struct key_case {
    const char *name;
    enum leaves leaves;
    int version;
    enum handshake_key key;
    bool completes;
    bool shows_ec; /* when it completes */
};

/* RFC 8446 section 4.4.2.2 and RFC 5246 section 7.4.2: the server chooses a certificate that fits
 * what is offered. */
static const struct key_case cases[] = {
    {"both, 1.3, any: the first on our list", BOTH, TLS1_3_VERSION, HANDSHAKE_KEY_ANY, true, true},
    {"both, 1.3, RSA", BOTH, TLS1_3_VERSION, HANDSHAKE_KEY_RSA, true, false},
    {"both, 1.3, ECDSA", BOTH, TLS1_3_VERSION, HANDSHAKE_KEY_ECDSA, true, true},
    {"both, 1.2, RSA", BOTH, TLS1_2_VERSION, HANDSHAKE_KEY_RSA, true, false},
    {"both, 1.2, ECDSA", BOTH, TLS1_2_VERSION, HANDSHAKE_KEY_ECDSA, true, true},
    {"both, 1.0, RSA", BOTH, TLS1_VERSION, HANDSHAKE_KEY_RSA, true, false},
    {"both, 1.0, ECDSA", BOTH, TLS1_VERSION, HANDSHAKE_KEY_ECDSA, true, true},
    {"RSA, 1.3, ECDSA", RSA_ONLY, TLS1_3_VERSION, HANDSHAKE_KEY_ECDSA, false, false},
    {"RSA, 1.2, ECDSA", RSA_ONLY, TLS1_2_VERSION, HANDSHAKE_KEY_ECDSA, false, false},
    {"RSA, 1.0, ECDSA", RSA_ONLY, TLS1_VERSION, HANDSHAKE_KEY_ECDSA, false, false},
    {"RSA, 1.3, RSA", RSA_ONLY, TLS1_3_VERSION, HANDSHAKE_KEY_RSA, true, false},
    {"EC, 1.3, RSA", EC_ONLY, TLS1_3_VERSION, HANDSHAKE_KEY_RSA, false, false},
    {"EC, 1.2, RSA", EC_ONLY, TLS1_2_VERSION, HANDSHAKE_KEY_RSA, false, false},
    {"EC, 1.2, ECDSA", EC_ONLY, TLS1_2_VERSION, HANDSHAKE_KEY_ECDSA, true, true},
};

static void check_case(struct tls_context *ctx, const struct key_case *c,
                       const struct test_cert *rsa, const struct test_cert *ec)
{
    struct peer peer;
    peer_init(&peer, &(struct peer_params){.min_version = c->version,
                                           .max_version = c->version,
                                           .leaf = c->leaves == EC_ONLY ? ec : rsa,
                                           .second_leaf = c->leaves == BOTH ? ec : NULL});
    struct handshake *h = handshake_new(ctx, "mx.test");
    handshake_limit_key(h, c->key);
    enum handshake_status status = peer_run(&peer, h, SIZE_MAX);
    const struct seen_tls *seen = handshake_seen(h);
    cr_expect_eq(status, c->completes ? HANDSHAKE_DONE : HANDSHAKE_FAILED, "%s: %s", c->name,
                 seen->error_text);
    if (c->completes) {
        uint8_t want[32];
        unsigned len = 0;
        CHECK(X509_digest(c->shows_ec ? ec->cert : rsa->cert, EVP_sha256(), want, &len) == 1);
        cr_expect_arr_eq(seen->leaf_sha256, want, 32, "%s", c->name);
    } else {
        cr_expect_eq(handshake_outcome(h), OUTCOME_TLS_NO_SHARED_CIPHER, "%s: alert %d", c->name,
                     seen->alert_received);
    }
    handshake_free(h);
    peer_deinit(&peer);
}

Test(limit_key, shows_the_certificate_of_that_kind)
{
    struct test_cert root = test_cert_new(
        NULL, &(struct test_cert_params){.cn = "Root", .ca = true, .key = TEST_KEY_RSA2048});
    struct test_cert ec = test_cert_new(&root, &(struct test_cert_params){.cn = "mx.test"});
    struct test_cert rsa =
        test_cert_new(&root, &(struct test_cert_params){.cn = "mx.test", .key = TEST_KEY_RSA2048});
    struct tls_context *ctx = tls_context_new(false);
    for (size_t i = 0; i < COUNT(cases); i++) {
        check_case(ctx, &cases[i], &rsa, &ec);
    }
    tls_context_free(ctx);
    test_cert_free(&root);
    test_cert_free(&ec);
    test_cert_free(&rsa);
}
