#include "scanner/analysis/sts_readiness.h"
#include "scanner/base/check.h"

const char *readiness_word(enum readiness r)
{
    static const char *const words[] = {
#define X(name, word) [READINESS_##name] = word,
        READINESS_RESULTS(X)
#undef X
    };
    CHECK((unsigned)r < sizeof(words) / sizeof(words[0]));
    return words[r];
}
