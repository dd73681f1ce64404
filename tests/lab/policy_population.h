#pragma once

/**
 * MTA-STS, TLS-RPT and policy hosts of the random world. As everything there, each fact is computed
 * alone from (world, index); shares and faults are parameters.
 */

#include "tests/lab/policy_host.h"
#include "tests/lab/population.h"

#define RECORD_TEXT_MAX 512 /* octets of a TXT record with NUL */

/** The record at _mta-sts.<domain>. @return false: it has none. */
bool population_sts_text(const struct world *w, const struct domain_facts *d,
                         char out[RECORD_TEXT_MAX]);
/** Record `n` at _smtp._tls.<domain>. @return false: there are no more. */
bool population_rpt_text(const struct world *w, const struct domain_facts *d, unsigned n,
                         char out[RECORD_TEXT_MAX]);
/** A wildcard TXT record that answers where nothing else does. */
bool population_wildcard_text(const struct world *w, const struct domain_facts *d);
/** mta-sts.<domain>. @return false: there is none. */
bool population_policy(const struct world *w, const struct domain_facts *d,
                       struct policy_host *out);
/** The names in a provider's zone: of a customer's policy host and, with `txt`, of its record. */
void population_policy_alias(const struct world *w, const struct policy_host *h, uint64_t index,
                             bool txt, char out[LAB_NAME_MAX]);
/** The customer that a name in front of a provider's zone stands for. @return false: none. */
bool population_policy_customer(const struct world *w, const struct found_name *name,
                                struct domain_facts *d, struct policy_host *h, bool *txt);
/** Does an HTTPS server live there? */
bool population_policy_server(const struct world *w, const struct address_place *place);
