#include "scanner/policy/sts_policy.h"

void sts_policy_read(struct span body, struct sts_policy *out)
{
    (void)body;
    *out = (struct sts_policy){0};
}
