#include <criterion/criterion.h>

#include "scanner/cert/cert_names.h"
#include "scanner/cert/digest.h"
#include "scanner/pipeline/leaf_names.h"
#include "tests/support/test_ca.h"

struct kept {
    uint8_t sha256[32];
    struct span der; /* OPENSSL_free() */
};

static struct kept make(const char *cn, const char *san)
{
    struct test_cert made = test_cert_new(NULL, &(struct test_cert_params){.cn = cn, .san = san});
    struct kept k = {.der = test_cert_der(made.cert)};
    digest_sha256(k.der, k.sha256);
    test_cert_free(&made);
    return k;
}

static size_t count_names(struct span packed)
{
    size_t count = 0;
    enum cert_names_kind kind;
    for (struct span name; cert_names_next(&packed, &kind, &name);) {
        count++;
    }
    return count;
}

Test(leaf_names, each_certificate_keeps_its_names)
{
    struct arena_pool pool = {0};
    struct leaf_names names = {.arena = ARENA_INIT(&pool)};
    struct kept a = make("a.test", "DNS:a.test,DNS:b.test");
    struct kept b = make("c.test", NULL);
    hash_secret_init();
    cr_expect_eq(leaf_names_find(&names, a.sha256).len, 0, "not known yet");
    leaf_names_add(&names, a.sha256, a.der);
    leaf_names_add(&names, b.sha256, b.der);
    struct span first = leaf_names_find(&names, a.sha256);
    leaf_names_add(&names, a.sha256, a.der);
    cr_expect_eq(leaf_names_find(&names, a.sha256).at, first.at, "added once");
    cr_expect_eq(count_names(first), 3, "two dNSNames and a common name");
    cr_expect_eq(count_names(leaf_names_find(&names, b.sha256)), 1);
    leaf_names_deinit(&names);
    arena_pool_deinit(&pool);
    OPENSSL_free((void *)(uintptr_t)a.der.at);
    OPENSSL_free((void *)(uintptr_t)b.der.at);
}

Test(leaf_names, octets_that_are_no_certificate_have_none)
{
    struct arena_pool pool = {0};
    struct leaf_names names = {.arena = ARENA_INIT(&pool)};
    uint8_t sha256[32] = {1};
    hash_secret_init();
    leaf_names_add(&names, sha256, SPAN_LIT("no certificate"));
    cr_expect_eq(leaf_names_find(&names, sha256).len, 0);
    leaf_names_deinit(&names);
    arena_pool_deinit(&pool);
}
