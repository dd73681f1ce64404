#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "scanner/base/check.h"
#include "scanner/cert/cert_form.h"
#include "scanner/cert/cert_info.h"
#include "scanner/cert/cert_names.h"
#include "scanner/cert/der.h"
#include "scanner/cert/leaf_key.h"

/* A certificate: the names read from its octets are those that OpenSSL reads. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct packed_names {
    struct buf octets;
    size_t dns_count;
    size_t count;
    struct span last_cn;
};

static void read_packed(struct packed_names *p)
{
    struct span rest = buf_span(&p->octets);
    enum cert_names_kind kind;
    struct span name;
    while (cert_names_next(&rest, &kind, &name)) {
        if (kind == CERT_NAMES_ADDRESS) {
            CHECK(p->dns_count == 0 && name.len == 0 && rest.len == 0); /* the last one */
            break;
        }
        CHECK(kind == CERT_NAMES_CN || p->count == p->dns_count); /* dNSNames come first */
        p->dns_count += kind == CERT_NAMES_DNS;
        p->count++;
        p->last_cn = kind == CERT_NAMES_CN ? name : p->last_cn;
    }
    CHECK(rest.len == 0);
}

/* OpenSSL also reads BER, which RFC 5280 section 4.1 does not allow. In DER is what it would
 * write again in the same way. */
static bool alt_names_are_der(const X509 *cert)
{
    int at = X509_get_ext_by_NID(cert, NID_subject_alt_name, -1);
    if (at < 0) {
        return true;
    }
    X509_EXTENSION *extension = X509_get_ext(cert, at);
    const ASN1_OCTET_STRING *octets = X509_EXTENSION_get_data(extension);
    GENERAL_NAMES *names = X509V3_EXT_d2i(extension);
    uint8_t *again = NULL;
    int len = names != NULL ? i2d_GENERAL_NAMES(names, &again) : -1;
    bool same = len >= 0 && len == ASN1_STRING_length(octets) &&
                memcmp(again, ASN1_STRING_get0_data(octets), (size_t)len) == 0;
    OPENSSL_free(again);
    GENERAL_NAMES_free(names);
    return same;
}

static bool occurs_again(struct span der, uint8_t *again, int len)
{
    bool found = len > 0 && memmem(der.at, der.len, again, (size_t)len) != NULL;
    OPENSSL_free(again);
    return found;
}

/* OpenSSL keeps the octets of a name as long as nobody changes it. */
static bool name_is_der(struct span der, const X509_NAME *name)
{
    X509_NAME *changed = X509_NAME_dup(name);
    CHECK(changed != NULL && X509_NAME_add_entry_by_NID(changed, NID_organizationName, MBSTRING_ASC,
                                                        (const uint8_t *)"x", 1, -1, 0) == 1);
    X509_NAME_ENTRY_free(X509_NAME_delete_entry(changed, X509_NAME_entry_count(changed) - 1));
    uint8_t *again = NULL;
    int len = i2d_X509_NAME(changed, &again);
    X509_NAME_free(changed);
    return occurs_again(der, again, len);
}

static bool parts_are_der(struct span der, const X509 *cert)
{
    const STACK_OF(X509_EXTENSION) *extensions = X509_get0_extensions(cert);
    if (extensions != NULL) {
        uint8_t *again = NULL;
        int len = i2d_X509_EXTENSIONS(extensions, &again);
        if (!occurs_again(der, again, len)) {
            return false;
        }
    }
    return name_is_der(der, X509_get_subject_name(cert));
}

static bool is_ascii(struct span s)
{
    uint8_t all = 0;
    for (size_t i = 0; i < s.len; i++) {
        all |= s.at[i];
    }
    return all < 0x80;
}

/* The most specific CN, if it is a string of one octet a character and ASCII. */
static bool cn_is_plain(const X509 *cert)
{
    const X509_NAME *subject = X509_get_subject_name(cert);
    int found = -1;
    for (int at = -1; (at = X509_NAME_get_index_by_NID(subject, NID_commonName, at)) >= 0;) {
        found = at;
    }
    if (found < 0) {
        return true;
    }
    const ASN1_STRING *s = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, found));
    struct span octets = {ASN1_STRING_get0_data(s), (size_t)ASN1_STRING_length(s)};
    switch (ASN1_STRING_type(s)) {
    case V_ASN1_UTF8STRING:
        return true;
    case V_ASN1_NUMERICSTRING:
    case V_ASN1_PRINTABLESTRING:
    case V_ASN1_T61STRING:
    case V_ASN1_IA5STRING:
    case V_ASN1_VISIBLESTRING:
        return is_ascii(octets);
    default:
        return false;
    }
}

static void compare_dns(const struct packed_names *p, const struct cert_info *c)
{
    struct span rest = buf_span(&p->octets);
    enum cert_names_kind kind;
    struct span name;
    for (size_t i = 0; i < c->dns_names.count && i < p->dns_count; i++) {
        CHECK(cert_names_next(&rest, &kind, &name) && kind == CERT_NAMES_DNS);
        CHECK(span_eq(name, c->dns_names.at[i]));
    }
}

static void compare(struct span der, const struct packed_names *p, const struct cert_info *c)
{
    const uint8_t *at = der.at;
    X509 *cert = d2i_X509(NULL, &at, (long)der.len);
    CHECK(cert != NULL);
    bool whole = p->octets.len + 3 + UINT8_MAX < CERT_NAMES_PACKED_MAX; /* nothing was dropped */
    /* What OpenSSL notes may be about the names. */
    if (c->parse_error == NULL && parts_are_der(der, cert)) {
        if (alt_names_are_der(cert)) {
            compare_dns(p, c);
            CHECK(!whole || p->dns_count == c->dns_names.total);
        }
        if (cn_is_plain(cert) && whole) {
            CHECK(span_eq(p->last_cn, c->subject_cn));
        }
    }
    X509_free(cert);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span der = {data, size};
    struct packed_names p = {.octets = BUF_INIT(BUF_NO_LIMIT)};
    struct der_parts parts;
    bool packed = cert_names_pack(der, &p.octets);
    CHECK(packed == der_certificate_parts(der, &parts));
    CHECK(p.octets.len <= CERT_NAMES_PACKED_MAX);
    read_packed(&p);
    struct leaf_key key;
    CHECK(!cert_form_is_plain(der) || packed);
    CHECK(leaf_key_read(der, &key) == packed && key.kind < LEAF_KEY_KIND_COUNT);

    struct cert_info c;
    if (cert_info_read(der, &c) && packed) {
        compare(der, &p, &c);
    }
    cert_info_deinit(&c);

    /* The octets as a packed list. */
    struct span rest = der;
    enum cert_names_kind kind;
    struct span name;
    while (cert_names_next(&rest, &kind, &name)) {
        CHECK(name.len <= UINT16_MAX && name.at + name.len == rest.at);
    }
    buf_deinit(&p.octets);
    return 0;
}
