#pragma once

#include "scanner/analysis/catalogue.h"
#include "scanner/analysis/domain_verdict.h"
#include "scanner/analysis/endpoint_verdict.h"
#include "scanner/analysis/service_verdict.h"
#include "scanner/base/buf.h"
#include "scanner/observation/seen_target.h"
#include "scanner/trust/chain_judge.h"
#include "scanner/trust/intermediate_pool.h"

/**
 * The findings of one row: each code at most once, with the facts it rests on.
 *
 * Judging is a pure function of what was seen. One observed fact is judged in one place: what a
 * domain says in DOMAIN scope, what a host name resolves to in HOST scope, what a session met in
 * SESSION scope, what a certificate or a list of them is worth in CERTIFICATE and CHAIN scope, and
 * what a host name makes of them in ENDPOINT scope. An endpoint whose result is another session's has
 * no findings of its own.
 */

#define EVIDENCE_PIECE_MAX 160 /* octets of one foreign text in an evidence; our own bound */
#define EVIDENCE_LIST_MAX  4   /* items of a list in an evidence, then a count; our own bound */

struct finding {
    enum finding_code code;
    enum severity severity;
    size_t evidence_at; /* offset in findings.text; the evidence ends where the next begins */
};

/** Reused from row to row: findings_reset() keeps the memory. */
struct findings {
    struct finding item[FINDING_COUNT];
    size_t count;
    struct buf text;
};

void findings_init(struct findings *f);
void findings_deinit(struct findings *f);
void findings_reset(struct findings *f);

/**
 * Adds a finding and returns where its evidence is written until the next one is added.
 * `code` is new in this list and `severity` at most that of the catalogue.
 */
struct buf *findings_add(struct findings *f, enum finding_code code, enum severity severity);
/** With the severity of the catalogue. */
struct buf *findings_add_max(struct findings *f, enum finding_code code);
bool findings_has(const struct findings *f, enum finding_code code);
/** Facts in short; foreign octets in it may be anything. Valid until the list changes. */
struct span findings_evidence(const struct findings *f, size_t index);
/** Writes foreign text, cut at EVIDENCE_PIECE_MAX, on one line. */
void evidence_put(struct buf *evidence, struct span text);
void evidence_put_address(struct buf *evidence, const struct net_addr *address);

/** These add to `out`, which the caller has reset. */
/** @param v what domain_verdict_fill() made of `d`; NULL: its policies were not looked at */
void findings_of_domain(const struct seen_domain *d, const struct domain_verdict *v,
                        struct findings *out);
/** @param v what dane_judge_host() made of `h`; NULL: DANE was not looked at */
void findings_of_host(const struct seen_host *h, const struct dane_host_verdict *v,
                      struct findings *out);
/** What is worth saying of a policy host and of what it serves. @param v of its domain */
void findings_of_policy(const struct seen_policy *p, const struct sts_verdict *v,
                        struct findings *out);
/** @param v what service_verdict_fill() made of `s`; NULL: names were not looked at */
void findings_of_service(const struct seen_service *s, const struct service_verdict *v,
                         struct findings *out);
/** @param v what endpoint_verdict_fill() made of `e`; NULL: what its session met, and no more */
void findings_of_endpoint(const struct seen_endpoint *e, const struct endpoint_verdict *v,
                          struct findings *out);
/** @param parsed what cert_info_read() returned */
void findings_of_certificate(const struct cert_info *c, bool parsed, struct findings *out);
/** As served, with the first trust store. */
void findings_of_chain(const struct chain_verdict *v, const struct judging_terms *terms,
                       struct findings *out);
/** After chain_judge_complete(), of a list whose row does not say the same.
 * @param pool NULL: what is missing was fetched, as browsers do */
void findings_of_completion(const struct chain_verdict *v, const struct intermediate_pool *pool,
                            struct findings *out);
