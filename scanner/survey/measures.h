#pragma once

#include "scanner/observation/verdict.h"
#include "scanner/survey/share.h"

/**
 * What is known of a domain that has MX hosts, as yes, no or not known: the adoption of a list, of a top-level
 * domain, an operator, a customer. X(NAME, "name in files", "title", "numerator, in words").
 *
 * All, some: of the endpoints at the MX hosts of the domain; unknown as long as an endpoint that was not tested
 * could change it (analysis/rollup.h).
 */
#define MEASURES(X)                                                                               \
    X(MEASURE_REACHABLE_SOME, "reachable_some", "a server reachable",                             \
      "a TCP connection to at least one address of an MX host was established")                   \
    X(MEASURE_STARTTLS_ALL, "starttls_all", "STARTTLS everywhere",                                \
      "every address of every MX host lists STARTTLS")                                            \
    X(MEASURE_STARTTLS_SOME, "starttls_some", "STARTTLS somewhere",                               \
      "at least one address of an MX host lists STARTTLS")                                        \
    X(MEASURE_TLS_ALL, "tls_all", "TLS everywhere",                                               \
      "the TLS handshake completes at every address")                                             \
    X(MEASURE_TLS1_2_ALL, "tls_1_2_negotiated_all", "TLS 1.2 or 1.3 negotiated everywhere",       \
      "TLS 1.2 or 1.3 is negotiated at every address")                                            \
    X(MEASURE_TLS1_3_ALL, "tls_1_3_negotiated_all", "TLS 1.3 negotiated everywhere",              \
      "TLS 1.3 is negotiated at every address")                                                   \
    X(MEASURE_TRUSTED_ALL, "chain_trusted_all", "chain trusted everywhere",                       \
      "every address presents a chain that the first trust store trusts as served")               \
    X(MEASURE_NAME_ALL, "name_matches_all", "name matches everywhere",                            \
      "every address presents a certificate with the name of its MX host")                        \
    X(MEASURE_ACCEPTABLE_ALL, "certificate_passes_all", "certificate passes everywhere",          \
      "chain trusted and name of the MX host in the certificate, at every address")               \
    X(MEASURE_ACCEPTABLE_SOME, "certificate_passes_some", "certificate passes somewhere",         \
      "the same at at least one address")                                                         \
    X(MEASURE_SNI_NEEDED, "sni_needed", "SNI needed",                                             \
      "at some address the certificate passes, or the handshake completes, with SNI only")        \
    X(MEASURE_IPV6, "ipv6", "IPv6", "at least one MX host has an AAAA record")                    \
    X(MEASURE_DNSSEC, "mx_dnssec", "MX records signed", "the MX records are secure by DNSSEC")    \
    X(MEASURE_TLSA, "tlsa", "TLSA records",                                                       \
      "at least one MX host has TLSA records, secure or not")                                     \
    X(MEASURE_DANE_SOME, "dane_some", "DANE somewhere",                                           \
      "at least one MX host has secure and usable TLSA records")                                  \
    X(MEASURE_DANE_FULL, "dane_full", "DANE everywhere",                                          \
      "every MX host has secure and usable TLSA records, and none is known to fail")              \
    X(MEASURE_STS_RECORD, "mta_sts_record", "MTA-STS record", "one valid TXT record at _mta-sts") \
    X(MEASURE_STS_IN_USE, "mta_sts_in_use", "MTA-STS in use",                                     \
      "a valid policy of mode testing or enforce from a policy host whose certificate passes")    \
    X(MEASURE_STS_ENFORCE, "mta_sts_enforce", "MTA-STS enforce", "the same, of mode enforce")     \
    X(MEASURE_TLS_RPT, "tls_rpt", "TLS-RPT record", "one valid TXT record at _smtp._tls")

enum measure {
#define X(name, ...) name,
    MEASURES(X)
#undef X
    MEASURE_COUNT
};

struct measure_info {
    const char *name;
    const char *title;
    const char *meaning;
};

const struct measure_info *measure_info(enum measure m);

/* A row of counters: how many domains, then yes and not known of each measure. */
#define MEASURES_TOTAL 0
#define MEASURES_WIDTH (1 + 2 * MEASURE_COUNT)

/** Adds one domain. @param values MEASURE_COUNT of them */
void measures_add(uint32_t *counters, const enum truth *values);
struct share measures_share(const uint32_t *counters, enum measure m);
