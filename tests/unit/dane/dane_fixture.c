#include "tests/unit/dane/dane_fixture.h"

#define YEAR (365 * 86400L)

static struct test_cert make(const struct test_cert *issuer, const char *cn, bool ca, bool expired,
                             EVP_PKEY *key)
{
    static long serial;
    return test_cert_new(issuer, &(struct test_cert_params){
                                     .cn = cn,
                                     .san = ca ? NULL : "DNS:mx.test",
                                     .ca = ca,
                                     .serial = ++serial,
                                     .at = DANE_AT,
                                     .from_s = -2 * YEAR,
                                     .until_s = expired ? -YEAR : YEAR,
                                     .use_key = key,
                                 });
}

void dane_fixture_init(struct dane_fixture *f)
{
    struct test_cert *c = f->cert;
    *f = (struct dane_fixture){.list = BUF_INIT(BUF_NO_LIMIT)};
    c[WHO_ROOT] = make(NULL, "Root", true, false, NULL);
    c[WHO_UNRELATED] = make(NULL, "Unrelated", true, false, NULL);
    c[WHO_MIDDLE] = make(&c[WHO_ROOT], "Middle", true, false, NULL);
    c[WHO_CROSS] = make(&c[WHO_ROOT], "Middle", true, true, c[WHO_MIDDLE].key);
    c[WHO_OLD_MIDDLE] = make(&c[WHO_ROOT], "Old", true, true, NULL);
    c[WHO_NO_CA] = make(&c[WHO_ROOT], "No CA", false, false, NULL);
    c[WHO_LEAF] = make(&c[WHO_MIDDLE], "leaf", false, false, NULL);
    c[WHO_OLD_LEAF] = make(&c[WHO_MIDDLE], "old leaf", false, true, NULL);
    c[WHO_UNDER_OLD] = make(&c[WHO_OLD_MIDDLE], "leaf", false, false, NULL);
    c[WHO_UNDER_NO_CA] = make(&c[WHO_NO_CA], "leaf", false, false, NULL);
    c[WHO_SELF] = make(NULL, "self", false, false, NULL);
    for (size_t i = 0; i < TLSA_MAX; i++) {
        f->data[i] = BUF_INIT(BUF_NO_LIMIT);
    }
}

void dane_fixture_deinit(struct dane_fixture *f)
{
    for (size_t i = 1; i < WHO_COUNT; i++) {
        test_cert_free(&f->cert[i]);
    }
    for (size_t i = 0; i < TLSA_MAX; i++) {
        buf_deinit(&f->data[i]);
    }
    buf_deinit(&f->list);
}

struct span dane_fixture_list(struct dane_fixture *f, const enum who *whos)
{
    buf_reset(&f->list);
    for (; *whos != WHO_NONE; whos++) {
        struct span der = test_cert_der(f->cert[*whos].cert);
        CHECK(cert_list_add(&f->list, der));
        OPENSSL_free((void *)(uintptr_t)der.at);
    }
    return buf_span(&f->list);
}

void dane_fixture_clear(struct dane_fixture *f)
{
    f->tlsa_count = 0;
}

/* By OpenSSL's own encoders, not by the code under test. */
void dane_fixture_add(struct dane_fixture *f, uint8_t usage, uint8_t selector, uint8_t matching,
                      enum who who)
{
    X509 *cert = f->cert[who].cert;
    unsigned char *der = NULL;
    int len =
        selector == 1 ? i2d_X509_PUBKEY(X509_get_X509_PUBKEY(cert), &der) : i2d_X509(cert, &der);
    CHECK(len > 0 && f->tlsa_count < TLSA_MAX);
    struct buf *data = &f->data[f->tlsa_count];
    struct span octets = {der, (size_t)len};
    uint8_t digest[64];
    if (matching != 0) {
        unsigned digest_len = 0;
        CHECK(EVP_Digest(der, (size_t)len, digest, &digest_len,
                         matching == 1 ? EVP_sha256() : EVP_sha512(), NULL) == 1);
        octets = (struct span){digest, digest_len};
    }
    buf_reset(data);
    buf_put(data, octets);
    OPENSSL_free(der);
    f->tlsa[f->tlsa_count++] = (struct seen_tlsa){usage, selector, matching, buf_span(data)};
}
