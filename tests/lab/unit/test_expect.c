/* What the expectations of policies rest on. */

#include <string.h>

#include <criterion/criterion.h>

#include "tests/lab/expect_policy.h"

Test(expect_policy, tls_rpt_records)
{
    static const struct {
        const char *name;
        const char *text[2];
        bool valid;
    } rows[] = {
        {"RFC 8460 3: mailto", {"v=TLSRPTv1; rua=mailto:a@example.com"}, true},
        {"RFC 8460 3: https and an extension", {"v=TLSRPTv1;rua=https://example.com/r;x=1;"}, true},
        {"RFC 8460 3: two addresses",
         {"v=TLSRPTv1; rua=mailto:a@a.example, mailto:b@b.example"},
         true},
        {"RFC 8460 3: no scheme", {"v=TLSRPTv1; rua=a@example.com"}, false},
        {"RFC 8460 3: http", {"v=TLSRPTv1; rua=http://example.com/"}, false},
        {"RFC 8460 3: an exclamation mark", {"v=TLSRPTv1; rua=mailto:a!10m@example.com"}, false},
        {"RFC 8460 3: no rua", {"v=TLSRPTv1; x=1"}, false},
        {"RFC 8460 3: a field without a value", {"v=TLSRPTv1; rua=mailto:a@a.example; x="}, false},
        {"RFC 8460 3: a space in front, *WSP \";\"",
         {"v=TLSRPTv1 ; rua=mailto:a@example.com"},
         true},
        {"RFC 8460 3: beside another it is discarded",
         {"v=TLSRPTv1 ; rua=mailto:a@example.com", "v=spf1 -all"},
         false},
        {"RFC 8460 3: two records",
         {"v=TLSRPTv1; rua=mailto:a@a.example", "v=TLSRPTv1; rua=mailto:b@b.example"},
         false},
        {"RFC 8460 3: another beside", {"v=TLSRPTv1; rua=mailto:a@a.example", "v=spf1 -all"}, true},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct expect_texts t = {.state = DNS_DATA};
        for (; t.count < 2 && rows[i].text[t.count] != NULL; t.count++) {
            t.text[t.count] = rows[i].text[t.count];
        }
        cr_expect_eq(expect_rpt_valid(&t), rows[i].valid, "%s", rows[i].name);
    }
}

Test(expect_policy, patterns_cover_names)
{
    static const struct {
        const char *pattern;
        const char *exchange;
        bool covered;
    } rows[] = {
        {"mx.example.com", "mx.example.com", true},   {"MX.Example.com", "mx.example.com", true},
        {"*.example.com", "mx.example.com", true},    {"*.example.com", "example.com", false},
        {"*.example.com", "a.mx.example.com", false}, {"example.com", "mx.example.com", false},
    };
    static struct expect_sts s;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        s.pattern_count = 1;
        memcpy(s.pattern[0], rows[i].pattern, strlen(rows[i].pattern) + 1);
        cr_expect_eq(expect_covered(&s, rows[i].exchange), rows[i].covered, "RFC 8461 4.1: %s, %s",
                     rows[i].pattern, rows[i].exchange);
    }
}

Test(expect_policy, tlsa_records_of_an_endpoint)
{
    static const struct {
        const char *name;
        struct expect_tlsa record[2];
        size_t count;
        enum lab_cert_class class;
        const char *status;
    } rows[] = {
        {"RFC 7671 5.1: DANE-EE", {{3, 1, 1, LAB_TLSA_RIGHT}}, 1, LAB_CERT_EXPIRED, "match"},
        {"RFC 7671 5.1: another key", {{3, 1, 1, LAB_TLSA_WRONG}}, 1, LAB_CERT_VALID, "mismatch"},
        {"RFC 7671 9: the stronger digest decides",
         {{3, 1, 1, LAB_TLSA_RIGHT}, {3, 1, 2, LAB_TLSA_WRONG}},
         2,
         LAB_CERT_VALID,
         "mismatch"},
        {"RFC 7671 9: of another selector it does not",
         {{3, 1, 1, LAB_TLSA_RIGHT}, {3, 0, 2, LAB_TLSA_WRONG}},
         2,
         LAB_CERT_VALID,
         "match"},
        {"RFC 7671 5.2: DANE-TA", {{2, 1, 1, LAB_TLSA_RIGHT}}, 1, LAB_CERT_VALID, "match"},
        {"RFC 7671 5.2.1: expired", {{2, 1, 1, LAB_TLSA_RIGHT}}, 1, LAB_CERT_EXPIRED, "mismatch"},
        {"RFC 7671 5.2.2: the anchor is not sent",
         {{2, 1, 1, LAB_TLSA_RIGHT}},
         1,
         LAB_CERT_MISSING_INTERMEDIATE,
         "mismatch"},
        {"issuer and leaf at once: not said",
         {{2, 1, 1, LAB_TLSA_RIGHT}},
         1,
         LAB_CERT_SELF_SIGNED,
         NULL},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct service server = {.unstable = false};
        struct expect_dane d = {.state = "usable", .base = "mx.example", .count = rows[i].count};
        struct expected_session session = {.outcome = OUTCOME_ESTABLISHED,
                                           .cert = {.class = rows[i].class, .names = "mx.example"}};
        memcpy(d.record, rows[i].record, sizeof(rows[i].record));
        const char *got = expect_dane_status(&d, &server, &session, "mx.example");
        bool same = got == NULL || rows[i].status == NULL ? got == rows[i].status
                                                          : strcmp(got, rows[i].status) == 0;
        cr_expect(same, "%s: %s", rows[i].name, got != NULL ? got : "not said");
    }
}
