#pragma once

#include "scanner/analysis/domain_verdict.h"
#include "scanner/analysis/rollup.h"

/** What is counted for each mail operator, and what comes of it in summary.json. Sums only. */

/** In the order of summary.json. */
#define OPERATOR_PROPERTIES(X)  \
    X(PROPERTY_STARTTLS)        \
    X(PROPERTY_TLS1_0)          \
    X(PROPERTY_TLS1_1)          \
    X(PROPERTY_TLS1_2)          \
    X(PROPERTY_TLS1_3)          \
    X(PROPERTY_TLS1_2_OR_NEWER) \
    X(PROPERTY_CHAIN_TRUSTED)   \
    X(PROPERTY_ACCEPTABLE)

#define COUNT_ONE(p) +1
enum {
    OPERATOR_PROPERTY_COUNT = 0 OPERATOR_PROPERTIES(COUNT_ONE)
};
#undef COUNT_ONE

extern const enum property operator_properties[OPERATOR_PROPERTY_COUNT];

/** Numbers alone: added up and kept as octets. A domain has a property if all endpoints of the hosts that its operator
 * was looked for at have it (roll_up_primary()). */
struct operator_counts {
    uint64_t domains;
    uint64_t hosts;
    uint64_t services; /* that a certificate or banner of their own names */
    uint64_t endpoints;
    uint64_t endpoints_inferred; /* of these, by a certificate group */
    struct tally domain[OPERATOR_PROPERTY_COUNT];
    struct tally mta_sts; /* of domains: a policy of mode testing or enforce is in force */
    struct tally endpoint[OPERATOR_PROPERTY_COUNT];
};

void operator_counts_add(struct operator_counts *into, const struct operator_counts *from);
void operator_counts_add_domain(struct operator_counts *c, const struct seen_domain *d,
                                const struct domain_verdict *v);
void operator_counts_add_endpoint(struct operator_counts *c, const struct endpoint_brief *e);

/** Mail may go there: its operator is of interest. */
bool domain_has_operator(const struct seen_domain *d);
/** Who operates a service, by what it shows without the name of a host. */
struct operator_verdict operator_of_service(const struct seen_service *s,
                                            const struct operator_list *operators);

#define OPERATOR_LINES_MAX 1000

struct operator_line {
    char name[256];
    struct operator_counts counts;
};

struct operator_summary {
    uint64_t distinct; /* operators */
    /* The first ones by domains, then endpoints, then name. */
    struct operator_line *lines; /* OPERATOR_LINES_MAX */
    size_t count;
    struct operator_counts other;   /* all operators that have no line */
    struct operator_counts several; /* domains and hosts with more than one operator */
    struct operator_counts unknown; /* nothing says who operates them */
    bool whole;                     /* false: a temporary file failed */
};
