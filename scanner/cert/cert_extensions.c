#include <openssl/objects.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "scanner/base/check.h"
#include "scanner/cert/cert_info_private.h"

#define EXTENSIONS_MAX         256 /* of one certificate that are read; our own bound */
#define FEATURE_STATUS_REQUEST 5   /* RFC 7633 section 4.2.1, RFC 6066 section 8 */

static void read_basic_constraints(const void *value, struct cert_info *c)
{
    const BASIC_CONSTRAINTS *constraints = value;
    int64_t pathlen = -1;
    c->has_basic_constraints = true;
    c->is_ca = constraints->ca != 0;
    if (constraints->pathlen != NULL) {
        if (ASN1_INTEGER_get_int64(&pathlen, constraints->pathlen) != 1 || pathlen < 0) {
            cert_info_note(c, "a pathLenConstraint that is no length");
            pathlen = -1;
        }
        c->pathlen = pathlen;
    }
}

static void read_key_usage(const void *value, struct cert_info *c)
{
    c->has_key_usage = true;
    for (int bit = 0; bit < CERT_USAGE_COUNT; bit++) {
        if (ASN1_BIT_STRING_get_bit(value, bit) == 1) {
            c->key_usage = (uint16_t)(c->key_usage | 1U << bit);
        }
    }
}

static void read_ext_key_usage(const void *value, struct cert_info *c)
{
    const EXTENDED_KEY_USAGE *usages = value;
    struct arena *a = &c->memory->arena;
    struct text_list list =
        text_list_new(a, (size_t)sk_ASN1_OBJECT_num(usages), CERT_LIST_ITEMS_MAX);
    for (int i = 0; i < sk_ASN1_OBJECT_num(usages); i++) {
        text_list_add(&list, cert_text_of_object(a, sk_ASN1_OBJECT_value(usages, i)));
    }
    c->has_ext_key_usage = true;
    c->ext_key_usage = text_list_done(&list);
}

static void read_subject_key_id(const void *value, struct cert_info *c)
{
    c->has_subject_key_id = true;
    c->subject_key_id = cert_text_of_string(&c->memory->arena, value);
}

static void read_authority_key_id(const void *value, struct cert_info *c)
{
    const AUTHORITY_KEYID *id = value;
    c->has_authority_key_id = true;
    c->authority_key_id = cert_text_of_string(&c->memory->arena, id->keyid);
}

static void read_info_access(const void *value, struct cert_info *c)
{
    const AUTHORITY_INFO_ACCESS *access = value;
    struct arena *a = &c->memory->arena;
    size_t count = (size_t)sk_ACCESS_DESCRIPTION_num(access);
    struct text_list ocsp = text_list_new(a, count, CERT_LIST_ITEMS_MAX);
    struct text_list issuers = text_list_new(a, count, CERT_LIST_ITEMS_MAX);
    for (size_t i = 0; i < count; i++) {
        const ACCESS_DESCRIPTION *d = sk_ACCESS_DESCRIPTION_value(access, (int)i);
        int method = OBJ_obj2nid(d->method);
        if (d->location->type != GEN_URI) {
            continue;
        }
        struct span url = cert_text_of_string(a, d->location->d.uniformResourceIdentifier);
        if (method == NID_ad_OCSP) {
            text_list_add(&ocsp, url);
        } else if (method == NID_ad_ca_issuers) {
            text_list_add(&issuers, url);
        }
    }
    c->ocsp_urls = text_list_done(&ocsp);
    c->ca_issuer_urls = text_list_done(&issuers);
}

static void read_crl_points(const void *value, struct cert_info *c)
{
    const CRL_DIST_POINTS *points = value;
    struct arena *a = &c->memory->arena;
    struct text_list urls = text_list_new(a, CERT_LIST_ITEMS_MAX, CERT_LIST_ITEMS_MAX);
    for (int i = 0; i < sk_DIST_POINT_num(points); i++) {
        const DIST_POINT_NAME *point = sk_DIST_POINT_value(points, i)->distpoint;
        if (point == NULL || point->type != 0) { /* 0: fullName, RFC 5280 section 4.2.1.13 */
            continue;
        }
        for (int j = 0; j < sk_GENERAL_NAME_num(point->name.fullname); j++) {
            const GENERAL_NAME *name = sk_GENERAL_NAME_value(point->name.fullname, j);
            if (name->type == GEN_URI) {
                text_list_add(&urls, cert_text_of_string(a, name->d.uniformResourceIdentifier));
            }
        }
    }
    c->crl_urls = text_list_done(&urls);
}

static void read_policies(const void *value, struct cert_info *c)
{
    const CERTIFICATEPOLICIES *policies = value;
    struct arena *a = &c->memory->arena;
    struct text_list list =
        text_list_new(a, (size_t)sk_POLICYINFO_num(policies), CERT_LIST_ITEMS_MAX);
    for (int i = 0; i < sk_POLICYINFO_num(policies); i++) {
        text_list_add(&list, cert_text_of_oid(a, sk_POLICYINFO_value(policies, i)->policyid));
    }
    c->policies = text_list_done(&list);
}

static void read_tls_features(const void *value, struct cert_info *c)
{
    const TLS_FEATURE *features = value;
    for (int i = 0; i < sk_ASN1_INTEGER_num(features); i++) {
        int64_t feature = -1;
        if (ASN1_INTEGER_get_int64(&feature, sk_ASN1_INTEGER_value(features, i)) == 1) {
            c->must_staple |= feature == FEATURE_STATUS_REQUEST;
        }
    }
}

static struct cert_alt_name alt_name_of(struct arena *a, const GENERAL_NAME *name)
{
    bool cut = false;
    switch (name->type) {
    case GEN_OTHERNAME:
        return (struct cert_alt_name){CERT_NAME_OTHER,
                                      cert_text_of_oid(a, name->d.otherName->type_id)};
    case GEN_EMAIL:
        return (struct cert_alt_name){CERT_NAME_EMAIL, cert_text_of_string(a, name->d.rfc822Name)};
    case GEN_DNS:
        return (struct cert_alt_name){CERT_NAME_DNS, cert_text_of_string(a, name->d.dNSName)};
    case GEN_X400:
        return (struct cert_alt_name){.kind = CERT_NAME_X400};
    case GEN_DIRNAME:
        return (struct cert_alt_name){CERT_NAME_DIRECTORY,
                                      cert_text_of_name(a, name->d.directoryName, &cut)};
    case GEN_EDIPARTY:
        return (struct cert_alt_name){.kind = CERT_NAME_EDI_PARTY};
    case GEN_URI:
        return (struct cert_alt_name){CERT_NAME_URI,
                                      cert_text_of_string(a, name->d.uniformResourceIdentifier)};
    case GEN_IPADD:
        return (struct cert_alt_name){CERT_NAME_IP, cert_text_of_address(a, name->d.iPAddress)};
    case GEN_RID:
        return (struct cert_alt_name){CERT_NAME_RID, cert_text_of_oid(a, name->d.registeredID)};
    default: /* OpenSSL's numbers: the nine above are all */
        UNREACHABLE("unknown kind of GeneralName");
    }
}

static void read_alt_names(const void *value, struct cert_info *c)
{
    const GENERAL_NAMES *names = value;
    struct arena *a = &c->memory->arena;
    size_t total = (size_t)sk_GENERAL_NAME_num(names);
    size_t dns_total = 0;
    for (size_t i = 0; i < total; i++) {
        dns_total += sk_GENERAL_NAME_value(names, (int)i)->type == GEN_DNS;
    }
    size_t others = total - dns_total;
    size_t others_cap = others < CERT_NAMES_MAX ? others : CERT_NAMES_MAX;
    struct text_list dns = text_list_new(a, dns_total, CERT_NAMES_MAX);
    struct cert_alt_name *other = arena_new(a, others_cap, sizeof(*other));
    for (size_t i = 0; i < total; i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, (int)i);
        if (name->type != GEN_DNS) {
            if (c->other_name_count < others_cap) {
                other[c->other_name_count++] = alt_name_of(a, name);
            }
        } else if (dns.count < dns.cap) {
            text_list_add(&dns, alt_name_of(a, name).text);
        } else {
            dns.total++; /* counted, not copied */
        }
    }
    c->dns_names = text_list_done(&dns);
    c->other_names = other;
    c->other_name_total = others;
}

/* One entry per extension that is read through OpenSSL's own types. */
struct extension_reader {
    int nid;
    void (*read)(const void *value, struct cert_info *c);
};

static const struct extension_reader readers[] = {
    {NID_basic_constraints, read_basic_constraints},
    {NID_key_usage, read_key_usage},
    {NID_ext_key_usage, read_ext_key_usage},
    {NID_subject_key_identifier, read_subject_key_id},
    {NID_authority_key_identifier, read_authority_key_id},
    {NID_info_access, read_info_access},
    {NID_crl_distribution_points, read_crl_points},
    {NID_certificate_policies, read_policies},
    {NID_tlsfeature, read_tls_features},
    {NID_subject_alt_name, read_alt_names},
};

static const struct extension_reader *reader_of(int nid)
{
    for (size_t i = 0; i < sizeof(readers) / sizeof(readers[0]); i++) {
        if (readers[i].nid == nid) {
            return &readers[i];
        }
    }
    return NULL;
}

static size_t sct_u16_at(struct span s, size_t at)
{
    return (size_t)s.at[at] << 8 | s.at[at + 1];
}

/* SignedCertificateTimestampList, RFC 6962 section 3.3: 16-bit lengths, in an OCTET STRING. */
static bool count_scts(const ASN1_OCTET_STRING *value, uint32_t *count)
{
    const unsigned char *at = ASN1_STRING_get0_data(value);
    ASN1_OCTET_STRING *inner = d2i_ASN1_OCTET_STRING(NULL, &at, ASN1_STRING_length(value));
    struct span list = {0};
    if (inner != NULL) {
        list = (struct span){ASN1_STRING_get0_data(inner), (size_t)ASN1_STRING_length(inner)};
    }
    bool good = list.len >= 2 && sct_u16_at(list, 0) == list.len - 2;
    uint32_t n = 0;
    for (list = good ? span_drop(list, 2) : list; good && list.len > 0; n++) {
        good = list.len >= 2 && sct_u16_at(list, 0) <= list.len - 2;
        list = good ? span_drop(list, 2 + sct_u16_at(list, 0)) : list;
    }
    ASN1_OCTET_STRING_free(inner);
    if (good) {
        *count = n;
    }
    return good;
}

static void read_extension(X509_EXTENSION *extension, int nid, struct cert_info *c)
{
    const ASN1_OCTET_STRING *octets = X509_EXTENSION_get_data(extension);
    const struct extension_reader *reader = reader_of(nid);
    bool good = true;
    if (reader != NULL) {
        const X509V3_EXT_METHOD *method = X509V3_EXT_get(extension);
        void *value = X509V3_EXT_d2i(extension);
        good = value != NULL;
        if (good) {
            reader->read(value, c);
            ASN1_item_free(value, ASN1_ITEM_ptr(method->it));
        }
    } else if (nid == NID_ct_precert_scts) {
        c->has_sct_list = true;
        good = count_scts(octets, &c->sct_count);
    } else if (nid == NID_ct_precert_poison) {
        c->is_precertificate = true;
    }
    if (!good) {
        cert_info_note(c, "extension %s cannot be read", OBJ_nid2sn(nid));
    }
}

void cert_extensions_read(const X509 *cert, struct cert_info *out)
{
    int count = X509_get_ext_count(cert);
    if (count > EXTENSIONS_MAX) {
        cert_info_note(out, "%d extensions, of which %d are read", count, EXTENSIONS_MAX);
        count = EXTENSIONS_MAX;
    }
    struct text_list unknown =
        text_list_new(&out->memory->arena, (size_t)count, CERT_LIST_ITEMS_MAX);
    for (int i = 0; i < count; i++) {
        X509_EXTENSION *extension = X509_get_ext(cert, i);
        const ASN1_OBJECT *oid = X509_EXTENSION_get_object(extension);
        bool critical = X509_EXTENSION_get_critical(extension) == 1;
        if (X509_get_ext_by_OBJ(cert, oid, -1) != i) {
            out->duplicate_extension = true; /* the first one counts */
            continue;
        }
        if (critical && !X509_supported_extension(extension)) {
            text_list_add(&unknown, cert_text_of_oid(&out->memory->arena, oid));
        }
        int nid = OBJ_obj2nid(oid);
        read_extension(extension, nid, out);
        out->has_san |= nid == NID_subject_alt_name; /* also when it cannot be read */
        out->has_name_constraints |= nid == NID_name_constraints;
        out->name_constraints_critical |= nid == NID_name_constraints && critical;
    }
    out->unknown_critical = text_list_done(&unknown);
}
