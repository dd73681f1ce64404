#include "scanner/analysis/findings.h"
#include "scanner/analysis/policy_evidence.h"
#include "scanner/analysis/sts_findings.h"
#include "scanner/base/check.h"
#include "scanner/cert/cert_names.h"
#include "scanner/observation/tls_names.h"

/* In the order of a fetch (RFC 8461 section 3.3). A stage that was not reached has no finding. */

static struct buf *policy_finding_add(struct findings *out, enum finding_code code,
                                      const struct sts_verdict *v)
{
    return findings_add_at_most(out, code, sts_severity(v));
}

/* --- DNS --------------------------------------------------------------------------------------- */

static void put_policy_answers(struct buf *evidence, const struct seen_policy *p)
{
    evidence_put(evidence, p->policy_host);
    buf_put_text(evidence, ": A ");
    evidence_put_dns(evidence, &p->a);
    buf_put_text(evidence, ", AAAA ");
    evidence_put_dns(evidence, &p->aaaa);
}

static void policy_special_address_finding(const struct seen_policy *p, const struct sts_verdict *v,
                                           struct findings *out)
{
    struct buf *evidence = NULL;
    size_t count = 0;
    bool dialled = p->outcome != POLICY_FETCH_NOT_DIALLED;
    for (size_t i = 0; i < p->address_count; i++) {
        const char *block = net_addr_special_purpose(&p->addresses[i]);
        if (block == NULL) {
            continue;
        }
        if (evidence == NULL) {
            enum severity most = dialled ? SEVERITY_WARNING : SEVERITY_ERROR;
            enum severity mode = sts_severity(v);
            evidence = findings_add_at_most(out, FINDING_STS_POLICY_SPECIAL_ADDRESS,
                                            most < mode ? most : mode);
        }
        if (evidence_next(evidence, &count)) {
            evidence_put_address(evidence, &p->addresses[i]);
            buf_putf(evidence, " (%s)", block);
        }
    }
    if (evidence != NULL) {
        evidence_end(evidence, count);
    }
}

static void dns_findings(const struct seen_policy *p, const struct sts_verdict *v,
                         struct findings *out)
{
    bool failed = p->outcome == POLICY_FETCH_DNS_FAILED &&
                  (dns_question_failed(&p->a) || dns_question_failed(&p->aaaa));
    if (p->outcome == POLICY_FETCH_DNS_NXDOMAIN || failed) {
        put_policy_answers(policy_finding_add(out, FINDING_STS_POLICY_DNS, v), p);
    } else if (p->outcome == POLICY_FETCH_DNS_NO_ADDRESS) {
        put_policy_answers(policy_finding_add(out, FINDING_STS_POLICY_NO_ADDRESS, v), p);
    }
    if (p->cname_count > 0) {
        evidence_put_links(findings_add_max(out, FINDING_STS_POLICY_VIA_CNAME), p->policy_host,
                           p->cnames, p->cname_count);
    }
    policy_special_address_finding(p, v, out);
}

/* --- TCP --------------------------------------------------------------------------------------- */

static bool is_tcp(enum policy_fetch f)
{
    return f == POLICY_FETCH_TCP_REFUSED || f == POLICY_FETCH_TCP_TIMEOUT ||
           f == POLICY_FETCH_TCP_RESET || f == POLICY_FETCH_TCP_UNREACHABLE;
}

static void tcp_findings(const struct seen_policy *p, const struct sts_verdict *v,
                         struct findings *out)
{
    struct buf *evidence = NULL;
    size_t count = 0;
    for (size_t i = 0; i < p->attempt_count; i++) {
        enum policy_fetch outcome = (enum policy_fetch)p->attempts[i].outcome;
        if (!is_tcp(outcome)) {
            continue;
        }
        if (evidence == NULL) {
            evidence =
                policy_finding_add(out,
                                   is_tcp(p->outcome) ? FINDING_STS_POLICY_TCP
                                                      : FINDING_STS_POLICY_ADDRESS_UNREACHABLE,
                                   v);
        }
        if (evidence_next(evidence, &count)) {
            evidence_put_address(evidence, &p->attempts[i].address);
            buf_putf(evidence, ": %s", policy_fetch_word(outcome));
        }
    }
    if (evidence != NULL) {
        evidence_end(evidence, count);
    }
}

/* --- TLS --------------------------------------------------------------------------------------- */

static bool is_tls(enum policy_fetch f)
{
    return f == POLICY_FETCH_TLS_TIMEOUT || f == POLICY_FETCH_TLS_CLOSED ||
           f == POLICY_FETCH_TLS_ALERT || f == POLICY_FETCH_TLS_NO_SHARED_VERSION ||
           f == POLICY_FETCH_TLS_FAILED;
}

static void put_alert(struct buf *evidence, const struct seen_tls *tls)
{
    const char *name = tls_alert_name(tls->alert_received);
    if (name != NULL) {
        buf_putf(evidence, ", alert %s", name);
    } else if (tls->alert_received >= 0) {
        buf_putf(evidence, ", alert %d", tls->alert_received);
    }
}

static void policy_handshake_finding(const struct seen_policy *p, const struct sts_verdict *v,
                                     struct findings *out)
{
    bool old = p->outcome == POLICY_FETCH_FETCHED && !policy_is_fetched(p);
    if (!is_tls(p->outcome) && !old) {
        return;
    }
    struct buf *evidence = policy_finding_add(out, FINDING_STS_POLICY_TLS, v);
    if (old) {
        buf_putf(evidence, "TLS 1.%u and no newer", p->tls.version - 0x0301U);
        return;
    }
    buf_put_text(evidence, policy_fetch_word(p->outcome));
    if (p->tls_attempted) {
        put_alert(evidence, &p->tls);
        if (p->tls.error_text[0] != '\0') {
            buf_put_text(evidence, ": ");
            evidence_put(evidence, span_of(p->tls.error_text));
        }
    }
}

/* @return FINDING_COUNT: the chain passes, or was not judged */
static enum finding_code chain_code(enum chain_status status)
{
    switch (status) {
    case CHAIN_NONE:
    case CHAIN_TRUSTED:
        return FINDING_COUNT;
    case CHAIN_EXPIRED:
    case CHAIN_NOT_YET_VALID:
        return FINDING_STS_POLICY_CERTIFICATE_EXPIRED;
    case CHAIN_SELF_SIGNED:
        return FINDING_STS_POLICY_CERTIFICATE_SELF_SIGNED;
    case CHAIN_UNTRUSTED_ROOT:
        return FINDING_STS_POLICY_CERTIFICATE_UNTRUSTED;
    case CHAIN_MISSING_INTERMEDIATE:
    case CHAIN_ISSUER_UNKNOWN:
        return FINDING_STS_POLICY_CERTIFICATE_INCOMPLETE;
    case CHAIN_INVALID:
    case CHAIN_UNPARSABLE:
        return FINDING_STS_POLICY_CERTIFICATE_INVALID;
    case CHAIN_STATUS_COUNT:
        break;
    }
    UNREACHABLE("unknown chain_status");
}

static void put_policy_leaf_names(struct buf *evidence, struct span packed)
{
    enum cert_names_kind kind;
    struct span name;
    size_t count = 0;
    while (cert_names_next(&packed, &kind, &name)) {
        if (kind != CERT_NAMES_ADDRESS && evidence_next(evidence, &count)) {
            buf_put_text(evidence, kind == CERT_NAMES_CN ? "CN " : "");
            evidence_put(evidence, name);
        }
    }
    evidence_end(evidence, count);
    buf_put_text(evidence, count == 0 ? "no name" : "");
}

static void certificate_findings(const struct seen_policy *p, const struct sts_verdict *v,
                                 struct findings *out)
{
    enum chain_status status = (enum chain_status)p->chain.status;
    enum finding_code code = chain_code(status);
    if (!p->tls_attempted) {
        return;
    }
    if (code != FINDING_COUNT) {
        struct buf *evidence = policy_finding_add(out, code, v);
        buf_putf(evidence, "chain %s, %u certificates", chain_status_word(status),
                 p->tls.cert_count);
    }
    if (v->name.match != NAME_MATCH_NONE && !name_match_is_match(v->name.match)) {
        struct buf *evidence = policy_finding_add(out, FINDING_STS_POLICY_CERTIFICATE_NAME, v);
        evidence_put(evidence, p->policy_host);
        buf_putf(evidence, ": %s, certificate for ", name_match_word(v->name.match));
        put_policy_leaf_names(evidence, buf_span(&v->names));
    }
}

/* --- HTTP -------------------------------------------------------------------------------------- */

static bool http_code(enum policy_fetch f, enum finding_code *code)
{
    switch (f) {
    case POLICY_FETCH_HTTP_REDIRECT:
        *code = FINDING_STS_POLICY_HTTP_REDIRECT;
        return true;
    case POLICY_FETCH_HTTP_STATUS:
        *code = FINDING_STS_POLICY_HTTP_STATUS;
        return true;
    case POLICY_FETCH_HTTP_CLOSED:
    case POLICY_FETCH_HTTP_MALFORMED:
    case POLICY_FETCH_HTTP_HEAD_TOO_LARGE:
        *code = FINDING_STS_POLICY_HTTP;
        return true;
    case POLICY_FETCH_HTTP_TIMEOUT:
    case POLICY_FETCH_BODY_TIMEOUT:
        *code = FINDING_STS_POLICY_TIMEOUT;
        return true;
    case POLICY_FETCH_BODY_TOO_LARGE:
        *code = FINDING_STS_POLICY_TOO_LARGE;
        return true;
    case POLICY_FETCH_BODY_TRUNCATED:
        *code = FINDING_STS_POLICY_TRUNCATED;
        return true;
    case POLICY_FETCH_NOT_ASKED:
    case POLICY_FETCH_DNS_NXDOMAIN:
    case POLICY_FETCH_DNS_NO_ADDRESS:
    case POLICY_FETCH_DNS_FAILED:
    case POLICY_FETCH_NOT_DIALLED:
    case POLICY_FETCH_TCP_REFUSED:
    case POLICY_FETCH_TCP_TIMEOUT:
    case POLICY_FETCH_TCP_RESET:
    case POLICY_FETCH_TCP_UNREACHABLE:
    case POLICY_FETCH_TLS_TIMEOUT:
    case POLICY_FETCH_TLS_CLOSED:
    case POLICY_FETCH_TLS_ALERT:
    case POLICY_FETCH_TLS_NO_SHARED_VERSION:
    case POLICY_FETCH_TLS_FAILED:
    case POLICY_FETCH_FETCHED:
    case POLICY_FETCH_INTERRUPTED:
    case POLICY_FETCH_LOCAL_FAULT:
        return false;
    case POLICY_FETCH_COUNT:
        break;
    }
    UNREACHABLE("unknown policy_fetch");
}

static void http_finding(const struct seen_policy *p, const struct sts_verdict *v,
                         struct findings *out)
{
    enum finding_code code;
    if (!http_code(p->outcome, &code)) {
        return;
    }
    struct buf *evidence = policy_finding_add(out, code, v);
    buf_put_text(evidence, policy_fetch_word(p->outcome));
    if (p->status != 0) {
        buf_putf(evidence, ", status %u", p->status);
    }
    if (p->outcome == POLICY_FETCH_HTTP_REDIRECT) {
        buf_put_text(evidence, " to ");
        evidence_put(evidence, p->location);
    } else if (p->body.len > 0 && code != FINDING_STS_POLICY_TIMEOUT) { /* else chance decides it */
        buf_putf(evidence, ", %zu octets read", p->body.len);
    }
}

/* --- the body ---------------------------------------------------------------------------------- */

static enum finding_code body_code(enum sts_policy_fault f)
{
    switch (f) {
    case STS_POLICY_SYNTAX:
        return FINDING_STS_POLICY_SYNTAX;
    case STS_POLICY_VERSION_MISSING:
    case STS_POLICY_VERSION_BAD:
        return FINDING_STS_POLICY_VERSION;
    case STS_POLICY_MODE_MISSING:
    case STS_POLICY_MODE_BAD:
        return FINDING_STS_POLICY_MODE;
    case STS_POLICY_MAX_AGE_MISSING:
    case STS_POLICY_MAX_AGE_BAD:
        return FINDING_STS_POLICY_MAX_AGE;
    case STS_POLICY_MAX_AGE_OVER_MAX:
        return FINDING_STS_POLICY_MAX_AGE_OVER_MAX;
    case STS_POLICY_MAX_AGE_SHORT:
        return FINDING_STS_POLICY_MAX_AGE_SHORT;
    case STS_POLICY_MX_MISSING:
        return FINDING_STS_POLICY_MX_MISSING;
    case STS_POLICY_MX_EMAIL:
    case STS_POLICY_MX_TRAILING_DOT:
    case STS_POLICY_MX_EMPTY:
    case STS_POLICY_MX_BARE_STAR:
    case STS_POLICY_MX_LEADING_DOT:
    case STS_POLICY_MX_INNER_WILDCARD:
    case STS_POLICY_MX_IP:
    case STS_POLICY_MX_U_LABEL:
    case STS_POLICY_MX_UNDERSCORE:
    case STS_POLICY_MX_URL:
    case STS_POLICY_MX_PORT:
    case STS_POLICY_MX_SYNTAX:
        return FINDING_STS_POLICY_MX_SYNTAX;
    case STS_POLICY_KEY_CASE:
        return FINDING_STS_POLICY_KEY_CASE;
    case STS_POLICY_DUPLICATE_KEY:
        return FINDING_STS_POLICY_DUPLICATE_KEY;
    case STS_POLICY_UNKNOWN_KEY:
        return FINDING_STS_POLICY_UNKNOWN_KEY;
    case STS_POLICY_BLANK_LINE:
        return FINDING_STS_POLICY_BLANK_LINE;
    case STS_POLICY_KEY_SPACE:
        return FINDING_STS_POLICY_KEY_SPACE;
    case STS_POLICY_LAST_CR:
    case STS_POLICY_EXTRA_CR:
        return FINDING_STS_POLICY_LINE_END;
    case STS_POLICY_BOM:
        return FINDING_STS_POLICY_BOM;
    case STS_POLICY_HTML:
        return FINDING_STS_POLICY_HTML;
    case STS_POLICY_EMPTY_BODY:
        return FINDING_STS_POLICY_EMPTY;
    case STS_POLICY_TOO_MANY_MX:
        return FINDING_STS_POLICY_TOO_MANY_MX;
    case STS_POLICY_FAULT_COUNT:
        break;
    }
    UNREACHABLE("unknown sts_policy_fault");
}

/* A fault that leaves the policy valid costs it at strict senders only. In testing a short max_age is
 * what RFC 8461 section 3.2 advises. */
static enum severity body_severity(const struct sts_verdict *v, enum finding_code code)
{
    enum severity mode = sts_severity(v);
    bool testing = v->policy.mode == STS_MODE_TESTING;
    if (code == FINDING_STS_POLICY_MAX_AGE_SHORT && testing) {
        return SEVERITY_NOTICE;
    }
    return v->policy.lenient_valid && mode > SEVERITY_WARNING ? SEVERITY_WARNING : mode;
}

static void put_fault(struct buf *evidence, const struct sts_policy_finding *f)
{
    if (f->line > 0) {
        buf_putf(evidence, "line %u: ", f->line);
    }
    buf_put_text(evidence, sts_policy_fault_word(f->fault));
    if (f->text.len > 0) {
        buf_put_text(evidence, " \"");
        evidence_put(evidence, f->text);
        buf_put_char(evidence, '"');
    }
}

/* All faults of one code, from the first one on. */
static void body_finding(const struct sts_verdict *v, size_t first, struct findings *out)
{
    enum finding_code code = body_code(v->policy.fault[first].fault);
    struct buf *evidence = findings_add_at_most(out, code, body_severity(v, code));
    size_t count = 0;
    for (size_t i = first; i < v->policy.fault_count; i++) {
        if (body_code(v->policy.fault[i].fault) == code && evidence_next(evidence, &count)) {
            put_fault(evidence, &v->policy.fault[i]);
        }
    }
    evidence_end(evidence, count);
}

static void body_findings(const struct seen_policy *p, const struct sts_verdict *v,
                          struct findings *out)
{
    if (!v->has_policy) {
        return;
    }
    if (v->media_type != MEDIA_TYPE_TEXT_PLAIN) {
        struct buf *evidence = policy_finding_add(out, FINDING_STS_POLICY_MEDIA_TYPE, v);
        buf_put_text(evidence, media_type_word(v->media_type));
        if (p->content_type.len > 0) {
            buf_put_text(evidence, ": ");
            evidence_put(evidence, p->content_type);
        }
    }
    for (size_t i = 0; i < v->policy.fault_count; i++) {
        if (!findings_has(out, body_code(v->policy.fault[i].fault))) {
            body_finding(v, i, out);
        }
    }
}

void findings_of_policy(const struct seen_policy *p, const struct sts_verdict *v,
                        struct findings *out)
{
    if (p->outcome == POLICY_FETCH_NOT_ASKED) {
        return;
    }
    dns_findings(p, v, out);
    tcp_findings(p, v, out);
    policy_handshake_finding(p, v, out);
    certificate_findings(p, v, out);
    http_finding(p, v, out);
    body_findings(p, v, out);
}
