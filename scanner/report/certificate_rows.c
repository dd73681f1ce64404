#include "scanner/report/row_parts.h"
#include "scanner/shipped/shipped_intermediates.h"

#define DAY_S 86400

/* Rounded down, also below zero: a certificate that expired an hour ago has -1 days left. */
static int64_t days_until(int64_t until, int64_t at)
{
    int64_t s = until - at;
    return s >= 0 ? s / DAY_S : -((-s + DAY_S - 1) / DAY_S);
}

static void put_cert_texts(struct list *l, const struct cert_texts *texts)
{
    for (size_t i = 0; i < texts->count; i++) {
        list_text(l, texts->at[i]);
    }
    list_close(l);
}

static void put_path_ids(struct list *l, const struct store_verdict *v)
{
    for (size_t i = 0; i < v->step_count; i++) {
        const struct cert_info *cert = v->step[i].cert;
        list_hex(l, (struct span){cert->fingerprint_sha256, sizeof(cert->fingerprint_sha256)});
    }
    list_close(l);
}

static void put_path_faults(struct list *l, const struct store_verdict *v)
{
    for (size_t i = 0; i < v->fault_count; i++) {
        const struct found_fault *f = &v->fault[i];
        struct object *o = list_object(l);
        object_word(o, PATH_FAULT_FACTS_FAULT, path_fault_word(f->fault));
        object_uint(o, PATH_FAULT_FACTS_STEP, f->step);
        object_sha256(o, PATH_FAULT_FACTS_FINGERPRINT_SHA256,
                      v->step[f->step].cert->fingerprint_sha256);
        object_close(o);
    }
    list_close(l);
}

static void put_openssl(struct object *o, const struct openssl_verdict *v)
{
    object_bool(o, OPENSSL_FACTS_TRUSTED, v->error == 0);
    object_bool(o, OPENSSL_FACTS_TRUSTED_AT_LEVEL_1, v->level_1_error == 0);
    if (v->error != 0) {
        object_uint(o, OPENSSL_FACTS_ERROR, (uint64_t)v->error);
        object_text(o, OPENSSL_FACTS_ERROR_TEXT, span_of(openssl_verdict_text(v->error)));
        object_natural(o, OPENSSL_FACTS_ERROR_DEPTH, v->depth);
    }
    if (v->level_1_error != 0) {
        object_uint(o, OPENSSL_FACTS_ERROR_AT_LEVEL_1, (uint64_t)v->level_1_error);
    }
    object_close(o);
}

static void put_store_verdict(struct object *o, const char *store, const struct store_verdict *v,
                              int64_t at)
{
    object_text(o, STORE_VERDICT_STORE, span_of(store));
    object_word(o, STORE_VERDICT_STATUS, chain_status_word(v->status));
    put_path_ids(object_list(o, STORE_VERDICT_PATH), v);
    if (v->anchored) {
        const struct cert_info *anchor = v->step[v->step_count - 1].cert;
        object_sha256(o, STORE_VERDICT_ANCHOR_SHA256, anchor->fingerprint_sha256);
        object_text(o, STORE_VERDICT_ANCHOR_DN, anchor->subject_dn);
    }
    if (v->validity_known && v->step_count > 0) {
        object_time_s(o, STORE_VERDICT_VALID_FROM, v->valid_from);
        object_time_s(o, STORE_VERDICT_VALID_UNTIL, v->valid_until);
        object_int(o, STORE_VERDICT_DAYS_LEFT, days_until(v->valid_until, at));
    }
    put_path_faults(object_list(o, STORE_VERDICT_FAULTS), v);
    if (v->openssl.asked) {
        put_openssl(object_object(o, STORE_VERDICT_OPENSSL), &v->openssl);
    }
    object_close(o);
}

static void put_sender(struct object *o, const struct issuer_senders *senders,
                       const uint8_t sha256[32])
{
    const struct issuer_sender *sender = issuer_senders_find(senders, sha256);
    object_uint(o, COMPLETING_FACTS_SENT_BY_HOSTS, sender != NULL ? sender->hosts : 0);
    if (sender != NULL) {
        object_text(o, COMPLETING_FACTS_SENT_BY_FIRST, sender->first);
    }
}

/* @param senders NULL: not known yet */
static void put_completing_ids(struct list *l, const struct path_step *step, size_t count,
                               const struct intermediate_pool *pool,
                               const struct issuer_senders *senders)
{
    for (size_t i = 0; i < count; i++) {
        const struct cert_info *cert = step[i].cert;
        enum intermediate_source source = INTERMEDIATE_SCAN;
        if (step[i].source != STEP_POOL ||
            !intermediate_pool_source(pool, cert->fingerprint_sha256, &source)) {
            continue;
        }
        struct object *o = list_object(l);
        object_sha256(o, COMPLETING_FACTS_FINGERPRINT_SHA256, cert->fingerprint_sha256);
        object_text(o, COMPLETING_FACTS_SUBJECT_DN, cert->subject_dn);
        object_word(o, COMPLETING_FACTS_SOURCE, intermediate_source_word(source));
        if (source == INTERMEDIATE_BUNDLED) {
            object_text(o, COMPLETING_FACTS_BUNDLED, span_of(shipped_intermediates_name()));
        }
        if (senders != NULL) {
            put_sender(o, senders, cert->fingerprint_sha256);
        }
        object_close(o);
    }
    list_close(l);
}

/* The last certificate of a path, from the leaf on, that the server itself presented. */
static const struct cert_info *last_presented(const struct path_step *step, size_t count)
{
    const struct cert_info *last = NULL;
    for (size_t i = 0; i < count && step[i].source == STEP_PRESENTED; i++) {
        last = step[i].cert;
    }
    return last;
}

/* The certificate whose issuer is missing: the last of a path that reaches no anchor, or the one
 * that a known intermediate certifies. */
static const struct cert_info *without_issuer(const struct chain_verdict *v)
{
    const struct store_verdict *s = &v->store[0];
    if (s->status == CHAIN_MISSING_INTERMEDIATE) {
        return last_presented(v->completed, v->completed_count);
    }
    bool missing = s->status == CHAIN_ISSUER_UNKNOWN && s->step_count > 0;
    return missing ? s->step[s->step_count - 1].cert : NULL;
}

static void put_chain_verdict(struct row *r, const struct chain_verdict *v,
                              const struct judging_terms *terms)
{
    struct list *roles = row_list(r, CHAINS_ROLES);
    for (size_t i = 0; i < v->cert_count; i++) {
        list_word(roles, cert_role_word((enum cert_role)v->role[i]));
    }
    list_close(roles);
    row_bool(r, CHAINS_IN_ORDER, v->in_order);
    row_word(r, CHAINS_STATUS, chain_status_word(v->store[0].status));
    struct list *trusted = row_list(r, CHAINS_TRUSTED_BY);
    for (size_t i = 0; i < v->store_count; i++) {
        if (v->store[i].status == CHAIN_TRUSTED) {
            list_text(trusted, span_of(terms->stores[i].name));
        }
    }
    list_close(trusted);
    struct list *verdicts = row_list(r, CHAINS_VERDICTS);
    for (size_t i = 0; i < v->store_count; i++) {
        put_store_verdict(list_object(verdicts), terms->stores[i].name, &v->store[i], terms->at);
    }
    list_close(verdicts);
    if (v->store[0].status == CHAIN_MISSING_INTERMEDIATE) {
        put_completing_ids(row_list(r, CHAINS_COMPLETING), v->completed, v->completed_count,
                           terms->known, NULL);
    }
    const struct cert_info *last = without_issuer(v);
    if (last != NULL) {
        row_text(r, CHAINS_MISSING_ISSUER_DN, last->issuer_dn);
        if (last->has_authority_key_id) {
            row_hex(r, CHAINS_MISSING_ISSUER_KEY_ID, last->authority_key_id);
        }
        put_cert_texts(row_list(r, CHAINS_MISSING_ISSUER_URLS), &last->ca_issuer_urls);
    }
    row_bool(r, CHAINS_CAPPED, v->capped);
}

static void put_digest_key(struct row_sink *sink, const uint8_t digest[32])
{
    buf_reset(&sink->key);
    for (size_t i = 0; i < 32; i++) {
        buf_putf(&sink->key, "%02x", digest[i]);
    }
}

static void put_chain_row(struct row_sink *sink, const struct chain_facts *chain,
                          const struct chain_verdict *verdict, const struct judging_terms *terms,
                          const struct findings *findings)
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
    if (verdict != NULL) {
        put_chain_verdict(r, verdict, terms);
    }
    put_findings(row_list(r, CHAINS_FINDINGS), findings);
    row_sink_end(sink, TABLE_CHAINS);
}

void report_chain(struct row_sink *sink, const struct chain_facts *chain,
                  const struct chain_verdict *verdict, const struct judging_terms *terms,
                  const struct findings *findings)
{
    if (row_sink_wants(sink, TABLE_CHAINS)) {
        put_chain_row(sink, chain, verdict, terms, findings);
    }
    if (findings != NULL && findings->count > 0) {
        put_digest_key(sink, chain->chain_id);
        report_finding_rows(sink, TABLE_CHAINS, buf_span(&sink->key), findings);
    }
}

static void put_completion_row(struct row_sink *sink, const struct completion_facts *c,
                               const struct findings *findings)
{
    const struct store_verdict *v = &c->verdict->store[0];
    struct row *r = row_sink_begin(sink, TABLE_COMPLETIONS);
    row_sha256(r, COMPLETIONS_CHAIN_ID, c->chain_id);
    row_word(r, COMPLETIONS_STATUS, chain_status_word(v->status));
    put_completing_ids(row_list(r, COMPLETIONS_COMPLETING), v->step, v->step_count, c->pool,
                       c->senders);
    put_path_ids(row_list(r, COMPLETIONS_PATH), v);
    if (v->anchored) {
        row_text(r, COMPLETIONS_ANCHOR_DN, v->step[v->step_count - 1].cert->subject_dn);
    }
    const struct cert_info *last = last_presented(v->step, v->step_count);
    if (last != NULL) {
        put_cert_texts(row_list(r, COMPLETIONS_MISSING_ISSUER_URLS), &last->ca_issuer_urls);
    }
    if (c->browser != NULL) {
        row_word(r, COMPLETIONS_BROWSER, chain_status_word(c->browser->store[0].status));
        put_path_ids(row_list(r, COMPLETIONS_BROWSER_PATH), &c->browser->store[0]);
    }
    row_bool(r, COMPLETIONS_CAPPED, c->verdict->capped);
    put_findings(row_list(r, COMPLETIONS_FINDINGS), findings);
    row_sink_end(sink, TABLE_COMPLETIONS);
}

void report_completion(struct row_sink *sink, const struct completion_facts *c,
                       const struct findings *findings)
{
    if (row_sink_wants(sink, TABLE_COMPLETIONS)) {
        put_completion_row(sink, c, findings);
    }
    put_digest_key(sink, c->chain_id);
    report_finding_rows(sink, TABLE_COMPLETIONS, buf_span(&sink->key), findings);
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

static void put_certificate_validity(struct object *o, const struct cert_info *c)
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

static void put_certificate_names(struct row *r, const struct cert_info *c)
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

static void put_certificate_extensions(struct row *r, const struct cert_info *c)
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
    put_certificate_names(r, c);
    put_certificate_validity(row_object(r, CERTIFICATES_VALIDITY), c);
    put_keys(r, c);
    put_certificate_extensions(r, c);
    row_bool(r, CERTIFICATES_LISTS_TRUNCATED, lists_truncated(c));
}

static void put_certificate_row(struct row_sink *sink, struct span der,
                                const struct cert_info *info, bool parsed,
                                const struct judging_terms *terms, const struct findings *findings)
{
    struct row *r = row_sink_begin(sink, TABLE_CERTIFICATES);
    row_sha256(r, CERTIFICATES_FINGERPRINT_SHA256, info->fingerprint_sha256);
    row_hex(r, CERTIFICATES_FINGERPRINT_SHA1,
            (struct span){info->fingerprint_sha1, sizeof(info->fingerprint_sha1)});
    row_word(r, CERTIFICATES_PARSE_ERROR, info->parse_error);
    row_uint(r, CERTIFICATES_LENGTH, der.len);
    if (parsed) {
        put_fields(r, info);
        if (terms != NULL && info->not_after.valid) {
            row_int(r, CERTIFICATES_DAYS_LEFT, days_until(info->not_after.unix_s, terms->at));
        }
    }
    put_findings(row_list(r, CERTIFICATES_FINDINGS), findings);
    row_base64(r, CERTIFICATES_RAW, der);
    row_sink_end(sink, TABLE_CERTIFICATES);
}

void report_certificate(struct row_sink *sink, struct span der, const struct cert_info *info,
                        bool parsed, const struct judging_terms *terms,
                        const struct findings *findings)
{
    if (row_sink_wants(sink, TABLE_CERTIFICATES)) {
        put_certificate_row(sink, der, info, parsed, terms, findings);
    }
    if (findings != NULL && findings->count > 0) {
        put_digest_key(sink, info->fingerprint_sha256);
        report_finding_rows(sink, TABLE_CERTIFICATES, buf_span(&sink->key), findings);
    }
}
