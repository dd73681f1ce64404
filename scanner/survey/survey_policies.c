#include <stdio.h>

#include "scanner/base/check.h"
#include "scanner/survey/survey_private.h"

/* A policy host by domain. */
enum {
    POLICY_OF_MANAGER,
    POLICY_OF_PROVIDER, /* number + 1 in policy_provider; 0: none */
};

/* --- policy hosts ------------------------------------------------------------------------------- */

/* A link that leads out of the domain leads to somebody else (IMC 2025, section 4.3.3). As in the summary, but
 * for policies of names below their registrable domain, which the row of the policy does not have. */
static enum manager manager_of_policy(const struct survey *s, const struct facts *row,
                                      struct span *target)
{
    struct span domain = survey_registrable(s, span_of(facts_string_or(row, POLICIES_DOMAIN, "")));
    size_t links = facts_list_len(row, POLICIES_CNAMES);
    *target = (struct span){0};
    for (size_t i = 0; i < links; i++) {
        struct span link = span_of(facts_list_string(row, POLICIES_CNAMES, i));
        if (!survey_is_under(link, domain)) {
            *target = span_of(facts_list_string(row, POLICIES_CNAMES, links - 1));
            return MANAGER_OTHER;
        }
    }
    bool there = links > 0 || facts_list_len(row, POLICIES_ADDRESSES) > 0;
    return there ? MANAGER_SELF : MANAGER_UNKNOWN;
}

void survey_add_policy(struct survey *s, const struct facts *row)
{
    struct span target;
    enum manager manager = manager_of_policy(s, row, &target);
    uint32_t provider = 0;
    if (target.len > 0) {
        provider = groups_number(&s->policy_provider, survey_registrable(s, target)) + 1;
    }
    uint32_t *of = groups_of(&s->policy_of, span_of(facts_string_or(row, POLICIES_DOMAIN, "")));
    of[POLICY_OF_MANAGER] = manager;
    of[POLICY_OF_PROVIDER] = provider;
    s->policy_hosts++;
    groups_of(&s->fetch, span_of(facts_string_or(row, POLICIES_FETCH, "")))[manager]++;
}

/* --- domains ------------------------------------------------------------------------------------ */

/* The worst of its MX hosts, as the vocabulary orders them. */
static void add_mismatch(struct survey *s, const struct facts *sts, bool enforce)
{
    const char *worst = NULL;
    unsigned rank = 0;
    for (size_t i = 0; i < facts_list_len(sts, MTA_STS_FACTS_MX); i++) {
        struct facts mx;
        facts_list_object(sts, MTA_STS_FACTS_MX, i, &mx);
        const char *word = facts_string(&mx, STS_MX_FACTS_MISMATCH);
        unsigned value =
            word != NULL ? 1 + facts_enum(&mx, STS_MX_FACTS_MISMATCH, &sts_mismatch_vocabulary) : 0;
        if (value > rank) {
            rank = value;
            worst = word;
        }
    }
    s->sts_covered++;
    uint32_t *counters =
        groups_of(&s->sts_mismatch, span_of(worst != NULL ? worst : "(every MX host covered)"));
    counters[0]++;
    counters[1] += enforce;
}

/* Does the provider of the policy run the mail as well? By registrable domains. */
static void compare_providers(struct survey *s, const struct facts *row, const uint32_t *policy)
{
    const char *provider = policy[POLICY_OF_PROVIDER] > 0
                               ? groups_name(&s->policy_provider, policy[POLICY_OF_PROVIDER] - 1)
                               : NULL;
    bool same = false;
    bool known = false;
    for (size_t i = 0; i < facts_list_len(row, DOMAINS_MX); i++) {
        struct facts mx;
        facts_list_object(row, DOMAINS_MX, i, &mx);
        const char *mail = facts_string(&mx, MX_FACTS_REGISTRABLE_DOMAIN);
        known |= mail != NULL;
        same |= mail != NULL && provider != NULL && strcmp(mail, provider) == 0;
    }
    s->sts_same_provider[provider == NULL || !known ? 2 : same ? 0 : 1]++;
}

static void count_sts(struct survey *s, const struct facts *row)
{
    struct facts sts = facts_member(row, DOMAINS_MTA_STS);
    enum sts_state state =
        (enum sts_state)facts_enum(&sts, MTA_STS_FACTS_STATE, &sts_state_vocabulary);
    const uint32_t *policy =
        groups_find(&s->policy_of, span_of(facts_string_or(row, DOMAINS_DOMAIN, "")));
    enum manager manager =
        policy != NULL ? (enum manager)policy[POLICY_OF_MANAGER] : MANAGER_UNKNOWN;
    groups_of(&s->sts_state, span_of(sts_state_word(state)))[manager]++;
    if (state == STS_STATE_ENFORCE || state == STS_STATE_TESTING) {
        add_mismatch(s, &sts, state == STS_STATE_ENFORCE);
    }
    if (policy != NULL && policy[POLICY_OF_MANAGER] == MANAGER_OTHER) {
        uint32_t provider = policy[POLICY_OF_PROVIDER];
        groups_of(&s->policy_provider,
                  span_of(groups_name(&s->policy_provider, provider - 1)))[0]++;
        compare_providers(s, row, policy);
    }
    if (facts_bool(&sts, MTA_STS_FACTS_RECORD_VALID)) {
        struct facts rpt = facts_member(row, DOMAINS_TLS_RPT);
        bool answered = survey_dns_answered(row, DOMAINS_TLS_RPT_DNS);
        s->rpt_of_sts.numerator += answered && facts_bool(&rpt, TLS_RPT_FACTS_VALID);
        s->rpt_of_sts.denominator += answered;
        s->rpt_of_sts.untested += !answered;
    }
}

/* --- DANE --------------------------------------------------------------------------------------- */

/* Of names: all of the domain's own, some of others, or none to tell from. */
static enum manager manager_of_names(const char *(*name_at)(const struct facts *, size_t),
                                     const struct facts *row, size_t count)
{
    struct span own = span_of(facts_string_or(row, DOMAINS_REGISTRABLE_DOMAIN, ""));
    enum manager manager = MANAGER_UNKNOWN;
    for (size_t i = 0; i < count && own.len > 0; i++) {
        const char *name = name_at(row, i);
        if (name != NULL && !survey_is_under(span_of(name), own)) {
            return MANAGER_OTHER;
        }
        manager = name != NULL ? MANAGER_SELF : manager;
    }
    return manager;
}

static const char *mx_name_at(const struct facts *row, size_t i)
{
    struct facts mx;
    facts_list_object(row, DOMAINS_MX, i, &mx);
    bool literal =
        facts_enum(&mx, MX_FACTS_NAME_KIND, &mx_name_kind_vocabulary) == MX_NAME_ADDRESS_LITERAL;
    return facts_has(&mx, MX_FACTS_UNUSABLE) || literal ? NULL : facts_string(&mx, MX_FACTS_HOST);
}

static const char *ns_name_at(const struct facts *row, size_t i)
{
    return facts_list_string(row, DOMAINS_NS, i);
}

static enum dane_manager dane_manager_of(const struct facts *row)
{
    enum manager mail = manager_of_names(mx_name_at, row, facts_list_len(row, DOMAINS_MX));
    enum manager dns = manager_of_names(ns_name_at, row, facts_list_len(row, DOMAINS_NS));
    if (mail == MANAGER_OTHER) {
        return DANE_MANAGER_MAIL_OUTSOURCED;
    }
    if (mail == MANAGER_UNKNOWN || dns == MANAGER_UNKNOWN) {
        return DANE_MANAGER_UNKNOWN;
    }
    return dns == MANAGER_SELF ? DANE_MANAGER_SELF : DANE_MANAGER_DNS_OUTSOURCED;
}

void survey_add_policies_of_domain(struct survey *s, const struct facts *row)
{
    count_sts(s, row);
    struct facts dane = facts_member(row, DOMAINS_DANE);
    const char *state = facts_string_or(&dane, DANE_FACTS_STATE, "unknown");
    const char *dnssec = facts_string_or(&dane, DANE_FACTS_MX_DNSSEC, "unknown");
    groups_of(&s->dane_domain, span_of(state))[dane_manager_of(row)]++;
    bool failed = strcmp(dnssec, dnssec_state_word(DNSSEC_FAILED)) == 0; /* the query, that is */
    groups_of(&s->mx_dnssec, span_of(failed ? "unknown" : dnssec))[0]++;
}

/* Do the endpoints of a host with usable records match? */
static enum truth dane_of_host(const struct survey *s, const struct facts *row)
{
    bool match = false;
    for (size_t i = 0; i < facts_list_len(row, HOSTS_ENDPOINTS); i++) {
        struct facts brief;
        facts_list_object(row, HOSTS_ENDPOINTS, i, &brief);
        if (!survey_port_counts(s, facts_u16(&brief, BRIEF_PORT))) {
            continue;
        }
        enum dane_status status =
            (enum dane_status)facts_enum(&brief, BRIEF_DANE, &dane_status_vocabulary);
        if (status == DANE_MISMATCH || status == DANE_NO_TLS || status == DANE_OTHER_NAME) {
            return TRUTH_NO;
        }
        match |= status == DANE_MATCH;
    }
    return match ? TRUTH_YES : TRUTH_UNKNOWN;
}

static unsigned crowd_bin(uint32_t domains)
{
    unsigned bin = 0;
    for (uint64_t end = 1; domains > end && bin + 1 < CROWD_BINS;
         end = end == 1 ? 9 : end * 10 + 9) {
        bin++;
    }
    return bin;
}

static void add_crowd(struct survey *s, uint32_t domains, enum dane_host state, enum truth valid)
{
    unsigned bin = crowd_bin(domains);
    bool failing = state == DANE_HOST_LOOKUP_FAILED || valid == TRUTH_NO;
    bool in[3] = {true, state == DANE_HOST_USABLE && valid == TRUTH_YES, failing};
    for (int i = 0; i < 3; i++) {
        s->crowd_hosts[bin][i] += in[i];
        s->crowd_pairs[bin][i] += in[i] ? domains : 0;
    }
}

static void add_tlsa(struct survey *s, const struct facts *row)
{
    uint32_t unit = survey_next_unit(s);
    for (size_t i = 0; i < facts_list_len(row, HOSTS_TLSA); i++) {
        struct facts tlsa;
        char name[32];
        facts_list_object(row, HOSTS_TLSA, i, &tlsa);
        int len =
            snprintf(name, sizeof(name), "%u %u %u", facts_u8(&tlsa, TLSA_FACTS_USAGE),
                     facts_u8(&tlsa, TLSA_FACTS_SELECTOR), facts_u8(&tlsa, TLSA_FACTS_MATCHING));
        CHECK(len > 0 && (size_t)len < sizeof(name));
        uint32_t *counters = groups_of(&s->tlsa, span_of(name));
        counters[0]++;
        survey_count_once(&counters[1], &counters[2], unit); /* a host, here */
        const char *usable = facts_string_or(&tlsa, TLSA_FACTS_USABLE, "");
        counters[3] += strcmp(usable, "usable") == 0;
    }
}

void survey_add_dane_of_host(struct survey *s, const struct facts *row, uint32_t domains)
{
    enum dane_host state = (enum dane_host)facts_enum(row, HOSTS_DANE, &dane_host_vocabulary);
    uint32_t *counters = groups_of(&s->dane_host, span_of(dane_host_word(state)));
    counters[0]++;
    add_crowd(s, domains, state, state == DANE_HOST_USABLE ? dane_of_host(s, row) : TRUTH_UNKNOWN);
    add_tlsa(s, row);
}
