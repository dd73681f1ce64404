#include <criterion/criterion.h>

#include "scanner/cert/cert_info.h"
#include "scanner/cert/cert_names.h"
#include "tests/support/test_ca.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* The same names as cert_info_read(), in the same order: dNSNames, then the most specific CN. */
static void expect_agreement(const char *why, struct span der)
{
    struct cert_info c;
    struct buf packed = BUF_INIT(BUF_NO_LIMIT);
    cr_assert(cert_info_read(der, &c), "%s", why);
    cr_assert(cert_names_pack(der, &packed), "%s", why);
    struct span rest = buf_span(&packed);
    enum cert_names_kind kind;
    struct span name;
    struct span cn = {0};
    size_t dns = 0;
    bool address = false;
    while (cert_names_next(&rest, &kind, &name)) {
        if (kind == CERT_NAMES_CN) {
            cn = name;
        } else if (kind == CERT_NAMES_ADDRESS) {
            address = true;
            cr_expect(name.len == 0 && rest.len == 0, "%s: the last one", why);
        } else if (dns++ < c.dns_names.count) {
            cr_expect(span_eq(name, c.dns_names.at[dns - 1]), "%s: dNSName %zu", why, dns);
        }
    }
    cr_expect_eq(rest.len, 0, "%s: %zu octets left", why, rest.len);
    bool has_address = false;
    for (size_t i = 0; i < c.other_name_count; i++) {
        has_address = has_address || c.other_names[i].kind == CERT_NAME_IP;
    }
    cr_expect_eq(address, has_address && dns == 0, "%s", why);
    cr_expect_eq(dns, c.dns_names.total, "%s: %zu dNSNames of %zu", why, dns, c.dns_names.total);
    cr_expect(span_eq(cn, c.subject_cn), "%s: CN \"%.*s\"", why, (int)cn.len, (const char *)cn.at);
    buf_deinit(&packed);
    cert_info_deinit(&c);
}

static void expect_agreement_of(const char *why, const struct test_cert *made)
{
    struct span der = test_cert_der(made->cert);
    expect_agreement(why, der);
    OPENSSL_free((void *)(uintptr_t)der.at);
}

/* RFC 5280 section 4.2.1.6 and 4.1.2.6. */
static const struct {
    const char *why;
    struct test_cert_params params;
} certificates[] = {
    {"one name", {.cn = "mx.test", .san = "DNS:mx.test"}},
    {"a CN only", {.cn = "mx.test"}},
    {"several, in order", {.cn = "a.test", .san = "DNS:b.test,DNS:a.test,DNS:*.c.test"}},
    {"every other kind between them",
     {.cn = "a.test",
      .san = "IP:192.0.2.1,DNS:b.test,email:a@b.test,URI:https://x.test/,RID:1.2.3.4,DNS:c.test,"
             "otherName:1.2.3.4;UTF8:x"}},
    {"no dNSName among them", {.cn = "a.test", .san = "IP:2001:db8::1"}},
    {"a URI alone", {.cn = "a.test", .san = "URI:https://a.test/"}},
    {"no address either",
     {.cn = "a.test", .san = "email:a@b.test,RID:1.2.3.4,otherName:1.2.3.4;UTF8:x"}},
    {"a CA", {.cn = "Root", .ca = true, .san = "DNS:ca.test"}},
    {"an RSA key", {.cn = "mx.test", .key = TEST_KEY_RSA2048, .san = "DNS:mx.test"}},
};

Test(cert_names, agree_with_the_parsed_certificate)
{
    for (size_t i = 0; i < COUNT(certificates); i++) {
        struct test_cert made = test_cert_new(NULL, &certificates[i].params);
        expect_agreement_of(certificates[i].why, &made);
        test_cert_free(&made);
    }
}

static void sign_again(struct test_cert *c)
{
    test_cert_sign(c->cert, c->key, NULL);
}

Test(cert_names, the_last_of_several_common_names_is_the_most_specific)
{
    struct test_cert made = test_cert_new(NULL, &(struct test_cert_params){.cn = "outer.test"});
    X509_NAME *name = X509_get_subject_name(made.cert);
    CHECK(X509_NAME_add_entry_by_txt(name, "O", MBSTRING_ASC, (const unsigned char *)"Test", -1, -1,
                                     0) == 1);
    /* In the same relative distinguished name, and in one of its own. */
    CHECK(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"b.test", -1,
                                     -1, -1) == 1);
    CHECK(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"a.test", -1,
                                     -1, 0) == 1);
    sign_again(&made);
    expect_agreement_of("three CNs", &made);
    test_cert_free(&made);
}

/* Names of `type`, with the octets as they are. */
static struct test_cert with_cn(int type, const char *octets, int len)
{
    struct test_cert made = test_cert_new(NULL, &(struct test_cert_params){.cn = "x"});
    X509_NAME *name = X509_NAME_new();
    CHECK(name != NULL &&
          X509_NAME_add_entry_by_NID(name, NID_commonName, type, (const unsigned char *)octets, len,
                                     -1, 0) == 1);
    CHECK(X509_set_subject_name(made.cert, name) == 1);
    X509_NAME_free(name);
    sign_again(&made);
    return made;
}

Test(cert_names, string_types_of_a_common_name)
{
    static const struct {
        const char *why;
        int type;
        struct span octets;
        bool agrees; /* cert_info_read() has them as UTF-8 */
    } rows[] = {
        {"UTF8String", V_ASN1_UTF8STRING, SPAN_INIT("b\xc3\xbc.test"), true},
        {"PrintableString", V_ASN1_PRINTABLESTRING, SPAN_INIT("mx.test"), true},
        {"IA5String", V_ASN1_IA5STRING, SPAN_INIT("*.test"), true},
        {"TeletexString in ASCII", V_ASN1_T61STRING, SPAN_INIT("mx.test"), true},
        {"TeletexString", V_ASN1_T61STRING, SPAN_INIT("b\xfc.test"), false},
        {"BMPString", V_ASN1_BMPSTRING, SPAN_INIT("\0m\0x"), false},
        {"UniversalString", V_ASN1_UNIVERSALSTRING, SPAN_INIT("\0\0\0m"), false},
        {"a NUL inside", V_ASN1_UTF8STRING, SPAN_INIT("mx.test\0.evil.test"), true},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct test_cert made =
            with_cn(rows[i].type, (const char *)rows[i].octets.at, (int)rows[i].octets.len);
        struct span der = test_cert_der(made.cert);
        struct buf packed = BUF_INIT(BUF_NO_LIMIT);
        enum cert_names_kind kind = CERT_NAMES_DNS;
        struct span name = {0};
        cr_assert(cert_names_pack(der, &packed), "%s", rows[i].why);
        struct span rest = buf_span(&packed);
        cr_assert(cert_names_next(&rest, &kind, &name) && rest.len == 0, "%s", rows[i].why);
        cr_expect_eq(kind, CERT_NAMES_CN, "%s", rows[i].why);
        cr_expect(span_eq(name, rows[i].octets), "%s: octets as in the certificate", rows[i].why);
        if (rows[i].agrees) {
            expect_agreement(rows[i].why, der);
        }
        buf_deinit(&packed);
        OPENSSL_free((void *)(uintptr_t)der.at);
        test_cert_free(&made);
    }
}

static void add_raw_extension(struct test_cert *c, int nid, const char *octets, int len)
{
    ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();
    CHECK(value != NULL && ASN1_OCTET_STRING_set(value, (const unsigned char *)octets, len) == 1);
    X509_EXTENSION *extension = X509_EXTENSION_create_by_NID(NULL, nid, 0, value);
    CHECK(extension != NULL && X509_add_ext(c->cert, extension, -1) == 1);
    X509_EXTENSION_free(extension);
    ASN1_OCTET_STRING_free(value);
    sign_again(c);
}

#define RAW(s) .octets = s, .len = sizeof(s) - 1

Test(cert_names, a_list_of_names_as_it_may_come)
{
    static const struct {
        const char *why;
        const char *octets;
        int len;
    } rows[] = {
        {"none", RAW("\x30\x00")},
        {"a NUL inside", RAW("\x30\x05\x82\x03\x61\x00\x62")},
        {"an empty name", RAW("\x30\x02\x82\x00")},
        {"octets behind the list", RAW("\x30\x03\x82\x01\x61\x05\x00")},
        {"a length in more octets than it needs", RAW("\x30\x81\x04\x82\x81\x01\x61")},
        {"no list: counts as absent", RAW("\x04\x03\x82\x01\x61")},
        {"cut off: counts as absent", RAW("\x30\x06\x82\x01\x61\x82\x05\x62")},
        {"a tag that is no name's: counts as absent", RAW("\x30\x06\x82\x01\x61\x89\x01\x62")},
        {"another class: counts as absent", RAW("\x30\x06\x82\x01\x61\x0c\x01\x62")},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct test_cert made = test_cert_new(NULL, &(struct test_cert_params){.cn = "cn.test"});
        add_raw_extension(&made, NID_subject_alt_name, rows[i].octets, rows[i].len);
        expect_agreement_of(rows[i].why, &made);
        test_cert_free(&made);
    }
}

Test(cert_names, the_first_of_two_lists_counts)
{
    struct test_cert made =
        test_cert_new(NULL, &(struct test_cert_params){.cn = "cn.test", .san = "DNS:a.test"});
    add_raw_extension(&made, NID_subject_alt_name, "\x30\x03\x82\x01\x62", 5);
    expect_agreement_of("RFC 5280 4.2: twice", &made);
    test_cert_free(&made);
}

static struct test_cert with_many_names(size_t count)
{
    struct buf list = BUF_INIT(BUF_NO_LIMIT);
    for (size_t i = 0; i < count; i++) {
        buf_putf(&list, "%sDNS:host%06zu.example.com", i > 0 ? "," : "", i);
    }
    buf_put_char(&list, '\0');
    struct test_cert made = test_cert_new(
        NULL, &(struct test_cert_params){.cn = "cn.test", .san = (const char *)list.at});
    buf_deinit(&list);
    return made;
}

/* RFC 9525 section 6.3: any of them may be the one that matches. */
Test(cert_names, of_ten_thousand_names_the_last_is_there)
{
    struct test_cert made = with_many_names(10000);
    struct span der = test_cert_der(made.cert);
    struct buf packed = BUF_INIT(BUF_NO_LIMIT);
    cr_assert(cert_names_pack(der, &packed));
    struct span rest = buf_span(&packed);
    enum cert_names_kind kind;
    struct span name;
    bool found = false;
    while (cert_names_next(&rest, &kind, &name)) {
        found =
            found || (kind == CERT_NAMES_DNS && span_eq(name, SPAN_LIT("host009999.example.com")));
    }
    cr_expect(found);
    buf_deinit(&packed);
    OPENSSL_free((void *)(uintptr_t)der.at);
    test_cert_free(&made);
}

Test(cert_names, twenty_thousand_names_are_cut_at_the_bound)
{
    struct test_cert made = with_many_names(20000);
    struct span der = test_cert_der(made.cert);
    struct buf packed = BUF_INIT(BUF_NO_LIMIT);
    buf_put_text(&packed, "before");
    cr_assert(cert_names_pack(der, &packed));
    size_t kept = packed.len - strlen("before");
    struct span rest = span_drop(buf_span(&packed), strlen("before"));
    enum cert_names_kind kind;
    struct span name;
    size_t count = 0;
    while (cert_names_next(&rest, &kind, &name)) {
        cr_assert_eq(kind, CERT_NAMES_DNS, "a name was dropped, and so is what follows");
        count++;
    }
    cr_expect(kept <= CERT_NAMES_PACKED_MAX && kept > CERT_NAMES_PACKED_MAX - 64);
    cr_expect_eq(count, CERT_NAMES_PACKED_MAX / (3 + strlen("host000000.example.com")));
    buf_deinit(&packed);

    /* A buffer with a limit of its own: what fits. */
    packed = BUF_INIT(100);
    cr_assert(cert_names_pack(der, &packed));
    cr_expect_eq(packed.len, 4 * (3 + strlen("host000000.example.com")));
    buf_deinit(&packed);
    OPENSSL_free((void *)(uintptr_t)der.at);
    test_cert_free(&made);
}

Test(cert_names, what_is_no_certificate_gives_nothing)
{
    struct test_cert made =
        test_cert_new(NULL, &(struct test_cert_params){.cn = "cn.test", .san = "DNS:a.test"});
    struct span der = test_cert_der(made.cert);
    struct buf packed = BUF_INIT(BUF_NO_LIMIT);
    cr_expect(!cert_names_pack((struct span){0}, &packed));
    cr_expect(!cert_names_pack(SPAN_LIT("\x30\x03\x02\x01\x01"), &packed));
    cr_expect_eq(packed.len, 0);
    for (size_t len = 0; len < der.len; len++) {
        cr_expect(!cert_names_pack(span_take(der, len), &packed), "cut to %zu", len);
    }
    cr_expect_eq(packed.len, 0);
    buf_deinit(&packed);
    OPENSSL_free((void *)(uintptr_t)der.at);
    test_cert_free(&made);
}

Test(cert_names, octets_of_another_form_end_the_list)
{
    static const struct span bad[] = {
        SPAN_INIT(""),
        SPAN_INIT("\1\0"),
        SPAN_INIT("\1\0\2a"),
        SPAN_INIT("\4\0\1a"),
        SPAN_INIT("\0\0\1a"),
        SPAN_INIT("\1\xff\xff"
                  "a"),
    };
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct span rest = bad[i];
        enum cert_names_kind kind;
        struct span name;
        cr_expect(!cert_names_next(&rest, &kind, &name), "%zu", i);
        cr_expect(span_eq(rest, bad[i]));
    }
}
