#include <criterion/criterion.h>

#include "scanner/analysis/dane_findings.h"
#include "tests/unit/analysis/expected.h"
#include "tests/unit/analysis/made_up.h"

/* Verdicts are made up here: how they come about is told by the tests of scanner/dane. */

#define RECORDS_MAX 12

static const uint8_t digest[32] = {0x1a, 0x2b, 0x3c};
static const uint8_t other_digest[32] = {0x4d, 0x5e, 0x6f};
/* SHA-256 of no octets */
static const uint8_t empty_digest[32] = {
    0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9, 0x24,
    0x27, 0xae, 0x41, 0xe4, 0x64, 0x9b, 0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55};
/* SubjectPublicKeyInfo of an Ed25519 key, RFC 8410 section 4 */
static const uint8_t public_key[44] = {
    0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00, 0x19, 0xbf, 0x44,
    0x09, 0x69, 0x84, 0xcd, 0xfe, 0x85, 0x41, 0xba, 0xc1, 0x67, 0xdc, 0x3b, 0x96, 0xc8, 0x50,
    0x86, 0xaa, 0x30, 0xb6, 0xb6, 0xcb, 0x0c, 0x5c, 0x38, 0xad, 0x70, 0x31, 0x66, 0xe1};

#define RECORD(usage_, selector_, matching_, octets)                         \
    {                                                                        \
        .usage = (usage_), .selector = (selector_), .matching = (matching_), \
        .data = SPAN_INIT_OCTETS(octets)                                     \
    }
#define SPAN_INIT_OCTETS(octets) \
    {                            \
        (octets), sizeof(octets) \
    }
#define GOOD_RECORD RECORD(3, 1, 1, digest)

/* --- hosts ------------------------------------------------------------------------------------- */

struct host_case {
    const char *name; /* with the RFC section that decides */
    enum dane_host state;
    enum dnssec_state address;
    enum dnssec_state tlsa;
    const char *base;
    enum dns_state answer;
    const char *cname;
    enum dns_state at_end; /* the answer for TLSA there */
    struct seen_tlsa records[RECORDS_MAX];
    size_t record_count;
    struct expected_finding expected[EXPECTED_MAX];
    unsigned spares;
};

#define SECURE .state = DANE_HOST_USABLE, .address = DNSSEC_SECURE, .tlsa = DNSSEC_SECURE
#define IN_USE RAISES(DANE_USABLE, INFO, "TLSA records at _25._tcp.mx.test")

static const struct host_case hosts[] = {
    {.name = "AD is not trusted",
     .state = DANE_HOST_UNKNOWN,
     .records = {GOOD_RECORD},
     .record_count = 1,
     .spares = SPARES(DANE_USABLE)},
    {.name = "RFC 7672 2.2: a secure denial",
     .state = DANE_HOST_NONE,
     .address = DNSSEC_SECURE,
     .tlsa = DNSSEC_SECURE,
     .spares = SPARES(DANE_LOOKUP_FAILED)},
    {.name = "RFC 7672 2.2: usable",
     SECURE,
     .records = {GOOD_RECORD},
     .record_count = 1,
     .expected = {RAISES(DANE_USABLE, INFO, "1 TLSA records at _25._tcp.mx.test")},
     .spares = SPARES(DANE_ALL_UNUSABLE)},

    /* without effect */
    {.name = "RFC 7672 2.2.2: the addresses are not secure",
     .state = DANE_HOST_HOST_INSECURE,
     .address = DNSSEC_INSECURE,
     .tlsa = DNSSEC_SECURE,
     .records = {GOOD_RECORD},
     .record_count = 1,
     .expected = {RAISES(DANE_HOST_INSECURE, INFO, "addresses insecure, TLSA secure")},
     .spares = SPARES(DANE_TLSA_INSECURE)},
    {.name = "RFC 7672 2.2.2: and nobody asked for more",
     .state = DANE_HOST_HOST_INSECURE,
     .address = DNSSEC_INSECURE,
     .spares = SPARES(DANE_HOST_INSECURE)},
    {.name = "RFC 6698 4.1: not signed",
     .state = DANE_HOST_TLSA_INSECURE,
     .address = DNSSEC_SECURE,
     .tlsa = DNSSEC_INSECURE,
     .records = {GOOD_RECORD},
     .record_count = 1,
     .expected = {RAISES(DANE_TLSA_INSECURE, WARNING, "addresses secure, TLSA insecure")},
     .spares = SPARES(DANE_NO_CHAIN)},
    {.name = "RFC 4035 5.2: signed, without DS",
     .state = DANE_HOST_TLSA_INSECURE,
     .address = DNSSEC_NO_CHAIN,
     .tlsa = DNSSEC_NO_CHAIN,
     .records = {GOOD_RECORD},
     .record_count = 1,
     .expected = {RAISES(DANE_NO_CHAIN, WARNING, "addresses no_chain, TLSA no_chain")},
     .spares = SPARES(DANE_HOST_INSECURE)},

    /* RFC 7672 section 2.1 */
    {.name = "RFC 7672 2.1.1: bogus",
     .state = DANE_HOST_LOOKUP_FAILED,
     .address = DNSSEC_SECURE,
     .tlsa = DNSSEC_BOGUS,
     .answer = DNS_BOGUS,
     .expected = {RAISES(DANE_BOGUS, ERROR, "TLSA _25._tcp.mx.test: bogus")},
     .spares = SPARES(DANE_LOOKUP_FAILED)},
    {.name = "RFC 7672 2.1.2: servfail",
     .state = DANE_HOST_LOOKUP_FAILED,
     .address = DNSSEC_SECURE,
     .tlsa = DNSSEC_FAILED,
     .answer = DNS_SERVFAIL,
     .expected = {RAISES(DANE_LOOKUP_FAILED, ERROR, "TLSA _25._tcp.mx.test: servfail")},
     .spares = SPARES(DANE_BOGUS)},
    {.name = "RFC 7672 2.2.3: servfail at the end of an alias",
     .state = DANE_HOST_LOOKUP_FAILED,
     .address = DNSSEC_SECURE,
     .tlsa = DNSSEC_FAILED,
     .answer = DNS_NODATA,
     .cname = "real.test",
     .at_end = DNS_TIMEOUT,
     .expected = {RAISES(DANE_LOOKUP_FAILED, ERROR, "TLSA _25._tcp.real.test: timeout")},
     .spares = SPARES(DANE_VIA_CNAME)},
    {.name = "our own fault",
     .state = DANE_HOST_LOOKUP_FAILED,
     .address = DNSSEC_SECURE,
     .tlsa = DNSSEC_FAILED,
     .answer = DNS_LOCAL_FAULT,
     .spares = SPARES(DANE_LOOKUP_FAILED)},
    {.name = "bogus addresses are dns.host_bogus",
     .state = DANE_HOST_LOOKUP_FAILED,
     .address = DNSSEC_BOGUS,
     .spares = SPARES(DANE_BOGUS)},

    /* records */
    {.name = "RFC 7672 3.1.3: PKIX usages only",
     .state = DANE_HOST_UNUSABLE,
     .address = DNSSEC_SECURE,
     .tlsa = DNSSEC_SECURE,
     .records = {RECORD(0, 0, 1, digest), RECORD(1, 0, 1, digest)},
     .record_count = 2,
     .expected = {RAISES(DANE_ALL_UNUSABLE, WARNING, "2 TLSA records"),
                  RAISES(DANE_RECORD_PKIX_USAGE, WARNING,
                         "0 0 1 1a2b3c0000000000... (pkix_usage), 1 0 1")},
     .spares = SPARES(DANE_USABLE)},
    {.name = "RFC 6698 2.1: unknown numbers",
     SECURE,
     .records = {GOOD_RECORD, RECORD(4, 0, 1, digest), RECORD(3, 2, 1, digest),
                 RECORD(3, 1, 9, digest)},
     .record_count = 4,
     .expected = {IN_USE, RAISES(DANE_RECORD_UNKNOWN, WARNING, "4 0 1 1a2b3c0000000000... (unk")},
     .spares = SPARES(DANE_RECORD_PKIX_USAGE)},
    {.name = "RFC 6698 2.1.4: a digest that was cut",
     SECURE,
     .records = {GOOD_RECORD, {.usage = 3, .selector = 1, .matching = 1, .data = {digest, 31}}},
     .record_count = 2,
     .expected = {IN_USE, RAISES(DANE_RECORD_MALFORMED, WARNING, "(digest_length)")},
     .spares = SPARES(DANE_RECORD_UNKNOWN)},
    {.name = "without effect a malformed record costs nothing",
     .state = DANE_HOST_TLSA_INSECURE,
     .address = DNSSEC_SECURE,
     .tlsa = DNSSEC_INSECURE,
     .records = {{.usage = 3, .selector = 1, .matching = 1, .data = {digest, 31}}},
     .record_count = 1,
     .expected = {RAISES(DANE_TLSA_INSECURE, WARNING, "1 TLSA records"),
                  RAISES(DANE_RECORD_MALFORMED, NOTICE, "(digest_length)")},
     .spares = SPARES(DANE_RECORD_EMPTY_DIGEST)},
    {.name = "DANE 2022: the digest of nothing",
     SECURE,
     .records = {GOOD_RECORD, RECORD(3, 1, 1, empty_digest)},
     .record_count = 2,
     .expected = {IN_USE, RAISES(DANE_RECORD_EMPTY_DIGEST, WARNING, "3 1 1 e3b0c44298fc1c14...")},
     .spares = SPARES(DANE_RECORD_MALFORMED)},
    {.name = "the digest of nothing alone: in force, and nothing matches",
     SECURE,
     .records = {RECORD(3, 1, 1, empty_digest)},
     .record_count = 1,
     .expected = {IN_USE, RAISES(DANE_RECORD_EMPTY_DIGEST, ERROR, "(empty_digest)")},
     .spares = SPARES(DANE_ALL_UNUSABLE)},
    {.name = "RFC 7671 10.1: the key as a whole",
     SECURE,
     .records = {RECORD(3, 1, 0, public_key)},
     .record_count = 1,
     .expected = {IN_USE, RAISES(DANE_RECORD_FULL, WARNING, "3 1 0 302a300506032b65...")},
     .spares = SPARES(DANE_RECORD_DUPLICATE)},
    {.name = "RFC 2181 5: twice the same",
     SECURE,
     .records = {GOOD_RECORD, RECORD(3, 1, 1, other_digest), GOOD_RECORD},
     .record_count = 3,
     .expected = {IN_USE, RAISES(DANE_RECORD_DUPLICATE, INFO, "3 1 1 1a2b3c")},
     .spares = SPARES(DANE_RECORD_FULL)},
    {.name = "RFC 7671 8.1: a rollover of two keys in two digests",
     SECURE,
     .records = {GOOD_RECORD, RECORD(3, 1, 1, other_digest), RECORD(2, 1, 1, digest),
                 RECORD(2, 1, 1, other_digest), RECORD(3, 0, 1, digest),
                 RECORD(3, 0, 1, other_digest), RECORD(2, 0, 1, digest),
                 RECORD(2, 0, 1, other_digest)},
     .record_count = 8,
     .expected = {IN_USE},
     .spares = SPARES(DANE_MANY_RECORDS)},
    {.name = "RFC 7671 10.1: one more",
     SECURE,
     .records = {GOOD_RECORD, RECORD(3, 1, 1, other_digest), RECORD(2, 1, 1, digest),
                 RECORD(2, 1, 1, other_digest), RECORD(3, 0, 1, digest),
                 RECORD(3, 0, 1, other_digest), RECORD(2, 0, 1, digest),
                 RECORD(2, 0, 1, other_digest), RECORD(2, 0, 1, empty_digest)},
     .record_count = 9,
     .expected = {IN_USE, RAISES(DANE_MANY_RECORDS, WARNING, "9 TLSA records"),
                  RAISES(DANE_RECORD_EMPTY_DIGEST, WARNING, "2 0 1")},
     .spares = SPARES(DANE_VIA_CNAME)},
    {.name = "RFC 7672 2.2.3: at the end of an alias",
     SECURE,
     .base = "real.test",
     .records = {GOOD_RECORD},
     .record_count = 1,
     .expected = {RAISES(DANE_USABLE, INFO, "_25._tcp.real.test"),
                  RAISES(DANE_VIA_CNAME, NOTICE, "mx.test -> real.test")}},
};

#define HOST_COUNT (sizeof(hosts) / sizeof(hosts[0]))

Test(dane_findings, each_host_raises_its_list)
{
    struct findings f;
    findings_init(&f);
    for (size_t i = 0; i < HOST_COUNT; i++) {
        const struct host_case *c = &hosts[i];
        struct span cname = span_of(c->cname != NULL ? c->cname : "");
        struct seen_host h = {
            .name = SPAN_LIT("mx.test"),
            .tlsa = {.state = (uint8_t)c->answer, .rcode = UINT8_MAX, .ede = -1},
            .cnames = &cname,
            .cname_count = c->cname != NULL,
            .expanded_tlsa = {.state = (uint8_t)c->at_end, .rcode = UINT8_MAX, .ede = -1},
        };
        struct dane_host_verdict v = {
            .state = c->state,
            .address = c->address,
            .tlsa = c->tlsa,
            .base = c->base != NULL                  ? span_of(c->base)
                    : c->state >= DANE_HOST_UNUSABLE ? h.name
                                                     : (struct span){0},
            .tlsas = c->records,
            .tlsa_count = c->record_count,
        };
        findings_reset(&f);
        dane_findings_of_host(&h, &v, &f);
        expect_findings(c->name, &f, SCOPE_HOST, c->expected);
    }
    findings_deinit(&f);
}

/* --- endpoints --------------------------------------------------------------------------------- */

struct endpoint_case {
    const char *name;
    enum dane_status status;
    enum session_outcome outcome;
    struct seen_tlsa records[RECORDS_MAX];
    struct tlsa_result results[RECORDS_MAX];
    size_t record_count;
    int matching_record; /* counted from 1; 0: none */
    enum dane_ta_fault ta_fault;
    bool agility_conflict;
    size_t stale;
    unsigned flags;
    enum dane_status other_key;
    enum session_outcome other_outcome; /* of the handshake for it; NOT_TESTED: not asked */
    enum chain_status chain;
    enum name_match match;
    struct expected_finding expected[EXPECTED_MAX];
    unsigned spares;
};

#define MATCHES                                          \
    {                                                    \
        .in_force = true, .matches = true, .position = 0 \
    }
#define FAILS                              \
    {                                      \
        .in_force = true, .position = (-1) \
    }
#define ESTABLISHED .outcome = OUTCOME_ESTABLISHED
#define AT          "192.0.2.1 port 25, host mx.test: "

static const struct endpoint_case endpoints[] = {
    {.name = "no records", .status = DANE_NONE, ESTABLISHED, .spares = SPARES(DANE_MATCH)},
    {.name = "RFC 7672 3.1.1: DANE-EE matches",
     .status = DANE_MATCH,
     ESTABLISHED,
     .records = {GOOD_RECORD},
     .results = {MATCHES},
     .record_count = 1,
     .matching_record = 1,
     .chain = CHAIN_SELF_SIGNED,
     .expected = {RAISES(DANE_MATCH, INFO, AT "3 1 1 1a2b3c0000000000... at position 0")},
     .spares = SPARES(DANE_PKIX_ALSO_VALID)},
    {.name = "RFC 7671 8.1: and the public CA is right as well",
     .status = DANE_MATCH,
     ESTABLISHED,
     .records = {GOOD_RECORD},
     .results = {MATCHES},
     .record_count = 1,
     .matching_record = 1,
     .chain = CHAIN_TRUSTED,
     .match = NAME_MATCH_EXACT,
     .expected = {RAISES(DANE_MATCH, INFO, AT),
                  RAISES(DANE_PKIX_ALSO_VALID, INFO, "chain trusted, name match")},
     .spares = SPARES(DANE_STALE_RECORD)},
    {.name = "RFC 7671 8.1: a record of the past",
     .status = DANE_MATCH,
     ESTABLISHED,
     .records = {RECORD(3, 1, 1, other_digest), GOOD_RECORD},
     .results = {FAILS, MATCHES},
     .record_count = 2,
     .matching_record = 2,
     .stale = 1,
     .other_outcome = OUTCOME_TLS_ALERT,
     .expected = {RAISES(DANE_MATCH, INFO, "3 1 1 1a2b3c"),
                  RAISES(DANE_STALE_RECORD, WARNING, AT "3 1 1 4d5e6f0000000000...")},
     .spares = SPARES(DANE_MISMATCH)},
    {.name = "RFC 7671 8.1: it may be of a key that nobody asked for",
     .status = DANE_MATCH,
     ESTABLISHED,
     .records = {RECORD(3, 1, 1, other_digest), GOOD_RECORD},
     .results = {FAILS, MATCHES},
     .record_count = 2,
     .matching_record = 2,
     .stale = 1,
     .expected = {RAISES(DANE_MATCH, INFO, "3 1 1 1a2b3c"),
                  RAISES(DANE_STALE_RECORD, NOTICE,
                         "; no handshake with the other type of key was made")}},
    {.name = "RFC 7671 8.1: a record for the certificate of each key",
     .status = DANE_MATCH,
     ESTABLISHED,
     .records = {RECORD(3, 1, 1, other_digest), GOOD_RECORD},
     .results = {{.in_force = true, .position = -1, .matches_other_key = true}, MATCHES},
     .record_count = 2,
     .matching_record = 2,
     .other_key = DANE_MATCH,
     .other_outcome = OUTCOME_ESTABLISHED,
     .expected = {RAISES(DANE_MATCH, INFO, "3 1 1 1a2b3c")},
     .spares = SPARES(DANE_STALE_RECORD)},
    {.name = "RFC 7672 3.1: none for the certificate of the other key",
     .status = DANE_MATCH,
     ESTABLISHED,
     .records = {GOOD_RECORD},
     .results = {MATCHES},
     .record_count = 1,
     .matching_record = 1,
     .other_key = DANE_MISMATCH,
     .other_outcome = OUTCOME_ESTABLISHED,
     .expected = {RAISES(DANE_MATCH, INFO, "3 1 1 1a2b3c"),
                  RAISES(DANE_OTHER_KEY_MISMATCH, ERROR,
                         AT "none of 1 records matches the leaf 0000000000000000...")}},
    {.name = "RFC 7672 3.1: one for the certificate of the other key alone",
     .status = DANE_MISMATCH,
     ESTABLISHED,
     .records = {GOOD_RECORD},
     .results = {{.in_force = true, .position = -1, .matches_other_key = true}},
     .record_count = 1,
     .other_key = DANE_MATCH,
     .other_outcome = OUTCOME_ESTABLISHED,
     .expected = {RAISES(DANE_MISMATCH, ERROR, "... (matches the certificate of the other key)")},
     .spares = SPARES(DANE_OTHER_KEY_MISMATCH)},
    {.name = "RFC 7672 3.1: one for neither",
     .status = DANE_MISMATCH,
     ESTABLISHED,
     .records = {GOOD_RECORD},
     .results = {FAILS},
     .record_count = 1,
     .other_key = DANE_MISMATCH,
     .other_outcome = OUTCOME_ESTABLISHED,
     .expected = {RAISES(DANE_MISMATCH, ERROR, AT)},
     .spares = SPARES(DANE_OTHER_KEY_MISMATCH)},
    {.name = "RFC 7671 5.2.2: the anchor is in DNS alone",
     .status = DANE_MATCH,
     ESTABLISHED,
     .records = {RECORD(2, 1, 0, public_key), RECORD(3, 1, 1, other_digest)},
     .results = {{.in_force = true, .matches = true, .position = -1, .anchor_in_dns = true}, FAILS},
     .record_count = 2,
     .matching_record = 1,
     .flags = DANE_FLAG_TA | DANE_FLAG_ANCHOR_IN_DNS,
     .expected = {RAISES(DANE_MATCH, INFO, AT "2 1 0 302a300506032b65... in DNS"),
                  RAISES(DANE_ANCHOR_IN_DNS, ERROR, AT "2 1 0 302a300506032b65...")},
     .spares = SPARES(DANE_TA_NOT_PRESENTED)},
    {.name = "RFC 7671 5.2.2: and the leaf is for another name",
     .status = DANE_OTHER_NAME,
     ESTABLISHED,
     .records = {RECORD(2, 1, 0, public_key)},
     .results = {{.in_force = true, .position = -1, .anchor_in_dns = true}},
     .record_count = 1,
     .ta_fault = DANE_TA_NAME,
     .flags = DANE_FLAG_TA_NO_NAME | DANE_FLAG_ANCHOR_IN_DNS,
     .expected = {RAISES(DANE_TA_OTHER_NAME, NOTICE, AT "2 1 0"),
                  RAISES(DANE_ANCHOR_IN_DNS, ERROR, AT "2 1 0")},
     .spares = SPARES(DANE_MATCH)},
    {.name = "RFC 7671 5.2.2: another record matches what is presented",
     .status = DANE_MATCH,
     ESTABLISHED,
     .records = {RECORD(2, 1, 0, public_key), GOOD_RECORD},
     .results = {{.in_force = true, .matches = true, .position = -1, .anchor_in_dns = true},
                 MATCHES},
     .record_count = 2,
     .matching_record = 1,
     .flags = DANE_FLAG_TA | DANE_FLAG_EE,
     .expected = {RAISES(DANE_MATCH, INFO, "in DNS")},
     .spares = SPARES(DANE_ANCHOR_IN_DNS)},
    {.name = "RFC 7672 3.2.2: the leaf is for another name, which may be a domain's",
     .status = DANE_OTHER_NAME,
     ESTABLISHED,
     .records = {RECORD(2, 0, 1, digest), RECORD(3, 1, 1, other_digest)},
     .results = {FAILS, FAILS},
     .record_count = 2,
     .ta_fault = DANE_TA_NAME,
     .flags = DANE_FLAG_TA_NO_NAME,
     .expected = {RAISES(DANE_TA_OTHER_NAME, NOTICE, AT "2 0 1 1a2b3c0000000000...")},
     .spares = SPARES(DANE_TA_NAME)},
    {.name = "RFC 7671 5.1: no match",
     .status = DANE_MISMATCH,
     ESTABLISHED,
     .records = {GOOD_RECORD},
     .results = {FAILS},
     .record_count = 1,
     .expected = {RAISES(DANE_MISMATCH, ERROR, AT "3 1 1 1a2b3c0000000000...")},
     .spares = SPARES(DANE_TA_NOT_PRESENTED)},
    {.name = "RFC 6698 2.1.2: the other selector would match",
     .status = DANE_MISMATCH,
     ESTABLISHED,
     .records = {GOOD_RECORD},
     .results = {{.in_force = true, .position = -1, .other_selector = true}},
     .record_count = 1,
     .expected = {RAISES(DANE_MISMATCH, ERROR, "... (matches with the other selector)")}},
    {.name = "RFC 6698 2.1.1: the other usage would match",
     .status = DANE_MISMATCH,
     ESTABLISHED,
     .records = {GOOD_RECORD},
     .results = {{.in_force = true, .position = -1, .other_usage = true}},
     .record_count = 1,
     .expected = {RAISES(DANE_MISMATCH, ERROR, "... (matches with the other usage)")}},
    {.name = "RFC 7671 5.2.2: the anchor is not presented",
     .status = DANE_MISMATCH,
     ESTABLISHED,
     .records = {RECORD(2, 0, 1, digest)},
     .results = {FAILS},
     .record_count = 1,
     .ta_fault = DANE_TA_NOT_PRESENTED,
     .expected = {RAISES(DANE_TA_NOT_PRESENTED, ERROR, AT "not_in_chain; 2 0 1 1a2b3c")},
     .spares = SPARES(DANE_MISMATCH)},
    {.name = "RFC 7671 5.2: no path to it",
     .status = DANE_MISMATCH,
     ESTABLISHED,
     .records = {RECORD(2, 0, 1, digest)},
     .results = {FAILS},
     .record_count = 1,
     .ta_fault = DANE_TA_NO_PATH,
     .expected = {RAISES(DANE_TA_PATH, ERROR, "no_path")},
     .spares = SPARES(DANE_TA_EXPIRED)},
    {.name = "RFC 7671 5.2: expired",
     .status = DANE_MISMATCH,
     ESTABLISHED,
     .records = {RECORD(2, 0, 1, digest)},
     .results = {FAILS},
     .record_count = 1,
     .ta_fault = DANE_TA_EXPIRED,
     .expected = {RAISES(DANE_TA_EXPIRED, ERROR, "expired")},
     .spares = SPARES(DANE_TA_NAME)},
    {.name = "RFC 7672 3.2.2: no name, beside a DANE-EE record that does not match",
     .status = DANE_MISMATCH,
     ESTABLISHED,
     .records = {RECORD(2, 0, 1, digest), RECORD(3, 1, 1, other_digest)},
     .results = {FAILS, FAILS},
     .record_count = 2,
     .ta_fault = DANE_TA_NAME,
     .expected = {RAISES(DANE_MISMATCH, ERROR, AT "3 1 1 4d5e6f"),
                  RAISES(DANE_TA_NAME, ERROR, AT "name_mismatch; 2 0 1 1a2b3c")},
     .spares = SPARES(DANE_TA_OTHER_NAME)},
    {.name = "RFC 7671 5.2: it is presented, and the path is fine",
     .status = DANE_MATCH,
     ESTABLISHED,
     .records = {RECORD(2, 0, 1, digest)},
     .results = {MATCHES},
     .record_count = 1,
     .matching_record = 1,
     .flags = DANE_FLAG_TA,
     .expected = {RAISES(DANE_MATCH, INFO, AT)},
     .spares = SPARES(DANE_TA_PATH)},
    {.name = "RFC 7671 9: the stronger digest is stale",
     .status = DANE_MISMATCH,
     ESTABLISHED,
     .records = {GOOD_RECORD, RECORD(3, 1, 2, other_digest)},
     .results = {{.matches = true, .position = 0}, FAILS},
     .record_count = 2,
     .agility_conflict = true,
     .expected = {RAISES(DANE_MISMATCH, ERROR, "3 1 2 4d5e6f"),
                  RAISES(DANE_AGILITY_CONFLICT, ERROR, "3 1 1 1a2b3c0000000000... matches and is")},
     .spares = SPARES(DANE_STALE_RECORD)},
    {.name = "RFC 7671 9: but another selector matches",
     .status = DANE_MATCH,
     ESTABLISHED,
     .records = {GOOD_RECORD, RECORD(3, 1, 2, other_digest), RECORD(3, 0, 1, digest)},
     .results = {{.matches = true, .position = 0}, FAILS, MATCHES},
     .record_count = 3,
     .matching_record = 3,
     .agility_conflict = true,
     .stale = 1,
     .expected = {RAISES(DANE_MATCH, INFO, "3 0 1"),
                  RAISES(DANE_STALE_RECORD, NOTICE, "3 1 2 4d5e6f"),
                  RAISES(DANE_AGILITY_CONFLICT, WARNING, "3 1 1 1a2b3c")},
     .spares = SPARES(DANE_MISMATCH)},
    {.name = "RFC 7671 9: one digest",
     .status = DANE_MISMATCH,
     ESTABLISHED,
     .records = {GOOD_RECORD},
     .results = {FAILS},
     .record_count = 1,
     .expected = {RAISES(DANE_MISMATCH, ERROR, AT)},
     .spares = SPARES(DANE_AGILITY_CONFLICT)},
    {.name = "RFC 7672 2.2: no STARTTLS",
     .status = DANE_NO_TLS,
     .outcome = OUTCOME_STARTTLS_NOT_OFFERED,
     .records = {GOOD_RECORD},
     .record_count = 1,
     .expected = {RAISES(DANE_NO_TLS, ERROR, AT "1 TLSA records, starttls_not_offered")},
     .spares = SPARES(DANE_MISMATCH)},
    {.name = "RFC 7671 10.3: unusable records ask for TLS as well",
     .status = DANE_UNUSABLE,
     .outcome = OUTCOME_STARTTLS_NOT_OFFERED,
     .records = {RECORD(1, 0, 1, digest)},
     .record_count = 1,
     .expected = {RAISES(DANE_NO_TLS, ERROR, AT "1 TLSA records")}},
    {.name = "RFC 7671 10.3: and have it",
     .status = DANE_UNUSABLE,
     ESTABLISHED,
     .records = {RECORD(1, 0, 1, digest)},
     .record_count = 1,
     .spares = SPARES(DANE_NO_TLS)},
    {.name = "a connection that does not stand proves nothing",
     .status = DANE_UNUSABLE,
     .outcome = OUTCOME_CONNECT_TIMEOUT,
     .records = {RECORD(1, 0, 1, digest)},
     .record_count = 1,
     .spares = SPARES(DANE_NO_TLS)},
};

#define ENDPOINT_COUNT (sizeof(endpoints) / sizeof(endpoints[0]))

Test(dane_findings, each_endpoint_raises_its_list)
{
    static const uint8_t octets[4] = {192, 0, 2, 1};
    struct findings f;
    findings_init(&f);
    for (size_t i = 0; i < ENDPOINT_COUNT; i++) {
        const struct endpoint_case *c = &endpoints[i];
        struct seen_session session = {.outcome = c->outcome};
        struct seen_session other = {.outcome = c->other_outcome};
        struct seen_endpoint e = {
            .host = SPAN_LIT("mx.test"),
            .address = net_addr_v4(octets),
            .port = 25,
            .result = &session,
            .other_key = c->other_outcome != OUTCOME_NOT_TESTED ? &other : NULL,
            .chain = {.status = (uint8_t)c->chain},
            .tlsas = c->records,
            .tlsa_count = c->record_count,
        };
        struct endpoint_verdict v = {
            .name = {.match = c->match},
            .dane = {.status = c->status,
                     .record_count = c->record_count,
                     .matching_record = c->matching_record - 1,
                     .ta_fault = c->ta_fault,
                     .agility_conflict = c->agility_conflict,
                     .stale = c->stale,
                     .flags = (uint16_t)c->flags,
                     .other_key = c->other_key},
        };
        memcpy(v.dane.record, c->results, sizeof(c->results));
        findings_reset(&f);
        dane_findings_of_endpoint(&e, &v, &f);
        expect_findings(c->name, &f, SCOPE_ENDPOINT, c->expected);
    }
    findings_deinit(&f);
}

/* The lists of the host and of the endpoint have them, and not without a verdict. */
Test(dane_findings, rows_are_told_of_dane)
{
    static const struct seen_tlsa record = GOOD_RECORD;
    static struct endpoint_verdict e_verdict = {
        .dane = {.status = DANE_NO_TLS, .matching_record = -1}};
    const struct seen_host h = {.name = SPAN_LIT("mx.test")};
    const struct seen_endpoint e = {
        .host = SPAN_LIT("mx.test"), .address = {.family = 4}, .tlsas = &record, .tlsa_count = 1};
    const struct dane_host_verdict v = {
        .state = DANE_HOST_USABLE, .tlsas = &record, .tlsa_count = 1};
    struct findings f;
    findings_init(&f);
    findings_of_host(&h, &v, &f);
    cr_expect(findings_has(&f, FINDING_DANE_USABLE));
    findings_reset(&f);
    findings_of_host(&h, NULL, &f);
    cr_expect_eq(f.count, 0);
    findings_of_endpoint(&e, &e_verdict, &f);
    cr_expect(findings_has(&f, FINDING_DANE_NO_TLS));
    findings_reset(&f);
    findings_of_endpoint(&e, NULL, &f);
    cr_expect_eq(f.count, 0);
    findings_deinit(&f);
}

/* --- domains ----------------------------------------------------------------------------------- */

struct domain_case {
    const char *name;
    enum dnssec_state mx_state;
    struct made_mx mx[MADE_MX_MAX];
    enum dane_host host[MADE_MX_MAX];
    enum dane_status endpoint[MADE_MX_MAX]; /* of all addresses of the exchange */
    size_t mx_more;                         /* not worked on */
    uint64_t leaf_names;                    /* what their leaves may be for */
    struct expected_finding expected[EXPECTED_MAX];
    unsigned spares;
};

#define UP                                                                           \
    {                                                                                \
        .there = true, .outcome = OUTCOME_ESTABLISHED, .starttls = STARTTLS_OFFERED, \
        .tls_version = 0x0304, .leaf = 1                                             \
    }
#define CLEAR                                                                                    \
    {                                                                                            \
        .there = true, .outcome = OUTCOME_STARTTLS_NOT_OFFERED, .starttls = STARTTLS_NOT_OFFERED \
    }
#define MX1 MADE_DIALLED(10, "mx.test", DATA, NODATA, UP)
#define MX2 MADE_DIALLED(20, "mx2.test", DATA, NODATA, UP)

static const struct domain_case domains[] = {
    {.name = "RFC 7672 2.2.1: secure throughout",
     .mx_state = DNSSEC_SECURE,
     .mx = {MX1, MX2},
     .host = {DANE_HOST_USABLE, DANE_HOST_USABLE},
     .endpoint = {DANE_MATCH, DANE_MATCH},
     .spares = SPARES(DANE_PARTIAL)},
    {.name = "RFC 7672 3.1.3: nobody is authenticated at the other",
     .mx_state = DNSSEC_SECURE,
     .mx = {MX1, MX2},
     .host = {DANE_HOST_USABLE, DANE_HOST_UNUSABLE},
     .endpoint = {DANE_MATCH, DANE_UNUSABLE},
     .expected = {RAISES(DANE_PARTIAL, WARNING, "with: mx.test; without: mx2.test")},
     .spares = SPARES(DANE_MX_INSECURE)},
    {.name = "RFC 7672 3.1.3: nobody is authenticated at either",
     .mx_state = DNSSEC_SECURE,
     .mx = {MX1, MX2},
     .host = {DANE_HOST_UNUSABLE, DANE_HOST_NONE},
     .endpoint = {DANE_UNUSABLE, DANE_NONE},
     .spares = SPARES(DANE_PARTIAL)},
    {.name = "RFC 7672 2.2.1: the MX records are not secure",
     .mx_state = DNSSEC_NO_CHAIN,
     .mx = {MX1},
     .host = {DANE_HOST_USABLE},
     .endpoint = {DANE_MATCH},
     .expected = {RAISES(DANE_MX_INSECURE, WARNING, "MX no_chain, TLSA secure at mx.test")},
     .spares = SPARES(DANE_UNDELIVERABLE)},
    {.name = "RFC 7672 2.2.1: without DANE it does not matter",
     .mx_state = DNSSEC_INSECURE,
     .mx = {MX1},
     .host = {DANE_HOST_TLSA_INSECURE},
     .spares = SPARES(DANE_MX_INSECURE)},
    {.name = "RFC 7672 10: one of two",
     .mx_state = DNSSEC_SECURE,
     .mx = {MX1, MX2},
     .host = {DANE_HOST_USABLE, DANE_HOST_NONE},
     .endpoint = {DANE_MATCH, DANE_NONE},
     .expected = {RAISES(DANE_PARTIAL, WARNING, "with: mx.test; without: mx2.test")},
     .spares = SPARES(DANE_MX_INSECURE)},
    {.name = "RFC 7672 10: of the other nothing is known",
     .mx_state = DNSSEC_SECURE,
     .mx = {MX1, MX2},
     .host = {DANE_HOST_USABLE, DANE_HOST_LOOKUP_FAILED},
     .endpoint = {DANE_MATCH, DANE_FAILED},
     .spares = SPARES(DANE_PARTIAL)},
    {.name = "RFC 7672 2.1.2, 2.2: a mismatch and a failed look-up",
     .mx_state = DNSSEC_SECURE,
     .mx = {MX1, MX2},
     .host = {DANE_HOST_USABLE, DANE_HOST_LOOKUP_FAILED},
     .endpoint = {DANE_MISMATCH, DANE_FAILED},
     .expected = {RAISES(DANE_UNDELIVERABLE, ERROR,
                         "2 MX hosts, MX secure: mx.test usable, mx2.test lookup_failed")}},
    {.name = "RFC 7672 2.2.1: only some senders use DANE then",
     .mx_state = DNSSEC_INSECURE,
     .mx = {MX1},
     .host = {DANE_HOST_USABLE},
     .endpoint = {DANE_MISMATCH},
     .expected = {RAISES(DANE_MX_INSECURE, WARNING, "MX insecure"),
                  RAISES(DANE_UNDELIVERABLE, WARNING, "mx.test usable")}},
    {.name = "RFC 7671 10.3: unusable records and no TLS",
     .mx_state = DNSSEC_SECURE,
     .mx = {MADE_DIALLED(10, "mx.test", DATA, NODATA, CLEAR)},
     .host = {DANE_HOST_UNUSABLE},
     .endpoint = {DANE_UNUSABLE},
     .expected = {RAISES(DANE_UNDELIVERABLE, ERROR, "mx.test unusable")}},
    {.name = "RFC 7671 10.3: unusable records and TLS",
     .mx_state = DNSSEC_SECURE,
     .mx = {MX1},
     .host = {DANE_HOST_UNUSABLE},
     .endpoint = {DANE_UNUSABLE},
     .spares = SPARES(DANE_UNDELIVERABLE)},
    {.name = "RFC 7672 2.2: a way without DANE is left",
     .mx_state = DNSSEC_SECURE,
     .mx = {MX1, MX2},
     .host = {DANE_HOST_USABLE, DANE_HOST_NONE},
     .endpoint = {DANE_MISMATCH, DANE_NONE},
     .expected = {RAISES(DANE_PARTIAL, WARNING, "with: mx.test")},
     .spares = SPARES(DANE_UNDELIVERABLE)},
    {.name = "RFC 7672 3.2.2: the certificate is for neither host nor domain",
     .mx_state = DNSSEC_SECURE,
     .mx = {MX1, MX2},
     .host = {DANE_HOST_USABLE, DANE_HOST_USABLE},
     .endpoint = {DANE_OTHER_NAME, DANE_MATCH},
     .expected = {RAISES(DANE_TA_NOT_FOR_DOMAIN, ERROR, "MX secure: mx.test")}},
    {.name = "RFC 7672 3.2.2: it may be for the domain",
     .mx_state = DNSSEC_SECURE,
     .mx = {MX1},
     .host = {DANE_HOST_USABLE},
     .endpoint = {DANE_OTHER_NAME},
     .leaf_names = UINT64_MAX,
     .spares = SPARES(DANE_TA_NOT_FOR_DOMAIN)},
    {.name = "RFC 7672 3.2.2: which does not count where the MX records are not secure",
     .mx_state = DNSSEC_INSECURE,
     .mx = {MX1},
     .host = {DANE_HOST_USABLE},
     .endpoint = {DANE_OTHER_NAME},
     .leaf_names = UINT64_MAX,
     .expected = {RAISES(DANE_MX_INSECURE, WARNING, "MX insecure"),
                  RAISES(DANE_TA_NOT_FOR_DOMAIN, WARNING, "MX insecure: mx.test"),
                  RAISES(DANE_UNDELIVERABLE, WARNING, "mx.test usable")}},
    {.name = "an exchange that is not known may be left",
     .mx_state = DNSSEC_SECURE,
     .mx = {MX1},
     .host = {DANE_HOST_USABLE},
     .endpoint = {DANE_MISMATCH},
     .mx_more = 1,
     .spares = SPARES(DANE_UNDELIVERABLE)},
    {.name = "an exchange without address is no way",
     .mx_state = DNSSEC_SECURE,
     .mx = {MX1, MADE_HOST(20, "gone.test", NODATA, NODATA)},
     .host = {DANE_HOST_USABLE, DANE_HOST_UNKNOWN},
     .endpoint = {DANE_MISMATCH},
     .expected = {RAISES(DANE_UNDELIVERABLE, ERROR, "1 MX hosts")}},
};

#define DOMAIN_COUNT (sizeof(domains) / sizeof(domains[0]))

Test(dane_findings, each_domain_raises_its_list)
{
    struct findings f;
    findings_init(&f);
    for (size_t i = 0; i < DOMAIN_COUNT; i++) {
        const struct domain_case *c = &domains[i];
        struct made_domain d;
        made_domain_fill(&d, MX_KIND_EXPLICIT, DNS_DATA, c->mx);
        d.seen.mx_total += c->mx_more;
        for (size_t k = 0; k < d.seen.mx_count; k++) {
            d.mx[k].dane_host = (uint8_t)c->host[k];
            for (size_t n = 0; n < d.mx[k].endpoint_count; n++) {
                d.endpoints[k][n].dane = (uint8_t)c->endpoint[k];
                d.endpoints[k][n].dane_leaf_names = c->leaf_names;
            }
        }
        struct dane_domain v = {.mx = c->mx_state, .strict = c->mx_state == DNSSEC_SECURE};
        findings_reset(&f);
        dane_findings_of_domain(&d.seen, &v, &f);
        expect_findings(c->name, &f, SCOPE_DOMAIN, c->expected);
    }
    findings_deinit(&f);
}

void cover_dane(struct covered *c)
{
    for (size_t i = 0; i < HOST_COUNT; i++) {
        cover_row(c, hosts[i].expected, hosts[i].spares);
    }
    for (size_t i = 0; i < ENDPOINT_COUNT; i++) {
        cover_row(c, endpoints[i].expected, endpoints[i].spares);
    }
    for (size_t i = 0; i < DOMAIN_COUNT; i++) {
        cover_row(c, domains[i].expected, domains[i].spares);
    }
}
