#pragma once

#include "scanner/analysis/account.h"
#include "scanner/analysis/findings.h"
#include "scanner/analysis/mx_operator.h"
#include "scanner/analysis/will_break.h"
#include "scanner/cert/cert_info.h"
#include "scanner/observation/seen_issuer.h"
#include "scanner/observation/seen_target.h"
#include "scanner/report/row_sink.h"
#include "scanner/report/session_said.h"
#include "scanner/trust/chain_judge.h"
#include "scanner/trust/intermediate_pool.h"
#include "scanner/trust/issuer_senders.h"

/**
 * What was seen and what was found, as rows: the only module that knows both the structs of
 * scanner/observation and the tables of output. Each call appends whole lines to the sink, the
 * rows of the join tables (routes, findings) with the row they belong to. Pure: the same facts
 * give the same octets.
 *
 * `findings` are those of the same thing; NULL: none were looked for.
 */

/** Keys as they stand in rows and in seen_endpoint.session_from. */
void service_key_put(struct buf *key, const struct net_addr *address, uint16_t port);
void endpoint_key_put(struct buf *key, struct span host, const struct net_addr *address,
                      uint16_t port);
/** @param parent the wildcard without its "*." */
void group_key_put(struct buf *key, struct span parent, const struct net_addr *address,
                   uint16_t port);

/** What the problems of a domain amount to. */
struct domain_standing {
    enum effect effect;
    const char *worst_severity; /* NULL: there is no problem, as in the next ones */
    uint64_t problem_count;
    struct span top_cause;
    struct will_break breaks;
    struct span breaking; /* the key of what runs out */
};

/** @param v what domain_verdict_fill() made of `d`; NULL: its policies were not looked at
 * @param profiles those `v` was made with; NULL: none
 * @param standing NULL: problems were not looked for */
void report_domain(struct row_sink *sink, const struct seen_domain *d,
                   const struct domain_verdict *v, const struct sender_profiles *profiles,
                   enum account_class ending, const char *reason,
                   const struct domain_standing *standing, const struct findings *findings);
/** @param v what dane_judge_host() made of `h`; NULL: DANE was not looked at
 * @param operators of operators_of_host(); NULL: not looked for */
void report_host(struct row_sink *sink, const struct seen_host *h,
                 const struct dane_host_verdict *v, const struct operator_set *operators,
                 const struct findings *findings);
/** @param domain whose policy it is
 * @param v what sts_verdict_fill() made of the domain */
void report_policy(struct row_sink *sink, struct span domain, const struct seen_policy *p,
                   const struct sts_verdict *v, const struct findings *findings);
/** A distinct body. */
void report_policy_body(struct row_sink *sink, const uint8_t sha256[32], struct span body);
/** @param v what service_verdict_fill() made of `s`; NULL: names were not looked at */
void report_service(struct row_sink *sink, const struct seen_service *s,
                    const struct service_verdict *v, const struct findings *findings);
/** @param v what endpoint_verdict_fill() made of `e`; NULL: names were not looked at */
/** @param said what the session of its service said, for rows of less than full detail; NULL: not known */
void report_endpoint(struct row_sink *sink, const struct seen_endpoint *e,
                     const struct endpoint_verdict *v, const struct session_said *said,
                     const struct findings *findings);

/** A certificate group, at the end of the scan. */
void report_group(struct row_sink *sink, const struct seen_group *g);

/** A distinct list as presented. */
struct chain_facts {
    uint8_t chain_id[32];
    const uint8_t (*digests)[32]; /* SHA-256 of each certificate in the order sent */
    size_t count;
    uint64_t octets; /* of the certificates together */
};

/** @param verdict NULL: not judged */
void report_chain(struct row_sink *sink, const struct chain_facts *chain,
                  const struct chain_verdict *verdict, const struct judging_terms *terms,
                  const struct findings *findings);

/** A caIssuers URL that was asked. */
void report_issuer(struct row_sink *sink, const struct seen_issuer *seen);

/** A chain that was judged again with intermediates from elsewhere. */
struct completion_facts {
    uint8_t chain_id[32];
    const struct chain_verdict *verdict;
    const struct intermediate_pool *pool;
    const struct issuer_senders *senders;
    const struct chain_verdict *browser; /* with what was fetched; NULL: nothing was asked */
};

void report_completion(struct row_sink *sink, const struct completion_facts *c,
                       const struct findings *findings);
/** @param parsed what cert_info_read() returned. */
void report_certificate(struct row_sink *sink, struct span der, const struct cert_info *info,
                        bool parsed, const struct judging_terms *terms,
                        const struct findings *findings);
