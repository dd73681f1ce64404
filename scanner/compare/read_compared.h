#pragma once

#include "scanner/compare/compared.h"
#include "scanner/rows/row_facts.h"

/** Rows into what is compared. Everything borrows from the row and its arena; the first thing that does not fit is told by
 * the row's reading. */

/* What a scan writes stays far below: a list of an enemy would be compared for hours. Our own bound. */
#define COMPARED_LIST_MAX 1024

/** The length of a list of a row; a longer one is told, and none. */
size_t compared_list_len(const struct facts *f, unsigned column);

/** Findings of a row, severity info left out. @param place and @param key of those that are not about another place (a name or
 * TLSA records of an endpoint are the host's) */
struct compared_finding *read_compared_findings(const struct facts *row, unsigned column,
                                                enum change_place place, struct span key,
                                                struct span host, size_t *count);

/** What an endpoint row adds to the brief facts in the row of its host. */
struct endpoint_addition {
    struct span chain;
    bool unstable;
    struct compared_finding *findings;
    size_t finding_count;
};

void read_endpoint_addition(const struct facts *row, struct endpoint_addition *out);

/** What a service row adds. */
struct service_addition {
    bool ptr_known;
    struct compared_texts ptr;
    uint8_t versions_known;
    uint8_t versions_accepted;
    struct compared_finding *findings;
    size_t finding_count;
};

void read_service_addition(const struct facts *row, struct service_addition *out);

/** With the endpoints at these ports, but without what other rows add. */
void read_compared_host(const struct facts *row, const uint16_t *ports, size_t port_count,
                        struct compared_host *out);
/** Without what the row of its policy adds. @return false: the row of a line that is no domain, or repeats one */
bool read_compared_domain(const struct facts *row, struct compared_domain *out);

/** What a row of policies adds to its domain. */
struct policy_addition {
    enum policy_fetch fetch;
    struct span policy;
    struct compared_finding *findings;
    size_t finding_count;
};

void read_policy_addition(const struct facts *row, struct policy_addition *out);
