#include "scanner/analysis/sts_readiness.h"

void sts_readiness_fill(struct sts_readiness *out, const struct seen_domain *d,
                        const struct sts_verdict *sts)
{
    (void)d;
    (void)sts;
    *out = (struct sts_readiness){0};
}
