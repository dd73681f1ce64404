#include "scanner/analysis/deliveries.h"

#include "scanner/base/check.h"

const char *delivery_reason_word(enum delivery_reason r)
{
    static const char *const words[] = {
#define X(name, word) [DELIVERY_REASON_##name] = word,
        DELIVERY_REASONS(X)
#undef X
    };
    CHECK((unsigned)r < DELIVERY_REASON_COUNT);
    return words[r];
}

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
