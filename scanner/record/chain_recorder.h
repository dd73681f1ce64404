#pragma once

#include "scanner/analysis/counts.h"
#include "scanner/record/facts.h"
#include "scanner/report/row_sink.h"
#include "scanner/trust/chain_judge.h"
#include "scanner/trust/incomplete_chains.h"
#include "scanner/trust/intermediate_pool.h"
#include "scanner/trust/issuer_senders.h"

/**
 * The same as recorder.h for certificates and presented lists, which are judged by threads of their own
 * in a scan. What the end of the scan needs of them is kept on the way.
 */
struct chain_recorder {
    struct row_sink *rows;             /* borrowed */
    const struct judging_terms *terms; /* borrowed */
    struct scan_counts *counts;        /* borrowed */
    struct chain_judge *judge;         /* borrowed; its thread sets it before the first call */
    struct intermediate_pool *pool;    /* CA certificates that were met */
    struct issuer_sets *issuers;       /* that lists carry */
    struct incomplete_chains incomplete;
    struct fact_book *book; /* borrowed: of all recorders of a scan */
    struct facts_scratch facts;
    struct findings findings;             /* of the row under work */
    struct findings certificate_findings; /* of the certificates of the list under work */
};

/** @param number of this one among `total` that share the lists, from 0 */
void chain_recorder_init(struct chain_recorder *r, struct row_sink *rows,
                         const struct judging_terms *terms, struct scan_counts *counts,
                         uint32_t number, uint32_t total, struct fact_book *book);
void chain_recorder_deinit(struct chain_recorder *r);

/** @param info what chain_judge_cert() made of `der`, as `parsed` */
void record_certificate(struct chain_recorder *r, struct span der, const struct cert_info *info,
                        bool parsed);

/**
 * @param digests SHA-256 of each certificate of `list`, in its order
 * @return what endpoints, services and policies tell of it
 */
struct chain_brief record_chain(struct chain_recorder *r, const uint8_t chain_id[32],
                                const uint8_t (*digests)[32], struct span list);
