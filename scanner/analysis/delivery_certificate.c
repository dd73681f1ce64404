#include "scanner/analysis/delivery_certificate.h"

#include <string.h>

#include "scanner/analysis/leaf_domains.h"
#include "scanner/analysis/name_rules.h"
#include "scanner/base/check.h"

/* --- the certificate ----------------------------------------------------------------------- */

static enum fit fit_of(bool fits)
{
    return fits ? FIT_YES : FIT_NO;
}

enum fit delivery_name_rule_fits(const struct delivery_place *at, const struct delivery_met *m,
                                 enum fit otherwise)
{
    unsigned refused = m->facts.name_refused_by;
    if (refused == 0) {
        return otherwise;
    }
    if ((refused & NAME_RULES_ALL) == NAME_RULES_ALL) {
        return FIT_NO;
    }
    delivery_rests_on_stack(at, STACK_FIELD_NAME_RULE);
    uint32_t rule = at->profile->stack->name_rule;
    return rule == 0 ? FIT_UNKNOWN : (refused & rule) != 0 ? FIT_NO : FIT_YES;
}

/* A wildcard for the names beside the domain is kept as the name above them. */
static bool leaf_may_have(const struct delivery_met *m, struct span domain)
{
    const uint8_t *dot = memchr(domain.at, '.', domain.len);
    struct span parent =
        dot != NULL ? span_drop(domain, (size_t)(dot - domain.at) + 1) : (struct span){0};
    return leaf_domains_may_have(m->leaf_domains, domain) ||
           leaf_domains_may_have(m->leaf_domains, parent);
}

/* Is the domain itself, or (below) a name below it, in the leaf? */
static enum fit leaf_has_domain(const struct delivery_place *at, const struct delivery_met *m,
                                bool with_sni)
{
    unsigned labels = name_labels_above(at->domain->domain, at->mx->host);
    if (!leaf_may_have(m, at->domain->domain)) {
        return FIT_NO;
    }
    bool covers = with_sni && labels >= 1 && labels <= COVERS_PARENTS_MAX &&
                  (at->e->covers_parents >> (labels - 1) & 1) != 0;
    return covers ? FIT_YES : FIT_UNKNOWN;
}

/* A leaf without any dNSName is for its common name. */
static enum fit common_name_fits(const struct delivery_met *m, bool host_is_domains)
{
    if (m->name == NAME_MATCH_CN_ONLY) {
        return host_is_domains ? FIT_YES : FIT_NO;
    }
    return m->name == NAME_MATCH_NONE || m->name == NAME_MATCH_NO_NAMES ? FIT_NO : FIT_UNKNOWN;
}

/* The domain or a name below it: Postfix's "nexthop, dot-nexthop". */
static enum fit next_hop_fits(const struct delivery_place *at, const struct delivery_met *m,
                              bool with_sni)
{
    struct span domain = at->domain->domain;
    bool host_is_domains =
        name_labels_above(domain, at->mx->host) > 0 || span_eq(at->mx->host, domain);
    if (name_match_is_match(m->name) && host_is_domains) {
        return delivery_name_rule_fits(at, m, FIT_YES);
    }
    return m->leaf_domains == 0 ? common_name_fits(m, host_is_domains)
                                : leaf_has_domain(at, m, with_sni);
}

/* A dNSName is the host, or (with the library's rule) the common name of a leaf without one. */
enum fit delivery_host_fits(const struct delivery_place *at, const struct delivery_met *m, bool cn)
{
    bool match = name_match_is_match(m->name) || (cn && m->name == NAME_MATCH_CN_ONLY);
    return match || (m->facts.name_refused_by != 0 && m->name != NAME_MATCH_CN_ONLY)
               ? delivery_name_rule_fits(at, m, fit_of(match))
               : FIT_NO;
}

enum fit delivery_name_fits(const struct delivery_place *at, const struct delivery_met *m)
{
    switch (at->profile->names) {
    case PROFILE_NAMES_HOST:
        return delivery_host_fits(at, m, false);
    case PROFILE_NAMES_HOST_OR_CN:
        return delivery_host_fits(at, m, true);
    case PROFILE_NAMES_NEXT_HOP:
        return next_hop_fits(at, m, at->profile->sni);
    }
    UNREACHABLE("unknown profile_names");
}

/* --- the path to an anchor ----------------------------------------------------------------- */

/* With the first trust store. Where all builders agree, it rests on none. */
enum fit delivery_path_fits(const struct delivery_place *at, const struct delivery_met *m)
{
    const struct chain_brief *c = &m->chain;
    bool any = c->status == CHAIN_TRUSTED;
    bool level_1 = (c->openssl_level_1 & 1U) != 0;
    bool level_2 = (c->openssl_level_2 & 1U) != 0;
    if (any == level_1 && any == level_2) {
        return fit_of(any);
    }
    delivery_rests_on_stack(at, STACK_FIELD_PATHS);
    switch (at->profile->stack->paths) {
    case STACK_PATHS_ANY: /* what OpenSSL takes and we do not, such as a small key, others may take */
        return any ? FIT_YES : FIT_UNKNOWN;
    case STACK_PATHS_OPENSSL_1:
        return fit_of(level_1);
    case STACK_PATHS_OPENSSL_2:
        return fit_of(level_2);
    case STACK_PATHS_UNKNOWN:
        break;
    }
    return FIT_UNKNOWN;
}

enum delivery_reason delivery_reason_of_path(const struct delivery_met *m)
{
    return m->chain.status == CHAIN_TRUSTED ? DELIVERY_REASON_CERTIFICATE_PATH
                                            : DELIVERY_REASON_CERTIFICATE;
}
