#include "scanner/analysis/sts_readiness.h"

#include "scanner/base/check.h"

const char *readiness_item_word(enum readiness_item i)
{
    static const char *const words[] = {
#define X(name, word) [READINESS_##name] = word,
        READINESS_ITEMS(X)
#undef X
    };
    CHECK((unsigned)i < READINESS_COUNT);
    return words[i];
}

bool readiness_item_is_advisory(enum readiness_item i)
{
    return i == READINESS_DEFAULT_CERTIFICATE;
}

void sts_readiness_fill(struct sts_readiness *out, const struct seen_domain *d,
                        const struct sts_verdict *sts)
{
    (void)d;
    (void)sts;
    *out = (struct sts_readiness){0};
}
