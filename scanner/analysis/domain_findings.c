#include <string.h>

#include "scanner/analysis/account.h"
#include "scanner/analysis/dane_findings.h"
#include "scanner/analysis/findings.h"
#include "scanner/analysis/parity_findings.h"
#include "scanner/analysis/rollup.h"
#include "scanner/analysis/sts_findings.h"
#include "scanner/analysis/tls_rpt_findings.h"
#include "scanner/domain/domain_name.h"

#define MX_MANY_FROM 11 /* exchanges; senders and checkers look at 10 at most (Internet.nl) */

static void put_dns_state(struct buf *evidence, const struct seen_dns *dns)
{
    buf_put_text(evidence, dns_state_word((enum dns_state)dns->state));
    if (dns->rcode != 0 && dns->rcode != UINT8_MAX) {
        buf_putf(evidence, ", rcode %u", dns->rcode);
    }
    if (dns->ede >= 0) {
        buf_putf(evidence, ", extended error %d", dns->ede);
    }
}

static void input_findings(const struct seen_domain *d, struct findings *out)
{
    if (d->invalid != NULL) {
        struct buf *evidence = findings_add_max(out, FINDING_INPUT_INVALID);
        buf_putf(evidence, "%s: ", d->invalid);
        evidence_put(evidence, d->input);
        return;
    }
    if (d->duplicate_of != 0) {
        struct buf *evidence = findings_add_max(out, FINDING_INPUT_DUPLICATE);
        buf_put_text(evidence, "first on line ");
        buf_put_u64(evidence, d->duplicate_of);
        return;
    }
    if (d->blocklisted) {
        evidence_put(findings_add_max(out, FINDING_INPUT_BLOCKLISTED), d->domain);
        return;
    }
    if (d->registrable.len == 0) {
        evidence_put(findings_add_max(out, FINDING_INPUT_PUBLIC_SUFFIX), d->domain);
    }
}

/* Which finding speaks of a question for MX that brought neither data nor a denial. */
static bool mx_question_fault(enum dns_state state, enum finding_code *code)
{
    switch (state) {
    case DNS_SERVFAIL:
        *code = FINDING_DNS_MX_SERVFAIL;
        return true;
    case DNS_BOGUS:
        *code = FINDING_DNS_MX_BOGUS;
        return true;
    case DNS_TIMEOUT:
        *code = FINDING_DNS_MX_TIMEOUT;
        return true;
    case DNS_REFUSED:
    case DNS_OTHER_RCODE:
        *code = FINDING_DNS_MX_REFUSED;
        return true;
    case DNS_MALFORMED:
        *code = FINDING_DNS_MX_FAILED;
        return true;
    case DNS_CNAME_LOOP:
        *code = FINDING_DNS_CNAME_LOOP;
        return true;
    case DNS_CNAME_LIMIT:
        *code = FINDING_DNS_CNAME_LIMIT;
        return true;
    case DNS_NOT_ASKED:
    case DNS_DATA:
    case DNS_NODATA:
    case DNS_NXDOMAIN:
    case DNS_NAME_INVALID:
    case DNS_LOCAL_FAULT: /* ours: the account says so, the domain is not to blame */
    case DNS_STATE_COUNT:
        return false;
    }
    return false;
}

static void domain_question_findings(const struct seen_domain *d, struct findings *out)
{
    enum finding_code code;
    if (mx_question_fault((enum dns_state)d->mx_dns.state, &code)) {
        struct buf *evidence = findings_add_max(out, code);
        buf_put_text(evidence, "MX ");
        evidence_put(evidence, d->domain);
        buf_put_text(evidence, ": ");
        put_dns_state(evidence, &d->mx_dns);
    }
    if (d->cname_count > 0) {
        struct buf *evidence = findings_add_max(out, FINDING_MX_DOMAIN_CNAME);
        evidence_put(evidence, d->domain);
        for (size_t i = 0; i < d->cname_count; i++) {
            buf_put_text(evidence, " -> ");
            evidence_put(evidence, d->cnames[i]);
        }
    }
}

/* No MX record: whether the domain's own address takes the mail could not be found out. */
static void implicit_unknown_finding(const struct seen_domain *d, struct findings *out)
{
    if (d->mx_dns.state == DNS_NODATA) {
        struct buf *evidence = findings_add_max(out, FINDING_DNS_HOSTS_UNKNOWN);
        buf_put_text(evidence, "no MX, addresses unknown: ");
        evidence_put(evidence, d->domain);
    }
}

static void kind_findings(const struct seen_domain *d, struct findings *out)
{
    switch (d->mx_kind) {
    case MX_KIND_NXDOMAIN:
        evidence_put(findings_add_max(out, FINDING_MX_NXDOMAIN), d->domain);
        return;
    case MX_KIND_NONE:
        evidence_put(findings_add_max(out, FINDING_MX_NONE), d->domain);
        return;
    case MX_KIND_IMPLICIT:
        evidence_put(findings_add_max(out, FINDING_MX_IMPLICIT), d->domain);
        return;
    case MX_KIND_NULL_MX:
        buf_put_text(findings_add_max(out, FINDING_MX_NULL), "MX .");
        return;
    case MX_KIND_UNKNOWN:
        implicit_unknown_finding(d, out);
        return;
    case MX_KIND_NOT_ASKED:
    case MX_KIND_EXPLICIT:
        return;
    }
}

static bool is_fault(const struct seen_mx *mx, enum name_fault fault)
{
    return mx->unusable != NULL && strcmp(mx->unusable, name_fault_word(fault)) == 0;
}

static bool is_root(const struct seen_mx *mx)
{
    return is_fault(mx, NAME_FAULT_NULL_MX);
}

static bool is_ip_literal(const struct seen_mx *mx)
{
    return mx->name_kind == MX_NAME_ADDRESS_LITERAL || is_fault(mx, NAME_FAULT_IP_LITERAL);
}

static bool is_localhost(const struct seen_mx *mx)
{
    return is_fault(mx, NAME_FAULT_LOCALHOST);
}

static bool is_no_host(const struct seen_mx *mx)
{
    bool refused = mx->unusable != NULL || mx->name_kind == MX_NAME_NOT_A_HOST;
    return refused && !is_root(mx) && !is_ip_literal(mx) && !is_localhost(mx);
}

static bool mx_is_single_label(const struct seen_mx *mx)
{
    return mx->unusable == NULL && mx->host.len > 0 &&
           memchr(mx->host.at, '.', mx->host.len) == NULL;
}

static bool has_underscore(const struct seen_mx *mx)
{
    return mx->unusable == NULL && mx->host.len > 0 &&
           memchr(mx->host.at, '_', mx->host.len) != NULL;
}

static bool is_root_with_preference(const struct seen_mx *mx)
{
    return is_root(mx) && mx->preference != 0;
}

/* What is resolved in spite of its form has a hyphen at the edge of a label. */
static const char *reason_of_bad_name(const struct seen_mx *mx)
{
    return mx->unusable != NULL ? mx->unusable : name_fault_word(NAME_FAULT_BAD_HYPHEN);
}

/* One finding for all records of which `holds` is true, with these records as evidence. */
static void mx_record_finding(const struct seen_domain *d, bool (*holds)(const struct seen_mx *mx),
                              enum finding_code code, enum severity severity, struct findings *out)
{
    size_t found = 0;
    struct buf *evidence = NULL;
    for (size_t i = 0; i < d->mx_count; i++) {
        const struct seen_mx *mx = &d->mx[i];
        if (!holds(mx)) {
            continue;
        }
        if (found == 0) {
            evidence = findings_add(out, code, severity);
        }
        if (found < EVIDENCE_LIST_MAX) {
            buf_putf(evidence, "%sMX %u ", found > 0 ? ", " : "", mx->preference);
            evidence_put(evidence, mx->exchange);
            if (code == FINDING_MX_NOT_A_HOST) {
                buf_putf(evidence, " (%s)", reason_of_bad_name(mx));
            }
        }
        found++;
    }
    if (found > EVIDENCE_LIST_MAX) {
        buf_putf(evidence, " and %zu more", found - EVIDENCE_LIST_MAX);
    }
}

static bool has_good_exchange(const struct seen_domain *d)
{
    for (size_t i = 0; i < d->mx_count; i++) {
        const struct seen_mx *mx = &d->mx[i];
        if (mx->unusable == NULL && mx->name_kind == MX_NAME_HOST && mx_may_have_address(mx)) {
            return true;
        }
    }
    return false;
}

static void mx_record_findings(const struct seen_domain *d, struct findings *out)
{
    /* A bad record costs mail only where no other exchange can take it. */
    enum severity severity = has_good_exchange(d) ? SEVERITY_WARNING : SEVERITY_ERROR;
    mx_record_finding(d, is_ip_literal, FINDING_MX_IP_LITERAL, severity, out);
    mx_record_finding(d, is_localhost, FINDING_MX_LOCALHOST, severity, out);
    mx_record_finding(d, is_no_host, FINDING_MX_NOT_A_HOST, severity, out);
    mx_record_finding(d, mx_is_single_label, FINDING_MX_SINGLE_LABEL, SEVERITY_WARNING, out);
    mx_record_finding(d, has_underscore, FINDING_MX_UNDERSCORE, SEVERITY_WARNING, out);
    mx_record_finding(d, is_root_with_preference, FINDING_MX_NULL_PREFERENCE, SEVERITY_WARNING,
                      out);
    if (d->null_mx_beside) {
        mx_record_finding(d, is_root, FINDING_MX_NULL_WITH_OTHER, SEVERITY_ERROR, out);
    }
}

static void equal_preference_finding(const struct seen_domain *d, struct findings *out)
{
    for (size_t i = 1; i < d->mx_count; i++) {
        if (d->mx[i].preference == d->mx[i - 1].preference) {
            struct buf *evidence = findings_add_max(out, FINDING_MX_EQUAL_PREFERENCE);
            buf_putf(evidence, "preference %u: ", d->mx[i].preference);
            evidence_put(evidence, d->mx[i - 1].exchange);
            buf_put_text(evidence, ", ");
            evidence_put(evidence, d->mx[i].exchange);
            return;
        }
    }
}

static bool endpoints_truncated(const struct seen_domain *d)
{
    bool truncated = d->endpoints_truncated;
    for (size_t i = 0; i < d->mx_count; i++) {
        for (size_t k = 0; k < d->mx[i].endpoint_count; k++) {
            truncated = truncated || d->mx[i].endpoints[k].not_tested == NOT_TESTED_TRUNCATED;
        }
    }
    return truncated;
}

static void set_findings(const struct seen_domain *d, struct findings *out)
{
    equal_preference_finding(d, out);
    if (d->mx_total >= MX_MANY_FROM) {
        buf_putf(findings_add_max(out, FINDING_MX_MANY), "%zu MX records", d->mx_total);
    }
    bool truncated = endpoints_truncated(d);
    if (d->mx_total > d->mx_count || truncated) {
        struct buf *evidence = findings_add_max(out, FINDING_MX_TRUNCATED);
        buf_putf(evidence, "%zu of %zu MX hosts", d->mx_count, d->mx_total);
        if (truncated) {
            buf_putf(evidence, ", at most %d endpoints", DOMAIN_ENDPOINTS_MAX);
        }
    }
}

static void put_mx_states(struct buf *evidence, const struct seen_domain *d)
{
    for (size_t i = 0; i < d->mx_count && i < EVIDENCE_LIST_MAX; i++) {
        const struct seen_mx *mx = &d->mx[i];
        buf_put_text(evidence, i > 0 ? ", " : "");
        evidence_put(evidence, mx->exchange);
        if (mx->unusable != NULL) {
            buf_putf(evidence, ": %s", mx->unusable);
        } else {
            buf_putf(evidence, ": A %s, AAAA %s", dns_state_word((enum dns_state)mx->a_state),
                     dns_state_word((enum dns_state)mx->aaaa_state));
        }
    }
    if (d->mx_count > EVIDENCE_LIST_MAX) {
        buf_putf(evidence, " and %zu more", d->mx_count - EVIDENCE_LIST_MAX);
    }
}

/* No host of the domain is known to have an address: for good, or for now? */
static void address_findings(const struct seen_domain *d, struct findings *out)
{
    const char *reason;
    enum account_class ending = account_class_of(d, &reason);
    if (ending == ACCOUNT_DNS_FAILED) {
        put_mx_states(findings_add_max(out, FINDING_DNS_HOSTS_UNKNOWN), d);
    } else if (ending == ACCOUNT_NO_MAIL && d->mx_kind == MX_KIND_EXPLICIT) {
        put_mx_states(findings_add_max(out, FINDING_MX_ALL_UNUSABLE), d);
    }
}

/* What became of the connections; of those to port 25, where that port was asked for, because
 * only there another server's mail arrives. */
struct connections {
    size_t refused;
    size_t unanswered;
    size_t other; /* anything that says the server may be there, or that was not tried */
};

static struct connections connections_of(const struct seen_domain *d)
{
    struct connections smtp = {0};
    struct connections all = {0};
    for (size_t i = 0; i < d->mx_count; i++) {
        for (size_t k = 0; k < d->mx[i].endpoint_count; k++) {
            const struct endpoint_brief *e = &d->mx[i].endpoints[k];
            bool refused = e->outcome == OUTCOME_REFUSED;
            bool unanswered =
                e->outcome == OUTCOME_UNREACHABLE || e->outcome == OUTCOME_CONNECT_TIMEOUT;
            bool at_smtp = e->port == PORT_SMTP;
            all.refused += refused;
            all.unanswered += unanswered;
            all.other += !refused && !unanswered;
            smtp.refused += refused && at_smtp;
            smtp.unanswered += unanswered && at_smtp;
            smtp.other += !refused && !unanswered && at_smtp;
        }
    }
    return smtp.refused + smtp.unanswered + smtp.other > 0 ? smtp : all;
}

static void reach_findings(const struct seen_domain *d, struct findings *out)
{
    struct connections seen = connections_of(d);
    struct mx_facts facts = mx_facts_of(d);
    if (seen.other > 0 || seen.refused + seen.unanswered == 0 || facts.hosts_unknown > 0 ||
        d->endpoints_truncated || d->mx_total > d->mx_count) {
        return;
    }
    enum severity severity = seen.unanswered > 0 ? SEVERITY_WARNING : SEVERITY_ERROR;
    struct buf *evidence = findings_add(out, FINDING_MX_NONE_REACHABLE, severity);
    buf_putf(evidence, "%zu refused, %zu not answered", seen.refused, seen.unanswered);
}

void findings_of_domain(const struct seen_domain *d, const struct domain_verdict *v,
                        struct findings *out)
{
    input_findings(d, out);
    if (d->invalid != NULL || d->duplicate_of != 0 || d->blocklisted) {
        return;
    }
    domain_question_findings(d, out);
    kind_findings(d, out);
    if (d->mx_kind == MX_KIND_EXPLICIT || d->mx_kind == MX_KIND_NULL_MX) {
        mx_record_findings(d, out);
        set_findings(d, out);
    }
    if (d->mx_kind == MX_KIND_EXPLICIT || d->mx_kind == MX_KIND_IMPLICIT) {
        address_findings(d, out);
        reach_findings(d, out);
        parity_findings_of_domain(d, out);
    }
    if (v != NULL) {
        sts_findings_of_domain(d, &v->sts, out);
        tls_rpt_findings_of_domain(d, v, out);
        dane_findings_of_domain(d, &v->dane, out);
    }
}
