#include "scanner/base/check.h"
#include "scanner/survey/survey_private.h"

const struct vocabulary weighting_vocabulary = VOCABULARY_WORDS(WEIGHTINGS);

/* --- beginning and end ----------------------------------------------------------------------- */

/* Every table of counters: member, width, and whether its names are kept. */
#define SURVEY_GROUPS(X)                     \
    X(tld, MEASURES_WIDTH, true)             \
    X(operator, MEASURES_WIDTH, true)        \
    X(customer, MEASURES_WIDTH, true)        \
    X(customer_effect, EFFECT_COUNT, true)   \
    X(profile, 2 * DELIVERY_COUNT, true)     \
    X(profile_reason, 1, true)               \
    X(hosts, THING_WIDTH, false)             \
    X(services, SERVICE_WIDTH, false)        \
    X(leaves, LEAF_COUNTERS, false)          \
    X(suites, ROW_WIDTH, true)               \
    X(key_groups, ROW_WIDTH, true)           \
    X(versions, ROW_WIDTH, true)             \
    X(versions_accepted, 3, true)            \
    X(ciphers_accepted, 1, true)             \
    X(keys, LEAF_ROW_WIDTH, true)            \
    X(signatures, LEAF_ROW_WIDTH, true)      \
    X(issuers, LEAF_ROW_WIDTH, true)         \
    X(lifetimes, LEAF_ROW_WIDTH, true)       \
    X(reuse, LEAF_ROW_WIDTH, true)           \
    X(policy_of, 2, false)                   \
    X(policy_provider, 1, true)              \
    X(fetch, MANAGER_COUNT, true)            \
    X(sts_state, MANAGER_COUNT, true)        \
    X(sts_mismatch, 2, true)                 \
    X(dane_domain, DANE_MANAGER_COUNT, true) \
    X(dane_host, 3, true)                    \
    X(dane_endpoint, 1, true)                \
    X(mx_dnssec, 1, true)                    \
    X(tlsa, 4, true)

void survey_init(struct survey *s, const struct survey_terms *terms)
{
    *s = (struct survey){.terms = *terms};
#define X(member, width, named) groups_init(&s->member, (width), (named));
    SURVEY_GROUPS(X)
#undef X
    for (int i = 0; i < SPREAD_COUNT; i++) {
        groups_init(&s->spread[i].words, WEIGHTING_COUNT + 1, true);
    }
}

void survey_deinit(struct survey *s)
{
#define X(member, width, named) groups_deinit(&s->member);
    SURVEY_GROUPS(X)
#undef X
    for (int i = 0; i < SPREAD_COUNT; i++) {
        groups_deinit(&s->spread[i].words);
    }
    map_deinit(&s->line_customer);
}

uint32_t survey_next_unit(struct survey *s)
{
    CHECK(s->unit < UINT32_MAX);
    return ++s->unit;
}

/* --- what rows have in common ---------------------------------------------------------------- */

bool survey_port_counts(const struct survey *s, uint16_t port)
{
    return s->terms.port == 0 || s->terms.port == port;
}

bool survey_is_under(struct span name, struct span domain)
{
    if (domain.len == 0 || !span_ends_with(name, domain)) {
        return false;
    }
    return name.len == domain.len || name.at[name.len - domain.len - 1] == '.';
}

struct span survey_registrable(const struct survey *s, struct span name)
{
    struct span out = name;
    return s->terms.suffixes != NULL && registrable_domain(s->terms.suffixes, name, &out) ? out
                                                                                          : name;
}

bool survey_dns_answered(const struct facts *row, unsigned column)
{
    struct facts dns;
    if (!facts_object(row, column, &dns)) {
        return false;
    }
    enum dns_state state = (enum dns_state)facts_enum(&dns, DNS_FACTS_STATE, &dns_state_vocabulary);
    return state == DNS_DATA || state == DNS_NODATA || state == DNS_NXDOMAIN;
}

void survey_read_brief(const struct facts *brief, struct endpoint_brief *e)
{
    *e = (struct endpoint_brief){
        .port = facts_u16(brief, BRIEF_PORT),
        .outcome = (uint8_t)facts_enum(brief, BRIEF_OUTCOME, &outcome_vocabulary),
        .not_tested = (uint8_t)facts_enum(brief, BRIEF_NOT_TESTED, &not_tested_vocabulary),
        .no_sni_outcome = (uint8_t)facts_enum(brief, BRIEF_NO_SNI_OUTCOME, &outcome_vocabulary),
        .starttls = (uint8_t)facts_enum(brief, BRIEF_STARTTLS, &starttls_vocabulary),
        .inherited = facts_bool(brief, BRIEF_INHERITED),
        .tls_version = facts_tls_version(brief, BRIEF_TLS_VERSION),
    };
    facts_sha256(brief, BRIEF_LEAF_SHA256, e->leaf_sha256);
    e->chain.status = (uint8_t)facts_enum(brief, BRIEF_CHAIN_STATUS, &chain_status_vocabulary);
    e->name_match = (uint8_t)facts_enum(brief, BRIEF_NAME_MATCH, &name_match_vocabulary);
    e->sni = (uint8_t)facts_enum(brief, BRIEF_SNI, &sni_class_vocabulary);
}

const uint32_t *survey_thing(const struct groups *things, const struct facts *row, unsigned key)
{
    return groups_find(things, span_of(facts_string_or(row, key, "")));
}

/* --- bins ------------------------------------------------------------------------------------ */

unsigned survey_rank_decade(uint64_t rank)
{
    unsigned bin = 0;
    for (uint64_t end = 1000; rank > end && bin + 1 < RANK_DECADES; end *= 10) {
        bin++;
    }
    return bin;
}

uint64_t survey_rank_step_end(unsigned step)
{
    static const uint64_t first[] = {1, 2, 5};
    uint64_t end = first[step % 3];
    for (unsigned i = 0; i < step / 3; i++) {
        end *= 10;
    }
    return end;
}

unsigned survey_rank_step(uint64_t rank)
{
    unsigned step = 0;
    while (step + 1 < RANK_STEPS && rank > survey_rank_step_end(step)) {
        step++;
    }
    return step;
}

struct days_bin {
    int32_t below;
    const char *title;
};

static const struct days_bin days_bins[DAYS_BIN_COUNT] = {
#define X(below_, title_) {.below = (below_), .title = (title_)},
    DAYS_BINS(X)
#undef X
};

unsigned survey_days_bin(int64_t days)
{
    unsigned bin = 0;
    while (bin + 1 < DAYS_BIN_COUNT && days >= days_bins[bin].below) {
        bin++;
    }
    return bin;
}

const char *survey_days_title(unsigned bin)
{
    return days_bins[bin].title;
}
