#include "scanner/replay/analyze.h"

#include <string.h>

#include "scanner/analysis/leaf_domains.h"
#include "scanner/analysis/rollup.h"
#include "scanner/analysis/session_facts.h"
#include "scanner/base/memory.h"
#include "scanner/cert/cert_list.h"
#include "scanner/cert/cert_names.h"
#include "scanner/cert/digest.h"
#include "scanner/record/chain_recorder.h"
#include "scanner/record/completions.h"
#include "scanner/record/recorder.h"
#include "scanner/replay/known.h"
#include "scanner/replay/new_results.h"
#include "scanner/replay/read_rows.h"
#include "scanner/replay/table_reader.h"
#include "scanner/report/known_intermediates.h"
#include "scanner/report/report.h"
#include "scanner/shipped/shipped_intermediates.h"
#include "scanner/trust/incomplete_chains.h"
#include "scanner/trust/intermediate_pool.h"

/**
 * Table by table, in the order in which they name each other:
 *
 *   certificates ─► chains ─► hosts (DANE) ─► services ─► endpoints ─► hosts
 *   policy_bodies ─► policies (read) ─► domains, and with each its policy ─► completions
 */
struct analysis {
    struct results results;
    struct judging_terms terms;
    const struct sender_profiles_file *profiles; /* of the terms; NULL: none */
    struct chain_judge *judge;
    struct known *known;
    const struct intermediates_file *intermediates;
    size_t intermediates_count;
    struct intermediate_pool *known_before; /* of the terms */
    struct fetched_issuers *fetched;        /* NULL: nothing was asked */
    struct issuer_hosts *issuer_hosts;
    bool completions_whole;
    struct new_results out;
    struct row_reading reading;
    struct row_reading policy_reading; /* of the policy of a domain */
    uint64_t policies;                 /* read, but not yet met by their domain */
    struct scan_counts counts;
    struct recorder recorder;
    struct chain_recorder chains;
    /* reused from row to row */
    struct buf list;        /* presented certificates */
    struct buf other_list;  /* the same of the other key */
    struct buf dane_list;   /* the same with SNI = TLSA base domain */
    struct buf policy_line; /* a row of policies */
    struct buf body;        /* of that policy */
    struct buf leaf;        /* of a default certificate */
    struct buf names;       /* its names, packed */
    struct buf key;
    struct buf *why;
    enum analyze_end end; /* why it cannot go on; COMPLETE: it can */
};

static void stop(struct analysis *a, enum analyze_end end)
{
    if (a->end == ANALYZE_COMPLETE) {
        a->end = end;
    }
}

/* --- certificates and chains ---------------------------------------------------------------- */

static void on_certificate(struct analysis *a, const struct facts *row)
{
    uint8_t named[32];
    struct span der = read_certificate(row, named);
    if (a->reading.why.len > 0) {
        return;
    }
    bool parsed = false;
    const struct cert_info *info = chain_judge_cert(a->judge, der, &parsed);
    if (memcmp(named, info->fingerprint_sha256, sizeof(named)) != 0) {
        facts_bad(row, CERTIFICATES_FINGERPRINT_SHA256, "is not the digest of raw");
        return;
    }
    record_certificate(&a->chains, der, info, parsed);
    if (!known_add_certificate(a->known, named, der, a->why)) {
        stop(a, ANALYZE_FATAL);
    }
}

static void judge_chain(struct analysis *a, uint32_t number, const uint8_t id[32],
                        struct span digests)
{
    if (!known_list(a->known, number, SIZE_MAX, &a->list, a->why)) {
        stop(a, ANALYZE_FATAL);
        return;
    }
    known_chain(a->known, number)->brief = record_chain(
        &a->chains, id, (const uint8_t(*)[32])(const void *)digests.at, buf_span(&a->list));
}

static void on_chain(struct analysis *a, const struct facts *row)
{
    uint8_t id[32];
    uint8_t digest[32];
    size_t count = 0;
    struct span digests = read_chain(row, id, &count);
    if (a->reading.why.len > 0) {
        return;
    }
    digest_sha256(digests, digest);
    if (count == 0 || count > TLS_CERTS_MAX || memcmp(digest, id, sizeof(digest)) != 0) {
        facts_bad(row, CHAINS_CHAIN_ID, "is not the digest of the certificates");
        return;
    }
    bool missing = false;
    uint32_t number = known_add_chain(a->known, id, digests, &missing);
    if (number == KNOWN_CHAIN_NONE) {
        facts_bad(row, CHAINS_CERTIFICATES,
                  missing ? "names a certificate that has no row" : "has a row already");
        return;
    }
    judge_chain(a, number, id, digests);
}

/* --- services and endpoints ----------------------------------------------------------------- */

/* The number of the chain that a handshake presented; NONE where there was none. A chain without a row
 * is an error of the directory. */
static uint32_t presented_chain(struct analysis *a, const struct facts *row, unsigned column,
                                const struct seen_session *s)
{
    static const uint8_t none[32];
    if (s == NULL || memcmp(s->tls.chain_id, none, sizeof(none)) == 0) {
        return KNOWN_CHAIN_NONE;
    }
    uint32_t chain = known_find_chain(a->known, s->tls.chain_id);
    if (chain == KNOWN_CHAIN_NONE) {
        facts_bad(row, column, "has no row in chains");
    }
    return chain;
}

/* Gives a session the list that it presented. @return the verdict on that. */
static struct chain_brief give_list(struct analysis *a, uint32_t chain, struct seen_session *s,
                                    struct buf *list)
{
    if (chain == KNOWN_CHAIN_NONE) {
        return (struct chain_brief){.status = CHAIN_NONE};
    }
    if (!known_list(a->known, chain, SIZE_MAX, list, a->why)) {
        stop(a, ANALYZE_FATAL);
    }
    const struct known_chain *known = known_chain(a->known, chain);
    s->tls.list = buf_span(list);
    s->tls.cert_count = known->cert_count;
    return known->brief;
}

/* The names of the first certificate of a list, packed. */
static struct span first_names(struct analysis *a, struct span list)
{
    struct span leaf;
    buf_reset(&a->names);
    bool read = cert_list_next(&list, &leaf) && cert_names_pack(leaf, &a->names);
    return read ? buf_span(&a->names) : (struct span){0};
}

static void on_service(struct analysis *a, const struct facts *row)
{
    struct read_service s;
    read_service(row, &s);
    uint32_t chain = presented_chain(a, row, SERVICES_CHAIN_ID, s.result);
    if (a->reading.why.len > 0) {
        return;
    }
    s.seen.chain = give_list(a, chain, s.result, &a->list);
    record_service(&a->recorder, &s.seen);

    struct known_service known = {.outcome = OUTCOME_NOT_TESTED, .chain = chain};
    if (s.result != NULL) {
        known.outcome = s.result->outcome;
        known.starttls = s.result->smtp.starttls;
        known.tls_version = s.result->tls.completed ? s.result->tls.version : 0;
        known.facts = session_facts_of(s.result);
    }
    if (chain != KNOWN_CHAIN_NONE) {
        known.leaf_domains = leaf_domains_of(first_names(a, buf_span(&a->list)));
    }
    for (unsigned i = 0; i < TLS_VERSION_COUNT; i++) {
        known.versions |= (uint8_t)(s.seen.versions.accepted[i] << 2 * i);
    }
    buf_reset(&a->key);
    service_key_put(&a->key, &s.seen.address, s.seen.port);
    known_add_service(a->known, buf_span(&a->key), &known);
}

/* What the service's session without SNI showed. */
static void give_default(struct analysis *a, struct seen_endpoint *e)
{
    static const uint8_t none[32];
    e->no_sni_outcome = OUTCOME_NOT_TESTED;
    e->no_sni_chain = (struct chain_brief){.status = CHAIN_NONE};
    buf_reset(&a->key);
    service_key_put(&a->key, &e->address, e->port);
    const struct known_service *known = known_find_service(a->known, buf_span(&a->key));
    if (known == NULL || e->result == NULL) {
        return;
    }
    bool has_leaf = memcmp(e->no_sni_leaf_sha256, none, sizeof(none)) != 0;
    if (!has_leaf && known->chain != KNOWN_CHAIN_NONE) {
        return; /* the row was made before that session */
    }
    e->no_sni_outcome = known->outcome;
    e->no_sni_facts = known->facts;
    if (known->chain == KNOWN_CHAIN_NONE) {
        return;
    }
    e->no_sni_chain = known_chain(a->known, known->chain)->brief;
    if (!known_list(a->known, known->chain, 1, &a->leaf, a->why)) {
        stop(a, ANALYZE_FATAL);
        return;
    }
    e->no_sni_names = first_names(a, buf_span(&a->leaf));
}

/* What DNS says of its host. */
static void give_dane(struct analysis *a, struct seen_endpoint *e)
{
    const struct known_host *host = known_find_host(a->known, e->host);
    if (host == NULL || e->port != tlsa_port_of(a->results.ports, a->results.port_count)) {
        return;
    }
    e->dane_host = host->state;
    if (!known_records(a->known, host, &a->reading.arena, &e->tlsa_base, &e->tlsas, &e->tlsa_count,
                       a->why)) {
        stop(a, ANALYZE_FATAL);
    }
}

static void on_endpoint(struct analysis *a, const struct facts *row)
{
    struct read_endpoint e;
    read_endpoint(row, &e);
    uint32_t chain = presented_chain(a, row, ENDPOINTS_CHAIN_ID, e.result);
    uint32_t other = presented_chain(a, row, ENDPOINTS_OTHER_KEY, e.other_key);
    uint32_t dane = presented_chain(a, row, ENDPOINTS_DANE_SNI, e.dane_sni);
    if (a->reading.why.len > 0) {
        return;
    }
    e.seen.chain = give_list(a, chain, e.result, &a->list);
    e.seen.other_key_chain = give_list(a, other, e.other_key, &a->other_list);
    e.seen.dane_sni_chain = give_list(a, dane, e.dane_sni, &a->dane_list);
    give_default(a, &e.seen);
    give_dane(a, &e.seen);
    const struct endpoint_verdict *verdict = record_endpoint(&a->recorder, &e.seen);

    struct known_endpoint known = {
        .chain = e.seen.chain,
        .name_match = (uint8_t)verdict->name.match,
        .sni = (uint8_t)verdict->sni,
        .sni_acceptable = (uint8_t)verdict->acceptable,
        .covers_parents = verdict->name.covers_parents,
        .dane = (uint8_t)verdict->dane.status,
        .dane_covers_parents = verdict->dane_covers_parents,
        .dane_flags = verdict->dane.flags,
        .has_default = e.seen.no_sni_outcome != OUTCOME_NOT_TESTED,
        .no_sni_name_match = (uint8_t)verdict->default_name.match,
        .leaf_domains = verdict->leaf_domains,
        .dane_leaf_names = verdict->dane_leaf_names,
        .facts = verdict->facts,
        .no_sni_facts = verdict->default_facts,
    };
    buf_reset(&a->key);
    endpoint_key_put(&a->key, e.seen.host, &e.seen.address, e.seen.port);
    known_add_endpoint(a->known, buf_span(&a->key), &known);
}

/* --- hosts and domains ---------------------------------------------------------------------- */

static void fill_from_service(struct analysis *a, const struct known_endpoint *e,
                              const struct known_service *s, struct endpoint_brief *brief)
{
    brief->versions = s->versions;
    if (!e->has_default) {
        return;
    }
    brief->no_sni_outcome = (uint8_t)s->outcome;
    brief->no_sni_starttls = (uint8_t)s->starttls;
    brief->no_sni_tls_version = s->tls_version;
    brief->no_sni_name_match = e->no_sni_name_match;
    brief->no_sni_leaf_domains = s->leaf_domains;
    brief->no_sni_facts = e->no_sni_facts;
    if (s->chain != KNOWN_CHAIN_NONE) {
        brief->no_sni_chain = known_chain(a->known, s->chain)->brief;
    }
}

/* An endpoint where nothing was asked has no row, and nothing to judge. */
static void fill_brief(void *arg, struct span host, struct endpoint_brief *brief)
{
    struct analysis *a = arg;
    buf_reset(&a->key);
    endpoint_key_put(&a->key, host, &brief->address, brief->port);
    struct span key = buf_span(&a->key);
    const struct known_endpoint *known = known_find_endpoint(a->known, key);
    if (known == NULL) {
        return;
    }
    brief->chain = known->chain;
    brief->name_match = known->name_match;
    brief->sni = known->sni;
    brief->sni_acceptable = known->sni_acceptable;
    brief->covers_parents = known->covers_parents;
    brief->dane = known->dane;
    brief->dane_covers_parents = known->dane_covers_parents;
    brief->dane_flags = known->dane_flags;
    brief->leaf_domains = known->leaf_domains;
    brief->dane_leaf_names = known->dane_leaf_names;
    brief->facts = known->facts;
    const struct known_service *service =
        known_find_service(a->known, span_drop(key, host.len + 1));
    if (service != NULL) {
        fill_from_service(a, known, service, brief);
    }
}

/* What DNS says of DANE for its host. */
static void fill_mx(void *arg, struct seen_mx *mx)
{
    struct analysis *a = arg;
    const struct known_host *known = known_find_host(a->known, mx->host);
    if (known != NULL) {
        mx->dane_host = known->state;
        mx->tlsa_at = known->tlsa_at;
    }
}

/* Before the endpoints: what DNS says of DANE for their hosts. */
static void on_host_dns(struct analysis *a, const struct facts *row)
{
    struct seen_host host;
    struct dane_host_verdict verdict;
    read_host_dns(row, &host);
    if (a->reading.why.len > 0) {
        return;
    }
    dane_judge_host(&host, a->terms.trust_ad, &verdict);
    if (!known_add_host(a->known, host.name, &verdict, a->why)) {
        stop(a, ANALYZE_FATAL);
    }
}

static void on_host(struct analysis *a, const struct facts *row)
{
    const struct brief_judge briefs = {.fill = fill_brief, .fill_mx = fill_mx, .arg = a};
    struct seen_host host;
    read_host(row, &briefs, &host);
    if (a->reading.why.len == 0) {
        record_host(&a->recorder, &host, &a->reading.arena);
    }
}

/* --- policies ------------------------------------------------------------------------------- */

static void on_policy_body(struct analysis *a, const struct facts *row)
{
    uint8_t named[32];
    uint8_t digest[32];
    struct span body = read_policy_body(row, named);
    if (a->reading.why.len > 0) {
        return;
    }
    digest_sha256(body, digest);
    if (memcmp(named, digest, sizeof(named)) != 0) {
        facts_bad(row, POLICY_BODIES_POLICY_SHA256, "is not the digest of raw");
        return;
    }
    bool added = false;
    if (!known_add_body(a->known, named, body, &added, a->why)) {
        stop(a, ANALYZE_FATAL);
    } else if (!added) {
        facts_bad(row, POLICY_BODIES_POLICY_SHA256, "has a row already");
    } else {
        report_policy_body(&a->out.sink, named, body);
    }
}

/* Reads a row, and gives it its list of certificates and its body. */
static void read_whole_policy(struct analysis *a, const struct facts *row, struct read_policy *out)
{
    static const uint8_t none[32];
    read_policy(row, out);
    struct seen_policy *seen = &out->seen;
    struct seen_session session = {.tls = seen->tls};
    uint32_t chain = presented_chain(a, row, POLICIES_CHAIN_ID, &session);
    if (row->reading->why.len > 0) {
        return;
    }
    seen->chain = give_list(a, chain, &session, &a->list);
    seen->tls = session.tls;
    if (memcmp(seen->body_sha256, none, sizeof(none)) == 0) {
        return;
    }
    if (!known_find_body(a->known, seen->body_sha256, &a->body, a->why)) {
        if (a->why->len > 0) {
            stop(a, ANALYZE_FATAL);
        } else {
            facts_bad(row, POLICIES_POLICY_SHA256, "has no row in policy_bodies");
        }
        return;
    }
    seen->body = buf_span(&a->body);
    if (seen->body.len != out->body_octets) {
        facts_bad(row, POLICIES_BODY_OCTETS, "is not the length of the body");
    }
}

/* A policy is judged with its domain, so its row waits for that. */
static void on_policy(struct analysis *a, const struct facts *row)
{
    struct read_policy policy;
    read_whole_policy(a, row, &policy);
    if (a->reading.why.len > 0) {
        return;
    }
    bool added = false;
    if (!known_add_policy(a->known, policy.domain, a->reading.line, &added, a->why)) {
        stop(a, ANALYZE_FATAL);
    } else if (!added) {
        facts_bad(row, POLICIES_DOMAIN, "has a policy already");
    } else {
        a->policies++;
    }
}

/* @return false: the domain has none. */
static bool find_policy(struct analysis *a, const struct seen_domain *d, struct read_policy *out)
{
    struct facts row;
    bool asked = d->invalid == NULL && d->duplicate_of == 0 && !d->blocklisted;
    if (!asked || !known_find_policy(a->known, d->domain, &a->policy_line, a->why)) {
        if (a->why->len > 0) {
            stop(a, ANALYZE_FATAL);
        }
        return false;
    }
    CHECK(row_reading_begin(&a->policy_reading, TABLE_POLICIES, buf_span(&a->policy_line), &row));
    read_whole_policy(a, &row, out);
    CHECK(a->policy_reading.why.len == 0); /* it was read before */
    return true;
}

static void on_domain(struct analysis *a, const struct facts *row)
{
    const struct brief_judge briefs = {.fill = fill_brief, .fill_mx = fill_mx, .arg = a};
    struct seen_domain domain;
    struct read_policy policy;
    read_domain(row, &briefs, &domain);
    if (a->reading.why.len > 0) {
        return;
    }
    if (find_policy(a, &domain, &policy)) {
        domain.policy = &policy.seen;
        a->policies--;
    }
    (void)record_domain(&a->recorder, &domain);
}

/* --- issuers -------------------------------------------------------------------------------- */

static void on_issuer(struct analysis *a, const struct facts *row)
{
    struct seen_issuer seen;
    read_issuer(row, &seen);
    if (a->reading.why.len > 0) {
        return;
    }
    if (a->fetched == NULL) {
        a->fetched = fetched_issuers_new();
    }
    fetched_issuers_add(a->fetched, seen.url, seen.body);
    report_issuer(&a->out.sink, &seen);
}

/* --- tables --------------------------------------------------------------------------------- */

static const struct table_step {
    enum table_id table;
    void (*on_row)(struct analysis *a, const struct facts *row);
    bool newer; /* older versions did not write it */
} steps[] = {
    {TABLE_CERTIFICATES, on_certificate, false}, {TABLE_CHAINS, on_chain, false},
    {TABLE_HOSTS, on_host_dns, false},           {TABLE_SERVICES, on_service, false},
    {TABLE_ENDPOINTS, on_endpoint, false},       {TABLE_HOSTS, on_host, false},
    {TABLE_POLICY_BODIES, on_policy_body, true}, {TABLE_POLICIES, on_policy, true},
    {TABLE_DOMAINS, on_domain, false},           {TABLE_ISSUERS, on_issuer, true},
};

static void on_line(struct analysis *a, const struct table_step *step, struct table_reader *r,
                    struct span line)
{
    struct facts row;
    if (row_reading_begin(&a->reading, step->table, line, &row)) {
        step->on_row(a, &row);
    }
    if (a->reading.why.len > 0 && a->end == ANALYZE_COMPLETE) {
        table_reader_blame(r, a->why);
        buf_put(a->why, buf_span(&a->reading.why));
        stop(a, ANALYZE_UNUSABLE);
    } else if (!new_results_take(&a->out, false)) {
        stop(a, ANALYZE_ROWS_LOST);
    }
}

static void expect_rows(struct analysis *a, const char *name, uint64_t rows, uint64_t expected)
{
    if (rows != expected) {
        buf_putf(a->why, "%s/%s: has %llu rows, but %llu when the scan ended", a->results.path,
                 name, (unsigned long long)rows, (unsigned long long)expected);
        stop(a, ANALYZE_UNUSABLE);
    }
}

static void run_step(struct analysis *a, const struct table_step *step)
{
    if (step->newer && !results_has_table(&a->results, step->table)) {
        return;
    }
    uint64_t expected = 0;
    const char *name = results_table(&a->results, step->table, &expected, a->why);
    struct table_reader *r = name != NULL ? table_reader_new(a->results.path, name, a->why) : NULL;
    if (r == NULL) {
        stop(a, ANALYZE_UNUSABLE);
        return;
    }
    enum table_read got = TABLE_READ_LINE;
    while (a->end == ANALYZE_COMPLETE && got == TABLE_READ_LINE) {
        struct span line;
        got = table_reader_next(r, &line, a->why);
        if (got == TABLE_READ_LINE) {
            on_line(a, step, r, line);
        }
    }
    if (got == TABLE_READ_END) {
        expect_rows(a, name, table_reader_lines(r), expected);
    } else if (got != TABLE_READ_LINE) {
        stop(a, got == TABLE_READ_FAILED ? ANALYZE_FATAL : ANALYZE_UNUSABLE);
    }
    table_reader_free(r);
}

static void expect_domains_of_policies(struct analysis *a)
{
    if (a->policies > 0) {
        buf_putf(a->why, "%s: %llu rows of policies belong to no domain", a->results.path,
                 (unsigned long long)a->policies);
        stop(a, ANALYZE_UNUSABLE);
    }
}

static void on_completion(void *arg)
{
    struct analysis *a = arg;
    if (!new_results_take(&a->out, false)) {
        stop(a, ANALYZE_ROWS_LOST);
    }
}

static void complete_chains(struct analysis *a)
{
    const struct incomplete_chains *of = &a->chains.incomplete;
    const struct issuer_sets *sets = a->chains.issuers;
    const struct issuer_hosts *hosts = a->issuer_hosts;
    struct issuer_senders *senders = issuer_senders_new(&sets, 1, &hosts, 1);
    struct chain_judge *browser = a->fetched != NULL ? chain_judge_new(&a->terms) : NULL;
    const struct completions c = {.judge = a->judge,
                                  .browser = browser,
                                  .fetched = a->fetched,
                                  .pool = a->chains.pool,
                                  .senders = senders,
                                  .of = &of,
                                  .of_count = 1,
                                  .counts = &a->counts};
    intermediate_pool_merge(a->chains.pool, a->known_before);
    a->completions_whole = report_completions(&a->out.sink, &c, on_completion, a);
    issuer_senders_free(senders);
    chain_judge_free(browser);
    if (!a->completions_whole) {
        buf_put_text(a->why, "temporary file: rows of completions are missing");
        stop(a, ANALYZE_FATAL);
    }
}

/* --- beginning and end ---------------------------------------------------------------------- */

static bool set_terms(struct analysis *a, const struct analyze_params *p)
{
    if ((p->stores == NULL && !results_read_stores(&a->results, a->why)) ||
        (p->profiles == NULL && !results_read_profiles(&a->results, a->why)) ||
        (p->intermediates == NULL && !results_read_intermediates(&a->results, a->why))) {
        return false;
    }
    bool given = p->intermediates != NULL;
    a->intermediates = given ? p->intermediates : a->results.intermediates;
    a->intermediates_count = given ? p->intermediates_count : a->results.intermediates_count;
    a->known_before = known_intermediates_new(a->intermediates, a->intermediates_count, a->why);
    if (a->known_before == NULL) {
        return false;
    }
    a->profiles = p->profiles != NULL ? p->profiles : a->results.profiles;
    a->terms = (struct judging_terms){
        .at = p->at != INT64_MIN ? p->at : a->results.at,
        .stores = p->stores != NULL ? p->stores : a->results.stores,
        .store_count = p->stores != NULL ? p->store_count : a->results.store_count,
        .known = a->known_before,
        .trust_ad = p->trust_ad != TRUTH_UNKNOWN ? p->trust_ad == TRUTH_YES : a->results.trust_ad,
        .profiles = a->profiles != NULL ? &a->profiles->profiles : NULL,
    };
    if (a->terms.at == INT64_MIN) {
        buf_putf(a->why, "%s/manifest.json: has no time of judgement; give --at", p->results);
        return false;
    }
    return true;
}

static void init(struct analysis *a, struct buf *why)
{
    *a = (struct analysis){.why = why,
                           .list = BUF_INIT(BUF_NO_LIMIT),
                           .other_list = BUF_INIT(BUF_NO_LIMIT),
                           .dane_list = BUF_INIT(BUF_NO_LIMIT),
                           .policy_line = BUF_INIT(BUF_NO_LIMIT),
                           .body = BUF_INIT(BUF_NO_LIMIT),
                           .leaf = BUF_INIT(BUF_NO_LIMIT),
                           .names = BUF_INIT(CERT_NAMES_PACKED_MAX),
                           .key = BUF_INIT(BUF_NO_LIMIT)};
    row_reading_init(&a->reading);
    row_reading_init(&a->policy_reading);
}

static void deinit(struct analysis *a)
{
    counts_deinit(&a->counts);
    new_results_deinit(&a->out);
    row_reading_deinit(&a->reading);
    row_reading_deinit(&a->policy_reading);
    recorder_deinit(&a->recorder);
    chain_recorder_deinit(&a->chains);
    chain_judge_free(a->judge);
    known_free(a->known);
    intermediate_pool_free(a->known_before);
    fetched_issuers_free(a->fetched);
    issuer_hosts_free(a->issuer_hosts);
    results_deinit(&a->results);
    buf_deinit(&a->list);
    buf_deinit(&a->other_list);
    buf_deinit(&a->dane_list);
    buf_deinit(&a->policy_line);
    buf_deinit(&a->body);
    buf_deinit(&a->leaf);
    buf_deinit(&a->names);
    buf_deinit(&a->key);
}

static bool begin(struct analysis *a, const struct analyze_params *p)
{
    if (!results_open(&a->results, p->results, a->why) || !set_terms(a, p) ||
        !new_results_open(&a->out, p, a->why)) {
        stop(a, ANALYZE_UNUSABLE);
        return false;
    }
    counts_init(&a->counts, a->results.ports, a->results.port_count);
    a->judge = chain_judge_new(&a->terms);
    a->issuer_hosts = issuer_hosts_new();
    recorder_init(&a->recorder, &a->out.sink, &a->terms, &a->counts, a->issuer_hosts);
    chain_recorder_init(&a->chains, &a->out.sink, &a->terms, &a->counts, 0, 1);
    a->chains.judge = a->judge;
    a->known = known_new(a->why);
    if (a->known == NULL) {
        stop(a, ANALYZE_FATAL);
    }
    return a->known != NULL;
}

static bool finish(struct analysis *a)
{
    const struct manifest_trust_ad trust_ad = {
        .setting = a->terms.trust_ad ? "yes" : "no",
        .trusted = a->terms.trust_ad,
        .reason = "given to analyze",
    };
    const struct reanalysis now = {
        .terms = &a->terms,
        .trust_ad = a->out.params->trust_ad != TRUTH_UNKNOWN ? &trust_ad : NULL,
        .profiles = a->profiles,
        .counts = &a->counts,
        .intermediates = {.shipped = shipped_intermediates_name(),
                          .files = a->intermediates,
                          .file_count = a->intermediates_count,
                          .known = intermediate_pool_count(a->chains.pool),
                          .truncated = intermediate_pool_truncated(a->chains.pool),
                          .whole = a->completions_whole},
    };
    return new_results_finish(&a->out, &a->results, &now);
}

static void run(struct analysis *a)
{
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]) && a->end == ANALYZE_COMPLETE; i++) {
        run_step(a, &steps[i]);
    }
    if (a->end == ANALYZE_COMPLETE) {
        expect_domains_of_policies(a);
    }
    if (a->end == ANALYZE_COMPLETE) {
        complete_chains(a);
    }
    if (a->end == ANALYZE_COMPLETE && !finish(a)) {
        stop(a, ANALYZE_ROWS_LOST);
    }
    if (a->end == ANALYZE_ROWS_LOST) {
        new_results_blame(&a->out, a->why);
    }
}

enum analyze_end analyze_run(const struct analyze_params *p, struct buf *why)
{
    struct analysis *a = memory_new(1, sizeof(*a));
    init(a, why);
    if (begin(a, p)) {
        run(a);
    }
    enum analyze_end end = a->end;
    if (end == ANALYZE_UNUSABLE || end == ANALYZE_FATAL) {
        new_results_discard(&a->out);
    }
    deinit(a);
    free(a);
    return end;
}
