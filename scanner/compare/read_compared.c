#include "scanner/compare/read_compared.h"

#include <string.h>

#include "output/tables.h"
#include "scanner/compare/rules.h"
#include "scanner/rows/row_outcomes.h"

static struct arena *arena_of(const struct facts *f)
{
    return &f->reading->arena;
}

static struct span column_text(const struct facts *f, unsigned column)
{
    return span_of(facts_string(f, column));
}

size_t compared_list_len(const struct facts *f, unsigned column)
{
    size_t len = facts_list_len(f, column);
    if (len > COMPARED_LIST_MAX) {
        facts_bad(f, column, "is longer than any list that a scan writes");
        return 0;
    }
    return len;
}

static struct compared_texts row_texts(const struct facts *f, unsigned column)
{
    struct compared_texts list = {0};
    if (compared_list_len(f, column) > 0) {
        list.at = facts_texts(f, column, &list.count);
    }
    return list;
}

static bool row_dns_is_partial(const struct facts *f, unsigned column)
{
    struct facts dns = facts_member(f, column);
    return facts_bool(&dns, DNS_FACTS_TRUNCATED);
}

static enum dns_state row_dns_state(const struct facts *f, unsigned column)
{
    struct facts dns = facts_member(f, column);
    return facts_enum(&dns, DNS_FACTS_STATE, &dns_state_vocabulary);
}

/* --- findings ------------------------------------------------------------------------------- */

static bool begins_with(struct span text, const char *begin)
{
    struct span b = span_of(begin);
    return span_eq(span_take(text, b.len), b);
}

struct compared_finding *read_compared_findings(const struct facts *row, unsigned column,
                                                enum change_place place, struct span key,
                                                struct span host, size_t *count)
{
    size_t all = compared_list_len(row, column);
    struct compared_finding *list = arena_new(arena_of(row), all, sizeof(*list));
    *count = 0;
    for (size_t i = 0; i < all; i++) {
        struct facts finding;
        facts_list_object(row, column, i, &finding);
        struct span code = column_text(&finding, FINDING_FACTS_CODE);
        enum severity severity = facts_enum(&finding, FINDING_FACTS_SEVERITY, &severity_vocabulary);
        bool of_host = host.len > 0 && (begins_with(code, "name.") || begins_with(code, "dane."));
        if (severity > SEVERITY_INFO) {
            list[(*count)++] = (struct compared_finding){.code = code,
                                                         .severity = severity,
                                                         .place = of_host ? PLACE_HOST : place,
                                                         .key = of_host ? host : key};
        }
    }
    return list;
}

/* --- endpoints and services ----------------------------------------------------------------- */

void read_endpoint_addition(const struct facts *row, struct endpoint_addition *out)
{
    out->chain = column_text(row, ENDPOINTS_CHAIN_ID);
    out->unstable = facts_bool(row, ENDPOINTS_UNSTABLE);
    out->findings = read_compared_findings(row, ENDPOINTS_FINDINGS, PLACE_SERVICE,
                                           column_text(row, ENDPOINTS_SERVICE),
                                           column_text(row, ENDPOINTS_HOST), &out->finding_count);
}

static void read_compared_ptr(const struct facts *row, struct service_addition *out)
{
    struct facts ptr = facts_member(row, SERVICES_PTR);
    enum dns_state state = row_dns_state(&ptr, PTR_FACTS_DNS);
    out->ptr_known = state == DNS_DATA || state == DNS_NODATA || state == DNS_NXDOMAIN;
    out->ptr.count = compared_list_len(&ptr, PTR_FACTS_NAMES);
    struct span *names = arena_new(arena_of(row), out->ptr.count, sizeof(*names));
    for (size_t i = 0; i < out->ptr.count; i++) {
        struct facts name;
        facts_list_object(&ptr, PTR_FACTS_NAMES, i, &name);
        names[i] = column_text(&name, PTR_NAME_NAME);
    }
    out->ptr.at = names;
    out->ptr.partial = row_dns_is_partial(&ptr, PTR_FACTS_DNS);
}

void read_service_addition(const struct facts *row, struct service_addition *out)
{
    static const unsigned columns[] = {VERSION_FACTS_TLSV1_0, VERSION_FACTS_TLSV1_1,
                                       VERSION_FACTS_TLSV1_2, VERSION_FACTS_TLSV1_3};
    *out = (struct service_addition){0};
    read_compared_ptr(row, out);
    struct facts versions = facts_member(row, SERVICES_VERSIONS);
    for (unsigned i = 0; i < sizeof(columns) / sizeof(columns[0]); i++) {
        enum truth accepted = facts_truth(&versions, columns[i]);
        out->versions_known |= (uint8_t)((accepted != TRUTH_UNKNOWN) << i);
        out->versions_accepted |= (uint8_t)((accepted == TRUTH_YES) << i);
    }
    out->findings = read_compared_findings(row, SERVICES_FINDINGS, PLACE_SERVICE,
                                           column_text(row, SERVICES_SERVICE), (struct span){0},
                                           &out->finding_count);
}

/* --- hosts ---------------------------------------------------------------------------------- */

static struct span service_key(const struct facts *brief, uint16_t port)
{
    struct buf key = BUF_INIT(BUF_NO_LIMIT);
    buf_put(&key, column_text(brief, BRIEF_ADDRESS));
    buf_putf(&key, "|%u", port);
    struct span copy = arena_copy(arena_of(brief), buf_span(&key));
    buf_deinit(&key);
    return copy;
}

static bool is_compared_port(uint16_t port, const uint16_t *ports, size_t count)
{
    bool found = false;
    for (size_t i = 0; i < count && !found; i++) {
        found = ports[i] == port;
    }
    return found;
}

static void read_compared_endpoint(const struct facts *brief, uint16_t port,
                                   struct compared_endpoint *out)
{
    *out = (struct compared_endpoint){
        .service = service_key(brief, port),
        .outcome = facts_enum(brief, BRIEF_OUTCOME, &outcome_vocabulary),
        .not_tested = facts_enum(brief, BRIEF_NOT_TESTED, &not_tested_vocabulary),
        .starttls = facts_enum(brief, BRIEF_STARTTLS, &starttls_vocabulary),
        .dane = facts_enum(brief, BRIEF_DANE, &dane_status_vocabulary),
        .tls_version = column_text(brief, BRIEF_TLS_VERSION),
        .leaf = column_text(brief, BRIEF_LEAF_SHA256),
        .chain_status = column_text(brief, BRIEF_CHAIN_STATUS),
    };
}

static void read_compared_tlsa(const struct facts *row, struct compared_host *out)
{
    out->tlsa.count = compared_list_len(row, HOSTS_TLSA);
    struct span *list = arena_new(arena_of(row), out->tlsa.count, sizeof(*list));
    struct buf text = BUF_INIT(BUF_NO_LIMIT);
    for (size_t i = 0; i < out->tlsa.count; i++) {
        struct facts tlsa;
        facts_list_object(row, HOSTS_TLSA, i, &tlsa);
        buf_reset(&text);
        buf_putf(&text, "%u %u %u ", facts_u8(&tlsa, TLSA_FACTS_USAGE),
                 facts_u8(&tlsa, TLSA_FACTS_SELECTOR), facts_u8(&tlsa, TLSA_FACTS_MATCHING));
        buf_put(&text, column_text(&tlsa, TLSA_FACTS_DATA));
        list[i] = arena_copy(arena_of(row), buf_span(&text));
    }
    out->tlsa.at = list;
    out->tlsa.partial = row_dns_is_partial(row, HOSTS_TLSA_DNS);
    buf_deinit(&text);
}

void read_compared_host(const struct facts *row, const uint16_t *ports, size_t port_count,
                        struct compared_host *out)
{
    *out = (struct compared_host){
        .name = column_text(row, HOSTS_HOST),
        .a = row_dns_state(row, HOSTS_A_DNS),
        .aaaa = row_dns_state(row, HOSTS_AAAA_DNS),
        .addresses = row_texts(row, HOSTS_ADDRESSES),
        .tlsa_state = row_dns_state(row, HOSTS_TLSA_DNS),
        .dnssec = facts_enum(row, HOSTS_ADDRESS_DNSSEC, &dnssec_state_vocabulary),
    };
    out->addresses.partial = facts_uint(row, HOSTS_ADDRESSES_TRUNCATED, UINT64_MAX) > 0 ||
                             row_dns_is_partial(row, HOSTS_A_DNS) ||
                             row_dns_is_partial(row, HOSTS_AAAA_DNS);
    read_compared_tlsa(row, out);
    size_t count = compared_list_len(row, HOSTS_ENDPOINTS);
    out->endpoints = arena_new(arena_of(row), count, sizeof(*out->endpoints));
    for (size_t i = 0; i < count; i++) {
        struct facts brief;
        facts_list_object(row, HOSTS_ENDPOINTS, i, &brief);
        uint16_t port = facts_u16(&brief, BRIEF_PORT);
        if (is_compared_port(port, ports, port_count)) {
            read_compared_endpoint(&brief, port, &out->endpoints[out->endpoint_count++]);
        }
    }
    out->findings = read_compared_findings(row, HOSTS_FINDINGS, PLACE_HOST, out->name,
                                           (struct span){0}, &out->finding_count);
}

/* --- domains -------------------------------------------------------------------------------- */

static void read_compared_mx(const struct facts *row, struct compared_domain *out)
{
    size_t count = compared_list_len(row, DOMAINS_MX);
    struct span *list = arena_new(arena_of(row), count, sizeof(*list));
    struct span *hosts = arena_new(arena_of(row), count, sizeof(*hosts));
    struct buf text = BUF_INIT(BUF_NO_LIMIT);
    out->mx = (struct compared_texts){list, count,
                                      row_dns_is_partial(row, DOMAINS_MX_DNS) ||
                                          facts_uint(row, DOMAINS_MX_TOTAL, UINT64_MAX) > MX_MAX};
    for (size_t i = 0; i < count; i++) {
        struct facts mx;
        facts_list_object(row, DOMAINS_MX, i, &mx);
        buf_reset(&text);
        buf_putf(&text, "%u ", facts_u16(&mx, MX_FACTS_PREFERENCE));
        buf_put(&text, column_text(&mx, MX_FACTS_EXCHANGE));
        list[i] = arena_copy(arena_of(row), buf_span(&text));
        struct span host = column_text(&mx, MX_FACTS_HOST);
        out->hosts.at = hosts;
        if (host.len > 0 && !texts_have(out->hosts, host)) {
            hosts[out->hosts.count++] = host;
        }
    }
    buf_deinit(&text);
}

static void read_compared_outcomes(const struct facts *row, struct compared_domain *out)
{
    struct row_outcomes outcomes = row_outcomes(row);
    if (outcomes.count > COMPARED_LIST_MAX) {
        facts_bad(row, DOMAINS_OUTCOME_GROUPS, "is longer than any list that a scan writes");
        return;
    }
    out->outcomes = arena_new(arena_of(row), outcomes.count, sizeof(*out->outcomes));
    for (size_t i = 0; i < outcomes.count; i++) {
        const struct row_outcome *one = &outcomes.of[i];
        out->outcomes[out->outcome_count++] = (struct compared_outcome){
            .profile = span_of(one->profile),
            .best = one->best,
            .worst = one->worst,
            .decided_by = span_of(one->decided_by),
        };
    }
}

bool read_compared_domain(const struct facts *row, struct compared_domain *out)
{
    *out = (struct compared_domain){.name = column_text(row, DOMAINS_DOMAIN)};
    if (out->name.len == 0 || facts_has(row, DOMAINS_DUPLICATE_OF)) {
        return false;
    }
    struct facts sts = facts_member(row, DOMAINS_MTA_STS);
    struct facts dane = facts_member(row, DOMAINS_DANE);
    out->account = column_text(row, DOMAINS_ACCOUNT);
    out->reason = column_text(row, DOMAINS_ACCOUNT_REASON);
    out->mx_kind = facts_enum(row, DOMAINS_MX_KIND, &mx_kind_vocabulary);
    out->mx_dns = row_dns_state(row, DOMAINS_MX_DNS);
    read_compared_mx(row, out);
    out->mx_operator = column_text(row, DOMAINS_MX_OPERATOR);
    out->dnssec = facts_enum(&dane, DANE_FACTS_MX_DNSSEC, &dnssec_state_vocabulary);
    out->sts_dns = row_dns_state(row, DOMAINS_MTA_STS_DNS);
    out->sts_txt = row_texts(row, DOMAINS_MTA_STS_TXT);
    out->sts_txt.partial = row_dns_is_partial(row, DOMAINS_MTA_STS_DNS);
    out->sts_id = column_text(&sts, MTA_STS_FACTS_ID);
    out->sts_mode = column_text(&sts, MTA_STS_FACTS_MODE);
    out->policy_host = column_text(&sts, MTA_STS_FACTS_POLICY_HOST);
    out->rpt_dns = row_dns_state(row, DOMAINS_TLS_RPT_DNS);
    out->rpt_txt = row_texts(row, DOMAINS_TLS_RPT_TXT);
    out->rpt_txt.partial = row_dns_is_partial(row, DOMAINS_TLS_RPT_DNS);
    read_compared_outcomes(row, out);
    out->findings = read_compared_findings(row, DOMAINS_FINDINGS, PLACE_DOMAIN, out->name,
                                           (struct span){0}, &out->finding_count);
    return true;
}

void read_policy_addition(const struct facts *row, struct policy_addition *out)
{
    *out = (struct policy_addition){0};
    out->fetch = facts_enum(row, POLICIES_FETCH, &policy_fetch_vocabulary);
    /* What came until the time was up is another part each time. */
    if (out->fetch == POLICY_FETCH_FETCHED) {
        out->policy = column_text(row, POLICIES_POLICY_SHA256);
    }
    out->findings = read_compared_findings(row, POLICIES_FINDINGS, PLACE_POLICY,
                                           column_text(row, POLICIES_POLICY_HOST), (struct span){0},
                                           &out->finding_count);
}
