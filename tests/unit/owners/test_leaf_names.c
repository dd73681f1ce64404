#include <stdio.h>

#include <criterion/criterion.h>

#include "scanner/cert/cert_names.h"
#include "scanner/cert/digest.h"
#include "scanner/owners/leaf_names.h"
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
    struct leaf_names names;
    leaf_names_init(&names);
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
    OPENSSL_free((void *)(uintptr_t)a.der.at);
    OPENSSL_free((void *)(uintptr_t)b.der.at);
}

Test(leaf_names, octets_that_are_no_certificate_have_none)
{
    struct leaf_names names;
    leaf_names_init(&names);
    uint8_t sha256[32] = {1};
    hash_secret_init();
    leaf_names_add(&names, sha256, SPAN_LIT("no certificate"));
    cr_expect_eq(leaf_names_find(&names, sha256).len, 0);
    leaf_names_deinit(&names);
}

/* Names as many as a certificate of a hoster has; none of them may cost memory for good. */
static struct kept make_with(unsigned count, unsigned number)
{
    struct buf san = BUF_INIT(BUF_NO_LIMIT);
    char cn[32];
    (void)snprintf(cn, sizeof(cn), "c%u.test", number);
    for (unsigned i = 0; i < count; i++) {
        buf_putf(&san, "%sDNS:name-%u-of-certificate-%u.test", i > 0 ? "," : "", i, number);
    }
    buf_put_char(&san, '\0');
    struct kept k = make(cn, (const char *)san.at);
    buf_deinit(&san);
    return k;
}

static const struct many_case {
    const char *name;
    const char *folder; /* TMPDIR */
    unsigned count;
    bool in_file;
} many_cases[] = {
    {"one", "/tmp", 1, false},
    {"a few", "/tmp", 3, false},
    {"a few hundred", "/tmp", 300, true},
    {"a few hundred, and no folder", "/nonexistent", 300, true},
};

Test(leaf_names, many_names_cost_no_memory)
{
    hash_secret_init();
    for (size_t i = 0; i < sizeof(many_cases) / sizeof(many_cases[0]); i++) {
        const struct many_case *row = &many_cases[i];
        cr_assert_eq(setenv("TMPDIR", row->folder, 1), 0);
        struct leaf_names names;
        leaf_names_init(&names);
        struct kept kept[2];
        for (unsigned k = 0; k < 2; k++) {
            kept[k] = make_with(row->count, k);
            leaf_names_add(&names, kept[k].sha256, kept[k].der);
        }
        for (unsigned k = 2; k-- > 0;) {
            struct buf want = BUF_INIT(CERT_NAMES_PACKED_MAX);
            cr_assert(cert_names_pack(kept[k].der, &want));
            struct span got = leaf_names_find(&names, kept[k].sha256);
            cr_expect(span_eq(got, buf_span(&want)), "%s: certificate %u", row->name, k);
            buf_deinit(&want);
            OPENSSL_free((void *)(uintptr_t)kept[k].der.at);
        }
        cr_expect_eq(names.file_len > 0, row->in_file, "%s", row->name);
        leaf_names_deinit(&names);
    }
}
