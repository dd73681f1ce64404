#include "scanner/analysis/dane_findings.h"
#include "scanner/analysis/findings.h"
#include "scanner/analysis/session_findings.h"
#include "scanner/base/check.h"
#include "scanner/cert/cert_names.h"
#include "scanner/observation/tls_names.h"

/* Every evidence begins with the address and the host name that was asked for there. */
static struct buf *endpoint_finding_add(struct findings *out, enum finding_code code,
                                        const struct seen_endpoint *e)
{
    struct buf *evidence = findings_add_max(out, code);
    char text[NET_ADDR_TEXT_MAX];
    (void)net_addr_format(&e->address, text);
    buf_putf(evidence, "%s port %u, host ", text, e->port);
    evidence_put(evidence, e->host);
    return evidence;
}

/* The names that a certificate is for: its dNSNames, or its common names where it has none. */
static void put_leaf_names(struct buf *evidence, struct span packed)
{
    enum cert_names_kind first = CERT_NAMES_DNS;
    enum cert_names_kind kind;
    struct span name;
    size_t count = 0;
    while (cert_names_next(&packed, &kind, &name)) {
        first = count == 0 ? kind : first;
        if (kind != first || kind == CERT_NAMES_ADDRESS) {
            break;
        }
        if (++count <= EVIDENCE_LIST_MAX) {
            buf_put_text(evidence, count > 1 ? ", " : kind == CERT_NAMES_CN ? "CN " : "");
            evidence_put(evidence, name);
        }
    }
    if (count > EVIDENCE_LIST_MAX) {
        buf_putf(evidence, " and %zu more", count - EVIDENCE_LIST_MAX);
    }
    if (count == 0) {
        buf_put_text(evidence, "no name");
    }
}

static void endpoint_name_finding(const struct seen_endpoint *e, const struct endpoint_verdict *v,
                                  enum finding_code code, struct findings *out)
{
    struct buf *evidence = endpoint_finding_add(out, code, e);
    buf_put_text(evidence, ": certificate for ");
    put_leaf_names(evidence, buf_span(&v->names));
    if (v->name.match == NAME_MATCH_PROVIDER) {
        buf_put_text(evidence, "; name in greeting or EHLO: ");
        evidence_put(evidence, buf_span(&v->server_name));
    }
}

static void endpoint_name_findings(const struct seen_endpoint *e, const struct endpoint_verdict *v,
                                   struct findings *out)
{
    switch (v->name.match) {
    case NAME_MATCH_NONE:
    case NAME_MATCH_EXACT:
    case NAME_MATCH_COUNT:
        return;
    case NAME_MATCH_WILDCARD:
        if (name_match_is_broad(v->name.matched)) {
            endpoint_name_finding(e, v, FINDING_NAME_WILDCARD_PUBLIC_SUFFIX, out);
        }
        return;
    case NAME_MATCH_CN_ONLY:
        endpoint_name_finding(e, v, FINDING_NAME_CN_ONLY, out);
        return;
    case NAME_MATCH_PARENT:
        endpoint_name_finding(e, v, FINDING_NAME_MISMATCH_BUT_DOMAIN, out);
        return;
    case NAME_MATCH_PROVIDER:
        endpoint_name_finding(e, v, FINDING_NAME_MISMATCH_PROVIDER_DEFAULT, out);
        return;
    case NAME_MATCH_LOCALHOST:
        endpoint_name_finding(e, v, FINDING_NAME_MISMATCH_LOCALHOST, out);
        return;
    case NAME_MATCH_NO_NAMES:
        endpoint_name_finding(e, v, FINDING_NAME_NO_NAMES, out);
        return;
    case NAME_MATCH_OTHER:
        endpoint_name_finding(e, v, FINDING_NAME_MISMATCH, out);
        return;
    }
    UNREACHABLE("unknown name_match");
}

/* What a sender that checks would say of a list and its leaf's names. */
static void put_judged(struct buf *evidence, const char *which, const struct chain_brief *chain,
                       const struct name_verdict *name)
{
    buf_putf(evidence, "%s chain %s, name %s", which,
             chain_status_word((enum chain_status)chain->status), name_match_word(name->match));
}

static void compared_finding(const struct seen_endpoint *e, const struct endpoint_verdict *v,
                             enum finding_code code, struct findings *out)
{
    struct buf *evidence = endpoint_finding_add(out, code, e);
    put_judged(evidence, ": with SNI", &e->chain, &v->name);
    put_judged(evidence, "; without", &e->no_sni_chain, &v->default_name);
    buf_put_text(evidence, ", certificate for ");
    put_leaf_names(evidence, e->no_sni_names);
}

static void differs_finding(const struct seen_endpoint *e, const struct endpoint_verdict *v,
                            struct findings *out)
{
    switch (v->acceptable) {
    case SNI_ACCEPTABLE_BOTH:
        compared_finding(e, v, FINDING_SNI_DIFFERS, out);
        return;
    case SNI_ACCEPTABLE_ONLY_SNI:
        compared_finding(e, v, FINDING_SNI_NEEDED, out);
        return;
    case SNI_ACCEPTABLE_ONLY_DEFAULT:
        compared_finding(e, v, FINDING_SNI_WORSE, out);
        return;
    case SNI_ACCEPTABLE_NEITHER:
    case SNI_ACCEPTABLE_UNKNOWN:
        return; /* what is wrong with the certificates has codes of its own */
    }
    UNREACHABLE("unknown sni_acceptable");
}

static void put_failure(struct buf *evidence, const struct seen_session *s)
{
    const char *alert = tls_alert_name(s->tls.alert_received);
    buf_putf(evidence, ": %s", outcome_info(s->outcome)->word);
    if (alert != NULL) {
        buf_putf(evidence, ", alert %s", alert);
    } else if (s->tls.alert_received >= 0) {
        buf_putf(evidence, ", alert %d", s->tls.alert_received);
    }
    buf_put_text(evidence, " with SNI, established without");
}

static void sni_findings(const struct seen_endpoint *e, const struct endpoint_verdict *v,
                         struct findings *out)
{
    switch (v->sni) {
    case SNI_UNKNOWN:
        return;
    case SNI_SAME: /* but perhaps in two lists, one of them without its intermediate */
        if (v->acceptable != SNI_ACCEPTABLE_BOTH) {
            differs_finding(e, v, out);
        }
        return;
    case SNI_DIFFERS:
        differs_finding(e, v, out);
        return;
    case SNI_FATAL_WITHOUT:
        buf_putf(endpoint_finding_add(out, FINDING_SNI_REQUIRED_FATAL, e),
                 ": %s without SNI, established with it", outcome_info(e->no_sni_outcome)->word);
        return;
    case SNI_FATAL_WITH:
        put_failure(endpoint_finding_add(out, FINDING_SNI_UNKNOWN_NAME_FATAL, e), e->result);
        return;
    case SNI_UNSTABLE:
        buf_put_text(endpoint_finding_add(out, FINDING_SNI_UNSTABLE, e),
                     ": two handshakes with SNI, two different certificates");
        return;
    }
    UNREACHABLE("unknown sni_class");
}

static void warning_finding(const struct seen_endpoint *e, struct findings *out)
{
    const struct seen_session *s = e->result;
    if (!endpoint_is_inherited(e) && s != NULL && s->sni && s->tls_attempted &&
        s->tls.unknown_name_warning) {
        buf_put_text(endpoint_finding_add(out, FINDING_SNI_UNKNOWN_NAME_WARNING, e),
                     ": warning alert unrecognized_name");
    }
}

static bool endpoint_name_is_acceptable(const struct chain_brief *chain,
                                        const struct name_verdict *name)
{
    return chain->status == CHAIN_TRUSTED && name_match_is_match(name->match);
}

/* Two lists were presented, and their leaves differ. */
static bool has_two_certificates(const struct seen_endpoint *e)
{
    return e->result != NULL && e->result->tls_attempted && e->result->tls.cert_count > 0 &&
           e->other_key != NULL && e->other_key->tls_attempted &&
           e->other_key->tls.cert_count > 0 &&
           memcmp(e->result->tls.leaf_sha256, e->other_key->tls.leaf_sha256, 32) != 0;
}

static void other_key_findings(const struct seen_endpoint *e, const struct endpoint_verdict *v,
                               struct findings *out)
{
    if (!has_two_certificates(e)) {
        return;
    }
    struct buf *evidence = endpoint_finding_add(out, FINDING_TLS_DUAL_CERTIFICATES, e);
    buf_put_text(evidence, ": certificate for ");
    put_leaf_names(evidence, buf_span(&v->names));
    buf_put_text(evidence, "; with the other key for ");
    put_leaf_names(evidence, buf_span(&v->other_key_names));
    if (endpoint_name_is_acceptable(&e->chain, &v->name) &&
        e->other_key_chain.status != CHAIN_NONE &&
        !endpoint_name_is_acceptable(&e->other_key_chain, &v->other_key_name)) {
        put_judged(endpoint_finding_add(out, FINDING_TLS_OTHER_KEY_UNACCEPTABLE, e),
                   ": with the other key", &e->other_key_chain, &v->other_key_name);
    }
}

void findings_of_endpoint(const struct seen_endpoint *e, const struct endpoint_verdict *v,
                          struct findings *out)
{
    session_findings_of_endpoint(e, out);
    if (v == NULL) {
        return;
    }
    endpoint_name_findings(e, v, out);
    sni_findings(e, v, out);
    warning_finding(e, out);
    other_key_findings(e, v, out);
    dane_findings_of_endpoint(e, v, out);
}
