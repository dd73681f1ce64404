#include "scanner/survey/survey_private.h"

/* --- hosts ------------------------------------------------------------------------------------- */

static void add_words_of_host(struct survey *s, const struct facts *brief, uint32_t unit,
                              bool known[SPREAD_COUNT])
{
    const char *words[SPREAD_COUNT] = {
        [SPREAD_OUTCOME] = facts_string(brief, BRIEF_OUTCOME),
        [SPREAD_STARTTLS] = facts_string(brief, BRIEF_STARTTLS),
        [SPREAD_VERSION] = facts_string(brief, BRIEF_TLS_VERSION),
        [SPREAD_CHAIN] = facts_string(brief, BRIEF_CHAIN_STATUS),
        [SPREAD_NAME] = facts_string(brief, BRIEF_NAME_MATCH),
    };
    for (int i = 0; i < SPREAD_COUNT; i++) {
        spread_add_endpoint(&s->spread[i], words[i]);
        spread_add(&s->spread[i], WEIGHTING_HOST, words[i], unit);
        known[i] |= words[i] != NULL;
    }
}

/* All but what needs to know which certificate passes without SNI, which a brief does not say. */
static void add_properties_of_endpoint(struct survey *s, const struct endpoint_brief *e)
{
    for (enum property p = 0; p < PROPERTY_COUNT; p++) {
        if (p == PROPERTY_SNI_NEEDED || (endpoint_is_special(e) && p != PROPERTY_REACHABLE)) {
            continue;
        }
        enum truth truth = property_of(p, e);
        struct share *share = &s->endpoint_property[p];
        share->numerator += truth == TRUTH_YES;
        share->denominator += truth != TRUTH_UNKNOWN;
        share->untested += truth == TRUTH_UNKNOWN;
    }
}

static void count_leaf_endpoint(struct survey *s, const struct facts *brief,
                                const struct endpoint_brief *e)
{
    const char *leaf = facts_string(brief, BRIEF_LEAF_SHA256);
    if (leaf != NULL) {
        uint32_t *counters = groups_of(&s->leaves, span_of(leaf));
        counters[THING_ENDPOINTS]++;
        counters[THING_TRUSTED] += e->chain.status == CHAIN_TRUSTED;
    }
}

static void add_endpoints_of_host(struct survey *s, const struct facts *row)
{
    uint32_t unit = survey_next_unit(s);
    bool known[SPREAD_COUNT] = {false};
    for (size_t i = 0; i < facts_list_len(row, HOSTS_ENDPOINTS); i++) {
        struct facts brief;
        struct endpoint_brief e;
        facts_list_object(row, HOSTS_ENDPOINTS, i, &brief);
        survey_read_brief(&brief, &e);
        if (survey_port_counts(s, e.port)) {
            add_words_of_host(s, &brief, unit, known);
            add_properties_of_endpoint(s, &e);
            count_leaf_endpoint(s, &brief, &e);
        }
    }
    for (int i = 0; i < SPREAD_COUNT; i++) {
        spread_end_unit(&s->spread[i], WEIGHTING_HOST, known[i]);
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
    if (thing == NULL || thing[THING_EXPLICIT] == 0) {
        return;
    }
    uint32_t domains = thing[THING_EXPLICIT];
    s->hosts_total++;
    struct facts rollup = facts_member(row, HOSTS_ROLLUP);
    survey_add_rollup(s->host_rollup, &rollup);
    add_endpoints_of_host(s, row);
    add_families(s, row);
    survey_add_dane_of_host(s, row, domains);
}

/* --- services: the session without SNI ---------------------------------------------------------- */

static void count_word(struct groups *g, const char *word, bool trusted, uint32_t domains)
{
    if (word != NULL) {
        uint32_t *counters = groups_of(g, span_of(word));
        counters[0]++;
        counters[1] += trusted;
        counters[2] += domains;
    }
}

static void add_accepted_versions(struct survey *s, const struct facts *row)
{
    static const unsigned columns[] = {VERSION_FACTS_TLSV1_0, VERSION_FACTS_TLSV1_1,
                                       VERSION_FACTS_TLSV1_2, VERSION_FACTS_TLSV1_3};
    static const char *const names[] = {"TLSv1.0", "TLSv1.1", "TLSv1.2", "TLSv1.3"};
    struct facts versions;
    if (!facts_object(row, SERVICES_VERSIONS, &versions)) {
        return;
    }
    s->versions_asked++;
    for (size_t i = 0; i < 4; i++) {
        enum truth truth = facts_truth(&versions, columns[i]);
        uint32_t *counters = groups_of(&s->versions_accepted, span_of(names[i]));
        counters[0] += truth == TRUTH_YES;
        counters[1] += truth == TRUTH_NO;
        counters[2] += truth == TRUTH_UNKNOWN;
    }
}

static void add_accepted_suites(struct survey *s, const struct facts *row)
{
    static const unsigned columns[] = {CIPHER_FACTS_TLSV1_0, CIPHER_FACTS_TLSV1_1,
                                       CIPHER_FACTS_TLSV1_2, CIPHER_FACTS_TLSV1_3};
    struct facts ciphers;
    if (!facts_object(row, SERVICES_CIPHERS, &ciphers)) {
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

void survey_add_service(struct survey *s, const struct facts *row)
{
    const uint32_t *thing = survey_thing(&s->services, row, SERVICES_SERVICE);
    if (thing == NULL || thing[THING_EXPLICIT] == 0 ||
        !survey_port_counts(s, facts_u16(row, SERVICES_PORT))) {
        return;
    }
    uint32_t domains = thing[THING_EXPLICIT];
    s->services_total++;
    add_accepted_versions(s, row);
    add_accepted_suites(s, row);
    const char *leaf = facts_string(row, SERVICES_LEAF_SHA256);
    if (leaf != NULL) {
        groups_of(&s->leaves, span_of(leaf))[THING_SERVICES]++;
    }
    const char *version = facts_string(row, SERVICES_TLS_VERSION);
    if (version == NULL) {
        return; /* no handshake completed */
    }
    s->services_tls++;
    bool trusted =
        facts_enum(row, SERVICES_CHAIN_STATUS, &chain_status_vocabulary) == CHAIN_TRUSTED;
    struct facts handshake = facts_member(row, SERVICES_HANDSHAKE);
    count_word(&s->versions, version, trusted, domains);
    count_word(&s->suites, facts_string(&handshake, HANDSHAKE_FACTS_CIPHER), trusted, domains);
    count_word(&s->key_groups,
               facts_string_or(&handshake, HANDSHAKE_FACTS_GROUP, "none, or not known"), trusted,
               domains);
}

/* --- endpoints: what only their own rows say ----------------------------------------------------- */

void survey_add_endpoint(struct survey *s, const struct facts *row)
{
    const uint32_t *thing = survey_thing(&s->hosts, row, ENDPOINTS_HOST);
    if (thing == NULL || thing[THING_EXPLICIT] == 0 ||
        !survey_port_counts(s, facts_u16(row, ENDPOINTS_PORT))) {
        return;
    }
    struct facts sni;
    if (facts_object(row, ENDPOINTS_SNI, &sni)) {
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
