#include "scanner/observation/tls_names.h"
#include "scanner/report/outcome_sets.h"
#include "scanner/report/row_parts.h"

/* What the row of the host has as well is left out of lean rows. */
static void put_mx_host(struct object *o, const struct seen_mx *mx)
{
    bool told = object_is_lean(o) && mx->host.len > 0 && mx->unusable == NULL && !mx->blocklisted;
    bool plain = object_is_lean(o) && mx->name_kind == MX_NAME_HOST;
    object_name(o, MX_FACTS_REGISTRABLE_DOMAIN, told ? (struct span){0} : mx->registrable);
    object_word(o, MX_FACTS_NAME_KIND,
                plain ? NULL : mx_name_kind_word((enum mx_name_kind)mx->name_kind));
    object_word(o, MX_FACTS_UNUSABLE, mx->unusable);
    object_word(o, MX_FACTS_A, told ? NULL : dns_state_word((enum dns_state)mx->a_state));
    object_word(o, MX_FACTS_AAAA, told ? NULL : dns_state_word((enum dns_state)mx->aaaa_state));
    object_natural(o, MX_FACTS_CNAME_COUNT, told ? -1 : (int64_t)mx->cname_count);
    object_bool(o, MX_FACTS_BLOCKLISTED, mx->blocklisted);
    if (!told) {
        object_word(o, MX_FACTS_DANE_HOST, dane_host_word((enum dane_host)mx->dane_host));
        object_word(o, MX_FACTS_TLSA_AT,
                    word_or_null(tlsa_place_word((enum tlsa_place)mx->tlsa_at)));
    }
}

static void put_mx(struct list *l, const struct seen_domain *d)
{
    for (size_t i = 0; i < d->mx_count; i++) {
        const struct seen_mx *mx = &d->mx[i];
        struct object *o = list_object(l);
        bool lean = object_is_lean(o);
        object_uint(o, MX_FACTS_PREFERENCE, mx->preference);
        if (!lean || mx->host.len == 0 || !span_eq(mx->exchange, mx->host)) {
            object_text(o, MX_FACTS_EXCHANGE, mx->exchange);
        }
        object_name(o, MX_FACTS_HOST, mx->host);
        put_mx_host(o, mx);
        /* Of truncated ones the rows of endpoints do not say which are the domain's. */
        bool few = lean && !d->endpoints_truncated;
        if (!lean || briefs_told(mx->endpoints, mx->endpoint_count, few) > 0) {
            put_briefs(object_list(o, MX_FACTS_ENDPOINTS), mx->endpoints, mx->endpoint_count,
                       mx->host, d->domain, few);
        }
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
    if (!roll_up_is_empty(&primary) && !(row_is_lean(r) && roll_up_is_same(&whole, &primary))) {
        put_rollup(row_object(r, DOMAINS_ROLLUP_PRIMARY), &primary);
    }
    if (parity_of_hosts(d, &parity)) {
        put_parity(row_object(r, DOMAINS_PARITY_HOSTS), &parity);
    }
}

/* Columns of a line that was asked about. */
static void put_domain_answers(struct row *r, const struct seen_domain *d)
{
    put_dns(row_object(r, DOMAINS_MX_DNS), &d->mx_dns);
    put_texts(row_list(r, DOMAINS_CNAMES), d->cnames, d->cname_count);
    put_mx(row_list(r, DOMAINS_MX), d);
    row_uint(r, DOMAINS_MX_TOTAL, d->mx_total);
    row_bool(r, DOMAINS_NULL_MX_BESIDE, d->null_mx_beside);
    put_set(r, d);
    row_bool(r, DOMAINS_ENDPOINTS_TRUNCATED, d->endpoints_truncated);
    put_dns(row_object(r, DOMAINS_MTA_STS_DNS), &d->mta_sts.dns);
    put_texts(row_list(r, DOMAINS_MTA_STS_TXT), d->mta_sts.texts, d->mta_sts.count);
    put_texts(row_list(r, DOMAINS_MTA_STS_CNAMES), d->mta_sts_cnames, d->mta_sts_cname_count);
    put_dns(row_object(r, DOMAINS_TLS_RPT_DNS), &d->tls_rpt.dns);
    put_texts(row_list(r, DOMAINS_TLS_RPT_TXT), d->tls_rpt.texts, d->tls_rpt.count);
    put_dns(row_object(r, DOMAINS_NS_DNS), &d->ns_dns);
    put_texts(row_list(r, DOMAINS_NS), d->ns, d->ns_count);
}

/* --- policies, and what senders make of them -------------------------------------------------- */

static struct span name_of(const struct seen_mx *mx)
{
    return mx->host.len > 0 ? mx->host : mx->exchange;
}

/* A policy by which mail can be judged was read, whether senders may use it or not. */
static bool has_rules(const struct sts_verdict *v)
{
    return v->has_policy && v->policy.lenient_valid &&
           (v->policy.mode == STS_MODE_ENFORCE || v->policy.mode == STS_MODE_TESTING);
}

static void put_sts_mx(struct list *l, const struct seen_domain *d, const struct sts_verdict *v)
{
    for (size_t i = 0; i < d->mx_count; i++) {
        const struct sts_mx *mx = &v->mx[i];
        struct object *o = list_object(l);
        object_text(o, STS_MX_FACTS_HOST, name_of(&d->mx[i]));
        object_truth(o, STS_MX_FACTS_COVERED, (uint8_t)mx->covered);
        object_natural(o, STS_MX_FACTS_PATTERN, mx->pattern);
        object_word(o, STS_MX_FACTS_MISMATCH, word_or_null(sts_mismatch_word(mx->mismatch)));
        object_uint(o, STS_MX_FACTS_PASS, mx->endpoints.yes);
        object_uint(o, STS_MX_FACTS_FAIL, mx->endpoints.no);
        object_uint(o, STS_MX_FACTS_UNKNOWN, mx->endpoints.unknown);
        object_close(o);
    }
    list_close(l);
}

static void put_domain_sts(struct object *o, const struct seen_domain *d,
                           const struct sts_verdict *v)
{
    object_word(o, MTA_STS_FACTS_STATE, sts_state_word(v->state));
    object_count(o, MTA_STS_FACTS_RECORDS, v->records.lenient_count);
    object_bool(o, MTA_STS_FACTS_RECORD_VALID, v->records.valid);
    object_bool(o, MTA_STS_FACTS_RECORD_LENIENT, v->records.lenient_valid);
    object_name(o, MTA_STS_FACTS_ID, v->records.id);
    if (d->policy != NULL) {
        object_name(o, MTA_STS_FACTS_POLICY_HOST, d->policy->policy_host);
    }
    if (v->has_policy) {
        object_word(o, MTA_STS_FACTS_MODE, sts_mode_word(v->policy.mode));
    }
    if (v->has_policy && v->policy.has_max_age) {
        object_uint(o, MTA_STS_FACTS_MAX_AGE, v->policy.max_age);
    }
    if (has_rules(v)) {
        object_word(o, MTA_STS_FACTS_PASSES, rollup_word(v->passes));
        put_sts_mx(object_list(o, MTA_STS_FACTS_MX), d, v);
    }
    object_close(o);
}

static void put_domain_tls_rpt(struct object *o, const struct tls_rpt_records *v)
{
    object_count(o, TLS_RPT_FACTS_RECORDS, v->lenient_count);
    object_bool(o, TLS_RPT_FACTS_VALID, v->valid);
    object_bool(o, TLS_RPT_FACTS_LENIENT_VALID, v->lenient_valid);
    if (v->rua_count > 0 || !object_is_lean(o)) {
        put_texts(object_list(o, TLS_RPT_FACTS_RUA), v->rua, v->rua_count);
    }
    object_close(o);
}

static void put_domain_dane(struct object *o, const struct dane_domain *v)
{
    object_word(o, DANE_FACTS_MX_DNSSEC, dnssec_state_word(v->mx));
    object_word(o, DANE_FACTS_STATE, dane_domain_word(v->state));
    object_bool(o, DANE_FACTS_STRICT, v->strict);
    object_uint(o, DANE_FACTS_HOSTS, v->hosts);
    object_count(o, DANE_FACTS_HOSTS_IN_FORCE, v->hosts_in_force);
    object_count(o, DANE_FACTS_HOSTS_USABLE, v->hosts_usable);
    object_count(o, DANE_FACTS_HOSTS_WITH_TLSA, v->hosts_with_tlsa);
    object_count(o, DANE_FACTS_MATCH, v->endpoints.yes);
    object_count(o, DANE_FACTS_MISMATCH, v->endpoints.no);
    object_count(o, DANE_FACTS_UNKNOWN, v->endpoints.unknown);
    object_close(o);
}

/* An exchange or one of its endpoints, as indices: a host or a key in table endpoints. */
static void place_put(struct buf *place, const struct seen_domain *d, int mx, int endpoint)
{
    if (mx < 0) {
        return;
    }
    const struct seen_mx *m = &d->mx[mx];
    if (endpoint < 0) {
        buf_put(place, name_of(m));
        return;
    }
    const struct endpoint_brief *e = &m->endpoints[endpoint];
    endpoint_key_put(place, name_of(m), &e->address, e->port);
}

/* What decides the worst: where, and why. In sink->key. */
static struct span decided_by(struct row_sink *sink, const struct seen_domain *d,
                              const struct sender_delivery *v)
{
    const char *reason = delivery_reason_word(v->reason);
    buf_reset(&sink->key);
    place_put(&sink->key, d, v->mx, v->endpoint);
    if (sink->key.len > 0 && reason[0] != '\0') {
        buf_put_text(&sink->key, ": ");
    }
    buf_put_text(&sink->key, reason);
    return buf_span(&sink->key);
}

static void put_outcomes(struct list *l, struct row_sink *sink, const struct seen_domain *d,
                         const struct deliveries *v, const struct sender_profiles *profiles)
{
    for (size_t i = 0; i < v->count; i++) {
        struct object *o = list_object(l);
        object_text(o, OUTCOME_FACTS_PROFILE, span_of(profiles->items[i].id));
        object_word(o, OUTCOME_FACTS_BEST, delivery_word(v->of[i].best));
        object_word(o, OUTCOME_FACTS_WORST, delivery_word(v->of[i].worst));
        object_name(o, OUTCOME_FACTS_DECIDED_BY, decided_by(sink, d, &v->of[i]));
        object_word(o, OUTCOME_FACTS_BASIS, word_or_null(field_mark_word(v->of[i].basis)));
        object_close(o);
    }
    list_close(l);
}

/* Places in the order of the set: that of its first profile there. */
static void put_outcome_places(struct list *l, struct row_sink *sink, const struct seen_domain *d,
                               const struct deliveries *v)
{
    for (size_t i = 0; i < v->count; i++) {
        if (outcome_place_is_new(v, i)) {
            buf_reset(&sink->key);
            place_put(&sink->key, d, v->of[i].mx, v->of[i].endpoint);
            list_text(l, buf_span(&sink->key));
        }
    }
    list_close(l);
}

static void put_outcome_set(struct row_sink *sink, struct row *r, const struct seen_domain *d,
                            const struct deliveries *v)
{
    buf_reset(&sink->key);
    outcome_set_put(&sink->key, v);
    char key[OUTCOME_SET_KEY_MAX];
    outcome_set_key(buf_span(&sink->key), key);
    row_text(r, DOMAINS_OUTCOME_SET, span_of(key));
    if (outcome_place_count(v) > 0) {
        put_outcome_places(row_list(r, DOMAINS_OUTCOME_PLACES), sink, d, v);
    }
}

static void put_domain_readiness(struct object *o, struct row_sink *sink,
                                 const struct seen_domain *d, const struct sts_readiness *v)
{
    object_word(o, READINESS_FACTS_READY, readiness_word(v->ready));
    struct list *items = object_list(o, READINESS_FACTS_ITEMS);
    for (int i = 0; i < READINESS_COUNT; i++) {
        const struct readiness_result *result = &v->item[i];
        if (object_is_lean(o) && result->result == READINESS_NOT_APPLICABLE) {
            continue;
        }
        struct object *item = list_object(items);
        object_word(item, READINESS_ITEM_ITEM, readiness_item_word((enum readiness_item)i));
        object_word(item, READINESS_ITEM_RESULT, word_or_null(readiness_word(result->result)));
        object_bool(item, READINESS_ITEM_ADVISORY,
                    readiness_item_is_advisory((enum readiness_item)i));
        buf_reset(&sink->key);
        place_put(&sink->key, d, result->mx, result->endpoint);
        object_name(item, READINESS_ITEM_ENDPOINT, buf_span(&sink->key));
        object_close(item);
    }
    list_close(items);
    object_close(o);
}

static void put_domain_verdicts(struct row_sink *sink, struct row *r, const struct seen_domain *d,
                                const struct domain_verdict *v,
                                const struct sender_profiles *profiles)
{
    put_domain_sts(row_object(r, DOMAINS_MTA_STS), d, &v->sts);
    put_domain_tls_rpt(row_object(r, DOMAINS_TLS_RPT), &v->tls_rpt);
    put_domain_dane(row_object(r, DOMAINS_DANE), &v->dane);
    put_operators(r, DOMAINS_MX_OPERATOR, DOMAINS_MX_OPERATORS, DOMAINS_MX_OPERATOR_SOURCE,
                  &v->operators);
    if (profiles != NULL && row_is_lean(r)) {
        put_outcome_set(sink, r, d, &v->deliveries);
    } else if (profiles != NULL) {
        put_outcomes(row_list(r, DOMAINS_OUTCOMES), sink, d, &v->deliveries, profiles);
    }
    if (v->readiness.applicable) {
        put_domain_readiness(row_object(r, DOMAINS_STS_READINESS), sink, d, &v->readiness);
    }
}

static void report_outcomes(struct row_sink *sink, const struct seen_domain *d,
                            const struct deliveries *v, const struct sender_profiles *profiles)
{
    for (size_t i = 0; i < v->count; i++) {
        struct row *r = row_sink_begin(sink, TABLE_OUTCOMES);
        row_uint(r, OUTCOMES_INPUT_LINE, d->input_line);
        row_text(r, OUTCOMES_DOMAIN, d->domain);
        row_text(r, OUTCOMES_PROFILE, span_of(profiles->items[i].id));
        row_word(r, OUTCOMES_BEST, delivery_word(v->of[i].best));
        row_word(r, OUTCOMES_WORST, delivery_word(v->of[i].worst));
        row_name(r, OUTCOMES_DECIDED_BY, decided_by(sink, d, &v->of[i]));
        row_word(r, OUTCOMES_BASIS, word_or_null(field_mark_word(v->of[i].basis)));
        row_sink_end(sink, TABLE_OUTCOMES);
    }
}

/* --- routes ------------------------------------------------------------------------------------ */

static void put_route_endpoint(struct row_sink *sink, struct row *r, struct span host,
                               const struct endpoint_brief *e)
{
    enum session_outcome outcome = (enum session_outcome)e->outcome;
    row_address(r, ROUTES_ADDRESS, &e->address);
    row_uint(r, ROUTES_PORT, e->port);
    buf_reset(&sink->key);
    endpoint_key_put(&sink->key, host, &e->address, e->port);
    if (!brief_has_no_row(e)) {
        row_text(r, ROUTES_ENDPOINT, buf_span(&sink->key));
        row_text(r, ROUTES_SERVICE, span_drop(buf_span(&sink->key), host.len + 1));
    }
    row_word(r, ROUTES_OUTCOME, outcome_info(outcome)->word);
    if (outcome == OUTCOME_NOT_TESTED && e->not_tested != NOT_TESTED_NONE) {
        row_word(r, ROUTES_NOT_TESTED, not_tested_word((enum not_tested_reason)e->not_tested));
    }
    row_word(r, ROUTES_BASIS, word_or_null(basis_word((enum basis)e->basis)));
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
    row_word(r, ROUTES_DANE, dane_status_word((enum dane_status)e->dane));
}

static void report_route(struct row_sink *sink, const struct seen_domain *d,
                         const struct seen_mx *mx, const struct endpoint_brief *e,
                         uint64_t position)
{
    struct row *r = row_sink_begin(sink, TABLE_ROUTES);
    row_uint(r, ROUTES_INPUT_LINE, d->input_line);
    row_uint(r, ROUTES_POSITION, position);
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
    uint64_t position = 0;
    for (size_t i = 0; i < d->mx_count; i++) {
        const struct seen_mx *mx = &d->mx[i];
        if (mx->endpoint_count == 0) {
            report_route(sink, d, mx, NULL, ++position);
        }
        for (size_t k = 0; k < mx->endpoint_count; k++) {
            report_route(sink, d, mx, &mx->endpoints[k], ++position);
        }
    }
}

static void put_domain_row(struct row_sink *sink, const struct seen_domain *d,
                           const struct domain_verdict *v, const struct sender_profiles *profiles,
                           enum account_class ending, const char *reason,
                           const struct domain_standing *standing, const struct findings *findings,
                           bool asked)
{
    struct row *r = row_sink_begin(sink, TABLE_DOMAINS);
    row_uint(r, DOMAINS_INPUT_LINE, d->input_line);
    if (!row_is_lean(r) || d->domain.len == 0 || !span_eq(d->input, d->domain)) {
        row_text(r, DOMAINS_INPUT, d->input);
    }
    row_name(r, DOMAINS_DOMAIN, d->domain);
    row_name(r, DOMAINS_TLD, d->tld);
    row_name(r, DOMAINS_REGISTRABLE_DOMAIN, d->registrable);
    row_json(r, DOMAINS_METADATA, d->metadata_json);
    row_word(r, DOMAINS_INVALID, d->invalid);
    row_natural(r, DOMAINS_DUPLICATE_OF, d->duplicate_of == 0 ? -1 : (int64_t)d->duplicate_of);
    row_bool(r, DOMAINS_BLOCKLISTED, d->blocklisted);
    row_word(r, DOMAINS_ACCOUNT, account_class_word(ending));
    row_name(r, DOMAINS_ACCOUNT_REASON, span_of(reason));
    row_word(r, DOMAINS_BASIS, word_or_null(basis_word(account_basis_of(d))));
    row_word(r, DOMAINS_MX_KIND, mx_kind_word(d->mx_kind));
    if (asked) {
        put_domain_answers(r, d);
    }
    if (asked && standing != NULL) {
        row_word(r, DOMAINS_EFFECT, word_or_null(effect_word(standing->effect)));
        row_word(r, DOMAINS_WORST_SEVERITY, standing->worst_severity);
        row_uint(r, DOMAINS_PROBLEM_COUNT, standing->problem_count);
        row_name(r, DOMAINS_TOP_CAUSE, standing->top_cause);
        if (standing->breaks.kind != BREAK_NONE) {
            row_time_s(r, DOMAINS_WILL_BREAK_AT, standing->breaks.at);
            row_word(r, DOMAINS_WILL_BREAK_CAUSE, break_kind_word(standing->breaks.kind));
            row_text(r, DOMAINS_WILL_BREAK_THING, standing->breaking);
            row_word(r, DOMAINS_WILL_BREAK_EFFECT, effect_word(standing->breaks.effect));
        }
    }
    if (asked && v != NULL) {
        put_domain_verdicts(sink, r, d, v, profiles);
    }
    put_findings(row_list(r, DOMAINS_FINDINGS), findings);
    row_sink_end(sink, TABLE_DOMAINS);
}

void report_domain(struct row_sink *sink, const struct seen_domain *d,
                   const struct domain_verdict *v, const struct sender_profiles *profiles,
                   enum account_class ending, const char *reason,
                   const struct domain_standing *standing, const struct findings *findings)
{
    bool asked = domain_is_asked(d);
    if (row_sink_wants(sink, TABLE_DOMAINS)) {
        put_domain_row(sink, d, v, profiles, ending, reason, standing, findings, asked);
    }
    report_routes(sink, d);
    if (asked && v != NULL && profiles != NULL && row_sink_wants(sink, TABLE_OUTCOMES)) {
        report_outcomes(sink, d, &v->deliveries, profiles);
    }
    buf_reset(&sink->key);
    buf_put_u64(&sink->key, d->input_line);
    report_finding_rows(sink, TABLE_DOMAINS, buf_span(&sink->key), findings);
}
