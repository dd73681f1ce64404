#include <string.h>

#include "scanner/analysis/policy_stage.h"
#include "scanner/report/row_parts.h"

#define FAULT_TEXT_MAX 160 /* octets; as its column says */

void put_policy_attempts(struct list *l, const struct policy_attempt *attempts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct policy_attempt *a = &attempts[i];
        struct object *o = list_object(l);
        object_address(o, POLICY_ATTEMPT_ADDRESS, &a->address);
        object_word(o, POLICY_ATTEMPT_OUTCOME, policy_fetch_word((enum policy_fetch)a->outcome));
        object_natural(o, POLICY_ATTEMPT_CONNECT_MS, a->connect_ms);
        object_word(o, POLICY_ATTEMPT_ERROR, a->sys < 0 ? strerrorname_np(-a->sys) : NULL);
        object_close(o);
    }
    list_close(l);
}

static void put_policy_fetch(struct row *r, const struct seen_policy *p)
{
    row_word(r, POLICIES_FETCH, policy_fetch_word(p->outcome));
    row_word(r, POLICIES_STAGE, policy_stage_word(policy_stage_of(p)));
    if (p->outcome == POLICY_FETCH_NOT_DIALLED) {
        row_word(r, POLICIES_NOT_TESTED, word_or_null(not_tested_word(p->not_tested)));
    }
    put_policy_attempts(row_list(r, POLICIES_ATTEMPTS), p->attempts, p->attempt_count);
    if (p->started_unix_ms != 0) {
        row_time_ms(r, POLICIES_STARTED, p->started_unix_ms);
    }
    row_natural(r, POLICIES_TLS_MS, p->tls_ms);
    row_natural(r, POLICIES_TOTAL_MS, p->total_ms);
}

static void put_policy_name(struct object *o, const struct name_verdict *v)
{
    object_word(o, NAME_FACTS_MATCH, name_match_word(v->match));
    object_name(o, NAME_FACTS_MATCHED, v->matched);
    object_close(o);
}

static void put_policy_handshake(struct row *r, const struct seen_policy *p,
                                 const struct sts_verdict *v)
{
    if (!p->tls_attempted) {
        return;
    }
    put_handshake(row_object(r, POLICIES_HANDSHAKE), true, &p->tls);
    if (digest_is_none(p->tls.leaf_sha256)) {
        return;
    }
    row_sha256(r, POLICIES_CHAIN_ID, p->tls.chain_id);
    row_sha256(r, POLICIES_LEAF_SHA256, p->tls.leaf_sha256);
    row_word(r, POLICIES_CHAIN_STATUS, chain_status_or_null(&p->chain));
    put_policy_name(row_object(r, POLICIES_NAME), &v->name);
    if (v->certificate_passes != TRUTH_UNKNOWN) {
        row_bool(r, POLICIES_CERTIFICATE_PASSES, v->certificate_passes == TRUTH_YES);
    }
}

static void put_response(struct row *r, const struct seen_policy *p, const struct sts_verdict *v)
{
    row_natural(r, POLICIES_HEAD_OCTETS, p->head_octets == 0 ? -1 : (int64_t)p->head_octets);
    if (p->status != 0) {
        row_uint(r, POLICIES_HTTP_STATUS, p->status);
        row_word(r, POLICIES_MEDIA_TYPE, media_type_word(v->media_type));
    }
    row_name(r, POLICIES_LOCATION, p->location);
    row_name(r, POLICIES_CONTENT_TYPE, p->content_type);
    if (!digest_is_none(p->body_sha256)) {
        row_uint(r, POLICIES_BODY_OCTETS, p->body.len);
        row_sha256(r, POLICIES_POLICY_SHA256, p->body_sha256);
    }
}

static void put_policy_text_faults(struct list *l, const struct sts_policy *policy)
{
    for (size_t i = 0; i < policy->fault_count; i++) {
        const struct sts_policy_finding *f = &policy->fault[i];
        struct object *o = list_object(l);
        object_word(o, POLICY_FAULT_FAULT, sts_policy_fault_word(f->fault));
        object_natural(o, POLICY_FAULT_LINE, f->line == 0 ? -1 : (int64_t)f->line);
        object_name(o, POLICY_FAULT_TEXT, span_take(f->text, FAULT_TEXT_MAX));
        object_close(o);
    }
    list_close(l);
}

static void put_policy(struct row *r, const struct sts_policy *policy)
{
    row_bool(r, POLICIES_STRICT_VALID, policy->strict_valid);
    row_bool(r, POLICIES_LENIENT_VALID, policy->lenient_valid);
    row_word(r, POLICIES_MODE, sts_mode_word(policy->mode));
    if (policy->has_max_age) {
        row_uint(r, POLICIES_MAX_AGE, policy->max_age);
    }
    put_texts(row_list(r, POLICIES_MX), policy->mx, policy->mx_count);
    row_uint(r, POLICIES_MX_TOTAL, policy->mx_total);
    put_policy_text_faults(row_list(r, POLICIES_FAULTS), policy);
    row_bool(r, POLICIES_FAULTS_TRUNCATED, policy->faults_truncated);
}

static void put_policy_row(struct row_sink *sink, struct span domain, const struct seen_policy *p,
                           const struct sts_verdict *v, const struct findings *findings)
{
    struct row *r = row_sink_begin(sink, TABLE_POLICIES);
    row_text(r, POLICIES_POLICY_HOST, p->policy_host);
    row_text(r, POLICIES_DOMAIN, domain);
    put_dns(row_object(r, POLICIES_A_DNS), &p->a);
    put_dns(row_object(r, POLICIES_AAAA_DNS), &p->aaaa);
    put_texts(row_list(r, POLICIES_CNAMES), p->cnames, p->cname_count);
    put_addresses(row_list(r, POLICIES_ADDRESSES), p->addresses, p->address_count);
    put_policy_fetch(r, p);
    put_policy_handshake(r, p, v);
    put_response(r, p, v);
    if (v->has_policy) {
        put_policy(r, &v->policy);
    }
    put_findings(row_list(r, POLICIES_FINDINGS), findings);
    row_sink_end(sink, TABLE_POLICIES);
}

void report_policy(struct row_sink *sink, struct span domain, const struct seen_policy *p,
                   const struct sts_verdict *v, const struct findings *findings)
{
    if (row_sink_wants(sink, TABLE_POLICIES)) {
        put_policy_row(sink, domain, p, v, findings);
    }
    report_finding_rows(sink, TABLE_POLICIES, p->policy_host, findings);
}

static void put_policy_body_row(struct row_sink *sink, const uint8_t sha256[32], struct span body)
{
    struct row *r = row_sink_begin(sink, TABLE_POLICY_BODIES);
    row_hex(r, POLICY_BODIES_POLICY_SHA256, (struct span){sha256, 32});
    row_uint(r, POLICY_BODIES_LENGTH, body.len);
    row_base64(r, POLICY_BODIES_RAW, body);
    row_sink_end(sink, TABLE_POLICY_BODIES);
}

void report_policy_body(struct row_sink *sink, const uint8_t sha256[32], struct span body)
{
    if (row_sink_wants(sink, TABLE_POLICY_BODIES)) {
        put_policy_body_row(sink, sha256, body);
    }
}
