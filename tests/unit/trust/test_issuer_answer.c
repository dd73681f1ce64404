#include <criterion/criterion.h>
#include <openssl/pem.h>
#include <openssl/pkcs7.h>

#include "scanner/base/hash.h"
#include "scanner/trust/issuer_answer.h"
#include "tests/unit/trust/hierarchy.h"

static void init(void)
{
    hash_secret_init();
}

TestSuite(issuer_answer, .init = init);

static void put_bio(struct buf *to, BIO *bio)
{
    char *at = NULL;
    long len = BIO_get_mem_data(bio, &at);
    buf_put(to, (struct span){(const uint8_t *)at, (size_t)len});
    BIO_free(bio);
}

static void put_der(struct buf *to, const struct test_cert *c)
{
    struct span der = test_cert_der(c->cert);
    buf_put(to, der);
    OPENSSL_free((void *)(uintptr_t)der.at);
}

static void put_pem(struct buf *to, const struct test_cert *c)
{
    BIO *bio = BIO_new(BIO_s_mem());
    cr_assert(PEM_write_bio_X509(bio, c->cert));
    put_bio(to, bio);
}

/* RFC 5652 section 5: SignedData without signers and without content. */
static void put_pkcs7(struct buf *to, const struct test_cert *certs, size_t count)
{
    PKCS7 *p7 = PKCS7_new();
    BIO *bio = BIO_new(BIO_s_mem());
    cr_assert(PKCS7_set_type(p7, NID_pkcs7_signed) && PKCS7_content_new(p7, NID_pkcs7_data));
    for (size_t i = 0; i < count; i++) {
        cr_assert(PKCS7_add_certificate(p7, certs[i].cert));
    }
    cr_assert(i2d_PKCS7_bio(bio, p7));
    PKCS7_free(p7);
    put_bio(to, bio);
}

enum form {
    FORM_NOTHING,
    FORM_DER,
    FORM_DER_AND_MORE,
    FORM_DER_CUT,
    FORM_DER_TWO,
    FORM_LEAF,
    FORM_PEM,
    FORM_PEM_TEXT,
    FORM_PEM_DAMAGED,
    FORM_PKCS7,
    FORM_PKCS7_EMPTY,
    FORM_PKCS7_CUT,
    FORM_PKCS7_MANY,
    FORM_HTML,
    FORM_KEY,
    FORM_ZEROS,
};

static void make(struct buf *to, enum form form, struct hierarchy *h,
                 const struct test_cert made[3])
{
    switch (form) {
    case FORM_NOTHING:
        return;
    case FORM_DER:
    case FORM_DER_AND_MORE:
    case FORM_DER_CUT:
        put_der(to, &made[0]);
        buf_put_text(to, form == FORM_DER_AND_MORE ? "\n" : "");
        to->len -= form == FORM_DER_CUT;
        return;
    case FORM_DER_TWO:
        put_der(to, &made[0]);
        put_der(to, &made[1]);
        return;
    case FORM_LEAF:
        put_der(to, &made[2]);
        return;
    case FORM_PEM:
    case FORM_PEM_TEXT:
    case FORM_PEM_DAMAGED:
        buf_put_text(to, form == FORM_PEM_TEXT ? "Subject: CN=Upper\n" : "");
        put_pem(to, &made[0]);
        put_pem(to, &made[1]);
        put_pem(to, &made[2]);
        to->len -= form == FORM_PEM_DAMAGED ? 40 : 0;
        return;
    case FORM_PKCS7:
    case FORM_PKCS7_EMPTY:
    case FORM_PKCS7_CUT:
        put_pkcs7(to, made, form == FORM_PKCS7_EMPTY ? 0 : 3);
        to->len -= form == FORM_PKCS7_CUT;
        return;
    case FORM_PKCS7_MANY: {
        struct test_cert many[ISSUER_ANSWER_CERTS_MAX + 4];
        for (size_t i = 0; i < ISSUER_ANSWER_CERTS_MAX + 4; i++) {
            many[i] = *hierarchy_ca(h, &made[0], "One of many");
        }
        put_pkcs7(to, many, ISSUER_ANSWER_CERTS_MAX + 4);
        return;
    }
    case FORM_HTML:
        buf_put_text(to, "<!DOCTYPE html>\n<title>Not found</title>\n");
        return;
    case FORM_KEY:
        buf_put_text(to, "-----BEGIN PRIVATE KEY-----\nMAMCAQE=\n-----END PRIVATE KEY-----\n");
        return;
    case FORM_ZEROS:
        memset(buf_room(to, 1000), 0, 1000);
        to->len += 1000;
        return;
    }
}

/* RFC 5280 section 4.2.2.1. */
static const struct row {
    const char *name;
    enum form form;
    enum issuer_answer answer;
    size_t cas;
} rows[] = {
    {"nothing", FORM_NOTHING, ISSUER_ANSWER_NOTHING, 0},
    {"one in DER", FORM_DER, ISSUER_ANSWER_DER, 1},
    {"and a line end", FORM_DER_AND_MORE, ISSUER_ANSWER_OTHER, 0},
    {"cut off", FORM_DER_CUT, ISSUER_ANSWER_OTHER, 0},
    {"two, one behind the other", FORM_DER_TWO, ISSUER_ANSWER_OTHER, 0},
    {"no CA's", FORM_LEAF, ISSUER_ANSWER_DER, 0},
    {"PEM", FORM_PEM, ISSUER_ANSWER_PEM, 2},
    {"PEM with text in front", FORM_PEM_TEXT, ISSUER_ANSWER_PEM, 2},
    {"PEM, damaged", FORM_PEM_DAMAGED, ISSUER_ANSWER_OTHER, 0},
    {"certs-only", FORM_PKCS7, ISSUER_ANSWER_PKCS7, 2},
    {"certs-only, without any", FORM_PKCS7_EMPTY, ISSUER_ANSWER_OTHER, 0},
    {"certs-only, cut off", FORM_PKCS7_CUT, ISSUER_ANSWER_OTHER, 0},
    {"more than are kept", FORM_PKCS7_MANY, ISSUER_ANSWER_PKCS7, ISSUER_ANSWER_CERTS_MAX},
    {"a page", FORM_HTML, ISSUER_ANSWER_OTHER, 0},
    {"a key", FORM_KEY, ISSUER_ANSWER_OTHER, 0},
    {"zeros", FORM_ZEROS, ISSUER_ANSWER_OTHER, 0},
};

Test(issuer_answer, der_pem_and_certs_only)
{
    struct hierarchy h = {.count = 0};
    struct test_cert made[3];
    made[0] = *hierarchy_ca(&h, NULL, "Upper");
    made[1] = *hierarchy_ca(&h, &made[0], "Lower");
    made[2] = *hierarchy_leaf(&h, &made[1]);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct buf body = BUF_INIT(BUF_NO_LIMIT);
        struct buf list = BUF_INIT(BUF_NO_LIMIT);
        make(&body, rows[i].form, &h, made);
        enum issuer_answer got = issuer_answer_read(buf_span(&body), &list);
        cr_expect_eq(got, rows[i].answer, "%s: %s", rows[i].name, issuer_answer_word(got));
        cr_expect_eq(cert_list_count(buf_span(&list)), rows[i].cas, "%s", rows[i].name);
        struct span rest = buf_span(&list);
        struct span der;
        if (rows[i].form == FORM_PKCS7 && cert_list_next(&rest, &der)) {
            struct span want = test_cert_der(made[0].cert);
            cr_expect(span_eq(der, want), "its octets are those that were sent");
            OPENSSL_free((void *)(uintptr_t)want.at);
        }
        buf_deinit(&body);
        buf_deinit(&list);
    }
    hierarchy_free(&h);
}
