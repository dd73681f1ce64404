#pragma once

#include "scanner/survey/survey.h"

/** What the parts of the survey share. */

#define REASON_SEPARATOR "\x1f" /* between profile and reason in a name of `profile_reason` */

/** A brief as far as properties need it. @param brief of a row of hosts or domains */
void survey_read_brief(const struct facts *brief, struct endpoint_brief *e);
bool survey_port_counts(const struct survey *s, uint16_t port);
/** The next unit, for stamps: never the same twice. */
uint32_t survey_next_unit(struct survey *s);
/** Counts a domain, or what the unit is, once. @return false: it has been */
static inline bool survey_count_once(uint32_t *domains, uint32_t *stamp, uint32_t unit)
{
    bool first = *stamp != unit;
    *stamp = unit;
    *domains += first;
    return first;
}
/** A domain with MX records leads to a service, and by it to a leaf without SNI; or to a leaf with SNI. */
void survey_count_service_domain(struct survey *s, struct span key, uint32_t unit);
void survey_count_leaf_domain(struct survey *s, uint32_t *leaf, uint32_t unit);
/** Behind the services, whose leaves they count. */
void survey_end_leaves(struct survey *s);

/** Counts one of which `truth` is known, or not. */
void share_add(struct share *share, enum truth truth);

/** What the endpoints of a domain or host show one by one. A roll-up of the rows is "unknown" as soon as one endpoint
 * is not known, whatever the others are: these say what they are. */
struct evidence {
    bool yes[PROPERTY_COUNT];
    bool no[PROPERTY_COUNT];
};
void evidence_add(struct evidence *seen, const struct endpoint_brief *e);
/** Everywhere: no as soon as one lacks it. Somewhere: yes as soon as one has it. Unknown only if one that was not tested
 * could change that. @param rollup may be null @param column of ROLLUP_FACTS */
enum truth evidence_all(const struct evidence *seen, const struct facts *rollup, unsigned column);
enum truth evidence_some(const struct evidence *seen, const struct facts *rollup, unsigned column);

/** A host or domain whose words are counted, each once. */
struct spread_unit {
    uint32_t stamp;
    enum weighting weighting;
    bool known[SPREAD_COUNT];
    bool open[SPREAD_COUNT];
    bool any;
};
void spreads_add(struct survey *s, struct spread_unit *unit, const struct facts *brief,
                 const struct endpoint_brief *e);
/** An endpoint for itself. */
void spreads_add_endpoint(struct survey *s, const struct facts *brief,
                          const struct endpoint_brief *e);
/** @param rollup of the unit: are all its endpoints there? */
void spreads_end_unit(struct survey *s, const struct spread_unit *unit, const struct facts *rollup);
/** Is `name` the domain or below it? */
bool survey_is_under(struct span name, struct span domain);
/** Is there an answer, with records or without? */
bool survey_dns_answered(const struct facts *row, unsigned column);
/** The registrable domain of a name; the name itself if it has none or no list is there. */
struct span survey_registrable(const struct survey *s, struct span name);
/** Which property a member of a roll-up is. */
enum property survey_rollup_property(unsigned column);
const uint32_t *survey_thing(const struct groups *things, const struct facts *row, unsigned key);
/** What a domain with MX records says of MTA-STS, TLS-RPT and DANE. */
void survey_add_policies_of_domain(struct survey *s, const struct facts *row);
/** The TLSA records and DANE of a host to which `domains` lead. */
void survey_add_dane_of_host(struct survey *s, const struct facts *row, uint32_t domains);
