#include <criterion/criterion.h>

#include "scanner/cert/cert_list.h"
#include "scanner/tls/handshake_message.h"

#define COUNT(a)  (sizeof(a) / sizeof((a)[0]))
#define RANDOM_32 "0123456789abcdef0123456789abcdef"

struct hello_case {
    const char *name;
    struct span message;
    uint16_t version;
    uint16_t cipher;
    uint16_t group;
    bool ems;
    bool secure_reneg;
    bool sct;
};

static const struct hello_case hello_cases[] = {
    {"without extensions (RFC 2246 7.4.1.3)",
     SPAN_INIT("\x02\0\0\x26\x03\x01" RANDOM_32 "\0\0\x2f\0"), 0x0301, 0x002f, 0, false, false,
     false},
    {"TLS 1.2 with a session id, extended_master_secret, renegotiation_info, SCT",
     SPAN_INIT("\x02\0\0\x37\x03\x03" RANDOM_32 "\x02ID\xc0\x2f\0"
               "\0\x0f\0\x17\0\0\xff\x01\0\x01\0\0\x12\0\x02\0\0"),
     0x0303, 0xc02f, 0, true, true, true},
    {"TLS 1.3 (RFC 8446 4.1.3)",
     SPAN_INIT("\x02\0\0\x36\x03\x03" RANDOM_32 "\0\x13\x01\0"
               "\0\x0e\0\x2b\0\x02\x03\x04\0\x33\0\x04\0\x1d\0\0"),
     0x0304, 0x1301, 29, false, false, false},
    {"HelloRetryRequest (RFC 8446 4.1.4)",
     SPAN_INIT("\x02\0\0\x34\x03\x03" RANDOM_32 "\0\x13\x01\0"
               "\0\x0c\0\x2b\0\x02\x03\x04\0\x33\0\x02\0\x17"),
     0x0304, 0x1301, 23, false, false, false},
    {"extensions that do not end: those before count",
     SPAN_INIT("\x02\0\0\x34\x03\x03" RANDOM_32 "\0\xc0\x2f\0\0\x06\0\x17\0\0\0\x12"), 0x0303,
     0xc02f, 0, true, false, false},
    {"cut before the suite", SPAN_INIT("\x02\0\0\x24\x03\x03" RANDOM_32 "\0\xc0"), 0, 0, 0, false,
     false, false},
    {"no message at all", SPAN_INIT("\x02"), 0, 0, 0, false, false, false},
};

Test(handshake_message, server_hello)
{
    for (size_t i = 0; i < COUNT(hello_cases); i++) {
        const struct hello_case *c = &hello_cases[i];
        struct seen_tls seen = {0};
        server_hello_read(c->message, &seen);
        cr_expect_eq(seen.version, c->version, "%s: %04x", c->name, seen.version);
        cr_expect_eq(seen.cipher, c->cipher, "%s: %04x", c->name, seen.cipher);
        cr_expect_eq(seen.group, c->group, "%s: %u", c->name, seen.group);
        cr_expect_eq(seen.ems, c->ems, "%s", c->name);
        cr_expect_eq(seen.secure_reneg, c->secure_reneg, "%s", c->name);
        cr_expect_eq(seen.sct_in_tls, c->sct, "%s", c->name);
    }
}

struct certificate_case {
    const char *name;
    uint16_t version;
    struct span message;
    struct span list;
    uint32_t count;
    bool malformed;
    bool ocsp;
    bool sct;
};

/* RFC 5246 section 7.4.2, RFC 8446 section 4.4.2. */
static const struct certificate_case certificate_cases[] = {
    {"1.2, two", 0x0303, SPAN_INIT("\x0b\0\0\x0b\0\0\x08\0\0\x01x\0\0\x01y"),
     SPAN_INIT("\0\0\x01x\0\0\x01y"), 2, false, false, false},
    {"1.3, two, OCSP with the first, SCT with the second", 0x0304,
     SPAN_INIT("\x0b\0\0\x19\0\0\0\x15\0\0\x01x\0\x05\0\x05\0\x01z\0\0\x01y\0\x04\0\x12\0\0"),
     SPAN_INIT("\0\0\x01x\0\0\x01y"), 2, false, true, true},
    {"1.3, with a context", 0x0304,
     SPAN_INIT("\x0b\0\0\x0c\x02"
               "ab\0\0\x06\0\0\x01x\0\0"),
     SPAN_INIT("\0\0\x01x"), 1, false, false, false},
    {"1.3, none", 0x0304, SPAN_INIT("\x0b\0\0\x04\0\0\0\0"), SPAN_INIT(""), 0, false, false, false},
    {"1.3, no extensions behind the certificate", 0x0304,
     SPAN_INIT("\x0b\0\0\x08\0\0\0\x04\0\0\x01x"), SPAN_INIT(""), 0, true, false, false},
    {"1.3, octets behind", 0x0304, SPAN_INIT("\x0b\0\0\x0b\0\0\0\x06\0\0\x01x\0\0!"),
     SPAN_INIT("\0\0\x01x"), 1, true, false, false},
    {"1.3 in the form of 1.2", 0x0304, SPAN_INIT("\x0b\0\0\x07\0\0\x04\0\0\x01x"), SPAN_INIT(""), 0,
     true, false, false},
    {"no message at all", 0x0303, SPAN_INIT("\x0b\0"), SPAN_INIT(""), 0, true, false, false},
};

Test(handshake_message, certificate)
{
    for (size_t i = 0; i < COUNT(certificate_cases); i++) {
        const struct certificate_case *c = &certificate_cases[i];
        struct seen_tls seen = {.version = c->version};
        struct buf list = BUF_INIT(TLS_LIST_MAX);
        certificate_message_read(c->message, &list, &seen);
        cr_expect(span_eq(buf_span(&list), c->list), "%s", c->name);
        cr_expect_eq(seen.cert_count, c->count, "%s", c->name);
        cr_expect_eq(seen.list_malformed, c->malformed, "%s", c->name);
        cr_expect_eq(seen.ocsp_stapled, c->ocsp, "%s", c->name);
        cr_expect_eq(seen.sct_in_tls, c->sct, "%s", c->name);
        cr_expect_not(seen.list_truncated, "%s", c->name);
        size_t octets = c->message.len > 4 ? c->message.len - 4 : 0;
        cr_expect_eq(seen.certificate_octets, octets, "%s", c->name);
        buf_deinit(&list);
    }
}

struct exchange_case {
    const char *name;
    enum key_exchange kind;
    uint16_t version;
    struct span message;
    uint16_t group;
    uint16_t dh_bits;
    uint16_t scheme;
};

/* RFC 8422 section 5.4, RFC 5246 section 7.4.3. */
static const struct exchange_case exchange_cases[] = {
    {"ECDHE, 1.2", KEY_EXCHANGE_ECDHE, 0x0303, SPAN_INIT("\x0c\0\0\x09\x03\0\x17\x01P\x04\x03\0\0"),
     23, 0, 0x0403},
    {"ECDHE, 1.0 names no scheme", KEY_EXCHANGE_ECDHE, 0x0301,
     SPAN_INIT("\x0c\0\0\x07\x03\0\x18\x01P\0\0"), 24, 0, 0},
    {"ECDHE with explicit curve parameters", KEY_EXCHANGE_ECDHE, 0x0303,
     SPAN_INIT("\x0c\0\0\x07\x01\0\x18\x01P\0\0"), 0, 0, 0},
    {"ECDHE, cut in the point", KEY_EXCHANGE_ECDHE, 0x0303, SPAN_INIT("\x0c\0\0\x04\x03\0\x1d\x20"),
     29, 0, 0},
    {"DHE, 1.2: 9 bits in three octets", KEY_EXCHANGE_DHE, 0x0303,
     SPAN_INIT("\x0c\0\0\x0f\0\x03\0\x01\xff\0\x01\x02\0\x01Y\x08\x04\0\0"), 0, 9, 0x0804},
    {"DHE with a prime of zeros", KEY_EXCHANGE_DHE, 0x0301,
     SPAN_INIT("\x0c\0\0\x0a\0\x02\0\0\0\x01\x02\0\x01Y"), 0, 0, 0},
    {"DHE, cut in the prime", KEY_EXCHANGE_DHE, 0x0303, SPAN_INIT("\x0c\0\0\x03\x01\0\xff"), 0, 0,
     0},
    {"another kind", KEY_EXCHANGE_OTHER, 0x0303, SPAN_INIT("\x0c\0\0\x05\x03\0\x17\x01P"), 0, 0, 0},
    {"no message at all", KEY_EXCHANGE_ECDHE, 0x0303, SPAN_INIT("\x0c\0\0"), 0, 0, 0},
};

Test(handshake_message, server_key_exchange)
{
    for (size_t i = 0; i < COUNT(exchange_cases); i++) {
        const struct exchange_case *c = &exchange_cases[i];
        struct seen_tls seen = {.version = c->version};
        server_key_exchange_read(c->message, c->kind, &seen);
        cr_expect_eq(seen.group, c->group, "%s: %u", c->name, seen.group);
        cr_expect_eq(seen.dh_bits, c->dh_bits, "%s: %u", c->name, seen.dh_bits);
        cr_expect_eq(seen.signature_scheme, c->scheme, "%s: %04x", c->name, seen.signature_scheme);
    }
    static uint8_t large[4 + 2 + 65535] = {0x0c, 1, 0, 1, 0xff, 0xff, 0xff};
    struct seen_tls seen = {.version = 0x0303};
    server_key_exchange_read((struct span){large, sizeof(large)}, KEY_EXCHANGE_DHE, &seen);
    cr_expect_eq(seen.dh_bits, UINT16_MAX, "more bits than fit");
}

Test(handshake_message, certificate_verify)
{
    struct seen_tls seen = {0};
    certificate_verify_read(SPAN_LIT("\x0f\0\0\x01\x08"), &seen);
    cr_expect_eq(seen.signature_scheme, 0);
    certificate_verify_read(SPAN_LIT("\x0f\0\0\x05\x08\x07\0\x01S"), &seen); /* RFC 8446 4.4.3 */
    cr_expect_eq(seen.signature_scheme, 0x0807);
}
