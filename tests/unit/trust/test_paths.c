#include <criterion/criterion.h>

#include "scanner/base/hash.h"
#include "tests/unit/trust/hierarchy.h"

#define MAKE(issuer, ...) hierarchy_add(h, (issuer), &(struct test_cert_params){__VA_ARGS__})
#define LEAF              .cn = "mx.test", .san = "DNS:mx.test"

/* Judges over up to two stores. */
struct fixture {
    struct hierarchy h;
    struct trust_store_octets stores[2];
    struct judging_terms terms;
    struct chain_judge *judge;
    struct buf list;
};

static void begin(struct fixture *f, struct test_cert *const *first,
                  struct test_cert *const *second)
{
    f->stores[0] = store_of("first", first);
    f->stores[1] = store_of("second", second ? second : (struct test_cert *[]){NULL});
    f->terms =
        (struct judging_terms){.at = JUDGED_AT, .stores = f->stores, .store_count = second ? 2 : 1};
    f->judge = chain_judge_new(&f->terms);
    f->list = BUF_INIT(BUF_NO_LIMIT);
}

static void end(struct fixture *f)
{
    chain_judge_free(f->judge);
    buf_deinit(&f->stores[0].anchors);
    buf_deinit(&f->stores[1].anchors);
    buf_deinit(&f->list);
    hierarchy_free(&f->h);
}

static struct span list_of(struct fixture *f, struct test_cert *const *certs)
{
    buf_reset(&f->list);
    for (; *certs != NULL; certs++) {
        list_put(&f->list, *certs);
    }
    return buf_span(&f->list);
}

static void judge(struct fixture *f, struct test_cert *const *certs, struct chain_verdict *v)
{
    chain_judge_list(f->judge, list_of(f, certs), v);
}

#define CERTS(...) ((struct test_cert *[]){__VA_ARGS__, NULL})

static const char *last_name(const struct store_verdict *s)
{
    static char name[64];
    struct span cn = s->step[s->step_count - 1].cert->subject_cn;
    (void)snprintf(name, sizeof(name), "%.*s", (int)cn.len, (const char *)cn.at);
    return name;
}

static void init(void)
{
    hash_secret_init();
}

TestSuite(paths, .init = init);

/* The most frequent cross-sign of all: a new root, signed by an old one that has expired since. */
Test(paths, an_expired_root_beside_a_valid_one)
{
    struct fixture f = {0};
    struct hierarchy *h = &f.h;
    struct test_cert *old_root = MAKE(NULL, .cn = "Old", .ca = true, .until_s = -1);
    struct test_cert *root = hierarchy_ca(h, NULL, "New");
    struct test_cert *crossed = MAKE(old_root, .cn = "New", .ca = true, .use_key = root->key);
    struct test_cert *ca = hierarchy_ca(h, root, "CA");
    struct test_cert *leaf = hierarchy_leaf(h, ca);
    struct chain_verdict v;

    begin(&f, CERTS(old_root, root), NULL);
    judge(&f, CERTS(leaf, ca, crossed, old_root), &v);
    cr_expect_eq(v.store[0].status, CHAIN_TRUSTED);
    cr_expect_str_eq(last_name(&v.store[0]), "New");
    cr_expect_eq(v.store[0].step_count, 3);
    cr_expect_eq(v.role[1], CERT_ROLE_INTERMEDIATE);
    cr_expect_eq(v.role[2], CERT_ROLE_ALTERNATIVE);
    cr_expect_eq(v.role[3], CERT_ROLE_ALTERNATIVE);
    chain_judge_free(f.judge);
    buf_deinit(&f.stores[0].anchors);
    buf_deinit(&f.list);

    begin(&f, CERTS(old_root), NULL);
    judge(&f, CERTS(leaf, ca, crossed), &v);
    cr_expect_eq(v.store[0].status, CHAIN_EXPIRED);
    cr_expect_eq(v.store[0].step[3].source, STEP_ANCHOR);
    cr_expect_eq(v.store[0].step[3].list_index, -1);
    cr_expect_eq(v.store[0].fault[0].step, 3);
    end(&f);
}

Test(paths, two_stores)
{
    struct fixture f = {0};
    struct hierarchy *h = &f.h;
    struct test_cert *one = hierarchy_ca(h, NULL, "One");
    struct test_cert *two = hierarchy_ca(h, NULL, "Two");
    struct test_cert *leaf = hierarchy_leaf(h, two);
    struct test_cert *everywhere = hierarchy_ca(h, NULL, "Everywhere");
    struct test_cert *known = hierarchy_leaf(h, everywhere);
    struct chain_verdict v;
    begin(&f, CERTS(one, everywhere), CERTS(two, everywhere));

    judge(&f, CERTS(leaf), &v);
    cr_expect_eq(v.store[0].status, CHAIN_ISSUER_UNKNOWN);
    cr_expect_eq(v.store[1].status, CHAIN_TRUSTED);
    cr_expect_eq(chain_brief_of(&v).status, CHAIN_ISSUER_UNKNOWN);
    cr_expect_eq(chain_brief_of(&v).trusted_by, 2);
    judge(&f, CERTS(leaf, two), &v);
    cr_expect_eq(v.store[0].status, CHAIN_UNTRUSTED_ROOT);
    cr_expect_eq(v.store[0].step[1].source, STEP_PRESENTED);
    cr_expect_eq(v.store[1].step[1].source, STEP_ANCHOR);
    judge(&f, CERTS(known), &v);
    cr_expect_eq(chain_brief_of(&v).trusted_by, 3);
    end(&f);
}

/* Decided as OpenSSL decides without -partial_chain. */
Test(paths, what_an_anchor_is)
{
    struct fixture f = {0};
    struct hierarchy *h = &f.h;
    struct test_cert *root = hierarchy_ca(h, NULL, "Root");
    struct test_cert *copy = MAKE(NULL, .cn = "Root", .ca = true, .use_key = root->key);
    struct test_cert *other = hierarchy_ca(h, NULL, "Other");
    struct test_cert *ca = hierarchy_ca(h, other, "CA");
    struct test_cert *own = MAKE(NULL, LEAF);
    struct test_cert *own_unknown = MAKE(NULL, LEAF);
    struct chain_verdict v;
    begin(&f, CERTS(root, ca, own), NULL);

    judge(&f, CERTS(hierarchy_leaf(h, root), copy), &v);
    cr_expect_eq(v.store[0].status, CHAIN_TRUSTED, "a copy of the root with other octets");
    cr_expect_eq(v.store[0].step[1].list_index, -1);
    cr_expect_eq(v.role[1], CERT_ROLE_ALTERNATIVE);
    judge(&f, CERTS(copy), &v);
    cr_expect_eq(v.store[0].status, CHAIN_SELF_SIGNED, "the copy alone is not the anchor");
    judge(&f, CERTS(hierarchy_leaf(h, ca)), &v);
    cr_expect_eq(v.store[0].status, CHAIN_ISSUER_UNKNOWN,
                 "an intermediate in the store ends nothing");
    cr_expect_eq(v.store[0].step_count, 2);
    cr_expect_eq(v.store[0].step[1].source, STEP_ANCHOR);
    judge(&f, CERTS(own), &v);
    cr_expect_eq(v.store[0].status, CHAIN_TRUSTED, "a self-signed leaf that is in the store");
    cr_expect(v.self_signed_leaf);
    cr_expect_eq(v.store[0].step_count, 1);
    judge(&f, CERTS(own_unknown), &v);
    cr_expect_eq(v.store[0].status, CHAIN_SELF_SIGNED);
    end(&f);
}

Test(paths, signatures_that_do_not_hold)
{
    struct fixture f = {0};
    struct hierarchy *h = &f.h;
    struct test_cert *root = hierarchy_ca(h, NULL, "Root");
    struct test_cert *ca = hierarchy_ca(h, root, "CA");
    struct test_cert *imitated = hierarchy_ca(h, root, "CA");
    struct test_cert *leaf = hierarchy_leaf(h, ca);
    struct test_cert *damaged = hierarchy_damaged(h, ca, &(struct test_cert_params){LEAF});
    struct test_cert *damaged_ca =
        hierarchy_damaged(h, root, &(struct test_cert_params){.cn = "Broken", .ca = true});
    struct test_cert *under = hierarchy_leaf(h, damaged_ca);
    struct test_cert *self = hierarchy_damaged(h, NULL, &(struct test_cert_params){LEAF});
    struct test_cert *named = MAKE(ca, .cn = "CA"); /* the leaf has the name of its issuer */
    const struct {
        const char *name;
        struct test_cert *certs[3];
        enum chain_status status;
        int child;
        int issuer;
    } rows[] = {
        {"5280 6.1.3 (a) (1): a damaged leaf", {damaged, ca}, CHAIN_ISSUER_UNKNOWN, 0, 1},
        {"5280 6.1.3 (a) (1): damaged below an anchor",
         {under, damaged_ca},
         CHAIN_ISSUER_UNKNOWN,
         1,
         -1},
        {"5280 6.1.3 (a) (1): the name of the issuer, another key",
         {leaf, imitated},
         CHAIN_ISSUER_UNKNOWN,
         0,
         1},
        {"4158 2.4: beside the right key, no harm", {leaf, imitated, ca}, CHAIN_TRUSTED, -1, -1},
        {"5280 6.1: not signed by itself after all", {self}, CHAIN_ISSUER_UNKNOWN, 0, 0},
        {"5280 6.1: named like its issuer", {named, ca}, CHAIN_TRUSTED, -1, -1},
    };
    begin(&f, CERTS(root), NULL);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct chain_verdict v;
        buf_reset(&f.list);
        for (size_t c = 0; c < 3 && rows[i].certs[c] != NULL; c++) {
            list_put(&f.list, rows[i].certs[c]);
        }
        chain_judge_list(f.judge, buf_span(&f.list), &v);
        cr_expect_eq(v.store[0].status, rows[i].status, "%s: %s", rows[i].name,
                     chain_status_word(v.store[0].status));
        cr_expect_eq(v.bad_signature_child, rows[i].child, "%s: child %d", rows[i].name,
                     v.bad_signature_child);
        cr_expect_eq(v.bad_signature_issuer, rows[i].issuer, "%s: issuer %d", rows[i].name,
                     v.bad_signature_issuer);
        cr_expect(!v.signature_unknown, "%s", rows[i].name);
    }
    end(&f);
}

/* sha256WithRSAEncryption as 1.2.840.113549.1.1.11; the last octet becomes one that no one knows. */
Test(paths, a_signature_algorithm_that_no_one_knows)
{
    static const uint8_t oid[] = {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0b};
    struct fixture f = {0};
    struct hierarchy *h = &f.h;
    struct test_cert *root = MAKE(NULL, .cn = "Root", .ca = true, .key = TEST_KEY_RSA2048);
    struct test_cert *leaf = hierarchy_leaf(h, root);
    struct chain_verdict v;
    begin(&f, CERTS(root), NULL);
    struct span list = list_of(&f, CERTS(leaf));
    uint8_t *at = f.list.at;
    for (size_t i = 0; i + sizeof(oid) < list.len; i++) {
        if (memcmp(at + i, oid, sizeof(oid)) == 0) {
            at[i + sizeof(oid) - 1] = 0x7f;
        }
    }
    chain_judge_list(f.judge, list, &v);
    cr_expect_eq(v.store[0].status, CHAIN_ISSUER_UNKNOWN);
    cr_expect_eq(v.bad_signature_child, 0);
    cr_expect_eq(v.bad_signature_issuer, -1);
    cr_expect(v.signature_unknown);
    end(&f);
}

/* RFC 5280 section 4.2.1.1; OpenSSL leaves such issuers out, and so do we. */
Test(paths, key_identifiers_that_speak_against_an_issuer)
{
    static const struct test_extension subject_id[] = {{NID_subject_key_identifier, "0102030405"}};
    static const struct test_extension other_id[] = {{NID_subject_key_identifier, "0504030201"}};
    static const struct test_extension by_id[] = {{NID_authority_key_identifier, "keyid"}};
    struct fixture f = {0};
    struct hierarchy *h = &f.h;
    struct test_cert *root = hierarchy_ca(h, NULL, "Root");
    struct test_cert *ca =
        MAKE(root, .cn = "CA", .ca = true, .extensions = subject_id, .extension_count = 1);
    struct test_cert *relabelled = MAKE(root, .cn = "CA", .ca = true, .use_key = ca->key,
                                        .extensions = other_id, .extension_count = 1);
    struct test_cert *leaf = MAKE(ca, LEAF, .extensions = by_id, .extension_count = 1);
    struct chain_verdict v;
    begin(&f, CERTS(root), NULL);
    judge(&f, CERTS(leaf, ca), &v);
    cr_expect_eq(v.store[0].status, CHAIN_TRUSTED);
    judge(&f, CERTS(leaf, relabelled), &v);
    cr_expect_eq(v.store[0].status, CHAIN_ISSUER_UNKNOWN);
    cr_expect_eq(v.bad_signature_child, -1);
    end(&f);
}

Test(paths, forty_cross_signs)
{
    struct fixture f = {0};
    struct hierarchy *h = &f.h;
    struct test_cert *root = hierarchy_ca(h, NULL, "Root");
    struct test_cert *ca = MAKE(root, .cn = "CA", .ca = true, .until_s = -1);
    struct test_cert *leaf = hierarchy_leaf(h, ca);
    struct chain_verdict v;
    begin(&f, CERTS(root), NULL);
    list_put(&f.list, leaf);
    for (long i = 0; i < 40; i++) {
        list_put(&f.list,
                 MAKE(root, .cn = "CA", .ca = true, .use_key = ca->key, .until_s = -1 - i));
    }
    chain_judge_list(f.judge, buf_span(&f.list), &v);
    cr_expect_eq(v.store[0].status, CHAIN_EXPIRED);
    cr_expect(v.capped, "%d paths are not all", CHAIN_PATHS_MAX);
    cr_expect_leq(chain_judge_counts(f.judge)->signatures_verified, CHAIN_SIGNATURES_MAX);

    list_put(&f.list, MAKE(root, .cn = "CA", .ca = true, .use_key = ca->key));
    chain_judge_list(f.judge, buf_span(&f.list), &v);
    cr_expect_eq(v.store[0].status, CHAIN_TRUSTED, "the valid one is tried first");
    cr_expect(!v.capped, "nothing is better than a path without a fault");
    end(&f);
}

Test(paths, depth)
{
    struct fixture f = {0};
    struct hierarchy *h = &f.h;
    struct test_cert *cas[13] = {hierarchy_ca(h, NULL, "0")};
    struct chain_verdict v;
    for (size_t i = 1; i < 13; i++) {
        char cn[8];
        (void)snprintf(cn, sizeof(cn), "%zu", i);
        cas[i] = hierarchy_ca(h, cas[i - 1], cn);
    }
    begin(&f, CERTS(cas[0]), NULL);
    for (size_t below = 1; below < 13; below++) {
        buf_reset(&f.list);
        list_put(&f.list, hierarchy_leaf(h, cas[below - 1]));
        for (size_t i = below - 1; i > 0; i--) {
            list_put(&f.list, cas[i]);
        }
        chain_judge_list(f.judge, buf_span(&f.list), &v);
        bool within = below <= CHAIN_DEPTH_MAX;
        cr_expect_eq(v.store[0].status, within ? CHAIN_TRUSTED : CHAIN_ISSUER_UNKNOWN, "%zu",
                     below);
        cr_expect_eq(v.capped, !within, "%zu", below);
        cr_expect_leq(v.store[0].step_count, CHAIN_STEPS_MAX);
    }
    end(&f);
}

/* Two names that certify each other, many times: RFC 4158 section 2.4.2. */
Test(paths, loops)
{
    struct fixture f = {0};
    struct hierarchy *h = &f.h;
    struct test_cert *a_root = hierarchy_ca(h, NULL, "A");
    struct test_cert *b_root = hierarchy_ca(h, NULL, "B");
    struct test_cert *none = hierarchy_ca(h, NULL, "None");
    struct test_cert *leaf = hierarchy_leaf(h, a_root);
    struct chain_verdict v;
    begin(&f, CERTS(none), NULL);
    list_put(&f.list, leaf);
    for (size_t i = 0; i < 10; i++) {
        list_put(&f.list, MAKE(a_root, .cn = "B", .ca = true, .use_key = b_root->key));
        list_put(&f.list, MAKE(b_root, .cn = "A", .ca = true, .use_key = a_root->key));
    }
    chain_judge_list(f.judge, buf_span(&f.list), &v);
    cr_expect_eq(v.store[0].status, CHAIN_ISSUER_UNKNOWN);
    cr_expect_leq(v.store[0].step_count, 3, "no key twice");
    end(&f);
}

Test(paths, a_hundred_certificates_of_one_name)
{
    struct fixture f = {0};
    struct hierarchy *h = &f.h;
    struct test_cert *root = hierarchy_ca(h, NULL, "Root");
    struct test_cert *leaf = hierarchy_leaf(h, root);
    struct chain_verdict v;
    begin(&f, CERTS(root), NULL);
    list_put(&f.list, leaf);
    for (size_t i = 0; i < 110; i++) {
        list_put(&f.list, hierarchy_ca(h, NULL, "Root"));
    }
    chain_judge_list(f.judge, buf_span(&f.list), &v);
    cr_expect_eq(v.cert_count, TLS_CERTS_MAX);
    cr_expect_eq(v.store[0].status, CHAIN_TRUSTED, "the anchor goes first");
    cr_expect_eq(v.role[99], CERT_ROLE_UNRELATED);
    cr_expect_leq(chain_judge_counts(f.judge)->signatures_verified, CHAIN_SIGNATURES_MAX);
    end(&f);
}

Test(paths, entries_that_are_no_certificates)
{
    static const uint8_t garbage[] = {0x30, 0x82, 0x01, 0x00, 0x02, 0x01};
    struct fixture f = {0};
    struct hierarchy *h = &f.h;
    struct test_cert *root = hierarchy_ca(h, NULL, "Root");
    struct test_cert *leaf = hierarchy_leaf(h, root);
    struct chain_verdict v;
    begin(&f, CERTS(root), NULL);
    list_put(&f.list, leaf);
    for (size_t len = 0; len <= sizeof(garbage); len += 3) {
        cr_assert(cert_list_add(&f.list, (struct span){garbage, len}));
    }
    cr_assert(cert_list_add(&f.list, (struct span){garbage, 3}));
    chain_judge_list(f.judge, buf_span(&f.list), &v);
    cr_expect_eq(v.store[0].status, CHAIN_TRUSTED);
    cr_expect_eq(v.role[1], CERT_ROLE_UNREADABLE);
    cr_expect_eq(v.role[4], CERT_ROLE_DUPLICATE);
    cr_expect_null(v.certs[1]);
    cr_expect(!v.in_order);

    buf_reset(&f.list);
    cr_assert(cert_list_add(&f.list, (struct span){garbage, 6}));
    list_put(&f.list, leaf);
    chain_judge_list(f.judge, buf_span(&f.list), &v);
    cr_expect_eq(v.store[0].status, CHAIN_UNPARSABLE);
    cr_expect_eq(v.store[0].step_count, 0);
    cr_expect_eq(v.role[1], CERT_ROLE_UNRELATED);
    cr_expect_eq(chain_brief_of(&v).trusted_by, 0);
    end(&f);
}

Test(paths, each_signature_is_verified_once)
{
    struct fixture f = {0};
    struct hierarchy *h = &f.h;
    struct test_cert *root = hierarchy_ca(h, NULL, "Root");
    struct test_cert *ca = hierarchy_ca(h, root, "CA");
    struct chain_verdict v;
    begin(&f, CERTS(root), NULL);
    chain_judge_measure(f.judge);
    const struct chain_judge_counts *counts = chain_judge_counts(f.judge);
    for (size_t i = 0; i < 5; i++) {
        judge(&f, CERTS(hierarchy_leaf(h, ca), ca), &v);
        cr_expect_eq(counts->signatures_verified, 2 + i, "the leaf's, and once the CA's");
    }
    cr_expect_eq(counts->signatures_known, 4);
    cr_expect_eq(counts->lists, 5);
    cr_expect_eq(counts->certificates_parsed, 7);
    cr_expect_gt(counts->signature_ns, 0);
    end(&f);
}

/* More certificates than are kept: those of the list at hand stay, whatever goes. */
Test(paths, more_certificates_than_are_kept)
{
    struct fixture f = {0};
    struct hierarchy *h = &f.h;
    struct test_cert *root = hierarchy_ca(h, NULL, "Root");
    struct test_cert *ca = hierarchy_ca(h, root, "CA");
    struct chain_verdict v;
    begin(&f, CERTS(root), NULL);
    for (long i = 0; i < 1200; i++) {
        struct test_cert leaf =
            test_cert_new(ca, &(struct test_cert_params){LEAF, .serial = i + 1, .at = JUDGED_AT,
                                                         .use_key = ca->key});
        judge(&f, CERTS(&leaf, ca), &v);
        cr_assert_eq(v.store[0].status, CHAIN_TRUSTED);
        cr_assert_eq(v.certs[0]->dns_names.count, 1);
        test_cert_free(&leaf);
    }
    cr_expect_eq(chain_judge_counts(f.judge)->certificates_parsed, 1200 + 2,
                 "the CA is used all along");
    end(&f);
}

Test(paths, one_certificate_by_itself)
{
    struct fixture f = {0};
    struct hierarchy *h = &f.h;
    struct test_cert *root = hierarchy_ca(h, NULL, "Root");
    bool parsed = false;
    begin(&f, CERTS(root), NULL);
    struct span der = test_cert_der(root->cert);
    const struct cert_info *c = chain_judge_cert(f.judge, der, &parsed);
    cr_expect(parsed && c->is_ca);
    c = chain_judge_cert(f.judge, SPAN_LIT("no certificate"), &parsed);
    cr_expect(!parsed);
    cr_expect_not_null(c->parse_error);
    OPENSSL_free((void *)(uintptr_t)der.at);
    end(&f);
}

Test(paths, completion_from_the_pool)
{
    struct fixture f = {0};
    struct hierarchy *h = &f.h;
    struct test_cert *root = hierarchy_ca(h, NULL, "Root");
    struct test_cert *upper = hierarchy_ca(h, root, "Upper");
    struct test_cert *lower = hierarchy_ca(h, upper, "Lower");
    struct test_cert *leaf = hierarchy_leaf(h, lower);
    struct test_cert *imitated = hierarchy_ca(h, root, "Lower");
    struct intermediate_pool *pool = intermediate_pool_new();
    struct chain_verdict v;
    begin(&f, CERTS(root), NULL);
    struct test_cert *const known[] = {upper, imitated, lower};
    for (size_t i = 0; i < 3; i++) {
        struct span der = test_cert_der(known[i]->cert);
        cr_assert(intermediate_pool_add(pool, der, INTERMEDIATE_SCAN));
        OPENSSL_free((void *)(uintptr_t)der.at);
    }
    chain_judge_complete(f.judge, list_of(&f, CERTS(leaf)), pool, &v);
    cr_expect_eq(v.store[0].status, CHAIN_TRUSTED);
    cr_assert_eq(v.store[0].step_count, 4);
    cr_expect_eq(v.store[0].step[1].source, STEP_POOL);
    cr_expect_eq(v.store[0].step[1].list_index, -1);
    chain_judge_complete(f.judge, list_of(&f, CERTS(leaf, lower)), pool, &v);
    cr_expect_eq(v.store[0].step[1].source, STEP_PRESENTED, "what was presented goes first");
    cr_expect_eq(v.store[0].step[2].source, STEP_POOL);
    judge(&f, CERTS(leaf), &v);
    cr_expect_eq(v.store[0].status, CHAIN_ISSUER_UNKNOWN, "as served");
    intermediate_pool_free(pool);
    end(&f);
}

/* What was known before the list came. Letters: r root, u upper, w lower, l leaf; o another root of
 * the same key and name as x, which r cross-signed. */
static const struct known_row {
    const char *name;
    const char *presented;
    const char *known;
    enum chain_status as_served; /* nothing known */
    enum chain_status with_known;
    size_t missing; /* of the completed path */
} known_rows[] = {
    {"8446 4.4.2: the leaf alone", "l", "uw", CHAIN_ISSUER_UNKNOWN, CHAIN_MISSING_INTERMEDIATE, 2},
    {"one of two", "lw", "u", CHAIN_ISSUER_UNKNOWN, CHAIN_MISSING_INTERMEDIATE, 1},
    {"the lower of two, the upper presented", "lu", "w", CHAIN_ISSUER_UNKNOWN,
     CHAIN_MISSING_INTERMEDIATE, 1},
    {"only one of two is known", "l", "w", CHAIN_ISSUER_UNKNOWN, CHAIN_ISSUER_UNKNOWN, 0},
    {"none of them", "l", "o", CHAIN_ISSUER_UNKNOWN, CHAIN_ISSUER_UNKNOWN, 0},
    {"nothing is missing", "lwu", "uw", CHAIN_TRUSTED, CHAIN_TRUSTED, 0},
    {"completed, and expired", "e", "uw", CHAIN_ISSUER_UNKNOWN, CHAIN_ISSUER_UNKNOWN, 0},
    {"expired as served", "ewu", "uw", CHAIN_EXPIRED, CHAIN_EXPIRED, 0},
    {"signed by its own key", "s", "uw", CHAIN_SELF_SIGNED, CHAIN_SELF_SIGNED, 0},
    {"a new root, its cross-sign left out", "no", "x", CHAIN_UNTRUSTED_ROOT,
     CHAIN_MISSING_INTERMEDIATE, 1},
    {"a private root", "no", "uw", CHAIN_UNTRUSTED_ROOT, CHAIN_UNTRUSTED_ROOT, 0},
    {"an impostor of the same name presented", "li", "uw", CHAIN_ISSUER_UNKNOWN,
     CHAIN_MISSING_INTERMEDIATE, 2},
    {"no certificate", "?", "uw", CHAIN_UNPARSABLE, CHAIN_UNPARSABLE, 0},
};

static const char known_letters[] = "ruwleosxni";

static void make_known_world(struct hierarchy *h, struct test_cert *made[sizeof(known_letters)])
{
    struct test_cert *root = made[0] = hierarchy_ca(h, NULL, "Root");
    made[1] = hierarchy_ca(h, root, "Upper");
    made[2] = hierarchy_ca(h, made[1], "Lower");
    made[3] = hierarchy_leaf(h, made[2]);
    made[4] = MAKE(made[2], LEAF, .at = JUDGED_AT, .from_s = -YEAR, .until_s = -1);
    made[5] = hierarchy_ca(h, NULL, "New Root");
    made[6] = MAKE(NULL, LEAF, .at = JUDGED_AT, .from_s = -YEAR, .until_s = YEAR);
    made[7] = MAKE(root, .cn = "New Root", .ca = true, .at = JUDGED_AT, .from_s = -YEAR,
                   .until_s = YEAR, .use_key = made[5]->key);
    made[8] = hierarchy_leaf(h, made[5]);
    made[9] = hierarchy_ca(h, root, "Lower");
}

static struct test_cert *made_by_letter(struct test_cert *const *made, char letter)
{
    const char *at = strchr(known_letters, letter);
    cr_assert_not_null(at);
    return made[at - known_letters];
}

static void put_letters(struct buf *list, struct test_cert *const *made, const char *letters)
{
    for (; *letters != '\0'; letters++) {
        if (*letters == '?') {
            cr_assert(cert_list_add(list, SPAN_LIT("no certificate")));
        } else {
            list_put(list, made_by_letter(made, *letters));
        }
    }
}

static struct intermediate_pool *pool_of(struct test_cert *const *made, const char *letters)
{
    struct intermediate_pool *pool = intermediate_pool_new();
    for (; *letters != '\0'; letters++) {
        struct span der = test_cert_der(made_by_letter(made, *letters)->cert);
        cr_assert(intermediate_pool_add(pool, der, INTERMEDIATE_FILE));
        OPENSSL_free((void *)(uintptr_t)der.at);
    }
    return pool;
}

static size_t count_missing(const struct chain_verdict *v)
{
    size_t count = 0;
    for (size_t i = 0; i < v->completed_count; i++) {
        count += v->completed[i].source == STEP_POOL;
    }
    return count;
}

/* Design section 6: a path as served, then one that known intermediates complete, then the rest. */
Test(paths, known_intermediates_decide_between_missing_and_unknown)
{
    struct fixture f = {0};
    struct test_cert *made[sizeof(known_letters)];
    make_known_world(&f.h, made);
    begin(&f, CERTS(made[0]), CERTS(made[5]));
    for (size_t i = 0; i < sizeof(known_rows) / sizeof(known_rows[0]); i++) {
        const struct known_row *row = &known_rows[i];
        struct intermediate_pool *pool = pool_of(made, row->known);
        struct chain_verdict before;
        struct chain_verdict v;
        struct store_verdict as_served;
        buf_reset(&f.list);
        put_letters(&f.list, made, row->presented);
        f.terms.known = NULL;
        chain_judge_list(f.judge, buf_span(&f.list), &before);
        as_served = before.store[0];
        cr_expect_eq(as_served.status, row->as_served, "%s", row->name);
        cr_expect_eq(before.completed_count, 0, "%s", row->name);
        f.terms.known = pool;
        chain_judge_list(f.judge, buf_span(&f.list), &v);
        cr_expect_eq(v.store[0].status, row->with_known, "%s: %s", row->name,
                     chain_status_word(v.store[0].status));
        cr_expect_eq(count_missing(&v), row->missing, "%s", row->name);
        cr_expect_eq(chain_brief_of(&v).trusted_by, chain_brief_of(&before).trusted_by, "%s",
                     row->name);
        cr_expect_eq(v.store[0].step_count, as_served.step_count, "%s: the path stays", row->name);
        cr_expect_eq(v.store[0].fault_count, as_served.fault_count, "%s", row->name);
        cr_expect_eq(memcmp(v.role, before.role, sizeof(v.role)), 0, "%s", row->name);
        cr_expect_eq(v.capped, before.capped, "%s", row->name);
        intermediate_pool_free(pool);
    }
    end(&f);
}

/* Each store by itself. */
Test(paths, known_intermediates_count_for_every_store)
{
    struct fixture f = {0};
    struct test_cert *made[sizeof(known_letters)];
    struct chain_verdict v;
    make_known_world(&f.h, made);
    begin(&f, CERTS(made[5]), CERTS(made[0]));
    struct intermediate_pool *pool = pool_of(made, "uw");
    f.terms.known = pool;
    judge(&f, CERTS(made[3]), &v);
    cr_expect_eq(v.store[0].status, CHAIN_ISSUER_UNKNOWN);
    cr_expect_eq(v.store[1].status, CHAIN_MISSING_INTERMEDIATE);
    cr_expect_eq(v.completed_count, 0, "the first store decides");
    intermediate_pool_free(pool);
    end(&f);
}
