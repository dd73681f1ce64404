#pragma once

#include "scanner/analysis/catalogue.h"
#include "scanner/analysis/effect.h"

/**
 * When a finding is a problem of a domain, what it does to the mail, and what has to be mended. Data beside the
 * catalogue; pure.
 */

/** Where to mend it: the word, and what its key is in the tables. */
#define CAUSE_KINDS(X)                                                                        \
    X(CAUSE_SERVER, "server", "a mail server: key in table services")                         \
    X(CAUSE_CERTIFICATE, "certificate", "a certificate: key in table certificates")           \
    X(CAUSE_CHAIN, "chain", "a list of certificates as it is presented: key in table chains") \
    X(CAUSE_POLICY, "policy", "a policy host: key in table policies")                         \
    X(CAUSE_ZONE, "zone", "the DNS of the domain itself")                                     \
    X(CAUSE_HOST, "host", "the DNS of an MX host: key in table hosts")

enum cause_kind {
    CAUSE_KINDS(ENUMERATOR) CAUSE_KIND_COUNT
};

VOCABULARY(cause_kind, enum cause_kind);

/** How the effect of a finding is told. */
enum problem_rule {
    PROBLEM_BY_HARM,    /* by the reasons of predicted deliveries that it explains */
    PROBLEM_UNRESOLVED, /* the mail servers are not known: as it looks from here */
    PROBLEM_POLICY,     /* where it is an error: what the policies of the domain are for is lost */
    PROBLEM_NONE, /* no problem of a domain: about this scan, about the list of domains, or by chance */
};

enum problem_rule problem_rule(enum finding_code code);
/** Reasons that it explains, a bit for each of enum delivery_reason. */
uint64_t problem_reasons(enum finding_code code);
enum cause_kind problem_cause_kind(enum finding_code code);
/** Is a finding of that code and severity a problem at all? */
bool problem_is_one(enum finding_code code, enum severity severity);
/** Severity in the context of a domain: nothing that harms no delivery is an error. */
enum severity problem_severity(enum severity severity, enum effect effect);
