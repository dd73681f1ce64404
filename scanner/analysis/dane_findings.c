#include "scanner/analysis/dane_findings.h"

#include "scanner/analysis/policy_evidence.h"
#include "scanner/base/check.h"

/* Two keys, each with the present and the next certificate, each in two digests. */
#define TLSA_MANY_FROM  9
#define TLSA_DATA_SHOWN 8 /* octets of a record's data in an evidence */
#define LEAF_SHOWN      8 /* octets of a fingerprint there */

#define USAGE_TA 2
#define USAGE_EE 3

static void put_record(struct buf *evidence, const struct seen_tlsa *r)
{
    buf_putf(evidence, "%u %u %u ", r->usage, r->selector, r->matching);
    buf_put_hex(evidence, span_take(r->data, TLSA_DATA_SHOWN));
    buf_put_text(evidence, r->data.len > TLSA_DATA_SHOWN ? "..." : "");
}

/* --- the host's records ------------------------------------------------------------------------ */

static void put_records_at(struct buf *evidence, const struct seen_host *h,
                           const struct dane_host_verdict *v)
{
    buf_putf(evidence, "%zu TLSA records at _25._tcp.", v->tlsa_count);
    evidence_put(evidence, v->base.len > 0 ? v->base : h->name);
}

static void put_insecure(struct buf *evidence, const struct seen_host *h,
                         const struct dane_host_verdict *v)
{
    put_records_at(evidence, h, v);
    buf_putf(evidence, ": addresses %s, TLSA %s", dnssec_state_word(v->address),
             dnssec_state_word(v->tlsa));
}

static void no_effect_finding(const struct seen_host *h, const struct dane_host_verdict *v,
                              struct findings *out)
{
    if (v->tlsa_count == 0) {
        return;
    }
    enum finding_code code = v->tlsa == DNSSEC_NO_CHAIN            ? FINDING_DANE_NO_CHAIN
                             : v->state == DANE_HOST_TLSA_INSECURE ? FINDING_DANE_TLSA_INSECURE
                                                                   : FINDING_DANE_HOST_INSECURE;
    put_insecure(findings_add_max(out, code), h, v);
}

/* That the addresses fail is said in area dns. */
static void lookup_finding(const struct seen_host *h, const struct dane_host_verdict *v,
                           struct findings *out)
{
    bool at_end = h->cname_count > 0 && dns_question_failed(&h->expanded_tlsa);
    const struct seen_dns *dns = at_end ? &h->expanded_tlsa : &h->tlsa;
    if (!dns_question_failed(dns)) {
        return;
    }
    struct buf *evidence = findings_add_max(
        out, v->tlsa == DNSSEC_BOGUS ? FINDING_DANE_BOGUS : FINDING_DANE_LOOKUP_FAILED);
    buf_put_text(evidence, "TLSA _25._tcp.");
    evidence_put(evidence, at_end ? h->cnames[h->cname_count - 1] : h->name);
    buf_put_text(evidence, ": ");
    evidence_put_dns(evidence, dns);
}

static void state_findings(const struct seen_host *h, const struct dane_host_verdict *v,
                           struct findings *out)
{
    switch (v->state) {
    case DANE_HOST_NONE:
        return;
    case DANE_HOST_UNKNOWN: /* or in force at the addresses of one family alone */
        if (v->address == DNSSEC_INSECURE || v->address == DNSSEC_NO_CHAIN) {
            no_effect_finding(h, v, out);
        }
        return;
    case DANE_HOST_TLSA_INSECURE:
    case DANE_HOST_HOST_INSECURE:
        no_effect_finding(h, v, out);
        return;
    case DANE_HOST_LOOKUP_FAILED:
        lookup_finding(h, v, out);
        return;
    case DANE_HOST_UNUSABLE:
        put_records_at(findings_add_max(out, FINDING_DANE_ALL_UNUSABLE), h, v);
        return;
    case DANE_HOST_USABLE:
        put_records_at(findings_add_max(out, FINDING_DANE_USABLE), h, v);
        return;
    case DANE_HOST_COUNT:
        break;
    }
    UNREACHABLE("unknown dane_host");
}

static enum finding_code tlsa_record_code(const struct seen_tlsa *r)
{
    switch (tlsa_fault_of(r)) {
    case TLSA_FAULT_NONE: /* matching type Full(0): RFC 7671 section 10.1 */
        return r->matching == 0 ? FINDING_DANE_RECORD_FULL : FINDING_COUNT;
    case TLSA_FAULT_PKIX_USAGE:
        return FINDING_DANE_RECORD_PKIX_USAGE;
    case TLSA_FAULT_USAGE:
    case TLSA_FAULT_SELECTOR:
    case TLSA_FAULT_MATCHING:
        return FINDING_DANE_RECORD_UNKNOWN;
    case TLSA_FAULT_DIGEST_LENGTH:
    case TLSA_FAULT_FULL_MALFORMED:
        return FINDING_DANE_RECORD_MALFORMED;
    case TLSA_FAULT_EMPTY_DIGEST:
        return FINDING_DANE_RECORD_EMPTY_DIGEST;
    case TLSA_FAULT_COUNT:
        break;
    }
    UNREACHABLE("unknown tlsa_fault");
}

static bool any_without_fault(const struct dane_host_verdict *v)
{
    for (size_t i = 0; i < v->tlsa_count; i++) {
        if (tlsa_fault_of(&v->tlsas[i]) == TLSA_FAULT_NONE) {
            return true;
        }
    }
    return false;
}

/* Without effect nothing is lost by it; beside records without fault little. */
static enum severity tlsa_record_severity(const struct dane_host_verdict *v)
{
    switch (v->state) {
    case DANE_HOST_UNUSABLE:
        return SEVERITY_ERROR;
    case DANE_HOST_USABLE: /* a digest of nothing is usable as well, and never matches */
        return any_without_fault(v) ? SEVERITY_WARNING : SEVERITY_ERROR;
    case DANE_HOST_UNKNOWN:
    case DANE_HOST_NONE:
    case DANE_HOST_TLSA_INSECURE:
    case DANE_HOST_HOST_INSECURE:
    case DANE_HOST_LOOKUP_FAILED:
        return SEVERITY_NOTICE;
    case DANE_HOST_COUNT:
        break;
    }
    UNREACHABLE("unknown dane_host");
}

/* All records of one code, from the first one on. */
static void tlsa_record_finding(const struct dane_host_verdict *v, size_t first,
                                enum finding_code code, struct findings *out)
{
    struct buf *evidence = findings_add_at_most(out, code, tlsa_record_severity(v));
    size_t count = 0;
    for (size_t i = first; i < v->tlsa_count; i++) {
        if (tlsa_record_code(&v->tlsas[i]) == code && evidence_next(evidence, &count)) {
            put_record(evidence, &v->tlsas[i]);
            buf_putf(evidence, " (%s)", tlsa_fault_word(tlsa_fault_of(&v->tlsas[i])));
        }
    }
    evidence_end(evidence, count);
}

static bool is_same_record(const struct seen_tlsa *a, const struct seen_tlsa *b)
{
    return a->usage == b->usage && a->selector == b->selector && a->matching == b->matching &&
           span_eq(a->data, b->data);
}

static void duplicate_finding(const struct dane_host_verdict *v, struct findings *out)
{
    for (size_t i = 1; i < v->tlsa_count; i++) {
        for (size_t k = 0; k < i; k++) {
            if (is_same_record(&v->tlsas[i], &v->tlsas[k])) {
                put_record(findings_add_max(out, FINDING_DANE_RECORD_DUPLICATE), &v->tlsas[i]);
                return;
            }
        }
    }
}

static void tlsa_record_findings(const struct seen_host *h, const struct dane_host_verdict *v,
                                 struct findings *out)
{
    for (size_t i = 0; i < v->tlsa_count; i++) {
        enum finding_code code = tlsa_record_code(&v->tlsas[i]);
        if (code != FINDING_COUNT && !findings_has(out, code)) {
            tlsa_record_finding(v, i, code, out);
        }
    }
    duplicate_finding(v, out);
    if (v->tlsa_count >= TLSA_MANY_FROM) {
        put_records_at(
            findings_add_at_most(out, FINDING_DANE_MANY_RECORDS, tlsa_record_severity(v)), h, v);
    }
    if (v->base.len > 0 && !span_ieq(v->base, h->name)) {
        struct buf *evidence = findings_add_max(out, FINDING_DANE_VIA_CNAME);
        evidence_put(evidence, h->name);
        buf_put_text(evidence, " -> ");
        evidence_put(evidence, v->base);
    }
}

void dane_findings_of_host(const struct seen_host *h, const struct dane_host_verdict *v,
                           struct findings *out)
{
    state_findings(h, v, out);
    if (v->state != DANE_HOST_UNKNOWN) {
        tlsa_record_findings(h, v, out);
    }
}

/* --- the endpoint ------------------------------------------------------------------------------ */

static struct buf *dane_finding_add(struct findings *out, enum finding_code code,
                                    enum severity most, const struct seen_endpoint *e)
{
    struct buf *evidence = findings_add_at_most(out, code, most);
    char text[NET_ADDR_TEXT_MAX];
    (void)net_addr_format(&e->address, text);
    buf_putf(evidence, "%s port %u, host ", text, e->port);
    evidence_put(evidence, e->host);
    buf_put_text(evidence, ": ");
    return evidence;
}

static void put_hint(struct buf *evidence, const struct tlsa_result *r)
{
    if (r->other_selector) {
        buf_put_text(evidence, " (matches with the other selector)");
    }
    if (r->other_usage) {
        buf_put_text(evidence, " (matches with the other usage)");
    }
    if (r->matches_other_key) {
        buf_put_text(evidence, " (matches the certificate of the other key)");
    }
}

static bool is_unmatched(const struct dane_verdict *v, size_t i)
{
    return v->record[i].in_force && !v->record[i].matches;
}

/* Records in force that do not match; of one usage, or of both (0). */
static void put_unmatched(struct buf *evidence, const struct seen_endpoint *e,
                          const struct dane_verdict *v, uint8_t usage)
{
    size_t count = 0;
    for (size_t i = 0; i < v->record_count; i++) {
        bool wanted = usage == 0 || e->tlsas[i].usage == usage;
        if (wanted && is_unmatched(v, i) && evidence_next(evidence, &count)) {
            put_record(evidence, &e->tlsas[i]);
            put_hint(evidence, &v->record[i]);
        }
    }
    evidence_end(evidence, count);
}

static bool has_unmatched(const struct seen_endpoint *e, const struct dane_verdict *v,
                          uint8_t usage)
{
    for (size_t i = 0; i < v->record_count; i++) {
        if (e->tlsas[i].usage == usage && is_unmatched(v, i)) {
            return true;
        }
    }
    return false;
}

/* @return FINDING_COUNT: no DANE-TA record fails */
static enum finding_code ta_code(enum dane_ta_fault f)
{
    switch (f) {
    case DANE_TA_NONE:
        return FINDING_COUNT;
    case DANE_TA_NOT_PRESENTED:
        return FINDING_DANE_TA_NOT_PRESENTED;
    case DANE_TA_NO_PATH:
        return FINDING_DANE_TA_PATH;
    case DANE_TA_EXPIRED:
        return FINDING_DANE_TA_EXPIRED;
    case DANE_TA_NAME:
        return FINDING_DANE_TA_NAME;
    }
    UNREACHABLE("unknown dane_ta_fault");
}

static void mismatch_findings(const struct seen_endpoint *e, const struct dane_verdict *v,
                              struct findings *out)
{
    enum finding_code code = ta_code(v->ta_fault);
    bool by_ta = code != FINDING_COUNT;
    if (has_unmatched(e, v, USAGE_EE) || !by_ta) {
        put_unmatched(dane_finding_add(out, FINDING_DANE_MISMATCH, SEVERITY_ERROR, e), e, v,
                      by_ta ? USAGE_EE : 0);
    }
    if (by_ta) {
        struct buf *evidence = dane_finding_add(out, code, SEVERITY_ERROR, e);
        buf_putf(evidence, "%s; ", dane_ta_fault_word(v->ta_fault));
        put_unmatched(evidence, e, v, USAGE_TA);
    }
}

/* Which domains lead to the host is not known here: their rows tell whether the certificate is for them. */
static void other_name_finding(const struct seen_endpoint *e, const struct dane_verdict *v,
                               struct findings *out)
{
    put_unmatched(dane_finding_add(out, FINDING_DANE_TA_OTHER_NAME, SEVERITY_NOTICE, e), e, v,
                  USAGE_TA);
}

/* Who meets the key and not the certificate of the anchor. */
static void anchor_finding(const struct seen_endpoint *e, const struct dane_verdict *v,
                           struct findings *out)
{
    if ((v->flags & DANE_FLAG_ANCHOR_IN_DNS) == 0) {
        return;
    }
    struct buf *evidence = dane_finding_add(out, FINDING_DANE_ANCHOR_IN_DNS, SEVERITY_ERROR, e);
    size_t count = 0;
    for (size_t i = 0; i < v->record_count; i++) {
        if (v->record[i].anchor_in_dns && v->record[i].in_force &&
            evidence_next(evidence, &count)) {
            put_record(evidence, &e->tlsas[i]);
        }
    }
    evidence_end(evidence, count);
}

/* What answers to the other kind of key was asked for, and is known. */
static bool knows_other_key(const struct seen_endpoint *e, const struct dane_verdict *v)
{
    return v->other_key != DANE_UNKNOWN ||
           (e->other_key != NULL && outcome_info(e->other_key->outcome)->conclusive);
}

static void stale_finding(const struct seen_endpoint *e, const struct dane_verdict *v,
                          struct findings *out)
{
    if (v->stale == 0) {
        return;
    }
    bool known = knows_other_key(e, v);
    struct buf *evidence = dane_finding_add(out, FINDING_DANE_STALE_RECORD,
                                            known ? SEVERITY_WARNING : SEVERITY_NOTICE, e);
    size_t count = 0;
    for (size_t i = 0; i < v->record_count; i++) {
        if (is_unmatched(v, i) && !v->record[i].matches_other_key &&
            evidence_next(evidence, &count)) {
            put_record(evidence, &e->tlsas[i]);
            put_hint(evidence, &v->record[i]);
        }
    }
    evidence_end(evidence, count);
    buf_put_text(evidence, known ? "" : "; no handshake with the other type of key was made");
}

/* Where the first list fails as well, that is the finding. */
static void other_key_finding(const struct seen_endpoint *e, const struct dane_verdict *v,
                              struct findings *out)
{
    if (v->status != DANE_MATCH || v->other_key != DANE_MISMATCH) {
        return;
    }
    struct buf *evidence =
        dane_finding_add(out, FINDING_DANE_OTHER_KEY_MISMATCH, SEVERITY_ERROR, e);
    buf_putf(evidence, "none of %zu records matches the leaf ", v->record_count);
    buf_put_hex(evidence, (struct span){e->other_key->tls.leaf_sha256, LEAF_SHOWN});
    buf_put_text(evidence, "...");
}

static bool dane_is_acceptable(const struct seen_endpoint *e, const struct endpoint_verdict *v)
{
    return e->chain.status == CHAIN_TRUSTED && name_match_is_match(v->name.match);
}

static void match_findings(const struct seen_endpoint *e, const struct endpoint_verdict *v,
                           struct findings *out)
{
    const struct dane_verdict *dane = &v->dane;
    if (dane->matching_record >= 0) {
        size_t i = (size_t)dane->matching_record;
        struct buf *evidence = dane_finding_add(out, FINDING_DANE_MATCH, SEVERITY_INFO, e);
        put_record(evidence, &e->tlsas[i]);
        if (dane->record[i].position >= 0) {
            buf_putf(evidence, " at position %d", dane->record[i].position);
        } else {
            buf_put_text(evidence, " in DNS, not presented");
        }
    }
    if (dane_is_acceptable(e, v)) {
        buf_putf(dane_finding_add(out, FINDING_DANE_PKIX_ALSO_VALID, SEVERITY_INFO, e),
                 "chain %s, name %s", chain_status_word((enum chain_status)e->chain.status),
                 name_match_word(v->name.match));
    }
    stale_finding(e, dane, out);
    other_key_finding(e, dane, out);
}

/* A record that matches and is ignored for a stronger digest (RFC 7671 section 9). */
static void agility_finding(const struct seen_endpoint *e, const struct dane_verdict *v,
                            struct findings *out)
{
    if (!v->agility_conflict) {
        return;
    }
    /* Where another record matches, nothing fails; yet. */
    enum severity most = v->status == DANE_MATCH ? SEVERITY_WARNING : SEVERITY_ERROR;
    struct buf *evidence = dane_finding_add(out, FINDING_DANE_AGILITY_CONFLICT, most, e);
    size_t count = 0;
    for (size_t i = 0; i < v->record_count; i++) {
        bool aside = v->record[i].matches && !v->record[i].in_force;
        if (aside && evidence_next(evidence, &count)) {
            put_record(evidence, &e->tlsas[i]);
            buf_put_text(evidence, " matches and is ignored");
        }
    }
    evidence_end(evidence, count);
}

/* Secure records, usable or not, forbid cleartext (RFC 7672 section 2.2). */
static void no_tls_finding(const struct seen_endpoint *e, const struct dane_verdict *v,
                           struct findings *out)
{
    const struct seen_session *s = e->dane_sni != NULL ? e->dane_sni : e->result;
    bool unusable = v->status == DANE_UNUSABLE && s != NULL &&
                    outcome_info(s->outcome)->conclusive && s->outcome != OUTCOME_ESTABLISHED;
    if (v->status != DANE_NO_TLS && !unusable) {
        return;
    }
    struct buf *evidence = dane_finding_add(out, FINDING_DANE_NO_TLS, SEVERITY_ERROR, e);
    buf_putf(evidence, "%zu TLSA records, %s", e->tlsa_count,
             s != NULL ? outcome_info(s->outcome)->word : "no session");
}

void dane_findings_of_endpoint(const struct seen_endpoint *e, const struct endpoint_verdict *v,
                               struct findings *out)
{
    no_tls_finding(e, &v->dane, out);
    if (v->dane.status == DANE_MATCH) {
        match_findings(e, v, out);
    } else if (v->dane.status == DANE_OTHER_NAME) {
        other_name_finding(e, &v->dane, out);
    } else if (v->dane.status == DANE_MISMATCH) {
        mismatch_findings(e, &v->dane, out);
    }
    anchor_finding(e, &v->dane, out);
    agility_finding(e, &v->dane, out);
}
