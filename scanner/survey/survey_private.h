#pragma once

#include "scanner/survey/survey.h"

/** What the parts of the survey share. */

#define REASON_SEPARATOR "\x1f" /* between profile and reason in a name of `profile_reason` */

/** A brief as far as properties need it. @param brief of a row of hosts or domains */
void survey_read_brief(const struct facts *brief, struct endpoint_brief *e);
bool survey_port_counts(const struct survey *s, uint16_t port);
/** The next unit, for stamps: never the same twice. */
uint32_t survey_next_unit(struct survey *s);
/** Adds a word that an endpoint of `unit` has, or NULL: it has none; each word once a unit. */
void spread_add(struct spread *s, enum weighting w, const char *word, uint32_t unit);
/** Endpoints: each counts. */
void spread_add_endpoint(struct spread *s, const char *word);
/** Once a unit: did any of its endpoints have a word? */
void spread_end_unit(struct spread *s, enum weighting w, bool known);
/** Is `name` the domain or below it? */
bool survey_is_under(struct span name, struct span domain);
/** Is there an answer, with records or without? */
bool survey_dns_answered(const struct facts *row, unsigned column);
/** Adds the values of a roll-up object, which may be null. */
void survey_add_rollup(uint64_t counts[PROPERTY_COUNT][ROLLUP_COUNT], const struct facts *rollup);
/** Which property a member of a roll-up is. */
enum property survey_rollup_property(unsigned column);
const uint32_t *survey_thing(const struct groups *things, const struct facts *row, unsigned key);
/** What a domain with MX records says of MTA-STS, TLS-RPT and DANE. */
void survey_add_policies_of_domain(struct survey *s, const struct facts *row);
/** The TLSA records and DANE of a host to which `domains` lead. */
void survey_add_dane_of_host(struct survey *s, const struct facts *row, uint32_t domains);
