#include <stdio.h>

#include "scanner/base/hash.h"
#include "scanner/base/text.h"
#include "scanner/rows/row_outcomes.h"
#include "scanner/survey/survey_private.h"

/* --- yes, no, not known ----------------------------------------------------------------------- */

static enum truth survey_truth(bool known, bool yes)
{
    return !known ? TRUTH_UNKNOWN : yes ? TRUTH_YES : TRUTH_NO;
}

/* Of the roll-up of all MX hosts, and of what their endpoints show. */
static void measure_servers(const struct facts *row, const struct evidence *seen, enum truth *m)
{
    static const struct {
        enum measure measure;
        unsigned column;
        bool some;
    } list[] = {
        {MEASURE_REACHABLE_SOME, ROLLUP_FACTS_REACHABLE, true},
        {MEASURE_STARTTLS_ALL, ROLLUP_FACTS_STARTTLS, false},
        {MEASURE_STARTTLS_SOME, ROLLUP_FACTS_STARTTLS, true},
        {MEASURE_TLS_ALL, ROLLUP_FACTS_ESTABLISHED, false},
        {MEASURE_TLS1_2_ALL, ROLLUP_FACTS_TLSV1_2_OR_NEWER, false},
        {MEASURE_TRUSTED_ALL, ROLLUP_FACTS_CHAIN_TRUSTED, false},
        {MEASURE_NAME_ALL, ROLLUP_FACTS_NAME_MATCHES, false},
        {MEASURE_ACCEPTABLE_ALL, ROLLUP_FACTS_ACCEPTABLE, false},
        {MEASURE_ACCEPTABLE_SOME, ROLLUP_FACTS_ACCEPTABLE, true},
        {MEASURE_SNI_NEEDED, ROLLUP_FACTS_SNI_NEEDED, true},
    };
    struct facts rollup = facts_member(row, DOMAINS_ROLLUP);
    for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
        m[list[i].measure] = list[i].some ? evidence_some(seen, &rollup, list[i].column)
                                          : evidence_all(seen, &rollup, list[i].column);
    }
    /* What is unknown of TLS 1.2 or newer may be an endpoint that is not in the list. */
    m[MEASURE_TLS1_3_ALL] = seen->no[PROPERTY_TLS1_3] ? TRUTH_NO
                            : m[MEASURE_TLS1_2_ALL] == TRUTH_UNKNOWN || !seen->yes[PROPERTY_TLS1_3]
                                ? TRUTH_UNKNOWN
                                : TRUTH_YES;
}

static void measure_dane(const struct facts *row, enum truth *m)
{
    struct facts dane;
    if (!facts_object(row, DOMAINS_DANE, &dane)) {
        return; /* not known */
    }
    enum dnssec_state mx =
        (enum dnssec_state)facts_enum(&dane, DANE_FACTS_MX_DNSSEC, &dnssec_state_vocabulary);
    enum dane_domain_state state =
        (enum dane_domain_state)facts_enum(&dane, DANE_FACTS_STATE, &dane_domain_vocabulary);
    bool usable = facts_u32(&dane, DANE_FACTS_HOSTS_USABLE) > 0;
    bool known = state != DANE_DOMAIN_UNKNOWN;
    m[MEASURE_DNSSEC] =
        survey_truth(mx != DNSSEC_UNKNOWN && mx != DNSSEC_FAILED, mx == DNSSEC_SECURE);
    m[MEASURE_DANE_SOME] = survey_truth(usable || (known && state != DANE_DOMAIN_FAILED), usable);
    m[MEASURE_DANE_FULL] = survey_truth(known, state == DANE_DOMAIN_FULL);
}

/* Of the MX hosts: is there IPv6, are there TLSA records? One that could not be looked up keeps "no" open. */
static void measure_hosts(const struct facts *row, enum truth *m)
{
    struct facts dane = facts_member(row, DOMAINS_DANE);
    bool ipv6 = false;
    bool ipv6_open = false;
    bool tlsa_open = dane.object == NULL;
    for (size_t i = 0; i < facts_list_len(row, DOMAINS_MX); i++) {
        struct facts mx;
        facts_list_object(row, DOMAINS_MX, i, &mx);
        enum dns_state aaaa = (enum dns_state)facts_enum(&mx, MX_FACTS_AAAA, &dns_state_vocabulary);
        ipv6 |= aaaa == DNS_DATA;
        ipv6_open |= dns_state_is_temporary(aaaa);
        tlsa_open |=
            facts_enum(&mx, MX_FACTS_DANE_HOST, &dane_host_vocabulary) == DANE_HOST_LOOKUP_FAILED;
    }
    bool tlsa = facts_u32(&dane, DANE_FACTS_HOSTS_WITH_TLSA) > 0;
    m[MEASURE_IPV6] = survey_truth(ipv6 || !ipv6_open, ipv6);
    m[MEASURE_TLSA] = survey_truth(tlsa || !tlsa_open, tlsa);
}

static void measure_records(const struct facts *row, enum truth *m)
{
    struct facts sts = facts_member(row, DOMAINS_MTA_STS);
    struct facts rpt = facts_member(row, DOMAINS_TLS_RPT);
    enum sts_state state =
        (enum sts_state)facts_enum(&sts, MTA_STS_FACTS_STATE, &sts_state_vocabulary);
    bool enforce = state == STS_STATE_ENFORCE;
    m[MEASURE_STS_RECORD] = survey_truth(survey_dns_answered(row, DOMAINS_MTA_STS_DNS),
                                         facts_bool(&sts, MTA_STS_FACTS_RECORD_VALID));
    m[MEASURE_STS_IN_USE] =
        survey_truth(state != STS_STATE_UNKNOWN, enforce || state == STS_STATE_TESTING);
    m[MEASURE_STS_ENFORCE] = survey_truth(state != STS_STATE_UNKNOWN, enforce);
    m[MEASURE_TLS_RPT] = survey_truth(survey_dns_answered(row, DOMAINS_TLS_RPT_DNS),
                                      facts_bool(&rpt, TLS_RPT_FACTS_VALID));
}

/* --- the servers that a domain leads to -------------------------------------------------------- */

/* What the endpoints of a domain show: of all, and of the MX hosts of the lowest preference that has one. */
struct domain_servers {
    struct spread_unit words;
    struct evidence all;
    struct evidence primary;
    bool has_primary;
    unsigned primary_preference;
};

static void count_servers_of_endpoint(struct survey *s, const struct facts *brief,
                                      const struct endpoint_brief *e, struct domain_servers *seen)
{
    char key[80];
    int len = snprintf(key, sizeof(key), "%s|%u", facts_string_or(brief, BRIEF_ADDRESS, ""),
                       facts_u16(brief, BRIEF_PORT));
    if (len > 0 && (size_t)len < sizeof(key)) {
        survey_count_service_domain(s, span_of(key), seen->words.stamp);
    }
    if (endpoint_has_leaf(e)) {
        struct span leaf = span_of(facts_string(brief, BRIEF_LEAF_SHA256));
        survey_count_leaf_domain(s, groups_of(&s->leaves, leaf), seen->words.stamp);
    }
    spreads_add(s, &seen->words, brief, e);
}

static void add_endpoints_of_mx(struct survey *s, const struct facts *mx, enum mail_kind kind,
                                struct domain_servers *seen)
{
    unsigned preference = facts_u16(mx, MX_FACTS_PREFERENCE);
    for (size_t i = 0; i < facts_list_len(mx, MX_FACTS_ENDPOINTS); i++) {
        struct facts brief;
        struct endpoint_brief e;
        facts_list_object(mx, MX_FACTS_ENDPOINTS, i, &brief);
        survey_read_brief(&brief, &e);
        if (!survey_port_counts(s, e.port)) {
            continue;
        }
        if (!seen->has_primary) { /* the hosts are in the order of their preferences */
            seen->has_primary = true;
            seen->primary_preference = preference;
        }
        evidence_add(&seen->all, &e);
        if (preference == seen->primary_preference) {
            evidence_add(&seen->primary, &e);
        }
        if (kind == MAIL_EXPLICIT) {
            count_servers_of_endpoint(s, &brief, &e, seen);
        }
    }
}

static void count_dane_of_mx(struct survey *s, const struct facts *mx, uint32_t stamp)
{
    const char *state = facts_string(mx, MX_FACTS_DANE_HOST);
    if (state != NULL) {
        uint32_t *counters = groups_of(&s->dane_host, span_of(state));
        survey_count_once(&counters[1], &counters[2], stamp);
    }
}

static void count_servers(struct survey *s, const struct facts *row, enum mail_kind kind,
                          struct domain_servers *seen)
{
    *seen = (struct domain_servers){
        .words = {.stamp = survey_next_unit(s), .weighting = WEIGHTING_DOMAIN}};
    for (size_t i = 0; i < facts_list_len(row, DOMAINS_MX); i++) {
        struct facts mx;
        facts_list_object(row, DOMAINS_MX, i, &mx);
        const char *host = facts_string(&mx, MX_FACTS_HOST);
        if (host != NULL && kind == MAIL_EXPLICIT) {
            uint32_t *thing = groups_of(&s->hosts, span_of(host));
            survey_count_once(&thing[THING_DOMAINS], &thing[THING_STAMP], seen->words.stamp);
            count_dane_of_mx(s, &mx, seen->words.stamp);
        }
        add_endpoints_of_mx(s, &mx, kind, seen);
    }
}

static void add_properties_of_domain(struct survey *s, const struct facts *row,
                                     const struct domain_servers *seen)
{
    struct facts rollup = facts_member(row, DOMAINS_ROLLUP);
    struct facts primary = facts_has(row, DOMAINS_ROLLUP_PRIMARY)
                               ? facts_member(row, DOMAINS_ROLLUP_PRIMARY)
                               : rollup; /* where it would be the same */
    struct facts reachable = {0};
    /* None of its endpoints is there: those of the next preference say nothing of it. */
    bool listed = primary.object != NULL &&
                  facts_object(&primary, ROLLUP_FACTS_REACHABLE, &reachable) &&
                  facts_uint(&reachable, ROLLUP_VALUE_N_TOTAL, UINT64_MAX) > 0;
    struct evidence first = listed ? seen->primary : (struct evidence){0};
    for (unsigned c = 0; c < ROLLUP_FACTS_COLUMN_COUNT; c++) {
        enum property p = survey_rollup_property(c);
        share_add(&s->domain_all[p], evidence_all(&seen->all, &rollup, c));
        share_add(&s->domain_some[p], evidence_some(&seen->all, &rollup, c));
        share_add(&s->primary[p], p == PROPERTY_SNI_NEEDED ? evidence_some(&first, &primary, c)
                                                           : evidence_all(&first, &primary, c));
    }
    spreads_end_unit(s, &seen->words, &rollup);
}

/* --- who sends --------------------------------------------------------------------------------- */

/* "host|address|port: reason" or the reason alone. */
static struct span reason_of(const char *decided_by)
{
    const char *colon = decided_by != NULL ? strrchr(decided_by, ' ') : NULL;
    return span_of(colon != NULL ? colon + 1 : decided_by);
}

static void add_outcomes(struct survey *s, const struct facts *row)
{
    struct row_outcomes outcomes = row_outcomes(row);
    for (size_t i = 0; i < outcomes.count; i++) {
        const char *profile = outcomes.of[i].profile;
        unsigned worst = outcomes.of[i].worst;
        uint32_t *counters = groups_of(&s->profile, span_of(profile));
        counters[outcomes.of[i].best]++;
        counters[DELIVERY_COUNT + worst]++;
        struct span reason = reason_of(outcomes.of[i].decided_by);
        if (worst != DELIVERY_UNKNOWN && worst < DELIVERY_ENCRYPTED && reason.len > 0) {
            struct buf key = BUF_INIT(BUF_NO_LIMIT);
            buf_putf(&key, "%s" REASON_SEPARATOR "%s" REASON_SEPARATOR "%.*s", profile,
                     delivery_word((enum delivery)worst), (int)reason.len, (const char *)reason.at);
            groups_of(&s->profile_reason, buf_span(&key))[0]++;
            buf_deinit(&key);
        }
    }
}

/* --- groups of domains ------------------------------------------------------------------------- */

static uint64_t rank_of_domain(const struct survey *s, const struct facts *row)
{
    uint64_t rank = RANK_NONE;
    if (s->terms.rank_is_line) {
        return facts_uint(row, DOMAINS_INPUT_LINE, UINT64_MAX);
    }
    const char *text = s->terms.rank_column != NULL
                           ? facts_free_text(row, DOMAINS_METADATA, s->terms.rank_column)
                           : NULL;
    return text != NULL && text_to_u64(span_of(text), &rank) ? rank : RANK_NONE;
}

static void add_to_groups(struct survey *s, const struct facts *row, const enum truth *m)
{
    measures_add(groups_of(&s->tld, span_of(facts_string_or(row, DOMAINS_TLD, ""))), m);
    const char *operator= facts_string(row, DOMAINS_MX_OPERATOR);
    bool several = facts_list_len(row, DOMAINS_MX_OPERATORS) > 1;
    measures_add(groups_of(&s->operator, span_of(operator != NULL ? operator
                                                 : several        ? "(several)"
                                                                  : "(unknown)")),
                 m);
    if (s->terms.customer_column != NULL) {
        const char *customer = facts_free_text(row, DOMAINS_METADATA, s->terms.customer_column);
        measures_add(groups_of(&s->customer, span_of(customer != NULL ? customer : "")), m);
    }
    uint64_t rank = rank_of_domain(s, row);
    if (rank != RANK_NONE) {
        s->ranked++;
        measures_add(s->rank_decade[survey_rank_decade(rank)], m);
        measures_add(s->rank_step[survey_rank_step(rank)], m);
    }
}

#define SECONDS_A_DAY 86400

/* --- customers and effects ------------------------------------------------------------------------ */

uint32_t survey_customer_of_line(const struct survey *s, uint64_t input_line)
{
    const uint64_t *customer = map_find(&s->line_customer, hash_key_of_u64(input_line));
    return customer != NULL ? (uint32_t)*customer : 0;
}

static void add_effect(struct survey *s, const struct facts *row, enum mx_kind mx,
                       enum account_class account)
{
    enum effect effect = (enum effect)facts_enum(row, DOMAINS_EFFECT, &effect_vocabulary);
    bool untested = account != ACCOUNT_TESTED && account != ACCOUNT_PARTLY_TESTED;
    if (s->terms.customer_column != NULL) {
        const char *customer = facts_free_text(row, DOMAINS_METADATA, s->terms.customer_column);
        uint32_t number =
            groups_number(&s->customer_effect, span_of(customer != NULL ? customer : ""));
        bool added;
        (void)map_add(&s->line_customer,
                      hash_key_of_u64(facts_uint(row, DOMAINS_INPUT_LINE, UINT64_MAX)), number + 1,
                      &added);
        groups_of(&s->customer_effect, span_of(customer != NULL ? customer : ""))[effect]++;
    }
    if (mx != MX_KIND_EXPLICIT && mx != MX_KIND_IMPLICIT) {
        s->effect_others[effect]++;
    } else {
        enum mail_kind kind = mx == MX_KIND_EXPLICIT ? MAIL_EXPLICIT : MAIL_IMPLICIT;
        bool unknown = effect == EFFECT_NONE && untested;
        s->effect_unknown[kind] += unknown;
        s->effect[kind][effect] += !unknown;
    }
}

/* When mail suffers if nobody does anything: only with a date that is known. */
static void add_break(struct survey *s, const struct facts *row)
{
    if (!facts_has(row, DOMAINS_WILL_BREAK_AT) || s->terms.at == INT64_MIN) {
        s->break_unknown++;
        return;
    }
    int64_t left = facts_time_ms(row, DOMAINS_WILL_BREAK_AT) / 1000 - s->terms.at;
    int64_t days = left / SECONDS_A_DAY - (left % SECONDS_A_DAY < 0);
    unsigned kind = facts_enum(row, DOMAINS_WILL_BREAK_CAUSE, &break_kind_vocabulary);
    s->break_known++;
    s->break_days[survey_days_bin(days)][kind]++;
    enum effect later = (enum effect)facts_enum(row, DOMAINS_WILL_BREAK_EFFECT, &effect_vocabulary);
    enum effect today = (enum effect)facts_enum(row, DOMAINS_EFFECT, &effect_vocabulary);
    bool news = effect_is_news(later, today);
    s->break_effect[survey_days_bin(days)][news ? later : EFFECT_NONE]++;
    if (news && days >= 0 && days < 7 * WEEKS) {
        s->break_week[days / 7]++;
    }
}

static bool is_left_out(const struct survey *s, const struct facts *row)
{
    if (s->terms.customer == NULL) {
        return false;
    }
    const char *customer = facts_free_text(row, DOMAINS_METADATA, s->terms.customer_column);
    return strcmp(customer != NULL ? customer : "", s->terms.customer) != 0;
}

static bool row_has_column(const struct facts *row, const char *column)
{
    return column != NULL && facts_free_text(row, DOMAINS_METADATA, column) != NULL;
}

void survey_add_domain(struct survey *s, const struct facts *row)
{
    s->with_rank += row_has_column(row, s->terms.rank_column);
    s->with_column += row_has_column(row, s->terms.customer_column);
    if (is_left_out(s, row)) {
        s->left_out++;
        return;
    }
    enum account_class account =
        (enum account_class)facts_enum(row, DOMAINS_ACCOUNT, &account_class_vocabulary);
    enum mx_kind mx = (enum mx_kind)facts_enum(row, DOMAINS_MX_KIND, &mx_kind_vocabulary);
    s->inputs++;
    s->with_customer += s->terms.customer_column != NULL;
    s->account[account]++;
    if (account == ACCOUNT_INVALID || account == ACCOUNT_DUPLICATE ||
        account == ACCOUNT_BLOCKLISTED) {
        return;
    }
    s->mx_kind[mx]++;
    add_effect(s, row, mx, account);
    if (mx != MX_KIND_EXPLICIT && mx != MX_KIND_IMPLICIT) {
        return;
    }
    enum mail_kind kind = mx == MX_KIND_EXPLICIT ? MAIL_EXPLICIT : MAIL_IMPLICIT;
    enum truth m[MEASURE_COUNT] = {0};
    struct domain_servers seen;
    count_servers(s, row, kind, &seen);
    measure_servers(row, &seen.all, m);
    measure_dane(row, m);
    measure_hosts(row, m);
    measure_records(row, m);
    measures_add(s->whole[kind], m);
    if (kind == MAIL_IMPLICIT) {
        return;
    }
    s->inferred += facts_enum(row, DOMAINS_BASIS, &basis_vocabulary) == BASIS_INFERRED;
    add_properties_of_domain(s, row, &seen);
    add_outcomes(s, row);
    add_to_groups(s, row, m);
    add_break(s, row);
    survey_add_policies_of_domain(s, row);
}
