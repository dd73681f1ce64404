#include "scanner/analysis/deliveries.h"

void deliveries_fill(struct deliveries *out, const struct sender_profiles *profiles,
                     const struct seen_domain *d, const struct sts_verdict *sts,
                     const struct dane_domain *dane)
{
    (void)profiles;
    (void)d;
    (void)sts;
    (void)dane;
    out->count = 0;
}
