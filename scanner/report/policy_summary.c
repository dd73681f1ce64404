#include "scanner/report/policy_summary.h"

#include <stdlib.h>

#include "scanner/base/check.h"
#include "scanner/base/memory.h"

typedef const char *(*word_fn)(unsigned i);

/* The words of one list, by number: so that one loop writes every table. */
#define WORDS(name, call, type)         \
    static const char *name(unsigned i) \
    {                                   \
        return call((enum type)i);      \
    }

WORDS(word_of_sts_state, sts_state_word, sts_state)
WORDS(word_of_manager, manager_word, manager)
WORDS(word_of_dane_manager, dane_manager_word, dane_manager)
WORDS(word_of_rollup, rollup_word, rollup)
WORDS(word_of_fetch, policy_fetch_word, policy_fetch)
WORDS(word_of_chain, chain_status_word, chain_status)
WORDS(word_of_name, name_match_word, name_match)
WORDS(word_of_fault, sts_policy_fault_word, sts_policy_fault)
WORDS(word_of_dane_domain, dane_domain_word, dane_domain_state)
WORDS(word_of_dane_host, dane_host_word, dane_host)
WORDS(word_of_dane_status, dane_status_word, dane_status)
WORDS(word_of_dnssec, dnssec_state_word, dnssec_state)
WORDS(word_of_sni, sni_class_word, sni_class)
WORDS(word_of_acceptable, sni_acceptable_word, sni_acceptable)
WORDS(word_of_parity, parity_word, parity)
WORDS(word_of_delivery, delivery_word, delivery)
WORDS(word_of_readiness, readiness_word, readiness)

static const char *word_of_mismatch(unsigned i)
{
    return i == STS_MISMATCH_NONE ? "covered" : sts_mismatch_word((enum sts_mismatch)i);
}

static const char *word_of_item(unsigned i)
{
    return readiness_item_word((enum readiness_item)i);
}

static const char *word_of_parity_fact(unsigned i)
{
    static const char *const words[PARITY_FACT_COUNT] = {
        [PARITY_FACT_REACHABLE] = "reachable",     [PARITY_FACT_STARTTLS] = "starttls",
        [PARITY_FACT_TLS_VERSION] = "tls_version", [PARITY_FACT_LEAF] = "leaf",
        [PARITY_FACT_ACCEPTABLE] = "acceptable",
    };
    return words[i];
}

static void put_uint(struct json_writer *w, const char *key, uint64_t n)
{
    json_key(w, key);
    json_uint(w, n);
}

static void summary_put_row(struct json_writer *w, const char *key, const uint64_t *n, size_t count,
                            word_fn word)
{
    json_key(w, key);
    json_object_begin(w);
    for (unsigned i = 0; i < count; i++) {
        put_uint(w, word(i), n[i]);
    }
    json_object_end(w);
}

/* A matrix, row by row. */
static void put_matrix(struct json_writer *w, const char *key, const uint64_t *n, size_t rows,
                       word_fn row_word, size_t columns, word_fn column_word)
{
    json_key(w, key);
    json_object_begin(w);
    for (unsigned r = 0; r < rows; r++) {
        summary_put_row(w, row_word(r), n + r * columns, columns, column_word);
    }
    json_object_end(w);
}

#define ROW(w, key, field, word) \
    summary_put_row(w, key, field, sizeof(field) / sizeof((field)[0]), word)
#define MATRIX(w, key, field, row_word, column_word)                                 \
    put_matrix(w, key, &(field)[0][0], sizeof(field) / sizeof((field)[0]), row_word, \
               sizeof((field)[0]) / sizeof((field)[0][0]), column_word)

static int by_tld(const void *a, const void *b)
{
    return strcmp(((const struct tld_counts *)a)->tld, ((const struct tld_counts *)b)->tld);
}

/* Which worker met a name first does not tell. */
static void put_tlds(struct json_writer *w, const struct policy_counts *c)
{
    struct tld_counts *sorted = memory_new(c->tld_count + 1, sizeof(*sorted));
    if (c->tld_count > 0) {
        memcpy(sorted, c->tld, c->tld_count * sizeof(*sorted));
    }
    qsort(sorted, c->tld_count, sizeof(*sorted), by_tld);
    json_key(w, "by_tld");
    json_array_begin(w);
    for (size_t i = 0; i < c->tld_count; i++) {
        json_object_begin(w);
        json_key(w, "tld");
        json_text(w, span_of(sorted[i].tld));
        put_uint(w, "with_mx", sorted[i].with_mx);
        put_uint(w, "mta_sts_record", sorted[i].sts_record);
        put_uint(w, "mta_sts_in_use", sorted[i].sts_in_use);
        put_uint(w, "tls_rpt", sorted[i].tls_rpt);
        put_uint(w, "tlsa", sorted[i].tlsa);
        put_uint(w, "dane_in_force", sorted[i].dane);
        json_object_end(w);
    }
    json_array_end(w);
    free(sorted);
}

static void put_mta_sts(struct json_writer *w, const struct policy_counts *c)
{
    json_key(w, "mta_sts");
    json_object_begin(w);
    put_uint(w, "with_mx", c->with_mx);
    put_uint(w, "records", c->sts_records);
    MATRIX(w, "states", c->sts_state, word_of_sts_state, word_of_manager);
    MATRIX(w, "fetches", c->fetch, word_of_fetch, word_of_manager);
    ROW(w, "certificate_chains", c->fetch_chain, word_of_chain);
    ROW(w, "certificate_names", c->fetch_name, word_of_name);
    put_uint(w, "policies", c->policies);
    put_uint(w, "strict_valid", c->policy_strict);
    put_uint(w, "lenient_valid", c->policy_lenient);
    ROW(w, "policy_faults", c->policy_fault, word_of_fault);
    MATRIX(w, "exchanges_pass", c->sts_passes, word_of_sts_state, word_of_rollup);
    MATRIX(w, "exchanges_covered", c->sts_mismatch, word_of_sts_state, word_of_mismatch);
    ROW(w, "ready_for_enforce", c->ready, word_of_readiness);
    MATRIX(w, "readiness_items", c->ready_item, word_of_item, word_of_readiness);
    json_object_end(w);
}

static void summary_put_tls_rpt(struct json_writer *w, const struct policy_counts *c)
{
    json_key(w, "tls_rpt");
    json_object_begin(w);
    put_uint(w, "with_mx", c->with_mx);
    put_uint(w, "valid", c->rpt_valid);
    put_uint(w, "lenient_valid", c->rpt_lenient);
    json_key(w, "share_of_with_mx");
    json_share(w, c->rpt_valid, c->with_mx);
    put_uint(w, "mta_sts_records", c->sts_records);
    put_uint(w, "valid_with_mta_sts_record", c->rpt_of_sts);
    json_key(w, "share_of_mta_sts_records");
    json_share(w, c->rpt_of_sts, c->sts_records);
    json_object_end(w);
}

static void summary_put_dane(struct json_writer *w, const struct policy_counts *c)
{
    json_key(w, "dane");
    json_object_begin(w);
    put_uint(w, "with_mx", c->with_mx);
    ROW(w, "mx_dnssec", c->mx_dnssec, word_of_dnssec);
    MATRIX(w, "domains", c->dane_domain, word_of_dane_domain, word_of_dane_manager);
    ROW(w, "domains_with_secure_mx", c->dane_strict, word_of_dane_domain);
    ROW(w, "hosts", c->dane_host, word_of_dane_host);
    ROW(w, "endpoints_in_force", c->dane_endpoint, word_of_dane_status);
    json_object_end(w);
}

static void summary_put_profiles(struct json_writer *w, const struct policy_counts *c,
                                 const struct sender_profiles *profiles)
{
    json_key(w, "senders");
    json_array_begin(w);
    for (size_t i = 0; i < c->profile_count && profiles != NULL && i < profiles->count; i++) {
        json_object_begin(w);
        json_key(w, "profile");
        json_word(w, profiles->items[i].id);
        ROW(w, "best", c->profile[i].best, word_of_delivery);
        ROW(w, "worst", c->profile[i].worst, word_of_delivery);
        ROW(w, "best_inferred", c->profile[i].best_inferred, word_of_delivery);
        ROW(w, "worst_inferred", c->profile[i].worst_inferred, word_of_delivery);
        json_key(w, "decided_by");
        json_object_begin(w);
        for (unsigned r = DELIVERY_REASON_NONE + 1; r < DELIVERY_REASON_COUNT; r++) {
            put_uint(w, delivery_reason_word((enum delivery_reason)r), c->profile[i].reason[r]);
        }
        json_object_end(w);
        json_object_end(w);
    }
    json_array_end(w);
}

void report_policy_summary(struct json_writer *w, const struct policy_counts *c,
                           const struct sender_profiles *profiles)
{
    json_object_begin(w);
    put_tlds(w, c);
    put_mta_sts(w, c);
    summary_put_tls_rpt(w, c);
    summary_put_dane(w, c);
    MATRIX(w, "sni", c->sni, word_of_sni, word_of_acceptable);
    MATRIX(w, "ipv4_ipv6", c->families, word_of_parity_fact, word_of_parity);
    summary_put_profiles(w, c, profiles);
    json_object_end(w);
}
