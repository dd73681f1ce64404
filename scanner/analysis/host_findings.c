#include "scanner/analysis/dane_findings.h"
#include "scanner/analysis/findings.h"
#include "scanner/analysis/parity_findings.h"
#include "scanner/analysis/policy_evidence.h"

/* Which finding speaks of a question for addresses that brought neither data nor a denial. */
static bool question_fault(enum dns_state state, enum finding_code *code)
{
    switch (state) {
    case DNS_SERVFAIL:
        *code = FINDING_DNS_HOST_SERVFAIL;
        return true;
    case DNS_BOGUS:
        *code = FINDING_DNS_HOST_BOGUS;
        return true;
    case DNS_TIMEOUT:
        *code = FINDING_DNS_HOST_TIMEOUT;
        return true;
    case DNS_REFUSED:
    case DNS_OTHER_RCODE:
        *code = FINDING_DNS_HOST_REFUSED;
        return true;
    case DNS_MALFORMED:
        *code = FINDING_DNS_HOST_FAILED;
        return true;
    case DNS_CNAME_LOOP:
        *code = FINDING_DNS_HOST_CNAME_LOOP;
        return true;
    case DNS_CNAME_LIMIT:
        *code = FINDING_DNS_HOST_CNAME_LIMIT;
        return true;
    case DNS_NOT_ASKED:
    case DNS_DATA:
    case DNS_NODATA:
    case DNS_NXDOMAIN:
    case DNS_NAME_INVALID:
    case DNS_LOCAL_FAULT: /* ours */
    case DNS_STATE_COUNT:
        return false;
    }
    return false;
}

static void put_host_answer(struct buf *evidence, const char *type, const struct seen_dns *dns)
{
    buf_putf(evidence, "%s %s", type, dns_state_word((enum dns_state)dns->state));
    if (dns->rcode != 0 && dns->rcode != UINT8_MAX) {
        buf_putf(evidence, " (rcode %u)", dns->rcode);
    }
    if (dns->ede >= 0) {
        buf_putf(evidence, " (extended error %d)", dns->ede);
    }
}

/* One family that fails beside one that answers keeps no sender from the host. */
static enum severity question_severity(const struct seen_host *h)
{
    return h->a.state == DNS_DATA || h->aaaa.state == DNS_DATA ? SEVERITY_NOTICE : SEVERITY_WARNING;
}

static void host_question_findings(const struct seen_host *h, struct findings *out)
{
    enum finding_code a = FINDING_COUNT;
    enum finding_code aaaa = FINDING_COUNT;
    bool a_fails = question_fault((enum dns_state)h->a.state, &a);
    bool aaaa_fails = question_fault((enum dns_state)h->aaaa.state, &aaaa);
    if (a_fails) {
        struct buf *evidence = findings_add_at_most(out, a, question_severity(h));
        put_host_answer(evidence, "A", &h->a);
        if (aaaa_fails && aaaa == a) {
            put_host_answer(evidence, ", AAAA", &h->aaaa);
        }
    }
    if (aaaa_fails && aaaa != a) {
        put_host_answer(findings_add_at_most(out, aaaa, question_severity(h)), "AAAA", &h->aaaa);
    }
}

static bool is_denial(uint8_t state)
{
    return state == DNS_NODATA || state == DNS_NXDOMAIN;
}

static void existence_findings(const struct seen_host *h, struct findings *out)
{
    bool a = is_denial(h->a.state);
    bool aaaa = is_denial(h->aaaa.state);
    bool neither_answered =
        (a || h->a.state == DNS_NOT_ASKED) && (aaaa || h->aaaa.state == DNS_NOT_ASKED);
    /* RFC 8020 section 2: NXDOMAIN to one type is NXDOMAIN to all. */
    if (neither_answered && (h->a.state == DNS_NXDOMAIN || h->aaaa.state == DNS_NXDOMAIN)) {
        evidence_put(findings_add_max(out, FINDING_MX_HOST_NXDOMAIN), h->name);
    } else if (a && aaaa) {
        struct buf *evidence = findings_add_max(out, FINDING_MX_HOST_NO_ADDRESS);
        put_host_answer(evidence, "A", &h->a);
        put_host_answer(evidence, ", AAAA", &h->aaaa);
    }
}

static void alias_finding(const struct seen_host *h, struct findings *out)
{
    if (h->cname_count == 0 || findings_has(out, FINDING_DNS_HOST_CNAME_LOOP)) {
        return;
    }
    struct buf *evidence = findings_add_max(out, FINDING_MX_CNAME_TARGET);
    evidence_put(evidence, h->name);
    for (size_t i = 0; i < h->cname_count; i++) {
        buf_put_text(evidence, " -> ");
        evidence_put(evidence, h->cnames[i]);
    }
}

/* Where a sender would connect to: of an IPv4-mapped address that is the IPv4 address. */
static const char *special_block(const struct net_addr *a)
{
    struct net_addr v4;
    return net_addr_special_purpose(net_addr_unmap(a, &v4) ? &v4 : a);
}

static void mapped_address_finding(const struct seen_host *h, struct findings *out)
{
    struct buf *evidence = NULL;
    size_t found = 0;
    for (size_t i = 0; i < h->address_count; i++) {
        struct net_addr v4;
        if (!net_addr_unmap(&h->addresses[i], &v4)) {
            continue;
        }
        if (evidence == NULL) {
            evidence = findings_add_max(out, FINDING_MX_MAPPED_ADDRESS);
            buf_put_text(evidence, "AAAA ");
        }
        if (evidence_next(evidence, &found)) {
            evidence_put_address(evidence, &h->addresses[i]);
        }
    }
    if (evidence != NULL) {
        evidence_end(evidence, found);
    }
}

static void host_special_address_finding(const struct seen_host *h, struct findings *out)
{
    size_t special = 0;
    for (size_t i = 0; i < h->address_count; i++) {
        special += special_block(&h->addresses[i]) != NULL;
    }
    if (special == 0) {
        return;
    }
    enum severity severity = special == h->address_count ? SEVERITY_ERROR : SEVERITY_WARNING;
    struct buf *evidence = findings_add(out, FINDING_MX_SPECIAL_ADDRESS, severity);
    size_t listed = 0;
    for (size_t i = 0; i < h->address_count && listed < EVIDENCE_LIST_MAX; i++) {
        const char *block = special_block(&h->addresses[i]);
        if (block != NULL) {
            buf_put_text(evidence, listed > 0 ? ", " : "");
            evidence_put_address(evidence, &h->addresses[i]);
            buf_putf(evidence, " (%s)", block);
            listed++;
        }
    }
    if (special > listed) {
        buf_putf(evidence, " and %zu more", special - listed);
    }
}

void findings_of_host(const struct seen_host *h, const struct dane_host_verdict *v,
                      struct findings *out)
{
    host_question_findings(h, out);
    existence_findings(h, out);
    alias_finding(h, out);
    host_special_address_finding(h, out);
    mapped_address_finding(h, out);
    if (h->addresses_truncated > 0) {
        buf_putf(findings_add_max(out, FINDING_DNS_ADDRESSES_TRUNCATED),
                 "%zu addresses kept, %zu not", h->address_count, h->addresses_truncated);
    }
    if (h->blocklisted) {
        evidence_put(findings_add_max(out, FINDING_MX_BLOCKLISTED), h->name);
    }
    parity_findings_of_host(h, out);
    if (v != NULL) {
        dane_findings_of_host(h, v, out);
    }
}
