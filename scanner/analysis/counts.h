#pragma once

#include "scanner/analysis/account.h"
#include "scanner/analysis/cipher_counts.h"
#include "scanner/analysis/effect.h"
#include "scanner/analysis/findings.h"
#include "scanner/analysis/policy_counts.h"
#include "scanner/analysis/rollup.h"

/**
 * What a scan adds up to, for summary.json: the account, and shares in three weightings. Each
 * worker adds what it finished; the sum of all workers is made at the end. Sums only, so the
 * result does not depend on the order, and the size does not depend on the scan.
 *
 *   service  each (address, port) once, by its session without SNI: not for what needs a host
 *   host     each MX host name once, rolled up over its addresses
 *   domain   each domain once, rolled up over the addresses of its MX set; and again over
 *            those of the lowest preference that has an address (`primary`)
 *
 * Properties are those of rollup.h, so a share is always yes / (yes + no) with unknown beside it.
 */
struct service_weighting {
    uint64_t total;
    uint64_t not_tested;
    uint64_t inconclusive;
    struct tally property[PROPERTY_COUNT]; /* zero where property_needs_host() */
};

struct rollup_weighting {
    uint64_t total;        /* with at least one endpoint at this port, or one may be missing */
    uint64_t not_tested;   /* none of the endpoints was tried */
    uint64_t inconclusive; /* none of those tried was conclusive */
    uint64_t property[PROPERTY_COUNT][ROLLUP_COUNT];
    /* Of these, what rests on an endpoint whose result is inferred. */
    uint64_t inferred;
    uint64_t property_inferred[PROPERTY_COUNT][ROLLUP_COUNT];
};

/** Ports are never mixed: a submission port says nothing about how mail arrives. */
struct port_counts {
    uint16_t port;
    uint64_t service_outcome[OUTCOME_COUNT];
    struct service_weighting service;
    struct cipher_counts ciphers;
    struct rollup_weighting host;
    struct rollup_weighting domain;
    struct rollup_weighting primary;
};

#define COUNT_PORTS_MAX   4  /* as many as a scan may ask for */
#define COUNT_REASONS_MAX 64 /* pairs of class and reason word; there are fewer words than that */

#define MX_KIND_COUNT (MX_KIND_UNKNOWN + 1)

struct reason_count {
    enum account_class class;
    const char *reason; /* static word */
    uint64_t count;
};

struct scan_counts {
    uint64_t inputs;
    uint64_t account[ACCOUNT_CLASS_COUNT];
    uint64_t account_inferred[ACCOUNT_CLASS_COUNT]; /* of these, see account_basis_of() */
    uint64_t endpoint_basis[BASIS_COUNT];           /* endpoints; NONE: not tested */
    uint64_t endpoint_local_fault;                  /* without result by a fault of our own */
    struct reason_count reason[COUNT_REASONS_MAX];
    size_t reason_count;
    uint64_t mx_kind[MX_KIND_COUNT]; /* of lines that were asked about */
    struct port_counts port[COUNT_PORTS_MAX];
    size_t port_count;
    uint64_t chain[CHAIN_STATUS_COUNT]; /* distinct lists, with the first trust store, as served */
    uint64_t certificates;              /* distinct */
    uint64_t finding[FINDING_COUNT][SEVERITY_COUNT];
    uint64_t finding_no_mail
        [SEVERITY_COUNT];          /* of these, those of domains that are set up for no mail */
    uint64_t effect[EFFECT_COUNT]; /* domains, by the worst effect of their problems */
    struct policy_counts policies;
};

/** @param ports those of the scan, at most COUNT_PORTS_MAX; endpoints have no others. */
void counts_init(struct scan_counts *c, const uint16_t *ports, size_t port_count);
void counts_deinit(struct scan_counts *c);
/** Each row is added once, when it is written. */
/** @param v what domain_verdict_fill() made of `d`; NULL: its policies were not looked at */
void counts_add_domain(struct scan_counts *c, const struct seen_domain *d,
                       const struct domain_verdict *v, enum account_class ending,
                       const char *reason);
/** Lines that ended so, for that reason. */
uint64_t counts_of_reason(const struct scan_counts *c, enum account_class ending,
                          const char *reason);
/** @param v what dane_judge_host() made of `h`; NULL: DANE was not looked at */
void counts_add_host(struct scan_counts *c, const struct seen_host *h,
                     const struct dane_host_verdict *v);
void counts_add_endpoint(struct scan_counts *c, const struct seen_endpoint *e);
void counts_add_service(struct scan_counts *c, const struct seen_service *s);
void counts_add_chain(struct scan_counts *c, enum chain_status status);
void counts_add_certificate(struct scan_counts *c);
void counts_add_findings(struct scan_counts *c, const struct findings *f);
/** @param f what was found of the domain itself */
void counts_add_effect(struct scan_counts *c, enum effect effect, const struct findings *f);
/** Both were made for the same ports. */
void counts_merge(struct scan_counts *into, const struct scan_counts *from);
/** Sum over the classes; equal to `inputs` in a finished scan. */
uint64_t counts_accounted(const struct scan_counts *c);
