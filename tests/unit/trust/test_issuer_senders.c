#include <criterion/criterion.h>

#include "scanner/base/hash.h"
#include "scanner/trust/issuer_senders.h"

static void init(void)
{
    hash_secret_init();
}

TestSuite(issuer_senders, .init = init);

#define LIST_LEN_MAX 24

/* A list by letters, each a certificate: upper case certifies the leaf, lower case is unrelated, '?'
 * cannot be read. */
struct made_list {
    struct cert_info certs[LIST_LEN_MAX];
    const struct cert_info *pointers[LIST_LEN_MAX];
    struct chain_verdict v;
};

static void make(struct made_list *m, const char *letters)
{
    memset(m, 0, sizeof(*m));
    m->v.certs = m->pointers;
    for (size_t i = 0; letters[i] != '\0'; i++) {
        m->certs[i].fingerprint_sha256[0] = (uint8_t)letters[i];
        m->pointers[i] = letters[i] == '?' ? NULL : &m->certs[i];
        m->v.role[i] = (uint8_t)(i == 0                                      ? CERT_ROLE_LEAF
                                 : letters[i] == '?'                         ? CERT_ROLE_UNREADABLE
                                 : letters[i] >= 'a'                         ? CERT_ROLE_UNRELATED
                                 : letters[i] == 'R'                         ? CERT_ROLE_ROOT
                                 : strchr(letters, letters[i]) < &letters[i] ? CERT_ROLE_DUPLICATE
                                 : i % 2 == 0                                ? CERT_ROLE_ALTERNATIVE
                                              : CERT_ROLE_INTERMEDIATE);
        m->v.cert_count = i + 1;
    }
}

static uint32_t add(struct issuer_sets *s, const char *letters)
{
    struct made_list *m = malloc(sizeof(*m));
    cr_assert_not_null(m);
    make(m, letters);
    uint32_t number = issuer_sets_add(s, &m->v);
    free(m);
    return number;
}

Test(issuer_senders, a_set_is_what_certifies_the_leaf)
{
    struct issuer_sets *s = issuer_sets_new(3, 5);
    cr_expect_eq(add(s, "L"), 0);
    cr_expect_eq(add(s, "Lxy"), 0, "unrelated");
    cr_expect_eq(add(s, "L?"), 0);
    cr_expect_eq(add(s, "LA"), 3, "the first");
    cr_expect_eq(add(s, "LAB"), 8, "and the next of this judge");
    cr_expect_eq(add(s, "LBA"), 8, "in any order");
    cr_expect_eq(add(s, "MxAB?B"), 8, "whatever the leaf, and what stands beside");
    cr_expect_eq(add(s, "LABR"), 13);
    cr_expect_eq(add(s, "YABCDEFGHIJKLMNOPQ"), 18);
    cr_expect_eq(add(s, "YABCDEFGHIJKLMNOPZ"), 18, "no more of a list than that");
    issuer_sets_free(s);
}

static void expect(const struct issuer_senders *s, char letter, uint64_t hosts, const char *first)
{
    uint8_t sha256[32] = {(uint8_t)letter};
    const struct issuer_sender *sender = issuer_senders_find(s, sha256);
    if (hosts == 0) {
        cr_expect_null(sender, "%c", letter);
        return;
    }
    cr_assert_not_null(sender, "%c", letter);
    cr_expect_eq(sender->hosts, hosts, "%c: %llu", letter, (unsigned long long)sender->hosts);
    cr_expect(span_eq(sender->first, span_of(first)), "%c: %.*s", letter, (int)sender->first.len,
              (const char *)sender->first.at);
}

static void add_host(struct issuer_hosts *h, const char *name, uint32_t a, uint32_t b, uint32_t c)
{
    uint32_t sets[] = {a, b, c};
    issuer_hosts_add(h, span_of(name), sets, 3);
}

/* Two judges and two owners, as in a scan of eight workers or more. */
Test(issuer_senders, each_host_counts_once_for_each_certificate)
{
    struct issuer_sets *s[] = {issuer_sets_new(1, 2), issuer_sets_new(2, 2)};
    struct issuer_hosts *h[] = {issuer_hosts_new(), issuer_hosts_new()};
    uint32_t a = add(s[0], "LA");
    uint32_t ab = add(s[1], "LAB");
    uint32_t c = add(s[1], "LC");
    add_host(h[0], "mx.two", a, a, 0); /* two addresses, the third without a list */
    add_host(h[0], "mx.one", a, 0, a);
    add_host(h[0], "mx.both", ab, a, a); /* A by two lists */
    add_host(h[1], "mx.both.again", a, 0, ab);
    add_host(h[1], "mx.c", c, 0, c);
    add_host(h[1], "mx.none", 0, 0, 0);
    issuer_hosts_add(h[1], SPAN_LIT("mx.nothing"), NULL, 0);
    struct issuer_senders *senders = issuer_senders_new((const struct issuer_sets *const *)s, 2,
                                                        (const struct issuer_hosts *const *)h, 2);
    expect(senders, 'A', 4, "mx.both");
    expect(senders, 'B', 2, "mx.both");
    expect(senders, 'C', 1, "mx.c");
    expect(senders, 'D', 0, NULL);
    issuer_senders_free(senders);
    for (size_t i = 0; i < 2; i++) {
        issuer_sets_free(s[i]);
        issuer_hosts_free(h[i]);
    }
}
