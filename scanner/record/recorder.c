#include "scanner/record/recorder.h"

#include <string.h>

#include "scanner/base/hash.h"
#include "scanner/base/memory.h"
#include "scanner/report/report.h"

void recorder_init(struct recorder *r, struct row_sink *rows, const struct judging_terms *terms,
                   struct scan_counts *counts, struct issuer_hosts *issuer_hosts,
                   struct fact_book *book, size_t memory_octets)
{
    *r = (struct recorder){
        .rows = rows, .terms = terms, .counts = counts, .issuer_hosts = issuer_hosts, .book = book};
    r->said = key_store_new(memory_octets);
    r->operators = operator_totals_new(OPERATORS_IN_MEMORY);
    findings_init(&r->findings);
    findings_init(&r->policy_findings);
    facts_scratch_init(&r->facts);
    standing_init(&r->standing, book);
    service_verdict_init(&r->service);
    endpoint_verdict_init(&r->endpoint);
    domain_verdict_init(&r->domain);
}

void recorder_deinit(struct recorder *r)
{
    operator_totals_free(r->operators);
    findings_deinit(&r->findings);
    findings_deinit(&r->policy_findings);
    facts_scratch_deinit(&r->facts);
    standing_deinit(&r->standing);
    service_verdict_deinit(&r->service);
    endpoint_verdict_deinit(&r->endpoint);
    domain_verdict_deinit(&r->domain);
    key_store_free(r->said);
}

const char *recorder_error(const struct recorder *r)
{
    return key_store_error(r->said);
}

/* The same for all threads. */
static uint64_t key_of_host(struct span host)
{
    return hash_draw(0, host, (struct span){0});
}

void record_host(struct recorder *r, const struct seen_host *h, struct arena *scratch)
{
    struct dane_host_verdict verdict;
    row_sink_observe(r->rows);
    dane_judge_host(h, r->terms->trust_ad, &verdict);
    struct operator_set operators;
    operators_of_host(h, r->terms->operators, &operators);
    findings_reset(&r->findings);
    findings_of_host(h, &verdict, &r->findings);
    row_sink_release(r->rows, key_of_host(h->name));
    report_host(r->rows, h, &verdict, &operators, &r->findings);
    counts_add_host(r->counts, h, &verdict);
    operator_totals_add_host(r->operators, h, &operators);
    counts_add_findings(r->counts, &r->findings);
    facts_note_host(r->book, &r->facts, h, &r->findings);
    issuer_hosts_add_host(r->issuer_hosts, h, scratch);
}

void record_service(struct recorder *r, const struct seen_service *s)
{
    row_sink_observe(r->rows);
    service_verdict_fill(&r->service, s);
    findings_reset(&r->findings);
    findings_of_service(s, &r->service, &r->findings);
    report_service(r->rows, s, &r->service, &r->findings);
    counts_add_service(r->counts, s);
    operator_totals_add_service(r->operators, s, r->terms->operators);
    counts_add_findings(r->counts, &r->findings);
    facts_note_service(r->book, &r->facts, s, &r->findings);
}

static struct hash_key key_of_said(const struct recorder *r, const struct net_addr *address,
                                   uint16_t port)
{
    struct buf *key = &r->rows->key; /* of no row: none is begun */
    buf_reset(key);
    service_key_put(key, address, port);
    return hash_key_of(buf_span(key));
}

void record_default_session(struct recorder *r, const struct net_addr *address, uint16_t port,
                            const struct seen_session *s)
{
    if (!row_is_lean(r->rows->row)) {
        return;
    }
    struct session_said said;
    session_said_fill(&said, s);
    key_store_put(r->said, key_of_said(r, address, port),
                  (struct span){(const uint8_t *)&said, sizeof(said)});
    r->said_any = true;
}

/* NULL: not known when the row was made, as the row itself shows by its default leaf. */
static const struct session_said *said_of_service(struct recorder *r, const struct seen_endpoint *e)
{
    struct span record;
    bool found = !digest_is_none(e->no_sni_leaf_sha256) && r->said_any &&
                 key_store_find(r->said, key_of_said(r, &e->address, e->port), &record);
    if (found) {
        CHECK(record.len == sizeof(r->last_said));
        memcpy(&r->last_said, record.at, sizeof(r->last_said));
    }
    return found ? &r->last_said : NULL;
}

const struct endpoint_verdict *record_endpoint(struct recorder *r, const struct seen_endpoint *e)
{
    row_sink_observe(r->rows);
    endpoint_verdict_fill(&r->endpoint, e, r->terms->at);
    findings_reset(&r->findings);
    findings_of_endpoint(e, &r->endpoint, &r->findings);
    struct row_sink_place before = row_sink_place(r->rows);
    report_endpoint(r->rows, e, &r->endpoint, said_of_service(r, e), &r->findings);
    row_sink_hold(r->rows, &before, key_of_host(e->host));
    counts_add_endpoint(r->counts, e);
    counts_add_findings(r->counts, &r->findings);
    r->endpoint.validity = facts_note_endpoint(r->book, &r->facts, e, &r->findings);
    return &r->endpoint;
}

void record_endpoint_ahead(struct recorder *r, const struct seen_endpoint *e)
{
    struct row_sink_place before = row_sink_place(r->rows);
    report_endpoint(r->rows, e, &r->endpoint, said_of_service(r, e), &r->findings);
    row_sink_put_ahead(r->rows, &before, TABLE_ENDPOINTS);
}

static void record_policy(struct recorder *r, const struct seen_domain *d)
{
    const struct sts_verdict *sts = &r->domain.sts;
    findings_of_policy(d->policy, sts, &r->policy_findings);
    report_policy(r->rows, d->domain, d->policy, sts, &r->policy_findings);
    counts_add_findings(r->counts, &r->policy_findings);
}

enum account_class record_domain(struct recorder *r, const struct seen_domain *d)
{
    const char *reason = NULL;
    row_sink_observe(r->rows); /* the row of its policy is of the same time */
    enum account_class ending = account_class_of(d, &reason);
    domain_verdict_fill(&r->domain, d, r->terms);
    findings_reset(&r->policy_findings);
    if (d->policy != NULL) {
        record_policy(r, d);
    }
    findings_reset(&r->findings);
    findings_of_domain(d, &r->domain, &r->findings);
    struct domain_standing standing =
        standing_of(&r->standing, d, &r->domain, r->terms->at, &r->findings, &r->policy_findings);
    report_domain(r->rows, d, &r->domain, r->terms->profiles, ending, reason, &standing,
                  &r->findings);
    if (row_is_lean(r->rows->row) && r->terms->profiles != NULL && domain_is_asked(d)) {
        facts_note_outcomes(r->book, &r->facts, &r->domain.deliveries);
    }
    counts_add_domain(r->counts, d, &r->domain, ending, reason);
    operator_totals_add_domain(r->operators, d, &r->domain);
    counts_add_findings(r->counts, &r->findings);
    if (domain_is_asked(d)) {
        counts_add_effect(r->counts, standing.effect, &r->findings);
    }
    return ending;
}
