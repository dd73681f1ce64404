#include "scanner/analysis/delivery_nowhere.h"

#include <string.h>

#include "scanner/domain/domain_name.h"

bool delivery_nowhere_by_mx(const struct seen_domain *d, enum no_mail_kind *why)
{
    switch (d->mx_kind) {
    case MX_KIND_NULL_MX:
        *why = NO_MAIL_NULL_MX;
        return true;
    case MX_KIND_NONE:
        *why = NO_MAIL_NO_ADDRESS;
        return true;
    case MX_KIND_NXDOMAIN:
        *why = NO_MAIL_NXDOMAIN;
        return true;
    case MX_KIND_NOT_ASKED:
    case MX_KIND_UNKNOWN:
    case MX_KIND_EXPLICIT:
    case MX_KIND_IMPLICIT:
        break;
    }
    return false;
}

bool delivery_is_localhost(const struct seen_mx *mx)
{
    return mx->unusable != NULL && strcmp(mx->unusable, name_fault_word(NAME_FAULT_LOCALHOST)) == 0;
}

uint32_t delivery_nowhere_by_exchanges(const struct seen_domain *d)
{
    uint32_t kinds = 0;
    for (size_t i = 0; i < d->mx_count; i++) {
        const struct seen_mx *mx = &d->mx[i];
        enum no_mail_kind kind = delivery_is_localhost(mx) ? NO_MAIL_MX_LOCALHOST
                                 : mx->unusable != NULL || mx->name_kind != MX_NAME_HOST
                                     ? NO_MAIL_MX_NAME
                                     : NO_MAIL_MX_NO_ADDRESS;
        kinds |= 1U << kind;
    }
    return kinds;
}

struct sender_delivery delivery_nowhere(const struct delivery_place *at, uint32_t kinds)
{
    uint32_t deferred = at->profile->no_mail_deferred;
    bool known = deferred != PROFILE_QUIRKS_UNKNOWN;
    delivery_rests_on(at, PROFILE_FIELD_NO_MAIL_DEFERRED);
    bool may_defer = !known || (kinds & deferred) != 0;
    bool may_return = !known || (kinds & ~deferred) != 0;
    /* That of a domain that says so, or has no server at all; or of servers that others may find usable. */
    uint32_t of_domain = 1U << NO_MAIL_NULL_MX | 1U << NO_MAIL_NO_ADDRESS | 1U << NO_MAIL_NXDOMAIN;
    enum delivery_reason reason =
        (kinds & of_domain) != 0 ? DELIVERY_REASON_NO_MAIL : DELIVERY_REASON_NO_USABLE_MX;
    return (struct sender_delivery){.best = may_defer ? DELIVERY_DEFERRED : DELIVERY_UNDELIVERABLE,
                                    .worst =
                                        may_return ? DELIVERY_UNDELIVERABLE : DELIVERY_DEFERRED,
                                    .mx = -1,
                                    .endpoint = -1,
                                    .reason = reason};
}
