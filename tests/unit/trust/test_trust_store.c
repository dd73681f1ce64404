#include <criterion/criterion.h>
#include <openssl/pem.h>

#include "scanner/base/hash.h"
#include "scanner/trust/trust_store.h"
#include "tests/unit/trust/hierarchy.h"

static void init(void)
{
    hash_secret_init();
}

TestSuite(trust_store, .init = init);

static void put_bio(struct buf *pem, BIO *bio)
{
    char *at = NULL;
    long len = BIO_get_mem_data(bio, &at);
    buf_put(pem, (struct span){(const uint8_t *)at, (size_t)len});
    BIO_free(bio);
}

static void put_cert(struct buf *pem, const struct test_cert *c)
{
    BIO *bio = BIO_new(BIO_s_mem());
    CHECK(PEM_write_bio_X509(bio, c->cert) == 1);
    put_bio(pem, bio);
}

static void put_key(struct buf *pem, const struct test_cert *c)
{
    BIO *bio = BIO_new(BIO_s_mem());
    CHECK(PEM_write_bio_PrivateKey(bio, c->key, NULL, NULL, 0, NULL, NULL) == 1);
    put_bio(pem, bio);
}

/* OpenSSL's own form, with what the certificate is trusted or refused for. */
static void put_trusted(struct buf *pem, const struct test_cert *c, bool refused)
{
    BIO *bio = BIO_new(BIO_s_mem());
    ASN1_OBJECT *use = OBJ_nid2obj(NID_server_auth);
    X509 *copy = X509_dup(c->cert);
    CHECK((refused ? X509_add1_reject_object(copy, use) : X509_add1_trust_object(copy, use)) == 1);
    CHECK(PEM_write_bio_X509_AUX(bio, copy) == 1);
    X509_free(copy);
    put_bio(pem, bio);
}

struct row {
    const char *name;
    const char *plan; /* letters, as in put_plan() */
    size_t anchors;
    const char *why; /* NULL: readable */
};

static void put_plan(struct buf *pem, const char *plan, const struct test_cert *roots)
{
    for (; *plan != '\0'; plan++) {
        switch (*plan) {
        case 'a':
        case 'b':
            put_cert(pem, &roots[*plan - 'a']);
            break;
        case 't':
            put_trusted(pem, &roots[2], false);
            break;
        case 'r':
            put_trusted(pem, &roots[2], true);
            break;
        case 'k':
            put_key(pem, &roots[0]);
            break;
        case '#':
            buf_put_text(pem, "# a comment\n\n=====\n");
            break;
        case 'x':
            buf_put_text(pem, "-----BEGIN CERTIFICATE-----\nMAMCAQE=\n-----END CERTIFICATE-----\n");
            break;
        default: /* 'c': cut off */
            buf_put_text(pem, "-----BEGIN CERTIFICATE-----\nMAMCAQE=\n");
        }
    }
}

static const struct row rows[] = {
    {"one", "a", 1, NULL},
    {"7468 5.2: text between blocks", "#a#b#", 2, NULL},
    {"each once", "aba", 2, NULL},
    {"other blocks are skipped", "kak", 1, NULL},
    {"a trusted certificate", "at", 2, NULL},
    {"one refused for servers", "ar", 1, NULL},
    {"nothing at all", "", 0, "no certificate in it; give a PEM file of root certificates"},
    {"no certificate", "#k", 0, "no certificate in it; give a PEM file of root certificates"},
    {"no DER", "#abx", 0, "certificate 3 of the file cannot be read; remove or replace it"},
    {"cut off", "akc", 0, "PEM block 3, after 1 certificates, is damaged; give an undamaged file"},
};

Test(trust_store, bundles)
{
    struct hierarchy h = {.count = 0};
    const struct test_cert roots[] = {*hierarchy_ca(&h, NULL, "A"), *hierarchy_ca(&h, NULL, "B"),
                                      *hierarchy_ca(&h, NULL, "T")};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct row *r = &rows[i];
        struct buf pem = BUF_INIT(BUF_NO_LIMIT);
        struct buf why = BUF_INIT(BUF_NO_LIMIT);
        struct trust_store_octets store;
        put_plan(&pem, r->plan, roots);
        bool good = trust_store_parse(&store, "test", buf_span(&pem), &why);
        cr_expect_eq(good, r->why == NULL, "%s", r->name);
        cr_expect(span_eq(buf_span(&why), span_of(r->why ? r->why : "")), "%s: %.*s", r->name,
                  (int)why.len, (const char *)why.at);
        if (good) {
            cr_expect_eq(store.anchor_count, r->anchors, "%s: %zu", r->name, store.anchor_count);
            cr_expect_eq(cert_list_count(buf_span(&store.anchors)), r->anchors, "%s", r->name);
            cr_expect(span_eq(buf_span(&store.pem), buf_span(&pem)), "%s", r->name);
        }
        trust_store_deinit(&store);
        buf_deinit(&pem);
        buf_deinit(&why);
    }
    hierarchy_free(&h);
}

static void expect_unreadable(const char *path, const char *text)
{
    struct trust_store_octets store;
    struct buf why = BUF_INIT(BUF_NO_LIMIT);
    cr_expect(!trust_store_read(&store, "test", path, &why));
    buf_put_char(&why, '\0');
    cr_expect_str_eq((const char *)why.at, text);
    trust_store_deinit(&store);
    buf_deinit(&why);
}

Test(trust_store, files_that_are_none)
{
    expect_unreadable("/nowhere/roots.pem", "/nowhere/roots.pem: No such file or directory;"
                                            " give a PEM file of root certificates");
    expect_unreadable("/dev/null", "/dev/null: no certificate in it;"
                                   " give a PEM file of root certificates");
    expect_unreadable("/dev/zero", "/dev/zero: over 67108864 octets; give a smaller file");
    expect_unreadable("/", "/: Is a directory; give a PEM file of root certificates");
}

/* Where there is one, every judge must be able to work with all of it. */
Test(trust_store, the_store_of_the_system)
{
    const char *path = trust_store_system_path();
    struct trust_store_octets store;
    struct buf why = BUF_INIT(BUF_NO_LIMIT);
    if (path == NULL) {
        cr_skip("no store of the system here");
    }
    cr_assert(trust_store_read(&store, "system", path, &why), "%.*s", (int)why.len,
              (const char *)why.at);
    struct judging_terms terms = {.at = JUDGED_AT, .stores = &store, .store_count = 1};
    struct chain_judge *judge = chain_judge_new(&terms);
    struct span rest = buf_span(&store.anchors);
    struct span der;
    size_t trusted = 0;
    while (cert_list_next(&rest, &der)) {
        struct chain_verdict v;
        struct buf list = BUF_INIT(BUF_NO_LIMIT);
        cr_assert(cert_list_add(&list, der));
        chain_judge_list(judge, buf_span(&list), &v);
        trusted += v.store[0].anchored && v.store[0].step_count == 1;
        buf_deinit(&list);
    }
    cr_expect_gt(trusted, store.anchor_count * 9 / 10, "%zu of %zu", trusted, store.anchor_count);
    chain_judge_free(judge);
    trust_store_deinit(&store);
    buf_deinit(&why);
}
