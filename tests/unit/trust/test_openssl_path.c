#include <criterion/criterion.h>
#include <openssl/x509_vfy.h>

#include "scanner/base/hash.h"
#include "tests/unit/trust/hierarchy.h"

/* Lists where OpenSSL's own builder and the verdict over all paths part ways, and their neighbours.
 * That the answer is openssl's own is held by tests/interop/openssl_verify.py. */

#define MAKE(issuer, ...) hierarchy_add(&w->h, (issuer), &(struct test_cert_params){__VA_ARGS__})

/* Two roots, a CA under one of them that the other has signed too, and leaves. */
struct world {
    struct hierarchy h;
    struct test_cert *root;    /* trusted by the first store */
    struct test_cert *foreign; /* by the second */
    struct test_cert *ca;
    struct test_cert *crossed; /* `ca` by `foreign` */
    struct test_cert *renewed; /* the name of `ca`, another key */
    struct test_cert *leaf;
    struct test_cert *expired;
    struct test_cert *small; /* RSA 1024 */
    struct test_cert *damaged;
    struct test_cert *self;
};

static void make(struct world *w)
{
    w->root = hierarchy_ca(&w->h, NULL, "Root");
    w->foreign = hierarchy_ca(&w->h, NULL, "Foreign");
    w->ca = hierarchy_ca(&w->h, w->root, "CA");
    w->crossed = MAKE(w->foreign, .cn = "CA", .ca = true, .use_key = w->ca->key);
    w->renewed = hierarchy_ca(&w->h, w->root, "CA");
    w->leaf = hierarchy_leaf(&w->h, w->ca);
    w->expired = MAKE(w->ca, .cn = "mx.test", .until_s = -1);
    w->small = MAKE(w->ca, .cn = "mx.test", .key = TEST_KEY_RSA1024);
    w->damaged = hierarchy_damaged(&w->h, w->ca, &(struct test_cert_params){.cn = "mx.test"});
    w->self = MAKE(NULL, .cn = "mx.test");
}

#define CERT(name) offsetof(struct world, name)
#define LIST(...)  .list = {__VA_ARGS__}, .count = sizeof((size_t[]){__VA_ARGS__}) / sizeof(size_t)

struct path_case {
    const char *name;
    size_t list[4]; /* members of struct world */
    size_t count;
    enum chain_status status[2]; /* of both stores */
    int error[2];
    int depth[2];
    int level_1_error[2];
};

#define ISSUER_MISSING X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY

static const struct path_case cases[] = {
    {"leaf and intermediate",
     LIST(CERT(leaf), CERT(ca)),
     {CHAIN_TRUSTED, CHAIN_ISSUER_UNKNOWN},
     {X509_V_OK, ISSUER_MISSING},
     {0, 1},
     {X509_V_OK, ISSUER_MISSING}},
    {"RFC 4158 section 2.2: the cross-sign first, each store has a path",
     LIST(CERT(leaf), CERT(crossed), CERT(ca)),
     {CHAIN_TRUSTED, CHAIN_TRUSTED},
     {ISSUER_MISSING, X509_V_OK},
     {1, 0},
     {ISSUER_MISSING, X509_V_OK}},
    {"the cross-sign last",
     LIST(CERT(leaf), CERT(ca), CERT(crossed)),
     {CHAIN_TRUSTED, CHAIN_TRUSTED},
     {X509_V_OK, ISSUER_MISSING},
     {0, 1},
     {X509_V_OK, ISSUER_MISSING}},
    {"an issuer by name whose key does not fit, first",
     LIST(CERT(leaf), CERT(renewed), CERT(ca)),
     {CHAIN_TRUSTED, CHAIN_ISSUER_UNKNOWN},
     {X509_V_ERR_CERT_SIGNATURE_FAILURE, ISSUER_MISSING},
     {0, 1},
     {X509_V_ERR_CERT_SIGNATURE_FAILURE, ISSUER_MISSING}},
    {"the same certificate twice",
     LIST(CERT(leaf), CERT(ca), CERT(ca), CERT(leaf)),
     {CHAIN_TRUSTED, CHAIN_ISSUER_UNKNOWN},
     {X509_V_OK, ISSUER_MISSING},
     {0, 1},
     {X509_V_OK, ISSUER_MISSING}},
    {"RFC 5280 section 6.1.3 (a) (2): expired",
     LIST(CERT(expired), CERT(ca)),
     {CHAIN_EXPIRED, CHAIN_ISSUER_UNKNOWN},
     {X509_V_ERR_CERT_HAS_EXPIRED, ISSUER_MISSING},
     {0, 1},
     {X509_V_ERR_CERT_HAS_EXPIRED, ISSUER_MISSING}},
    {"RFC 5280 section 6.1.3 (a) (1): a damaged signature",
     LIST(CERT(damaged), CERT(ca)),
     {CHAIN_ISSUER_UNKNOWN, CHAIN_ISSUER_UNKNOWN},
     {X509_V_ERR_CERT_SIGNATURE_FAILURE, ISSUER_MISSING},
     {0, 1},
     {X509_V_ERR_CERT_SIGNATURE_FAILURE, ISSUER_MISSING}},
    {"80 bits of strength: enough at level 1, as Postfix asks",
     LIST(CERT(small), CERT(ca)),
     {CHAIN_INVALID, CHAIN_ISSUER_UNKNOWN},
     {X509_V_ERR_EE_KEY_TOO_SMALL, X509_V_ERR_EE_KEY_TOO_SMALL},
     {0, 0},
     {X509_V_OK, ISSUER_MISSING}},
    {"self-signed",
     LIST(CERT(self)),
     {CHAIN_SELF_SIGNED, CHAIN_SELF_SIGNED},
     {X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT},
     {0, 0},
     {X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT}},
    {"a root that is presented, and trusted by one store",
     LIST(CERT(leaf), CERT(ca), CERT(root)),
     {CHAIN_TRUSTED, CHAIN_UNTRUSTED_ROOT},
     {X509_V_OK, X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN},
     {0, 2},
     {X509_V_OK, X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN}},
};
#define CASE_COUNT (sizeof(cases) / sizeof(cases[0]))

/* A judge over the two stores. */
struct fixture {
    struct world w;
    struct trust_store_octets stores[2];
    struct judging_terms terms;
    struct chain_judge *judge;
    struct buf list;
};

static void begin(struct fixture *f)
{
    make(&f->w);
    f->stores[0] = store_of("first", (struct test_cert *[]){f->w.root, NULL});
    f->stores[1] = store_of("second", (struct test_cert *[]){f->w.foreign, NULL});
    f->terms = (struct judging_terms){.at = JUDGED_AT, .stores = f->stores, .store_count = 2};
    f->judge = chain_judge_new(&f->terms);
    f->list = BUF_INIT(BUF_NO_LIMIT);
}

static void end(struct fixture *f)
{
    chain_judge_free(f->judge);
    buf_deinit(&f->stores[0].anchors);
    buf_deinit(&f->stores[1].anchors);
    buf_deinit(&f->list);
    hierarchy_free(&f->w.h);
}

static void put_list(struct fixture *f, const struct path_case *c)
{
    buf_reset(&f->list);
    for (size_t i = 0; i < c->count; i++) {
        const uint8_t *member = (const uint8_t *)&f->w + c->list[i];
        list_put(&f->list, *(struct test_cert *const *)(const void *)member);
    }
}

static void expect_case(const struct path_case *c, const struct chain_verdict *v)
{
    struct chain_brief brief = chain_brief_of(v);
    for (unsigned i = 0; i < 2; i++) {
        const struct store_verdict *s = &v->store[i];
        cr_expect(s->openssl.asked);
        cr_expect_eq(s->status, c->status[i], "%s, store %u: %s", c->name, i,
                     chain_status_word(s->status));
        cr_expect_eq(s->openssl.error, c->error[i], "%s, store %u: error %d", c->name, i,
                     s->openssl.error);
        cr_expect_eq(s->openssl.depth, c->depth[i], "%s, store %u: depth %d", c->name, i,
                     s->openssl.depth);
        cr_expect_eq(s->openssl.level_1_error, c->level_1_error[i], "%s, store %u at level 1: %d",
                     c->name, i, s->openssl.level_1_error);
        cr_expect_eq(brief.openssl_level_2 >> i & 1, c->error[i] == 0, "%s", c->name);
        cr_expect_eq(brief.openssl_level_1 >> i & 1, c->level_1_error[i] == 0, "%s", c->name);
    }
}

static void init(void)
{
    hash_secret_init();
}

TestSuite(openssl_path, .init = init);

Test(openssl_path, each_store_gets_the_answer_of_the_builder)
{
    struct fixture f = {0};
    struct chain_verdict v;
    begin(&f);
    for (unsigned round = 0; round < 2; round++) { /* what is remembered changes nothing */
        for (size_t i = 0; i < CASE_COUNT; i++) {
            put_list(&f, &cases[i]);
            chain_judge_list(f.judge, buf_span(&f.list), &v);
            expect_case(&cases[i], &v);
        }
    }
    end(&f);
}

/* A client ends the handshake there (RFC 8446 section 4.4.2: each entry is a certificate). */
Test(openssl_path, a_list_that_cannot_be_read_is_not_asked_about)
{
    struct fixture f = {0};
    struct chain_verdict v;
    begin(&f);
    put_list(&f, &cases[0]);
    CHECK(cert_list_add(&f.list, SPAN_LIT("no certificate")));
    chain_judge_list(f.judge, buf_span(&f.list), &v);
    cr_expect_eq(v.store[0].status, CHAIN_TRUSTED, "for the path that is there");
    cr_expect_not(v.store[0].openssl.asked);
    cr_expect_eq(chain_brief_of(&v).trusted_by, 1);
    cr_expect_eq(chain_brief_of(&v).openssl_level_2, 0);
    cr_expect_eq(chain_brief_of(&v).openssl_level_1, 0);

    buf_reset(&f.list);
    CHECK(cert_list_add(&f.list, SPAN_LIT("no certificate")));
    chain_judge_list(f.judge, buf_span(&f.list), &v);
    cr_expect_not(v.store[0].openssl.asked);
    end(&f);
}

/* What others presented is not what was served. */
Test(openssl_path, a_completed_list_is_not_asked_about)
{
    struct fixture f = {0};
    struct chain_verdict v;
    struct intermediate_pool *pool = intermediate_pool_new();
    begin(&f);
    put_list(&f, &cases[0]);
    chain_judge_complete(f.judge, buf_span(&f.list), pool, &v);
    cr_expect_not(v.store[0].openssl.asked);
    intermediate_pool_free(pool);
    end(&f);
}
