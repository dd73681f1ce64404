/** Our verdict beside that of OpenSSL's own DANE verification, over a matrix of records and lists. */
#include <criterion/criterion.h>
#include <openssl/ssl.h>

#include "tests/unit/dane/dane_fixture.h"

#define LIST_MAX 5

static const enum who lists[][LIST_MAX] = {
    {WHO_LEAF},
    {WHO_LEAF, WHO_MIDDLE},
    {WHO_LEAF, WHO_MIDDLE, WHO_ROOT},
    {WHO_LEAF, WHO_ROOT, WHO_MIDDLE},
    {WHO_LEAF, WHO_CROSS, WHO_MIDDLE, WHO_ROOT},
    {WHO_LEAF, WHO_CROSS, WHO_ROOT},
    {WHO_LEAF, WHO_UNRELATED},
    {WHO_OLD_LEAF, WHO_MIDDLE, WHO_ROOT},
    {WHO_UNDER_OLD, WHO_OLD_MIDDLE, WHO_ROOT},
    {WHO_UNDER_NO_CA, WHO_NO_CA, WHO_ROOT},
    {WHO_UNDER_OLD_ROOT, WHO_OLD_ROOT},
    {WHO_SELF},
    {WHO_SELF, WHO_SELF},
};

static STACK_OF(X509) * stack_of(struct dane_fixture *f, const enum who *whos)
{
    STACK_OF(X509) *all = sk_X509_new_null();
    CHECK(all != NULL);
    for (; *whos != WHO_NONE; whos++) {
        CHECK(sk_X509_push(all, f->cert[*whos].cert) > 0);
    }
    return all;
}

/* As a sender would: no trust store, names of DANE-EE ignored (RFC 7671 section 5.1). */
static bool openssl_matches(SSL_CTX *context, struct dane_fixture *f, const enum who *whos,
                            const char *name)
{
    SSL *ssl = SSL_new(context);
    X509_STORE *store = X509_STORE_new();
    X509_STORE_CTX *ctx = X509_STORE_CTX_new();
    STACK_OF(X509) *all = stack_of(f, whos);
    CHECK(ssl != NULL && store != NULL && ctx != NULL && SSL_dane_enable(ssl, name) == 1);
    (void)SSL_dane_set_flags(ssl, DANE_FLAG_NO_DANE_EE_NAMECHECKS);
    for (size_t i = 0; i < f->tlsa_count; i++) {
        const struct seen_tlsa *r = &f->tlsa[i];
        CHECK(SSL_dane_tlsa_add(ssl, r->usage, r->selector, r->matching, r->data.at, r->data.len) ==
              1);
    }
    CHECK(X509_STORE_CTX_init(ctx, store, f->cert[whos[0]].cert, all) == 1);
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

static void judge(struct dane_fixture *f, const enum who *whos, const char *name,
                  struct dane_verdict *v)
{
    struct seen_session s = {.outcome = OUTCOME_ESTABLISHED, .sni = true, .tls_attempted = true};
    s.tls.list = dane_fixture_list(f, whos);
    s.tls.cert_count = (uint8_t)cert_list_count(s.tls.list);
    struct seen_endpoint e = {.host = span_of(name),
                              .result = &s,
                              .dane_host = DANE_HOST_USABLE,
                              .tlsa_base = span_of(name),
                              .tlsas = f->tlsa,
                              .tlsa_count = f->tlsa_count};
    bool named = X509_check_host(f->cert[whos[0]].cert, name, 0, 0, NULL) == 1;
    const struct dane_leaves leaves = {.base = named ? DANE_LEAF_OF_HOST : DANE_LEAF_NAMELESS};
    dane_judge_endpoint(&e, &leaves, DANE_AT, v);
}

/* OpenSSL does not look at the validity of an anchor that did not sign itself; for us it counts like that
 * of any other certificate of the path (RFC 5280 section 6.1.3). */
static bool is_unchecked_validity(const enum who *whos, const struct dane_verdict *v,
                                  const struct seen_tlsa *r)
{
    bool other_has_expired = whos[0] == WHO_OLD_LEAF || whos[0] == WHO_UNDER_OLD_ROOT;
    return r->usage == 2 && v->ta_fault == DANE_TA_EXPIRED && !other_has_expired;
}

struct counts {
    unsigned matches;
    unsigned mismatches;
    unsigned by_dns; /* matches of an anchor that is not presented */
    unsigned expired_anchors;
};

static void compare(SSL_CTX *context, struct dane_fixture *f, const enum who *whos,
                    const char *name, struct counts *n)
{
    struct dane_verdict v;
    judge(f, whos, name, &v);
    bool theirs = openssl_matches(context, f, whos, name);
    bool ours = v.status == DANE_MATCH;
    const struct seen_tlsa *r = &f->tlsa[0];
    if (theirs && !ours && is_unchecked_validity(whos, &v, r)) {
        n->expired_anchors++;
        return;
    }
    n->matches += ours;
    n->mismatches += !ours;
    n->by_dns += ours && (v.flags & DANE_FLAG_ANCHOR_IN_DNS) != 0;
    cr_expect_eq(ours, theirs, "%u %u %u, list %d %d %d %d, %s: ours %s (%s), theirs %d", r->usage,
                 r->selector, r->matching, whos[0], whos[1], whos[2], whos[3], name,
                 dane_status_word(v.status), dane_ta_fault_word(v.ta_fault), theirs);
}

static SSL_CTX *new_context(void)
{
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    CHECK(context != NULL && SSL_CTX_dane_enable(context) == 1);
    return context;
}

/* Usages 0 and 1 never match for us; with OpenSSL they do not without a trust store. */
Test(against_openssl, one_record)
{
    static const char *const names[] = {"mx.test", "other.test"};
    struct dane_fixture f;
    struct counts n = {0};
    dane_fixture_init(&f);
    SSL_CTX *context = new_context();
    for (size_t l = 0; l < sizeof(lists) / sizeof(lists[0]); l++) {
        for (int who = 1; who < WHO_COUNT; who++) {
            for (unsigned k = 0; k < 4 * 2 * 3 * 2; k++) {
                dane_fixture_clear(&f);
                dane_fixture_add(&f, (uint8_t)(k / 12), k / 6 % 2, (uint8_t)(k / 2 % 3),
                                 (enum who)who);
                compare(context, &f, lists[l], names[k % 2], &n);
            }
        }
    }
    cr_log_info("%u matches, %u mismatches, %u by DNS alone, %u expired anchors", n.matches,
                n.mismatches, n.by_dns, n.expired_anchors);
    cr_expect(n.matches > 100 && n.mismatches > 1000);
    cr_expect(n.by_dns > 5 && n.expired_anchors > 0);
    SSL_CTX_free(context);
    dane_fixture_deinit(&f);
}

/* Two records: agility (RFC 7671 section 9), stale ones, usages side by side. */
Test(against_openssl, two_records)
{
    struct dane_fixture f;
    struct counts n = {0};
    static const enum who whos[] = {WHO_LEAF, WHO_MIDDLE, WHO_ROOT, WHO_NONE};
    static const enum who about[] = {WHO_LEAF, WHO_MIDDLE, WHO_UNRELATED};
    dane_fixture_init(&f);
    SSL_CTX *context = new_context();
    for (unsigned k = 0; k < 12 * 12 * 9; k++) {
        unsigned first = k % 12;
        unsigned second = k / 12 % 12;
        dane_fixture_clear(&f);
        dane_fixture_add(&f, (uint8_t)(2 + first / 6), first / 3 % 2, (uint8_t)(first % 3),
                         about[k / 144 % 3]);
        dane_fixture_add(&f, (uint8_t)(2 + second / 6), second / 3 % 2, (uint8_t)(second % 3),
                         about[k / 432]);
        compare(context, &f, whos, "mx.test", &n);
    }
    cr_expect(n.matches > 100 && n.mismatches > 100);
    SSL_CTX_free(context);
    dane_fixture_deinit(&f);
}
