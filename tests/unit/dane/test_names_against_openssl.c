/** Which names DANE-TA takes, beside OpenSSL's own DANE verification: RFC 7672 sections 3.2.2 and 3.2.3. */
#include <criterion/criterion.h>
#include <openssl/ssl.h>

#include "scanner/analysis/endpoint_verdict.h"
#include "tests/unit/dane/dane_fixture.h"

static const struct {
    const char *name;
    const char *cn;
    const char *more_cn; /* another one */
    const char *san;
} leaves[] = {
    {"a dNSName", "other.test", NULL, "DNS:mx.test"},
    {"a wildcard", "other.test", NULL, "DNS:*.mx.test"},
    {"a common name, and no subjectAltName", "mx.test", NULL, NULL},
    {"in upper case", "MX.Test", NULL, NULL},
    {"a wildcard as common name", "*.mx.test", NULL, NULL},
    {"the second of two", "other.test", "mx.test", NULL},
    {"the first of two", "mx.test", "other.test", NULL},
    {"an e-mail address beside it", "mx.test", NULL, "email:a@other.test"},
    {"an address beside it", "mx.test", NULL, "IP:192.0.2.1"},
    {"a URI beside it", "mx.test", NULL, "URI:https://other.test/"},
    {"e-mail and address beside it", "mx.test", NULL, "email:a@other.test,IP:192.0.2.1"},
    {"a dNSName beside it decides", "mx.test", NULL, "DNS:other.test"},
    {"e-mail and a dNSName beside it", "mx.test", NULL, "email:a@other.test,DNS:other.test"},
    {"a last dot", "mx.test.", NULL, NULL},
    {"a name above", "test", NULL, NULL},
    {"words", "Mail Server", NULL, NULL},
    {"another", "other.test", NULL, NULL},
};

static const char *const references[] = {"mx.test", "a.mx.test", "b.a.mx.test", "other.test"};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static struct test_cert make(const struct test_cert *issuer, size_t i)
{
    struct test_cert made = test_cert_new(
        issuer, &(struct test_cert_params){
                    .cn = leaves[i].cn, .san = leaves[i].san, .at = DANE_AT, .from_s = -86400});
    if (leaves[i].more_cn != NULL) {
        CHECK(X509_NAME_add_entry_by_txt(X509_get_subject_name(made.cert), "CN", MBSTRING_UTF8,
                                         (const unsigned char *)leaves[i].more_cn, -1, -1, 0) == 1);
        test_cert_sign(made.cert, issuer->key, NULL);
    }
    return made;
}

static bool openssl_matches(SSL_CTX *context, X509 *leaf, X509 *root, const struct seen_tlsa *r,
                            const char *name)
{
    SSL *ssl = SSL_new(context);
    X509_STORE *store = X509_STORE_new();
    X509_STORE_CTX *ctx = X509_STORE_CTX_new();
    STACK_OF(X509) *all = sk_X509_new_null();
    CHECK(ssl != NULL && store != NULL && ctx != NULL && SSL_dane_enable(ssl, name) == 1);
    CHECK(sk_X509_push(all, leaf) > 0 && sk_X509_push(all, root) > 0);
    CHECK(SSL_dane_tlsa_add(ssl, r->usage, r->selector, r->matching, r->data.at, r->data.len) == 1);
    CHECK(X509_STORE_CTX_init(ctx, store, leaf, all) == 1);
    X509_STORE_CTX_set0_dane(ctx, SSL_get0_dane(ssl));
    CHECK(X509_STORE_CTX_set_default(ctx, "ssl_server") == 1);
    X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(ctx);
    CHECK(X509_VERIFY_PARAM_set1(param, SSL_get0_param(ssl)) == 1);
    X509_VERIFY_PARAM_set_time(param, DANE_AT);
    bool matches = X509_verify_cert(ctx) == 1;
    X509_STORE_CTX_free(ctx);
    X509_STORE_free(store);
    sk_X509_free(all);
    SSL_free(ssl);
    return matches;
}

static bool our_match(struct dane_fixture *f, X509 *leaf, X509 *root, const char *name)
{
    struct endpoint_verdict v;
    struct span octets[] = {test_cert_der(leaf), test_cert_der(root)};
    buf_reset(&f->list);
    for (size_t i = 0; i < COUNT(octets); i++) {
        CHECK(cert_list_add(&f->list, octets[i]));
        OPENSSL_free((void *)(uintptr_t)octets[i].at);
    }
    struct seen_session s = {.outcome = OUTCOME_ESTABLISHED, .sni = true, .tls_attempted = true};
    s.tls.list = buf_span(&f->list);
    s.tls.cert_count = 2;
    struct seen_endpoint e = {.host = span_of(name),
                              .result = &s,
                              .dane_host = DANE_HOST_USABLE,
                              .tlsa_base = span_of(name),
                              .tlsas = f->tlsa,
                              .tlsa_count = f->tlsa_count};
    endpoint_verdict_init(&v);
    endpoint_verdict_fill(&v, &e, DANE_AT);
    bool matches = v.dane.status == DANE_MATCH;
    endpoint_verdict_deinit(&v);
    return matches;
}

Test(names_against_openssl, dane_ta)
{
    struct dane_fixture f;
    dane_fixture_init(&f);
    dane_fixture_add(&f, 2, 0, 1, WHO_ROOT);
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    CHECK(context != NULL && SSL_CTX_dane_enable(context) == 1);
    unsigned matches = 0;
    for (size_t i = 0; i < COUNT(leaves); i++) {
        struct test_cert leaf = make(&f.cert[WHO_ROOT], i);
        for (size_t k = 0; k < COUNT(references); k++) {
            X509 *root = f.cert[WHO_ROOT].cert;
            bool theirs = openssl_matches(context, leaf.cert, root, &f.tlsa[0], references[k]);
            bool ours = our_match(&f, leaf.cert, root, references[k]);
            cr_expect_eq(ours, theirs, "%s, %s: ours %d, theirs %d", leaves[i].name, references[k],
                         ours, theirs);
            matches += ours;
        }
        test_cert_free(&leaf);
    }
    cr_expect(matches > 10, "%u", matches);
    SSL_CTX_free(context);
    dane_fixture_deinit(&f);
}
