#include "scanner/report/row_parts.h"

#include <string.h>

#include "scanner/observation/tls_names.h"

#define RCODE_NONE UINT8_MAX

void service_key_put(struct buf *key, const struct net_addr *address, uint16_t port)
{
    char text[NET_ADDR_TEXT_MAX];
    (void)net_addr_format(address, text);
    buf_put_text(key, text);
    buf_put_char(key, '|');
    buf_put_u64(key, port);
}

void endpoint_key_put(struct buf *key, struct span host, const struct net_addr *address,
                      uint16_t port)
{
    buf_put(key, host);
    buf_put_char(key, '|');
    service_key_put(key, address, port);
}

void group_key_put(struct buf *key, struct span parent, const struct net_addr *address,
                   uint16_t port)
{
    service_key_put(key, address, port);
    buf_put_text(key, "|*.");
    buf_put(key, parent);
}

void put_dns(struct object *o, const struct seen_dns *dns)
{
    enum dns_state state = (enum dns_state)dns->state;
    object_word(o, DNS_FACTS_STATE, dns_state_word(state));
    if (state != DNS_NOT_ASKED && dns->rcode != RCODE_NONE) {
        object_uint(o, DNS_FACTS_RCODE, dns->rcode);
        object_flag(o, DNS_FACTS_AD, dns->ad);
        object_flag(o, DNS_FACTS_RRSIG_PRESENT, dns->rrsig_present);
        object_natural(o, DNS_FACTS_EDE, dns->ede);
        object_flag(o, DNS_FACTS_TCP, dns->tcp);
        bool told = dns->cname_count > 0 || !object_is_lean(o);
        object_natural(o, DNS_FACTS_CNAME_COUNT, told ? dns->cname_count : -1);
        object_flag(o, DNS_FACTS_TRUNCATED, dns->truncated);
    }
    if (state == DNS_DATA || state == DNS_BOGUS) {
        object_uint(o, DNS_FACTS_TTL, dns->ttl);
    }
    object_close(o);
}

static const char *not_tested_or_null(enum session_outcome outcome, enum not_tested_reason reason)
{
    bool told = outcome == OUTCOME_NOT_TESTED && reason != NOT_TESTED_NONE;
    return told ? not_tested_word(reason) : NULL;
}

bool is_judged(const struct endpoint_brief *e)
{
    return endpoint_has_leaf(e) && e->chain.status != CHAIN_NONE;
}

const char *chain_status_or_null(const struct chain_brief *chain)
{
    enum chain_status status = (enum chain_status)chain->status;
    return status != CHAIN_NONE ? chain_status_word(status) : NULL;
}

void object_truth(struct object *o, unsigned column, uint8_t truth)
{
    if (truth != TRUTH_UNKNOWN) {
        object_bool(o, column, truth == TRUTH_YES);
    }
}

/* Does the leaf cover the domain, which the host lies at or below? */
static enum truth covers_domain(const struct endpoint_brief *e, struct span host,
                                struct span domain)
{
    if (domain.len == 0 || !endpoint_has_leaf(e) || !span_ends_with(host, domain)) {
        return TRUTH_UNKNOWN;
    }
    struct span front = span_take(host, host.len - domain.len);
    if (front.len == 0) {
        return name_match_is_match((enum name_match)e->name_match) ? TRUTH_YES : TRUTH_NO;
    }
    unsigned labels = 0;
    for (size_t i = 0; i < front.len; i++) {
        labels += front.at[i] == '.';
    }
    if (front.at[front.len - 1] != '.' || labels > 8 * sizeof(e->covers_parents)) {
        return TRUTH_UNKNOWN; /* the domain's last label only ends like the host's, or too deep */
    }
    return (e->covers_parents >> (labels - 1) & 1) != 0 ? TRUTH_YES : TRUTH_NO;
}

static void put_brief_verdicts(struct object *o, const struct endpoint_brief *b, struct span host,
                               struct span domain)
{
    if (endpoint_has_leaf(b)) {
        object_word(o, BRIEF_CHAIN_STATUS, chain_status_or_null(&b->chain));
        object_word(o, BRIEF_NAME_MATCH, name_match_word((enum name_match)b->name_match));
    }
    if (is_judged(b)) {
        object_bool(o, BRIEF_ACCEPTABLE, endpoint_is_acceptable(b));
    }
    if (b->outcome != OUTCOME_NOT_TESTED) {
        object_word(o, BRIEF_SNI, sni_class_word((enum sni_class)b->sni));
    }
    object_truth(o, BRIEF_COVERS_DOMAIN, (uint8_t)covers_domain(b, host, domain));
    object_truth(o, BRIEF_PTR_IS_HOST, b->ptr_is_host);
    if (!object_is_lean(o)) {
        object_name(o, BRIEF_MX_OPERATOR, b->mx_operator);
        object_word(o, BRIEF_MX_OPERATOR_SOURCE,
                    word_or_null(operator_source_word((enum operator_source)b->operator_source)));
    }
    object_word(o, BRIEF_DANE, dane_status_word((enum dane_status)b->dane));
}

/* A wildcard stands for the first label alone (RFC 9525 section 6.3), so the host tells its group. */
static void put_brief_group(struct object *o, const struct endpoint_brief *b, struct span host)
{
    const uint8_t *dot = memchr(host.at, '.', host.len);
    if (b->basis == BASIS_INFERRED && dot != NULL && !object_is_lean(o)) {
        struct buf key = BUF_INIT(BUF_NO_LIMIT);
        group_key_put(&key, span_drop(host, (size_t)(dot - host.at) + 1), &b->address, b->port);
        object_text(o, BRIEF_GROUP, buf_span(&key));
        buf_deinit(&key);
    }
}

bool brief_has_no_row(const struct endpoint_brief *e)
{
    return e->outcome == OUTCOME_NOT_TESTED &&
           (e->not_tested == NOT_TESTED_BLOCKLISTED ||
            e->not_tested == NOT_TESTED_SPECIAL_PURPOSE ||
            e->not_tested == NOT_TESTED_FAMILY_DISABLED || e->not_tested == NOT_TESTED_TRUNCATED);
}

static bool brief_is_told(const struct endpoint_brief *b, bool lean)
{
    return !lean || b->mapped != 0 || brief_has_no_row(b);
}

size_t briefs_told(const struct endpoint_brief *briefs, size_t count, bool lean)
{
    size_t told = 0;
    for (size_t i = 0; i < count; i++) {
        told += brief_is_told(&briefs[i], lean);
    }
    return told;
}

void put_briefs(struct list *l, const struct endpoint_brief *briefs, size_t count, struct span host,
                struct span domain, bool lean)
{
    for (size_t i = 0; i < count; i++) {
        const struct endpoint_brief *b = &briefs[i];
        enum session_outcome outcome = (enum session_outcome)b->outcome;
        if (!brief_is_told(b, lean)) {
            continue;
        }
        struct object *o = list_object(l);
        object_address(o, BRIEF_ADDRESS, &b->address);
        object_uint(o, BRIEF_PORT, b->port);
        object_bool(o, BRIEF_MAPPED, b->mapped != 0);
        object_word(o, BRIEF_OUTCOME, outcome_info(outcome)->word);
        object_word(o, BRIEF_NOT_TESTED,
                    not_tested_or_null(outcome, (enum not_tested_reason)b->not_tested));
        object_word(o, BRIEF_NO_SNI_OUTCOME,
                    b->no_sni_outcome != OUTCOME_NOT_TESTED
                        ? outcome_info((enum session_outcome)b->no_sni_outcome)->word
                        : NULL);
        object_word(o, BRIEF_STARTTLS, starttls_word((enum starttls_state)b->starttls));
        object_word(o, BRIEF_TLS_VERSION, tls_version_word(b->tls_version));
        object_sha256(o, BRIEF_LEAF_SHA256, b->leaf_sha256);
        object_bool(o, BRIEF_INHERITED, b->inherited != 0);
        object_word(o, BRIEF_BASIS, word_or_null(basis_word((enum basis)b->basis)));
        put_brief_group(o, b, host);
        put_brief_verdicts(o, b, host, domain);
        object_close(o);
    }
    list_close(l);
}

static size_t tally_total(const struct tally *t)
{
    return t->yes + t->no + t->unknown;
}

static void put_rolled(struct object *o, const struct roll_up *r, enum property p)
{
    const struct tally *t = &r->property[p];
    bool lean = object_is_lean(o);
    bool as_reachable = lean && p != PROPERTY_REACHABLE &&
                        tally_total(t) == tally_total(&r->property[PROPERTY_REACHABLE]);
    object_word(o, ROLLUP_VALUE_VALUE, rollup_word(roll_up_value(r, p)));
    object_natural(o, ROLLUP_VALUE_N_TESTED,
                   lean && t->unknown == 0 ? -1 : (int64_t)(t->yes + t->no));
    object_natural(o, ROLLUP_VALUE_N_TOTAL, as_reachable ? -1 : (int64_t)tally_total(t));
    object_close(o);
}

/* Then lean rows have it once. */
static bool is_rolled_alike(const struct roll_up *r, enum property a, enum property b)
{
    const struct tally *x = &r->property[a];
    const struct tally *y = &r->property[b];
    return roll_up_value(r, a) == roll_up_value(r, b) && tally_total(x) == tally_total(y) &&
           x->unknown == y->unknown;
}

void put_rollup(struct object *o, const struct roll_up *r)
{
    static const struct {
        unsigned column;
        enum property property;
    } columns[] = {
        {ROLLUP_FACTS_REACHABLE, PROPERTY_REACHABLE},
        {ROLLUP_FACTS_STARTTLS, PROPERTY_STARTTLS},
        {ROLLUP_FACTS_ESTABLISHED, PROPERTY_ESTABLISHED},
        {ROLLUP_FACTS_TLSV1_2_OR_NEWER, PROPERTY_TLS1_2_OR_NEWER},
        {ROLLUP_FACTS_CHAIN_TRUSTED, PROPERTY_CHAIN_TRUSTED},
        {ROLLUP_FACTS_NAME_MATCHES, PROPERTY_NAME_MATCHES},
        {ROLLUP_FACTS_ACCEPTABLE, PROPERTY_ACCEPTABLE},
        {ROLLUP_FACTS_SNI_NEEDED, PROPERTY_SNI_NEEDED},
    };
    for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++) {
        bool told = object_is_lean(o) && i > 0 &&
                    is_rolled_alike(r, columns[i - 1].property, columns[i].property);
        if (!told) {
            put_rolled(object_object(o, columns[i].column), r, columns[i].property);
        }
    }
    object_close(o);
}

void put_parity(struct object *o, const struct parity_facts *p)
{
    object_word(o, PARITY_FACTS_REACHABLE, parity_word(p->of[PARITY_FACT_REACHABLE]));
    object_word(o, PARITY_FACTS_STARTTLS, parity_word(p->of[PARITY_FACT_STARTTLS]));
    object_word(o, PARITY_FACTS_TLS_VERSION, parity_word(p->of[PARITY_FACT_TLS_VERSION]));
    object_word(o, PARITY_FACTS_LEAF, parity_word(p->of[PARITY_FACT_LEAF]));
    object_word(o, PARITY_FACTS_ACCEPTABLE, parity_word(p->of[PARITY_FACT_ACCEPTABLE]));
    object_close(o);
}

void put_operators(struct row *r, unsigned one, unsigned all, unsigned source,
                   const struct operator_set *set)
{
    static const struct operator_set none;
    const struct operator_set *s = set != NULL ? set : &none;
    if (s->count == 1) {
        row_name(r, one, s->name[0]);
        row_word(r, source, word_or_null(operator_source_word(s->source)));
    }
    if (!row_is_lean(r) || s->count > 1) { /* one: as the other column */
        put_texts(row_list(r, all), s->name, s->count);
    }
}

const char *word_or_null(const char *word)
{
    return word[0] != '\0' ? word : NULL;
}

void put_addresses(struct list *l, const struct net_addr *addresses, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        list_address(l, &addresses[i]);
    }
    list_close(l);
}

void put_texts(struct list *l, const struct span *texts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        list_text(l, texts[i]);
    }
    list_close(l);
}

void put_findings(struct list *l, const struct findings *findings)
{
    for (size_t i = 0; findings != NULL && i < findings->count; i++) {
        const struct finding *f = &findings->item[i];
        struct object *o = list_object(l);
        object_word(o, FINDING_FACTS_CODE, finding_info(f->code)->code);
        object_word(o, FINDING_FACTS_SEVERITY, severity_word(f->severity));
        object_name(o, FINDING_FACTS_EVIDENCE, findings_evidence(findings, i));
        object_close(o);
    }
    list_close(l);
}

void report_finding_rows(struct row_sink *sink, enum table_id table, struct span key,
                         const struct findings *findings)
{
    if (findings == NULL || !row_sink_wants(sink, TABLE_FINDINGS)) {
        return;
    }
    for (size_t i = 0; i < findings->count; i++) {
        const struct finding *f = &findings->item[i];
        struct row *r = row_sink_begin(sink, TABLE_FINDINGS);
        row_word(r, FINDINGS_TABLE, table_name(table));
        row_text(r, FINDINGS_KEY, key);
        row_word(r, FINDINGS_CODE, finding_info(f->code)->code);
        row_word(r, FINDINGS_SEVERITY, severity_word(f->severity));
        row_name(r, FINDINGS_EVIDENCE, findings_evidence(findings, i));
        row_sink_end(sink, TABLE_FINDINGS);
    }
}
