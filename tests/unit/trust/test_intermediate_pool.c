#include <criterion/criterion.h>

#include "scanner/base/hash.h"
#include "scanner/cert/digest.h"
#include "scanner/trust/intermediate_pool.h"
#include "tests/unit/trust/hierarchy.h"

#define CAS 20 /* of one name */

static void init(void)
{
    hash_secret_init();
}

TestSuite(intermediate_pool, .init = init);

static bool add(struct intermediate_pool *p, const struct test_cert *c,
                enum intermediate_source source)
{
    struct span der = test_cert_der(c->cert);
    bool good = intermediate_pool_add(p, der, source);
    OPENSSL_free((void *)(uintptr_t)der.at);
    return good;
}

static void digest_of(const struct test_cert *c, uint8_t sha256[32])
{
    struct span der = test_cert_der(c->cert);
    digest_sha256(der, sha256);
    OPENSSL_free((void *)(uintptr_t)der.at);
}

static uint32_t subject_hash(const struct test_cert *c)
{
    return (uint32_t)X509_NAME_hash_ex(X509_get_subject_name(c->cert), NULL, NULL, NULL);
}

Test(intermediate_pool, what_is_taken)
{
    struct hierarchy h = {.count = 0};
    struct test_cert *root = hierarchy_ca(&h, NULL, "Root");
    struct test_cert *ca = hierarchy_ca(&h, root, "CA");
    struct test_cert *leaf = hierarchy_leaf(&h, ca);
    struct test_cert *v1 =
        hierarchy_add(&h, NULL, &(struct test_cert_params){.cn = "V1", .version_1 = true});
    struct intermediate_pool *p = intermediate_pool_new();
    enum intermediate_source source;
    uint8_t sha256[32];
    cr_expect(add(p, ca, INTERMEDIATE_SCAN));
    cr_expect(!add(p, leaf, INTERMEDIATE_SCAN));
    cr_expect(!add(p, v1, INTERMEDIATE_SCAN));
    cr_expect(!intermediate_pool_add(p, SPAN_LIT("garbage"), INTERMEDIATE_SCAN));
    cr_expect(!intermediate_pool_add(p, (struct span){NULL, 0}, INTERMEDIATE_SCAN));
    cr_expect_eq(intermediate_pool_count(p), 1);

    digest_of(ca, sha256);
    cr_expect(intermediate_pool_source(p, sha256, &source) && source == INTERMEDIATE_SCAN);
    cr_expect(add(p, ca, INTERMEDIATE_BUNDLED), "twice is once");
    cr_expect_eq(intermediate_pool_count(p), 1);
    cr_expect(intermediate_pool_source(p, sha256, &source) && source == INTERMEDIATE_BUNDLED);
    cr_expect(add(p, ca, INTERMEDIATE_SCAN));
    cr_expect(intermediate_pool_source(p, sha256, &source) && source == INTERMEDIATE_BUNDLED);
    digest_of(leaf, sha256);
    cr_expect(!intermediate_pool_source(p, sha256, &source));
    intermediate_pool_free(p);
    hierarchy_free(&h);
}

/* All that a pool gives for one name. */
static bool issuers(const struct intermediate_pool *p, const struct test_cert *ca,
                    struct span key_id, size_t max, struct buf *list)
{
    buf_reset(list);
    return intermediate_pool_issuers(p, subject_hash(ca), key_id, max, list);
}

static void make_cas(struct hierarchy *h, const struct test_cert *root)
{
    static const struct test_extension id[] = {{NID_subject_key_identifier, "hash"}};
    for (size_t i = 0; i < CAS; i++) {
        (void)hierarchy_add(h, root,
                            &(struct test_cert_params){
                                .cn = "CA", .ca = true, .extensions = id, .extension_count = 1});
    }
}

Test(intermediate_pool, order_of_what_it_gives)
{
    struct hierarchy h = {.count = 0};
    struct test_cert *root = hierarchy_ca(&h, NULL, "Root");
    make_cas(&h, root);
    struct intermediate_pool *p = intermediate_pool_new();
    struct buf list = BUF_INIT(BUF_NO_LIMIT);
    for (size_t i = 1; i <= CAS; i++) {
        cr_assert(add(p, &h.made[i], i == 7 ? INTERMEDIATE_BUNDLED : INTERMEDIATE_SCAN));
    }
    const ASN1_OCTET_STRING *id = X509_get0_subject_key_id(h.made[12].cert);
    struct span key_id = {ASN1_STRING_get0_data(id), (size_t)ASN1_STRING_length(id)};
    cr_expect(!issuers(p, &h.made[1], key_id, 3, &list), "there are more than three");
    cr_expect_eq(cert_list_count(buf_span(&list)), 3);
    struct span rest = buf_span(&list);
    struct span der;
    for (size_t i = 0; i < 2 && cert_list_next(&rest, &der); i++) {
        struct span want = test_cert_der(h.made[i == 0 ? 7 : 12].cert);
        cr_expect(span_eq(der, want), "shipped first, then the right key");
        OPENSSL_free((void *)(uintptr_t)want.at);
    }
    cr_expect(issuers(p, &h.made[1], key_id, CAS, &list));
    cr_expect_eq(cert_list_count(buf_span(&list)), CAS);
    cr_expect(issuers(p, root, key_id, CAS, &list));
    cr_expect_eq(list.len, 0);
    buf_deinit(&list);
    intermediate_pool_free(p);
    hierarchy_free(&h);
}

/* Forwards, backwards, and in two halves that are merged: the same certificates stay. */
Test(intermediate_pool, the_order_of_adding_does_not_matter)
{
    struct hierarchy h = {.count = 0};
    struct test_cert *root = hierarchy_ca(&h, NULL, "Root");
    make_cas(&h, root);
    for (size_t max = 1; max <= CAS + 1; max += 5) {
        struct intermediate_pool *p[4];
        struct buf list[3] = {BUF_INIT(BUF_NO_LIMIT), BUF_INIT(BUF_NO_LIMIT),
                              BUF_INIT(BUF_NO_LIMIT)};
        for (size_t i = 0; i < 4; i++) {
            p[i] = intermediate_pool_new_of(max);
        }
        for (size_t i = 1; i <= CAS; i++) {
            cr_assert(add(p[0], &h.made[i], INTERMEDIATE_SCAN));
            cr_assert(add(p[1], &h.made[CAS + 1 - i], INTERMEDIATE_SCAN));
            cr_assert(add(p[i % 3 == 0 ? 2 : 3], &h.made[i], INTERMEDIATE_SCAN));
        }
        intermediate_pool_merge(p[2], p[3]);
        cr_expect_eq(intermediate_pool_count(p[3]), 0);
        for (size_t i = 0; i < 3; i++) {
            (void)issuers(p[i], &h.made[1], (struct span){NULL, 0}, CAS, &list[i]);
            cr_expect_eq(intermediate_pool_count(p[i]), max < CAS ? max : CAS);
            cr_expect_eq(intermediate_pool_truncated(p[i]), max < CAS);
            cr_expect(span_eq(buf_span(&list[i]), buf_span(&list[0])), "%zu of %zu", i, max);
        }
        for (size_t i = 0; i < 4; i++) {
            intermediate_pool_free(p[i]);
        }
        for (size_t i = 0; i < 3; i++) {
            buf_deinit(&list[i]);
        }
    }
    hierarchy_free(&h);
}
