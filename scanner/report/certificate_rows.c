#include "scanner/report/report.h"

void report_chain(struct row_sink *sink, const struct chain_facts *chain)
{
    struct row *r = row_sink_begin(sink, TABLE_CHAINS);
    row_sha256(r, CHAINS_CHAIN_ID, chain->chain_id);
    struct list *certificates = row_list(r, CHAINS_CERTIFICATES);
    for (size_t i = 0; i < chain->count; i++) {
        list_hex(certificates, (struct span){chain->digests[i], sizeof(chain->digests[i])});
    }
    list_close(certificates);
    row_uint(r, CHAINS_CERT_COUNT, chain->count);
    row_uint(r, CHAINS_OCTETS, chain->octets);
    row_sink_end(sink, TABLE_CHAINS);
}

static void put_cert_texts(struct list *l, const struct cert_texts *texts)
{
    for (size_t i = 0; i < texts->count; i++) {
        list_text(l, texts->at[i]);
    }
    list_close(l);
}

static void put_other_names(struct list *l, const struct cert_info *c)
{
    for (size_t i = 0; i < c->other_name_count; i++) {
        struct object *o = list_object(l);
        object_word(o, OTHER_NAME_KIND, cert_name_kind_word(c->other_names[i].kind));
        object_name(o, OTHER_NAME_VALUE, c->other_names[i].text);
        object_close(o);
    }
    list_close(l);
}

static void put_validity(struct object *o, const struct cert_info *c)
{
    const struct cert_time *start = &c->not_before;
    const struct cert_time *end = &c->not_after;
    if (start->valid) {
        object_time_s(o, VALIDITY_START, start->unix_s);
    } else {
        object_name(o, VALIDITY_START_RAW, start->raw);
    }
    if (end->valid) {
        object_time_s(o, VALIDITY_END, end->unix_s);
    } else {
        object_name(o, VALIDITY_END_RAW, end->raw);
    }
    if (start->valid && end->valid) {
        /* RFC 5280 section 4.1.2.5: both ends are inside. */
        object_int(o, VALIDITY_LENGTH, end->unix_s - start->unix_s + 1);
    }
    object_close(o);
}

static void put_names(struct row *r, const struct cert_info *c)
{
    row_text(r, CERTIFICATES_SUBJECT_DN, c->subject_dn);
    row_text(r, CERTIFICATES_ISSUER_DN, c->issuer_dn);
    row_name(r, CERTIFICATES_SUBJECT_CN, c->subject_cn);
    row_bool(r, CERTIFICATES_SELF_ISSUED, c->self_issued);
    if (c->has_san) {
        put_cert_texts(row_list(r, CERTIFICATES_NAMES), &c->dns_names);
        row_uint(r, CERTIFICATES_NAMES_TOTAL, c->dns_names.total);
        put_other_names(row_list(r, CERTIFICATES_OTHER_NAMES), c);
        row_uint(r, CERTIFICATES_OTHER_NAMES_TOTAL, c->other_name_total);
    }
}

static void put_keys(struct row *r, const struct cert_info *c)
{
    row_name(r, CERTIFICATES_KEY_ALGORITHM, c->key_algorithm);
    row_name(r, CERTIFICATES_KEY_ALGORITHM_OID, c->key_algorithm_oid);
    row_natural(r, CERTIFICATES_KEY_BITS, c->key_bits == 0 ? -1 : (int64_t)c->key_bits);
    row_name(r, CERTIFICATES_KEY_CURVE, c->key_curve);
    row_name(r, CERTIFICATES_RSA_EXPONENT, c->rsa_exponent);
    struct object *signature = row_object(r, CERTIFICATES_SIGNATURE_ALGORITHM);
    object_name(signature, SIGNATURE_ALGORITHM_NAME, c->signature_algorithm);
    object_name(signature, SIGNATURE_ALGORITHM_OID, c->signature_algorithm_oid);
    object_name(signature, SIGNATURE_ALGORITHM_HASH, c->signature_hash);
    object_close(signature);
}

static void put_key_usages(struct row *r, const struct cert_info *c)
{
    if (c->has_key_usage) {
        struct list *usages = row_list(r, CERTIFICATES_KEY_USAGE);
        for (unsigned u = 0; u < CERT_USAGE_COUNT; u++) {
            if ((c->key_usage & (1U << u)) != 0) {
                list_word(usages, cert_key_usage_word((enum cert_key_usage)u));
            }
        }
        list_close(usages);
    }
    if (c->has_ext_key_usage) {
        put_cert_texts(row_list(r, CERTIFICATES_EXTENDED_KEY_USAGE), &c->ext_key_usage);
    }
}

static void put_extensions(struct row *r, const struct cert_info *c)
{
    if (c->has_basic_constraints) {
        row_bool(r, CERTIFICATES_IS_CA, c->is_ca);
        row_natural(r, CERTIFICATES_PATH_LENGTH, c->pathlen);
    }
    put_key_usages(r, c);
    if (c->has_subject_key_id) {
        row_hex(r, CERTIFICATES_SUBJECT_KEY_ID, c->subject_key_id);
    }
    if (c->has_authority_key_id) {
        row_hex(r, CERTIFICATES_AUTHORITY_KEY_ID, c->authority_key_id);
    }
    put_cert_texts(row_list(r, CERTIFICATES_OCSP_URLS), &c->ocsp_urls);
    put_cert_texts(row_list(r, CERTIFICATES_CA_ISSUER_URLS), &c->ca_issuer_urls);
    put_cert_texts(row_list(r, CERTIFICATES_CRL_URLS), &c->crl_urls);
    put_cert_texts(row_list(r, CERTIFICATES_POLICIES), &c->policies);
    row_natural(r, CERTIFICATES_SCT_COUNT, c->has_sct_list ? (int64_t)c->sct_count : -1);
    row_bool(r, CERTIFICATES_PRECERTIFICATE, c->is_precertificate);
    row_bool(r, CERTIFICATES_MUST_STAPLE, c->must_staple);
    row_bool(r, CERTIFICATES_NAME_CONSTRAINTS, c->has_name_constraints);
    if (c->has_name_constraints) {
        row_bool(r, CERTIFICATES_NAME_CONSTRAINTS_CRITICAL, c->name_constraints_critical);
    }
    put_cert_texts(row_list(r, CERTIFICATES_UNKNOWN_CRITICAL_EXTENSIONS), &c->unknown_critical);
    row_bool(r, CERTIFICATES_DUPLICATE_EXTENSION, c->duplicate_extension);
}

static bool lists_truncated(const struct cert_info *c)
{
    const struct cert_texts *lists[] = {&c->dns_names,       &c->ext_key_usage, &c->ocsp_urls,
                                        &c->ca_issuer_urls,  &c->crl_urls,      &c->policies,
                                        &c->unknown_critical};
    bool truncated = c->other_name_total > c->other_name_count;
    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        truncated = truncated || lists[i]->total > lists[i]->count;
    }
    return truncated;
}

static void put_fields(struct row *r, const struct cert_info *c)
{
    row_sha256(r, CERTIFICATES_SPKI_FINGERPRINT_SHA256, c->spki_sha256);
    row_sha256(r, CERTIFICATES_TBS_FINGERPRINT, c->tbs_sha256);
    row_natural(r, CERTIFICATES_VERSION, c->version);
    row_name(r, CERTIFICATES_SERIAL_NUMBER, c->serial_number);
    row_name(r, CERTIFICATES_SERIAL_NUMBER_HEX, c->serial_hex);
    put_names(r, c);
    put_validity(row_object(r, CERTIFICATES_VALIDITY), c);
    put_keys(r, c);
    put_extensions(r, c);
    row_bool(r, CERTIFICATES_LISTS_TRUNCATED, lists_truncated(c));
}

void report_certificate(struct row_sink *sink, struct span der, const struct cert_info *info,
                        bool parsed)
{
    struct row *r = row_sink_begin(sink, TABLE_CERTIFICATES);
    row_sha256(r, CERTIFICATES_FINGERPRINT_SHA256, info->fingerprint_sha256);
    row_hex(r, CERTIFICATES_FINGERPRINT_SHA1,
            (struct span){info->fingerprint_sha1, sizeof(info->fingerprint_sha1)});
    row_word(r, CERTIFICATES_PARSE_ERROR, info->parse_error);
    row_uint(r, CERTIFICATES_LENGTH, der.len);
    if (parsed) {
        put_fields(r, info);
    }
    row_base64(r, CERTIFICATES_RAW, der);
    row_sink_end(sink, TABLE_CERTIFICATES);
}
