#include <criterion/criterion.h>

#include "tests/unit/analysis/expected.h"
#include "tests/unit/analysis/made_handshakes.h"

struct endpoint_case {
    const char *name; /* with the RFC section that decides */
    struct made_handshakes made;
    struct expected_finding expected[EXPECTED_MAX];
    unsigned spares;
};

#define BOTH_ESTABLISHED .outcome = OUTCOME_ESTABLISHED, .no_sni_outcome = OUTCOME_ESTABLISHED
#define LEAF(id_, dns_)                                     \
    {                                                       \
        .id = (id_), .dns = (dns_), .status = CHAIN_TRUSTED \
    }
#define CN(id_, cn_)                                      \
    {                                                     \
        .id = (id_), .cn = (cn_), .status = CHAIN_TRUSTED \
    }
#define GOOD(id_) LEAF(id_, "mx.example.com")
#define EXPIRED(id_)                                                  \
    {                                                                 \
        .id = (id_), .dns = "mx.example.com", .status = CHAIN_EXPIRED \
    }
#define ALONE(id_)                                                           \
    {                                                                        \
        .id = (id_), .dns = "mx.example.com", .status = CHAIN_ISSUER_UNKNOWN \
    }
#define UNREADABLE(id_)                                             \
    {                                                               \
        .id = (id_), .unreadable = true, .status = CHAIN_UNPARSABLE \
    }
/* The same certificate with and without SNI. */
#define SAME(leaf_) BOTH_ESTABLISHED, .leaf = leaf_, .plain = leaf_
#define AT          "192.0.2.1 port 25, host mx.example.com: "

static const struct endpoint_case cases[] = {
    {.name = "RFC 9525 6.3: match", .made = {SAME(GOOD(1))}, .spares = SPARES(NAME_MISMATCH)},
    {.name = "RFC 9525 6.3: another name",
     .made = {SAME(LEAF(1, "a.test b.test c.test d.test e.test f.test"))},
     .expected = {RAISES(NAME_MISMATCH, ERROR,
                         AT "certificate for a.test, b.test, c.test, d.test and 2 more")},
     .spares = SPARES(NAME_NO_NAMES)},
    {.name = "the domain",
     .made = {SAME(LEAF(1, "www.example.com example.com"))},
     .expected = {RAISES(NAME_MISMATCH_BUT_DOMAIN, ERROR,
                         "certificate for www.example.com, example.com")},
     .spares = SPARES(NAME_MISMATCH)},
    {.name = "another host of the domain",
     .made = {SAME(LEAF(1, "www.example.com"))},
     .expected = {RAISES(NAME_MISMATCH, ERROR, "certificate for www.example.com")},
     .spares = SPARES(NAME_MISMATCH_BUT_DOMAIN)},
    {.name = "the provider's",
     .made = {SAME(LEAF(1, "mx1.provider.test")), .ehlo = "250 mx1.provider.test"},
     .expected = {RAISES(NAME_MISMATCH_PROVIDER_DEFAULT, ERROR,
                         "certificate for mx1.provider.test; name in greeting or EHLO: "
                         "mx1.provider.test")},
     .spares = SPARES(NAME_MISMATCH)},
    {.name = "another name of the provider's",
     .made = {SAME(LEAF(1, "mx2.provider.test")), .ehlo = "250 mx1.provider.test"},
     .expected = {RAISES(NAME_MISMATCH, ERROR, "mx2.provider.test")},
     .spares = SPARES(NAME_MISMATCH_PROVIDER_DEFAULT)},
    {.name = "RFC 6761 6.3: localhost",
     .made = {SAME(CN(1, "localhost.localdomain"))},
     .expected = {RAISES(NAME_MISMATCH_LOCALHOST, ERROR, "certificate for CN localhost.local")},
     .spares = SPARES(NAME_CN_ONLY)},
    {.name = "localhost and another one",
     .made = {SAME(LEAF(1, "localhost www.test"))},
     .expected = {RAISES(NAME_MISMATCH, ERROR, "localhost, www.test")},
     .spares = SPARES(NAME_MISMATCH_LOCALHOST)},
    {.name = "no names",
     .made = {SAME(CN(1, NULL))},
     .expected = {RAISES(NAME_NO_NAMES, ERROR, AT "certificate for no name")},
     .spares = SPARES(NAME_MISMATCH)},
    {.name = "RFC 6125 6.4.4: the common name",
     .made = {SAME(CN(1, "mx.example.com"))},
     .expected = {RAISES(NAME_CN_ONLY, ERROR, AT "certificate for CN mx.example.com")},
     .spares = SPARES(NAME_NO_NAMES)},
    {.name = "RFC 9525 7.1: under the top",
     .made = {.host = "example.com", SAME(LEAF(1, "*.com"))},
     .expected = {RAISES(NAME_WILDCARD_PUBLIC_SUFFIX, WARNING, "certificate for *.com")}},
    {.name = "RFC 9525 6.3: a wildcard under a domain",
     .made = {SAME(LEAF(1, "*.example.com"))},
     .spares = SPARES(NAME_WILDCARD_PUBLIC_SUFFIX)},
    {.name = "a wildcard under the top beside the name",
     .made = {.host = "example.com", SAME(LEAF(1, "*.com example.com"))},
     .spares = SPARES(NAME_WILDCARD_PUBLIC_SUFFIX)},
    {.name = "a certificate that cannot be read: a finding of its own row",
     .made = {SAME(UNREADABLE(1))},
     .spares = SPARES(NAME_NO_NAMES)},

    {.name = "RFC 8461 7.1: the default has another name",
     .made = {BOTH_ESTABLISHED, .leaf = GOOD(1), .plain = LEAF(2, "default.test")},
     .expected = {RAISES(SNI_NEEDED, WARNING,
                         AT "with SNI chain trusted, name match; without chain trusted, name "
                            "mismatch, certificate for default.test")},
     .spares = SPARES(SNI_DIFFERS)},
    {.name = "both pass",
     .made = {BOTH_ESTABLISHED, .leaf = GOOD(1), .plain = LEAF(2, "*.example.com")},
     .expected = {RAISES(SNI_DIFFERS, INFO, "name match_wildcard")},
     .spares = SPARES(SNI_NEEDED)},
    {.name = "only the default passes",
     .made = {BOTH_ESTABLISHED, .leaf = EXPIRED(1), .plain = GOOD(2)},
     .expected = {RAISES(SNI_WORSE, ERROR,
                         "with SNI chain expired, name match; without chain "
                         "trusted, name match")},
     .spares = SPARES(SNI_DIFFERS)},
    {.name = "RFC 8446 4.4.2: one leaf, by default without its intermediate",
     .made = {BOTH_ESTABLISHED, .leaf = GOOD(1), .plain = ALONE(1)},
     .expected = {RAISES(SNI_NEEDED, WARNING,
                         "with SNI chain trusted, name match; without chain issuer_unknown, name "
                         "match")},
     .spares = SPARES(SNI_DIFFERS)},
    {.name = "the same the other way round",
     .made = {BOTH_ESTABLISHED, .leaf = ALONE(1), .plain = GOOD(1)},
     .expected = {RAISES(SNI_WORSE, ERROR, "with SNI chain issuer_unknown, name match")},
     .spares = SPARES(SNI_NEEDED)},
    {.name = "neither passes",
     .made = {BOTH_ESTABLISHED, .leaf = EXPIRED(1), .plain = EXPIRED(2)},
     .spares = SPARES(SNI_WORSE)},
    {.name = "RFC 8461 7.1: fatal without",
     .made = {.outcome = OUTCOME_ESTABLISHED, .no_sni_outcome = OUTCOME_TLS_ALERT, .leaf = GOOD(1)},
     .expected = {RAISES(SNI_REQUIRED_FATAL, ERROR,
                         AT "tls_alert without SNI, established with it")},
     .spares = SPARES(SNI_NEEDED)},
    {.name = "refused without, before TLS",
     .made = {.outcome = OUTCOME_ESTABLISHED,
              .no_sni_outcome = OUTCOME_GREETING_TEMPFAIL,
              .leaf = GOOD(1)},
     .spares = SPARES(SNI_REQUIRED_FATAL)},
    {.name = "RFC 6066 3: fatal with",
     .made = {.outcome = OUTCOME_TLS_ALERT,
              .alert = 112,
              .no_sni_outcome = OUTCOME_ESTABLISHED,
              .plain = GOOD(2)},
     .expected = {RAISES(SNI_UNKNOWN_NAME_FATAL, ERROR,
                         AT "tls_alert, alert unrecognized_name with SNI, established without")},
     .spares = SPARES(SNI_UNKNOWN_NAME_WARNING)},
    {.name = "RFC 6066 3: an alert without a name",
     .made = {.outcome = OUTCOME_TLS_ALERT,
              .alert = 200,
              .no_sni_outcome = OUTCOME_ESTABLISHED,
              .plain = GOOD(2)},
     .expected = {RAISES(SNI_UNKNOWN_NAME_FATAL, ERROR, "alert 200")}},
    {.name = "fatal both ways: not for the name",
     .made = {.outcome = OUTCOME_TLS_ALERT, .alert = 40, .no_sni_outcome = OUTCOME_TLS_ALERT},
     .spares = SPARES(SNI_UNKNOWN_NAME_FATAL)},
    {.name = "RFC 6066 3: a warning",
     .made = {SAME(GOOD(1)), .warning = true},
     .expected = {RAISES(SNI_UNKNOWN_NAME_WARNING, WARNING, "unrecognized_name")},
     .spares = SPARES(SNI_UNKNOWN_NAME_FATAL)},
    {.name = "RFC 6066 3: no warning",
     .made = {SAME(GOOD(1))},
     .spares = SPARES(SNI_UNKNOWN_NAME_WARNING)},
    {.name = "unstable",
     .made = {BOTH_ESTABLISHED, .leaf = GOOD(1), .plain = GOOD(2), .unstable = true},
     .expected = {RAISES(SNI_UNSTABLE, NOTICE, AT "two handshakes with SNI")},
     .spares = SPARES(SNI_DIFFERS)},
    {.name = "stable",
     .made = {BOTH_ESTABLISHED, .leaf = GOOD(1), .plain = GOOD(2)},
     .expected = {RAISES(SNI_DIFFERS, INFO, "mx.example.com")},
     .spares = SPARES(SNI_UNSTABLE)},

    {.name = "RFC 8446 4.4.2.2: two keys, both good",
     .made = {SAME(GOOD(1)), .other_asked = true, .other = GOOD(3)},
     .expected = {RAISES(TLS_DUAL_CERTIFICATES, INFO,
                         "certificate for mx.example.com; with the other key for mx.example.com")},
     .spares = SPARES(TLS_OTHER_KEY_UNACCEPTABLE)},
    {.name = "the second has expired",
     .made = {SAME(GOOD(1)), .other_asked = true, .other = EXPIRED(3)},
     .expected = {RAISES(TLS_DUAL_CERTIFICATES, INFO, "with the other key for mx.example.com"),
                  RAISES(TLS_OTHER_KEY_UNACCEPTABLE, WARNING,
                         AT "with the other key chain expired, name match")}},
    {.name = "the second has another name",
     .made = {SAME(GOOD(1)), .other_asked = true, .other = LEAF(3, "old.test")},
     .expected = {RAISES(TLS_DUAL_CERTIFICATES, INFO, "with the other key for old.test"),
                  RAISES(TLS_OTHER_KEY_UNACCEPTABLE, WARNING, "name mismatch")}},
    {.name = "both bad: nothing is lost by the second",
     .made = {SAME(EXPIRED(1)), .other_asked = true, .other = EXPIRED(3)},
     .expected = {RAISES(TLS_DUAL_CERTIFICATES, INFO, "mx.example.com")},
     .spares = SPARES(TLS_OTHER_KEY_UNACCEPTABLE)},
    {.name = "the other kind of key is not to be had",
     .made = {SAME(GOOD(1)), .other_asked = true},
     .spares = SPARES(TLS_DUAL_CERTIFICATES)},
};
#define CASE_COUNT (sizeof(cases) / sizeof(cases[0]))

/* What the session met is judged in test_session_findings.c. */
static void keep_scope(const struct findings *all, struct findings *kept)
{
    findings_reset(kept);
    for (size_t i = 0; i < all->count; i++) {
        if (finding_info(all->item[i].code)->scope != SCOPE_SESSION) {
            buf_put(findings_add(kept, all->item[i].code, all->item[i].severity),
                    findings_evidence(all, i));
        }
    }
}

Test(endpoint_findings, each_case_raises_its_list)
{
    struct findings all;
    struct findings kept;
    struct endpoint_verdict v;
    findings_init(&all);
    findings_init(&kept);
    endpoint_verdict_init(&v);
    for (size_t i = 0; i < CASE_COUNT; i++) {
        struct made_target t;
        made_target_fill(&t, &cases[i].made);
        endpoint_verdict_fill(&v, &t.seen, 0);
        findings_reset(&all);
        findings_of_endpoint(&t.seen, &v, &all);
        keep_scope(&all, &kept);
        expect_findings(cases[i].name, &kept, SCOPE_ENDPOINT, cases[i].expected);
        made_target_free(&t);
    }
    endpoint_verdict_deinit(&v);
    findings_deinit(&kept);
    findings_deinit(&all);
}

void cover_endpoints(struct covered *c)
{
    for (size_t i = 0; i < CASE_COUNT; i++) {
        cover_row(c, cases[i].expected, cases[i].spares);
    }
}
