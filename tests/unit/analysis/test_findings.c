#include <criterion/criterion.h>

#include "tests/unit/analysis/expected.h"

/* A code that no table raises, or that no near miss is spared, is not tested. */
Test(findings, every_code_has_a_case_and_a_neighbour)
{
    struct covered c = {{false}, {false}};
    cover_domains(&c);
    cover_hosts(&c);
    cover_sessions(&c);
    cover_parity(&c);
    cover_services(&c);
    cover_ciphers(&c);
    cover_wrong_sni(&c);
    cover_certificates(&c);
    cover_chains(&c);
    cover_endpoints(&c);
    cover_policies(&c);
    cover_sts(&c);
    cover_tls_rpt(&c);
    cover_dane(&c);
    cover_problems(&c);
    for (unsigned i = 0; i < FINDING_COUNT; i++) {
        cr_expect(c.raised[i], "no case raises %s", finding_info((enum finding_code)i)->code);
        cr_expect(c.spared[i], "no neighbour of %s", finding_info((enum finding_code)i)->code);
    }
}

Test(findings, a_list_keeps_each_evidence_apart)
{
    struct findings f;
    findings_init(&f);
    buf_put_text(findings_add_max(&f, FINDING_MX_NULL), "one");
    buf_put_text(findings_add(&f, FINDING_MX_MANY, SEVERITY_NOTICE), "two");
    (void)findings_add_max(&f, FINDING_MX_NONE);
    cr_assert_eq(f.count, 3);
    cr_expect(span_eq(findings_evidence(&f, 0), SPAN_LIT("one")));
    cr_expect(span_eq(findings_evidence(&f, 1), SPAN_LIT("two")));
    cr_expect_eq(findings_evidence(&f, 2).len, 0);
    cr_expect_eq(f.item[0].severity, SEVERITY_INFO);
    cr_expect_eq(f.item[1].severity, SEVERITY_NOTICE);
    findings_reset(&f);
    cr_expect(!findings_has(&f, FINDING_MX_NULL));
    findings_deinit(&f);
}

Test(findings, an_evidence_is_one_short_line)
{
    uint8_t octets[EVIDENCE_PIECE_MAX + 1];
    memset(octets, '\n', sizeof(octets));
    struct buf evidence = BUF_INIT(BUF_NO_LIMIT);
    evidence_put(&evidence, (struct span){octets, EVIDENCE_PIECE_MAX});
    cr_expect_eq(evidence.len, EVIDENCE_PIECE_MAX);
    cr_expect_null(memchr(evidence.at, '\n', evidence.len));
    buf_reset(&evidence);
    evidence_put(&evidence, (struct span){octets, EVIDENCE_PIECE_MAX + 1});
    cr_expect_eq(evidence.len, EVIDENCE_PIECE_MAX + 3);
    cr_expect(span_ends_with(buf_span(&evidence), SPAN_LIT("...")));
    buf_deinit(&evidence);
}
