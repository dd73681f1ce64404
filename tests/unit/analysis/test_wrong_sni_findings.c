#include <criterion/criterion.h>

#include "tests/unit/analysis/expected.h"

struct wrong_sni_case {
    const char *name;
    enum session_outcome result; /* without SNI */
    enum session_outcome wrong;
    int16_t alert; /* -1: none */
    struct expected_finding expected[EXPECTED_MAX];
    unsigned spares;
};

static const struct wrong_sni_case cases[] = {
    {"RFC 6066 3: the server should send unrecognized_name",
     OUTCOME_ESTABLISHED,
     OUTCOME_TLS_ALERT,
     112,
     {RAISES(SNI_FOREIGN_NAME_FATAL, INFO, "wrong-sni.invalid: alert unrecognized_name")},
     0},
    {"another alert says it as well",
     OUTCOME_ESTABLISHED,
     OUTCOME_TLS_NO_SHARED_CIPHER,
     40,
     {RAISES(SNI_FOREIGN_NAME_FATAL, INFO, "alert handshake_failure")},
     0},
    {"RFC 6066 3: or go on",
     OUTCOME_ESTABLISHED,
     OUTCOME_ESTABLISHED,
     -1,
     {{0}},
     SPARES(SNI_FOREIGN_NAME_FATAL)},
    {"certificate_required after a handshake that is complete",
     OUTCOME_ESTABLISHED,
     OUTCOME_ESTABLISHED,
     116,
     {{0}},
     0},
    {"a close may be chance", OUTCOME_ESTABLISHED, OUTCOME_TLS_CLOSED, -1, {{0}}, 0},
    {"a 421 says nothing of names", OUTCOME_ESTABLISHED, OUTCOME_GREETING_TEMPFAIL, -1, {{0}}, 0},
    {"without SNI it fails as well",
     OUTCOME_TLS_ALERT,
     OUTCOME_TLS_ALERT,
     80,
     {{0}},
     SPARES(SNI_FOREIGN_NAME_FATAL)},
};

#define CASE_COUNT (sizeof(cases) / sizeof(cases[0]))

/* Only what the second session adds. */
static bool is_of_names(const struct findings *f, size_t i)
{
    return f->item[i].code == FINDING_SNI_FOREIGN_NAME_FATAL;
}

Test(wrong_sni_findings, each_case_raises_its_list)
{
    struct findings f;
    findings_init(&f);
    for (size_t i = 0; i < CASE_COUNT; i++) {
        const struct wrong_sni_case *c = &cases[i];
        struct seen_session result = {.outcome = c->result, .tls_attempted = true};
        struct seen_session wrong = {.outcome = c->wrong,
                                     .sni = true,
                                     .tls_attempted = !outcome_info(c->wrong)->before_tls,
                                     .tls = {.alert_received = c->alert}};
        const uint8_t octets[4] = {192, 0, 2, 17};
        struct seen_service s = {
            .address = net_addr_v4(octets), .port = 25, .result = &result, .wrong_sni = &wrong};
        findings_reset(&f);
        findings_of_service(&s, NULL, &f);
        size_t found = 0;
        for (size_t k = 0; k < f.count; k++) {
            if (is_of_names(&f, k)) {
                struct span evidence = findings_evidence(&f, k);
                found++;
                cr_expect(c->expected[0].evidence != NULL &&
                              memmem(evidence.at, evidence.len, c->expected[0].evidence,
                                     strlen(c->expected[0].evidence)) != NULL,
                          "%s: %.*s", c->name, (int)evidence.len, (const char *)evidence.at);
            }
        }
        cr_expect_eq(found, c->expected[0].evidence != NULL ? 1U : 0U, "%s", c->name);
        s.wrong_sni = NULL;
        findings_reset(&f);
        findings_of_service(&s, NULL, &f);
        cr_expect_not(findings_has(&f, FINDING_SNI_FOREIGN_NAME_FATAL), "%s: not asked", c->name);
    }
    findings_deinit(&f);
}

void cover_wrong_sni(struct covered *c)
{
    for (size_t i = 0; i < CASE_COUNT; i++) {
        cover_row(c, cases[i].expected, cases[i].spares);
    }
}
