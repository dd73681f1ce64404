#pragma once

#include "scanner/analysis/counts.h"
#include "scanner/record/facts.h"
#include "scanner/report/row_sink.h"
#include "scanner/trust/chain_judge.h"
#include "scanner/trust/fetched_issuers.h"
#include "scanner/trust/incomplete_chains.h"
#include "scanner/trust/intermediate_pool.h"
#include "scanner/trust/issuer_senders.h"

/**
 * The table completions, made at the end of a scan from what the judges kept: each list that lacks
 * an intermediate as served is judged again with those that other servers sent and those that were
 * known before. Rows come by chain id, so that they do not depend on the order of the scan.
 */
struct completions {
    struct chain_judge *judge;
    struct chain_judge *browser; /* another, as both verdicts of a list are looked at together; NULL
                                  * without `fetched` */
    struct intermediate_pool *pool;
    const struct issuer_senders *senders;
    const struct fetched_issuers *fetched;     /* NULL: no URL was asked */
    const struct incomplete_chains *const *of; /* by judge */
    size_t of_count;
    struct scan_counts *counts; /* findings are added */
    struct fact_book *book;     /* the same */
    const bool *halted;         /* set by on_row(): no more rows are wanted; NULL: never */
};

/** Keeps a list of which the end of the scan may have more to say than its row; of others nothing.
 * @param status as served, with the first trust store */
void completions_keep(struct incomplete_chains *c, const uint8_t chain_id[32], struct span list,
                      enum chain_status status);

/** Names the URLs, not asked yet, where a client that fetches would look for what is missing. */
void completions_each_url(const struct completions *c, void (*want)(void *arg, struct span url),
                          void *arg);

/** Renders every row; `on_row` is called after each one. @return false when lists are missing: a
 * temporary file could not be written or read. */
bool report_completions(struct row_sink *sink, const struct completions *c,
                        void (*on_row)(void *arg), void *arg);
