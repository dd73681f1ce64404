#pragma once

#include "scanner/compare/comparison.h"
#include "scanner/index/scratch_database.h"

/**
 * What is compared of both scans, in the temporary database: by kind of thing, key and scan. Things of one scan are put before others
 * that need them: certificates, completions, chains, services, endpoints, hosts; policies, domains.
 */

enum kept_kind {
    KEPT_CERTIFICATE,
    KEPT_COMPLETION,
    KEPT_CHAIN,
    KEPT_SERVICE,
    KEPT_ENDPOINT,
    KEPT_HOST,
    KEPT_POLICY,
    KEPT_DOMAIN,
};

struct kept_facts {
    struct scratch_database *database; /* borrowed */
    struct scratch_statement *put;
    struct scratch_statement *find;
    struct scratch_statement *put_gap;
    unsigned scan; /* that is put and found: 0 is the old one, 1 the new one */
};

void kept_facts_init(struct kept_facts *k, struct scratch_database *d);
/** The first of a key counts. @param observed of the octets are observed, the others judged */
void kept_facts_put(struct kept_facts *k, enum kept_kind kind, struct span key, struct span octets,
                    size_t observed);
/** @return false: there is none. `octets` lie in `a`. */
bool kept_facts_find(struct kept_facts *k, enum kept_kind kind, struct span key, struct arena *a,
                     struct span *octets, size_t *observed);

/** How many things of each kind are in both scans, and have a gap in one of them. */
void kept_facts_count_gaps(struct kept_facts *k, uint64_t counts[GAP_KIND_COUNT]);

/** Reads the row of one thing of a table and keeps it. */
struct kept_reading {
    struct kept_facts *kept; /* borrowed */
    struct arena arena;      /* of what other rows add */
    struct buf octets;
    const uint16_t *ports; /* borrowed: those of both scans */
    size_t port_count;
};

struct facts;
void keep_certificate(struct kept_reading *r, const struct facts *row);
void keep_completion(struct kept_reading *r, const struct facts *row);
void keep_chain(struct kept_reading *r, const struct facts *row);
void keep_service(struct kept_reading *r, const struct facts *row);
void keep_endpoint(struct kept_reading *r, const struct facts *row);
void keep_host(struct kept_reading *r, const struct facts *row);
void keep_policy(struct kept_reading *r, const struct facts *row);
void keep_domain(struct kept_reading *r, const struct facts *row);
