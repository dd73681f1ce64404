#pragma once

#include "scanner/analysis/domain_verdict.h"
#include "scanner/analysis/parity.h"
#include "scanner/base/map.h"
#include "scanner/base/vocabulary.h"
#include "scanner/dane/dane.h"

/**
 * What policies, DANE and deliveries of a scan add up to: the tables that papers print (IMC 2025, DANE 2020 and
 * 2022) as sums. Sums only, so the order of the rows does not matter.
 *
 * Denominators stand beside each other: `with_mx` are the domains that have exchanges and so can have
 * any of it.
 */

/** Who runs it, from names alone: of the domain's own registrable domain or not. */
#define MANAGERS(X)               \
    X(MANAGER_UNKNOWN, "unknown") \
    X(MANAGER_SELF, "self")       \
    X(MANAGER_OTHER, "third_party")

enum manager {
    MANAGERS(ENUMERATOR) MANAGER_COUNT
};

VOCABULARY(manager, enum manager);

/** DANE 2022: who runs mail and who runs DNS. */
#define DANE_MANAGERS(X)                                                           \
    X(DANE_MANAGER_UNKNOWN, "unknown")                                             \
    X(DANE_MANAGER_MAIL_OUTSOURCED, "mail_outsourced")                             \
    X(DANE_MANAGER_DNS_OUTSOURCED, "dns_outsourced") /* mail under its own name */ \
    X(DANE_MANAGER_SELF, "self")

enum dane_manager {
    DANE_MANAGERS(ENUMERATOR) DANE_MANAGER_COUNT
};

VOCABULARY(dane_manager, enum dane_manager);

#define COUNT_TLD_MAX 64 /* octets of a label with NUL */

struct tld_counts {
    char tld[COUNT_TLD_MAX];
    uint64_t with_mx;
    uint64_t sts_record; /* a record in the lenient reading */
    uint64_t sts_in_use; /* testing or enforce */
    uint64_t tls_rpt;    /* valid */
    uint64_t tlsa;       /* some exchange has TLSA records */
    uint64_t dane;       /* some exchange has usable records in force */
};

struct profile_counts {
    uint64_t best[DELIVERY_COUNT];
    uint64_t worst[DELIVERY_COUNT];
    uint64_t reason[DELIVERY_REASON_COUNT]; /* of `worst` */
    uint64_t
        best_inferred[DELIVERY_COUNT]; /* of `best`: of domains that rest on inferred results */
    uint64_t worst_inferred[DELIVERY_COUNT];
};

struct policy_counts {
    uint64_t with_mx;
    /* by top-level domain: as many as there are with mail; malloc'ed */
    struct tld_counts *tld;
    size_t tld_count;
    struct map tld_index;
    /* MTA-STS, domains */
    uint64_t sts_state[STS_STATE_COUNT][MANAGER_COUNT]; /* manager of the policy host */
    uint64_t sts_passes[STS_STATE_COUNT][ROLLUP_COUNT]; /* exchanges */
    uint64_t sts_mismatch[STS_STATE_COUNT]
                         [STS_MISMATCH_DOMAIN + 1];    /* the worst of its exchanges */
    uint64_t fetch[POLICY_FETCH_COUNT][MANAGER_COUNT]; /* policy hosts */
    uint64_t fetch_chain[CHAIN_STATUS_COUNT];          /* of these, where a list was presented */
    uint64_t fetch_name[NAME_MATCH_COUNT];
    uint64_t policy_fault[STS_POLICY_FAULT_COUNT]; /* policies with it */
    uint64_t policy_strict;
    uint64_t policy_lenient;
    uint64_t policies;
    uint64_t ready[READINESS_NOT_APPLICABLE + 1];
    uint64_t ready_item[READINESS_COUNT][READINESS_NOT_APPLICABLE + 1];
    /* TLS-RPT, domains */
    uint64_t rpt_valid;
    uint64_t rpt_lenient;
    uint64_t rpt_of_sts; /* valid, among those with a record of MTA-STS */
    uint64_t sts_records;
    /* DANE */
    uint64_t dane_domain[DANE_DOMAIN_COUNT][DANE_MANAGER_COUNT];
    uint64_t dane_strict[DANE_DOMAIN_COUNT]; /* of these, with secure MX records */
    uint64_t mx_dnssec[DNSSEC_STATE_COUNT];
    uint64_t dane_host[DANE_HOST_COUNT];       /* hosts */
    uint64_t dane_endpoint[DANE_STATUS_COUNT]; /* endpoints of hosts with records in force */
    /* SNI and address families: endpoints and hosts */
    uint64_t sni[SNI_UNSTABLE + 1][SNI_ACCEPTABLE_NEITHER + 1];
    uint64_t families[PARITY_FACT_COUNT][PARITY_DIFFERS + 1];
    /* sender profiles, domains */
    struct profile_counts profile[SENDER_PROFILES_MAX];
    size_t profile_count;
};

void policy_counts_deinit(struct policy_counts *c);
/** A domain that was asked about. */
void policy_counts_add_domain(struct policy_counts *c, const struct seen_domain *d,
                              const struct domain_verdict *v);
void policy_counts_add_host(struct policy_counts *c, const struct seen_host *h,
                            const struct dane_host_verdict *v);
void policy_counts_merge(struct policy_counts *into, const struct policy_counts *from);
