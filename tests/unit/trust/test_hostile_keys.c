#include <criterion/criterion.h>
#include <openssl/core_names.h>
#include <openssl/param_build.h>

#include "scanner/analysis/findings.h"
#include "scanner/base/hash.h"
#include "tests/unit/trust/hierarchy.h"

#define HUGE_BITS \
    (20 * 1024 * 8) /* a modulus of 20 KB; OpenSSL calculates with 16,384 bits at most */

/* A public key alone: nobody could make the private one in the time of a test. */
static EVP_PKEY *huge_key(void)
{
    BIGNUM *n = BN_new();
    BIGNUM *e = BN_new();
    cr_assert(n != NULL && e != NULL && BN_set_word(e, 65537));
    cr_assert(BN_rand(n, HUGE_BITS, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ODD));
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    cr_assert(OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, n));
    cr_assert(OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, e));
    OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(build);
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
    EVP_PKEY *key = NULL;
    cr_assert(EVP_PKEY_fromdata_init(ctx) == 1);
    cr_assert(EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params) == 1);
    EVP_PKEY_CTX_free(ctx);
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(build);
    BN_free(n);
    BN_free(e);
    return key;
}

/* The signature gets the length that the issuer's modulus asks for, so that it is tried. */
static void stretch_signature(X509 *cert)
{
    static uint8_t octets[HUGE_BITS / 8];
    const ASN1_BIT_STRING *signature = NULL;
    memset(octets, 0x5a, sizeof(octets));
    X509_get0_signature(&signature, NULL, cert);
    cr_assert(ASN1_STRING_set((ASN1_BIT_STRING *)(uintptr_t)signature, octets, sizeof(octets)));
}

static struct buf list_of(const struct test_cert *first, const struct test_cert *second)
{
    struct buf list = BUF_INIT(BUF_NO_LIMIT);
    list_put(&list, first);
    if (second != NULL) {
        list_put(&list, second);
    }
    return list;
}

/* RFC 8017 section 3.1 sets no largest modulus. Whoever calculates with one of any size can be kept
 * busy for seconds by one certificate. */
Test(hostile_keys, a_modulus_of_20_kb_is_read_and_never_calculated_with, .timeout = 20)
{
    struct hierarchy h = {0};
    EVP_PKEY *huge = huge_key();
    struct test_cert *root = hierarchy_ca(&h, NULL, "Root");
    struct test_cert *leaf = hierarchy_add(
        &h, root,
        &(struct test_cert_params){.cn = "mx.test", .san = "DNS:mx.test", .use_key = huge});
    struct test_cert *ca = hierarchy_add(
        &h, root, &(struct test_cert_params){.cn = "Huge CA", .ca = true, .use_key = huge});
    struct test_cert *rsa = hierarchy_add(
        &h, NULL, &(struct test_cert_params){.cn = "Huge CA", .ca = true, .key = TEST_KEY_RSA2048});
    struct test_cert *below = hierarchy_leaf(&h, rsa);
    stretch_signature(below->cert);

    struct trust_store_octets store = store_of("test", (struct test_cert *[]){root, NULL});
    struct judging_terms terms = {.at = JUDGED_AT, .stores = &store, .store_count = 1};
    hash_secret_init();
    struct chain_judge *judge = chain_judge_new(&terms);
    struct chain_verdict verdict;

    struct buf list = list_of(leaf, NULL);
    chain_judge_list(judge, buf_span(&list), &verdict);
    cr_expect_eq(verdict.store[0].status, CHAIN_TRUSTED, "the root signed it");
    struct findings findings;
    findings_init(&findings);
    findings_of_certificate(verdict.certs[0], true, &findings);
    cr_expect(findings_has(&findings, FINDING_CERT_KEY_RSA_LARGE));
    findings_deinit(&findings);
    buf_deinit(&list);

    list = list_of(below, ca);
    chain_judge_list(judge, buf_span(&list), &verdict);
    cr_expect_eq(verdict.store[0].status, CHAIN_ISSUER_UNKNOWN);
    cr_expect_eq(verdict.bad_signature_child, 0, "tried, and refused");
    buf_deinit(&list);

    chain_judge_free(judge);
    trust_store_deinit(&store);
    EVP_PKEY_free(huge);
    hierarchy_free(&h);
}
