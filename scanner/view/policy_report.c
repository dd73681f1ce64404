#include "scanner/analysis/dane_domain.h"
#include "scanner/analysis/deliveries.h"
#include "scanner/analysis/sts_readiness.h"
#include "scanner/view/report.h"

/*
 * MTA-STS, DANE and TLS-RPT, a line for each; what kinds of senders do, the worst first; and what
 * keeps the domain from MTA-STS enforce.
 */

#define LABEL_COLUMN  12
#define SECONDS_A_DAY 86400

static void policy_begin_line(struct paper *p, const char *label)
{
    paper_begin(p, "  ", "            ");
    paper_put(p, INK_STRONG, label);
    paper_tab(p, LABEL_COLUMN);
}

/* --- MTA-STS ---------------------------------------------------------------------------------- */

static void put_fetch(struct paper *p, const struct facts *policy)
{
    enum policy_fetch fetch = facts_enum(policy, POLICIES_FETCH, &policy_fetch_vocabulary);
    uint16_t status = facts_u16(policy, POLICIES_HTTP_STATUS);
    const char *location = facts_string(policy, POLICIES_LOCATION);
    paper_put(p, INK_ERROR, "the policy could not be fetched");
    paper_put(p, INK_PLAIN, ": ");
    if (fetch == POLICY_FETCH_FETCHED) { /* and counts for nobody */
        paper_put(p, INK_PLAIN, "only over TLS 1.0 or 1.1 (RFC 8996)");
        return;
    }
    if (policy->object == NULL) {
        paper_put(p, INK_PLAIN, "unknown");
        return;
    }
    meaning_put(p, INK_PLAIN, &policy_fetch_vocabulary, fetch);
    if (status != 0) {
        paper_putf(p, INK_PLAIN, ", status %d", status);
    }
    if (location != NULL) {
        paper_put(p, INK_PLAIN, ", to ");
        paper_put(p, INK_PLAIN, location);
    }
}

static void put_policy_certificate(struct paper *p, const struct facts *policy)
{
    struct facts name = facts_member(policy, POLICIES_NAME);
    paper_put(p, INK_ERROR, "the certificate of the policy host fails verification");
    paper_putf(p, INK_PLAIN, ": chain %s, name %s",
               facts_string_or(policy, POLICIES_CHAIN_STATUS, "unknown"),
               facts_string_or(&name, NAME_FACTS_MATCH, "unknown"));
}

static void put_policy_faults(struct paper *p, const struct facts *policy)
{
    paper_put(p, INK_ERROR, "the policy is not valid");
    if (facts_list_len(policy, POLICIES_FAULTS) == 0) {
        return;
    }
    struct facts fault;
    facts_list_object(policy, POLICIES_FAULTS, 0, &fault);
    uint64_t line = facts_uint(&fault, POLICY_FAULT_LINE, UINT64_MAX);
    paper_put(p, INK_PLAIN, ": ");
    meaning_put(p, INK_PLAIN, &sts_policy_fault_vocabulary,
                facts_enum(&fault, POLICY_FAULT_FAULT, &sts_policy_fault_vocabulary));
    if (line > 0) {
        paper_putf(p, INK_PLAIN, " (line %llu)", (unsigned long long)line);
    }
}

static bool exchange_passes(const struct facts *mx)
{
    return facts_bool(mx, STS_MX_FACTS_COVERED) && facts_u32(mx, STS_MX_FACTS_PASS) > 0 &&
           facts_u32(mx, STS_MX_FACTS_FAIL) == 0 && facts_u32(mx, STS_MX_FACTS_UNKNOWN) == 0;
}

static void put_exchanges_not_covered(struct paper *p, const struct facts *sts)
{
    const char *before = "; no pattern matches ";
    size_t count = facts_list_len(sts, MTA_STS_FACTS_MX);
    for (size_t i = 0; i < count; i++) {
        struct facts mx;
        facts_list_object(sts, MTA_STS_FACTS_MX, i, &mx);
        const char *host = facts_string(&mx, STS_MX_FACTS_HOST);
        if (facts_truth(&mx, STS_MX_FACTS_COVERED) == TRUTH_NO && host != NULL) {
            paper_put(p, INK_ERROR, before);
            paper_put(p, INK_ERROR, host);
            before = ", ";
        }
    }
}

static void put_exchanges(struct paper *p, const struct facts *sts)
{
    size_t count = facts_list_len(sts, MTA_STS_FACTS_MX);
    enum rollup passes = facts_enum(sts, MTA_STS_FACTS_PASSES, &rollup_vocabulary);
    bool told = facts_has(sts, MTA_STS_FACTS_PASSES);
    size_t passing = 0;
    for (size_t i = 0; i < count; i++) {
        struct facts mx;
        facts_list_object(sts, MTA_STS_FACTS_MX, i, &mx);
        passing += exchange_passes(&mx);
    }
    if (count == 0) {
        return;
    }
    paper_put(p, INK_PLAIN, ", ");
    if (passes == ROLLUP_ALL) {
        paper_put(p, INK_GOOD, "every mail server passes");
    } else if (told && passes == ROLLUP_UNKNOWN) {
        paper_put(p, INK_FAINT, "it is not known whether every mail server passes");
    } else {
        paper_putf(p, INK_ERROR, "%zu of %zu mail servers pass", passing, count);
    }
    put_exchanges_not_covered(p, sts);
}

static void put_mode(struct paper *p, const struct facts *sts)
{
    uint64_t max_age = facts_uint(sts, MTA_STS_FACTS_MAX_AGE, UINT64_MAX);
    paper_putf(p, INK_PLAIN, "mode %s", facts_string_or(sts, MTA_STS_FACTS_MODE, "unknown"));
    if (max_age >= SECONDS_A_DAY) {
        uint64_t days = max_age / SECONDS_A_DAY;
        paper_putf(p, INK_PLAIN, " for %llu day%s", (unsigned long long)days, days == 1 ? "" : "s");
    } else {
        paper_putf(p, INK_PLAIN, " for %llu seconds", (unsigned long long)max_age);
    }
    put_exchanges(p, sts);
}

static void put_sts(struct paper *p, const struct domain_view *v)
{
    enum sts_state state = facts_enum(&v->mta_sts, MTA_STS_FACTS_STATE, &sts_state_vocabulary);
    policy_begin_line(p, "MTA-STS");
    if (state == STS_STATE_FETCH_FAILED) {
        put_fetch(p, &v->policy_facts);
    } else if (state == STS_STATE_CERTIFICATE_INVALID) {
        put_policy_certificate(p, &v->policy_facts);
    } else if (state == STS_STATE_POLICY_INVALID) {
        put_policy_faults(p, &v->policy_facts);
    } else if (state == STS_STATE_ENFORCE || state == STS_STATE_TESTING) {
        put_mode(p, &v->mta_sts);
    } else {
        meaning_put(p, state == STS_STATE_RECORD_INVALID ? INK_ERROR : INK_FAINT,
                    &sts_state_vocabulary, state);
    }
    paper_end(p);
}

/* --- DANE and TLS-RPT ------------------------------------------------------------------------- */

static enum ink dane_ink(enum dane_domain_state state)
{
    switch (state) {
    case DANE_DOMAIN_FULL:
        return INK_GOOD;
    case DANE_DOMAIN_FAILED:
        return INK_ERROR;
    case DANE_DOMAIN_PARTIAL:
    case DANE_DOMAIN_INEFFECTIVE:
    case DANE_DOMAIN_UNUSABLE:
        return INK_WARNING;
    case DANE_DOMAIN_UNKNOWN:
    case DANE_DOMAIN_NONE:
    case DANE_DOMAIN_COUNT:
        break;
    }
    return INK_FAINT;
}

static void policy_put_dane(struct paper *p, const struct domain_view *v)
{
    struct facts dane = facts_member(&v->domain, DOMAINS_DANE);
    enum dane_domain_state state = facts_enum(&dane, DANE_FACTS_STATE, &dane_domain_vocabulary);
    uint32_t match = facts_u32(&dane, DANE_FACTS_MATCH);
    uint32_t unknown = facts_u32(&dane, DANE_FACTS_UNKNOWN);
    uint32_t total = match + facts_u32(&dane, DANE_FACTS_MISMATCH) + unknown;
    bool in_force = facts_u32(&dane, DANE_FACTS_HOSTS_IN_FORCE) > 0;
    policy_begin_line(p, "DANE");
    meaning_put(p, unknown > 0 && state == DANE_DOMAIN_FULL ? INK_PLAIN : dane_ink(state),
                &dane_domain_vocabulary, state);
    if (total > 0) {
        paper_putf(p, INK_PLAIN, "; TLSA records match at %u of %u addresses", match, total);
    }
    if (unknown > 0) {
        paper_putf(p, INK_FAINT, ", not known at %u", unknown);
    }
    if (in_force &&
        !facts_bool(&dane, DANE_FACTS_STRICT)) { /* normal rows leave out what is false */
        paper_putf(p, INK_PLAIN,
                   "; the MX records are not secure (%s), so not every sender uses them",
                   facts_string_or(&dane, DANE_FACTS_MX_DNSSEC, "unknown"));
    }
    paper_end(p);
}

static void put_reports_go_to(struct paper *p, const struct facts *rpt)
{
    bool valid = facts_bool(rpt, TLS_RPT_FACTS_VALID);
    size_t count = facts_list_len(rpt, TLS_RPT_FACTS_RUA);
    paper_put(p, valid ? INK_PLAIN : INK_WARNING,
              valid ? "reports go to " : "the record is not strictly valid; reports go to ");
    for (size_t i = 0; i < count; i++) {
        paper_put(p, INK_PLAIN, i > 0 ? ", " : "");
        paper_put(p, INK_PLAIN, facts_list_string(rpt, TLS_RPT_FACTS_RUA, i));
    }
}

static void put_tls_rpt(struct paper *p, const struct domain_view *v)
{
    struct facts rpt = facts_member(&v->domain, DOMAINS_TLS_RPT);
    struct facts dns = facts_member(&v->domain, DOMAINS_TLS_RPT_DNS);
    enum dns_state state = facts_enum(&dns, DNS_FACTS_STATE, &dns_state_vocabulary);
    policy_begin_line(p, "TLS-RPT");
    if (facts_bool(&rpt, TLS_RPT_FACTS_VALID) || facts_bool(&rpt, TLS_RPT_FACTS_LENIENT_VALID)) {
        put_reports_go_to(p, &rpt);
    } else if (facts_u32(&rpt, TLS_RPT_FACTS_RECORDS) > 0) {
        paper_put(p, INK_ERROR, "the record is not valid");
    } else if (state == DNS_DATA || state == DNS_NODATA || state == DNS_NXDOMAIN) {
        paper_put(p, INK_FAINT, "there is no record");
    } else {
        paper_putf(p, INK_FAINT, "the record could not be looked up (%s)",
                   facts_string_or(&dns, DNS_FACTS_STATE, "?"));
    }
    paper_end(p);
}

/* --- what senders do -------------------------------------------------------------------------- */

/* Kinds of senders for which everything but the name is the same. */
static bool is_same(const struct sender_outcome *a, const struct sender_outcome *b)
{
    return a->worst == b->worst && a->best == b->best && strcmp(a->decided_by, b->decided_by) == 0;
}

static void put_reason(struct paper *p, const struct sender_outcome *o, bool with_place)
{
    paper_put(p, INK_PLAIN, ": ");
    if (o->reason != DELIVERY_REASON_COUNT) {
        meaning_put(p, INK_PLAIN, &delivery_reason_vocabulary, o->reason);
    } else {
        paper_put(p, INK_PLAIN, o->reason_word);
    }
    int place = (int)(o->reason_word - o->decided_by) - 2;
    if (place > 0 && with_place) {
        paper_putf(p, INK_FAINT, " (%.*s)", place, o->decided_by);
    }
}

static void put_group(struct paper *p, enum ink ink, const struct sender_outcomes *s, size_t first)
{
    const struct sender_outcome *one = &s->of[first];
    paper_begin(p, "  ", "    ");
    paper_put(p, ink, delivery_word(one->worst));
    if (one->best != one->worst) {
        paper_putf(p, INK_PLAIN, ", at best %s", delivery_word(one->best));
    }
    paper_put(p, INK_PLAIN, " ");
    for (size_t i = first; i < s->count; i++) {
        if (is_same(one, &s->of[i])) {
            paper_put(p, INK_PLAIN, i > first ? ", " : "from ");
            paper_put(p, INK_STRONG, s->of[i].profile);
        }
    }
    if (one->decided_by[0] != '\0') {
        put_reason(p, one, sender_fate_of(one) != FATE_GOOD);
    }
    paper_end(p);
}

static bool is_first_of_group(const struct sender_outcomes *s, size_t i)
{
    for (size_t k = 0; k < i; k++) {
        if (is_same(&s->of[k], &s->of[i])) {
            return false;
        }
    }
    return true;
}

static void put_senders(struct paper *p, const struct sender_outcomes *s)
{
    static const struct {
        enum delivery worst;
        enum ink ink;
    } order[] = {{DELIVERY_UNDELIVERABLE, INK_ERROR}, {DELIVERY_DEFERRED, INK_ERROR},
                 {DELIVERY_PLAINTEXT, INK_ERROR},     {DELIVERY_UNKNOWN, INK_FAINT},
                 {DELIVERY_ENCRYPTED, INK_GOOD},      {DELIVERY_AUTHENTICATED, INK_GOOD}};
    if (s->count == 0) {
        return;
    }
    paper_blank(p);
    paper_say(p, INK_STRONG, "What senders do");
    for (size_t o = 0; o < sizeof(order) / sizeof(order[0]); o++) {
        for (size_t i = 0; i < s->count; i++) {
            if (s->of[i].worst == order[o].worst && is_first_of_group(s, i)) {
                put_group(p, order[o].ink, s, i);
            }
        }
    }
}

/* --- MTA-STS enforce -------------------------------------------------------------------------- */

static void put_item(struct paper *p, const struct facts *item)
{
    static const enum ink inks[] = {[READINESS_UNKNOWN] = INK_FAINT,
                                    [READINESS_PASS] = INK_GOOD,
                                    [READINESS_FAIL] = INK_ERROR,
                                    [READINESS_NOT_APPLICABLE] = INK_FAINT};
    enum readiness result = facts_enum(item, READINESS_ITEM_RESULT, &readiness_vocabulary);
    const char *endpoint = facts_string(item, READINESS_ITEM_ENDPOINT);
    paper_begin(p, "  ", "            ");
    paper_put(p, inks[result], facts_string_or(item, READINESS_ITEM_RESULT, "-"));
    paper_tab(p, LABEL_COLUMN);
    meaning_put(p, INK_PLAIN, &readiness_item_vocabulary,
                facts_enum(item, READINESS_ITEM_ITEM, &readiness_item_vocabulary));
    if (endpoint != NULL && result != READINESS_PASS) {
        paper_put(p, INK_FAINT, " (");
        paper_put(p, INK_FAINT, endpoint);
        paper_put(p, INK_FAINT, ")");
    }
    paper_end(p);
}

static void put_readiness(struct paper *p, const struct domain_view *v, bool verbose)
{
    struct facts readiness = facts_member(&v->domain, DOMAINS_STS_READINESS);
    enum readiness ready = facts_enum(&readiness, READINESS_FACTS_READY, &readiness_vocabulary);
    size_t count = facts_list_len(&readiness, READINESS_FACTS_ITEMS);
    if (!facts_has(&readiness, READINESS_FACTS_READY)) {
        return;
    }
    paper_blank(p);
    paper_say(p, INK_STRONG,
              ready == READINESS_PASS   ? "Ready for MTA-STS in mode enforce"
              : ready == READINESS_FAIL ? "Not ready for MTA-STS in mode enforce"
                                        : "It is not known whether the domain is ready for MTA-STS "
                                          "in mode enforce");
    if (facts_bool(&v->domain, DOMAINS_NULL_MX_BESIDE)) {
        paper_begin(p, "  ", "            ");
        paper_put(p, INK_FAINT, "unknown");
        paper_tab(p, LABEL_COLUMN);
        paper_put(p, INK_PLAIN,
                  "a null MX stands beside other MX records: some senders bounce all mail, others "
                  "ignore it (RFC 7505 section 3)");
        paper_end(p);
    }
    for (size_t i = 0; i < count; i++) {
        struct facts item;
        facts_list_object(&readiness, READINESS_FACTS_ITEMS, i, &item);
        enum readiness result = facts_enum(&item, READINESS_ITEM_RESULT, &readiness_vocabulary);
        bool told = facts_has(&item, READINESS_ITEM_RESULT);
        if (told && (verbose || result != READINESS_PASS)) {
            put_item(p, &item);
        }
    }
}

/* With mail servers; and without any, where it is not known whether there are. */
static bool has_senders(const struct domain_view *v)
{
    return v->route_count > 0 || v->outcomes.unknown > 0;
}

/* There are mail servers, or something is published. */
static bool has_policies(const struct domain_view *v)
{
    struct facts rpt = facts_member(&v->domain, DOMAINS_TLS_RPT);
    return v->mta_sts.object != NULL &&
           (has_senders(v) || facts_u32(&v->mta_sts, MTA_STS_FACTS_RECORDS) > 0 ||
            facts_u32(&rpt, TLS_RPT_FACTS_RECORDS) > 0);
}

void policies_put(struct paper *p, const struct domain_view *v, bool verbose)
{
    if (!has_policies(v)) {
        return;
    }
    bool of_domain = !v->setting.host_only;
    paper_blank(p);
    paper_say(p, INK_STRONG, "Policies");
    if (of_domain) {
        put_sts(p, v);
    }
    policy_put_dane(p, v);
    if (of_domain) {
        put_tls_rpt(p, v);
    }
    if (has_senders(v) && (of_domain || v->has_smtp_port)) {
        put_senders(p, &v->outcomes);
    }
    if (v->route_count > 0 && of_domain) {
        put_readiness(p, v, verbose);
    }
}
