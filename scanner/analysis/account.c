#include "scanner/analysis/account.h"

#include "scanner/base/check.h"

/* Bogus data is data: it is dialled for the senders that do not validate. */
static bool has_data(uint8_t state)
{
    return state == DNS_DATA || state == DNS_BOGUS;
}

static bool is_open(uint8_t state)
{
    return dns_state_is_temporary((enum dns_state)state) && !has_data(state);
}

enum dns_state mx_unknown_state(const struct seen_mx *mx)
{
    enum dns_state a = is_open(mx->a_state) ? (enum dns_state)mx->a_state : DNS_NOT_ASKED;
    enum dns_state aaaa = is_open(mx->aaaa_state) ? (enum dns_state)mx->aaaa_state : DNS_NOT_ASKED;
    return a == DNS_NOT_ASKED || dns_state_is_ours(aaaa) ? aaaa : a;
}

static bool has_address(const struct seen_mx *mx)
{
    return has_data(mx->a_state) || has_data(mx->aaaa_state) ||
           mx->name_kind == MX_NAME_ADDRESS_LITERAL;
}

bool mx_may_have_address(const struct seen_mx *mx)
{
    return has_address(mx) || mx_unknown_state(mx) != DNS_NOT_ASKED;
}

struct mx_facts mx_facts_of(const struct seen_domain *d)
{
    struct mx_facts facts = {.unknown_state = DNS_NOT_ASKED};
    for (size_t i = 0; i < d->mx_count; i++) {
        const struct seen_mx *mx = &d->mx[i];
        enum dns_state unknown = mx_unknown_state(mx);
        if (unknown != DNS_NOT_ASKED) {
            facts.hosts_unknown++;
            if (facts.unknown_state == DNS_NOT_ASKED || dns_state_is_ours(unknown)) {
                facts.unknown_state = unknown;
            }
        }
        facts.hosts_with_address += has_address(mx);
        facts.hosts_blocklisted += mx->blocklisted;
        facts.endpoints += mx->endpoint_count;
        for (size_t k = 0; k < mx->endpoint_count; k++) {
            enum session_outcome outcome = (enum session_outcome)mx->endpoints[k].outcome;
            facts.tried += outcome != OUTCOME_NOT_TESTED && outcome != OUTCOME_LOCAL_FAULT;
            facts.conclusive += outcome_info(outcome)->conclusive;
            facts.inferred += mx->endpoints[k].basis == BASIS_INFERRED;
        }
    }
    return facts;
}

/* The first endpoint, best preference first, that was left out for a reason. */
static enum not_tested_reason first_reason(const struct seen_domain *d)
{
    for (size_t i = 0; i < d->mx_count; i++) {
        for (size_t k = 0; k < d->mx[i].endpoint_count; k++) {
            const struct endpoint_brief *e = &d->mx[i].endpoints[k];
            if (e->outcome == OUTCOME_NOT_TESTED && e->not_tested != NOT_TESTED_NONE) {
                return (enum not_tested_reason)e->not_tested;
            }
            if (e->outcome == OUTCOME_LOCAL_FAULT) {
                return NOT_TESTED_LOCAL_FAULT;
            }
        }
    }
    return NOT_TESTED_NONE;
}

static const char *first_outcome_word(const struct seen_domain *d)
{
    for (size_t i = 0; i < d->mx_count; i++) {
        for (size_t k = 0; k < d->mx[i].endpoint_count; k++) {
            enum session_outcome outcome = (enum session_outcome)d->mx[i].endpoints[k].outcome;
            if (outcome != OUTCOME_NOT_TESTED && outcome != OUTCOME_LOCAL_FAULT) {
                return outcome_info(outcome)->word;
            }
        }
    }
    return "";
}

/* By a fault of ours, or between us and the resolver, nobody's DNS has failed. */
static enum account_class dns_failed_class(enum dns_state state, const char **reason)
{
    if (dns_state_is_ours(state)) {
        *reason = not_tested_word(NOT_TESTED_LOCAL_FAULT);
        return ACCOUNT_NOT_TESTED;
    }
    *reason = dns_state_word(state);
    return ACCOUNT_DNS_FAILED;
}

/* None of the endpoints was tried, or there are none: why? */
static enum account_class untried_class(const struct seen_domain *d, const struct mx_facts *facts,
                                        const char **reason)
{
    enum not_tested_reason left_out = first_reason(d);
    if (left_out != NOT_TESTED_NONE) {
        *reason = not_tested_word(left_out);
        return ACCOUNT_NOT_TESTED;
    }
    if (facts->hosts_with_address == 0 && facts->hosts_unknown > 0) {
        return dns_failed_class(facts->unknown_state, reason);
    }
    if (d->mx_kind == MX_KIND_IMPLICIT) {
        *reason = "implicit_not_dialled";
        return ACCOUNT_NO_MAIL;
    }
    if (facts->hosts_blocklisted > 0) {
        *reason = not_tested_word(NOT_TESTED_BLOCKLISTED);
        return ACCOUNT_NOT_TESTED;
    }
    if (facts->hosts_with_address > 0) {
        *reason = not_tested_word(NOT_TESTED_TRUNCATED);
        return ACCOUNT_NOT_TESTED;
    }
    *reason = "mx_unusable";
    return ACCOUNT_NO_MAIL;
}

static enum account_class dialled_class(const struct seen_domain *d, const char **reason)
{
    struct mx_facts facts = mx_facts_of(d);
    if (facts.tried == 0) {
        return untried_class(d, &facts, reason);
    }
    if (facts.conclusive == 0) {
        *reason = first_outcome_word(d);
        return ACCOUNT_INCONCLUSIVE;
    }
    bool cut = d->endpoints_truncated || d->mx_total > d->mx_count || facts.hosts_blocklisted > 0;
    if (facts.conclusive < facts.endpoints || facts.hosts_unknown > 0 || cut) {
        return ACCOUNT_PARTLY_TESTED;
    }
    return ACCOUNT_TESTED;
}

enum account_class account_class_of(const struct seen_domain *d, const char **reason)
{
    *reason = "";
    if (d->invalid != NULL) {
        *reason = d->invalid;
        return ACCOUNT_INVALID;
    }
    if (d->duplicate_of != 0) {
        return ACCOUNT_DUPLICATE;
    }
    if (d->blocklisted) {
        return ACCOUNT_BLOCKLISTED;
    }
    switch (d->mx_kind) {
    case MX_KIND_NOT_ASKED:
        *reason = not_tested_word(NOT_TESTED_INTERRUPTED);
        return ACCOUNT_NOT_TESTED;
    case MX_KIND_UNKNOWN:
        if (d->mx_dns.state != DNS_NODATA) {
            return dns_failed_class((enum dns_state)d->mx_dns.state, reason);
        }
        *reason = "address_unknown";
        return ACCOUNT_DNS_FAILED;
    case MX_KIND_NXDOMAIN:
    case MX_KIND_NULL_MX:
    case MX_KIND_NONE:
        *reason = mx_kind_word(d->mx_kind);
        return ACCOUNT_NO_MAIL;
    case MX_KIND_IMPLICIT:
    case MX_KIND_EXPLICIT:
        return dialled_class(d, reason);
    }
    UNREACHABLE("unknown mx_kind");
}

enum basis account_basis_of(const struct seen_domain *d)
{
    struct mx_facts facts = mx_facts_of(d);
    if (facts.inferred > 0) {
        return BASIS_INFERRED;
    }
    return facts.tried > 0 ? BASIS_OBSERVED : BASIS_NONE;
}
