#include <criterion/criterion.h>

#include "scanner/analysis/cipher_verdict.h"
#include "scanner/observation/tls_names.h"
#include "tests/unit/analysis/expected.h"

#define SUITES_MAX 8

struct made_list {
    uint16_t suite[SUITES_MAX]; /* 0 ends the list */
    enum cipher_end end;
};

struct cipher_case {
    const char *name; /* with the RFC section that decides */
    struct made_list version[TLS_VERSION_COUNT];
    uint8_t accepted[TLS_VERSION_COUNT];
    struct expected_finding expected[EXPECTED_MAX];
    unsigned spares;
};

#define Y TRUTH_YES
#define N TRUTH_NO
#define U TRUTH_UNKNOWN

/* Only TLS 1.2, or from 1.0 to 1.2 */
#define TLS12(end_, ...) \
    .version = {[2] = {{__VA_ARGS__}, CIPHERS_##end_}}, .accepted = {N, N, Y, N}

static const struct cipher_case cases[] = {
    {.name = "RFC 9325 4.2: what is recommended", TLS12(COMPLETE, 0xc02b, 0xc02f, 0xc02c, 0xc030)},
    {.name = "RFC 8446 B.4: TLS 1.3 only",
     .version = {[3] = {{0x1301, 0x1302}, CIPHERS_COMPLETE}},
     .accepted = {N, N, N, Y},
     .spares = SPARES(TLS_ONLY_STATIC_RSA)},

    /* RFC 9325 section 4.1: forward secrecy */
    {.name = "RFC 9325 4.1: key transport by RSA",
     TLS12(COMPLETE, 0x009d, 0x009c, 0x0035),
     .expected = {RAISES(TLS_ONLY_STATIC_RSA, WARNING,
                         "TLS_RSA_WITH_AES_256_GCM_SHA384, TLS_RSA_WITH_AES_128_GCM_SHA256, "
                         "TLS_RSA_WITH_AES_256_CBC_SHA")},
     .spares = SPARES(TLS_NO_AEAD)},
    {.name = "one suite with it is enough",
     TLS12(COMPLETE, 0x009d, 0x009c, 0xc02f),
     .spares = SPARES(TLS_ONLY_STATIC_RSA)},
    {.name = "perhaps there are others: no answer", TLS12(INCONCLUSIVE, 0x009d, 0x0035)},
    {.name = "perhaps there are others: the bound", TLS12(TRUNCATED, 0x009d, 0x0035)},
    {.name = "perhaps there are others: it chooses what is not offered",
     TLS12(UNOFFERED, 0x009d, 0x0035)},
    {.name = "another version is not known",
     .version = {[2] = {{0x009d}, CIPHERS_COMPLETE}},
     .accepted = {N, U, Y, N}},
    {.name = "another version is accepted, and was not asked: the bound came first",
     .version = {[2] = {{0x009d}, CIPHERS_COMPLETE}},
     .accepted = {N, Y, Y, N}},
    {.name = "another version was accepted, and refuses all now",
     .version = {[1] = {{0}, CIPHERS_NONE}, [2] = {{0x009d}, CIPHERS_COMPLETE}},
     .accepted = {N, Y, Y, N}},
    {.name = "another version is not known, and refuses all",
     .version = {[1] = {{0}, CIPHERS_NONE}, [2] = {{0x009d}, CIPHERS_COMPLETE}},
     .accepted = {N, U, Y, N},
     .expected = {RAISES(TLS_ONLY_STATIC_RSA, WARNING, "TLS_RSA_WITH_AES_256_GCM_SHA384")}},
    {.name = "it has it in another version",
     .version = {[0] = {{0x002f}, CIPHERS_COMPLETE},
                 [1] = {{0x002f}, CIPHERS_COMPLETE},
                 [2] = {{0xc02f, 0x002f}, CIPHERS_COMPLETE}},
     .accepted = {Y, Y, Y, N}},

    /* RFC 9325 section 4.2 */
    {.name = "RFC 9325 4.2: CBC only",
     .version = {[0] = {{0xc014, 0x0035}, CIPHERS_COMPLETE},
                 [2] = {{0xc028, 0xc014, 0x0035}, CIPHERS_COMPLETE}},
     .accepted = {Y, N, Y, N},
     .expected = {RAISES(TLS_NO_AEAD, NOTICE,
                         "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384, "
                         "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA, TLS_RSA_WITH_AES_256_CBC_SHA")}},
    {.name = "RFC 6655: CCM is AEAD",
     TLS12(COMPLETE, 0xc014, 0xc09e),
     .spares = SPARES(TLS_NO_AEAD)},
    {.name = "RFC 7905: so is ChaCha20-Poly1305", TLS12(COMPLETE, 0xc014, 0xcca8)},
    {.name = "CBC is all that is known", TLS12(INCONCLUSIVE, 0xc014)},

    /* One suite is enough, also of a list that is not complete. */
    {.name = "RFC 7465 2: RC4, and nothing else",
     .version = {[0] = {{0x0005, 0x0004}, CIPHERS_COMPLETE},
                 [1] = {{0}, CIPHERS_NONE},
                 [2] = {{0}, CIPHERS_NONE},
                 [3] = {{0}, CIPHERS_NONE}},
     .accepted = {N, N, N, N}, /* with the usual suites */
     .expected = {RAISES(TLS_WEAK_CIPHER_ACCEPTED, NOTICE,
                         "TLS_RSA_WITH_RC4_128_SHA, TLS_RSA_WITH_RC4_128_MD5"),
                  RAISES(TLS_ONLY_STATIC_RSA, WARNING, "TLS_RSA_WITH_RC4_128_SHA"),
                  RAISES(TLS_NO_AEAD, NOTICE, "TLS_RSA_WITH_RC4_128_SHA")}},
    {.name = "RFC 9325 4.1: 3DES behind better ones",
     TLS12(TRUNCATED, 0xc02f, 0xc012, 0x000a),
     .expected = {RAISES(TLS_WEAK_CIPHER_ACCEPTED, NOTICE,
                         "TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA, TLS_RSA_WITH_3DES_EDE_CBC_SHA")},
     .spares = SPARES(TLS_EXPORT_ACCEPTED)},
    {.name = "RFC 5469: DES",
     TLS12(INCONCLUSIVE, 0xc02f, 0x0009),
     .expected = {RAISES(TLS_WEAK_CIPHER_ACCEPTED, NOTICE, "TLS_RSA_WITH_DES_CBC_SHA")}},
    {.name = "RFC 4346 A.5: export has a finding of its own, whichever cipher is in it",
     TLS12(UNOFFERED, 0xc02f, 0x0003, 0x0008, 0x0006),
     .expected = {RAISES(TLS_EXPORT_ACCEPTED, WARNING,
                         "TLS_RSA_EXPORT_WITH_RC4_40_MD5, TLS_RSA_EXPORT_WITH_DES40_CBC_SHA, "
                         "TLS_RSA_EXPORT_WITH_RC2_CBC_40_MD5")},
     .spares = SPARES(TLS_WEAK_CIPHER_ACCEPTED)},
    {.name = "RFC 9325 4.1: without encryption",
     TLS12(COMPLETE, 0xc02f, 0xc010, 0x003b),
     .expected = {RAISES(TLS_NULL_ACCEPTED, WARNING,
                         "TLS_ECDHE_RSA_WITH_NULL_SHA, TLS_RSA_WITH_NULL_SHA256")},
     .spares = SPARES(TLS_ANONYMOUS_ACCEPTED)},
    {.name = "RFC 7435 3: anonymous, of many the first four",
     TLS12(COMPLETE, 0xc02f, 0x00a7, 0x00a6, 0x006d, 0xc019, 0x003a, 0x006c),
     .expected = {RAISES(TLS_ANONYMOUS_ACCEPTED, INFO,
                         "TLS_DH_anon_WITH_AES_256_GCM_SHA384, "
                         "TLS_DH_anon_WITH_AES_128_GCM_SHA256, "
                         "TLS_DH_anon_WITH_AES_256_CBC_SHA256, "
                         "TLS_ECDH_anon_WITH_AES_256_CBC_SHA and 2 more")},
     .spares = SPARES(TLS_NULL_ACCEPTED)},
    {.name = "one suite may be several of these",
     TLS12(COMPLETE, 0xc02f, 0xc015, 0xc016, 0x0017),
     .expected = {RAISES(TLS_NULL_ACCEPTED, WARNING, "TLS_ECDH_anon_WITH_NULL_SHA"),
                  RAISES(TLS_EXPORT_ACCEPTED, WARNING, "TLS_DH_anon_EXPORT_WITH_RC4_40_MD5"),
                  RAISES(TLS_WEAK_CIPHER_ACCEPTED, NOTICE, "TLS_ECDH_anon_WITH_RC4_128_SHA"),
                  RAISES(TLS_ANONYMOUS_ACCEPTED, INFO,
                         "TLS_ECDH_anon_WITH_NULL_SHA, TLS_ECDH_anon_WITH_RC4_128_SHA, "
                         "TLS_DH_anon_EXPORT_WITH_RC4_40_MD5")}},

    /* Nothing accepted is nothing lacking. */
    {.name = "refuses all", TLS12(NONE, 0)},
    {.name = "refuses all in all versions",
     .version =
         {{{0}, CIPHERS_NONE}, {{0}, CIPHERS_NONE}, {{0}, CIPHERS_NONE}, {{0}, CIPHERS_NONE}},
     .accepted = {N, N, N, N}},
    {.name = "no answer at all", .accepted = {U, U, U, U}},
};

#define CASE_COUNT (sizeof(cases) / sizeof(cases[0]))

static void fill(struct seen_service *s, struct accepted_suites *lists, const struct cipher_case *c)
{
    *s = (struct seen_service){.port = 25, .ciphers = {.version = lists}};
    memcpy(s->versions.accepted, c->accepted, sizeof(c->accepted));
    for (size_t i = 0; i < TLS_VERSION_COUNT; i++) {
        lists[i] = (struct accepted_suites){.end = (uint8_t)c->version[i].end};
        while (lists[i].count < SUITES_MAX && c->version[i].suite[lists[i].count] != 0) {
            lists[i].suite[lists[i].count] = c->version[i].suite[lists[i].count];
            lists[i].count++;
        }
    }
}

Test(cipher_findings, each_case_raises_its_list)
{
    struct findings f;
    findings_init(&f);
    for (size_t i = 0; i < CASE_COUNT; i++) {
        struct accepted_suites lists[TLS_VERSION_COUNT];
        struct seen_service s;
        fill(&s, lists, &cases[i]);
        findings_reset(&f);
        findings_of_service(&s, NULL, &f);
        expect_findings(cases[i].name, &f, SCOPE_SERVICE, cases[i].expected);
        s.ciphers.version = NULL; /* not asked */
        findings_reset(&f);
        findings_of_service(&s, NULL, &f);
        cr_expect_eq(f.count, 0U, "%s", cases[i].name);
    }
    findings_deinit(&f);
}

/* Room for every suite that has a name, in every version. */
Test(cipher_findings, every_suite_once)
{
    struct accepted_suites lists[TLS_VERSION_COUNT] = {{.end = CIPHERS_COMPLETE}};
    struct seen_service s = {.ciphers = {.version = lists}};
    uint16_t next = 1;
    for (size_t i = 0; i < TLS_VERSION_COUNT; i++) {
        for (; lists[i].count < ACCEPTED_SUITES_MAX && next != 0; next++) {
            if (tls_cipher_name(next) != NULL) {
                lists[i].suite[lists[i].count++] = next;
            }
        }
    }
    struct cipher_verdict v;
    cipher_verdict_of(&s, &v);
    cr_expect_eq(v.count,
                 (size_t)lists[0].count + lists[1].count + lists[2].count + lists[3].count);
    cr_expect_gt(v.count, ACCEPTED_SUITES_MAX);
    for (size_t i = 1; i < TLS_VERSION_COUNT; i++) {
        lists[i] = lists[0];
    }
    cipher_verdict_of(&s, &v);
    cr_expect_eq(v.count, lists[0].count);
}

void cover_ciphers(struct covered *c)
{
    for (size_t i = 0; i < CASE_COUNT; i++) {
        cover_row(c, cases[i].expected, cases[i].spares);
    }
}
