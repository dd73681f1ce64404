#include <criterion/criterion.h>

#include "tests/unit/analysis/expected.h"

#define CASE_NAMES_MAX 6

struct certificate_case {
    const char *name;                /* with the RFC section that decides */
    struct cert_info c;              /* what it does not say is as CAs issue it, see usual() */
    struct span dns[CASE_NAMES_MAX]; /* ends with the first that is NULL; NULL: usual_names */
    struct expected_finding expected[EXPECTED_MAX];
    unsigned spares;
    bool unparsed;
    bool no_dns;
};

#define TIME(t)                                            \
    {                                                      \
        .valid = true, .unix_s = (t), .raw = SPAN_INIT(#t) \
    }
#define RSA(bits, exponent) \
    .key_algorithm = SPAN_INIT("RSA"), .key_bits = (bits), .rsa_exponent = SPAN_INIT(exponent)
#define EC(curve)     .key_algorithm = SPAN_INIT("EC"), .key_bits = 256, .key_curve = SPAN_INIT(curve)
#define HEX_20_OCTETS "0102030405060708090a0b0c0d0e0f1011121314"
#define NAME(s)       SPAN_INIT(s)

static const struct certificate_case cases[] = {
    {.name = "a usual certificate"},
    {.name = "a usual certificate with RSA", .c = {RSA(2048, "65537")}},

    {.name = "RFC 5280 4.1: not read at all",
     .c = {.der_len = 17, .parse_error = "no certificate: wrong tag"},
     .unparsed = true,
     .expected = {RAISES(CERT_UNPARSABLE, ERROR, "17 octets: no certificate: wrong tag")}},
    {.name = "RFC 5280 4.1: read but for a part",
     .c = {.parse_error = "extension subjectKeyIdentifier cannot be read"},
     .expected = {RAISES(CERT_MALFORMED, WARNING, "CN=mx.test: extension subjectKeyIdentifier")},
     .spares = SPARES(CERT_UNPARSABLE)},
    {.name = "all was read", .spares = SPARES(CERT_MALFORMED)},

    {.name = "RFC 5280 4.1.2.1: version 1",
     .c = {.version = 1},
     .expected = {RAISES(CERT_VERSION, WARNING, "CN=mx.test: version 1")}},
    {.name = "RFC 5280 4.1.2.1: version 3", .spares = SPARES(CERT_VERSION)},
    {.name = "a version that there is not",
     .c = {.version = 4},
     .expected = {RAISES(CERT_VERSION, WARNING, "version 4")}},

    {.name = "RFC 5280 4.1.2.2: negative",
     .c = {.serial_hex = SPAN_INIT("-7f"), .serial_negative = true},
     .expected = {RAISES(CERT_SERIAL_NEGATIVE, WARNING, "serial number -7f")}},
    {.name = "RFC 5280 4.1.2.2: zero",
     .c = {.serial_hex = SPAN_INIT("00")},
     .expected = {RAISES(CERT_SERIAL_NEGATIVE, WARNING, "serial number 00")}},
    {.name = "RFC 5280 4.1.2.2: one",
     .c = {.serial_hex = SPAN_INIT("01")},
     .spares = SPARES(CERT_SERIAL_NEGATIVE)},
    {.name = "RFC 5280 4.1.2.2: 21 octets",
     .c = {.serial_hex = SPAN_INIT(HEX_20_OCTETS "15")},
     .expected = {RAISES(CERT_SERIAL_LONG, WARNING, "21 octets")}},
    {.name = "RFC 5280 4.1.2.2: 20 octets",
     .c = {.serial_hex = SPAN_INIT(HEX_20_OCTETS)},
     .spares = SPARES(CERT_SERIAL_LONG)},
    {.name = "20 octets and a sign",
     .c = {.serial_hex = SPAN_INIT("-" HEX_20_OCTETS), .serial_negative = true},
     .expected = {RAISES(CERT_SERIAL_NEGATIVE, WARNING, "-0102")},
     .spares = SPARES(CERT_SERIAL_LONG)},

    {.name = "RFC 5280 4.2.1.6: no alternative names",
     .no_dns = true,
     .expected = {RAISES(CERT_NO_SAN, WARNING, "no alternative names")}},
    {.name = "RFC 5280 4.2.1.6: addresses only",
     .c = {.has_san = true, .other_name_total = 1},
     .no_dns = true,
     .expected = {RAISES(CERT_NO_SAN, WARNING, "no dNSName among the alternative names")}},
    {.name = "RFC 5280 4.2.1.9: a CA needs no name",
     .c = {.is_ca = true},
     .no_dns = true,
     .spares = SPARES(CERT_NO_SAN)},

    {.name = "RFC 5280 4.2.1.6: names that are none",

     .dns = {NAME("mx.test."), NAME("a_b.test"), NAME("m\0x.test"), NAME("mx .test")},
     .expected = {RAISES(CERT_SAN_BAD_DNS, WARNING,
                         "CN=mx.test: \"mx.test.\" (trailing dot), \"a_b.test\" (underscore)")}},
    {.name = "an address of mail, an empty label",

     .dns = {NAME("a@mx.test"), NAME("mx..test"), NAME(".mx.test"), NAME("")},
     .expected = {RAISES(CERT_SAN_BAD_DNS, WARNING,
                         "\"a@mx.test\" (mail address), \"mx..test\" (empty label), \".mx.test\" "
                         "(empty label), \"\" (empty)")}},
    {.name = "RFC 9525 6.3: wildcards in other places",

     .dns = {NAME("m*.test"), NAME("mx.*.test"), NAME("*"), NAME("*.*.test")},
     .expected = {RAISES(CERT_SAN_BAD_DNS, WARNING,
                         "\"m*.test\" (misplaced wildcard), \"mx.*.test\" (misplaced wildcard), "
                         "\"*\" (misplaced wildcard)")}},
    {.name = "a U-label, an address, and more than are listed",

     .dns = {NAME("b\xc3\xbc.test"), NAME("192.0.2.1"), NAME("a/b"), NAME("*."), NAME("a b"),
             NAME("mx.test")},
     .expected = {RAISES(CERT_SAN_BAD_DNS, WARNING, "and 1 more")}},
    {.name = "RFC 9525 6.3: a whole label, digits, hyphens, A-labels",

     .dns = {NAME("*.mx.test"), NAME("MX-1.test"), NAME("xn--b-eha.test"), NAME("1.test"),
             NAME("localhost")},
     .spares = SPARES(CERT_SAN_BAD_DNS)},

    {.name = "101 names",
     .c = {.other_name_total = 100},
     .expected = {RAISES(CERT_MANY_NAMES, INFO, "101 names")}},
    {.name = "100 names", .c = {.other_name_total = 99}, .spares = SPARES(CERT_MANY_NAMES)},

    {.name = "RFC 9325 4.5: 2047 bits",
     .c = {RSA(2047, "65537")},
     .expected = {RAISES(CERT_KEY_RSA_SMALL, ERROR, "CN=mx.test: 2047 bits")}},
    {.name = "RFC 9325 4.5: 2048 bits",
     .c = {RSA(2048, "65537")},
     .spares = SPARES(CERT_KEY_RSA_SMALL)},
    {.name = "16384 bits",
     .c = {RSA(16384, "65537")},
     .expected = {RAISES(CERT_KEY_RSA_LARGE, WARNING, "16384 bits")}},
    {.name = "8192 bits", .c = {RSA(8192, "65537")}, .spares = SPARES(CERT_KEY_RSA_LARGE)},
    {.name = "16385 bits: more than OpenSSL takes",
     .c = {RSA(16385, "65537")},
     .expected = {RAISES(CERT_KEY_RSA_LARGE, ERROR, "CN=mx.test: 16385 bits")}},
    {.name = "RFC 4055 1.2: RSA-PSS keys are RSA keys, which Go cannot use",
     .c = {.key_algorithm = SPAN_INIT("RSA-PSS"), .key_bits = 1024},
     .expected = {RAISES(CERT_KEY_RSA_SMALL, ERROR, "1024 bits"),
                  RAISES(CERT_KEY_RARE, WARNING, "CN=mx.test: RSA-PSS")}},
    {.name = "of a CA: leaves only are used in handshakes",
     .c = {.key_algorithm = SPAN_INIT("RSA-PSS"), .key_bits = 2048, .is_ca = true},
     .spares = SPARES(CERT_KEY_RARE)},
    {.name = "RFC 8410 3: Ed448",
     .c = {.key_algorithm = SPAN_INIT("Ed448"), .key_bits = 456},
     .expected = {RAISES(CERT_KEY_RARE, WARNING, "CN=mx.test: Ed448")}},
    {.name = "RFC 8410 3: Ed25519, which Go and GnuTLS have",
     .c = {.key_algorithm = SPAN_INIT("Ed25519"), .key_bits = 253},
     .spares = SPARES(CERT_KEY_RARE)},
    {.name = "exponent 3",
     .c = {RSA(2048, "3")},
     .expected = {RAISES(CERT_KEY_RSA_EXPONENT, WARNING, "exponent 3")}},
    {.name = "RFC 8017 3.1: even",
     .c = {RSA(2048, "65538")},
     .expected = {RAISES(CERT_KEY_RSA_EXPONENT, WARNING, "exponent 65538")}},
    {.name = "just below",
     .c = {RSA(2048, "65535")},
     .expected = {RAISES(CERT_KEY_RSA_EXPONENT, WARNING, "exponent 65535")}},
    {.name = "larger is allowed",
     .c = {RSA(2048, "4294967297")},
     .spares = SPARES(CERT_KEY_RSA_EXPONENT)},
    {.name = "RFC 8446 4.2.3: a curve of its own",
     .c = {EC("1.3.132.0.10")},
     .expected = {RAISES(CERT_KEY_EC_CURVE, WARNING, "curve 1.3.132.0.10")}},
    {.name = "RFC 5480 2.1.1: explicit, and not read",
     .c = {EC("explicit"), .key_unreadable = true},
     .expected = {RAISES(CERT_KEY_EC_CURVE, WARNING, "curve explicit")},
     .spares = SPARES(CERT_KEY_UNKNOWN)},
    {.name = "P-521", .c = {EC("P-521")}, .spares = SPARES(CERT_KEY_EC_CURVE)},
    {.name = "a point that is not on the curve",
     .c = {.key_unreadable = true},
     .expected = {RAISES(CERT_KEY_UNKNOWN, WARNING, "algorithm EC")}},
    {.name = "an algorithm of its own",
     .c = {.key_algorithm = SPAN_INIT("1.2.3.4"), .key_unreadable = true},
     .expected = {RAISES(CERT_KEY_UNKNOWN, WARNING, "CN=mx.test: algorithm 1.2.3.4")}},
    {.name = "RFC 8410: Ed25519",
     .c = {.key_algorithm = SPAN_INIT("Ed25519"), .key_bits = 253},
     .spares = SPARES(CERT_KEY_UNKNOWN)},

    {.name = "RFC 5280 4.1.2.5: no moment",
     .c = {.not_after = {.raw = SPAN_INIT("991399000000Z")}},
     .expected = {RAISES(CERT_BAD_TIME, ERROR, "to \"991399000000Z\"")}},
    {.name = "RFC 5280 4.1.2.5: ends before it begins",
     .c = {.not_after = TIME(999)},
     .expected = {RAISES(CERT_BAD_TIME, ERROR, "from \"1000\" to \"999\"")}},
    {.name = "RFC 5280 4.1.2.5: a moment long",
     .c = {.not_after = TIME(1000)},
     .spares = SPARES(CERT_BAD_TIME)},
    {.name = "RFC 5280 4.2: twice",
     .c = {.duplicate_extension = true},
     .expected = {RAISES(CERT_DUPLICATE_EXTENSION, WARNING, "CN=mx.test")}},
    {.name = "RFC 5280 4.2: once", .spares = SPARES(CERT_DUPLICATE_EXTENSION)},
    {.name = "RFC 6962 3.1: poison",
     .c = {.is_precertificate = true},
     .expected = {RAISES(CERT_PRECERTIFICATE, ERROR, "poison")}},
    {.name = "RFC 6962 3.3: a list of SCTs",
     .c = {.has_sct_list = true, .sct_count = 2},
     .spares = SPARES(CERT_PRECERTIFICATE)},
    {.name = "no subject",
     .c = {.subject_dn = SPAN_INIT(""), .version = 2},
     .expected = {RAISES(CERT_VERSION, WARNING, "no subject: version 2")}},
};
#define CASE_COUNT (sizeof(cases) / sizeof(cases[0]))

static struct cert_info usual(const struct certificate_case *row)
{
    static const struct span names[] = {SPAN_INIT("mx.test")};
    static const struct cert_time from = TIME(1000);
    static const struct cert_time until = TIME(2000);
    struct cert_info c = row->c;
    size_t count = 0;
    while (count < CASE_NAMES_MAX && row->dns[count].at != NULL) {
        count++;
    }
    bool own_names = count > 0 || row->no_dns;
    c.dns_names =
        own_names ? (struct cert_texts){row->dns, count, count} : (struct cert_texts){names, 1, 1};
    c.has_san = c.has_san || c.dns_names.count > 0;
    c.version = c.version != 0 ? c.version : 3;
    c.serial_hex = c.serial_hex.at != NULL ? c.serial_hex : SPAN_LIT("7f0a");
    c.subject_dn = c.subject_dn.at != NULL ? c.subject_dn : SPAN_LIT("CN=mx.test");
    c.not_before = c.not_before.raw.at != NULL ? c.not_before : from;
    c.not_after = c.not_after.raw.at != NULL ? c.not_after : until;
    if (c.key_algorithm.at == NULL) {
        c.key_algorithm = SPAN_LIT("EC");
        c.key_curve = SPAN_LIT("P-256");
        c.key_bits = 256;
    }
    return c;
}

Test(certificate_findings, each_case_raises_its_list)
{
    struct findings f;
    findings_init(&f);
    for (size_t i = 0; i < CASE_COUNT; i++) {
        struct cert_info c = usual(&cases[i]);
        findings_reset(&f);
        findings_of_certificate(&c, !cases[i].unparsed, &f);
        expect_findings(cases[i].name, &f, SCOPE_CERTIFICATE, cases[i].expected);
    }
    findings_deinit(&f);
}

void cover_certificates(struct covered *c)
{
    for (size_t i = 0; i < CASE_COUNT; i++) {
        cover_row(c, cases[i].expected, cases[i].spares);
    }
}
