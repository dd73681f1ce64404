#include "scanner/survey/survey_private.h"

/* --- hosts ------------------------------------------------------------------------------------- */

/* All but what needs to know which certificate passes without SNI, which a brief does not say. */
static void add_properties_of_endpoint(struct survey *s, const struct endpoint_brief *e)
{
    for (enum property p = 0; p < PROPERTY_COUNT; p++) {
        if (p != PROPERTY_SNI_NEEDED && (!endpoint_is_special(e) || p == PROPERTY_REACHABLE)) {
            share_add(&s->endpoint_property[p], property_of(p, e));
        }
    }
}

static void count_leaf_endpoint(struct survey *s, const struct facts *brief,
                                const struct endpoint_brief *e)
{
    const char *leaf = facts_string(brief, BRIEF_LEAF_SHA256);
    if (leaf != NULL) {
        uint32_t *counters = groups_of(&s->leaves, span_of(leaf));
        counters[LEAF_ENDPOINTS]++;
        counters[LEAF_JUDGED] += e->chain.status != CHAIN_NONE;
        counters[LEAF_TRUSTED] += e->chain.status == CHAIN_TRUSTED;
    }
}

static void add_endpoints_of_host(struct survey *s, const struct facts *row)
{
    struct facts rollup = facts_member(row, HOSTS_ROLLUP);
    struct spread_unit words = {.stamp = survey_next_unit(s), .weighting = WEIGHTING_HOST};
    struct evidence evidence = {0};
    for (size_t i = 0; i < facts_list_len(row, HOSTS_ENDPOINTS); i++) {
        struct facts brief;
        struct endpoint_brief e;
        facts_list_object(row, HOSTS_ENDPOINTS, i, &brief);
        survey_read_brief(&brief, &e);
        if (survey_port_counts(s, e.port)) {
            spreads_add(s, &words, &brief, &e);
            spreads_add_endpoint(s, &brief, &e);
            evidence_add(&evidence, &e);
            add_properties_of_endpoint(s, &e);
            count_leaf_endpoint(s, &brief, &e);
        }
    }
    spreads_end_unit(s, &words, &rollup);
    for (unsigned c = 0; c < ROLLUP_FACTS_COLUMN_COUNT; c++) {
        enum property p = survey_rollup_property(c);
        share_add(&s->host[p], p == PROPERTY_SNI_NEEDED ? evidence_some(&evidence, &rollup, c)
                                                        : evidence_all(&evidence, &rollup, c));
    }
}

static void add_families(struct survey *s, const struct facts *row)
{
    bool v4 = false;
    bool v6 = false;
    for (size_t i = 0; i < facts_list_len(row, HOSTS_ADDRESSES); i++) {
        bool colon = strchr(facts_list_string(row, HOSTS_ADDRESSES, i), ':') != NULL;
        v6 |= colon;
        v4 |= !colon;
    }
    bool unresolved =
        !v4 && !v6 &&
        !(survey_dns_answered(row, HOSTS_A_DNS) && survey_dns_answered(row, HOSTS_AAAA_DNS));
    s->hosts_unresolved += unresolved;
    s->hosts_without += !v4 && !v6 && !unresolved;
    s->hosts_both += v4 && v6;
    s->hosts_v4_only += v4 && !v6;
    s->hosts_v6_only += v6 && !v4;
    struct facts parity;
    if (facts_object(row, HOSTS_PARITY_FAMILIES, &parity)) {
        static const unsigned columns[PARITY_FACT_COUNT] = {
            [PARITY_FACT_REACHABLE] = PARITY_FACTS_REACHABLE,
            [PARITY_FACT_STARTTLS] = PARITY_FACTS_STARTTLS,
            [PARITY_FACT_TLS_VERSION] = PARITY_FACTS_TLS_VERSION,
            [PARITY_FACT_LEAF] = PARITY_FACTS_LEAF,
            [PARITY_FACT_ACCEPTABLE] = PARITY_FACTS_ACCEPTABLE,
        };
        for (int i = 0; i < PARITY_FACT_COUNT; i++) {
            s->families[i][facts_enum(&parity, columns[i], &parity_vocabulary)]++;
        }
    }
}

void survey_add_host(struct survey *s, const struct facts *row)
{
    const uint32_t *thing = survey_thing(&s->hosts, row, HOSTS_HOST);
    if (thing == NULL || thing[THING_DOMAINS] == 0) {
        return;
    }
    uint32_t domains = thing[THING_DOMAINS];
    s->hosts_total++;
    add_endpoints_of_host(s, row);
    add_families(s, row);
    survey_add_dane_of_host(s, row, domains);
}

/* --- services: the session without SNI ---------------------------------------------------------- */

/* Two bits for each version (enum truth), and one above them. */
static uint32_t versions_asked(const struct facts *row)
{
    static const unsigned columns[] = {VERSION_FACTS_TLSV1_0, VERSION_FACTS_TLSV1_1,
                                       VERSION_FACTS_TLSV1_2, VERSION_FACTS_TLSV1_3};
    struct facts versions;
    if (!facts_object(row, SERVICES_VERSIONS, &versions)) {
        return 0;
    }
    uint32_t packed = 1;
    for (size_t i = 0; i < 4; i++) {
        packed = packed << 2 | (uint32_t)facts_truth(&versions, columns[i]);
    }
    return packed;
}

static uint32_t word_number(struct groups *g, const char *word)
{
    return word != NULL ? 1 + groups_number(g, span_of(word)) : 0;
}

static enum truth service_has_tls(const struct facts *row)
{
    enum session_outcome outcome =
        (enum session_outcome)facts_enum(row, SERVICES_OUTCOME, &outcome_vocabulary);
    return facts_has(row, SERVICES_TLS_VERSION) ? TRUTH_YES
           : outcome_info(outcome)->conclusive  ? TRUTH_NO
                                                : TRUTH_UNKNOWN;
}

/* Noted only: whether it counts shows when a domain leads to it. */
void survey_add_service(struct survey *s, const struct facts *row)
{
    const char *key = facts_string(row, SERVICES_SERVICE);
    if (key == NULL || !survey_port_counts(s, facts_u16(row, SERVICES_PORT))) {
        return;
    }
    struct facts handshake = facts_member(row, SERVICES_HANDSHAKE);
    struct facts ciphers;
    unsigned chain = facts_enum(row, SERVICES_CHAIN_STATUS, &chain_status_vocabulary);
    uint32_t *service = groups_of(&s->services, span_of(key));
    s->has_ciphers |= facts_object(row, SERVICES_CIPHERS, &ciphers);
    service[SERVICE_HAS_ROW] = true;
    service[SERVICE_TLS] = service_has_tls(row);
    service[SERVICE_ASKED] = versions_asked(row);
    service[SERVICE_LEAF] = word_number(&s->leaves, facts_string(row, SERVICES_LEAF_SHA256));
    service[SERVICE_JUDGED] = chain != CHAIN_NONE;
    service[SERVICE_TRUSTED] = chain == CHAIN_TRUSTED;
    if (service[SERVICE_TLS] == TRUTH_YES) {
        service[SERVICE_VERSION] =
            word_number(&s->versions, facts_string(row, SERVICES_TLS_VERSION));
        service[SERVICE_SUITE] =
            word_number(&s->suites, facts_string(&handshake, HANDSHAKE_FACTS_CIPHER));
        service[SERVICE_KEY_GROUP] =
            word_number(&s->key_groups,
                        facts_string_or(&handshake, HANDSHAKE_FACTS_GROUP, "none, or not known"));
    }
}

#define SERVICE_ROWS_MAX 3

static size_t rows_of_service(struct survey *s, const uint32_t *service,
                              uint32_t *rows[SERVICE_ROWS_MAX])
{
    struct groups *const groups[] = {&s->versions, &s->suites, &s->key_groups};
    size_t count = 0;
    for (unsigned i = 0; i < SERVICE_ROWS_MAX; i++) {
        uint32_t number = service[SERVICE_VERSION + i];
        if (number > 0) {
            rows[count++] = groups_row(groups[i], number - 1);
        }
    }
    return count;
}

void survey_count_service_domain(struct survey *s, struct span key, uint32_t unit)
{
    uint32_t *rows[SERVICE_ROWS_MAX];
    uint32_t *service = groups_of(&s->services, key);
    if (!survey_count_once(&service[THING_DOMAINS], &service[THING_STAMP], unit)) {
        return;
    }
    for (size_t i = rows_of_service(s, service, rows); i-- > 0;) {
        survey_count_once(&rows[i][ROW_DOMAINS], &rows[i][ROW_STAMP], unit);
    }
    if (service[SERVICE_LEAF] > 0) {
        survey_count_leaf_domain(s, groups_row(&s->leaves, service[SERVICE_LEAF] - 1), unit);
    }
}

static void end_versions(struct survey *s, uint32_t asked)
{
    static const char *const names[] = {"TLSv1.3", "TLSv1.2", "TLSv1.1", "TLSv1.0"};
    s->versions_asked += asked > 0;
    for (size_t i = 0; i < 4 && asked > 0; i++) {
        enum truth truth = (enum truth)(asked >> 2 * i & 3);
        uint32_t *counters = groups_of(&s->versions_accepted, span_of(names[i]));
        counters[0] += truth == TRUTH_YES;
        counters[1] += truth == TRUTH_NO;
        counters[2] += truth == TRUTH_UNKNOWN;
    }
}

void survey_end(struct survey *s)
{
    for (uint32_t i = 0; i < groups_count(&s->services); i++) {
        const uint32_t *service = groups_at(&s->services, i);
        if (service[THING_DOMAINS] == 0 || !service[SERVICE_HAS_ROW]) {
            continue;
        }
        uint32_t *rows[SERVICE_ROWS_MAX];
        s->services_tls += service[SERVICE_TLS] == TRUTH_YES;
        s->services_untested += service[SERVICE_TLS] == TRUTH_UNKNOWN;
        end_versions(s, service[SERVICE_ASKED]);
        for (size_t k = rows_of_service(s, service, rows); k-- > 0;) {
            rows[k][ROW_THINGS]++;
            rows[k][ROW_TRUSTED] += service[SERVICE_TRUSTED];
        }
        if (service[SERVICE_LEAF] > 0) {
            uint32_t *leaf = groups_row(&s->leaves, service[SERVICE_LEAF] - 1);
            leaf[LEAF_SERVICES]++;
            leaf[LEAF_JUDGED] += service[SERVICE_JUDGED];
            leaf[LEAF_TRUSTED] += service[SERVICE_TRUSTED];
        }
    }
    survey_end_leaves(s);
}

void survey_add_ciphers(struct survey *s, const struct facts *row)
{
    static const unsigned columns[] = {CIPHER_FACTS_TLSV1_0, CIPHER_FACTS_TLSV1_1,
                                       CIPHER_FACTS_TLSV1_2, CIPHER_FACTS_TLSV1_3};
    const uint32_t *service = survey_thing(&s->services, row, SERVICES_SERVICE);
    struct facts ciphers;
    if (service == NULL || service[THING_DOMAINS] == 0 ||
        !facts_object(row, SERVICES_CIPHERS, &ciphers)) {
        return;
    }
    s->ciphers_asked++;
    for (size_t v = 0; v < 4; v++) {
        struct facts list = facts_member(&ciphers, columns[v]);
        for (size_t i = 0; i < facts_list_len(&list, CIPHER_LIST_SUITES); i++) {
            struct buf key = BUF_INIT(BUF_NO_LIMIT);
            buf_putf(&key, "%s in TLS 1.%zu", facts_list_string(&list, CIPHER_LIST_SUITES, i), v);
            groups_of(&s->ciphers_accepted, buf_span(&key))[0]++;
            buf_deinit(&key);
        }
    }
}

/* --- endpoints: what only their own rows say ----------------------------------------------------- */

void survey_add_endpoint(struct survey *s, const struct facts *row)
{
    const uint32_t *thing = survey_thing(&s->hosts, row, ENDPOINTS_HOST);
    if (thing == NULL || thing[THING_DOMAINS] == 0 ||
        !survey_port_counts(s, facts_u16(row, ENDPOINTS_PORT))) {
        return;
    }
    struct facts sni;
    enum session_outcome outcome =
        (enum session_outcome)facts_enum(row, ENDPOINTS_OUTCOME, &outcome_vocabulary);
    if (outcome_is_connected(outcome) && facts_object(row, ENDPOINTS_SNI, &sni)) {
        unsigned class = facts_enum(&sni, SNI_FACTS_CLASS, &sni_class_vocabulary);
        s->sni[class][facts_enum(&sni, SNI_FACTS_ACCEPTABLE, &sni_acceptable_vocabulary)]++;
    }
    struct facts dane;
    if (facts_object(row, ENDPOINTS_DANE, &dane)) {
        const char *status = facts_string_or(&dane, ENDPOINT_DANE_STATUS, "unknown");
        groups_of(&s->dane_endpoint, span_of(status))[0]++;
        s->tlsa_compared += facts_has(&dane, ENDPOINT_DANE_RECORDS);
        s->tlsa_stale += facts_u32(&dane, ENDPOINT_DANE_STALE) > 0;
    }
}
