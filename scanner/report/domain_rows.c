#include "scanner/observation/tls_names.h"
#include "scanner/report/row_parts.h"

static void put_mx(struct list *l, const struct seen_domain *d)
{
    for (size_t i = 0; i < d->mx_count; i++) {
        const struct seen_mx *mx = &d->mx[i];
        struct object *o = list_object(l);
        object_uint(o, MX_FACTS_PREFERENCE, mx->preference);
        object_text(o, MX_FACTS_EXCHANGE, mx->exchange);
        object_name(o, MX_FACTS_HOST, mx->host);
        object_word(o, MX_FACTS_UNUSABLE, mx->unusable);
        object_word(o, MX_FACTS_A, dns_state_word((enum dns_state)mx->a_state));
        object_word(o, MX_FACTS_AAAA, dns_state_word((enum dns_state)mx->aaaa_state));
        object_uint(o, MX_FACTS_CNAME_COUNT, mx->cname_count);
        object_bool(o, MX_FACTS_BLOCKLISTED, mx->blocklisted);
        put_briefs(object_list(o, MX_FACTS_ENDPOINTS), mx->endpoints, mx->endpoint_count, mx->host,
                   d->domain);
        object_close(o);
    }
    list_close(l);
}

static void put_set(struct row *r, const struct seen_domain *d)
{
    uint16_t port = domain_port(d);
    struct roll_up whole = roll_up_domain(d, port);
    struct roll_up primary = roll_up_primary(d, port);
    struct parity_facts parity;
    if (!roll_up_is_empty(&whole)) {
        put_rollup(row_object(r, DOMAINS_ROLLUP), &whole);
    }
    if (!roll_up_is_empty(&primary)) {
        put_rollup(row_object(r, DOMAINS_ROLLUP_PRIMARY), &primary);
    }
    if (parity_of_hosts(d, &parity)) {
        put_parity(row_object(r, DOMAINS_PARITY_HOSTS), &parity);
    }
}

/* Columns of a line that was asked about. */
static void put_answers(struct row *r, const struct seen_domain *d)
{
    put_dns(row_object(r, DOMAINS_MX_DNS), &d->mx_dns);
    put_texts(row_list(r, DOMAINS_CNAMES), d->cnames, d->cname_count);
    put_mx(row_list(r, DOMAINS_MX), d);
    row_uint(r, DOMAINS_MX_TOTAL, d->mx_total);
    put_set(r, d);
    row_bool(r, DOMAINS_ENDPOINTS_TRUNCATED, d->endpoints_truncated);
    put_dns(row_object(r, DOMAINS_MTA_STS_DNS), &d->mta_sts.dns);
    put_texts(row_list(r, DOMAINS_MTA_STS_TXT), d->mta_sts.texts, d->mta_sts.count);
    put_dns(row_object(r, DOMAINS_TLS_RPT_DNS), &d->tls_rpt.dns);
    put_texts(row_list(r, DOMAINS_TLS_RPT_TXT), d->tls_rpt.texts, d->tls_rpt.count);
    put_dns(row_object(r, DOMAINS_NS_DNS), &d->ns_dns);
    put_texts(row_list(r, DOMAINS_NS), d->ns, d->ns_count);
}

/** Nothing was asked of the service, so neither it nor the endpoint has a row. */
static bool has_no_row(const struct endpoint_brief *e)
{
    return e->outcome == OUTCOME_NOT_TESTED &&
           (e->not_tested == NOT_TESTED_BLOCKLISTED ||
            e->not_tested == NOT_TESTED_SPECIAL_PURPOSE || e->not_tested == NOT_TESTED_FAMILY_OFF ||
            e->not_tested == NOT_TESTED_TRUNCATED);
}

static void put_route_endpoint(struct row_sink *sink, struct row *r, struct span host,
                               const struct endpoint_brief *e)
{
    enum session_outcome outcome = (enum session_outcome)e->outcome;
    row_address(r, ROUTES_ADDRESS, &e->address);
    row_uint(r, ROUTES_PORT, e->port);
    buf_reset(&sink->key);
    endpoint_key_put(&sink->key, host, &e->address, e->port);
    if (!has_no_row(e)) {
        row_text(r, ROUTES_ENDPOINT, buf_span(&sink->key));
        row_text(r, ROUTES_SERVICE, span_drop(buf_span(&sink->key), host.len + 1));
    }
    row_word(r, ROUTES_OUTCOME, outcome_info(outcome)->word);
    if (outcome == OUTCOME_NOT_TESTED && e->not_tested != NOT_TESTED_NONE) {
        row_word(r, ROUTES_NOT_TESTED, not_tested_word((enum not_tested_reason)e->not_tested));
    }
    row_word(r, ROUTES_STARTTLS, starttls_word((enum starttls_state)e->starttls));
    row_word(r, ROUTES_TLS_VERSION, tls_version_word(e->tls_version));
    row_sha256(r, ROUTES_LEAF_SHA256, e->leaf_sha256);
    if (endpoint_has_leaf(e)) {
        row_word(r, ROUTES_CHAIN_STATUS, chain_status_or_null(&e->chain));
        row_word(r, ROUTES_NAME_MATCH, name_match_word((enum name_match)e->name_match));
    }
    if (is_judged(e)) {
        row_bool(r, ROUTES_ACCEPTABLE, endpoint_is_acceptable(e));
    }
}

static void report_route(struct row_sink *sink, const struct seen_domain *d,
                         const struct seen_mx *mx, const struct endpoint_brief *e)
{
    struct row *r = row_sink_begin(sink, TABLE_ROUTES);
    row_uint(r, ROUTES_INPUT_LINE, d->input_line);
    row_text(r, ROUTES_DOMAIN, d->domain);
    row_uint(r, ROUTES_PREFERENCE, mx->preference);
    row_name(r, ROUTES_HOST, mx->host);
    if (e != NULL) {
        put_route_endpoint(sink, r, mx->host, e);
    }
    row_sink_end(sink, TABLE_ROUTES);
}

static void report_routes(struct row_sink *sink, const struct seen_domain *d)
{
    if (!row_sink_wants(sink, TABLE_ROUTES)) {
        return;
    }
    for (size_t i = 0; i < d->mx_count; i++) {
        const struct seen_mx *mx = &d->mx[i];
        if (mx->endpoint_count == 0) {
            report_route(sink, d, mx, NULL);
        }
        for (size_t k = 0; k < mx->endpoint_count; k++) {
            report_route(sink, d, mx, &mx->endpoints[k]);
        }
    }
}

void report_domain(struct row_sink *sink, const struct seen_domain *d,
                   const struct domain_verdict *v, const struct sender_profiles *profiles,
                   enum account_class ending, const char *reason, const struct findings *findings)
{
    (void)v;
    (void)profiles;
    bool asked = d->invalid == NULL && d->duplicate_of == 0 && !d->blocklisted;
    struct row *r = row_sink_begin(sink, TABLE_DOMAINS);
    row_uint(r, DOMAINS_INPUT_LINE, d->input_line);
    row_text(r, DOMAINS_INPUT, d->input);
    row_name(r, DOMAINS_DOMAIN, d->domain);
    row_name(r, DOMAINS_TLD, d->tld);
    row_name(r, DOMAINS_REGISTRABLE_DOMAIN, d->registrable);
    row_json(r, DOMAINS_METADATA, d->metadata_json);
    row_word(r, DOMAINS_INVALID, d->invalid);
    row_natural(r, DOMAINS_DUPLICATE_OF, d->duplicate_of == 0 ? -1 : (int64_t)d->duplicate_of);
    row_bool(r, DOMAINS_BLOCKLISTED, d->blocklisted);
    row_word(r, DOMAINS_ACCOUNT, account_class_word(ending));
    row_name(r, DOMAINS_ACCOUNT_REASON, span_of(reason));
    row_word(r, DOMAINS_MX_KIND, mx_kind_word(d->mx_kind));
    if (asked) {
        put_answers(r, d);
    }
    put_findings(row_list(r, DOMAINS_FINDINGS), findings);
    row_sink_end(sink, TABLE_DOMAINS);
    report_routes(sink, d);
    buf_reset(&sink->key);
    buf_put_u64(&sink->key, d->input_line);
    report_finding_rows(sink, TABLE_DOMAINS, buf_span(&sink->key), findings);
}
