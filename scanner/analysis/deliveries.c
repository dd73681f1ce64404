#include "scanner/analysis/deliveries.h"

#include "scanner/analysis/delivery_exchange.h"
#include "scanner/analysis/delivery_harm.h"
#include "scanner/analysis/delivery_nowhere.h"
#include "scanner/analysis/delivery_path.h"
#include "scanner/base/check.h"

/* --- all profiles -------------------------------------------------------------------------- */

static struct sender_delivery without_walk(enum delivery d, enum delivery_reason reason)
{
    return (struct sender_delivery){
        .best = d, .worst = d, .mx = -1, .endpoint = -1, .reason = reason};
}

/* RFC 5321 section 5.1: exchanges of which none is usable are an error, and nothing to try again. */
static bool has_usable_exchange(const struct delivery_place *at)
{
    const struct seen_domain *d = at->domain;
    for (size_t i = 0; i < d->mx_count; i++) {
        if (delivery_exchange_for(at, &d->mx[i]) != PROFILE_EXCHANGE_SKIPPED &&
            !delivery_has_no_address(&d->mx[i])) {
            return true;
        }
    }
    return false;
}

static bool is_decided_by_bogus_mx(const struct delivery_place *at, struct sender_delivery *out)
{
    switch (delivery_answers_for(at, at->domain->mx_dns.state == DNS_BOGUS)) {
    case PROFILE_EXCHANGE_TAKEN:
        return false;
    case PROFILE_EXCHANGE_SKIPPED:
        *out = without_walk(DELIVERY_DEFERRED, DELIVERY_REASON_DNS_FAILED);
        return true;
    case PROFILE_EXCHANGE_UNKNOWN:
        break;
    }
    *out = without_walk(DELIVERY_UNKNOWN, DELIVERY_REASON_DNS_FAILED);
    return true;
}

/* RFC 7505 section 3: a null MX must be alone. @return false: it counts for nothing */
static bool is_decided_by_null_mx(const struct delivery_place *at, struct sender_delivery *out)
{
    if (!at->domain->null_mx_beside) {
        return false;
    }
    delivery_rests_on(at, PROFILE_FIELD_NULL_MX);
    switch (at->profile->null_mx) {
    case PROFILE_NULL_MX_SKIPPED:
        return false;
    case PROFILE_NULL_MX_BOUNCES:
        *out = without_walk(DELIVERY_UNDELIVERABLE, DELIVERY_REASON_NULL_MX);
        return true;
    case PROFILE_NULL_MX_UNKNOWN:
        break;
    }
    *out = without_walk(DELIVERY_UNKNOWN, DELIVERY_REASON_NULL_MX);
    return true;
}

/* RFC 5321 section 4.5.4.2: mail comes to port 25. @return false: it was asked for */
static bool is_decided_by_port(const struct delivery_place *at, struct sender_delivery *out)
{
    *out = without_walk(DELIVERY_UNKNOWN, DELIVERY_REASON_NOT_TESTED);
    return domain_lacks_smtp_port(at->domain);
}

/* An exchange with IPv6 addresses alone has none to a sender without IPv6. */
static bool has_exchange_without_ipv6(const struct delivery_place *at)
{
    const struct seen_domain *d = at->domain;
    for (size_t i = 0; i < d->mx_count; i++) {
        const struct seen_mx *mx = &d->mx[i];
        bool other = delivery_has_open_addresses(d, mx);
        for (size_t k = 0; k < mx->endpoint_count; k++) {
            other = other || !delivery_needs_ipv6(&mx->endpoints[k]);
        }
        if (other && delivery_exchange_for(at, mx) != PROFILE_EXCHANGE_SKIPPED) {
            return true;
        }
    }
    return false;
}

/* @return false: there is an exchange to which the sender has a way, or nothing is to be had of any */
static bool is_decided_by_ipv6(const struct delivery_place *at, struct sender_delivery *out)
{
    if (at->profile->ipv6 == PROFILE_CHOICE_YES || !has_usable_exchange(at) ||
        has_exchange_without_ipv6(at)) {
        return false;
    }
    if (at->profile->ipv6 == PROFILE_CHOICE_UNKNOWN) {
        *out = without_walk(DELIVERY_UNKNOWN, DELIVERY_REASON_IPV6);
        return true;
    }
    delivery_rests_on(at, PROFILE_FIELD_IPV6);
    *out = delivery_nowhere(at, 1U << NO_MAIL_MX_NO_ADDRESS);
    return true;
}

/* @return whether all addresses that there are to the sender, one at least, are special-purpose ones, and
 * not its own */
static bool has_special_addresses_alone(struct delivery_place *at)
{
    const struct seen_domain *d = at->domain;
    bool some = false;
    for (size_t i = 0; i < d->mx_count; i++) {
        const struct seen_mx *mx = &d->mx[i];
        if (delivery_is_localhost(mx)) {
            return false;
        }
        if (delivery_exchange_for(at, mx) == PROFILE_EXCHANGE_SKIPPED) {
            continue;
        }
        bool other = delivery_has_open_addresses(d, mx);
        for (size_t k = 0; k < mx->endpoint_count; k++) {
            const struct endpoint_brief *e = &mx->endpoints[k];
            bool counts = delivery_is_at_port(e);
            other = other || (counts && (!delivery_is_special(e) || delivery_is_own_address(e)));
            some = some || counts;
        }
        if (other) {
            return false;
        }
    }
    return some;
}

/* Nobody's server (RFC 6890): there is none to try again, or there is no address at all. */
static bool is_decided_by_special_addresses(struct delivery_place *at, struct sender_delivery *out)
{
    if (!has_special_addresses_alone(at)) {
        return false;
    }
    delivery_rests_on(at, PROFILE_FIELD_SPECIAL_ADDRESS);
    if (at->profile->special_address == PROFILE_EXCHANGE_TAKEN) {
        return false;
    }
    *out = delivery_nowhere(at, 1U << NO_MAIL_MX_NO_ADDRESS);
    if (at->profile->special_address == PROFILE_EXCHANGE_UNKNOWN) {
        out->best = DELIVERY_DEFERRED;
    }
    return true;
}

static bool delivery_is_known(const struct sender_delivery *d)
{
    return d->best != DELIVERY_UNKNOWN || d->worst != DELIVERY_UNKNOWN;
}

static struct sender_delivery deliver(struct delivery_place *at)
{
    struct sender_delivery out;
    enum no_mail_kind why;
    if (delivery_nowhere_by_mx(at->domain, &why)) {
        out = delivery_nowhere(at, 1U << why);
    } else if (!is_decided_by_bogus_mx(at, &out) && !is_decided_by_null_mx(at, &out) &&
               !is_decided_by_port(at, &out) && !is_decided_by_ipv6(at, &out) &&
               !is_decided_by_special_addresses(at, &out)) {
        out = has_usable_exchange(at)
                  ? delivery_walk_message(at)
                  : delivery_nowhere(at, delivery_nowhere_by_exchanges(at->domain));
    }
    out.basis =
        delivery_is_known(&out) ? sender_profile_mark(at->profile, at->rests_on) : FIELD_MARK_NONE;
    return out;
}

/* No sender's behaviour matters. @return false: it does */
static bool is_decided_by_dns(const struct seen_domain *d, struct sender_delivery *out)
{
    switch (d->mx_kind) {
    case MX_KIND_NULL_MX:
    case MX_KIND_NONE:
    case MX_KIND_NXDOMAIN:
        return false;
    case MX_KIND_NOT_ASKED:
        *out = without_walk(DELIVERY_UNKNOWN, DELIVERY_REASON_NOT_TESTED);
        return true;
    case MX_KIND_UNKNOWN:
        *out = without_walk(DELIVERY_UNKNOWN, DELIVERY_REASON_DNS_FAILED);
        return true;
    case MX_KIND_EXPLICIT:
    case MX_KIND_IMPLICIT:
        break;
    }
    if (d->mx_count == 0 || d->mx_total > d->mx_count) {
        *out = without_walk(DELIVERY_UNKNOWN, DELIVERY_REASON_NOT_TESTED);
        return true;
    }
    return false;
}

void deliveries_fill_with_harm(struct deliveries *out, struct delivery_harm *harm,
                               const struct sender_profiles *profiles, const struct seen_domain *d,
                               const struct sts_verdict *sts, const struct dane_domain *dane)
{
    struct sender_delivery decided;
    out->count = 0;
    if (profiles == NULL || d->invalid != NULL || d->duplicate_of != 0 || d->blocklisted) {
        return;
    }
    bool walks = !is_decided_by_dns(d, &decided);
    for (size_t i = 0; i < profiles->count; i++) {
        struct rests_on fields = {0};
        struct delivery_place at = {.profile = &profiles->items[i],
                                    .domain = d,
                                    .sts = sts,
                                    .dane = dane,
                                    .harm = harm,
                                    .rests_on = &fields};
        out->of[out->count] = walks ? deliver(&at) : decided;
        if (harm != NULL) {
            delivery_harm_settle(harm, at.profile, i, &out->of[out->count]);
        }
        out->count++;
    }
}

void deliveries_fill(struct deliveries *out, const struct sender_profiles *profiles,
                     const struct seen_domain *d, const struct sts_verdict *sts,
                     const struct dane_domain *dane)
{
    deliveries_fill_with_harm(out, NULL, profiles, d, sts, dane);
}
