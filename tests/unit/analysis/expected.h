#pragma once

/**
 * What a made-up observation must raise: the whole list, so that a code which must not be raised
 * fails a row as well as one that is missing.
 */

#include "scanner/analysis/findings.h"

#define EXPECTED_MAX 6

struct expected_finding {
    enum finding_code code;
    enum severity severity;
    const char *evidence; /* occurs in it; NULL ends the list */
};

#define RAISES(code_, severity_, evidence_)              \
    {                                                    \
        FINDING_##code_, SEVERITY_##severity_, evidence_ \
    }

/** Fails the test unless `f` holds exactly these, in any order, and all of one scope. */
void expect_findings(const char *name, const struct findings *f, enum finding_scope scope,
                     const struct expected_finding *expected);

/** Adds the codes of a list to `raised` and, if the row is a neighbour, its code to `spared`. */
struct covered {
    bool raised[FINDING_COUNT];
    bool spared[FINDING_COUNT];
};

void cover_domains(struct covered *c);
void cover_hosts(struct covered *c);
void cover_sessions(struct covered *c);
void cover_parity(struct covered *c);
void cover_services(struct covered *c);
void cover_ciphers(struct covered *c);
void cover_wrong_sni(struct covered *c);
void cover_certificates(struct covered *c);
void cover_chains(struct covered *c);
void cover_endpoints(struct covered *c);
void cover_policies(struct covered *c);
void cover_sts(struct covered *c);
void cover_tls_rpt(struct covered *c);
void cover_dane(struct covered *c);
void cover_problems(struct covered *c);
void cover_row(struct covered *c, const struct expected_finding *expected, unsigned spares);

/** `spares` of a row: the code of which it is the near miss. One more, so that 0 is none. */
#define SPARES(code_) (FINDING_##code_ + 1U)
