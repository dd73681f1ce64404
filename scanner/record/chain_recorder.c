#include "scanner/record/chain_recorder.h"

#include <string.h>

#include "scanner/cert/cert_list.h"
#include "scanner/record/completions.h"
#include "scanner/report/report.h"

void chain_recorder_init(struct chain_recorder *r, struct row_sink *rows,
                         const struct judging_terms *terms, struct scan_counts *counts,
                         uint32_t number, uint32_t total, struct fact_book *book)
{
    *r = (struct chain_recorder){.rows = rows, .terms = terms, .counts = counts, .book = book};
    r->pool = intermediate_pool_new();
    r->issuers = issuer_sets_new(number + 1, total);
    findings_init(&r->findings);
    findings_init(&r->certificate_findings);
    facts_scratch_init(&r->facts);
}

void chain_recorder_deinit(struct chain_recorder *r)
{
    findings_deinit(&r->findings);
    findings_deinit(&r->certificate_findings);
    facts_scratch_deinit(&r->facts);
    intermediate_pool_free(r->pool);
    issuer_sets_free(r->issuers);
    incomplete_chains_deinit(&r->incomplete);
}

void record_certificate(struct chain_recorder *r, struct span der, const struct cert_info *info,
                        bool parsed)
{
    row_sink_observe(r->rows);
    findings_reset(&r->findings);
    findings_of_certificate(info, parsed, &r->findings);
    report_certificate(r->rows, der, info, parsed, r->terms, &r->findings);
    counts_add_findings(r->counts, &r->findings);
    counts_add_certificate(r->counts);
    if (parsed && info->is_ca) {
        (void)intermediate_pool_add(r->pool, der, INTERMEDIATE_SCAN);
    }
}

static struct chain_facts facts_of(const uint8_t chain_id[32], const uint8_t (*digests)[32],
                                   struct span list)
{
    struct chain_facts facts = {.digests = digests};
    memcpy(facts.chain_id, chain_id, sizeof(facts.chain_id));
    for (struct span der; cert_list_next(&list, &der); facts.count++) {
        facts.octets += der.len;
    }
    return facts;
}

struct chain_brief record_chain(struct chain_recorder *r, const uint8_t chain_id[32],
                                const uint8_t (*digests)[32], struct span list)
{
    struct chain_verdict verdict;
    row_sink_observe(r->rows);
    chain_judge_list(r->judge, list, &verdict);
    struct chain_facts facts = facts_of(chain_id, digests, list);
    findings_reset(&r->findings);
    findings_of_chain(&verdict, r->terms, &r->findings);
    report_chain(r->rows, &facts, &verdict, r->terms, &r->findings);
    enum chain_status status = verdict.store[0].status;
    counts_add_findings(r->counts, &r->findings);
    counts_add_chain(r->counts, status);
    completions_keep(&r->incomplete, chain_id, list, status);
    struct chain_brief brief = chain_brief_of(&verdict);
    brief.issuers = issuer_sets_add(r->issuers, &verdict);
    facts_note_chain(r->book, &r->facts, chain_id, &verdict, r->judge, list, &r->findings,
                     &r->certificate_findings);
    return brief;
}
