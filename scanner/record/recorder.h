#pragma once

#include "scanner/analysis/account.h"
#include "scanner/analysis/counts.h"
#include "scanner/analysis/domain_verdict.h"
#include "scanner/analysis/endpoint_verdict.h"
#include "scanner/analysis/service_verdict.h"
#include "scanner/index/key_store.h"
#include "scanner/record/operator_totals.h"
#include "scanner/record/standing.h"
#include "scanner/report/row_sink.h"
#include "scanner/report/session_said.h"
#include "scanner/trust/issuer_senders.h"

/**
 * What becomes of an observation, in one place for `scan` and `analyze`: it is judged, findings are made
 * of the verdict, its row is rendered, and the sums grow. One recorder for each thread that writes rows
 * of targets. It asks no clock and does no I/O, but for a temporary file of very many operators: the rows lie in
 * the sink, whose owner takes them.
 *
 *   record_NAME(recorder, seen):  verdict ─► findings ─► row ─► counts, fact book
 *
 * Rows of an endpoint are held in a sink that does so, until its host has its row: no cut of the results leaves
 * one without the other.
 *
 * What was seen is borrowed for the call. A verdict that is handed back is valid until the next call for
 * the same kind of thing.
 */
struct recorder {
    struct row_sink *rows;             /* borrowed */
    const struct judging_terms *terms; /* borrowed */
    struct scan_counts *counts;        /* borrowed */
    struct issuer_hosts *issuer_hosts; /* borrowed: which hosts send which issuers */
    struct operator_totals *operators;
    struct fact_book *book;          /* borrowed: of all recorders of a scan */
    struct findings findings;        /* of the row under work */
    struct findings policy_findings; /* of the policy of the domain under work */
    struct facts_scratch facts;
    struct standing_judge standing;
    /* Of services, by key, for rows of less than full detail. */
    struct key_store *said; /* struct session_said */
    bool said_any;
    struct session_said last_said;    /* that was looked for */
    struct service_verdict service;   /* the same */
    struct endpoint_verdict endpoint; /* the same */
    struct domain_verdict domain;     /* the same */
};

/** @param memory_octets what is kept of services before the rest is in a temporary database: as key_store_new() */
void recorder_init(struct recorder *r, struct row_sink *rows, const struct judging_terms *terms,
                   struct scan_counts *counts, struct issuer_hosts *issuer_hosts,
                   struct fact_book *book, size_t memory_octets);
/** As key_store_error(). */
const char *recorder_error(const struct recorder *r);
void recorder_deinit(struct recorder *r);

/** @param scratch lives as long as `h` */
void record_host(struct recorder *r, const struct seen_host *h, struct arena *scratch);
void record_service(struct recorder *r, const struct seen_service *s);
/** The session without SNI, as soon as it is known: rows of endpoints need not repeat what it said. */
void record_default_session(struct recorder *r, const struct net_addr *address, uint16_t port,
                            const struct seen_session *s);
const struct endpoint_verdict *record_endpoint(struct recorder *r, const struct seen_endpoint *e);
/** Of the endpoint that was just recorded: others rest on it, so that its row is needed before that of its host. */
void record_endpoint_ahead(struct recorder *r, const struct seen_endpoint *e);
/** With the row of its policy in front, which the row of the domain names. @return how the line ended */
enum account_class record_domain(struct recorder *r, const struct seen_domain *d);
