#pragma once

#include "scanner/analysis/problem_rules.h"
#include "scanner/analysis/sender_profile.h"
#include "scanner/report/report.h"

/** Rows of problems and causes, which the end of a scan knows. */

#define PROBLEM_PLACES_SHOWN 8 /* of a problem, in its row; the others are counted */

struct problem_place {
    struct span host;
    struct net_addr address; /* family 0: the host itself */
    uint16_t port;
};

struct problem_places {
    struct problem_place at[PROBLEM_PLACES_SHOWN];
    size_t count;
};

struct problem_facts {
    uint64_t line;
    struct span domain;
    enum finding_code code;
    enum effect effect;
    enum severity severity;
    uint32_t place_count;
    uint32_t tested_count;
    uint32_t inferred_count;
    const struct problem_places *places;
    uint64_t senders;                       /* bit n: profile n */
    const struct sender_profiles *profiles; /* NULL: none */
    struct span evidence;
    struct span cause;
    struct span causes; /* of all places, a NUL behind each */
};

void report_problem(struct row_sink *sink, const struct problem_facts *p);

struct cause_facts {
    struct span cause;
    enum finding_code code;
    enum cause_kind kind;
    struct span thing;
    struct span name;
    enum effect effect;
    enum severity severity;
    uint64_t domain_count;
    uint64_t host_count;
    uint64_t place_count;
    struct span mx_operator;
    struct span example_domain;
    struct span evidence;
};

void report_cause(struct row_sink *sink, const struct cause_facts *c);
